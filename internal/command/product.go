package command

import (
	"context"
	"slices"

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
		return di, err
	}
	if err := plausible("the time", c.Occurred, r.Clock()); err != nil {
		return di, err
	}
	f := trace.ProductFact{DI: di, Maker: c.Maker, MakerAddress: c.MakerAddress, Brand: c.Brand, CatalogueNo: c.CatalogueNo, Description: c.Description}
	if f.Attributes, err = Attributes(c.Attributes); err != nil {
		return di, err
	}
	if err := names(f.Maker, f.MakerAddress, f.Brand, f.CatalogueNo, f.Description); err != nil {
		return di, err
	}
	if f.Maker+f.Brand+f.CatalogueNo+f.Description == "" && f.Attributes.IsZero() && len(c.Verified) == 0 {
		return di, trace.Errorf(trace.Invalid, "Say something of the product: maker, brand, catalogue number or description.")
	}
	if f.Verified, err = r.verified(ctx, di, f, c.Verified); err != nil {
		return di, err
	}
	if _, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: f}); err != nil {
		return di, err
	}
	return di, nil
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

// verified checks which fields somebody vouches for: they have to have a value.
func (r Recorder) verified(ctx context.Context, di string, f trace.ProductFact, vouched []string) ([]string, error) {
	if len(vouched) == 0 {
		return nil, nil
	}
	p, err := r.Store.Product(ctx, di)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return nil, err
	}
	p = p.Say(f)
	for _, name := range vouched {
		if p.Value(name) == "" {
			return nil, trace.Errorf(trace.Invalid, "%q cannot be vouched for: it has no value, or is no field of a product.", name)
		}
	}
	slices.Sort(vouched)
	return slices.Compact(vouched), nil
}
