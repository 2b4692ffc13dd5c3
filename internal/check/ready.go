package check

import (
	"slices"

	"implantrace/internal/trace"
)

// wants is Wants of a rule that asks for the same fields of every kind.
func wants(fields ...string) func(trace.ProductKind) ([]string, bool) {
	return func(trace.ProductKind) ([]string, bool) { return fields, true }
}

// wantsOf is Wants of a rule about some kinds.
func wantsOf(by map[trace.ProductKind][]string) func(trace.ProductKind) ([]string, bool) {
	return func(k trace.ProductKind) ([]string, bool) {
		fields, asked := by[k]
		return fields, asked
	}
}

// Ready says of one rule whether it can run on a product.
type Ready struct {
	Rule string `json:"rule"`
	// Missing are the fields of the product for want of which it cannot; none: it
	// can.
	Missing []string `json:"missing,omitempty"`
}

// NotInCatalogue is what is missing of a product that nobody knows.
const NotInCatalogue = "product"

// Readiness says which of the rules that go by the catalogue can run on a product
// and which cannot, for want of what. nil: nobody knows the product. Rules that are
// switched off, and those about other kinds, are left out. Where the kind is not
// known every rule about some kinds wants it.
func Readiness(p *trace.Product, s Settings) (all []Ready) {
	f := Facts{Product: p}
	for _, r := range Rules() {
		if r.Wants == nil || s[r.ID].Off {
			continue
		}
		kind := f.attributes().Kind
		fields, asked := r.Wants(kind)
		switch ready := (Ready{Rule: r.ID}); {
		case p == nil || p.Withdrawn:
			if asked || kind == "" {
				ready.Missing = []string{NotInCatalogue}
				all = append(all, ready)
			}
		case asked:
			for _, name := range fields {
				if p.Value(name) == "" {
					ready.Missing = append(ready.Missing, name)
				}
			}
			all = append(all, ready)
		case kind == "" && slices.ContainsFunc(trace.ProductKinds(), func(k trace.ProductKind) bool { _, of := r.Wants(k); return of }):
			ready.Missing = []string{"kind"}
			all = append(all, ready)
		}
	}
	return all
}
