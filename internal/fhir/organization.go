package fhir

import (
	"regexp"
	"strings"

	"implantrace/internal/trace"
)

type organization struct {
	ResourceType string       `json:"resourceType"`
	ID           string       `json:"id"`
	Meta         *meta        `json:"meta,omitempty"`
	Identifier   []identifier `json:"identifier,omitempty"`
	Type         []concept    `json:"type,omitempty"`
	Name         string       `json:"name,omitempty"`
	Address      []address    `json:"address,omitempty"`
}

type address struct {
	Text string `json:"text"`
}

// The ids of organisations say where the record knows them from: a site by its
// organisation code, a maker by a device identifier that it is named for, the hospital
// by the node's own settings.
const (
	siteID  = "ods-"
	makerID = "maker-"

	// HospitalID is the id of the hospital that the node's settings name.
	HospitalID = "hospital"

	// ODSCodes is the identifier system of organisation codes.
	ODSCodes = systemODS

	// extensionMaker leads from a Device to the Organization of its maker, which R4
	// names by a text alone.
	extensionMaker = "urn:implantrace:maker"
)

var (
	odsCode = regexp.MustCompile(`^[A-Z0-9]{3,12}$`)
	idSafe  = regexp.MustCompile(`^[A-Za-z0-9.-]{1,50}$`)
)

// SiteID is the id of the site that has an organisation code; "" for what is none.
func SiteID(ods string) string {
	if !odsCode.MatchString(ods) {
		return ""
	}
	return siteID + ods
}

// SiteOf reads [SiteID].
func SiteOf(id string) (ods string, ok bool) {
	ods, is := strings.CutPrefix(id, siteID)
	return ods, is && SiteID(ods) == id
}

// MakerID is the id of the maker that the product list names for a device identifier; ""
// for one that cannot stand in an id.
func MakerID(di string) string {
	if !idSafe.MatchString(di) {
		return ""
	}
	return makerID + di
}

// MakerOf reads [MakerID].
func MakerOf(id string) (di string, ok bool) {
	di, is := strings.CutPrefix(id, makerID)
	return di, is && MakerID(di) == id
}

// SiteOrganization is a site with an organisation code.
func SiteOrganization(ods, name string) (Resource, error) {
	var m marks
	return organized(organization{ID: SiteID(ods), Identifier: []identifier{{System: systemODS, Value: ods}}, Type: provider, Name: m.text(name)}, m)
}

// MakerOrganization is the maker of what a device identifier stands for.
func MakerOrganization(di string, p trace.Product) (Resource, error) {
	var m marks
	r := organization{ID: MakerID(di), Type: []concept{{Text: "maker of medical devices"}}, Name: m.text(p.Maker)}
	if at := m.text(p.MakerAddress); at != "" {
		r.Address = []address{{at}}
	}
	return organized(r, m)
}

// HospitalOrganization is the hospital that the node's settings name.
func HospitalOrganization(name, where string) (Resource, error) {
	var m marks
	r := organization{ID: HospitalID, Type: provider, Name: m.text(name)}
	if at := m.text(where); at != "" {
		r.Address = []address{{at}}
	}
	return organized(r, m)
}

var provider = []concept{{Coding: []coding{{System: "http://terminology.hl7.org/CodeSystem/organization-type", Code: "prov", Display: "Healthcare Provider"}}}}

func organized(r organization, m marks) (Resource, error) {
	b := serving(new([]Resource), Options{})
	r.ResourceType, r.Meta = "Organization", b.meta(&m, nil)
	text, err := encode(r)
	return Resource{Type: r.ResourceType, ID: r.ID, JSON: text}, err
}

// madeBy leads to the maker's Organization, on a server.
func (b *writer) madeBy(di string, p trace.Product, m *marks) []extension {
	name := m.text(p.Maker)
	if b.served == nil || name == "" || MakerID(di) == "" {
		return nil
	}
	return []extension{{URL: extensionMaker, ValueReference: &reference{Reference: "Organization/" + MakerID(di), Display: name}}}
}
