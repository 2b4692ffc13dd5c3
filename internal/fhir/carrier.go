package fhir

import (
	"encoding/base64"
	"slices"
	"strings"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

type udiCarrier struct {
	DeviceIdentifier string `json:"deviceIdentifier,omitempty"`
	Issuer           string `json:"issuer,omitempty"`
	Jurisdiction     string `json:"jurisdiction,omitempty"`
	CarrierAIDC      string `json:"carrierAIDC,omitempty"`
	CarrierHRF       string `json:"carrierHRF,omitempty"`
	EntryType        string `json:"entryType,omitempty"`
}

// jurisdictions name the authorities in R4 (Device.udiCarrier.jurisdiction).
var jurisdictions = map[trace.Authority]string{
	trace.AuthorityFDA: "http://hl7.org/fhir/NamingSystem/fda-udi",
	trace.AuthorityEU:  "http://hl7.org/fhir/NamingSystem/eu-ec-udi",
}

// carriers are the barcodes of a usage, and under whose rules its UDI stands as far as
// the product list knows; see the package comment.
func carriers(u trace.Usage, listed []trace.Authority, m *marks) []udiCarrier {
	all := scanned(u, m)
	if len(listed) == 1 {
		for i := range all {
			if all[i].DeviceIdentifier != "" {
				all[i].Jurisdiction = jurisdictions[listed[0]]
			}
		}
		return all
	}
	// Listed by several: which of them the barcode was made under nobody knows.
	if i := slices.IndexFunc(all, func(c udiCarrier) bool { return c.DeviceIdentifier != "" }); i >= 0 {
		for _, a := range listed {
			if jurisdictions[a] == "" {
				continue // a later version's
			}
			all = append(all, udiCarrier{DeviceIdentifier: all[i].DeviceIdentifier, Issuer: all[i].Issuer, Jurisdiction: jurisdictions[a]})
		}
	}
	return all
}

// scanned are the barcodes of a usage; of one without, its UDI as it is recorded.
func scanned(u trace.Usage, m *marks) []udiCarrier {
	var with, without []udiCarrier // the record's DI
	seen := map[string]bool{}
	for _, c := range u.Carriers {
		raw := scanData(c)
		if raw == "" || seen[raw] {
			continue
		}
		seen[raw] = true
		meant := udi.Understand(raw, u.Occurred)
		said := meant.Device
		one := udiCarrier{
			CarrierAIDC: base64.StdEncoding.EncodeToString([]byte(raw)),
			EntryType:   entryType(c.Source, u.Provenance),
		}
		if hrf := meant.HRF(); hrf != "" {
			one.CarrierHRF = m.text(hrf)
		}
		if differs(said, u.Device) {
			m.add("reading-differs", "a barcode of the pack says something else than the record")
		}
		if said.DI != "" && said.DI == u.Device.DI {
			one.DeviceIdentifier, one.Issuer = m.text(said.DI), issuer(u.Device)
			with = append(with, one)
		} else {
			without = append(without, one)
		}
	}
	if len(with) == 0 && (u.Device.DI != "" || len(without) == 0) {
		plain := udiCarrier{DeviceIdentifier: m.text(u.Device.DI), CarrierHRF: m.text(u.Device.HRF()), EntryType: entryType("", u.Provenance)}
		if plain.DeviceIdentifier != "" {
			plain.Issuer = issuer(u.Device)
		}
		if len(without) > 0 && plain.EntryType == "barcode" {
			plain.EntryType = "unknown" // no barcode here says this DI
		}
		if plain.DeviceIdentifier != "" || plain.CarrierHRF != "" {
			with = append(with, plain)
		}
	}
	return append(with, without...)
}

// scanData is a reading with its AIM identifier (ISO/IEC 15424), which a
// handheld leaves in the text and a picture's decoder says beside it.
func scanData(c trace.Carrier) string {
	if len(c.Symbology) == 3 && c.Symbology[0] == ']' && !strings.HasPrefix(c.Text, "]") && c.Text != "" {
		return c.Symbology + c.Text
	}
	return c.Text
}

// entryType says how a carrier's data came in (value set udi-entry-type):
// by its source where that is known, otherwise by the usage's provenance.
func entryType(source string, p trace.Provenance) string {
	switch source {
	case "serial", "picture", "camera", "wedge", "recording":
		return "barcode"
	case "typed":
		return "manual"
	case "":
		switch p {
		case trace.Scanned:
			return "barcode"
		case trace.Typed:
			return "manual"
		}
	}
	return "unknown"
}

func issuer(d udi.Device) string {
	switch d.Agency {
	case udi.AgencyGS1:
		return issuerGS1
	case udi.AgencyHIBCC:
		return issuerHIBCC
	case udi.AgencyICCBBA:
		if d.Container() {
			return issuerBlood
		}
		return issuerICCBBA
	}
	return ""
}

// differs reports whether a barcode says another value than the record does.
func differs(said, recorded udi.Device) bool {
	for _, v := range [][2]string{
		{said.DI, recorded.DI},
		{said.Lot, recorded.Lot},
		{said.Serial, recorded.Serial},
		{said.Expiry.String(), recorded.Expiry.String()},
		{said.Manufactured.String(), recorded.Manufactured.String()},
	} {
		if v[0] != "" && v[0] != v[1] {
			return true
		}
	}
	return false
}
