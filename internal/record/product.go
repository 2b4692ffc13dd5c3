package record

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"

	"implantrace/internal/trace"
)

func foldProduct(about []trace.Entry) trace.Product {
	var p trace.Product
	for _, e := range about {
		f := e.Fact.(trace.ProductFact)
		p = p.Say(f)
		p.Vouched = vouched(p, f, e)
		p.Withdrawn = withdrawn(p.Withdrawn, f.Amend)
		p.Provenance = e.Provenance
		p.History = append(p.History, amended(stamp(e), f.Amend))
	}
	return p
}

// vouched is who vouches for each verified field after an entry.
func vouched(p trace.Product, f trace.ProductFact, e trace.Entry) []trace.Vouched {
	all := slices.DeleteFunc(slices.Clone(p.Vouched), func(v trace.Vouched) bool {
		return !slices.Contains(p.Verified, v.Field) || slices.Contains(f.Verified, v.Field)
	})
	for _, name := range f.Verified {
		if slices.Contains(p.Verified, name) {
			all = append(all, trace.Vouched{Field: name, Who: f.Who, At: e.Recorded, Entry: e.ID})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// CatalogueRow is a row of [Catalogue]: what one catalogue said last of a
// device identifier, and where that stands.
type CatalogueRow struct {
	Row      trace.CatalogueRow `cbor:"1,keyasint"`
	Source   string             `cbor:"2,keyasint"`
	Position trace.Position     `cbor:"3,keyasint"`
	Event    trace.EventID      `cbor:"4,keyasint"`
	Lamport  uint64             `cbor:"5,keyasint"`
	Recorded int64              `cbor:"6,keyasint"` // milliseconds since 1970
}

// CatalogueKey is the key in [Catalogue] of what a source says of a DI.
func CatalogueKey(di, source string) []byte {
	h := sha256.Sum256([]byte(source))
	return join([]byte(di), []byte{0}, h[:8])
}

// CataloguePrefix begins the rows of all sources for a DI.
func CataloguePrefix(di string) []byte { return append([]byte(di), 0) }

// before reports whether an entry counts before another.
func before(aLamport uint64, a trace.Position, bLamport uint64, b trace.Position) bool {
	return cmp.Or(cmp.Compare(aLamport, bLamport), slices.Compare(a.Node[:], b.Node[:]), cmp.Compare(a.Seq, b.Seq)) < 0
}

// catalogue keeps of each source the row that counts last, in whatever order
// they come in.
func (w *writer) catalogue(e trace.Entry, f trace.CatalogueFact) {
	for _, r := range f.Rows { // each DI once: the import sees to it
		w.packed(r.DI, r.Attributes)
		key := CatalogueKey(r.DI, f.Source)
		var old CatalogueRow
		if w.read(Catalogue, key, &old) && !before(old.Lamport, old.Position, e.Lamport, e.Position) {
			continue
		}
		w.value(Catalogue, key, CatalogueRow{Row: r, Source: f.Source, Position: e.Position, Event: e.ID, Lamport: e.Lamport, Recorded: e.Recorded.UnixMilli()})
	}
}

// JoinProduct is what is known of a product: what catalogues say, later over
// earlier, and over them what people here said. What came in with history is no
// more than another catalogue, and the first.
func JoinProduct(people *trace.Product, catalogues []CatalogueRow) trace.Product {
	var p trace.Product
	if people != nil && people.Provenance == trace.Imported {
		p = *people
	}
	slices.SortFunc(catalogues, func(a, b CatalogueRow) int {
		if before(a.Lamport, a.Position, b.Lamport, b.Position) {
			return -1
		}
		return 1
	})
	for _, c := range catalogues {
		r := c.Row
		at := time.UnixMilli(c.Recorded).UTC()
		said := trace.Product{DI: r.DI, Maker: r.Maker, MakerAddress: r.MakerAddress, Brand: r.Brand, CatalogueNo: r.CatalogueNo, Description: r.Description,
			Attributes: r.Attributes, Provenance: trace.Imported, Verified: p.Verified, Vouched: p.Vouched, Withdrawn: p.Withdrawn,
			History: []trace.Stamp{{Position: c.Position, Event: c.Event, Recorded: at, Occurred: at, By: trace.Actor{Via: "catalogue:" + c.Source}, Provenance: trace.Imported}}}
		if r.Authority != "" {
			said.Authorities = []trace.Authority{r.Authority}
		}
		p = said.Over(p)
	}
	if people != nil && people.Provenance != trace.Imported {
		p = people.Over(p)
	}
	return p
}

// PackedPrefix begins the rows of the products that a pack, or one piece, is of.
func PackedPrefix(di string) []byte { return append([]byte(di), 0) }

// packed lists a product under its packs and under its unit of use. A row stays
// when the product names them no longer: whoever reads it asks the product.
func (w *writer) packed(di string, a trace.Attributes) {
	for _, p := range a.Packs {
		w.put(Packed, join(PackedPrefix(p.DI), []byte(di)), nil)
	}
	if a.UnitOfUse != "" {
		w.put(Packed, join(PackedPrefix(a.UnitOfUse), []byte(di)), nil)
	}
}
