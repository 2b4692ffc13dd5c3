package directory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Unlisted is a code that was read or recorded, and that the directory does not
// know.
type Unlisted struct {
	List Of     `json:"list"`
	Code string `json:"code"` // a badge, "GLN" or "GLN/extension", or "system/code"
	Seen int    `json:"seen"` // readings and procedures that have it
	// What the form for listing it begins with.
	GLN       string    `json:"gln,omitempty"`
	Extension string    `json:"extension,omitempty"`
	System    string    `json:"system,omitempty"`
	Bare      string    `json:"bare,omitempty"` // the procedure code alone
	Last      time.Time `json:"last"`
}

// Queue gives what was met since a time and nobody listed, the latest first: it
// waits for whoever keeps the directory.
func Queue(ctx context.Context, r command.Recorder, since time.Time) ([]Unlisted, error) {
	q := queue{store: r.Store, met: make(map[Unlisted]*Unlisted)}
	for h, err := range r.Store.Readings(ctx, nil) {
		if err != nil {
			return nil, err
		}
		if h.Reading.Stamp.Recorded.Before(since) {
			break
		}
		switch f := h.Reading.ReadingFact; f.Means {
		case udi.KindStaff, udi.KindPlace, udi.KindProcedure:
			m := r.Rules.Understand(f.Symbology+f.Text, h.Reading.Stamp.Occurred)
			if m.Damaged() {
				continue
			}
			q.staff(m.Staff, h.Reading.Stamp.Occurred)
			q.place(m.Place.GLN, m.Place.Extension, h.Reading.Stamp.Occurred)
			if m.Procedure.Code != "" {
				q.code(m.Procedure.System, m.Procedure.Code, h.Reading.Stamp.Occurred)
			}
		}
	}
	for h, err := range r.Store.Procedures(ctx, trace.ProcedureQuery{From: since}) {
		if err != nil {
			return nil, err
		}
		p := h.Procedure
		for _, one := range p.People {
			if one.Name == "" {
				q.staff(one.Code, p.Start)
			}
		}
		if p.Place.Name == "" {
			q.place(p.Place.GLN, p.Place.Extension, p.Start)
		}
		if p.Code.Code != "" && p.Code.Text == "" {
			q.code(p.Code.System, p.Code.Code, p.Start)
		}
	}
	return q.unlisted(ctx)
}

type queue struct {
	store trace.Finder
	met   map[Unlisted]*Unlisted
}

func (q queue) count(u Unlisted, at time.Time) {
	one := q.met[u]
	if one == nil {
		said := u
		one = &said
		q.met[u] = one
	}
	one.Seen++
	if at.After(one.Last) {
		one.Last = at
	}
}

func (q queue) staff(badge string, at time.Time) {
	if badge != "" {
		q.count(Unlisted{List: OfStaff, Code: badge}, at)
	}
}

func (q queue) place(gln, extension string, at time.Time) {
	if gln == "" {
		return
	}
	u := Unlisted{List: OfPlaces, Code: gln, GLN: gln, Extension: extension}
	if extension != "" {
		u.Code += "/" + extension
	}
	q.count(u, at)
}

func (q queue) code(system, code string, at time.Time) {
	u := Unlisted{List: OfCodes, Code: trace.CodeKey(system, code), System: trace.CodeSystem(system)}
	u.Bare = u.Code[len(u.System)+1:]
	q.count(u, at)
}

func (q queue) unlisted(ctx context.Context) ([]Unlisted, error) {
	all := []Unlisted{}
	for _, u := range q.met {
		var err error
		switch u.List {
		case OfStaff:
			_, err = q.store.StaffMember(ctx, u.Code)
		case OfPlaces:
			_, err = q.store.ListedPlace(ctx, u.GLN, u.Extension)
		default:
			_, err = q.store.ListedCode(ctx, u.System, u.Bare)
		}
		switch {
		case trace.KindOf(err) == trace.NotFound:
			all = append(all, *u)
		case err != nil:
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b Unlisted) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.List, b.List), cmp.Compare(a.Code, b.Code))
	})
	return all, nil
}
