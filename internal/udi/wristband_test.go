package udi_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/udi"
)

func TestWristbands(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     udi.Wristband
		damaged  bool
		codes    []string
	}{
		{"NHS number", "]d28018505089899900000183", udi.Wristband{NHSNumber: "9990000018"}, false, nil},
		{"from the dictionary's examples", "8018505089894347659192", udi.Wristband{NHSNumber: "9434765919"}, false, nil},
		{"another of them", "8018505089894493055527", udi.Wristband{NHSNumber: "9449305552"}, false, nil},
		{"all fields", "]d28018505089899900000183\x1d91RJC,949724,5055230300006,\x1d93JORDAN,Dwayne,29-Nov-1949,",
			udi.Wristband{NHSNumber: "9990000018", LocalIssuer: "RJC", LocalNumber: "949724", Family: "JORDAN", Given: "Dwayne", Birth: "1949-11-29"}, false, nil},
		// A real one, as printed: the GSRN's check digit ought to be 0.
		{"a wrong check digit leaves the hospital's number", "8018505089810096905383\x1d91RJC,949724,50552303,\x1d93JORDAN,Dwayne,29-Nov-1949,",
			udi.Wristband{LocalIssuer: "RJC", LocalNumber: "949724", Family: "JORDAN", Given: "Dwayne", Birth: "1949-11-29"}, true, []string{"check-digit"}},
		{"a wrong check digit and nothing else", "8018505089899900000184", udi.Wristband{}, true, []string{"check-digit", udi.CodeNoIdentifier}},
		{"a right check digit over a wrong NHS number", "8018505089899900000190", udi.Wristband{}, true, []string{udi.CodeNHSNumber, udi.CodeNoIdentifier}},
		{"another company's number", "8018406325500000000018", udi.Wristband{}, true, []string{udi.CodeNotNHS, udi.CodeNoIdentifier}},
		{"another company's number, and the hospital's", "8018406325500000000018\x1d91RJC,949724", udi.Wristband{LocalIssuer: "RJC", LocalNumber: "949724"}, false, []string{udi.CodeNotNHS}},
		{"the hospital's number only", "]d291RJC,949724,5055230300006\x1d93JORDAN,Dwayne,29-Nov-1949",
			udi.Wristband{LocalIssuer: "RJC", LocalNumber: "949724", Family: "JORDAN", Given: "Dwayne", Birth: "1949-11-29"}, false, nil},
		{"two NHS numbers: neither", "8018505089899900000183\x1d8018505089899900000268", udi.Wristband{}, true, []string{"repeated-ai", udi.CodeNoIdentifier}},
		{"a lost separator behind the number", "801850508989990000018391RJC,949724", udi.Wristband{}, true, []string{"missing-separator", udi.CodeNoIdentifier}},
		{"a space in a name is noted and no fault", "8018505089899900000183\x1d93VAN DYK,Mary Ann,01-Jan-1980",
			udi.Wristband{NHSNumber: "9990000018", Family: "VAN DYK", Given: "Mary Ann", Birth: "1980-01-01"}, false, []string{"charset"}},
		{"an accent in a name", "8018505089899900000183\x1d93Zoë,Renée,01-Jan-1980",
			udi.Wristband{NHSNumber: "9990000018", Family: "Zoë", Given: "Renée", Birth: "1980-01-01"}, false, []string{"charset"}},
		{"a name in no known encoding is left out", "8018505089899900000183\x1d93Zo\xeb,Rene,01-Jan-1980", udi.Wristband{NHSNumber: "9990000018"}, false, []string{"charset"}},
		{"a name without a comma is left out", "8018505089899900000183\x1d93JORDAN", udi.Wristband{NHSNumber: "9990000018"}, false, nil},
		{"a date of birth in another form is left out", "8018505089899900000183\x1d93JORDAN,Dwayne,1949-11-29",
			udi.Wristband{NHSNumber: "9990000018", Family: "JORDAN", Given: "Dwayne"}, false, nil},
		{"a hospital's fields in another form are left out", "8018505089899900000183\x1d91RJC;949724", udi.Wristband{NHSNumber: "9990000018"}, false, nil},
		{"a hospital's number with a strange character is left out", "8018505089899900000183\x1d91RJC,94 97", udi.Wristband{NHSNumber: "9990000018"}, false, []string{"charset"}},
		{"a local number too long", "8018505089899900000183\x1d91RJC,123456789012345678901", udi.Wristband{NHSNumber: "9990000018"}, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := udi.Understand(c.in, now)
			if m.Kind != udi.KindPatient || m.Patient != c.want || m.Damaged() != c.damaged {
				t.Errorf("kind %s, damaged %v, %+v", m.Kind, m.Damaged(), m.Patient)
			}
			var codes []string
			for _, i := range m.Issues {
				codes = append(codes, i.Code)
				if i.Offset < 0 || i.Offset+i.Length > len(c.in) {
					t.Errorf("issue outside the reading: %+v", i)
				}
			}
			if fmt.Sprint(codes) != fmt.Sprint(c.codes) {
				t.Errorf("issues %v, want %v", codes, c.codes)
			}
			if !m.Device.IsZero() {
				t.Errorf("device %+v", m.Device)
			}
		})
	}
}

func TestAnIssueOfAWristbandPointsAtItsNumberBehindFraming(t *testing.T) {
	const in = "\x02]d28018505089899900000190\r\n"
	m := udi.Understand(in, now)
	i, ok := issue(m, udi.CodeNHSNumber)
	if !ok || in[i.Offset:i.Offset+i.Length] != "505089899900000190" || i.AI != "8018" {
		t.Errorf("%+v", i)
	}
}

// The GSRN's digit and the NHS number's own: one slip in the eighteen digits,
// or two neighbours exchanged within the NHS number, never gives a number.
func TestWristbandChecksBothDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := drawNHSNumber(t)
		good := "5050898" + string(n)
		good += string('0' + checkDigit(good))
		if m := udi.Understand("8018"+good, now); m.Patient.NHSNumber != n || m.Damaged() {
			t.Fatalf("%s: %+v", good, m)
		}
		b := []byte(good)
		if rapid.Bool().Draw(t, "exchange") {
			i := rapid.IntRange(7, 15).Draw(t, "place")
			if b[i] == b[i+1] {
				t.Skip("equal neighbours")
			}
			b[i], b[i+1] = b[i+1], b[i]
		} else {
			i := rapid.IntRange(0, 17).Draw(t, "place")
			b[i] = '0' + (b[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		}
		if m := udi.Understand("8018"+string(b), now); m.Patient.NHSNumber != "" || m.Kind != udi.KindPatient || !m.Damaged() {
			t.Fatalf("%s with one slip, %s: %+v", good, b, m)
		}
	})
}

// checkDigit is GS1's modulus 10 over all of s.
func checkDigit(s string) byte {
	sum := 0
	for i := range len(s) {
		weight := 1
		if (len(s)-i)%2 == 1 {
			weight = 3
		}
		sum += int(s[i]-'0') * weight
	}
	return byte((10 - sum%10) % 10)
}
