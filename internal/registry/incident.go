package registry

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// IncidentDraft names the form of an incident's draft. What the service for
// learning from patient safety events (LFPSE) takes is known from its taxonomy of
// version 5 as others have published it: element names and codes are from there, how
// they stand together is inferred.
const IncidentDraft = "LFPSE AdverseEvent draft 1, inferred from public documents of taxonomy version 5. " +
	"A person reviews it and enters it; this program sends it nowhere."

const lfpse = "https://psims-uat.azure-api.net/taxonomy/fhir/StructureDefinition/"

// IncidentQuestion is a question about an incident, with the codes of the taxonomy.
type IncidentQuestion struct {
	Key   string // the taxonomy's element
	Words string
	Many  bool // several codes may be given
	Codes []IncidentCode
}

// IncidentCode is a code with what it means.
type IncidentCode struct{ Value, Meaning string }

// Elements of the taxonomy that are asked for by name here.
const (
	IncidentInvolvement = "DeviceInvolvementFactors"
	IncidentBroken      = "DeviceBrokenDetails"
	IncidentWrong       = "DeviceWrongUsageDetails"
	IncidentProcess     = "Process"
	incidentPhysical    = "PhysicalHarm"
	incidentMind        = "PsychologicalHarm"
	incidentOutcome     = "OutcomeType"
	incidentReporter    = "ReporterType"
	incidentTime        = "EstimatedTime"

	involvedBroken, brokenOutOfDate = "4", "6"
	wrongInstead, involvedWrongly   = "1", "3"
	agentDevices, yes, no           = "3", "y", "n"
)

// IncidentQuestions are asked of whoever makes a draft, in the order of the form.
func IncidentQuestions() []IncidentQuestion { return slices.Clone(incidentQuestions) }

var incidentQuestions = []IncidentQuestion{
	{IncidentInvolvement, "How was the device involved?", true, codesOf("The device was used when it should not have been", "The device was not used when it should have been",
		"The device was used incorrectly", "The device was available but broken, not fit for use or didn't perform as expected",
		"The device was involved in an accident, trip or collision", "Other", "I don't know")},
	{IncidentBroken, "If it was broken or not fit for use, how?", true, codesOf("The packaging was damaged making it unfit for use", "The device was broken or damaged before use",
		"The device broke or was damaged in use", "The device was dirty or unsterile", "The device was not stored correctly", "The device was out of date",
		"There was no power supply, or the battery was not charged or ran out", "The device had no connectivity",
		"The device was used as per guidance but did not perform as expected", "There were no component parts or consumables that must be used with it")},
	{IncidentWrong, "If it was used incorrectly, how?", true, codesOf("The wrong device was used instead of the correct device", "The wrong device was used alongside the correct device",
		"Only part of the correct device was used", "The device was used off-license or for an unintended purpose",
		"The device was not used as per instructions for use or was set up incorrectly")},
	{"DeviceUsedUnnecessarily", "If it was used unnecessarily, how?", true, codesOf("Too many devices were used, or the device was not required", "The device was used too soon",
		"The device was used for too long", "The device was accidentally retained", "The device was overused or used on too high a setting")},
	{"DeviceInsufficientDetails", "If too little was used, how?", true, codesOf("Too few devices were used", "There was a delay in using the device", "The device was not used for long enough",
		"The device was not available", "The device was underused or used on too low a setting")},
	{incidentTime, "When, where the time is not known?", false, codesOf("Day shift", "Night shift", "Morning handover", "Evening handover", "None of the above", "I don't know")},
	{incidentPhysical, "Physical harm", false, codesOf("Fatal", "Severe physical harm", "Moderate physical harm", "Low physical harm", "No physical harm")},
	{incidentMind, "Psychological harm", false, codesOf("Severe psychological harm", "Moderate psychological harm", "Low psychological harm", "No psychological harm")},
	{incidentOutcome, "What followed?", true, []IncidentCode{{"2", "Unplanned reattendance or readmission"}, {"3", "Unplanned admission to ITU, HDU, SCBU or NICU"}, {"5", "Return to theatre"}, {"7", "Crash call"}}},
	{incidentReporter, "Who reports it?", false, codesOf("The affected patient", "A friend, carer or relative of the patient", "A member of staff", "None of these", "Other")},
}

// codesOf numbers meanings from 1, as the taxonomy does.
func codesOf(meanings ...string) []IncidentCode {
	all := make([]IncidentCode, len(meanings))
	for i, m := range meanings {
		all[i] = IncidentCode{fmt.Sprint(i + 1), m}
	}
	return all
}

// Incident is what is told of an incident with a device.
type Incident struct {
	Device       IncidentDevice      `json:"device"`
	Answers      map[string][]string `json:"answers"`                // codes, by the key of an [IncidentQuestion]
	Day          string              `json:"day,omitempty"`          // YYYY-MM-DD
	Time         string              `json:"time,omitempty"`         // HH:MM
	Used         bool                `json:"used,omitempty"`         // the device was used in spite of it
	Organisation string              `json:"organisation,omitempty"` // organisation code of whoever reports
	Description  string              `json:"description"`
	Actions      string              `json:"actions,omitempty"` // taken at once
	YellowCard   string              `json:"yellow_card,omitempty"`
	Reasons      []string            `json:"reasons,omitempty"` // why the check stopped or warned
}

// IncidentDevice is the device as a report names it.
type IncidentDevice struct {
	DI          string `json:"di,omitempty"`
	UDI         string `json:"udi,omitempty"` // human readable form
	Lot         string `json:"lot,omitempty"`
	Serial      string `json:"serial,omitempty"`
	Expiry      string `json:"expiry,omitempty"` // YYYY-MM-DD or YYYY-MM
	Maker       string `json:"maker,omitempty"`
	Name        string `json:"name,omitempty"`
	CatalogueNo string `json:"catalogue_no,omitempty"`
	Flag        string `json:"flag,omitempty"` // what a person must know of these values
}

// Limits of what a person writes about an incident.
const (
	incidentTextMost  = 4000
	incidentFieldMost = 200
)

// IncidentOf is what the record knows of an incident with a device: everything that
// names the device, and the stops and warnings of its check. The codes are proposed:
// a person confirms them. Nothing of it names the patient.
func IncidentOf(u trace.UsageInFull, site string, zone *time.Location) Incident {
	if zone == nil {
		zone = time.UTC
	}
	d := u.Usage.Device
	q := Incident{Answers: map[string][]string{}, Organisation: site, Used: u.Usage.Status == trace.Implanted || u.Usage.Status == trace.Trial || u.Usage.Status == trace.Explanted}
	q.Device = IncidentDevice{DI: d.DI, UDI: d.HRF(), Lot: d.Lot, Serial: d.Serial, Expiry: dayOf(d.Expiry), Maker: u.Product.Maker,
		Name: cmp.Or(u.Product.Brand, u.Product.Description, u.Usage.Described), CatalogueNo: cmp.Or(d.CatalogueNo, u.Product.CatalogueNo)}
	var flags []string
	if u.Usage.Damaged {
		flags = append(flags, "its code was damaged: a value may be wrong or missing")
	}
	if p := u.Usage.Provenance; p == trace.Typed || p == trace.Imported {
		flags = append(flags, provenance(p))
	}
	flags = append(flags, pickedFlags(u.Usage)...)
	q.Device.Flag = strings.Join(flags, "; ")
	when := u.Usage.Occurred
	if !when.IsZero() {
		q.Day, q.Time = when.In(zone).Format(time.DateOnly), when.In(zone).Format("15:04")
	}
	for _, c := range u.Usage.Verdict.Checks {
		if c.Level != trace.Stop && c.Level != trace.Warn {
			continue
		}
		q.Reasons = append(q.Reasons, c.Message)
		if c.Level != trace.Stop {
			continue
		}
		switch c.Rule {
		case "expiry":
			q.propose(IncidentInvolvement, involvedBroken)
			q.propose(IncidentBroken, brokenOutOfDate)
		case "planned", "plan-differs", "side", "hip-size", "hip-taper", "hip-bearing", "hip-makers", "knee-makers":
			if q.Used {
				q.propose(IncidentInvolvement, involvedWrongly)
				q.propose(IncidentWrong, wrongInstead)
			}
		}
	}
	return q
}

func (q *Incident) propose(key, code string) {
	if !slices.Contains(q.Answers[key], code) {
		q.Answers[key] = append(q.Answers[key], code)
	}
}

// dayOf is a date with no more of it than the label gives.
func dayOf(d udi.Date) string {
	day, _, _ := strings.Cut(d.String(), "T")
	return day
}

// Check says in one sentence why no draft can be made of an incident. An error is
// [trace.Invalid].
func (q Incident) Check(now time.Time, zone *time.Location) error {
	wrong := func(format string, args ...any) error { return trace.Errorf(trace.Invalid, format, args...) }
	for key, codes := range q.Answers {
		i := slices.IndexFunc(incidentQuestions, func(k IncidentQuestion) bool { return k.Key == key })
		if i < 0 {
			return wrong("%q is no question about an incident.", clipped(key))
		}
		k := incidentQuestions[i]
		for j, code := range codes {
			switch {
			case !slices.ContainsFunc(k.Codes, func(c IncidentCode) bool { return c.Value == code }):
				return wrong("%q is no answer to: %s", clipped(code), k.Words)
			case slices.Contains(codes[:j], code), j > 0 && !k.Many:
				return wrong("This is answered twice: %s", k.Words)
			}
		}
	}
	if len(q.Answers[IncidentInvolvement]) == 0 {
		return wrong("Say how the device was involved.")
	}
	if strings.TrimSpace(q.Description) == "" {
		return wrong("Say in words what happened.")
	}
	for name, text := range map[string]string{"description": q.Description, "actions": q.Actions} {
		if utf8.RuneCountInString(text) > incidentTextMost {
			return wrong("The %s has more than %d characters.", name, incidentTextMost)
		}
	}
	d := q.Device
	if d.DI == "" && d.UDI == "" && d.Name == "" {
		return wrong("Say which device it was: its identifier, its UDI or its name.")
	}
	for _, text := range append([]string{d.DI, d.UDI, d.Lot, d.Serial, d.Expiry, d.Maker, d.Name, d.CatalogueNo, d.Flag, q.Organisation, q.YellowCard}, q.Reasons...) {
		if utf8.RuneCountInString(text) > incidentFieldMost*2 {
			return wrong("A field has more than %d characters.", incidentFieldMost*2)
		}
		if strings.ContainsFunc(text, unicode.IsControl) {
			return wrong("A field has a character that cannot be seen.")
		}
	}
	if d.DI != "" && udi.AgencyOf(d.DI) == "" {
		return wrong("%q is no device identifier of a known agency.", clipped(d.DI))
	}
	if d.Expiry != "" {
		if _, err := time.Parse(time.DateOnly, d.Expiry); err != nil {
			if _, err := time.Parse("2006-01", d.Expiry); err != nil {
				return wrong("The expiry date is YYYY-MM-DD or YYYY-MM, as on the label.")
			}
		}
	}
	if zone == nil {
		zone = time.UTC
	}
	if q.Day != "" {
		day, err := time.ParseInLocation(time.DateOnly, q.Day, zone)
		if err != nil {
			return wrong("The day is YYYY-MM-DD.")
		}
		if day.After(now) {
			return wrong("The day lies in the future.")
		}
	}
	if q.Time != "" {
		if _, err := time.Parse("15:04", q.Time); err != nil || q.Day == "" {
			return wrong("The time is HH:MM, of a day.")
		}
	}
	return nil
}

// Names reports whether a text of the incident names a patient: by a number that is
// an NHS number, or by what the record has of who.
func (q Incident) Names(who trace.Identity) bool {
	text := strings.Join(append([]string{q.Description, q.Actions, q.YellowCard, q.Device.Name}, q.Reasons...), "\n")
	if holdsNHSNumber(text) {
		return true
	}
	folded := " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ") + " "
	for _, v := range []string{who.Family, who.LocalNumber, who.Birth} {
		v = strings.Join(strings.FieldsFunc(strings.ToLower(v), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
		if utf8.RuneCountInString(v) > 2 && strings.Contains(folded, " "+v+" ") {
			return true
		}
	}
	return false
}

// holdsNHSNumber looks for ten digits, with spaces or hyphens between them, that are
// an NHS number.
func holdsNHSNumber(text string) bool {
	var run []byte
	held := func() bool {
		if len(run) != 10 {
			return false
		}
		_, err := udi.ParseNHSNumber(string(run))
		return err == nil
	}
	gap := 0
	for _, r := range text + "\n\n" {
		switch {
		case r >= '0' && r <= '9':
			run, gap = append(run, byte(r)), 0
		case (r == ' ' || r == '-') && gap == 0 && len(run) > 0:
			gap++
		default:
			if held() {
				return true
			}
			run, gap = run[:0], 0
		}
	}
	return false
}

// Open are the elements that the taxonomy asks for or takes, and that this draft
// leaves to the person who reviews it.
func (q Incident) Open() (all []string) {
	add := func(missing bool, what string) {
		if missing {
			all = append(all, what)
		}
	}
	add(q.Day == "", "the day of the event")
	add(q.Organisation == "", "the organisation that reports (its code)")
	add(len(q.Answers[incidentPhysical]) == 0, "the physical harm to the patient")
	add(len(q.Answers[incidentMind]) == 0, "the psychological harm to the patient")
	add(len(q.Answers[incidentReporter]) == 0, "who reports it")
	return append(all, "the kind of event and the type of device (DeviceType), whose lists this product does not have",
		"the patient's age and gender, which this product does not put in", "whether a risk is imminent, where the report is of a risk")
}

// The parts of the draft, in FHIR's names.
type (
	incidentExtension struct {
		Extension []incidentExtension `json:"extension,omitempty"`
		URL       string              `json:"url"`
		Code      string              `json:"valueCode,omitempty"`
		String    string              `json:"valueString,omitempty"`
		Integer   int                 `json:"valueInteger,omitempty"`
		Time      string              `json:"valueTime,omitempty"`
	}
	incidentReference struct {
		Reference string `json:"reference"`
	}
	incidentCarrier struct {
		DI  string `json:"deviceIdentifier,omitempty"`
		HRF string `json:"carrierHRF,omitempty"`
	}
	incidentName struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	incidentNote struct {
		Text string `json:"text"`
	}
	incidentContained struct {
		Type         string              `json:"resourceType"`
		ID           string              `json:"id"`
		Extension    []incidentExtension `json:"extension,omitempty"`
		Carrier      []incidentCarrier   `json:"udiCarrier,omitempty"`
		Manufacturer string              `json:"manufacturer,omitempty"`
		Expiry       string              `json:"expirationDate,omitempty"`
		Lot          string              `json:"lotNumber,omitempty"`
		Serial       string              `json:"serialNumber,omitempty"`
		Names        []incidentName      `json:"deviceName,omitempty"`
		Part         string              `json:"partNumber,omitempty"`
		Note         []incidentNote      `json:"note,omitempty"`
	}
	incidentTag struct {
		System  string `json:"system"`
		Code    string `json:"code"`
		Display string `json:"display"`
	}
	incidentMeta struct {
		Profile []string      `json:"profile"`
		Tag     []incidentTag `json:"tag"`
	}
	incidentText struct {
		Status string `json:"status"`
		Div    string `json:"div"`
	}
	incidentSuspect struct {
		Instance incidentReference `json:"instance"`
	}
	incidentEvent struct {
		Type      string              `json:"resourceType"`
		Meta      incidentMeta        `json:"meta"`
		Text      incidentText        `json:"text"`
		Contained []incidentContained `json:"contained"`
		Extension []incidentExtension `json:"extension"`
		Actuality string              `json:"actuality"`
		Subject   incidentReference   `json:"subject"`
		Date      string              `json:"date,omitempty"`
		Recorded  string              `json:"recordedDate"`
		Location  *incidentReference  `json:"location,omitempty"`
		Recorder  incidentReference   `json:"recorder"`
		Suspects  []incidentSuspect   `json:"suspectEntity"`
	}
)

// Draft is the AdverseEvent of an incident that [Incident.Check] has passed, as JSON. It
// has no patient beyond that there is one.
func (q Incident) Draft(now time.Time, zone *time.Location) ([]byte, error) {
	if zone == nil {
		zone = time.UTC
	}
	code := func(key string) (all []incidentExtension) {
		for _, c := range q.Answers[key] {
			all = append(all, incidentExtension{URL: key, Code: c})
		}
		return all
	}
	text := func(url, v string) []incidentExtension {
		if v = strings.TrimSpace(v); v == "" {
			return nil
		}
		return []incidentExtension{{URL: url, String: v}}
	}
	of := func(name string, parts ...[]incidentExtension) incidentExtension {
		return incidentExtension{URL: lfpse + name + "-5", Extension: slices.Concat(parts...)}
	}
	d := q.Device
	device := incidentContained{Type: "Device", ID: "device1", Manufacturer: d.Maker, Expiry: d.Expiry, Lot: d.Lot, Serial: d.Serial, Part: d.CatalogueNo}
	if d.DI != "" || d.UDI != "" {
		device.Carrier = []incidentCarrier{{d.DI, d.UDI}}
	}
	if d.Name != "" {
		device.Names = []incidentName{{d.Name, "user-friendly-name"}}
	}
	if d.Flag != "" {
		device.Note = []incidentNote{{d.Flag}}
	}
	e := incidentEvent{
		Type: "AdverseEvent",
		Meta: incidentMeta{[]string{lfpse + "patient-safety-adverse-event-5"}, []incidentTag{{"urn:implantrace:draft", "draft", IncidentDraft}}},
		Contained: []incidentContained{
			{Type: "Patient", ID: "patient1", Extension: []incidentExtension{of("patient-information", []incidentExtension{{URL: "PatientSequence", Integer: 1}}, code(incidentPhysical), code(incidentMind))}},
			{Type: "Practitioner", ID: "practitioner1", Extension: []incidentExtension{of("practitioner-details", codeOf("ReporterOrganisation", q.Organisation), code(incidentReporter))}},
			device,
		},
		Actuality: "potential", Subject: incidentReference{"#patient1"}, Recorder: incidentReference{"#practitioner1"},
		Recorded: now.In(zone).Format(time.RFC3339), Suspects: []incidentSuspect{{incidentReference{"#device1"}}},
	}
	if len(e.Contained[1].Extension[0].Extension) == 0 {
		e.Contained[1].Extension = nil
	}
	if q.Used {
		e.Actuality = "actual"
	}
	if q.Organisation != "" {
		e.Contained = append(e.Contained, incidentContained{Type: "Location", ID: "location1",
			Extension: []incidentExtension{of("location-details", codeOf("LocationKnown", yes), codeOf("Organisation", q.Organisation))}})
		e.Location = &incidentReference{"#location1"}
	}
	var when []incidentExtension
	if q.Day != "" {
		today := no
		if q.Day == now.In(zone).Format(time.DateOnly) {
			today = yes
		}
		e.Date = q.Day
		when = append(codeOf("IncidentOccurredToday", today), text("ApproximateDate", q.Day)...)
		if q.Time != "" {
			when = append(when, incidentExtension{URL: "PreciseTime", Time: q.Time + ":00"})
		}
	}
	if when = append(when, code(incidentTime)...); len(when) > 0 {
		e.Extension = append(e.Extension, of("adverse-event-estimated-date", when))
	}
	e.Extension = append(e.Extension, of("adverse-event-agent", codeOf("InvolvedAgents", agentDevices), text("YellowCardReference", q.YellowCard)))
	if outcome := append(text("ImmediateActions", q.Actions), code(incidentOutcome)...); len(outcome) > 0 {
		e.Extension = append(e.Extension, of("adverse-event-outcome", outcome))
	}
	e.Extension = append(e.Extension, of("adverse-event-process", codeOf(IncidentProcess, "6"))) // an intervention
	var problem []incidentExtension
	for _, k := range []string{IncidentInvolvement, "DeviceUsedUnnecessarily", "DeviceInsufficientDetails", IncidentWrong, IncidentBroken} {
		problem = append(problem, code(k)...)
	}
	e.Extension = append(e.Extension, of("adverse-event-problem-devices", problem, text("ProblemDescriptionDevices", q.Told())))
	e.Text = incidentText{"generated", `<div xmlns="http://www.w3.org/1999/xhtml"><p>` + html.EscapeString(IncidentDraft) + "</p><p>" + html.EscapeString(q.Told()) +
		"</p><p>Left to the reviewer: " + html.EscapeString(strings.Join(q.Open(), "; ")) + ".</p></div>"}
	var out bytes.Buffer
	w := json.NewEncoder(&out)
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	if err := w.Encode(e); err != nil {
		return nil, fmt.Errorf("incident: %w", err)
	}
	return out.Bytes(), nil
}

func codeOf(url, v string) []incidentExtension {
	if v == "" {
		return nil
	}
	return []incidentExtension{{URL: url, Code: v}}
}

// Told is the description with the device and what the check said: the taxonomy has
// no element for a UDI, a lot or a serial number.
func (q Incident) Told() string {
	var device []string
	for _, v := range []struct{ name, value string }{
		{"", q.Device.Name}, {"maker", q.Device.Maker}, {"catalogue number", q.Device.CatalogueNo}, {"UDI", cmp.Or(q.Device.UDI, q.Device.DI)},
		{"lot", q.Device.Lot}, {"serial", q.Device.Serial}, {"expiry", q.Device.Expiry}, {"to know", q.Device.Flag},
	} {
		if v.value != "" {
			device = append(device, strings.TrimSpace(v.name+" "+v.value))
		}
	}
	told := strings.TrimSpace(q.Description) + "\nDevice: " + strings.Join(device, ", ") + "."
	if len(q.Reasons) > 0 {
		told += "\nThe check before use said: " + strings.Join(q.Reasons, " ")
	}
	return told
}
