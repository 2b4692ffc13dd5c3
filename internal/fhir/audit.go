package fhir

import (
	"strconv"
	"strings"
	"time"

	"implantrace/internal/trace"
)

type auditEvent struct {
	ResourceType   string        `json:"resourceType"`
	ID             string        `json:"id"`
	Type           coding        `json:"type"`
	Subtype        []coding      `json:"subtype,omitempty"`
	Action         string        `json:"action,omitempty"`
	Recorded       string        `json:"recorded"`
	Outcome        string        `json:"outcome,omitempty"`
	PurposeOfEvent []concept     `json:"purposeOfEvent,omitempty"`
	Agent          []auditAgent  `json:"agent"`
	Source         auditSource   `json:"source"`
	Entity         []auditEntity `json:"entity,omitempty"`
}

type auditAgent struct {
	Who       reference `json:"who"`
	Requestor bool      `json:"requestor"`
}

type auditSource struct {
	Site     string    `json:"site,omitempty"`
	Observer reference `json:"observer"`
}

type auditEntity struct {
	What *reference `json:"what,omitempty"`
	Type *coding    `json:"type,omitempty"`
	Role *coding    `json:"role,omitempty"`
	Name string     `json:"name,omitempty"`
}

const (
	systemDICOM      = "http://dicom.nema.org/resources/ontology/DCM"
	systemEntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	systemObjectRole = "http://terminology.hl7.org/CodeSystem/object-role"
)

// Done is what a line of the audit can say that somebody did, in DICOM's words
// (value set audit-event-type) and our own.
type Done struct {
	Code, Display string // of DICOM
	Action        string // value set audit-event-action: C, R, U, D or E
	Failed        bool
	Own           string // what the audit calls it
}

// Audit is a line of the audit.
type Audit struct {
	Position trace.Position
	At       time.Time
	Done     Done
	Who      string          // in words
	Account  trace.AccountID // whose it is; zero: nobody's
	Node     trace.NodeID
	NodeName string
	Via      string
	Detail   string   // what was asked, without names
	Objects  []string // what it was about: "Patient/ID", "Device/ID", or "urn:uuid:ID" where it is no resource here
	Glass    bool     // the glass was broken
	Reason   string   // why
	Whom     string   // the account it was done to, in words
}

// AuditID is the id of the AuditEvent of an entry: its node and its place there.
func AuditID(at trace.Position) string {
	return at.Node.String() + "-" + strconv.FormatUint(at.Seq, 10)
}

// AuditOf reads [AuditID]; ok is false for what is none.
func AuditOf(id string) (at trace.Position, ok bool) {
	node, seq, _ := strings.Cut(id, "-")
	if at.Node.UnmarshalText([]byte(node)) != nil {
		return at, false
	}
	n, err := strconv.ParseUint(seq, 10, 64)
	at.Seq = n
	return at, err == nil && AuditID(at) == id
}

// AuditEventOf gives the AuditEvent.
func AuditEventOf(a Audit) (Resource, error) {
	m := &marks{}
	r := auditEvent{
		ResourceType: "AuditEvent", ID: AuditID(a.Position), Action: a.Done.Action, Recorded: dateTime(a.At), Outcome: "0",
		Type:    coding{System: systemDICOM, Code: a.Done.Code, Display: a.Done.Display},
		Subtype: []coding{{System: "urn:implantrace:audit", Code: a.Done.Own}},
		Source:  auditSource{Observer: reference{Type: "Device", Identifier: &identifier{Value: a.Node.String()}, Display: m.text(a.NodeName)}},
	}
	if a.Done.Failed {
		r.Outcome = "4"
	}
	who := reference{Type: "Practitioner", Display: m.text(a.Who)}
	if !a.Account.IsZero() {
		who.Identifier = &identifier{System: systemURI, Value: urn(a.Account)}
	}
	r.Agent = []auditAgent{{Who: who, Requestor: true}}
	if via := m.text(a.Via); via != "" {
		r.Agent = append(r.Agent, auditAgent{Who: reference{Type: "Device", Display: via}})
	}
	if a.Glass {
		r.PurposeOfEvent = []concept{{Coding: []coding{{System: "http://terminology.hl7.org/CodeSystem/v3-ActReason", Code: "BTG", Display: "break the glass"}}}}
	}
	if reason := m.text(a.Reason); reason != "" {
		if !a.Glass {
			r.PurposeOfEvent = []concept{{}}
		}
		r.PurposeOfEvent[0].Text = reason
	}
	for _, o := range a.Objects {
		e := auditEntity{What: &reference{Reference: o}, Type: &coding{System: systemEntityType, Code: "2", Display: "System Object"}}
		if rest, ok := strings.CutPrefix(o, "urn:uuid:"); ok {
			e.What = &reference{Identifier: &identifier{System: systemURI, Value: "urn:uuid:" + rest}}
		} else if strings.HasPrefix(o, "Patient/") {
			e.Type, e.Role = &coding{System: systemEntityType, Code: "1", Display: "Person"}, &coding{System: systemObjectRole, Code: "1", Display: "Patient"}
		}
		r.Entity = append(r.Entity, e)
	}
	if detail := m.text(a.Detail); detail != "" {
		r.Entity = append(r.Entity, auditEntity{Type: &coding{System: systemEntityType, Code: "2", Display: "System Object"}, Name: detail})
	}
	if whom := m.text(a.Whom); whom != "" {
		r.Entity = append(r.Entity, auditEntity{Type: &coding{System: systemEntityType, Code: "1", Display: "Person"}, Name: whom})
	}
	text, err := encode(r)
	return Resource{Type: r.ResourceType, ID: r.ID, Updated: a.At, JSON: text}, err
}
