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
	grai := func(s string) (string, error) { k, err := ParseGRAI(s); return string(k), err }
	giai := func(s string) (string, error) { k, err := ParseGIAI(s); return string(k), err }
	gdti := func(s string) (string, error) { k, err := ParseGDTI(s); return string(k), err }
	gmn := func(s string) (string, error) { k, err := ParseGMN(s); return string(k), err }
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
		{"GRAI", grai, "09506000134352", "09506000134352", nil},
		{"GRAI", grai, "09506000134352A/1-2345678901234", "", ErrLength},
		{"GRAI", grai, "09506000134352A/1-234567890123", "09506000134352A/1-234567890123", nil},
		{"GRAI", grai, "9506000134352", "", ErrLength},
		{"GRAI", grai, "", "", ErrLength},
		{"GRAI", grai, "19506000134352", "", ErrKeyForm},
		{"GRAI", grai, "09506000134353A", "", ErrCheckDigit},
		{"GRAI", grai, "0950600013435A", "", ErrCharacter},
		{"GRAI", grai, "09506000134352~", "", ErrCharacter},
		{"GIAI", giai, "950A-1", "", ErrCompanyPrefix},
		{"GIAI", giai, "95060A-1", "95060A-1", nil},
		{"GIAI", giai, "9506", "9506", nil},
		{"GIAI", giai, "950", "", ErrCompanyPrefix},
		{"GIAI", giai, "", "", ErrLength},
		{"GIAI", giai, "9506789012345678901234567890123", "", ErrLength},
		{"GIAI", giai, "9506 1", "", ErrCharacter},
		{"GDTI", gdti, "9506000134352", "9506000134352", nil},
		{"GDTI", gdti, "9506000134352DOC-1", "9506000134352DOC-1", nil},
		{"GDTI", gdti, "9506000134353DOC-1", "", ErrCheckDigit},
		{"GDTI", gdti, "950600013435", "", ErrLength},
		{"GDTI", gdti, "950600013435212345678901234567X", "", ErrLength},
		{"GDTI", gdti, "95060001343A2", "", ErrCharacter},
		{"GMN", gmn, "1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310c2K", nil},
		{"GMN", gmn, "1987654Ad4X4bL5ttr2310cK2", "", ErrCheckPair},
		{"GMN", gmn, "1987654Ad4X4bL5ttr2310c", "", ErrCheckPair},
		{"GMN", gmn, "A", "", ErrCheckPair},
		{"GMN", gmn, "", "", ErrLength},
		{"GMN", gmn, "1987654Ad4X4bL5ttr2310c2K2", "", ErrLength},
		{"GMN", gmn, "1987654Ad4X4bL5 tr2310c2K", "", ErrCharacter},
		{"GMN", gmn, "123456786989922", "123456786989922", nil}, // digits only
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

func TestPartsOfKeys(t *testing.T) {
	if g, err := ParseGRAI("09506000134352A1"); err != nil || g.AssetType() != "9506000134352" || g.Serial() != "A1" {
		t.Errorf("GRAI %s %s, %v", g.AssetType(), g.Serial(), err)
	}
	if g, err := ParseGRAI("09506000134352"); err != nil || g.Serial() != "" {
		t.Errorf("GRAI %s, %v", g.Serial(), err)
	}
	if g, err := ParseGDTI("9506000134352DOC-1"); err != nil || g.DocumentType() != "9506000134352" || g.Serial() != "DOC-1" {
		t.Errorf("GDTI %s %s, %v", g.DocumentType(), g.Serial(), err)
	}
}

func TestShortGTIN(t *testing.T) {
	for _, s := range []string{"95050003", "614141000036", "9506000134352", "19506000134359"} {
		g, err := ParseGTIN(s)
		if err != nil || g.Short() != s {
			t.Errorf("%s: %s, %v", s, g.Short(), err)
		}
	}
}

func TestCheckPair(t *testing.T) {
	for body, want := range map[string]string{"1987654Ad4X4bL5ttr2310c": "2K", "12345_abcdefghijklm": "N3", `12345_!"%&'()*+,-./`: "LC", "!": "22"} {
		if got, err := CheckPair(body); got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", body, got, err, want)
		}
	}
	for body, want := range map[string]error{"": ErrLength, "123456789012345678901234": ErrLength, "12 4": ErrCharacter, "é": ErrCharacter} {
		if got, err := CheckPair(body); got != "" || !errors.Is(err, want) {
			t.Errorf("%q: %s, %v, want %v", body, got, err, want)
		}
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
