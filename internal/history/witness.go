package history

import (
	"context"

	"implantrace/internal/trace"
)

// witness is a store that remembers what became of one command. The Recorder
// answers with the thing; an import has to know too whether it was recorded
// now or before, and whether the id was taken.
type witness struct {
	trace.Store
	receipt  trace.Receipt
	conflict bool // the id was used before for something else
}

// Find is trace.Journal's.
func (w *witness) Find(ctx context.Context, id trace.EventID, canonical []byte) (trace.Receipt, error) {
	r, err := w.Store.Find(ctx, id, canonical)
	w.saw(r, err)
	return r, err
}

// Append is trace.Journal's.
func (w *witness) Append(ctx context.Context, commands ...trace.Command) ([]trace.Result, error) {
	results, err := w.Store.Append(ctx, commands...)
	if err == nil && len(results) == 1 {
		w.saw(results[0].Receipt, results[0].Err)
	}
	return results, err
}

func (w *witness) saw(r trace.Receipt, err error) {
	switch {
	case err == nil:
		w.receipt = r
	case trace.KindOf(err) == trace.Conflict:
		w.conflict = true
	}
}
