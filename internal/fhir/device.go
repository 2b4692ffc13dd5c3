package fhir

import (
	"strings"

	"implantrace/gs1"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

type device struct {
	ResourceType    string       `json:"resourceType"`
	ID              string       `json:"id"`
	Meta            *meta        `json:"meta,omitempty"`
	Extension       []extension  `json:"extension,omitempty"`
	Identifier      []identifier `json:"identifier,omitempty"`
	UDICarrier      []udiCarrier `json:"udiCarrier,omitempty"`
	Status          string       `json:"status"`
	Manufacturer    string       `json:"manufacturer,omitempty"`
	ManufactureDate string       `json:"manufactureDate,omitempty"`
	ExpirationDate  string       `json:"expirationDate,omitempty"`
	LotNumber       string       `json:"lotNumber,omitempty"`
	SerialNumber    string       `json:"serialNumber,omitempty"`
	DeviceName      []deviceName `json:"deviceName,omitempty"`
	ModelNumber     string       `json:"modelNumber,omitempty"`
	Type            *concept     `json:"type,omitempty"`
	Patient         *reference   `json:"patient,omitempty"`
	Note            []annotation `json:"note,omitempty"`
}

type deviceName struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type deviceKey struct{}

// deviceID is the id of a usage's Device: on a server the usage's own, so that it
// can be found by it.
func (b *writer) deviceID(u trace.UsageID) [16]byte {
	if b.served != nil {
		return u
	}
	return trace.DeriveID[deviceKey](u, "fhir Device")
}

func (b *writer) device(p trace.ProcedureInFull, u trace.UsageInFull, subject reference) {
	m := &marks{}
	id := b.deviceID(u.Usage.ID)
	d := u.Usage.Device
	r := device{
		ResourceType:    "Device",
		ID:              idOf(id),
		Identifier:      ownIdentifier(trace.DeriveID[deviceKey](u.Usage.ID, "fhir Device")),
		Status:          deviceStatus(p.Procedure, u.Usage),
		Manufacturer:    m.text(u.Product.Maker),
		ManufactureDate: m.date(d.Manufactured.String()),
		ExpirationDate:  m.date(d.Expiry.String()),
		LotNumber:       m.text(d.Lot),
		SerialNumber:    m.text(d.Serial),
		ModelNumber:     m.text(u.Product.CatalogueNo),
	}
	r.Extension = b.madeBy(d.DI, u.Product, m)
	r.UDICarrier = carriers(u.Usage, u.Product.Authorities, m)
	r.names(u.Product, m)
	if label := m.text(d.CatalogueNo); label != "" {
		if r.ModelNumber != "" && r.ModelNumber != label {
			r.note("The product list has another catalogue number than the label: " + r.ModelNumber + ".")
		}
		r.ModelNumber = label
	}
	if live := !u.Usage.Withdrawn && !p.Procedure.Withdrawn; live && (u.Usage.Status == trace.Implanted || u.Usage.Status == trace.Explanted) {
		r.Patient = &subject
	}
	r.Type = deviceType(u.Product, m)
	r.asUSImplant(d, m)
	r.remarks(p.Procedure, u, m)
	r.Meta = b.meta(m, u.Usage.History)
	b.entry(id, r.ResourceType, r, false)
}

func (r *device) note(text string) { r.Note = append(r.Note, annotation{Text: text}) }

func (r *device) names(p trace.Product, m *marks) {
	brand, description := m.text(p.Brand), m.text(p.Description)
	if brand != "" {
		r.DeviceName = append(r.DeviceName, deviceName{Name: brand, Type: "user-friendly-name"})
	}
	if description != "" && description != brand {
		kind := "other"
		if brand == "" {
			kind = "user-friendly-name"
		}
		r.DeviceName = append(r.DeviceName, deviceName{Name: description, Type: kind})
	}
}

// deviceType is what kind of thing the device is, in the words of the product list; the
// record has no codes for it.
func deviceType(p trace.Product, m *marks) *concept {
	for _, words := range []string{p.Description, string(p.Attributes.Kind)} {
		if text := m.text(words); text != "" {
			return &concept{Text: text}
		}
	}
	return nil
}

// remarks says what a reader of the values must know about them.
func (r *device) remarks(p trace.Procedure, u trace.UsageInFull, m *marks) {
	is := u.Usage
	switch {
	case is.Withdrawn || p.Withdrawn:
		r.note("Withdrawn: recorded in error.")
	case is.Status != trace.Implanted && is.Status != trace.Explanted:
		r.note(outcomeWords + outcome(is.Status, m) + ".")
	}
	if _, ok := useStatus(p, is); !ok { // no statement says it
		if where := m.text(is.Location); where != "" {
			r.note(whereWords + where + ".")
		}
		if side := m.text(string(is.Side)); side != "" {
			r.note(sideWords + side + ".")
		}
	}
	tagUsage(is, m)
	if is.Device.Agency == udi.AgencyGS1 && is.Device.DI != "" {
		if _, err := gs1.ParseGTIN(is.Device.DI); err != nil {
			m.add("check-digit", "an identifier fails its check")
		}
	}
	if u.Product.Withdrawn {
		r.note("The product's entry in the product list was withdrawn.")
	}
	for _, x := range []struct{ label, value string }{
		{"Best before", is.Device.BestBefore.String()},
		{"Quantity on the label", is.Device.Quantity},
		{"Variant", is.Device.Variant},
	} {
		if v := m.text(x.value); v != "" {
			r.note(x.label + ": " + v + ".")
		}
	}
	for _, t := range m.tags {
		r.note(strings.ToUpper(t.Display[:1]) + t.Display[1:] + ".")
	}
}

// tagUsage marks what was wrong when a usage was recorded.
func tagUsage(u trace.Usage, m *marks) {
	if u.Damaged {
		m.add("damaged-reading", "the reading was damaged: a value may be wrong or missing")
	}
	if u.Provenance == trace.Imported {
		m.add("imported-unverified", "imported from another system, unverified")
	}
	if u.Override {
		m.add("override", "used in spite of a warning or a stop")
	}
	if corrected(u.History) {
		m.add("corrected", "a later entry put an earlier one right")
	}
}

// deviceStatus is the Device's status (value set device-status).
func deviceStatus(p trace.Procedure, u trace.Usage) string {
	if u.Withdrawn || p.Withdrawn {
		return "entered-in-error"
	}
	switch u.Status {
	case trace.Implanted:
		if u.InPatient() == "was" {
			return "inactive" // taken out since
		}
		return "active" // "for implanted devices this means that the device is implanted in the patient"
	case trace.Explanted, trace.Trial, trace.NotUsed, trace.Wasted:
		return "inactive"
	}
	return "unknown"
}

// deviceLabel names a device in a sentence.
func deviceLabel(u trace.UsageInFull, m *marks) string {
	s := m.text(u.Product.Brand)
	if hrf := m.text(u.Usage.Device.HRF()); hrf != "" {
		if s != "" {
			s += " "
		}
		s += hrf
	}
	if s == "" {
		return "A device without an identifier"
	}
	return s
}
