package theatre

import (
	"context"
	"errors"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// whose is whose a device is until it is used, as its line of stock has it: the line
// of its identifier, lot and serial number of which something lies there, or the last
// that is known. The zero value where no line says so.
func (t *taking) whose(ctx context.Context) (s trace.Supply, err error) {
	d := t.means.Device
	if d.DI == "" || t.means.Damaged() {
		return s, nil
	}
	there := false
	for h, err := range t.desk.recorder.Store.Stock(ctx, d.DI, false, nil) {
		if errors.Is(err, trace.ErrRebuilding) {
			return trace.Supply{}, nil // recording goes on without it
		}
		if err != nil {
			return s, err
		}
		l := h.Line
		if l.Device.Lot != d.Lot || l.Device.Serial != d.Serial || l.Supply == (trace.Supply{}) || there && l.OnHand <= 0 {
			continue
		}
		s, there = l.Supply, l.OnHand > 0
	}
	return s, nil
}

// supplying marks a device as a loan or consignment by a code, which names no supplier:
// what was said of one before stays.
func (d *Desk) supplying(ctx context.Context, u trace.UsageInFull, kind trace.SupplyKind) (step, error) {
	s := trace.Supply{Kind: kind}
	words := s.String()
	if u.Usage.Supply.Kind == kind {
		return step{title: "Marked already: " + named(u), message: "That is recorded of " + named(u) + " already: " + u.Usage.Supply.String() + ".", usage: u.Usage.ID, already: true}, nil
	}
	draft, err := d.recorder.Supplying(ctx, command.MarkSupply{Usage: u.Usage.ID, Supply: s})
	if err != nil {
		return orRefused("Not marked", err)
	}
	return step{title: "Marked: " + named(u), message: named(u) + " is recorded as " + words + ". Say the supplier on the page.", usage: u.Usage.ID, drafts: []trace.Draft{draft}}, nil
}
