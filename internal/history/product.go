package history

import (
	"context"

	"implantrace/internal/command"
	"implantrace/internal/udi"
)

// productRow says what a device identifier stands for.
type productRow struct {
	head
	DI           string `json:"di"`
	Maker        string `json:"maker"`
	MakerAddress string `json:"maker_address"`
	Brand        string `json:"brand"`
	CatalogueNo  string `json:"catalogue_no"`
	Description  string `json:"description"`
}

func (p *productRow) prepare(batch) (t touches, err error) {
	t.write(typeProduct, productName(p.DI))
	return t, nil
}

// productName is a DI in its fixed form, or "" where it is none.
func productName(di string) string {
	name, err := udi.ParseDI(di)
	if err != nil {
		return ""
	}
	return name
}

func (p *productRow) record(ctx context.Context, a *attempt) error {
	_, err := a.recorder().RecordProduct(ctx, command.RecordProduct{Meta: a.meta(p.id), DI: p.DI, Maker: p.Maker,
		MakerAddress: p.MakerAddress, Brand: p.Brand, CatalogueNo: p.CatalogueNo, Description: p.Description})
	return err
}
