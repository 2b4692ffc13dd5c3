package fhir

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"implantrace/internal/trace"
)

// RowsReport says what [Rows] made of a file.
type RowsReport struct {
	Patients, Procedures, Usages, Products int // rows written
	InError                                int // procedures and devices that were withdrawn: left out
	Adrift                                 int // devices that no procedure of the file names: left out
	Others                                 int // resources of other types: passed over
}

// Rows reads a Bundle, or the lines of a bulk export in any order, as this package
// writes them, and writes the rows of an import (docs/import.md): products, patients,
// procedures, usages. Each row's ref is the id that the resource has outside any
// server, so that the same record comes in once, from whichever export.
//
// A barcode is handed on byte for byte, to be read again. Where the export says that
// a barcode differs from what was recorded, the record's values come in and the
// barcode stands in the note: neither is taken for the other.
func Rows(in io.Reader, out io.Writer) (RowsReport, error) {
	f := file{patients: map[string]patient{}, places: map[string]location{}, people: map[string]practitioner{}, devices: map[string]device{}, uses: map[string]deviceUse{}}
	d := json.NewDecoder(in)
	for n := 1; ; n++ {
		var value json.RawMessage
		if err := d.Decode(&value); err == io.EOF {
			break
		} else if err != nil {
			return f.report, fmt.Errorf("resource %d is no JSON: %w", n, err)
		}
		if err := f.take("", value); err != nil {
			return f.report, fmt.Errorf("resource %d: %w", n, err)
		}
	}
	return f.report, f.write(json.NewEncoder(out))
}

// file is what was read.
type file struct {
	report     RowsReport
	patients   map[string]patient // by the references that may point at them
	places     map[string]location
	people     map[string]practitioner
	devices    map[string]device
	uses       map[string]deviceUse // by the reference to their device
	procedures []procedure
}

func (f *file) take(url string, value json.RawMessage) error {
	var head struct {
		ResourceType string `json:"resourceType"`
		ID           string `json:"id"`
		Entry        []struct {
			FullURL  string          `json:"fullUrl"`
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(value, &head); err != nil {
		return err
	}
	if head.ResourceType == "Bundle" {
		for i, e := range head.Entry {
			if err := f.take(e.FullURL, e.Resource); err != nil {
				return fmt.Errorf("entry %d: %w", i+1, err)
			}
		}
		return nil
	}
	if head.ResourceType == "" || head.ID == "" {
		return fmt.Errorf("it is no resource of an export: it has no type or no id")
	}
	refs := []string{head.ResourceType + "/" + head.ID}
	if strings.HasPrefix(url, "urn:") {
		refs = append(refs, url)
	}
	switch head.ResourceType {
	case "Patient":
		return keepAs(f.patients, refs, value)
	case "Location":
		return keepAs(f.places, refs, value)
	case "Practitioner":
		return keepAs(f.people, refs, value)
	case "Device":
		return keepAs(f.devices, refs, value)
	case "DeviceUseStatement":
		var u deviceUse
		err := json.Unmarshal(value, &u)
		f.uses[u.Device.Reference] = u
		return err
	case "Procedure":
		var p procedure
		err := json.Unmarshal(value, &p)
		f.procedures = append(f.procedures, p)
		return err
	}
	f.report.Others++
	return nil
}

func keepAs[T any](in map[string]T, refs []string, value json.RawMessage) error {
	var v T
	err := json.Unmarshal(value, &v)
	for _, r := range refs {
		in[r] = v
	}
	return err
}

// The rows of an import, with the fields that an export fills.
type (
	headRow struct {
		Type string `json:"type"`
		Ref  string `json:"ref"`
	}
	productRow struct {
		headRow
		DI          string `json:"di"`
		Maker       string `json:"maker,omitempty"`
		Brand       string `json:"brand,omitempty"`
		CatalogueNo string `json:"catalogue_no,omitempty"`
		Description string `json:"description,omitempty"`
	}
	patientRow struct {
		headRow
		NHSNumber   string `json:"nhs_number,omitempty"`
		LocalIssuer string `json:"local_issuer,omitempty"`
		LocalNumber string `json:"local_number,omitempty"`
		Family      string `json:"family,omitempty"`
		Given       string `json:"given,omitempty"`
		Birth       string `json:"birth,omitempty"`
	}
	procedureRow struct {
		headRow
		Patient    string         `json:"patient"`
		Code       trace.Code     `json:"code"`
		Side       trace.Side     `json:"side,omitempty"`
		Place      trace.Place    `json:"place,omitzero"`
		People     []trace.Person `json:"people,omitempty"`
		Start      string         `json:"start,omitempty"`
		End        string         `json:"end,omitempty"`
		Indication string         `json:"indication,omitempty"`
	}
	carrierRow struct {
		Text      string `json:"text"`
		Symbology string `json:"symbology,omitempty"`
	}
	usageRow struct {
		headRow
		Procedure    string       `json:"procedure"`
		Carriers     []carrierRow `json:"carriers,omitempty"`
		DI           string       `json:"di,omitempty"`
		Lot          string       `json:"lot,omitempty"`
		Serial       string       `json:"serial,omitempty"`
		Expiry       string       `json:"expiry,omitempty"`
		Manufactured string       `json:"manufactured,omitempty"`
		Status       trace.Status `json:"status,omitempty"`
		Location     string       `json:"location,omitempty"`
		Side         trace.Side   `json:"side,omitempty"`
		Note         string       `json:"note,omitempty"`
	}
)

func (f *file) write(out *json.Encoder) error {
	out.SetEscapeHTML(false)
	known := map[string]bool{} // patients and products that have a row
	claimed := map[string]bool{}
	for _, p := range f.procedures {
		if p.Status == "entered-in-error" {
			f.report.InError++
			for _, d := range devicesOf(p) {
				if !claimed[d.ref] {
					claimed[d.ref] = true
					f.report.InError++
				}
			}
			continue
		}
		who, ok := f.patients[p.Subject.Reference]
		if !ok {
			return fmt.Errorf("the procedure %s is of the patient %q, who is not in the file", p.ID, p.Subject.Reference)
		}
		if !known[who.ID] {
			known[who.ID] = true
			f.report.Patients++
			if err := out.Encode(patientRowOf(who)); err != nil {
				return err
			}
		}
		f.report.Procedures++
		if err := out.Encode(f.procedureRow(p, who)); err != nil {
			return err
		}
		for _, d := range devicesOf(p) {
			is, ok := f.devices[d.ref]
			if !ok || claimed[d.ref] {
				if !ok {
					return fmt.Errorf("the procedure %s names the device %q, which is not in the file", p.ID, d.ref)
				}
				continue
			}
			claimed[d.ref] = true
			if is.Status == "entered-in-error" {
				f.report.InError++
				continue
			}
			row := f.usageRow(p, is, d)
			if product := productRowOf(is, row.DI); row.DI != "" && !known["product "+row.DI] && product != nil {
				known["product "+row.DI] = true
				f.report.Products++
				if err := out.Encode(product); err != nil {
					return err
				}
			}
			f.report.Usages++
			if err := out.Encode(row); err != nil {
				return err
			}
		}
	}
	ids := map[string]bool{}
	for ref, d := range f.devices {
		if !claimed[ref] && !claimed["Device/"+d.ID] && !claimed["urn:uuid:"+d.ID] && !ids[d.ID] {
			ids[d.ID] = true
			f.report.Adrift++
		}
	}
	return nil
}

// named is a device as its procedure names it.
type named struct {
	ref    string
	status trace.Status // "": its own notes say
}

var refInNote = regexp.MustCompile(`\(((?:urn:uuid:|Device/)[0-9a-f-]{36})\)\.$`)

func devicesOf(p procedure) (all []named) {
	for _, d := range p.FocalDevice {
		all = append(all, named{d.Manipulated.Reference, trace.Status(d.Action.Text)})
	}
	for _, r := range p.UsedReference {
		all = append(all, named{r.Reference, trace.Trial})
	}
	for _, n := range p.Note {
		if m := refInNote.FindStringSubmatch(n.Text); m != nil {
			all = append(all, named{ref: m[1]})
		}
	}
	return all
}

// refOf is what a resource is called outside any server.
func refOf(own []identifier, id string) string {
	for _, i := range own {
		if i.System == systemURI {
			return strings.TrimPrefix(i.Value, "urn:uuid:")
		}
	}
	return id
}

func patientRowOf(p patient) patientRow {
	r := patientRow{headRow: headRow{"patient", p.ID}, Birth: p.BirthDate}
	for _, i := range p.Identifier {
		switch {
		case i.System == systemNHSNumber:
			r.NHSNumber = i.Value
		case i.Assigner != nil && i.Assigner.Identifier != nil:
			r.LocalNumber, r.LocalIssuer = i.Value, i.Assigner.Identifier.Value
		}
	}
	if len(p.Name) > 0 {
		r.Family, r.Given = p.Name[0].Family, strings.Join(p.Name[0].Given, " ")
	}
	return r
}

func (f *file) procedureRow(p procedure, who patient) procedureRow {
	r := procedureRow{headRow: headRow{"procedure", refOf(p.Identifier, p.ID)}, Patient: who.ID}
	if p.Code != nil {
		r.Code = codeOf(*p.Code)
	}
	if p.PerformedPeriod != nil {
		r.Start, r.End = p.PerformedPeriod.Start, p.PerformedPeriod.End
	}
	for _, s := range p.BodySite {
		switch s.Text {
		case "left side", "right side":
			r.Side = trace.Side(strings.TrimSuffix(s.Text, " side"))
		case "both sides":
			r.Side = trace.SideBilateral
		}
	}
	if slices.Contains(p.Note, annotation{Text: "Sides do not apply."}) {
		r.Side = trace.SideNone
	}
	if p.Location != nil {
		r.Place.Name = p.Location.Display
		if l, ok := f.places[p.Location.Reference]; ok && len(l.Identifier) > 0 {
			r.Place.GLN = l.Identifier[0].Value
			r.Place.Extension = strings.TrimPrefix(l.Description, extensionWords)
		}
	}
	for _, one := range p.Performer {
		person := trace.Person{Name: one.Actor.Display}
		if one.Function != nil {
			person.Role = one.Function.Text
		}
		if is, ok := f.people[one.Actor.Reference]; ok && len(is.Identifier) > 0 {
			person.Code = is.Identifier[0].Value
		}
		if len(one.Actor.Extension) > 0 {
			person.Name = ""
		}
		if person != (trace.Person{}) {
			r.People = append(r.People, person)
		}
	}
	if len(p.ReasonCode) > 0 {
		r.Indication = p.ReasonCode[0].Text
	}
	return r
}

// codeOf is a code as the record says it.
func codeOf(c concept) trace.Code {
	code := trace.Code{Text: c.Text}
	if len(c.Coding) > 0 {
		code.System, code.Code = "OPCS-4", c.Coding[0].Code
		if c.Coding[0].System == systemSNOMED {
			code.System = "SNOMED CT"
		}
		code.Text = strings.TrimPrefix(strings.TrimPrefix(c.Text, code.Code), " ")
	}
	return code
}

// What a Device's notes say in words that are read back.
const (
	outcomeWords = "Outcome in the procedure: "
	whereWords   = "Place in the body: "
	sideWords    = "Side of the device: "
)

func (f *file) usageRow(p procedure, d device, is named) usageRow {
	r := usageRow{headRow: headRow{"usage", d.ID}, Procedure: refOf(p.Identifier, p.ID), Lot: d.LotNumber, Serial: d.SerialNumber,
		Expiry: d.ExpirationDate, Manufactured: d.ManufactureDate, Status: is.status}
	differs := d.Meta != nil && slices.ContainsFunc(d.Meta.Tag, func(t coding) bool { return t.Code == "reading-differs" })
	var said []string
	for _, c := range d.UDICarrier {
		if r.DI == "" {
			r.DI = c.DeviceIdentifier
		}
		raw, err := base64.StdEncoding.DecodeString(c.CarrierAIDC)
		switch {
		case err != nil || len(raw) == 0:
		case differs:
			said = append(said, c.CarrierHRF)
		default:
			r.Carriers = append(r.Carriers, carrierOf(string(raw)))
		}
	}
	if len(said) > 0 {
		r.Note = "Barcodes that say something else than was recorded: " + strings.Join(said, "; ")
	}
	for _, n := range d.Note {
		if words, ok := strings.CutPrefix(n.Text, outcomeWords); ok && r.Status == "" {
			r.Status = statusOf(strings.TrimSuffix(words, "."))
		}
		if words, ok := strings.CutPrefix(n.Text, whereWords); ok {
			r.Location = strings.TrimSuffix(words, ".")
		}
		if words, ok := strings.CutPrefix(n.Text, sideWords); ok {
			r.Side = trace.Side(strings.TrimSuffix(words, "."))
		}
	}
	if u, ok := f.uses[is.ref]; ok {
		r.within(u, p)
	}
	return r
}

// within takes the place in the body out of a statement, where it stands before the
// side.
func (r *usageRow) within(u deviceUse, p procedure) {
	r.Ref = refOf(u.Identifier, u.ID)
	if u.BodySite == nil {
		return
	}
	site := u.BodySite.Text
	for _, side := range []string{"left side", "right side"} {
		if strings.HasSuffix(site, side) && !slices.ContainsFunc(p.BodySite, func(s concept) bool { return s.Text == side }) {
			r.Side = trace.Side(strings.TrimSuffix(side, " side")) // the device's own
		}
		site = strings.TrimSuffix(strings.TrimSuffix(site, side), ", ")
	}
	r.Location = site
}

func carrierOf(raw string) carrierRow {
	if len(raw) > 3 && raw[0] == ']' {
		return carrierRow{Text: raw[3:], Symbology: raw[:3]}
	}
	return carrierRow{Text: raw}
}

// statusOf reads what a note says of a device that was not used in the patient.
func statusOf(words string) trace.Status {
	words = strings.TrimSuffix(words, ", no outcome recorded")
	for _, s := range []trace.Status{trace.Checked, trace.Opened, trace.NotUsed, trace.Wasted, trace.Returned} {
		if words == s.String() {
			return s
		}
	}
	return ""
}

func productRowOf(d device, di string) any {
	r := productRow{headRow: headRow{"product", "DI " + di}, DI: di, Maker: d.Manufacturer, CatalogueNo: d.ModelNumber}
	for _, n := range d.DeviceName {
		if n.Type == "other" || r.Brand != "" {
			r.Description = n.Name
		} else {
			r.Brand = n.Name
		}
	}
	if r.Maker == "" && r.CatalogueNo == "" && r.Brand == "" && r.Description == "" {
		return nil
	}
	return r
}
