package fhir

import (
	"reflect"
	"testing"

	"implantrace/internal/trace"
)

func TestJurisdiction(t *testing.T) {
	const fda, eu = "http://hl7.org/fhir/NamingSystem/fda-udi", "http://hl7.org/fhir/NamingSystem/eu-ec-udi"
	const stem = "010952014000103917290131" + "1090M4"
	for _, c := range []struct {
		name   string
		scans  []string
		listed []trace.Authority
		want   []string // of each carrier in order: b barcode, d device identifier, and its jurisdiction
	}{
		{"in no authority's database", []string{stem}, nil, []string{"bd"}},
		{"in one", []string{stem}, []trace.Authority{trace.AuthorityFDA}, []string{"bd" + fda}},
		{"in the other", []string{stem}, []trace.Authority{trace.AuthorityEU}, []string{"bd" + eu}},
		{"in one, on two barcodes of which one has the identifier", []string{"0109520140001039", "1729013110AB1"}, []trace.Authority{trace.AuthorityFDA}, []string{"bd" + fda, "b"}},
		{"in both: the barcode is of neither for sure", []string{stem}, []trace.Authority{trace.AuthorityEU, trace.AuthorityFDA}, []string{"bd", "d" + eu, "d" + fda}},
		{"without an identifier", []string{"1090M4"}, []trace.Authority{trace.AuthorityEU, trace.AuthorityFDA}, []string{"b"}},
		{"an authority that this version does not know", []string{stem}, []trace.Authority{"mars"}, []string{"bd"}},
		{"two of which this version knows one", []string{stem}, []trace.Authority{trace.AuthorityFDA, "mars"}, []string{"bd", "d" + fda}},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := usage(trace.Procedure{}, trace.Identity{}, "u", trace.Implanted, c.scans...)
			var got []string
			for _, k := range carriers(u.Usage, c.listed, &marks{}) {
				s := ""
				if k.CarrierAIDC != "" {
					s += "b"
				}
				if k.DeviceIdentifier != "" {
					s += "d"
					if k.Issuer != issuerGS1 {
						t.Errorf("issuer %q", k.Issuer)
					}
				}
				got = append(got, s+k.Jurisdiction)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
