package command

import (
	"context"
	"slices"
	"strings"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// RecordProduct says what a device identifier stands for. Fields that are
// empty say nothing; what was said before stays.
type RecordProduct struct {
	Meta
	DI           string `json:"di"`
	Maker        string `json:"maker,omitempty"`
	MakerAddress string `json:"maker_address,omitempty"`
	Brand        string `json:"brand,omitempty"`
	CatalogueNo  string `json:"catalogue_no,omitempty"`
	Description  string `json:"description,omitempty"`

	Attributes trace.Attributes `json:"attributes,omitzero"`
	// Verified names the fields that whoever says this has compared with the
	// label or the maker's word.
	Verified []string `json:"verified,omitempty"`
	Who      string   `json:"who,omitempty"` // says it, where that is another than who is signed in
}

// RecordProduct carries the command out and gives the DI in its fixed form.
func (r Recorder) RecordProduct(ctx context.Context, c RecordProduct) (string, error) {
	canon, err := canonical("record product", c)
	if err != nil {
		return "", err
	}
	di, err := udi.ParseDI(c.DI)
	if err != nil {
		return "", trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		if err == nil {
			err = r.judgeProduct(ctx, di, c.Meta) // the first time may have broken off
		}
		return di, err
	}
	if err := plausible("the time", c.Occurred, r.Clock()); err != nil {
		return di, err
	}
	f := trace.ProductFact{DI: di, Maker: c.Maker, MakerAddress: c.MakerAddress, Brand: c.Brand, CatalogueNo: c.CatalogueNo, Description: c.Description, Who: c.Who}
	if f.Attributes, err = Attributes(c.Attributes); err != nil {
		return di, err
	}
	if err := line("the name", f.Who); err != nil {
		return di, err
	}
	if err := names(f.Maker, f.MakerAddress, f.Brand, f.CatalogueNo, f.Description); err != nil {
		return di, err
	}
	if f.Maker+f.Brand+f.CatalogueNo+f.Description == "" && f.Attributes.IsZero() && len(c.Verified) == 0 {
		return di, trace.Errorf(trace.Invalid, "Say something of the product: maker, brand, catalogue number or description.")
	}
	if err = r.verified(ctx, &f, c.Verified); err != nil {
		return di, err
	}
	if _, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: f}); err != nil {
		return di, err
	}
	return di, r.judgeProduct(ctx, di, c.Meta)
}

// judgeProduct asks the rules anew of a product's devices, under whichever of its
// packs they were scanned, after somebody said something of it.
func (r Recorder) judgeProduct(ctx context.Context, di string, m Meta) error {
	p, err := r.Store.Product(ctx, di)
	if err != nil {
		return err
	}
	for _, one := range p.Attributes.Named(di) {
		if _, err := r.JudgeAgain(ctx, one, trace.DeriveID[trace.OfEvent](m.ID, one), m.By); err != nil {
			return err
		}
	}
	return nil
}

// names checks what a product is called.
func names(maker, address, brand, number, description string) error {
	return lines("the maker", maker, "the maker's address", address, "the brand", brand, "the catalogue number", number, "the description", description)
}

// Attributes checks what is said of a product beyond its names, and gives it in
// its fixed form.
func Attributes(a trace.Attributes) (out trace.Attributes, err error) {
	for _, f := range trace.Fields() {
		if f.Name == "packs" {
			continue
		}
		if err := f.Set(&out, f.Get(a)); err != nil {
			return out, err
		}
	}
	if out.UnitOfUse, err = packDI(out.UnitOfUse); err != nil {
		return out, err
	}
	if len(a.Packs) > packsMost {
		return out, trace.Errorf(trace.Invalid, "More than %d packs of one product are too many.", packsMost)
	}
	for _, p := range a.Packs {
		if p.DI == "" || p.Quantity < 1 || p.Quantity > packQuantityMost {
			return out, trace.Errorf(trace.Invalid, "A pack wants its device identifier and how many it holds (1 to %d).", packQuantityMost)
		}
		if p.DI, err = packDI(p.DI); err != nil {
			return out, err
		}
		if p.Contains, err = packDI(p.Contains); err != nil {
			return out, err
		}
		out.Packs = append(out.Packs, p)
	}
	return out, nil
}

const (
	packsMost        = 50
	packQuantityMost = 1_000_000
)

func packDI(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	di, err := udi.ParseDI(s)
	if err != nil {
		return "", trace.Errorf(trace.Invalid, "The device identifier of a pack is not right: %w.", err)
	}
	return di, nil
}

// verified checks which fields somebody vouches for: they have to have a value. A
// value that a catalogue says becomes that person's own word, so that a later row
// of the catalogue does not stand there as verified.
func (r Recorder) verified(ctx context.Context, f *trace.ProductFact, vouched []string) error {
	if len(vouched) == 0 {
		return nil
	}
	p, err := r.Store.Product(ctx, f.DI)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return err
	}
	p = p.Say(*f)
	for _, name := range vouched {
		value := p.Value(name)
		if value == "" {
			return trace.Errorf(trace.Invalid, "%q cannot be vouched for: it has no value, or is no field of a product.", name)
		}
		if err := f.Set(name, value); err != nil {
			return err
		}
	}
	f.Verified = slices.Clone(vouched)
	slices.Sort(f.Verified)
	f.Verified = slices.Compact(f.Verified)
	return nil
}

// EditProduct is what a person left in a product's form: every field as it is to
// be, and those that were compared with the label or the maker's word.
type EditProduct struct {
	Meta
	DI       string            `json:"di"`
	Fields   map[string]string `json:"fields"` // by name; one that is left out stays, an empty one is emptied
	Verified []string          `json:"verified,omitempty"`
	Who      string            `json:"who"`
}

// EditProduct carries the command out and gives the DI in its fixed form.
func (r Recorder) EditProduct(ctx context.Context, c EditProduct) (string, error) {
	canon, err := canonical("edit product", c)
	if err != nil {
		return "", err
	}
	di, err := udi.ParseDI(c.DI)
	if err != nil {
		return "", trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		if err == nil {
			err = r.judgeProduct(ctx, di, c.Meta)
		}
		return di, err
	}
	if c.Who = strings.TrimSpace(c.Who); c.Who == "" {
		return di, trace.Errorf(trace.Invalid, "Say who you are: whoever uses this product relies on it.")
	}
	p, err := r.Store.Product(ctx, di)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return di, err
	}
	f := trace.ProductFact{DI: di, Who: c.Who}
	for name, value := range c.Fields {
		if value = strings.TrimSpace(value); value == "" {
			if p.Value(name) != "" {
				f.Amend.Clear = append(f.Amend.Clear, name)
			}
			continue
		}
		if err := f.Set(name, value); err != nil {
			return di, err
		}
	}
	slices.Sort(f.Amend.Clear)
	if f.Attributes, err = Attributes(f.Attributes); err != nil {
		return di, err
	}
	if err := names(f.Maker, f.MakerAddress, f.Brand, f.CatalogueNo, f.Description); err != nil {
		return di, err
	}
	if err := line("the name", f.Who); err != nil {
		return di, err
	}
	for name := range c.Fields { // what is as it was is not said anew, so that who verified it stays
		if said := (trace.Product{}).Say(f).Value(name); said != "" && said == p.Value(name) {
			if err := f.Set(name, ""); err != nil {
				return di, err
			}
		}
	}
	vouched := slices.DeleteFunc(slices.Clone(c.Verified), func(name string) bool {
		return slices.Contains(p.Verified, name) && (trace.Product{}).Say(f).Value(name) == "" && !slices.Contains(f.Amend.Clear, name)
	})
	if err := r.verified(ctx, &f, vouched); err != nil {
		return di, err
	}
	if names := f.Maker + f.MakerAddress + f.Brand + f.CatalogueNo + f.Description; names == "" && f.Attributes.IsZero() && len(f.Verified)+len(f.Amend.Clear) == 0 {
		return di, trace.Errorf(trace.Invalid, "Nothing was changed.")
	}
	if len(f.Amend.Clear) > 0 && len(p.History) > 0 {
		f.Amend.Corrects = p.History[len(p.History)-1].Event
	}
	if _, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: f}); err != nil {
		return di, err
	}
	return di, r.judgeProduct(ctx, di, c.Meta)
}
