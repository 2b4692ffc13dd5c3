package gs1

import (
	"errors"
	"testing"
)

func TestKeys(t *testing.T) {
	gtin := func(s string) (string, error) { k, err := ParseGTIN(s); return string(k), err }
	gln := func(s string) (string, error) { k, err := ParseGLN(s); return string(k), err }
	gsrn := func(s string) (string, error) { k, err := ParseGSRN(s); return string(k), err }
	sscc := func(s string) (string, error) { k, err := ParseSSCC(s); return string(k), err }
	tests := []struct {
		name  string
		parse func(string) (string, error)
		text  string
		want  string
		err   error
	}{
		{"GTIN", gtin, "95050003", "00000095050003", nil},
		{"GTIN", gtin, "614141000036", "00614141000036", nil},
		{"GTIN", gtin, "9506000134352", "09506000134352", nil},
		{"GTIN", gtin, "09506000134352", "09506000134352", nil},
		{"GTIN", gtin, "09506000134353", "", ErrCheckDigit},
		{"GTIN", gtin, "0950600013435", "", ErrCheckDigit},
		{"GTIN", gtin, "95060001343", "", ErrLength},
		{"GTIN", gtin, "", "", ErrLength},
		{"GTIN", gtin, "0950600013435A", "", ErrDigits},
		{"GTIN", gtin, " 9506000134352", "", ErrDigits},
		{"GTIN", gtin, "9506000134352\n", "", ErrDigits},
		{"GLN", gln, "9506000134352", "9506000134352", nil},
		{"GLN", gln, "09506000134352", "", ErrLength},
		{"GLN", gln, "9506000134353", "", ErrCheckDigit},
		{"GSRN", gsrn, "950600013435000011", "950600013435000011", nil},
		{"GSRN", gsrn, "950600013435000012", "", ErrCheckDigit},
		{"GSRN", gsrn, "95060001343500001", "", ErrLength},
		{"SSCC", sscc, "123456789012345675", "123456789012345675", nil},
		{"SSCC", sscc, "123456789012345670", "", ErrCheckDigit},
		{"SSCC", sscc, "12345678901234567X", "", ErrDigits},
	}
	for _, tt := range tests {
		got, err := tt.parse(tt.text)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s %q: %q, %v, want %q, %v", tt.name, tt.text, got, err, tt.want, tt.err)
		}
		if tt.err != nil {
			var e *KeyError
			if !errors.As(err, &e) || e.Key != tt.name || e.Text != tt.text {
				t.Errorf("%s %q: error %#v", tt.name, tt.text, err)
			}
		}
	}
	_, err := ParseGTIN("09506000134353")
	if got := err.Error(); got != `gs1: GTIN "09506000134353": wrong check digit` {
		t.Errorf("error text %s", got)
	}
}

func TestCheckDigit(t *testing.T) {
	for body, want := range map[string]byte{"0950600013435": '2', "9505000": '3', "61414100003": '6', "12345678901234567": '5', "0": '0'} {
		if got, err := CheckDigit(body); got != want || err != nil {
			t.Errorf("%s: %c, %v, want %c", body, got, err, want)
		}
	}
	for _, body := range []string{"", "12A", " 1"} {
		if _, err := CheckDigit(body); !errors.Is(err, ErrDigits) {
			t.Errorf("%q: %v", body, err)
		}
	}
}
