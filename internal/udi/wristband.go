package udi

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"implantrace/gs1"
)

// Wristband is what a patient's wristband says (DCB1077).
type Wristband struct {
	NHSNumber   NHSNumber `json:"nhs_number,omitempty"`
	LocalIssuer string    `json:"local_issuer,omitempty"` // ODS code of who gave the local number
	LocalNumber string    `json:"local_number,omitempty"`
	Service     string    `json:"service,omitempty"` // service relation instance number (8019)
	Family      string    `json:"family,omitempty"`
	Given       string    `json:"given,omitempty"`
	Birth       string    `json:"birth,omitempty"`      // YYYY-MM-DD
	BirthTime   string    `json:"birth_time,omitempty"` // HH:MM, of the newborn
	Baby        string    `json:"baby,omitempty"`       // of how many: 1/2 (92)
	// The names of a baby's mother (92).
	MotherFamily string `json:"mother_family,omitempty"`
	MotherGiven  string `json:"mother_given,omitempty"`
}

// nhsPrefix is the NHS's GS1 company prefix within the GSRN of a wristband
// (DCB1077: 5050898, then the NHS number, then the check digit).
const nhsPrefix = "5050898"

// wristband reads AI 8018 and the fields beside it. Both check digits count: the
// GSRN's, which package gs1 verified, and the NHS number's own.
func (m *Meaning) wristband(rules Rules) {
	at := Element{AI: "8018"}
	for _, e := range m.Elements {
		if e.AI == "8018" && (at.Value == "" || !e.Rejected) {
			at = e
		}
	}
	note := func(code string, s gs1.Severity, message string) {
		offset, length := at.Offset, len(at.Value)
		m.Issues = append(m.Issues, Issue{Code: code, Severity: s.String(), AI: "8018", Offset: offset, Length: length, Message: message})
	}
	gsrn, whole := m.value("8018")
	switch {
	case !whole: // package gs1 has said what is wrong with it
	case strings.HasPrefix(gsrn, nhsPrefix):
		n, err := ParseNHSNumber(gsrn[len(nhsPrefix) : len(nhsPrefix)+10])
		if err != nil {
			note(CodeNHSNumber, gs1.Hard, "The NHS number in this wristband fails its check. Read it out and type it, or use another wristband.")
		} else {
			m.Patient.NHSNumber = n
		}
	default:
		note(CodeNotNHS, gs1.Warning, "This wristband does not carry an NHS number.")
	}
	if issuer, number, ok := m.localNumber(rules); ok {
		m.Patient.LocalIssuer, m.Patient.LocalNumber = issuer, number
	}
	m.Patient.Service, _ = m.value("8019")
	m.personal(rules)
	m.baby(rules)
	if m.Patient.NHSNumber == "" && m.Patient.LocalNumber == "" {
		note(CodeNoIdentifier, gs1.Hard, "This wristband does not say who the patient is in a form that can be trusted.")
	}
}

// fields divides a hospital's field by the delimiter.
func (rules Rules) fields(value string) []string {
	if rules.Delimiter == "" {
		return strings.Split(value, ",")
	}
	return strings.Split(value, rules.Delimiter)
}

// localNumber reads AI 91 of a wristband: ODS code, local number and GLN.
func (m *Meaning) localNumber(rules Rules) (issuer, number string, ok bool) {
	v, found := m.value("91")
	parts := rules.fields(v)
	if !found || len(parts) < 2 || !odsCode.MatchString(parts[0]) || parts[1] == "" || len(parts[1]) > 20 {
		return "", "", false
	}
	return parts[0], parts[1], true
}

// odsCode is an organisation's code: three to six letters and digits.
var odsCode = regexp.MustCompile(`^[0-9A-Za-z]{3,6}$`)

// onlyHospital reports whether a reading has nothing but fields of a wristband.
// AI 91 is anybody's to use: makers print it on devices.
func (m *Meaning) onlyHospital() bool {
	for _, e := range m.Elements {
		if e.AI != "8019" && (len(e.AI) != 2 || e.AI[0] != '9') {
			return false
		}
	}
	return true
}

// name is the text of AI 92 or 93. A space or an accent in a name is outside
// GS1's character set, and still the name.
func (m *Meaning) name(ai string) string {
	v, found := m.value(ai)
	for _, e := range m.Elements {
		if !found && e.Rejected && e.AI == ai && utf8.ValidString(e.Value) && !strings.ContainsFunc(e.Value, unicode.IsControl) {
			v = e.Value
		}
	}
	return v
}

// personal reads AI 93 of a wristband: family name, given name, date of birth
// (DD-Mmm-CCYY), and of the newborn the time (HH:mm). What does not fit is left
// out: a scan never fails over it.
func (m *Meaning) personal(rules Rules) {
	parts := rules.fields(m.name("93"))
	if len(parts) < 2 {
		return
	}
	m.Patient.Family, m.Patient.Given = parts[0], parts[1]
	if len(parts) > 2 {
		if t, err := time.Parse("02-Jan-2006", parts[2]); err == nil {
			m.Patient.Birth = t.Format(time.DateOnly)
		}
	}
	if len(parts) > 3 {
		if t, err := time.Parse("15:04", parts[3]); err == nil {
			m.Patient.BirthTime = t.Format("15:04")
		}
	}
}

// baby reads AI 92 of a baby's wristband: which of how many, and the mother's
// names.
func (m *Meaning) baby(rules Rules) {
	parts := rules.fields(m.name("92"))
	if !babyNumber.MatchString(parts[0]) || parts[0][0] > parts[0][2] {
		return
	}
	m.Patient.Baby = parts[0]
	if len(parts) > 2 {
		m.Patient.MotherFamily, m.Patient.MotherGiven = parts[1], parts[2]
	}
}

// babyNumber is which of how many, 1/1 to 6/6.
var babyNumber = regexp.MustCompile(`^[1-6]/[1-6]$`)
