package record

import (
	"slices"

	"implantrace/internal/trace"
)

// AttachmentKey is the key of an attachment in Attachments.
func AttachmentKey(n trace.NoticeID, a trace.EventID) []byte { return join(n[:], a[:]) }

// CaseKey is the key of a case in Cases.
func CaseKey(n trace.NoticeID, c trace.CaseID) []byte { return join(n[:], c[:]) }

func foldNotice(about []trace.Entry) trace.Notice {
	n := trace.Notice{State: trace.NoticeOpen}
	for _, e := range about {
		f := e.Fact.(trace.NoticeFact)
		n.ID = f.Notice
		if len(f.Body) > 0 {
			n.Name, n.BodyAt, n.Body = f.Name, e.Position, e.ID
		}
		if f.State != "" {
			n.State, n.Later = f.State, f.Later
		}
		if f.Answer.Action != "" {
			i := slices.IndexFunc(n.Answers, func(a trace.Answered) bool { return a.Action == f.Answer.Action })
			if i < 0 {
				n.Answers = append(n.Answers, f.Answer)
			} else {
				n.Answers[i] = f.Answer
			}
		}
		if f.Traced != (trace.Traced{}) {
			n.Traced = append(n.Traced, f.Traced)
		}
		n.History = append(n.History, stamp(e))
	}
	return n
}

// foldCase: a command that is undone does not count, unless its undoing is
// undone.
func foldCase(about []trace.Entry) trace.Case {
	undone := make(map[trace.EventID]bool)
	for _, e := range slices.Backward(about) {
		if f := e.Fact.(trace.CaseFact); !f.Undoes.IsZero() && !undone[e.Command] {
			undone[f.Undoes] = true
		}
	}
	c := trace.Case{Status: trace.CaseToReview}
	var last trace.EventID
	for _, e := range about {
		f := e.Fact.(trace.CaseFact)
		c.ID, c.Notice = f.Case, f.Notice
		set(&c.Patient, f.Patient)
		set(&c.Procedure, f.Procedure)
		s := trace.CaseStep{Stamp: stamp(e), Command: e.Command, Status: f.Status, Owner: f.Owner, Due: f.Due, Next: f.Next, Usages: len(f.Usages),
			Undone: undone[e.Command], Undoes: !f.Undoes.IsZero(), Crossed: !f.Seen.IsZero() && f.Seen != last, Letter: f.Letter}
		last = e.ID
		c.History = append(c.History, s)
		// What a case is of stays, whatever is undone: nobody drops out of a list.
		for _, u := range f.Usages {
			if !slices.Contains(c.Usages, u) {
				c.Usages = append(c.Usages, u)
			}
		}
		set(&c.Tier, f.Tier)
		if s.Undone {
			continue
		}
		set(&c.Status, f.Status)
		set(&c.Owner, f.Owner)
		if f.Due != "" || f.Status.Settled() {
			c.Due = f.Due
		}
		if f.Next != "" || f.Status.Settled() {
			c.Next = f.Next
		}
	}
	return c
}
