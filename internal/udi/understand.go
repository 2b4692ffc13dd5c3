package udi

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"implantrace/gs1"
)

// Kind is what a reading is.
type Kind string

// The kinds of reading.
const (
	KindDevice  Kind = "device"
	KindPatient Kind = "patient" // a wristband: AI 8018 (DCB1077), or 91 with a local number
	KindStaff   Kind = "staff"   // AI 8017
	KindPlace   Kind = "place"   // AI 414, with 254
	KindText    Kind = "text"    // none of these, or not understood
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
)

// Element is one AI and its value, with the place of the value in the reading.
type Element struct {
	AI     string `json:"ai"`
	Title  string `json:"title,omitempty"`
	Value  string `json:"value"`
	Offset int    `json:"offset"`
	// Rejected: it stood there, and breaks a rule. No value was taken from it.
	Rejected bool `json:"rejected,omitempty"`
}

// Wristband is what a patient's wristband says (DCB1077).
type Wristband struct {
	NHSNumber   NHSNumber `json:"nhs_number,omitempty"`
	LocalIssuer string    `json:"local_issuer,omitempty"` // ODS code of who gave the local number
	LocalNumber string    `json:"local_number,omitempty"`
	Family      string    `json:"family,omitempty"`
	Given       string    `json:"given,omitempty"`
	Birth       string    `json:"birth,omitempty"` // YYYY-MM-DD
}

// Place is a place as its label names it.
type Place struct {
	GLN       string `json:"gln"`
	Extension string `json:"extension,omitempty"`
}

// Meaning is what a reading was taken to mean. Exactly the part that belongs
// to Kind is filled; with KindText none is.
type Meaning struct {
	Kind      Kind      `json:"kind"`
	Form      string    `json:"form"`                // what the text was taken for
	Symbology string    `json:"symbology,omitempty"` // AIM identifier, where there was one
	Elements  []Element `json:"elements"`
	Issues    []Issue   `json:"issues"`
	Device    Device    `json:"device,omitzero"`
	Patient   Wristband `json:"patient,omitzero"`
	Staff     string    `json:"staff,omitempty"` // GSRN of a provider
	Place     Place     `json:"place,omitzero"`
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

// nhsPrefix is the NHS's GS1 company prefix within the GSRN of a wristband
// (DCB1077: 5050898, then the NHS number, then the check digit).
const nhsPrefix = "5050898"

// Understand says what scanData means, at the time now (dates on labels have
// two-digit years). scanData is an AIM identifier and the text behind it, or
// the text alone. Line ends and STX, ETX around it are left out and reported.
func Understand(scanData string, now time.Time) Meaning {
	text := strings.Trim(scanData, "\r\n\x02\x03")
	lead := strings.Index(scanData, text)
	r := gs1.Parse(text, gs1.Options{Now: now})
	m := Meaning{Form: r.Form.String(), Symbology: r.Symbology, Kind: KindText, Elements: []Element{}, Issues: []Issue{}}
	if len(text) != len(scanData) && text != "" {
		m.Issues = append(m.Issues, Issue{Code: CodeFraming, Severity: gs1.Warning.String(), Offset: 0, Length: len(scanData),
			Message: "Line ends around the reading were left out."})
	}
	for i := range r.Elements {
		r.Elements[i].Offset += lead
	}
	for i := range r.Rejected {
		r.Rejected[i].Offset += lead
	}
	for i := range r.Issues {
		r.Issues[i].Offset += lead
	}
	m.doubt(&r, text)
	for _, i := range r.Issues {
		m.Issues = append(m.Issues, Issue{Code: i.Code, Severity: i.Severity.String(), AI: string(i.AI),
			Offset: i.Offset, Length: i.Length, Message: i.Message, Detail: i.Detail})
	}
	for _, e := range r.Elements {
		m.Elements = append(m.Elements, Element{AI: string(e.AI), Title: e.AI.Title(), Value: e.Value, Offset: e.Offset})
	}
	for _, e := range r.Rejected {
		m.Elements = append(m.Elements, Element{AI: string(e.AI), Title: e.AI.Title(), Value: e.Value, Offset: e.Offset, Rejected: true})
	}
	slices.SortStableFunc(m.Elements, func(a, b Element) int { return a.Offset - b.Offset })
	// A damaged element still says what kind of label it stood on.
	has := func(ai gs1.AI) bool {
		if _, ok := r.Value(ai); ok {
			return true
		}
		for _, i := range r.Issues {
			if i.AI == ai && i.Severity == gs1.Hard {
				return true
			}
		}
		return slices.ContainsFunc(r.Rejected, func(e gs1.Element) bool { return e.AI == ai })
	}
	switch {
	case has("8018"):
		m.Kind = KindPatient
		m.wristband(r)
	case has("8017"):
		m.Kind = KindStaff
		m.Staff, _ = r.Value("8017")
	case has("414") && !has("01"):
		m.Kind = KindPlace
		m.Place.GLN, _ = r.Value("414")
		m.Place.Extension, _ = r.Value("254")
	case has("01") || has("10") || has("21") || has("17") || has("8006"):
		m.Kind = KindDevice
		m.device(r, now)
	case marked(r) && slices.ContainsFunc([]gs1.AI{"11", "15", "20", "30", "240", "241"}, has):
		m.Kind = KindDevice // a pack's second symbol
		m.device(r, now)
	case has("91"):
		if issuer, number, ok := localNumber(r); ok && onlyHospital(r) {
			m.Kind = KindPatient
			m.Patient.LocalIssuer, m.Patient.LocalNumber = issuer, number
			m.personal(r)
		}
	}
	return m
}

// marked reports whether the text is AI data for certain. Of digits alone nobody
// can tell: the AIs of a device's lesser fields begin many a number.
func marked(r gs1.Result) bool {
	return r.Form == gs1.FormBracketed || r.Symbology != "" && !slices.ContainsFunc(r.Issues, func(i gs1.Issue) bool { return i.Code == gs1.CodeNotMarkedGS1 })
}

func (m *Meaning) warn(code string, sev gs1.Severity, e gs1.Element, message string) {
	m.Issues = append(m.Issues, Issue{Code: code, Severity: sev.String(), AI: string(e.AI), Offset: e.Offset, Length: len(e.Value), Message: message})
}

func (m *Meaning) device(r gs1.Result, now time.Time) {
	d := &m.Device
	d.Agency = AgencyGS1
	for _, e := range r.Elements {
		switch e.AI {
		case "01":
			if d.DI == "" {
				d.DI = e.Value
			}
		case "8006": // piece of a trade item: GTIN, piece number, number of pieces
			if d.DI == "" && len(e.Value) == 18 {
				d.DI = e.Value[:14]
			}
		case "10":
			d.Lot = e.Value
		case "21":
			d.Serial = e.Value
		case "17":
			d.Expiry = date(e.Value, now)
		case "11":
			d.Manufactured = date(e.Value, now)
		case "15":
			d.BestBefore = date(e.Value, now)
		case "20":
			d.Variant = e.Value
		case "30", "37":
			d.Quantity = e.Value
		case "240":
			d.CatalogueNo = e.Value
		case "241":
			if d.CatalogueNo == "" {
				d.CatalogueNo = e.Value
			}
		}
	}
	if d.DI == "" {
		m.Issues = append(m.Issues, Issue{Code: CodeNoDI, Severity: gs1.Warning.String(),
			Message: "This code does not say which product it is. Scan the other code on the pack too."})
	}
}

func date(v string, now time.Time) Date {
	d, err := gs1.ParseDate(v, now)
	if err != nil {
		return Date{} // package gs1 has reported it
	}
	return dateOf(d)
}

func (m *Meaning) wristband(r gs1.Result) {
	gsrn, whole := r.Value("8018")
	at := gs1.Element{AI: "8018"}
	for _, e := range slices.Concat(r.Rejected, r.Elements) {
		if e.AI == "8018" {
			at = e
		}
	}
	switch {
	case !whole: // package gs1 has said what is wrong with it
	case len(gsrn) == 18 && strings.HasPrefix(gsrn, nhsPrefix):
		n, err := ParseNHSNumber(gsrn[len(nhsPrefix) : len(nhsPrefix)+10])
		if err != nil {
			m.warn(CodeNHSNumber, gs1.Hard, at, "The NHS number in this wristband fails its check. Read it out and type it, or use another wristband.")
		} else {
			m.Patient.NHSNumber = n
		}
	default:
		m.warn(CodeNotNHS, gs1.Warning, at, "This wristband does not carry an NHS number.")
	}
	if issuer, number, ok := localNumber(r); ok {
		m.Patient.LocalIssuer, m.Patient.LocalNumber = issuer, number
	}
	m.personal(r)
	if m.Patient.NHSNumber == "" && m.Patient.LocalNumber == "" {
		m.warn(CodeNoIdentifier, gs1.Hard, at, "This wristband does not say who the patient is in a form that can be trusted.")
	}
}

// localNumber reads AI 91 of a wristband: ODS code, local number and GLN,
// parted by commas as on the wristbands known (the dictionary leaves the
// delimiter to guidance).
func localNumber(r gs1.Result) (issuer, number string, ok bool) {
	v, found := r.Value("91")
	parts := strings.Split(v, ",")
	if !found || len(parts) < 2 || !odsCode.MatchString(parts[0]) || parts[1] == "" || len(parts[1]) > 20 {
		return "", "", false
	}
	return parts[0], parts[1], true
}

// odsCode is an organisation's code: three to six letters and digits.
var odsCode = regexp.MustCompile(`^[0-9A-Za-z]{3,6}$`)

// onlyHospital reports whether a reading has nothing but fields of a wristband.
// AI 91 is anybody's to use: makers print it on devices.
func onlyHospital(r gs1.Result) bool {
	for _, e := range slices.Concat(r.Rejected, r.Elements) {
		if e.AI != "8019" && (len(e.AI) != 2 || e.AI[0] != '9') {
			return false
		}
	}
	return true
}

// personal reads AI 93 of a wristband: family name, given name, date of birth
// (DD-Mmm-CCYY). What does not fit is left out: a scan never fails over it.
func (m *Meaning) personal(r gs1.Result) {
	v, found := r.Value("93")
	for _, e := range r.Rejected {
		// A space or an accent in a name is outside GS1's character set, and still
		// the name.
		if !found && e.AI == "93" && utf8.ValidString(e.Value) && !strings.ContainsFunc(e.Value, unicode.IsControl) {
			v = e.Value
		}
	}
	parts := strings.Split(v, ",")
	if len(parts) < 2 {
		return
	}
	m.Patient.Family, m.Patient.Given = parts[0], parts[1]
	if len(parts) > 2 {
		if t, err := time.Parse("02-Jan-2006", parts[2]); err == nil {
			m.Patient.Birth = t.Format(time.DateOnly)
		}
	}
}

// Proves reports whether scan data proves itself right: it was understood
// without a hard error, and says a device identifier, a patient, a badge or a
// place, each of which ends in a check digit. A lot alone proves nothing.
func Proves(scanData string, now time.Time) bool {
	m := Understand(scanData, now)
	if m.Damaged() {
		return false
	}
	return m.Device.DI != "" || m.Patient.NHSNumber != "" || m.Staff != "" || m.Place.GLN != ""
}
