package fhir

import (
	"strconv"
	"strings"

	"implantrace/internal/trace"
)

type provenance struct {
	ResourceType     string            `json:"resourceType"`
	ID               string            `json:"id"`
	Meta             *meta             `json:"meta,omitempty"`
	Target           []reference       `json:"target"`
	OccurredDateTime string            `json:"occurredDateTime,omitempty"`
	Recorded         string            `json:"recorded"`
	Activity         *concept          `json:"activity,omitempty"`
	Agent            []provenanceAgent `json:"agent"`
	Entity           []provenanceOf    `json:"entity,omitempty"`
}

type provenanceAgent struct {
	Type *concept  `json:"type,omitempty"`
	Who  reference `json:"who"`
}

type provenanceOf struct {
	Role string    `json:"role"`
	What reference `json:"what"`
}

const (
	systemOperation   = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
	systemParticipant = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
)

// ProvenanceID is the id of the Provenance that says who recorded one entry about a
// thing: the thing's id, the entry's node and its place there. "" where that is too
// long for an id.
func ProvenanceID(of [16]byte, at trace.Position) string {
	id := idOf(of) + "-" + at.Node.String() + "-" + strconv.FormatUint(at.Seq, 10)
	if len(id) > idMost {
		return ""
	}
	return id
}

// ProvenanceOf reads [ProvenanceID]; ok is false for what is none.
func ProvenanceOf(id string) (of [16]byte, at trace.Position, ok bool) {
	const uuid = 36
	if len(id) <= uuid {
		return of, at, false
	}
	parsed, err := trace.ParseID[trace.OfEvent](id[:uuid])
	node, seq, _ := strings.Cut(strings.TrimPrefix(id[uuid:], "-"), "-")
	if err != nil || at.Node.UnmarshalText([]byte(node)) != nil {
		return of, at, false
	}
	if at.Seq, err = strconv.ParseUint(seq, 10, 64); err != nil {
		return of, at, false
	}
	return parsed, at, ProvenanceID(parsed, at) == id
}

// Targets are the resources that entries about a usage speak of.
func Targets(p trace.Procedure, u trace.Usage) []string {
	all := []string{"Device/" + u.ID.String()}
	if _, ok := useStatus(p, u); ok {
		all = append(all, "DeviceUseStatement/"+u.ID.String())
	}
	return all
}

// Provenances say of each entry about a thing who recorded it, when, and whether it
// was recorded first, again, put right or withdrawn: one for each, in their order.
// account names who had signed in.
func Provenances(of [16]byte, targets []string, history []trace.Stamp, account func(trace.Actor) string) ([]Resource, error) {
	var all []Resource
	b := serving(&all, Options{})
	for i, s := range history {
		id := ProvenanceID(of, s.Position)
		if id == "" {
			continue
		}
		m := &marks{}
		r := provenance{ResourceType: "Provenance", ID: id, OccurredDateTime: dateTime(s.Occurred), Recorded: dateTime(s.Recorded), Activity: activity(i, s)}
		for _, t := range targets {
			r.Target = append(r.Target, reference{Reference: t})
		}
		r.Agent = b.agents(s.By, account, m)
		if !s.Corrects.IsZero() {
			r.Entity = []provenanceOf{{Role: "revision", What: reference{Identifier: &identifier{System: systemURI, Value: urn(s.Corrects)}, Display: "the entry that was put right"}}}
		}
		if s.Provenance == trace.Imported {
			m.add("imported-unverified", "imported from another system, unverified")
		}
		r.Meta = b.meta(m, nil)
		text, err := encode(r)
		if err != nil {
			return nil, err
		}
		all = append(all, Resource{Type: r.ResourceType, ID: id, Updated: s.Recorded, JSON: text})
	}
	return all, nil
}

// activity says what an entry did; the words tell how it came in.
func activity(i int, s trace.Stamp) *concept {
	code, words := "UPDATE", "added to"
	switch {
	case s.Withdraw:
		code, words = "NULLIFY", "withdrawn: recorded in error"
	case !s.Corrects.IsZero():
		words = "put right"
	case i == 0:
		code, words = "CREATE", "recorded"
	}
	if s.Status != "" {
		words += ", " + s.Status.String()
	}
	if s.Provenance != "" {
		words += ", " + string(s.Provenance)
	}
	return &concept{Coding: []coding{{System: systemOperation, Code: code}}, Text: words}
}

// agents are the person, where one is known, and what the entry came in by.
func (b *writer) agents(by trace.Actor, account func(trace.Actor) string, m *marks) []provenanceAgent {
	as := func(code string) *concept { return &concept{Coding: []coding{{System: systemParticipant, Code: code}}} }
	var all []provenanceAgent
	name, code := m.text(by.Name), m.text(by.Code)
	switch {
	case code != "":
		all = append(all, provenanceAgent{as("enterer"), b.servedPractitioner(trace.Person{Code: by.Code}, name)})
	case name != "":
		all = append(all, provenanceAgent{as("enterer"), reference{Type: "Practitioner", Display: name}})
	case !by.Account.IsZero():
		all = append(all, provenanceAgent{as("enterer"), reference{Type: "Practitioner", Identifier: &identifier{System: systemURI, Value: urn(by.Account)}, Display: m.text(account(by))}})
	}
	if by.Unconfirmed {
		if len(all) == 0 {
			all = append(all, provenanceAgent{as("enterer"), reference{Extension: absent("unknown"), Type: "Practitioner"}})
		}
		all[0].Who.Display = strings.TrimSpace(all[0].Who.Display + " (not confirmed: the theatre machine was not signed in)")
	}
	via := m.text(by.Via)
	if via == "" {
		via = "the node"
	}
	return append(all, provenanceAgent{as("assembler"), reference{Type: "Device", Display: via}})
}
