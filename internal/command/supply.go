package command

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"implantrace/internal/trace"
)

// MarkSupply says whose a device was until it was used: lent for the operation, or the
// supplier's own stock at the site. The zero Supply takes a mark off.
type MarkSupply struct {
	Meta
	Usage  trace.UsageID `json:"usage"`
	Supply trace.Supply  `json:"supply,omitzero"`
}

// MarkSupply carries the command out.
func (r Recorder) MarkSupply(ctx context.Context, c MarkSupply) error {
	canon, err := canonical("mark supply", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	d, err := r.Supplying(ctx, c)
	if err != nil {
		return err
	}
	_, err = r.record(ctx, c.Meta, canon, d)
	return err
}

// Supplying is what [Recorder.MarkSupply] would record.
func (r Recorder) Supplying(ctx context.Context, c MarkSupply) (trace.Draft, error) {
	s, err := supply(c.Supply)
	if err != nil {
		return trace.Draft{}, err
	}
	u, err := r.Store.Usage(ctx, c.Usage)
	if err != nil {
		return trace.Draft{}, err
	}
	switch {
	case u.Withdrawn:
		return trace.Draft{}, trace.Errorf(trace.Conflict, "This usage was withdrawn.")
	case u.Supply == s:
		return trace.Draft{}, trace.Errorf(trace.Conflict, "The device is marked so already.")
	}
	p, err := r.Store.Procedure(ctx, u.Procedure)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return trace.Draft{}, err
	}
	// All of it is said anew: a reference of the mark before is none of this one.
	return trace.Draft{Subject: p.Patient, Fact: trace.UsageFact{Usage: u.ID, Supply: s, Amend: trace.Amend{Clear: []string{"supply"}}}}, nil
}

// SuppliedColumns are the columns of what is told to suppliers.
func SuppliedColumns() []string {
	return []string{"used", "supply", "supplier", "reference", "di", "catalogue_no", "description", "maker", "lot", "serial", "expiry", "outcome", "set", "place", "provenance", "usage_id"}
}

// Supplied are the devices of suppliers that were used in a period, as a table: what
// has to be told to them. Nothing of the patient is in it. Those of which nobody said
// the supplier are among them. To is included; a zero time is open.
func (r Recorder) Supplied(ctx context.Context, from, to time.Time) ([][]string, error) {
	type row struct {
		supplier string
		at       time.Time
		cells    []string
	}
	var all []row
	q := trace.Query{From: from}
	if !to.IsZero() {
		q.To = to.AddDate(0, 0, 1)
	}
	for h, err := range r.Store.Candidates(ctx, q) {
		if err != nil {
			return nil, err
		}
		u := h.Usage
		// What was returned unopened goes back, and is not invoiced; it is told too, so
		// that nobody looks for it.
		if u.Supply == (trace.Supply{}) || u.Withdrawn || !from.IsZero() && u.Occurred.Before(from) || !q.To.IsZero() && !u.Occurred.Before(q.To) {
			continue
		}
		full, err := trace.InFull(ctx, r.Store, u)
		if err != nil {
			return nil, err
		}
		description := cmp.Or(full.Product.Description, full.Product.Brand, u.Described)
		catalogue := cmp.Or(u.Device.CatalogueNo, full.Product.CatalogueNo)
		all = append(all, row{u.Supply.Supplier, full.When(), []string{full.When().In(r.Zone()).Format(time.DateOnly), string(u.Supply.Kind), u.Supply.Supplier, u.Supply.Reference, u.Device.DI, catalogue,
			description, full.Product.Maker, u.LotWords(), u.Device.Serial, u.Device.Expiry.String(), u.Status.String(), u.Picked.Name, full.Procedure.Place.String(), string(u.Provenance), u.ID.String()}})
	}
	slices.SortStableFunc(all, func(a, b row) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.supplier), strings.ToLower(b.supplier)), a.at.Compare(b.at))
	})
	rows := [][]string{SuppliedColumns()}
	for _, one := range all {
		rows = append(rows, one.cells)
	}
	return rows, nil
}
