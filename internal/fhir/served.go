package fhir

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"implantrace/gs1"
	"implantrace/internal/trace"
)

// Resource is one resource as a server answers it: its references are addresses
// within the server ("Patient/..."), and where the record keeps a history it says
// its version.
type Resource struct {
	Type, ID string
	Version  int       // entries about it; 0: not counted
	Updated  time.Time // the last of them; zero: not known
	JSON     json.RawMessage
}

// Served are the types that a server answers.
var Served = []string{"AuditEvent", "Device", "DeviceUseStatement", "Location", "Organization", "Patient", "Practitioner", "Procedure", "Provenance"}

// Exported are those that an export gives unless it is asked for others: who saw what
// is for auditors.
var Exported = Served[1:]

// Of gives the Procedure, and of each usage the Device and, where there is a
// statement to make, the DeviceUseStatement. A Device and its statement have the
// usage's id.
func Of(p trace.ProcedureInFull, o Options) ([]Resource, error) {
	var all []Resource
	b := serving(&all, o)
	subject := b.subject(p)
	b.procedure(p, subject)
	mark(all, p.Procedure.History)
	for _, u := range p.Usages {
		first := len(all)
		b.device(p, u, subject)
		b.use(p, u, subject)
		mark(all[first:], u.Usage.History)
	}
	return all, b.err
}

// PatientOf gives the Patient, with the other records of the same person.
func PatientOf(p trace.Patient, who trace.Identity, links []PatientLink, o Options) (Resource, error) {
	var all []Resource
	b := serving(&all, o)
	b.about, b.links = p.History, links
	b.patient(trace.ProcedureInFull{Procedure: trace.Procedure{Patient: p.ID}, Identity: who})
	if b.err != nil {
		return Resource{}, b.err
	}
	mark(all, p.History)
	return all[0], nil
}

// subject refers to a procedure's patient, and writes nothing.
func (b *writer) subject(p trace.ProcedureInFull) reference {
	if p.Procedure.Patient.IsZero() {
		return reference{Extension: absent("unknown"), Type: "Patient", Display: "patient not recorded"}
	}
	return b.refer("Patient", p.Procedure.Patient)
}

func serving(all *[]Resource, o Options) *writer {
	if o.OPCS4 == "" {
		o.OPCS4 = DefaultOPCS4
	}
	b := &writer{options: o, report: Report{Resources: map[string]int{}, Usages: map[string]int{}}}
	b.served = func(id, kind string, resource any) {
		text, err := encode(resource)
		if err != nil && b.err == nil {
			b.err = err
		}
		*all = append(*all, Resource{Type: kind, ID: id, JSON: text})
	}
	return b
}

func encode(resource any) (json.RawMessage, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(resource)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

func mark(all []Resource, history []trace.Stamp) {
	if len(history) == 0 {
		return
	}
	for i := range all {
		all[i].Version, all[i].Updated = len(history), history[len(history)-1].Recorded
	}
}

// The ids of places and staff hold their codes, so that they can be found by them.
const (
	placeID = "gln-"
	badgeID = "badge-"
	idMost  = 64 // characters, of Resource.id (R4, section 2.24.0.1)
)

// PlaceID is the id of a place's Location; "" where it has none: its code is no
// GLN, or too long.
func PlaceID(p trace.Place) string {
	if _, err := gs1.ParseGLN(p.GLN); err != nil {
		return ""
	}
	id := placeID + p.GLN
	if p.Extension != "" {
		id += "-" + hex.EncodeToString([]byte(p.Extension))
	}
	if len(id) > idMost {
		return ""
	}
	return id
}

// PlaceOf reads [PlaceID]; ok is false for what is none.
func PlaceOf(id string) (p trace.Place, ok bool) {
	rest, is := strings.CutPrefix(id, placeID)
	gln, extension, _ := strings.Cut(rest, "-")
	e, err := hex.DecodeString(extension)
	p = trace.Place{GLN: gln, Extension: string(e)}
	return p, is && err == nil && PlaceID(p) == id
}

// PersonID is the id of the Practitioner who bears a badge; "" where the code is
// empty or too long.
func PersonID(code string) string {
	id := badgeID + hex.EncodeToString([]byte(code))
	if code == "" || len(id) > idMost {
		return ""
	}
	return id
}

// PersonOf reads [PersonID]; ok is false for what is none.
func PersonOf(id string) (code string, ok bool) {
	rest, is := strings.CutPrefix(id, badgeID)
	b, err := hex.DecodeString(rest)
	return string(b), is && err == nil && PersonID(string(b)) == id
}

func (b *writer) servedLocation(p trace.Place, name string) *reference {
	id := PlaceID(p)
	if id == "" {
		if name == "" {
			name = p.GLN
		}
		return &reference{Type: "Location", Display: name}
	}
	return &reference{Reference: "Location/" + id, Display: name}
}

func (b *writer) servedPractitioner(p trace.Person, name string) reference {
	id := PersonID(p.Code)
	if id == "" {
		if name == "" {
			name = "badge with a long code"
		}
		return reference{Type: "Practitioner", Display: name}
	}
	return reference{Reference: "Practitioner/" + id, Display: name}
}

// LocationOf gives the Location of a place that has an id, which belongs to the site
// with an organisation code, where it has one.
func LocationOf(p trace.Place, ods, site string) (Resource, error) {
	var m marks
	b := serving(new([]Resource), Options{})
	r := location{ResourceType: "Location", ID: PlaceID(p), Name: m.text(p.Name), Identifier: []identifier{{System: systemGLN, Value: p.GLN}}}
	if p.Extension != "" {
		r.Description = m.text(extensionWords + p.Extension)
	}
	if site = m.text(site); SiteID(ods) != "" {
		r.Managing = &reference{Reference: "Organization/" + SiteID(ods), Display: site}
	} else if site != "" {
		r.Managing = &reference{Type: "Organization", Display: site}
	}
	r.Meta = b.meta(&m, nil)
	text, err := encode(r)
	return Resource{Type: r.ResourceType, ID: r.ID, JSON: text}, err
}

// PractitionerOf gives the Practitioner of a person whose badge has an id.
func PractitionerOf(p trace.Person) (Resource, error) {
	var m marks
	b := serving(new([]Resource), Options{})
	kind := "staff badge code"
	if _, err := gs1.ParseGSRN(p.Code); err == nil {
		kind = "GSRN of a provider (AI 8017)"
	}
	r := practitioner{ResourceType: "Practitioner", ID: PersonID(p.Code), Identifier: []identifier{{Type: &concept{Text: kind}, Value: m.text(p.Code)}}}
	if name := m.text(p.Name); name != "" {
		r.Name = []humanName{{Text: name}}
	}
	r.Meta = b.meta(&m, nil)
	text, err := encode(r)
	return Resource{Type: r.ResourceType, ID: r.ID, JSON: text}, err
}
