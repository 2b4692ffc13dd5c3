package fhir

// Parameter is a search parameter of a server.
type Parameter struct {
	Name string
	Kind string // R4's search-param-type
	Of   string // its definition; "": every resource's, or our own
	Says string // what it looks at here
}

const r4 = "http://hl7.org/fhir/SearchParameter/"

var (
	byID      = Parameter{"_id", "token", r4 + "Resource-id", "The resource's id; one a parameter."}
	byUpdated = Parameter{"_lastUpdated", "date", r4 + "Resource-lastUpdated", "When the last entry about it was recorded."}
)

// Searches says how each type that a server answers is searched for, and what can
// be included with it. Types that are not here are read only.
var Searches = map[string]struct {
	By      []Parameter
	Include []string
}{
	"Patient": {By: []Parameter{byID,
		{"identifier", "token", r4 + "Patient-identifier", "The NHS number, with its system or without."}}},
	"Procedure": {By: []Parameter{byID, byUpdated,
		{"patient", "reference", r4 + "clinical-patient", "The patient, and whoever is recorded to be the same person."},
		{"date", "date", r4 + "clinical-date", "The start."}},
		Include: []string{"Procedure:patient"}},
	"Device": {By: []Parameter{byID, byUpdated,
		{"patient", "reference", r4 + "Device-patient", "The patient of the procedure it was scanned in, whatever became of it."},
		{"udi-di", "string", r4 + "Device-udi-di", "The device identifier, whole and exact."},
		{"udi-carrier", "string", r4 + "Device-udi-carrier", "The UDI as it is printed; every field of it must be the device's."},
		{"lot", "string", "", "The lot or batch number, exact; with udi-di."},
		{"serial", "string", "", "The serial number, exact; with udi-di."}},
		Include: []string{"Device:patient"}},
	"Organization": {By: []Parameter{byID,
		{"identifier", "token", r4 + "Organization-identifier", "The organisation code (ODS) of a site, with its system or without. A Device leads to its maker by an extension."}}},
	"Provenance": {By: []Parameter{byID, byUpdated,
		{"target", "reference", r4 + "Provenance-target", "What was recorded: a Device, DeviceUseStatement, Procedure or Patient."},
		{"recorded", "date", r4 + "Provenance-recorded", "When it was recorded."}}},
	"AuditEvent": {By: []Parameter{byID, byUpdated,
		{"patient", "reference", r4 + "AuditEvent-patient", "Who saw what is recorded of a patient, of whoever is the same person, of their procedures and devices."},
		{"date", "date", r4 + "AuditEvent-date", "When it was recorded."}}},
	"DeviceUseStatement": {By: []Parameter{byID, byUpdated,
		{"patient", "reference", r4 + "DeviceUseStatement-patient", "The patient, and whoever is recorded to be the same person."},
		{"subject", "reference", r4 + "DeviceUseStatement-subject", "As patient."},
		{"device", "reference", r4 + "DeviceUseStatement-device", "The device."}},
		Include: []string{"DeviceUseStatement:device", "DeviceUseStatement:patient", "DeviceUseStatement:subject"}},
}
