package theatre

import (
	"context"
	"slices"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// A disk that is full keeps nothing from being checked. A reading that is not in
// the record, or may not be, is answered on the page as far as reading the
// record goes, and the answer says that it is not recorded.

// notRecorded says why a reading is not recorded, without causes that are for
// the log.
func notRecorded(err error) string {
	switch trace.KindOf(err) {
	case trace.Full:
		return "the disk is full"
	case trace.ReadOnly:
		return "the disk cannot be written"
	case trace.Busy:
		return "the node has too much to do"
	case trace.OutcomeUnknown:
		return "the disk did not confirm it"
	}
	return "the record cannot be reached"
}

// unrecorded shows the verdict on a reading that was not recorded, with d.mu
// held. What keeps even that from being worked out, the page says as the reason
// why readings wait.
func (d *Desk) unrecorded(ctx context.Context, t *taking, why error) {
	said := notRecorded(why)
	if slices.ContainsFunc(d.recent, func(a Answer) bool { return a.Reading == t.id && a.Unrecorded == said }) {
		return
	}
	f := t.fact
	f.Usage = trace.UsageID{} // there is none yet
	a, err := d.answer(context.WithoutCancel(ctx), f, t.reading.At)
	if err != nil {
		return
	}
	a.Unrecorded = said
	title := "NOT recorded: " + said
	if a.Verdict.Level.Worse(trace.Warn) != trace.Warn {
		title = a.Verdict.Title
	}
	a.Verdict = trace.Judge(title, append([]trace.Check{{Rule: "record", Level: trace.Warn,
		Message: "NOT recorded: " + said + ". It is tried again by itself. Keep the pack until it is recorded."}}, a.Verdict.Checks...)...)
	if t.means.Kind == udi.KindPatient && !t.procedure.ID.IsZero() {
		t.settle() // whose wristband it was counts for the devices behind it
	}
	d.show(a)
}

// preview shows the verdicts on readings that wait and have not been seen.
func (d *Desk) preview(ctx context.Context, why error) {
	for _, q := range d.queue.unseen() {
		d.mu.Lock()
		d.check(ctx, q.id, q.reading, trace.ProcedureID{}, why)
		d.mu.Unlock()
	}
}

// check shows the verdict on a reading that cannot be recorded at present, with
// d.mu held.
func (d *Desk) check(ctx context.Context, id trace.EventID, r scanner.Reading, procedure trace.ProcedureID, why error) {
	ctx = context.WithoutCancel(ctx)
	t := d.taking(id, r)
	if t.place(ctx, procedure) != nil {
		return
	}
	if _, err := t.drafts(ctx); err != nil {
		return
	}
	d.unrecorded(ctx, t, why)
}
