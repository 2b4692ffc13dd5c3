package fhir

import (
	"implantrace/internal/udi"
)

// The profiles that a resource claims where it keeps their rules.
const (
	// UK Core, https://simplifier.net/guide/UK-Core-Implementation-Guide.
	profileUKPatient     = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"
	extensionUKNHSStatus = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"

	// US Core 5.0.1, section 7.1.
	profileUSImplant = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-implantable-device"
)

// notTold is the verification status of an NHS number. UK Core wants one, and the record
// does not know whether anybody has traced the number: it says that there is no
// information (value set UKCore-NHSNumberVerificationStatus).
func notTold() []extension {
	return []extension{{URL: extensionUKNHSStatus, ValueCodeableConcept: &concept{
		Coding: []coding{{System: "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", Code: "NI", Display: "NoInformation"}}}}}
}

// asUSImplant claims US Core's implantable device where its rules are met: one
// carrier, with a device identifier, a type, and a patient. It wants the distinct
// identifier of tissue as well, which is not given here, so ICCBBA's devices are none.
func (r *device) asUSImplant(d udi.Device, m *marks) {
	if len(r.UDICarrier) == 1 && r.UDICarrier[0].DeviceIdentifier != "" && r.Type != nil && r.Patient != nil && r.Patient.Reference != "" && d.Agency != udi.AgencyICCBBA {
		m.profiles = append(m.profiles, profileUSImplant)
	}
}
