package trace

import (
	"context"
	"errors"
	"iter"
	"strings"
)

// StaffFact says the whole of who a badge's bearer is: a later one takes the
// place of an earlier. How somebody signs in is no part of it.
type StaffFact struct {
	Badge    string   `json:"badge" cbor:"1,keyasint"` // GSRN or local code, as a scan gives it
	Name     string   `json:"name,omitempty" cbor:"2,keyasint,omitempty"`
	Role     string   `json:"role,omitempty" cbor:"3,keyasint,omitempty"` // "surgeon", "scrub"...
	Register Register `json:"register,omitempty" cbor:"4,keyasint,omitempty"`
	Number   string   `json:"number,omitempty" cbor:"5,keyasint,omitempty"`  // in the register
	Removed  bool     `json:"removed,omitempty" cbor:"6,keyasint,omitempty"` // the badge is nobody's any more; past procedures keep the name
}

// Register is a professional register of the United Kingdom.
type Register string

// The registers.
const (
	RegisterGMC  Register = "GMC"  // doctors
	RegisterNMC  Register = "NMC"  // nurses and midwives
	RegisterHCPC Register = "HCPC" // operating department practitioners and others
)

// Registers lists them in the order in which a page offers them.
func Registers() []Register { return []Register{RegisterGMC, RegisterNMC, RegisterHCPC} }

// PlaceFact says the whole of what a location number stands for, likewise.
type PlaceFact struct {
	GLN       string `json:"gln" cbor:"1,keyasint"`
	Extension string `json:"extension,omitempty" cbor:"2,keyasint,omitempty"`
	Name      string `json:"name,omitempty" cbor:"3,keyasint,omitempty"` // "Theatre 4"
	Site      string `json:"site,omitempty" cbor:"4,keyasint,omitempty"`
	ODS       string `json:"ods,omitempty" cbor:"5,keyasint,omitempty"` // organisation code of the site
	Removed   bool   `json:"removed,omitempty" cbor:"6,keyasint,omitempty"`
}

// CodeFact says the whole of what a procedure code means, likewise.
type CodeFact struct {
	System  string `json:"system" cbor:"1,keyasint"` // one of [Systems]
	Code    string `json:"code" cbor:"2,keyasint"`
	Text    string `json:"text,omitempty" cbor:"3,keyasint,omitempty"`
	Side    Answer `json:"side,omitempty" cbor:"4,keyasint,omitempty"` // whether it is of one side of the body
	Removed bool   `json:"removed,omitempty" cbor:"5,keyasint,omitempty"`
}

// Kind and Object of the directory's facts.
func (StaffFact) Kind() FactKind { return KindStaff }
func (PlaceFact) Kind() FactKind { return KindPlace }
func (CodeFact) Kind() FactKind  { return KindCode }

func (f StaffFact) Object() [16]byte { return NamedID[OfEvent]("staff", f.Badge) }
func (f PlaceFact) Object() [16]byte { return NamedID[OfEvent]("place", f.GLN+"/"+f.Extension) }
func (f CodeFact) Object() [16]byte  { return NamedID[OfEvent]("code", CodeKey(f.System, f.Code)) }

// Listed is what the directory says now, and every entry that said something.
type Listed[F StaffFact | PlaceFact | CodeFact] struct {
	Fact    F       `json:"entry" cbor:"1,keyasint"`
	History []Stamp `json:"history" cbor:"2,keyasint"`
}

// Directory says whom and what codes stand for. What was removed is among the
// answers, marked; what nobody listed is an error of kind NotFound. Lists are in
// the order of their codes.
type Directory interface {
	StaffMember(ctx context.Context, badge string) (Listed[StaffFact], error)
	StaffMembers(ctx context.Context) iter.Seq2[Listed[StaffFact], error]
	ListedPlace(ctx context.Context, gln, extension string) (Listed[PlaceFact], error)
	ListedPlaces(ctx context.Context) iter.Seq2[Listed[PlaceFact], error]
	ListedCode(ctx context.Context, system, code string) (Listed[CodeFact], error)
	ListedCodes(ctx context.Context) iter.Seq2[Listed[CodeFact], error]
}

// The systems of procedure codes, as they are recorded.
const (
	SystemOPCS4  = "OPCS-4"
	SystemSNOMED = "SNOMED CT"
	SystemLocal  = "local"
)

// Systems lists them in the order in which a page offers them.
func Systems() []string { return []string{SystemOPCS4, SystemSNOMED, SystemLocal} }

// CodeSystem is a system's name as it is recorded, from any of its writings: "opcs4"
// and "OPCS-4" are one. No system is OPCS-4, which the form for opening a procedure
// asks for; any other is as it was written.
func CodeSystem(s string) string {
	switch foldCode(s) {
	case "", "OPCS4", "OPCS":
		return SystemOPCS4
	case "SNOMEDCT", "SNOMED":
		return SystemSNOMED
	case "LOCAL":
		return SystemLocal
	}
	return strings.TrimSpace(s)
}

// CodeKey is the form under which the writings of one procedure code meet: "W37.1"
// and "w371" are one.
func CodeKey(system, code string) string { return CodeSystem(system) + "/" + foldCode(code) }

func foldCode(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(" .-", r):
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// unlisted reports whether an error says that nobody listed it, or that nobody can
// say yet: then a code is shown as it is.
func unlisted(err error) bool { return KindOf(err) == NotFound || errors.Is(err, ErrRebuilding) }

// In fills in what the directory knows of a person who is recorded by a badge
// alone. What was recorded stays.
func (p Person) In(ctx context.Context, d Directory) (Person, error) {
	if p.Code == "" || p.Name != "" && p.Role != "" {
		return p, nil
	}
	listed, err := d.StaffMember(ctx, p.Code)
	if unlisted(err) {
		return p, nil
	}
	lay(&p.Name, listed.Fact.Name)
	lay(&p.Role, listed.Fact.Role)
	return p, err
}

// In fills in the name of a place that is recorded by its number alone.
func (p Place) In(ctx context.Context, d Directory) (Place, error) {
	if p.GLN == "" || p.Name != "" {
		return p, nil
	}
	listed, err := d.ListedPlace(ctx, p.GLN, p.Extension)
	if unlisted(err) {
		return p, nil
	}
	p.Name = listed.Fact.Name
	if s := listed.Fact.Site; s != "" && p.Name != "" {
		p.Name += ", " + s
	}
	return p, err
}

// In fills in what a procedure code means.
func (c Code) In(ctx context.Context, d Directory) (Code, error) {
	if c.Code == "" || c.Text != "" {
		return c, nil
	}
	listed, err := d.ListedCode(ctx, c.System, c.Code)
	if unlisted(err) {
		return c, nil
	}
	c.Text = listed.Fact.Text
	return c, err
}

// In fills in what the directory knows of a procedure's people, place and code.
func (p Procedure) In(ctx context.Context, d Directory) (Procedure, error) {
	var err error
	if p.Code, err = p.Code.In(ctx, d); err != nil {
		return p, err
	}
	if p.Place, err = p.Place.In(ctx, d); err != nil {
		return p, err
	}
	people := make([]Person, len(p.People))
	for i, one := range p.People {
		if people[i], err = one.In(ctx, d); err != nil {
			return p, err
		}
	}
	if len(people) > 0 {
		p.People = people
	}
	return p, nil
}
