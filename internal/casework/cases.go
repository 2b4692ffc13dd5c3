package casework

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"implantrace/internal/command"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

// person is one person of a list, or a procedure whose patient is not recorded.
type person struct {
	patient   trace.PatientID
	procedure trace.ProcedureID
	tier      recall.Tier
	usages    []trace.UsageID
}

// list is whom a notice means, and no more of them than a case wants.
type list struct {
	people   map[[16]byte]*person
	order    [][16]byte
	tiers    recall.Tiers
	coverage recall.Coverage
	shelf    []recall.OnShelf
	unlinked []recall.Unlinked
}

// list searches for a notice. What was not left in a patient is no case.
func (o *Office) list(ctx context.Context, id trace.NoticeID, m *recall.Matcher) (l list, err error) {
	l.people = make(map[[16]byte]*person)
	for found, err := range recall.Matches(ctx, o.Store, m, o.Clock(), &l.coverage) {
		if err != nil {
			return l, err
		}
		if found.Unlinked != nil {
			l.tiers.Add(recall.Possible)
			l.unlinked = append(l.unlinked, *found.Unlinked)
			continue
		}
		if found.Shelf != nil {
			l.shelf = append(l.shelf, *found.Shelf)
			continue
		}
		match := *found.Match
		l.tiers.Add(match.Tier)
		if match.Out() {
			continue
		}
		who := match.Counts()
		p := l.people[who]
		if p == nil {
			p = &person{patient: match.Person, tier: match.Tier}
			if match.Person.IsZero() {
				p.procedure = match.Usage.Procedure
			}
			l.people[who], l.order = p, append(l.order, who)
		}
		p.usages = append(p.usages, match.Usage.ID)
		if rank(match.Tier) < rank(p.tier) {
			p.tier = match.Tier
		}
	}
	return l, nil
}

// rank orders the tiers, the surest first.
func rank(t recall.Tier) int {
	return slices.Index([]recall.Tier{recall.Confirmed, recall.Possible, recall.Precautionary}, t)
}

func (l list) traced(start, end time.Time) trace.Traced {
	return trace.Traced{At: end.UTC(), Took: end.Sub(start), Confirmed: l.tiers.Confirmed, Possible: l.tiers.Possible, Precautionary: l.tiers.Precautionary, People: len(l.people)}
}

// casesMost is as many cases as one command opens.
const casesMost = 60_000

// opening are the drafts that open cases for whom a list has beyond the cases that
// are there, and add what is new to them.
func (o *Office) opening(ctx context.Context, id trace.NoticeID, l list) (drafts []trace.Draft, err error) {
	there, err := o.byPerson(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, who := range l.order {
		p := l.people[who]
		c, known := there[who]
		f := trace.CaseFact{Case: trace.NamedID[trace.OfCase]("case of "+id.String(), string(who[:])), Notice: id, Patient: p.patient, Procedure: p.procedure, Tier: string(p.tier), Usages: p.usages}
		if known {
			f.Case, f.Patient, f.Procedure = c.ID, trace.PatientID{}, trace.ProcedureID{}
			f.Usages = slices.DeleteFunc(slices.Clone(p.usages), func(u trace.UsageID) bool { return slices.Contains(c.Usages, u) })
			if len(f.Usages) == 0 && (c.Tier == f.Tier || rank(recall.Tier(c.Tier)) < rank(p.tier)) {
				continue
			}
			if c.Status.Settled() {
				f.Status = trace.CaseToReview // what was settled was settled without knowing this
			}
		}
		if rank(recall.Tier(c.Tier)) >= 0 && rank(recall.Tier(c.Tier)) < rank(p.tier) {
			f.Tier = "" // never less sure than before
		}
		if drafts = append(drafts, trace.Draft{Fact: f, Subject: p.patient}); len(drafts) > casesMost {
			return nil, trace.Errorf(trace.TooLarge, "The notice means more than %d people. Narrow it, or make several of it.", casesMost)
		}
	}
	return drafts, nil
}

// byPerson are the cases of a notice by whom they are of, now: patients that are
// found to be one have one, the oldest.
func (o *Office) byPerson(ctx context.Context, id trace.NoticeID) (map[[16]byte]trace.Case, error) {
	there := make(map[[16]byte]trace.Case)
	same := recall.NewPersons(o.Store)
	for c, err := range o.Store.Cases(ctx, id) {
		if err != nil {
			return nil, err
		}
		person, err := same.Of(ctx, c.Patient)
		if err != nil {
			return nil, err
		}
		who := recall.Match{Person: person, UsageInFull: trace.UsageInFull{Usage: trace.Usage{Procedure: c.Procedure}}}.Counts()
		if person.IsZero() && c.Procedure.IsZero() && len(c.Usages) > 0 {
			who = c.Usages[0]
		}
		if old, ok := there[who]; !ok || c.History[0].Stamp.Recorded.Before(old.History[0].Stamp.Recorded) {
			there[who] = c
		}
	}
	return there, nil
}

// OpenCases opens cases for whom a notice has come to mean since.
type OpenCases struct {
	command.Meta
	NoticeID trace.NoticeID `json:"-"`
}

// OpenCases carries the command out and says how many cases it opened or changed.
func (o *Office) OpenCases(ctx context.Context, c OpenCases) (int, error) {
	canon, receipt, done, err := o.Before(ctx, c.ID, "open cases of "+c.NoticeID.String(), c)
	if done {
		return max(0, int(receipt.Count)-1), err
	}
	o.one.Lock()
	defer o.one.Unlock()
	start := o.Clock()
	n, err := o.Store.Notice(ctx, c.NoticeID)
	if err != nil {
		return 0, err
	}
	m, err := o.Matcher(ctx, n)
	if err != nil {
		return 0, err
	}
	l, err := o.list(ctx, n.ID, m)
	if err != nil {
		return 0, err
	}
	drafts, err := o.opening(ctx, n.ID, l)
	if err != nil {
		return 0, err
	}
	_, err = o.Record(ctx, c.Meta, canon, append([]trace.Draft{{Fact: trace.NoticeFact{Notice: n.ID, Traced: l.traced(start, o.Clock())}}}, drafts...)...)
	return len(drafts), err
}

// Touched is a case as its author saw it.
type Touched struct {
	Case trace.CaseID  `json:"case"`
	Seen trace.EventID `json:"seen"` // its last change then
}

// ChangeCases changes one case, or several at once in the same way. Empty fields
// change nothing.
type ChangeCases struct {
	command.Meta
	NoticeID trace.NoticeID   `json:"-"`
	Cases    []Touched        `json:"cases"`
	Status   trace.CaseStatus `json:"status,omitempty"`
	Owner    string           `json:"owner,omitempty"`
	Due      string           `json:"due,omitempty"`  // YYYY-MM-DD
	Next     string           `json:"next,omitempty"` // the next action; no names
	Note     string           `json:"note,omitempty"` // sealed
}

// bulkMost is how many cases one step changes.
const bulkMost = 1000

// Change carries the command out: all of the cases, or none. A case that somebody
// else has changed since it was seen is an error of kind Conflict, and nothing is
// recorded: the note is still with its author.
func (o *Office) Change(ctx context.Context, c ChangeCases) error {
	canon, _, done, err := o.Before(ctx, c.ID, "change cases of "+c.NoticeID.String(), c)
	if done {
		return err
	}
	c.Owner, c.Next, c.Note = strings.TrimSpace(c.Owner), strings.TrimSpace(c.Next), strings.TrimSpace(c.Note)
	if err := c.check(); err != nil {
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
			last := now.History[len(now.History)-1].Stamp
			by := last.By.Name
			if by == "" {
				by = "somebody"
			}
			return trace.Errorf(trace.Conflict, "This case was changed by %s at %s, after you opened it. Nothing was recorded: look at the change, and send yours again.",
				by, last.Recorded.In(o.Zone()).Format("15:04:05"))
		}
		d := trace.Draft{Subject: now.Patient, Fact: trace.CaseFact{Case: now.ID, Notice: c.NoticeID, Status: c.Status, Owner: c.Owner, Due: c.Due, Next: c.Next, Seen: t.Seen}}
		if now.Patient.IsZero() {
			d.Subject = now.ID
		}
		if c.Note != "" {
			d.Secret = &trace.Secret{Note: c.Note}
		}
		drafts = append(drafts, d)
	}
	_, err = o.Record(ctx, c.Meta, canon, drafts...)
	return err
}

func (c ChangeCases) check() error {
	switch {
	case len(c.Cases) == 0:
		return trace.Errorf(trace.Invalid, "Choose a case.")
	case len(c.Cases) > bulkMost:
		return trace.Errorf(trace.Invalid, "One step changes at most %d cases.", bulkMost)
	case string(c.Status)+c.Owner+c.Due+c.Next+c.Note == "":
		return trace.Errorf(trace.Invalid, "Nothing is to be changed.")
	case c.Status != "" && !slices.Contains(trace.CaseStatuses(), c.Status):
		return trace.Errorf(trace.Invalid, "The status of a case is one of %v.", trace.CaseStatuses())
	case c.Status == trace.CaseNotAffected && c.Note == "":
		return trace.Errorf(trace.Invalid, "Say why this patient is not affected.")
	case len(c.Note) > noteMost:
		return trace.Errorf(trace.Invalid, "The note is longer than %d characters.", noteMost)
	}
	seen := make(map[trace.CaseID]bool)
	for _, t := range c.Cases {
		if seen[t.Case] {
			return trace.Errorf(trace.Invalid, "A case is named twice.")
		}
		seen[t.Case] = true
	}
	for what, s := range map[string]string{"owner": c.Owner, "next action": c.Next} {
		if len(s) > lineMost || strings.ContainsFunc(s, func(r rune) bool {
			return r == '\ufffd' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
		}) {
			return trace.Errorf(trace.Invalid, "The %s has more than %d characters, or one that cannot be printed.", what, lineMost)
		}
	}
	if _, err := time.Parse(time.DateOnly, c.Due); c.Due != "" && err != nil {
		return trace.Errorf(trace.Invalid, "The due date is not a date (YYYY-MM-DD).")
	}
	return nil
}

// Undo takes back what one command changed in the cases of a notice.
type Undo struct {
	command.Meta
	NoticeID trace.NoticeID `json:"-"`
	Command  trace.EventID  `json:"command"`
}

// Undo carries the command out and says how many cases it put back. Where somebody
// has changed one of the cases since, nothing is taken back: kind Conflict.
func (o *Office) Undo(ctx context.Context, c Undo) (int, error) {
	canon, receipt, done, err := o.Before(ctx, c.ID, "undo in cases of "+c.NoticeID.String(), c)
	if done {
		return int(receipt.Count), err
	}
	o.one.Lock()
	defer o.one.Unlock()
	var drafts []trace.Draft
	for k, err := range o.Store.Cases(ctx, c.NoticeID) {
		if err != nil {
			return 0, err
		}
		i := slices.IndexFunc(k.History, func(s trace.CaseStep) bool { return s.Command == c.Command })
		switch {
		case i < 0:
			continue
		case i == 0 || k.History[i].Usages > 0:
			return 0, trace.Errorf(trace.Conflict, "Cases that were opened stay: nobody drops out of a list.")
		case i != len(k.History)-1:
			return 0, trace.Errorf(trace.Conflict, "One of the cases was changed since. Put that one right by itself.")
		}
		drafts = append(drafts, trace.Draft{Fact: trace.CaseFact{Case: k.ID, Notice: k.Notice, Seen: k.Last(), Undoes: c.Command}})
	}
	if len(drafts) == 0 {
		return 0, trace.Errorf(trace.NotFound, "No case was changed by that.")
	}
	_, err = o.Record(ctx, c.Meta, canon, drafts...)
	return len(drafts), err
}

// Board is how a notice stands, in numbers.
type Board struct {
	Cases      []trace.Case             `json:"cases"` // what is due first stands first
	ByStatus   map[trace.CaseStatus]int `json:"by_status"`
	ByTier     map[string]int           `json:"by_tier"`
	Open       int                      `json:"open"`
	Settled    int                      `json:"settled"`
	Late       int                      `json:"late"`       // open and due before today
	Unowned    int                      `json:"unowned"`    // open, and nobody's
	Unanswered int                      `json:"unanswered"` // actions
	// New are people whom the notice means now and who are in no case, or whose case
	// lacks a device.
	New []New `json:"new"`
	// Gone are cases whose devices the notice does not mean as the record is now:
	// they stay, and a person decides.
	Gone     []trace.CaseID    `json:"gone"`
	Coverage recall.Coverage   `json:"coverage"`
	Tiers    recall.Tiers      `json:"tiers"`
	Unlinked []recall.Unlinked `json:"unlinked"`  // read, and linked to nobody
	Shelf    []recall.OnShelf  `json:"shelf"`     // what lies on shelves, or lay there
	OnShelf  int               `json:"on_shelf"`  // pieces that lie there
	PutAside int               `json:"put_aside"` // of them, in quarantine
}

// New is somebody who stands out.
type New struct {
	Case    trace.CaseID    `json:"case,omitzero"` // that lacks a device; zero: there is none
	Patient trace.PatientID `json:"patient,omitzero"`
	Tier    recall.Tier     `json:"tier"`
	Usages  []trace.UsageID `json:"usages"`
}

// Board gathers how a notice stands, and searches for it again.
func (o *Office) Board(ctx context.Context, id trace.NoticeID) (b Board, err error) {
	b = Board{Cases: []trace.Case{}, ByStatus: make(map[trace.CaseStatus]int), ByTier: make(map[string]int), New: []New{}, Gone: []trace.CaseID{}}
	n, err := o.Store.Notice(ctx, id)
	if err != nil {
		return b, err
	}
	body, err := o.Body(ctx, n)
	if err != nil {
		return b, err
	}
	m, err := o.Matcher(ctx, n)
	if err != nil {
		return b, err
	}
	l, err := o.list(ctx, id, m)
	if err != nil {
		return b, err
	}
	b.Coverage, b.Tiers = l.coverage, l.tiers
	b.Shelf, b.Unlinked = append([]recall.OnShelf{}, l.shelf...), append([]recall.Unlinked{}, l.unlinked...)
	for _, on := range b.Shelf {
		b.OnShelf, b.PutAside = b.OnShelf+max(0, on.Line.OnHand), b.PutAside+on.Line.PutAside
	}
	today := o.Clock().In(o.Zone()).Format(time.DateOnly)
	for c, err := range o.Store.Cases(ctx, id) {
		if err != nil {
			return b, err
		}
		b.Cases = append(b.Cases, c)
		b.ByStatus[c.Status]++
		b.ByTier[c.Tier]++
		switch {
		case c.Status.Settled():
			b.Settled++
			continue
		case c.Owner == "":
			b.Unowned++
		}
		b.Open++
		if c.Due != "" && c.Due < today {
			b.Late++
		}
	}
	for _, a := range body.Actions {
		i := slices.IndexFunc(n.Answers, func(x trace.Answered) bool { return x.Action == a })
		if i < 0 || n.Answers[i].Answer == "open" {
			b.Unanswered++
		}
	}
	there, err := o.byPerson(ctx, id)
	if err != nil {
		return b, err
	}
	for _, who := range l.order {
		p := l.people[who]
		c, ok := there[who]
		missing := slices.DeleteFunc(slices.Clone(p.usages), func(u trace.UsageID) bool { return slices.Contains(c.Usages, u) })
		if len(missing) > 0 {
			out := New{Patient: p.patient, Tier: p.tier, Usages: missing}
			if ok {
				out.Case = c.ID
			}
			b.New = append(b.New, out)
		}
	}
	for who, c := range maps.All(there) {
		if l.people[who] == nil {
			b.Gone = append(b.Gone, c.ID)
		}
	}
	slices.SortFunc(b.Gone, func(x, y trace.CaseID) int { return bytes.Compare(x[:], y[:]) })
	slices.SortStableFunc(b.Cases, func(x, y trace.Case) int {
		return cmp.Or(order(x.Status.Settled(), y.Status.Settled()), cmp.Compare(dueOrLast(x), dueOrLast(y)), cmp.Compare(rank(recall.Tier(x.Tier)), rank(recall.Tier(y.Tier))), bytes.Compare(x.ID[:], y.ID[:]))
	})
	return b, nil
}

// order puts what is not before what is.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// dueOrLast is a case's due date; without one it comes after those that have one.
func dueOrLast(c trace.Case) string {
	if c.Due == "" {
		return "9999"
	}
	return c.Due
}

// Notes are the notes of a case by the entry they are of.
func (o *Office) Notes(ctx context.Context, c trace.Case) (map[trace.EventID]string, error) {
	notes := make(map[trace.EventID]string)
	for _, s := range c.History {
		if !s.Stamp.Sealed {
			continue
		}
		secret, err := o.Store.Secret(ctx, s.Stamp.Position)
		if err != nil {
			return nil, fmt.Errorf("note of a case: %w", err)
		}
		if secret != nil {
			notes[s.Stamp.Event] = secret.Note
		}
	}
	return notes, nil
}
