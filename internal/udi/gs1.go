package udi

import (
	"slices"
	"time"

	"implantrace/gs1"
)

// readGS1 understands GS1 data.
func (m *Meaning) readGS1(text string, now time.Time, rules Rules) {
	o := gs1.Options{Now: now, ShortGTINs: true}
	m.gs1 = gs1.Parse(text, o)
	m.Form, m.Symbology = m.gs1.Form.String(), m.gs1.Symbology
	for e := range m.gs1.Elements() {
		m.element(e, false)
	}
	for e := range m.gs1.Rejected() {
		m.element(e, true)
	}
	slices.SortStableFunc(m.Elements, func(a, b Element) int { return a.Offset - b.Offset })
	for _, i := range m.gs1.Issues {
		offset, length := m.cleaned.Span(i.Offset, i.Length)
		m.Issues = append(m.Issues, Issue{Code: i.Code, Severity: i.Severity.String(), AI: string(i.AI),
			Offset: offset, Length: length, Message: i.Message, Detail: i.Detail})
	}
	m.doubt()
	m.sort(now, rules)
	several := false
	if m.Damaged() && (m.Kind == KindDevice || m.Kind == KindText) {
		for _, r := range gs1.Readings(text, o) {
			if reading := m.reading(r, now); !reading.Device.nothing() {
				m.Readings = append(m.Readings, reading)
				several = several || len(r.Failed) == 0 || r.Instead != ""
			}
		}
	}
	if len(m.Readings) > 0 {
		m.Kind, m.Device.Agency = KindDevice, AgencyGS1
	}
	if several { // the wrong check digit alone has its own issue
		m.Issues = append(m.Issues, Issue{Code: CodeReadings, Severity: gs1.Warning.String(),
			Message: "This code is damaged. What it may say is listed: compare it with the label.",
			Detail:  "the readings are listed, and none was chosen"})
	}
}

func (m *Meaning) element(e gs1.Element, rejected bool) {
	offset, length := m.cleaned.Span(e.Offset, e.Length)
	m.Elements = append(m.Elements, Element{AI: string(e.AI), Title: e.AI.Title(), Value: e.Value,
		Offset: offset, Rejected: rejected, length: length})
}

// reading is one way to read a damaged text, as a device; the zero Reading when
// that way contradicts itself.
func (m *Meaning) reading(r gs1.Reading, now time.Time) Reading {
	var other Meaning
	other.raw, other.cleaned = m.raw, m.cleaned
	for _, e := range r.Elements {
		other.element(e, false)
	}
	other.device(now)
	if other.Damaged() {
		return Reading{}
	}
	for _, e := range r.Failed {
		other.element(e, true)
		// As printed, for who looks for the pack or the delivery. No value of it is
		// taken anywhere.
		switch {
		case e.AI == "00" && other.Device.SSCC == "":
			other.Device.SSCC = e.Value
		case e.AI == "01" && other.Device.DI == "":
			other.Device.DI = e.Value
		}
	}
	slices.SortStableFunc(other.Elements, func(a, b Element) int { return a.Offset - b.Offset })
	return Reading{other.Device, other.Elements}
}

// sort says what kind of label the elements stand on. A damaged element still
// says so.
func (m *Meaning) sort(now time.Time, rules Rules) {
	has := func(ai string) bool {
		return slices.ContainsFunc(m.Elements, func(e Element) bool { return e.AI == ai }) ||
			slices.ContainsFunc(m.Issues, func(i Issue) bool { return i.AI == ai && i.Severity == gs1.Hard.String() })
	}
	any := func(ais ...string) bool { return slices.ContainsFunc(ais, has) }
	switch {
	case has("8018"):
		m.Kind = KindPatient
		m.wristband(rules)
	case has("8017"):
		m.Kind = KindStaff
		m.Staff, _ = m.value("8017")
	case has("414") && !has("01"):
		m.Kind = KindPlace
		m.Place.GLN, _ = m.value("414")
		m.Place.Extension, _ = m.value("254")
	case any("01", "10", "21", "17", "8006"), m.marked() && any("11", "15", "20", "30", "240", "241", "7003", "8012", "8013"):
		m.Kind = KindDevice // the lesser fields: a pack's second symbol, or a crate
		m.device(now)
		m.Device.Agency = AgencyGS1
		m.wantDI()
	case has("91"):
		if issuer, number, ok := m.localNumber(rules); ok && m.onlyHospital() {
			m.Kind = KindPatient
			m.Patient.LocalIssuer, m.Patient.LocalNumber = issuer, number
			m.personal(rules)
		}
	}
}

// marked reports whether the text is AI data for certain. Of digits alone nobody
// can tell: the AIs of a device's lesser fields begin many a number.
func (m *Meaning) marked() bool {
	return m.Form == gs1.FormBracketed.String() || m.Form == gs1.FormDigitalLink.String() || m.Symbology != "" && !slices.ContainsFunc(m.Issues, func(i Issue) bool { return i.Code == gs1.CodeNotMarkedGS1 })
}

// nothing reports whether nothing but the agency is known.
func (d Device) nothing() bool {
	d.Agency = ""
	return d.IsZero()
}

// value is the first value of an AI that breaks no rule.
func (m *Meaning) value(ai string) (string, bool) {
	for _, e := range m.Elements {
		if e.AI == ai && !e.Rejected {
			return e.Value, true
		}
	}
	return "", false
}

// device takes the values of a device from the elements.
func (m *Meaning) device(now time.Time) {
	d := &m.Device
	d.Agency = AgencyGS1
	repaired := m.Repaired()
	origin := func(field string, offset, length int, inferred bool) {
		how := CertaintyRead
		switch {
		case repaired:
			how = CertaintyRepaired
		case inferred:
			how = CertaintyInferred
		}
		m.Origins = append(m.Origins, Origin{Field: field, Offset: offset, Length: length, How: how})
	}
	drop := func(field string) {
		m.Origins = slices.DeleteFunc(m.Origins, func(o Origin) bool { return o.Field == field })
	}
	var clashed []string // fields that two elements say differently
	clash := func(e Element, field string) {
		clashed = append(clashed, field)
		drop(field)
		m.Issues = append(m.Issues, Issue{Code: CodeContradiction, Severity: gs1.Hard.String(), AI: e.AI, Offset: e.Offset, Length: e.length,
			Message: "This code says two different things for the same field. Neither was taken: read the label.", Detail: "two values for " + field})
	}
	put := func(e Element, field string, to *string, value string) {
		switch {
		case slices.Contains(clashed, field):
		case *to == "":
			*to = value
			length := e.length
			if len(value) < len(e.Value) { // a part of the element
				length = min(length, len(value))
			}
			// Brackets and web addresses write some characters otherwise, and
			// EAN symbols write fewer digits.
			origin(field, e.Offset, length, m.raw[e.Offset:e.Offset+length] != value)
		case *to != value:
			*to = ""
			clash(e, field)
		}
	}
	date := func(e Element, field string, to *Date, read Date) {
		inferred := read.Precision == PrecisionMonth
		switch {
		case read.IsZero() || slices.Contains(clashed, field):
		case to.IsZero():
			*to = read
			origin(field, e.Offset, e.length, inferred)
		case to.Day != read.Day:
			*to = Date{}
			clash(e, field)
		case read.finer(*to): // the same day, with its time
			*to = read
			drop(field)
			origin(field, e.Offset, e.length, inferred)
		}
	}
	for _, e := range m.Elements {
		if e.Rejected {
			continue
		}
		switch e.AI {
		case "00":
			put(e, "sscc", &d.SSCC, e.Value)
		case "01":
			put(e, "di", &d.DI, e.Value)
		case "8006": // piece of a trade item: GTIN, piece number, number of pieces
			put(e, "di", &d.DI, e.Value[:14])
		case "10":
			put(e, "lot", &d.Lot, e.Value)
		case "21":
			put(e, "serial", &d.Serial, e.Value)
		case "17":
			date(e, "expiry", &d.Expiry, gs1Day(e.Value, now))
		case "7003":
			date(e, "expiry", &d.Expiry, gs1Minute(e.Value, now))
		case "11":
			date(e, "manufactured", &d.Manufactured, gs1Day(e.Value, now))
		case "8008":
			date(e, "manufactured", &d.Manufactured, gs1Hour(e.Value, now))
		case "15":
			date(e, "best_before", &d.BestBefore, gs1Day(e.Value, now))
		case "20":
			put(e, "variant", &d.Variant, e.Value)
		case "30":
			put(e, "quantity", &d.Quantity, e.Value)
		case "8012":
			put(e, "software", &d.Software, e.Value)
		case "8013":
			put(e, "basic_udi_di", &d.BasicUDI, e.Value)
		}
	}
	first := func(field string, to *string, ais ...string) { // the first of these AIs counts
		for _, ai := range ais {
			for _, e := range m.Elements {
				if e.AI == ai && !e.Rejected && *to == "" {
					put(e, field, to, e.Value)
				}
			}
		}
	}
	first("quantity", &d.Quantity, "37") // of the packs in a shipping unit, where the pack does not say
	first("catalogue_no", &d.CatalogueNo, "240", "241")
}

// gs1Day reads YYMMDD; the zero Date where package gs1 has reported it.
func gs1Day(v string, now time.Time) Date {
	d, err := gs1.ParseDate(v, now)
	if err != nil {
		return Date{}
	}
	return dateOf(d)
}

// gs1Hour reads YYMMDDHH, with minutes or not, and with seconds, which are left out
// (AI 8008).
func gs1Hour(v string, now time.Time) Date {
	if len(v) >= 10 {
		return gs1Minute(v[:10], now)
	}
	d := gs1Day(v[:6], now)
	if !d.IsZero() {
		d.Precision, d.Time = PrecisionHour, v[6:8]+":00"
	}
	return d
}

// gs1Minute reads YYMMDDHHMM (AI 7003).
func gs1Minute(v string, now time.Time) Date {
	if len(v) != 10 {
		return Date{}
	}
	d := gs1Day(v[:6], now)
	if !d.IsZero() {
		d.Precision, d.Time = PrecisionMinute, v[6:8]+":"+v[8:]
	}
	return d
}
