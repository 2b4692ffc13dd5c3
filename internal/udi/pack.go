package udi

import (
	"fmt"
	"slices"
	"strings"

	"implantrace/gs1"
)

// Codes of issues that joining adds.
const (
	CodeConflict = "conflict"       // carriers of one pack say different things of one
	CodeNotLink  = "link-character" // a HIBC secondary symbol that belongs to another primary
)

// Pack is what the carriers of one pack say together.
type Pack struct {
	Kind    Kind
	Device  Device
	Origins []Origin // of the values of Device, with the carrier each is from
	Issues  []PackIssue
	// Readings and Written are the possible readings of a damaged carrier, each
	// with what the other carriers say; see Meaning.
	Readings, Written []Reading
	// Assumed are the carriers that say no DI: that they belong to the pack is
	// the caller's word, not theirs.
	Assumed []int
}

// PackIssue is an issue of a carrier, or of the carriers together.
type PackIssue struct {
	Carrier int // which of the carriers the offset belongs to, from 0
	Issue
}

// Damaged reports whether there is a hard issue.
func (p Pack) Damaged() bool {
	for _, i := range p.Issues {
		if i.Severity == gs1.Hard.String() {
			return true
		}
	}
	return false
}

// Conflict returns the first issue that says that carriers disagree.
func (p Pack) Conflict() (PackIssue, bool) {
	for _, i := range p.Issues {
		if i.Code == CodeConflict || i.Code == CodeNotLink {
			return i, true
		}
	}
	return PackIssue{}, false
}

// Join puts together what carriers say that are of one pack by the caller's word:
// two GS1-128, a HIBC pair, a DataMatrix and an EAN-13. The rules that tie AIs
// together are asked over all of them. Where two say different things of one, the
// value is in none of them and an issue says so: nobody chooses in silence.
func Join(carriers ...Meaning) Pack {
	carriers = settled(carriers)
	p := Pack{Kind: KindText}
	disputed := map[string]bool{}
	var read []*gs1.Result
	var which []int
	for n, m := range carriers {
		if p.Kind == KindText {
			p.Kind = m.Kind
		}
		for _, i := range m.Issues {
			// These are asked again over all carriers.
			if i.Severity != gs1.Association.String() && i.Code != CodeNoDI {
				p.Issues = append(p.Issues, PackIssue{n, i})
			}
		}
		if m.gs1 != nil {
			read, which = append(read, m.gs1), append(which, n)
		}
		if m.Kind == KindDevice && m.Device.DI == "" && len(carriers) > 1 {
			p.Assumed = append(p.Assumed, n)
		}
		p.add(n, m, disputed)
	}
	for _, i := range gs1.Associations(read...) {
		n := which[i.Carrier]
		if i.Code == gs1.CodeRepeatedAI {
			continue // a conflict, or of two packings' numbers
		}
		offset, length := carriers[n].cleaned.Span(i.Offset, i.Length)
		p.Issues = append(p.Issues, PackIssue{n, Issue{Code: i.Code, Severity: i.Severity.String(), AI: string(i.AI),
			Offset: offset, Length: length, Message: i.Message, Detail: i.Detail}})
	}
	p.links(carriers)
	p.Readings = readings(carriers, func(m Meaning) []Reading { return m.Readings })
	p.Written = readings(carriers, func(m Meaning) []Reading { return m.Written })
	if p.Kind == KindDevice && p.Device.DI == "" && p.Device.BasicUDI == "" && !disputed["di"] {
		p.Issues = append(p.Issues, PackIssue{0, noDI})
	}
	return p
}

// settled reads a number that may be a bare GTIN or an element string as the GTIN,
// where another carrier of the pack says that very one.
func settled(carriers []Meaning) []Meaning {
	for n, m := range carriers {
		if !slices.ContainsFunc(m.Issues, func(i Issue) bool { return i.Code == gs1.CodeAmbiguousKey }) {
			continue
		}
		gtin, err := gs1.ParseGTIN(m.cleaned.Text)
		if err != nil || !slices.ContainsFunc(carriers, func(o Meaning) bool { return o.Device.DI == string(gtin) }) {
			continue
		}
		offset, length := m.cleaned.Span(0, len(m.cleaned.Text))
		m.Kind, m.Form, m.gs1 = KindDevice, gs1.FormPlain.String(), nil
		m.Elements = []Element{{AI: "01", Title: gs1.AI("01").Title(), Value: string(gtin), Offset: offset, length: length}}
		m.Issues = m.Issues[:len(m.Repairs):len(m.Repairs)]
		m.Device = Device{Agency: AgencyGS1, DI: string(gtin)}
		m.Origins, m.Readings, m.Written = []Origin{{Field: "di", Offset: offset, Length: length, How: CertaintyInferred}}, nil, nil
		carriers = slices.Clone(carriers)
		carriers[n] = m
	}
	return carriers
}

// add puts what one more carrier says to the pack.
func (p *Pack) add(n int, m Meaning, disputed map[string]bool) {
	if m.Kind != KindDevice {
		return
	}
	switch mine, theirs := p.Device.Agency, m.Device.Agency; {
	case disputed["agency"]:
	case mine == "":
		p.Device.Agency = theirs
	case theirs != "" && theirs != mine:
		disputed["agency"] = true
		p.conflict(n, "agency", "issuing agency", string(mine), string(theirs))
		p.Device.Agency = ""
	}
	mine, theirs := p.Device.fields(), m.Device.fields()
	for i, f := range mine {
		value := theirs[i].text()
		switch {
		case value == "" || disputed[f.name]:
			continue
		case f.text() == "":
			p.take(n, m, f, theirs[i])
		case f.text() != value:
			disputed[f.name] = true
			p.conflict(n, f.name, f.what, f.text(), value)
			f.clear()
			p.forget(f)
		case f.d != nil && theirs[i].d.finer(*f.d): // the last of a month, and that day outright
			p.forget(f)
			p.take(n, m, f, theirs[i])
		}
	}
}

// take takes the value of a field from carrier n, with its origin.
func (p *Pack) take(n int, m Meaning, f, theirs field) {
	f.set(theirs)
	for _, o := range m.Origins {
		if o.Field == f.name {
			o.Carrier = n
			p.Origins = append(p.Origins, o)
		}
	}
}

// forget leaves out the origin of a field.
func (p *Pack) forget(f field) {
	p.Origins = slices.DeleteFunc(p.Origins, func(o Origin) bool { return o.Field == f.name })
}

func (p *Pack) conflict(n int, field, what, a, b string) {
	p.Issues = append(p.Issues, PackIssue{n, Issue{Code: CodeConflict, Severity: gs1.Hard.String(),
		Message: fmt.Sprintf("The codes disagree on the %s: %q and %q.", what, a, b),
		Detail:  "two carriers of one pack have different values of " + field}})
}

// links asks whether a HIBC secondary symbol names the primary beside it.
func (p *Pack) links(carriers []Meaning) {
	for n, second := range carriers {
		if second.link == "" {
			continue
		}
		for _, first := range carriers {
			if first.check != "" && first.check != second.link {
				p.Issues = append(p.Issues, PackIssue{n, Issue{Code: CodeNotLink, Severity: gs1.Hard.String(),
					Message: "These two codes are not of one pack: the second belongs to another product.",
					Detail:  fmt.Sprintf("the link character is %q and the primary's check character %q", second.link, first.check)}})
			}
		}
	}
}

// readings lays each possible reading of one carrier beside the others.
func readings(carriers []Meaning, of func(Meaning) []Reading) (together []Reading) {
	for n, m := range carriers {
		if len(of(m)) == 0 {
			continue
		}
		var others Pack // what they dispute among themselves is in no reading
		var elements []Element
		disputed := map[string]bool{}
		for k, o := range carriers {
			if k != n {
				others.add(k, o, disputed)
				elements = append(elements, o.Elements...)
			}
		}
		for _, r := range of(m) {
			if _, _, _, differ := r.Device.Differs(others.Device); !differ {
				together = append(together, Reading{r.Device.With(others.Device), append(elements[:len(elements):len(elements)], r.Elements...)})
			}
		}
	}
	return together
}

// Belonging says whether a carrier is of a pack.
type Belonging string

// What can be said of a carrier and a pack.
const (
	Belongs    Belonging = "yes" // it says the same DI, and nothing else than the pack
	BelongsNot Belonging = "no"  // it says something else
	BelongsAsk Belonging = "ask" // one of them says no DI: only who holds the pack can tell
)

// BelongsTo says whether a carrier is of the pack that others are of. A carrier
// with lot and expiry alone belongs to nothing by itself: the answer is
// BelongsAsk, and whoever asks has to settle it.
func (m Meaning) BelongsTo(others ...Meaning) Belonging {
	if m.Kind != KindDevice {
		return BelongsNot
	}
	pack := Join(others...)
	together := Join(append(append([]Meaning(nil), others...), m)...)
	if _, conflict := together.Conflict(); conflict {
		return BelongsNot
	}
	if m.Device.DI != "" && m.Device.DI == pack.Device.DI {
		return Belongs
	}
	return BelongsAsk
}

// Beyond is what the device has that known has not: what was known stays as it is,
// whoever puts it right meanwhile.
func (d Device) Beyond(known Device) Device {
	theirs := known.fields()
	for i, f := range d.fields() {
		if theirs[i].text() != "" {
			f.clear()
		}
	}
	if known.Agency != "" {
		d.Agency = ""
	}
	return d
}

// Differs names the first value that both devices have and not alike, in words,
// with either; ok is false when they agree.
func (d Device) Differs(other Device) (what, mine, theirs string, ok bool) {
	if d.Agency != "" && other.Agency != "" && d.Agency != other.Agency {
		return "issuing agency", string(d.Agency), string(other.Agency), true
	}
	also := other.fields()
	for i, f := range d.fields() {
		if a, b := f.text(), also[i].text(); a != "" && b != "" && a != b {
			return f.what, a, b, true
		}
	}
	return "", "", "", false
}

// With is the device with what other has beyond it.
func (d Device) With(other Device) Device {
	also := other.fields()
	for i, f := range d.fields() {
		if f.text() == "" {
			f.set(also[i])
		}
	}
	if d.Agency == "" {
		d.Agency = other.Agency
	}
	return d
}

// field is one value of a device.
type field struct {
	name string // in JSON
	what string // in words
	s    *string
	d    *Date
}

// fields lists all values of a device but the agency, in a fixed order.
func (d *Device) fields() []field {
	return []field{
		{"di", "device identifier", &d.DI, nil}, {"lot", "lot", &d.Lot, nil}, {"serial", "serial number", &d.Serial, nil},
		{"variant", "variant", &d.Variant, nil}, {"quantity", "quantity", &d.Quantity, nil}, {"catalogue_no", "catalogue number", &d.CatalogueNo, nil},
		{"donation_id", "donation number", &d.DonationID, nil}, {"software", "software version", &d.Software, nil},
		{"basic_udi_di", "Basic UDI-DI", &d.BasicUDI, nil}, {"sscc", "shipping unit", &d.SSCC, nil},
		{"expiry", "expiry", nil, &d.Expiry}, {"manufactured", "date of manufacture", nil, &d.Manufactured}, {"best_before", "best-before date", nil, &d.BestBefore},
	}
}

func (f field) text() string {
	if f.d != nil {
		return strings.TrimSpace(f.d.Day + " " + f.d.Time)
	}
	return *f.s
}

func (f field) set(g field) {
	if f.d != nil {
		*f.d = *g.d
	} else {
		*f.s = *g.s
	}
}

func (f field) clear() {
	if f.d != nil {
		*f.d = Date{}
	} else {
		*f.s = ""
	}
}
