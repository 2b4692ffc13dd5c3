package fhir

import (
	"time"

	"implantrace/internal/trace"
)

type deviceUse struct {
	ResourceType   string       `json:"resourceType"`
	ID             string       `json:"id"`
	Meta           *meta        `json:"meta,omitempty"`
	Identifier     []identifier `json:"identifier,omitempty"`
	Status         string       `json:"status"`
	Subject        reference    `json:"subject"`
	DerivedFrom    []reference  `json:"derivedFrom,omitempty"`
	TimingPeriod   *period      `json:"timingPeriod,omitempty"`
	TimingDateTime string       `json:"timingDateTime,omitempty"`
	RecordedOn     string       `json:"recordedOn,omitempty"`
	Device         reference    `json:"device"`
	ReasonCode     []concept    `json:"reasonCode,omitempty"`
	BodySite       *concept     `json:"bodySite,omitempty"`
	Note           []annotation `json:"note,omitempty"`
}

// use writes the DeviceUseStatement of a device that is or was in the patient.
func (b *writer) use(p trace.ProcedureInFull, u trace.UsageInFull, subject reference) {
	status, ok := useStatus(p.Procedure, u.Usage)
	if !ok {
		return
	}
	m := &marks{}
	id := u.Usage.ID
	r := deviceUse{
		ResourceType: "DeviceUseStatement",
		ID:           id.String(),
		Identifier:   ownIdentifier(id),
		Status:       status,
		Subject:      subject,
		DerivedFrom:  []reference{b.refer("Procedure", p.Procedure.ID)},
		RecordedOn:   dateTime(recordedOn(u.Usage)),
		Device:       b.refer("Device", b.deviceID(id)),
		ReasonCode:   reason(p.Procedure, m),
	}
	tagUsage(u.Usage, m)
	when := p.Procedure.Start
	if when.IsZero() {
		when = u.Usage.Occurred
		r.note("The start of the procedure is not recorded; a time given here is that of the usage.")
	}
	if at := dateTime(when); at != "" && u.Usage.Status == trace.Explanted {
		r.TimingPeriod = &period{End: at}
	} else {
		r.TimingDateTime = at
	}
	if u.Usage.Status == trace.Implanted && !u.Usage.ExplantedBy.IsZero() {
		r.note("Implanted then; taken out in a later procedure.")
	}
	site := m.text(u.Usage.Location)
	side := p.Procedure.Side
	if u.Usage.Side != "" {
		side = u.Usage.Side
	}
	switch side {
	case trace.SideLeft, trace.SideRight:
		if site == "" {
			site = string(side) + " side"
		} else {
			site += ", " + string(side) + " side"
		}
	case trace.SideBilateral:
		r.note("The procedure was on both sides; the side of this device is not recorded apart.")
	}
	if site != "" {
		r.BodySite = &concept{Text: site}
	}
	r.Meta = b.meta(m, u.Usage.History)
	b.entry(id, r.ResourceType, r, false)
}

func (r *deviceUse) note(text string) { r.Note = append(r.Note, annotation{Text: text}) }

// useStatus is the statement's status (value set device-statement-status); ok
// is false where there is no statement to make.
func useStatus(p trace.Procedure, u trace.Usage) (status string, ok bool) {
	switch u.Status {
	case trace.Implanted:
		if status = "active"; u.InPatient() == "was" {
			status = "completed"
		}
	case trace.Explanted, trace.Trial:
		status = "completed"
	default:
		return "", false
	}
	if u.Withdrawn || p.Withdrawn {
		status = "entered-in-error"
	}
	return status, true
}

// recordedOn is when the usage's present status was recorded; for a
// withdrawal, when that was.
func recordedOn(u trace.Usage) time.Time {
	var at time.Time
	for _, s := range u.History {
		if s.Status == u.Status && !u.Withdrawn || s.Withdraw && u.Withdrawn || at.IsZero() {
			at = s.Recorded
		}
	}
	return at
}
