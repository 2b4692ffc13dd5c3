package fhir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"html"
	"strings"
	"time"

	"implantrace/internal/trace"
)

// Document is what a document says: of one procedure, or of all that a record holds of
// one patient.
type Document struct {
	Procedures []trace.ProcedureInFull
	// Patient is whom a document of a patient is of; its procedures may stand under
	// others who are the same person. Zero: a document of one procedure.
	Patient  trace.PatientID
	Identity trace.Identity // of Patient
	At       time.Time
	Node     string // the name of the node that makes it
	Hospital string // whose it is; "": not said
	Where    string
}

type composition struct {
	ResourceType string      `json:"resourceType"`
	ID           string      `json:"id"`
	Status       string      `json:"status"`
	Type         concept     `json:"type"`
	Subject      reference   `json:"subject"`
	Date         string      `json:"date"`
	Author       []reference `json:"author"`
	Title        string      `json:"title"`
	Custodian    *reference  `json:"custodian,omitempty"`
	Event        []event     `json:"event,omitempty"`
	Section      []section   `json:"section"`
}

type event struct {
	Period *period     `json:"period,omitempty"`
	Detail []reference `json:"detail,omitempty"`
}

type section struct {
	Title string      `json:"title"`
	Code  *concept    `json:"code,omitempty"`
	Text  narrative   `json:"text"`
	Entry []reference `json:"entry,omitempty"`
}

type narrative struct {
	Status string `json:"status"`
	Div    string `json:"div"`
}

const systemLOINC = "http://loinc.org"

type compositionID struct{}

// Bundle is the document as a Bundle of type document: a Composition first, then all
// that it points at. Its section of medical devices is that of the International Patient
// Summary (LOINC 46264-8): a DeviceUseStatement for each device that is or was in the
// patient. What was opened and not used, and what was recorded in error, stands apart,
// so that nobody takes it for an implant.
func (d Document) Bundle(o Options) ([]byte, error) {
	if o.OPCS4 == "" {
		o.OPCS4 = DefaultOPCS4
	}
	var out bytes.Buffer
	b := &writer{
		out: bufio.NewWriter(&out), options: o, seen: map[[16]byte]bool{}, begun: true,
		report: Report{Resources: map[string]int{}, Usages: map[string]int{}},
	}
	of := d.Patient.String()
	if d.Patient.IsZero() && len(d.Procedures) > 0 {
		of = d.Procedures[0].Procedure.ID.String()
	}
	id := trace.NamedID[compositionID]("fhir document", of+" "+dateTime(d.At))
	head, err := encode(struct {
		ResourceType string     `json:"resourceType"`
		Identifier   identifier `json:"identifier"`
		Type         string     `json:"type"`
		Timestamp    string     `json:"timestamp"`
	}{"Bundle", identifier{System: systemURI, Value: urn(trace.DeriveID[compositionID](id, "bundle"))}, "document", dateTime(d.At)})
	if err != nil {
		return nil, err
	}
	b.text(strings.TrimSuffix(string(head), "}"))
	c := d.composition(b, id)
	b.entry(id, c.ResourceType, c, false)
	if !d.Patient.IsZero() {
		b.patient(trace.ProcedureInFull{Procedure: trace.Procedure{Patient: d.Patient}, Identity: d.Identity})
	}
	for _, p := range d.Procedures {
		b.write(p)
	}
	if d.Hospital != "" {
		r, err := HospitalOrganization(d.Hospital, d.Where)
		if err != nil {
			return nil, err
		}
		b.entry(custodian(id), r.Type, r.JSON, false)
	}
	b.text("\n]}\n")
	if b.err == nil {
		b.err = b.out.Flush()
	}
	return out.Bytes(), b.err
}

func custodian(id trace.ID[compositionID]) [16]byte {
	return trace.DeriveID[compositionID](id, "hospital")
}

func (d Document) composition(b *writer, id trace.ID[compositionID]) composition {
	m := &marks{}
	c := composition{
		ResourceType: "Composition", ID: id.String(), Status: "final", Date: dateTime(d.At), Title: "Medical devices of a procedure",
		Type:   concept{Coding: []coding{{System: systemLOINC, Code: "28570-0", Display: "Procedure note"}}, Text: "Medical devices of a procedure"},
		Author: []reference{{Type: "Device", Display: strings.TrimSpace("implantrace " + m.text(d.Node))}},
	}
	if d.Hospital != "" {
		c.Custodian = &reference{Reference: urn(custodian(id)), Display: m.text(d.Hospital)}
	}
	if d.Patient.IsZero() {
		is := d.Procedures[0].Procedure
		c.Subject = b.subject(d.Procedures[0])
		c.Event = []event{{Detail: []reference{b.refer("Procedure", is.ID)}}}
	} else {
		c.Subject = b.refer("Patient", d.Patient)
		c.Title = "Medical devices of a patient"
		c.Type = concept{Coding: []coding{{System: systemLOINC, Code: "46264-8", Display: "History of medical device use"}}, Text: c.Title}
	}
	procedures := section{Title: "Procedures", Code: &concept{Coding: []coding{{System: systemLOINC, Code: "47519-4", Display: "History of Procedures Document"}}}}
	used := section{Title: "Medical devices", Code: &concept{Coding: []coding{{System: systemLOINC, Code: "46264-8", Display: "History of medical device use"}}}}
	apart := section{Title: "Devices that are not in the patient, or of which the record does not say what became of them"}
	wrong := section{Title: "Recorded in error"}
	var done, in, out, taken []string
	for _, p := range d.Procedures {
		is := p.Procedure
		said := strings.Join(nonEmpty(day(is.Start), m.text(is.Code.String()), m.text(string(is.Side)), m.text(is.Place.Name)), ", ")
		if said == "" {
			said = "A procedure of which the record says nothing more"
		}
		if is.Withdrawn {
			wrong.Entry = append(wrong.Entry, b.refer("Procedure", is.ID))
			taken = append(taken, said)
		} else {
			procedures.Entry = append(procedures.Entry, b.refer("Procedure", is.ID))
			done = append(done, said)
		}
		for _, u := range p.Usages {
			_, stated := useStatus(is, u.Usage)
			device := b.refer("Device", b.deviceID(u.Usage.ID))
			line := strings.Join(nonEmpty(m.text(u.Product.Maker), deviceLabel(u, m), m.text(u.Product.Description), m.text(u.Usage.Location), outcome(u.Usage.Status, m), day(is.Start)), ", ")
			switch {
			case u.Usage.Withdrawn || is.Withdrawn:
				if stated {
					wrong.Entry = append(wrong.Entry, reference{Reference: urn(u.Usage.ID)})
				}
				wrong.Entry = append(wrong.Entry, device)
				taken = append(taken, line)
			case stated:
				used.Entry = append(used.Entry, reference{Reference: urn(u.Usage.ID)})
				in = append(in, line)
			default:
				apart.Entry = append(apart.Entry, device)
				out = append(out, line)
			}
		}
	}
	procedures.Text = listed(done, "This record holds no procedure of this patient.")
	used.Text = listed(in, "This record holds no device that is or was in this patient.")
	c.Section = []section{used, procedures}
	if len(out) > 0 {
		apart.Text = listed(out, "")
		c.Section = append(c.Section, apart)
	}
	if len(taken) > 0 {
		wrong.Text = listed(taken, "")
		c.Section = append(c.Section, wrong)
	}
	return c
}

// day is a day of the world's time zone, as the resources give it.
func day(t time.Time) string {
	if s := dateTime(t); s != "" {
		return s[:len(time.DateOnly)]
	}
	return ""
}

// listed is what a section says to a person.
func listed(lines []string, none string) narrative {
	var b strings.Builder
	b.WriteString(`<div xmlns="http://www.w3.org/1999/xhtml">`)
	if len(lines) == 0 {
		b.WriteString("<p>" + html.EscapeString(none) + "</p>")
	} else {
		b.WriteString("<ul>")
		for _, l := range lines {
			b.WriteString("<li>" + html.EscapeString(l) + "</li>")
		}
		b.WriteString("</ul>")
	}
	b.WriteString("</div>")
	return narrative{"generated", b.String()}
}

func nonEmpty(all ...string) (some []string) {
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}

// DocumentOperation is the id of the OperationDefinition of $document.
const DocumentOperation = "device-document"

// DocumentDefinition says what $document is, to a program.
func DocumentDefinition(base string) (json.RawMessage, error) {
	type object = map[string]any
	return encode(object{
		"resourceType": "OperationDefinition", "id": DocumentOperation, "url": base + "/OperationDefinition/" + DocumentOperation, "name": "DeviceDocument",
		"title": "Medical devices as a document", "status": "active", "kind": "operation", "affectsState": false, "code": "document",
		"resource": []string{"Patient", "Procedure"}, "system": false, "type": false, "instance": true,
		"description": "Of a Procedure: its devices. Of a Patient: the devices of all procedures that the record holds of the patient, and of whoever is recorded to be the same person.",
		"parameter":   []object{{"name": "return", "use": "out", "min": 1, "max": "1", "type": "Bundle", "documentation": "A Bundle of type document."}},
	})
}
