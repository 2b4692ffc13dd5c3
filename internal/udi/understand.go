package udi

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"implantrace/gs1"
)

// Kind is what a reading is.
type Kind string

// The kinds of reading.
const (
	KindDevice    Kind = "device"
	KindPatient   Kind = "patient"   // a wristband: AI 8018 (DCB1077), or 91 with a local number
	KindStaff     Kind = "staff"     // AI 8017, or a local badge
	KindPlace     Kind = "place"     // AI 414, with 254
	KindProcedure Kind = "procedure" // a code from a sheet of procedures
	KindAction    Kind = "action"    // a code from a sheet of actions
	KindSet       Kind = "set"       // a tray, of those that a site has listed: no text says so by itself
	KindText      Kind = "text"      // none of these, or not understood
)

// Issue is something wrong, or worth a second look, in a reading.
type Issue struct {
	Code     string `json:"code" cbor:"1,keyasint"`
	Severity string `json:"severity" cbor:"2,keyasint"` // hard, association or warning
	AI       string `json:"ai,omitempty" cbor:"3,keyasint,omitempty"`
	Offset   int    `json:"offset" cbor:"4,keyasint"` // bytes in the reading
	Length   int    `json:"length" cbor:"5,keyasint"`
	Message  string `json:"message" cbor:"6,keyasint"`                    // for the person who scans
	Detail   string `json:"detail,omitempty" cbor:"7,keyasint,omitempty"` // for an engineer
}

// Codes of issues that this package adds to those of package gs1.
const (
	CodeNHSNumber    = "nhs-number"     // the number in a wristband fails modulus 11
	CodeNotNHS       = "not-nhs-number" // AI 8018 without the NHS prefix
	CodeNoIdentifier = "no-identifier"  // nothing in the reading says whose or which
	CodeNoDI         = "no-di"          // device data without a device identifier
	CodeFraming      = "framing"        // control characters around the reading were left out
	CodeSeparator    = "lost-separator" // a value holds what looks like the fields behind it
	CodeReadings     = "several-readings"
)

// Element is one field and its value, with the place of the value in the
// reading. AI is the Application Identifier, or what stands for it with the
// other agencies: "$$3", "16D", "=>".
type Element struct {
	AI     string `json:"ai"`
	Title  string `json:"title,omitempty"`
	Value  string `json:"value"`
	Offset int    `json:"offset"`
	// Rejected: it stood there, and breaks a rule. No value was taken from it.
	Rejected bool `json:"rejected,omitempty"`

	length int // bytes that a GS1 value takes at Offset
}

// Place is a place as its label names it.
type Place struct {
	GLN       string `json:"gln"`
	Extension string `json:"extension,omitempty"`
}

// Repair is one thing that was undone before the reading was understood.
type Repair struct {
	Code    string `json:"code"` // one of package gs1's steps, or hibc-printed, hibc-case or hibc-space
	Offset  int    `json:"offset"`
	Length  int    `json:"length"`
	Message string `json:"message"`
	Detail  string `json:"detail,omitempty"`
}

// Reading is one of several things that a damaged text may say. None is chosen.
type Reading struct {
	Device   Device    `json:"device"`
	Elements []Element `json:"elements"`
}

// Meaning is what a reading was taken to mean. Exactly the part that belongs
// to Kind is filled; with KindText none is.
type Meaning struct {
	Kind      Kind      `json:"kind"`
	Form      string    `json:"form"`                // what the text was taken for
	Symbology string    `json:"symbology,omitempty"` // AIM identifier, where there was one
	Elements  []Element `json:"elements"`
	Issues    []Issue   `json:"issues"`
	Repairs   []Repair  `json:"repairs,omitempty"`
	// Readings are the ways to read a damaged text, the likeliest first: one from
	// which separators or its ends were lost, or whose check digit is wrong.
	Readings []Reading `json:"readings,omitempty"`
	// Written are, of damaged HIBC and ISBT 128 data, the Readings and what stands
	// there if nothing but the check is wrong or missing, the likeliest first. They
	// are for who compares them with the label, and prove nothing.
	Written   []Reading `json:"-"`
	Device    Device    `json:"device,omitzero"`
	Origins   []Origin  `json:"origins,omitempty"` // of the values of Device
	Patient   Wristband `json:"patient,omitzero"`
	Staff     string    `json:"staff,omitempty"` // GSRN of a provider, or a local badge's code
	Place     Place     `json:"place,omitzero"`
	Procedure Procedure `json:"procedure,omitzero"`
	Action    Action    `json:"action,omitempty"`

	check, link string // what ties the two symbols of a HIBC pair together
	gs1         *gs1.Result
	cleaned     gs1.Cleaned
	raw         string // what cleaned was made of
}

// Damaged reports whether the reading has a hard error: a value of it may be
// wrong, or missing.
func (m Meaning) Damaged() bool {
	for _, i := range m.Issues {
		if i.Severity == gs1.Hard.String() {
			return true
		}
	}
	return false
}

// HRF is the human readable form of what was read of a device: with GS1 every
// element with its AI in brackets, with the other agencies the text of the
// symbol, or that of the device where the text had to be repaired. It is "" for a damaged reading and for what is no device.
func (m Meaning) HRF() string {
	switch {
	case m.Kind != KindDevice || m.Damaged():
		return ""
	case m.gs1 != nil:
		return m.gs1.HRI()
	case m.Repaired():
		return m.Device.HRF()
	}
	return strings.TrimPrefix(m.cleaned.Text, m.Symbology)
}

// PlainText is the text of a reading by which the same code is found again, whatever
// scanner read it or hand typed it: GS1 element strings as they stand beside the
// code, anything else without symbology identifier and space around it.
func (m Meaning) PlainText() string {
	if m.gs1 != nil && len(m.Elements) > 0 && !m.Damaged() {
		return m.gs1.HRI()
	}
	return strings.Trim(strings.TrimPrefix(m.cleaned.Text, m.Symbology), " \t\r\n\x1d")
}

// Repaired reports whether anything but framing was undone.
func (m Meaning) Repaired() bool {
	return slices.ContainsFunc(m.Repairs, func(r Repair) bool { return r.Code != gs1.StepFraming })
}

// Rules are what a site may settle. The zero value is what DCB1077's examples
// have.
type Rules struct {
	// Delimiter parts the fields inside AIs 91, 92 and 93 of a wristband; ""
	// means a comma. The guidance that would settle it is not published.
	Delimiter string
	// Badge matches the whole text of a local staff badge, without AIM
	// identifier; its first group, or else all of it, is the badge's code. nil:
	// badges have AI 8017.
	Badge *regexp.Regexp
}

// Understand says what scanData means, at the time now (dates on labels have
// two-digit years). scanData is an AIM identifier and the text behind it, or
// the text alone. What readers and cables did to it is undone first where that is
// certain, and reported in Repairs.
func Understand(scanData string, now time.Time) Meaning { return Rules{}.Understand(scanData, now) }

// Understand is Understand with a site's rules.
func (rules Rules) Understand(scanData string, now time.Time) Meaning {
	m := Meaning{Kind: KindText, Form: "plain", Elements: []Element{}, Issues: []Issue{}}
	m.raw, m.cleaned = scanData, gs1.Clean(scanData, gs1.Options{Now: now, ShortGTINs: true})
	text := m.cleaned.Text
	for _, s := range m.cleaned.Steps {
		m.Repairs = append(m.Repairs, Repair(s))
		if text != "" {
			m.Issues = append(m.Issues, Issue{Code: s.Code, Severity: gs1.Warning.String(), Offset: s.Offset, Length: s.Length, Message: s.Message, Detail: s.Detail})
		}
	}
	body := text
	if len(text) >= 3 && text[0] == ']' {
		m.Symbology, body = text[:3], text[3:]
	}
	switch {
	case body != "" && strings.IndexByte("+*", body[0]) >= 0:
		if c, ok := parseHIBC(body, now); ok {
			m.take(c, len(text)-len(body))
			m.guess(hibcGuesses(body), len(text)-len(body), now)
			return m
		}
	case body != "" && strings.IndexByte("=&", body[0]) >= 0:
		if c, ok := parseISBT(body, now); ok {
			m.take(c, len(text)-len(body))
			m.isbtWritten(body, len(text)-len(body), now)
			return m
		}
	case rules.badge(&m, body), m.local(body, len(text)-len(body)):
		return m
	}
	m.readGS1(text, now, rules)
	if m.Kind == KindText && len(m.Elements) == 0 {
		if c, ok := parseISBT(body, now); ok { // a Basic UDI-DI
			m.Issues, m.gs1 = m.Issues[:len(m.Repairs):len(m.Repairs)], nil
			m.take(c, len(text)-len(body))
		} else {
			m.guess(unlikeHIBC(body), len(text)-len(body), now)
		}
	}
	return m
}

// badge takes a local staff badge.
func (rules Rules) badge(m *Meaning, body string) bool {
	if rules.Badge == nil {
		return false
	}
	whole := *rules.Badge
	whole.Longest() // of alternatives, the one that takes all of the text
	match := whole.FindStringSubmatch(body)
	if match == nil || match[0] != body || body == "" {
		return false
	}
	m.Kind, m.Staff = KindStaff, match[0]
	if len(match) > 1 && match[1] != "" {
		m.Staff = match[1]
	}
	return true
}

// take makes a device of what a HIBC or ISBT 128 symbol says, whose text began at
// lead of the cleaned text.
func (m *Meaning) take(c content, lead int) {
	m.Kind, m.Form, m.Device, m.check, m.link = KindDevice, c.form, c.device, c.check, c.link
	for _, e := range c.elements {
		e.Offset = m.cleaned.Origin(lead + e.Offset)
		m.Elements = append(m.Elements, e)
	}
	for _, i := range c.issues {
		undone := i.repairs(m.cleaned.Text[lead:])
		i.Offset, i.Length = m.cleaned.Span(lead+i.Offset, i.Length)
		m.Issues = append(m.Issues, i)
		if undone {
			m.Repairs = append(m.Repairs, Repair{Code: i.Code, Offset: i.Offset, Length: i.Length, Message: i.Message, Detail: i.Detail})
		}
	}
	for _, o := range c.origins {
		o.Offset, o.Length = m.cleaned.Span(lead+o.Offset, o.Length)
		m.Origins = append(m.Origins, o)
	}
	if m.Device.Agency = AgencyHIBCC; c.form == formISBT || c.form == formISBTBasic {
		m.Device.Agency = AgencyICCBBA
	}
	if !m.Damaged() {
		m.wantDI()
	}
}

// repairs reports whether an issue of a symbol's text says that something was
// undone in it. Space at the end of a text that fits as it is was left alone.
func (i Issue) repairs(text string) bool {
	switch i.Code {
	case CodeHIBCPrinted, CodeHIBCCase:
		return true
	case CodeHIBCSpace:
		return i.Severity == gs1.Warning.String() && !fits(text)
	}
	return false
}

// noDI is said of a symbol, or of a pack, that names no product.
var noDI = Issue{Code: CodeNoDI, Severity: gs1.Warning.String(),
	Message: "This code does not say which product it is. Scan the other code on the pack too."}

// wantDI notes that a device's symbol does not say which product it is.
func (m *Meaning) wantDI() {
	if m.Device.DI == "" && m.Device.BasicUDI == "" {
		m.Issues = append(m.Issues, noDI)
	}
}

// Proves reports whether scan data proves itself right: it was understood
// without a hard error and as it came, and says a device identifier, a patient, a
// badge or a place, each of which ends in a check digit, or is HIBC or ISBT 128
// data whose check character holds. A lot alone proves nothing.
func Proves(scanData string, now time.Time) bool {
	m := Understand(scanData, now)
	if m.Damaged() || m.Repaired() {
		return false
	}
	switch m.Device.Agency {
	case AgencyHIBCC:
		return true // every symbol has its check character, which held
	case AgencyICCBBA:
		return m.checkedDonation()
	}
	return m.Device.DI != "" || m.Patient.NHSNumber != "" || m.Kind == KindStaff && len(m.Staff) == 18 || m.Place.GLN != ""
}

// checkedDonation reports whether the donation's flags are its check, and not
// another kind of flag: type 3 is the check value and 60 (ST-001).
func (m *Meaning) checkedDonation() bool {
	n := len(m.Device.DonationID)
	return n == 15 && m.Device.DonationID[n-2:] >= "60" && m.Device.DonationID[n-2:] <= "96"
}
