package practice

import (
	"context"
	"errors"
	"fmt"

	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/demo"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

// Fill gives a practice store the hospital's products and lists, and a recall of one
// lot. A store that has them already stays as it is.
func Fill(ctx context.Context, o *casework.Office) error {
	r, p := o.Recorder, demo.Practise()
	meta := func(what string) command.Meta {
		return command.Meta{ID: trace.NamedID[trace.OfEvent]("practice", what), Provenance: trace.Imported, By: trace.Actor{Via: demo.Source}}
	}
	for _, product := range []demo.PracticeProduct{p.Stem, p.Head, p.Shell, p.Liner, p.Recalled} {
		if _, err := r.RecordProduct(ctx, command.RecordProduct{Meta: meta(product.DI), DI: product.DI, Maker: product.Maker, Brand: product.Brand,
			Description: product.Description, CatalogueNo: product.CatalogueNumber}); err != nil {
			return fmt.Errorf("practice product %s: %w", product.DI, err)
		}
	}
	var refused error
	if err := demo.FillLists(ctx, r, func(row string) { refused = errors.Join(refused, errors.New(row)) }); err != nil || refused != nil {
		return errors.Join(err, refused)
	}
	_, err := o.Save(ctx, casework.SaveNotice{Meta: meta("recall"), Notice: recall.Notice{Title: "Practice recall: stems of lot " + demo.RecallLot,
		References: []recall.Reference{{Of: "maker", Number: "PRACTICE-1"}}, Issuer: p.Recalled.Maker, Kind: "recall", Urgency: "immediate",
		Criteria: recall.Criteria{DIs: recall.Texts{p.Recalled.DI}, Lots: recall.Named(demo.RecallLot)}}})
	return err
}
