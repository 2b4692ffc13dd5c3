package command

import (
	"context"

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
	if err := lines("the maker", f.Maker, "the maker's address", f.MakerAddress, "the brand", f.Brand, "the catalogue number", f.CatalogueNo, "the description", f.Description); err != nil {
		return di, err
	}
	if f.Maker+f.Brand+f.CatalogueNo+f.Description == "" {
		return di, trace.Errorf(trace.Invalid, "Say something of the product: maker, brand, catalogue number or description.")
	}
	_, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: f})
	return di, err
}
