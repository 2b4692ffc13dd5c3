package theatre_test

import (
	"testing"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// The codes of one ISBT 128 label make one device, whether they are scanned one by one
// or as one compound message; its donation number stands in the record.
func TestTheCodesOfATissuesLabelAreOneDevice(t *testing.T) {
	whole := udi.Device{Agency: udi.AgencyICCBBA, DI: "A9997XYZ100T0479", DonationID: "A99991712345600", Serial: "000012", Expiry: udi.Date{Day: "2029-01-31", Precision: udi.PrecisionDay}}
	bare := whole
	bare.DI, bare.Serial = "", ""
	for name, c := range map[string]struct {
		scans []string
		want  udi.Device
	}{
		"compound message":      {[]string{"=+04000=/A9997XYZ100T0479=A99991712345600=,000012=>029031"}, whole},
		"concatenated":          {[]string{"=A99991712345600=,000012", "=/A9997XYZ100T0479", "=>029031"}, whole},
		"one by one":            {[]string{"=/A9997XYZ100T0479", "=A99991712345600", "=,000012", "=>029031"}, whole},
		"donation number first": {[]string{"=A99991712345600", "=>029031", "=,000012", "=/A9997XYZ100T0479"}, whole},
		"tissue without a UDI":  {[]string{"=A99991712345600", "=<T0416003", "=>029031"}, bare},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.scan(adaBand)
			b.open()
			for i, text := range c.scans {
				b.scan(text)
				if q := b.state().Asks; i > 0 && (q == nil || q.Kind != "belongs") {
					t.Fatalf("%s: %+v is asked", text, q)
				}
				if i > 0 {
					b.scan("IMT:A:yes")
				}
			}
			b.scan("IMT:A:implanted")
			var there []trace.Usage
			for _, u := range b.state().Procedure.Usages {
				if !u.Usage.Withdrawn {
					there = append(there, u.Usage)
				}
			}
			if len(there) != 1 || there[0].Device != c.want || len(there[0].Carriers) != len(c.scans) {
				t.Fatalf("%+v", there)
			}
		})
	}
}

func TestTissueThatContradictsItselfIsNotJoined(t *testing.T) {
	b := newBench(t)
	b.scan(adaBand)
	b.open()
	b.scan("=A99991712345600")
	b.scan("=G12341765432170") // another donation
	if q := b.state().Asks; q != nil {
		t.Errorf("%+v is asked of two donations", q)
	}
	if a := b.scan("=G12341765432171"); a.Verdict.Level != trace.Stop { // its check value is 70
		t.Errorf("%+v", a.Verdict)
	}
	// Two products that nothing else is known of are two.
	x, y := b.scan("=<T0416003"), b.scan("=<E0416V00")
	if x.Usage == y.Usage {
		t.Error("two product codes are taken for one device")
	}
}
