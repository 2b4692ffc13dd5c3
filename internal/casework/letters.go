package casework

import (
	"context"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// LetterMade records that letters were made of cases: of which kind, and to whom
// else they go. A case that nobody has begun with is then being contacted.
type LetterMade struct {
	command.Meta
	NoticeID trace.NoticeID `json:"-"`
	Cases    []Touched      `json:"cases"`
	Words    string         `json:"words"`
}

// LetterMade carries the command out. Where somebody has changed one of the cases
// since the letter was made (the patient may have died), nothing is recorded: kind
// Conflict.
func (o *Office) LetterMade(ctx context.Context, c LetterMade) error {
	canon, _, done, err := o.Before(ctx, c.ID, "letters of "+c.NoticeID.String(), c)
	if done {
		return err
	}
	o.one.Lock()
	defer o.one.Unlock()
	var drafts []trace.Draft
	for _, t := range c.Cases {
		now, err := o.Store.Case(ctx, c.NoticeID, t.Case)
		if err != nil {
			return err
		}
		if now.Last() != t.Seen {
			return trace.Errorf(trace.Conflict, "A case was changed while its letter was made. Make the letters again.")
		}
		f := trace.CaseFact{Case: now.ID, Notice: c.NoticeID, Seen: t.Seen, Letter: c.Words}
		if now.Status == trace.CaseToReview {
			f.Status = trace.CaseContacting
		}
		drafts = append(drafts, trace.Draft{Subject: now.Patient, Fact: f})
	}
	if len(drafts) == 0 {
		return trace.Errorf(trace.Invalid, "There is no letter to be made.")
	}
	_, err = o.Record(ctx, c.Meta, canon, drafts...)
	return err
}
