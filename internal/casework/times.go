package casework

import (
	"context"
	"slices"
	"time"

	"implantrace/internal/trace"
)

// Times is how fast the work on a notice went: what a drill is held for.
type Times struct {
	Notice      trace.NoticeID `json:"notice"`
	Name        string         `json:"name"`
	Here        bool           `json:"here"`   // it was kept on this node first; on a copy for drills: during the drill
	Kept        time.Time      `json:"kept"`   // when the list was complete and kept
	Trace       time.Duration  `json:"trace"`  // from when it was handed in to the complete list, in nanoseconds
	People      int            `json:"people"` // on that list
	Cases       int            `json:"cases"`
	Touched     int            `json:"touched"` // cases with which somebody has begun
	Settled     int            `json:"settled"`
	Letters     int            `json:"letters"` // cases of which a letter was made
	FirstTouch  *time.Time     `json:"first_touch,omitempty"`
	FirstLetter *time.Time     `json:"first_letter,omitempty"`
	LastSettled *time.Time     `json:"last_settled,omitempty"` // where all are
	OnShelf     int            `json:"on_shelf"`
	PutAside    int            `json:"put_aside"`
	Unanswered  int            `json:"unanswered"` // actions
	Closed      *time.Time     `json:"closed,omitempty"`
}

// Times works out how fast the work on a notice went.
func (o *Office) Times(ctx context.Context, id trace.NoticeID) (t Times, err error) {
	n, err := o.Store.Notice(ctx, id)
	if err != nil {
		return t, err
	}
	b, err := o.Board(ctx, id)
	if err != nil {
		return t, err
	}
	first := n.History[0]
	t = Times{Notice: id, Name: n.Name, Here: first.Position.Node == o.Store.Node(), Kept: first.Recorded, Cases: len(b.Cases), Settled: b.Settled, OnShelf: b.OnShelf, PutAside: b.PutAside, Unanswered: b.Unanswered}
	if len(n.Traced) > 0 {
		t.Trace, t.People = n.Traced[0].Took, n.Traced[0].People
	}
	if n.State != trace.NoticeOpen {
		last := n.History[len(n.History)-1].Recorded
		t.Closed = &last
	}
	earliest := func(to **time.Time, at time.Time) {
		if *to == nil || at.Before(**to) {
			*to = &at
		}
	}
	var last time.Time
	for _, c := range b.Cases {
		if len(c.History) > 1 {
			t.Touched++
			earliest(&t.FirstTouch, c.History[1].Stamp.Recorded)
		}
		letter := slices.IndexFunc(c.History, func(s trace.CaseStep) bool { return s.Letter != "" })
		if letter >= 0 {
			t.Letters++
			earliest(&t.FirstLetter, c.History[letter].Stamp.Recorded)
		}
		if at := c.History[len(c.History)-1].Stamp.Recorded; at.After(last) {
			last = at
		}
	}
	if t.Cases > 0 && t.Settled == t.Cases {
		t.LastSettled = &last
	}
	return t, nil
}
