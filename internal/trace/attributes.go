package trace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ProductKind is what a product is for: its role among the components of an
// implant.
type ProductKind string

// The kinds of product that rules or people tell apart.
const (
	KindStem      ProductKind = "stem"    // femoral stem of a hip
	KindHead      ProductKind = "head"    // femoral head
	KindCup       ProductKind = "cup"     // acetabular cup or shell
	KindLiner     ProductKind = "liner"   // of a cup
	KindFemoral   ProductKind = "femoral" // femoral component of a knee
	KindTibial    ProductKind = "tibial"  // tibial component of a knee
	KindInsert    ProductKind = "insert"  // tibial bearing
	KindPatella   ProductKind = "patella"
	KindScrew     ProductKind = "screw"
	KindPlate     ProductKind = "plate"
	KindCement    ProductKind = "cement"
	KindLens      ProductKind = "lens"
	KindGenerator ProductKind = "generator" // pacemaker, defibrillator, neurostimulator
	KindLead      ProductKind = "lead"
	KindValve     ProductKind = "valve"
	KindStent     ProductKind = "stent"
	KindMesh      ProductKind = "mesh"
	KindBreast    ProductKind = "breast"
	KindSuture    ProductKind = "suture"
	KindStaple    ProductKind = "staple"
	KindClip      ProductKind = "clip"
	KindWire      ProductKind = "wire"
	KindPin       ProductKind = "pin"
	KindWedge     ProductKind = "wedge"
	KindConnector ProductKind = "connector" // of plates, rods or screws
	KindFilling   ProductKind = "dental-filling"
	KindBrace     ProductKind = "dental-brace"
	KindCrown     ProductKind = "tooth-crown"
	KindOther     ProductKind = "other"
)

// ProductKinds lists them in the order in which a page offers them.
func ProductKinds() []ProductKind {
	return []ProductKind{KindStem, KindHead, KindCup, KindLiner, KindFemoral, KindTibial, KindInsert, KindPatella, KindScrew, KindPlate, KindCement,
		KindLens, KindGenerator, KindLead, KindValve, KindStent, KindMesh, KindBreast,
		KindSuture, KindStaple, KindClip, KindWire, KindPin, KindWedge, KindConnector, KindFilling, KindBrace, KindCrown, KindOther}
}

// Answer is a yes or a no; the empty one is "not known".
type Answer string

// The answers.
const (
	Yes Answer = "yes"
	No  Answer = "no"
)

// Bearing is what a surface that moves against another is made of.
type Bearing string

// The bearings.
const (
	BearingMetal        Bearing = "metal"
	BearingCeramic      Bearing = "ceramic"
	BearingPolyethylene Bearing = "polyethylene"
)

// MRI is what the label says of magnetic resonance (ASTM F2503).
type MRI string

// What a label can say of magnetic resonance.
const (
	MRISafe        MRI = "safe"
	MRIConditional MRI = "conditional"
	MRIUnsafe      MRI = "unsafe"
	MRINotStated   MRI = "not-stated" // the label says nothing of it, which is known
)

// PackLevel is a pack that holds others: its own DI, how many it holds of what.
type PackLevel struct {
	DI       string `json:"di" cbor:"1,keyasint"`
	Quantity int    `json:"quantity" cbor:"2,keyasint"`
	Contains string `json:"contains,omitempty" cbor:"3,keyasint,omitempty"` // DI; "": the product itself
}

// String is DI, "x" and quantity, and what it contains where that is said.
func (p PackLevel) String() string {
	s := p.DI + " x " + strconv.Itoa(p.Quantity)
	if p.Contains != "" {
		s += " of " + p.Contains
	}
	return s
}

// Attributes are what is known of a product beyond its names: what the checks
// go by. An empty field is not known, and no rule takes it for anything.
type Attributes struct {
	Kind        ProductKind `json:"kind,omitempty" cbor:"1,keyasint,omitempty"`
	Side        Side        `json:"side,omitempty" cbor:"2,keyasint,omitempty"` // SideNone: it fits both
	Head        Measure     `json:"head_diameter,omitzero" cbor:"3,keyasint,omitzero"`
	Inner       Measure     `json:"inner_diameter,omitzero" cbor:"4,keyasint,omitzero"` // of a cup or liner: the head it takes
	Outer       Measure     `json:"outer_diameter,omitzero" cbor:"5,keyasint,omitzero"`
	Length      Measure     `json:"length,omitzero" cbor:"6,keyasint,omitzero"`
	Taper       string      `json:"taper,omitempty" cbor:"7,keyasint,omitempty"` // "12/14"
	Size        string      `json:"size,omitempty" cbor:"8,keyasint,omitempty"`  // the maker's own
	Model       string      `json:"model,omitempty" cbor:"9,keyasint,omitempty"`
	Power       Measure     `json:"power,omitzero" cbor:"10,keyasint,omitzero"` // of a lens
	Material    string      `json:"material,omitempty" cbor:"11,keyasint,omitempty"`
	Bearing     Bearing     `json:"bearing,omitempty" cbor:"12,keyasint,omitempty"`
	SingleUse   Answer      `json:"single_use,omitempty" cbor:"13,keyasint,omitempty"`
	Sterile     Answer      `json:"sterile,omitempty" cbor:"14,keyasint,omitempty"`
	Latex       Answer      `json:"latex,omitempty" cbor:"15,keyasint,omitempty"`
	Implantable Answer      `json:"implantable,omitempty" cbor:"16,keyasint,omitempty"`
	MRI         MRI         `json:"mri,omitempty" cbor:"17,keyasint,omitempty"`
	Packs       []PackLevel `json:"packs,omitempty" cbor:"18,keyasint,omitempty"`
	UnitOfUse   string      `json:"unit_of_use,omitempty" cbor:"19,keyasint,omitempty"` // DI of one piece of a pack that is sold as one product
	Website     string      `json:"website,omitempty" cbor:"20,keyasint,omitempty"`     // where the maker tells patients of it
}

// IsZero reports whether nothing is known.
func (a Attributes) IsZero() bool { return len(a.Packs) == 0 && a.plain() == Attributes{}.plain() }

// plainAttributes are Attributes without their slice: two of them compare.
type plainAttributes struct {
	kind                                             ProductKind
	side                                             Side
	head, inner, outer, length, power                Measure
	taper, size, model, material, unitOfUse, website string
	bearing                                          Bearing
	singleUse, sterile, latex, implantable           Answer
	mri                                              MRI
}

func (a Attributes) plain() plainAttributes {
	return plainAttributes{a.Kind, a.Side, a.Head, a.Inner, a.Outer, a.Length, a.Power, a.Taper, a.Size, a.Model, a.Material, a.UnitOfUse, a.Website,
		a.Bearing, a.SingleUse, a.Sterile, a.Latex, a.Implantable, a.MRI}
}

// Equal reports whether both say the same.
func (a Attributes) Equal(b Attributes) bool {
	return slices.Equal(a.Packs, b.Packs) && a.plain() == b.plain()
}

// PackedAs reports whether a device identifier is that of one of the packs, or of
// one piece.
func (a Attributes) PackedAs(di string) bool {
	return di != "" && (a.UnitOfUse == di || slices.ContainsFunc(a.Packs, func(p PackLevel) bool { return p.DI == di }))
}

// Named are the identifiers under which a product's devices may be scanned: its
// own, those of its packs and that of one piece, each once.
func (a Attributes) Named(di string) []string {
	all := []string{di}
	for _, p := range a.Packs {
		if !slices.Contains(all, p.DI) {
			all = append(all, p.DI)
		}
	}
	if a.UnitOfUse != "" && !slices.Contains(all, a.UnitOfUse) {
		all = append(all, a.UnitOfUse)
	}
	return all
}

// Over is a laid over b: what a does not say, b says.
func (a Attributes) Over(b Attributes) Attributes {
	lay(&a.Kind, b.Kind)
	lay(&a.Side, b.Side)
	lay(&a.Head, b.Head)
	lay(&a.Inner, b.Inner)
	lay(&a.Outer, b.Outer)
	lay(&a.Length, b.Length)
	lay(&a.Taper, b.Taper)
	lay(&a.Size, b.Size)
	lay(&a.Model, b.Model)
	lay(&a.Power, b.Power)
	lay(&a.Material, b.Material)
	lay(&a.Bearing, b.Bearing)
	lay(&a.SingleUse, b.SingleUse)
	lay(&a.Sterile, b.Sterile)
	lay(&a.Latex, b.Latex)
	lay(&a.Implantable, b.Implantable)
	lay(&a.MRI, b.MRI)
	lay(&a.UnitOfUse, b.UnitOfUse)
	lay(&a.Website, b.Website)
	if len(a.Packs) == 0 {
		a.Packs = b.Packs
	}
	return a
}

// lay fills an empty field.
func lay[T comparable](field *T, under T) {
	var zero T
	if *field == zero {
		*field = under
	}
}

// Field is one attribute by its name: as a column of a file, a line of a form
// and the name that a correction clears.
type Field struct {
	Name   string   // as in JSON: "head_diameter"
	Words  string   // "head diameter"
	Choice []string // what it may be; nil: free
	Get    func(Attributes) string
	Set    func(*Attributes, string) error // "" clears it
}

// Fields lists every attribute, in the order of a form.
func Fields() []Field { return fields }

// FieldOf finds an attribute by its name.
func FieldOf(name string) (Field, bool) {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

var answers = []Answer{Yes, No}

var fields = []Field{
	chosen("kind", "kind of component", ProductKinds(), func(a *Attributes) *ProductKind { return &a.Kind }),
	chosen("side", "side", []Side{SideLeft, SideRight, SideNone}, func(a *Attributes) *Side { return &a.Side }),
	measured("head_diameter", "head diameter", Millimetre, func(a *Attributes) *Measure { return &a.Head }),
	measured("inner_diameter", "inner diameter of cup or liner", Millimetre, func(a *Attributes) *Measure { return &a.Inner }),
	measured("outer_diameter", "outer diameter", Millimetre, func(a *Attributes) *Measure { return &a.Outer }),
	measured("length", "length", Millimetre, func(a *Attributes) *Measure { return &a.Length }),
	free("taper", "taper", func(a *Attributes) *string { return &a.Taper }),
	free("size", "maker's size", func(a *Attributes) *string { return &a.Size }),
	free("model", "model", func(a *Attributes) *string { return &a.Model }),
	measured("power", "power", Dioptre, func(a *Attributes) *Measure { return &a.Power }),
	free("material", "material", func(a *Attributes) *string { return &a.Material }),
	chosen("bearing", "bearing surface", []Bearing{BearingMetal, BearingCeramic, BearingPolyethylene}, func(a *Attributes) *Bearing { return &a.Bearing }),
	chosen("single_use", "single use", answers, func(a *Attributes) *Answer { return &a.SingleUse }),
	chosen("sterile", "sterile", answers, func(a *Attributes) *Answer { return &a.Sterile }),
	chosen("latex", "latex", answers, func(a *Attributes) *Answer { return &a.Latex }),
	chosen("implantable", "implantable", answers, func(a *Attributes) *Answer { return &a.Implantable }),
	chosen("mri", "MRI status", []MRI{MRISafe, MRIConditional, MRIUnsafe, MRINotStated}, func(a *Attributes) *MRI { return &a.MRI }),
	{"packs", "packs", nil, func(a Attributes) string { return packWords(a.Packs) }, setPacks},
	free("unit_of_use", "unit-of-use identifier", func(a *Attributes) *string { return &a.UnitOfUse }),
	free("website", "website for patients", func(a *Attributes) *string { return &a.Website }),
}

func chosen[T ~string](name, words string, of []T, at func(*Attributes) *T) Field {
	choice := make([]string, len(of))
	for i, o := range of {
		choice[i] = string(o)
	}
	return Field{name, words, choice, func(a Attributes) string { return string(*at(&a)) }, func(a *Attributes, s string) error {
		s = strings.ToLower(strings.TrimSpace(s))
		if s != "" && !slices.Contains(choice, s) {
			return Errorf(Invalid, "the %s cannot be %q; it is one of %s", words, clip(s, 40), strings.Join(choice, ", "))
		}
		*at(a) = T(s)
		return nil
	}}
}

func measured(name, words, unit string, at func(*Attributes) *Measure) Field {
	return Field{name, words, nil, func(a Attributes) string { return at(&a).String() }, func(a *Attributes, s string) error {
		m, err := ParseMeasure(s, unit)
		if err != nil {
			return Errorf(Invalid, "the %s: %w", words, err)
		}
		*at(a) = m
		return nil
	}}
}

// freeMost is the longest free attribute, in bytes.
const freeMost = 200

func free(name, words string, at func(*Attributes) *string) Field {
	return Field{name, words, nil, func(a Attributes) string { return *at(&a) }, func(a *Attributes, s string) error {
		s = strings.TrimSpace(s)
		if len(s) > freeMost {
			return Errorf(Invalid, "the %s is longer than %d characters", words, freeMost)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
			return Errorf(Invalid, "the %s has a character that cannot be printed", words)
		}
		*at(a) = s
		return nil
	}}
}

func packWords(ps []PackLevel) string {
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = p.String()
	}
	return strings.Join(all, "; ")
}

// packsMost bounds the pack levels of a product.
const packsMost = 50

// setPacks reads what packWords wrote. The identifiers are for the caller to
// check: their forms belong to package udi.
func setPacks(a *Attributes, s string) error {
	var packs []PackLevel
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		var p PackLevel
		di, rest, ok := strings.Cut(part, " x ")
		quantity, contains, _ := strings.Cut(rest, " of ")
		n, err := strconv.Atoi(strings.TrimSpace(quantity))
		if !ok || err != nil || n < 1 || n > 1_000_000 {
			return Errorf(Invalid, "the pack %q is not of the form DI x QUANTITY or DI x QUANTITY of DI", clip(part, 60))
		}
		p.DI, p.Quantity, p.Contains = strings.TrimSpace(di), n, strings.TrimSpace(contains)
		if packs = append(packs, p); len(packs) > packsMost {
			return fmt.Errorf("more than %d packs of one product", packsMost)
		}
	}
	a.Packs = packs
	return nil
}
