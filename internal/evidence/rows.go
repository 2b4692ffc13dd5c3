package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Manifest says what a pack is and what is in it.
type Manifest struct {
	Format  int            `json:"format"`
	Notice  trace.NoticeID `json:"notice"`
	Name    string         `json:"name"`
	Node    trace.NodeID   `json:"node"` // that made it
	By      string         `json:"by,omitempty"`
	Program string         `json:"program"`
	Made    time.Time      `json:"made"`
	Zone    string         `json:"zone"`  // of the site: in which days are meant
	Names   bool           `json:"names"` // patients are named
	Drill   bool           `json:"drill,omitempty"`
	Files   []File         `json:"files"`
}

// File is one file of a pack.
type File struct {
	Name   string     `json:"name"`
	Bytes  int64      `json:"bytes"`
	SHA256 trace.Hash `json:"sha256"`
}

// Match is one device that the notice means, or cannot be excluded from meaning.
type Match struct {
	Tier      recall.Tier       `json:"tier"`
	State     recall.State      `json:"state"`
	Why       []string          `json:"why"`
	Usage     trace.UsageID     `json:"usage,omitzero"`
	Reading   trace.EventID     `json:"reading,omitzero"` // of a device in no usage
	Shelf     trace.StockID     `json:"shelf,omitzero"`   // of devices on a shelf
	Device    udi.Device        `json:"device"`
	Used      time.Time         `json:"used,omitzero"`
	Procedure trace.ProcedureID `json:"procedure,omitzero"`
	Code      string            `json:"code,omitempty"` // of the procedure
	Place     string            `json:"place,omitempty"`
	Patient   trace.PatientID   `json:"patient,omitzero"`
	Pieces    int               `json:"pieces,omitempty"` // on the shelf
	PutAside  int               `json:"put_aside,omitempty"`
	Identity  trace.Identity    `json:"identity,omitzero"` // where the pack names patients
}

// matchOf is the row of a usage.
func matchOf(tier recall.Tier, why []string, u trace.UsageInFull, names bool) Match {
	m := Match{Tier: tier, State: recall.StateOf(u.Usage), Why: why, Usage: u.Usage.ID, Device: u.Usage.Device, Used: u.When().UTC(), Procedure: u.Procedure.ID,
		Code: u.Procedure.Code.String(), Place: u.Procedure.Place.String(), Patient: u.Patient}
	if names {
		m.Identity = u.Identity
	}
	return m
}

func matchOfShelf(on recall.OnShelf) Match {
	return Match{Tier: on.Tier, State: on.State, Why: on.Why, Shelf: on.Line.ID, Device: on.Line.Device, Place: on.Line.Place.String(), Pieces: on.Line.OnHand, PutAside: on.Line.PutAside}
}

func matchOfReading(u recall.Unlinked) Match {
	return Match{Tier: recall.Possible, State: recall.StateUnlinked, Why: u.Why, Reading: u.Reading, Device: u.Device, Used: u.Occurred.UTC(), Procedure: u.Procedure}
}

// Action is one thing that was done about the notice: an answer to what it asks
// for, a change of a case, or what became of devices on a shelf.
type Action struct {
	At      time.Time       `json:"at"`
	Entry   trace.Position  `json:"entry"`
	By      string          `json:"by,omitempty"`
	Of      string          `json:"of"` // notice, case, shelf
	Case    trace.CaseID    `json:"case,omitzero"`
	Patient trace.PatientID `json:"patient,omitzero"`
	Shelf   trace.StockID   `json:"shelf,omitzero"`
	What    string          `json:"what"`
	Note    string          `json:"note,omitempty"` // where the pack names patients
}

// entry is an entry of the journal with its proof.
type entry struct {
	Log    trace.NodeID   `json:"log"`
	Seq    uint64         `json:"seq"`
	Leaf   []byte         `json:"leaf"`
	Proof  [][]byte       `json:"proof"`
	Opened *trace.Opening `json:"opened,omitempty"` // what of it is sealed
}

// checkpoints are the logs that the proofs are for, signed, and the key that signed.
type checkpoints struct {
	Key   string   `json:"key"`
	Notes []string `json:"notes"`
}

func matchTable(all []Match, names bool, zone *time.Location) [][]string {
	head := []string{"Tier", "State", "Used", "DI", "Lot", "Serial", "Expires", "Procedure", "Place", "On shelf", "Put aside", "Why", "Patient id", "Usage id", "Procedure id"}
	if names {
		head = append(head, "NHS number", "Local number", "Family name", "Given name", "Born")
	}
	rows := [][]string{head}
	for _, m := range all {
		used, pieces, aside := "", "", ""
		if !m.Used.IsZero() {
			used = m.Used.In(zone).Format("2006-01-02 15:04")
		}
		if !m.Shelf.IsZero() {
			pieces, aside = strconv.Itoa(m.Pieces), strconv.Itoa(m.PutAside)
		}
		row := []string{string(m.Tier), string(m.State), used, m.Device.DI, m.Device.Lot, m.Device.Serial, m.Device.Expiry.String(), m.Code, m.Place, pieces, aside, strings.Join(m.Why, "; "),
			text(m.Patient), text(m.Usage), text(m.Procedure)}
		if names {
			row = append(row, m.Identity.NHSNumber, strings.TrimSpace(m.Identity.Leaving().LocalNumber+" "+m.Identity.Leaving().LocalIssuer), m.Identity.Family, m.Identity.Given, m.Identity.Birth)
		}
		rows = append(rows, row)
	}
	return rows
}

func actionTable(all []Action, names bool, zone *time.Location) [][]string {
	head := []string{"When", "By", "Of", "What", "Case id", "Patient id", "Entry"}
	if names {
		head = append(head, "Note")
	}
	rows := [][]string{head}
	for _, a := range all {
		row := []string{a.At.In(zone).Format("2006-01-02 15:04:05"), a.By, a.Of, a.What, text(a.Case), text(a.Patient), fmt.Sprintf("%s/%d", a.Entry.Node, a.Entry.Seq)}
		if names {
			row = append(row, a.Note)
		}
		rows = append(rows, row)
	}
	return rows
}

// text is an id, or nothing.
func text[T any](id trace.ID[T]) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// actionsOf are what entries say was done about a notice.
func actionsOf(e trace.Entry) (a Action, ok bool) {
	a = Action{At: e.Recorded.UTC(), Entry: e.Position, By: e.By.Name}
	if a.By == "" {
		a.By = e.By.Via
	}
	if e.Secret != nil {
		a.Note = e.Secret.Note
	}
	var words []string
	say := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	switch f := e.Fact.(type) {
	case trace.NoticeFact:
		a.Of = "notice"
		if len(f.Body) > 0 {
			say("the notice was kept or amended")
		}
		if f.State != "" {
			say("state: %s", f.State)
		}
		if f.Answer.Action != "" {
			say("action %q: %s", f.Answer.Action, f.Answer.Answer)
		}
		if f.Traced != (trace.Traced{}) {
			say("traced: %d people in %s", f.Traced.People, f.Traced.Took)
		}
	case trace.CaseFact:
		a.Of, a.Case, a.Patient = "case", f.Case, f.Patient
		if len(f.Usages) > 0 {
			say("%d devices, %s", len(f.Usages), f.Tier)
		}
		if f.Status != "" {
			say("status: %s", f.Status)
		}
		if f.Owner != "" {
			say("owner: %s", f.Owner)
		}
		if f.Next != "" {
			say("next: %s", f.Next)
		}
		if f.Due != "" {
			say("due: %s", f.Due)
		}
		if f.Letter != "" {
			say("letter: %s", f.Letter)
		}
		if !f.Undoes.IsZero() {
			say("undoes %s", f.Undoes)
		}
	case trace.StockFact:
		a.Of, a.Shelf = "shelf", f.Line
		say("%s: %d at %s", f.Move, f.Quantity, f.Place)
		if o := f.Other.String(); o != "" {
			say("from or to %s", o)
		}
		for _, x := range [][2]string{{"by", f.Who}, {"witness", f.Witness}, {"evidence", f.Evidence}} {
			if x[1] != "" {
				say("%s %s", x[0], x[1])
			}
		}
	default:
		return a, false
	}
	a.What = strings.Join(words, "; ")
	return a, a.What != "" || a.Note != ""
}
