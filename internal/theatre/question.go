package theatre

import (
	"context"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Ask is what a desk asks about.
type Ask string

// What is asked, and what Yes says to it. No lets go of the question and changes
// nothing.
const (
	AskOpened  Ask = "opened"  // a device was scanned again: is it opened now? Yes: it is
	AskOutcome Ask = "outcome" // an opened device was scanned again: what became of it? Answered by its outcome
	AskBelongs Ask = "belongs" // a code without a device identifier: does it belong to that device? Yes: one pack
	AskClose   Ask = "close"   // close with devices that have no outcome? Yes: close
	AskSame    Ask = "same"    // a wristband was scanned in the procedure of a patient nobody had identified: is it this patient? Yes: the records are linked
)

// Question is what a desk asks after a reading. It is answered by touch, by keys or
// by the codes Yes and No, and gone with the next reading that is no such code. The
// node keeps it in memory only: after a restart the device is scanned again.
type Question struct {
	ID      trace.EventID   `json:"id"` // the reading that it is about
	Kind    Ask             `json:"kind"`
	About   trace.UsageID   `json:"about,omitzero"` // the device; of AskBelongs the code without an identifier
	To      trace.UsageID   `json:"to,omitzero"`    // of AskBelongs, the device
	Words   string          `json:"words"`
	More    bool            `json:"more,omitempty"` // it may be another piece with the same label: [Another]
	patient trace.PatientID // of AskSame, the wristband's
	again   bool            // of AskBelongs: the device was on the list, and is asked about next
}

// Reply is what somebody answers to a question.
type Reply string

// The replies.
const (
	Yes     Reply = "yes"
	No      Reply = "no"
	Another Reply = "another" // not that piece: another one with the same label
)

// asking is the question that a device leads to which was scanned before; nil: none.
func asking(id trace.EventID, u trace.Usage) *Question {
	q := &Question{ID: id, About: u.ID, More: u.Device.Serial == ""}
	switch u.Status {
	case trace.Checked:
		q.Kind = AskOpened
	case trace.Opened:
		q.Kind = AskOutcome
	default:
		return nil
	}
	return q
}

// belongs is the question whether a device that was just scanned is a part of what one
// on the list says whole: the second code of the pack before it, or a code of a pack
// of two barcodes that is scanned again. One of the two has the identifier, and they
// agree. nil: nothing is asked.
func (t *taking) belongs(list []trace.Usage) *Question {
	mine := t.means.Device
	var before, whole *trace.Usage // the one before; the latest that waits and says the same and more
	for _, u := range list {
		if before == nil || later(u.History[0], before.History[0]) {
			before = &u
		}
		if u.Picked == (trace.Picked{}) && !u.Status.Outcome() && partOf(mine, u.Device) && (whole == nil || later(u.History[0], whole.History[0])) {
			whole = &u
		}
	}
	if before == nil {
		return nil
	}
	q := &Question{ID: t.id, Kind: AskBelongs, About: t.fact.Usage}
	_, differ := command.Join(before.Device, mine)
	switch pair := differ == nil && !before.Status.Outcome() && before.Picked == (trace.Picked{}); {
	case pair && mine.DI != "" && before.Device.DI == "":
		q.About, q.To = before.ID, t.fact.Usage
	case pair && oneTissue(before.Device, mine):
		q.To = before.ID
		if before.Device.DI == "" && mine.DI != "" {
			q.About, q.To = before.ID, t.fact.Usage
		}
	case whole != nil:
		q.To, q.again = whole.ID, true
	case pair && mine.DI == "" && before.Device.DI != "":
		q.To = before.ID
	default:
		return nil
	}
	return q
}

// partOf reports whether a is what one of two barcodes says of b: its identifier
// alone, or its lot or serial number without it.
func partOf(a, b udi.Device) bool {
	if b.DI == "" || b.Lot == "" && b.Serial == "" {
		return false
	}
	if a.DI != "" {
		return a.DI == b.DI && a.Lot == "" && a.Serial == ""
	}
	_, differ := command.Join(b, a)
	return differ == nil && (a.Lot != "" && a.Lot == b.Lot || a.Serial != "" && a.Serial == b.Serial)
}

// later reports whether a was recorded after b.
func later(a, b trace.Stamp) bool {
	if !a.Recorded.Equal(b.Recorded) {
		return a.Recorded.After(b.Recorded)
	}
	return a.Position.Seq > b.Position.Seq
}

// asked words the question that is open, with what the record knows now; nil where
// there is none any more.
func (d *Desk) asked(q *Question, p trace.ProcedureInFull) *Question {
	if q == nil {
		return nil
	}
	find := func(id trace.UsageID) (trace.UsageInFull, bool) {
		for _, u := range p.Usages {
			if u.Usage.ID == id && !u.Usage.Withdrawn {
				return u, true
			}
		}
		return trace.UsageInFull{}, false
	}
	now := *q
	about, there := find(q.About)
	switch q.Kind {
	case AskClose:
		open, alone := Unresolved(p.Usages), AwaitingSecond(p.Usages)
		switch {
		case len(open)+len(alone) == 0:
			return nil
		case len(open) == 0:
			now.Words = "Close the procedure, and leave what was typed without a second person's word?"
		default:
			now.Words = "Close the procedure, and leave devices without an outcome?"
		}
	case AskSame:
		if p.Identity.Provisional == "" {
			return nil
		}
	case AskOpened:
		if !there || about.Usage.Status != trace.Checked {
			return nil
		}
		now.Words = "Is it opened now? " + named(about)
	case AskOutcome:
		if !there || about.Usage.Status != trace.Opened {
			return nil
		}
		now.Words = "What became of it? " + named(about)
	case AskBelongs:
		to, also := find(q.To)
		if !there || !also {
			return nil
		}
		now.Words = "Do both codes belong to one pack? " + named(to)
		if q.again {
			now.Words = "Is it the pack that is on the list? " + named(to)
		}
	}
	return &now
}

// Reply answers the question with this id. One that is over is an error of kind
// Conflict; so is what the record refuses.
func (d *Desk) Reply(ctx context.Context, m command.Meta, question trace.EventID, r Reply) error {
	return d.do(ctx, m, "reply", []string{question.String(), string(r)}, func() (step, error) {
		if d.asks == nil || d.asks.ID != question {
			return refusing("", "This question is over: something was scanned or said since. Look at the page again."), nil
		}
		p, err := d.here(ctx)
		if err != nil {
			return step{}, err
		}
		return d.reply(ctx, m.ID, p, r)
	})
}

// reply works out what an answer comes to, with d.mu held.
func (d *Desk) reply(ctx context.Context, id trace.EventID, p trace.Procedure, r Reply) (step, error) {
	full, err := trace.ProcedureWithUsages(ctx, d.recorder.Store, p)
	if err != nil {
		return step{}, err
	}
	q := d.asked(d.asks, full) // what was said on the page meanwhile may have answered it
	if q == nil {
		return refusing("Nothing is asked", "Nothing is asked here at present."), nil
	}
	over := func(s step, err error) (step, error) {
		if err == nil && !s.refused {
			next := s.settle
			s.settle = func() {
				d.asks = nil
				if next != nil {
					next()
				}
			}
		}
		return s, err
	}
	if r == No && q.Kind == AskSame {
		return over(step{title: "Stop. This is another patient", message: "The wristband is not that of the patient of the open procedure. Nothing was linked.", already: true}, nil)
	}
	if r == No {
		return over(step{title: "No", message: "Nothing was changed.", usage: q.About, already: true}, nil)
	}
	if q.Kind == AskClose {
		if r != Yes {
			return refusing("Not closed", "Answer yes or no."), nil
		}
		return over(d.closing(ctx, id, p, true))
	}
	if q.Kind == AskSame {
		if r != Yes {
			return refusing("Nothing was linked", "Answer yes or no."), nil
		}
		return over(d.identified(ctx, p, q.patient))
	}
	u, err := d.inFull(ctx, q.About)
	if err != nil {
		return step{}, err
	}
	switch {
	case r == Another && q.More:
		return over(d.pieces(ctx, id, p, u, len(PiecesOf(full, u.Usage))+1))
	case r != Yes:
		return refusing("Not done", "That is no answer to this question."), nil
	case q.Kind == AskOpened:
		return over(d.outcomeOf(ctx, outcome{udi.ActionOpened, trace.Opened}, u, ""))
	case q.Kind == AskBelongs:
		drafts, err := d.recorder.Joining(ctx, command.JoinUsages{Usage: q.To, Other: q.About})
		if err != nil {
			return orRefused("Not joined", err)
		}
		to, err := d.inFull(ctx, q.To)
		if err != nil {
			return step{}, err
		}
		return over(step{title: "One pack: " + named(to), message: "Both codes are of one device: " + named(to) + ".", usage: q.To, drafts: drafts,
			settle: func() {
				d.last = q.To
				if q.again {
					d.asks = asking(id, to.Usage)
				}
			}}, nil)
	}
	return refusing("Say what became of it", "Scan the code for what became of it: implanted, opened and not used, wasted, tried."), nil
}
