package dictionary

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"implantrace/internal/bounds"
)

// tables are the dictionary's own, as they were published.
const tables = "../../../../shared/reference/exports"

var files = map[string]string{
	"njr-common": "njr_common_details", "njr-hip": "njr_hip", "njr-knee": "njr_knee", "njr-ankle": "njr_ankle",
	"njr-elbow": "njr_elbow", "njr-shoulder": "njr_shoulder", "deplcm": "devices_plcm",
}

type published struct {
	Section, Group, Mandation, Element, Key, Format string
	Codes                                           [][2]string
}

func read(t *testing.T, id string) []published {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(tables, files[id]+".json"))
	if os.IsNotExist(err) && os.Getenv("CI") == "" {
		t.Skip("the published tables are not beside this project")
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []published
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Every element of every set says what was published, takes every published code
// and, where the codes are all there is, nothing else.
func TestElementsAreThePublishedOnes(t *testing.T) {
	if len(Sets()) != len(files) {
		t.Errorf("%d sets, and %d were published", len(Sets()), len(files))
	}
	for id := range files {
		set, ok := Set(id)
		if !ok {
			t.Fatalf("there is no set %s", id)
		}
		all := read(t, id)
		if len(set.Elements) != len(all) {
			t.Fatalf("%s: %d elements, and %d were published", id, len(set.Elements), len(all))
		}
		for i, p := range all {
			e := set.Elements[i]
			if string(e.Mandation) != p.Mandation || e.Key != p.Key || e.Format != p.Format || e.Name != strings.TrimSpace(p.Element) ||
				e.Group != p.Group || !strings.HasPrefix(p.Section, e.Section) {
				t.Errorf("%s: %+v, and %+v was published", id, e, p)
			}
			for _, c := range p.Codes {
				if c[0] == yearOnly {
					if e.Check("1998") != nil || e.Check("YYYY") == nil || e.Check("19") == nil {
						t.Errorf("%s %s: a year alone is taken wrongly", id, p.Key)
					}
					continue
				}
				if err := e.Check(c[0]); err != nil {
					t.Errorf("%s %s: the code %s is refused: %v", id, p.Key, c[0], err)
				}
				if e.Meaning(c[0]) != strings.Join(strings.Fields(c[1]), " ") {
					t.Errorf("%s %s: %s means %q", id, p.Key, c[0], e.Meaning(c[0]))
				}
				if len(c[0]) > 9 || !e.Closed() {
					continue
				}
				for _, wrong := range []string{c[0] + "0", "0" + c[0], " " + c[0], strings.ToLower(c[0]) + "x"} {
					known := slices.ContainsFunc(p.Codes, func(c [2]string) bool { return c[0] == wrong })
					if err := e.Check(wrong); (err == nil) != known {
						t.Errorf("%s %s: %q is judged %v", id, p.Key, wrong, err)
					}
				}
			}
			if !e.Closed() {
				if err := e.Check(strings.Repeat("9", 4001)); err == nil {
					t.Errorf("%s %s (%s): 4001 digits are taken", id, p.Key, p.Format)
				}
			}
			if strings.Contains(e.Check("Ä"+strings.Repeat("ß", 10)+"\x00").Error(), "not known here") {
				t.Errorf("%s %s: the format %s is not known", id, p.Key, p.Format)
			}
		}
	}
}

func TestKeysAreUniqueWithinASection(t *testing.T) {
	for _, set := range Sets() {
		seen := map[string]bool{}
		for _, e := range set.Elements {
			k := e.Section + "\x00" + e.Key
			if seen[k] {
				t.Errorf("%s: %s stands twice in %s", set.ID, e.Key, e.Section)
			}
			seen[k] = true
			if got, ok := set.Element(e.Section, e.Key); !ok || got.Name != e.Name {
				t.Errorf("%s: %s is not found", set.ID, e.Key)
			}
		}
	}
}

func TestHintsAreWords(t *testing.T) {
	for _, set := range Sets() {
		for _, e := range set.Elements {
			if hint := e.Hint(); e.Closed() != (hint == "") || hint == e.Format {
				t.Errorf("%s %s (%s): %q", set.ID, e.Key, e.Format, hint)
			}
		}
	}
	if h := (Element{Format: "n1.max n2"}).Hint(); h != "A number with a point: 1 before it, at most 2 behind" {
		t.Error(h)
	}
}

func TestCheckHoldsFormats(t *testing.T) {
	for format, values := range map[string][2][]string{
		"an1":                      {{"1", "A"}, {"", "12"}},
		"an6":                      {{"201718"}, {"20171", "2017189"}},
		"max an5":                  {{"1", "12345", "ÄÖÜ"}, {"123456"}},
		"min an5 max an9":          {{"RXX01", "123456789"}, {"RXX0", "1234567890"}},
		"n10":                      {{"1234567890"}, {"123456789", "123456789X", "12345678901"}},
		"max n3":                   {{"1", "999"}, {"1000", "1.5", "-1"}},
		"n1.max n2":                {{"1.7", "1.75", "2"}, {"1.755", "17.5", "1.", ".7", "1,7"}},
		"max n3.max n3":            {{"80", "80.5", "101.125"}, {"1000.1", "1.1234", "x"}},
		"n2.n1":                    {{"24.5"}, {"24", "24.55", "4.5"}},
		"max n18.max n8":           {{"1250.00", "0.5"}, {"1,250.00", strings.Repeat("1", 19)}},
		"an10 CCYY-MM-DD":          {{"2026-02-28"}, {"2026-02-30", "28/02/2026", "2026-2-28"}},
		"an19 YYYY-MM-DDThh:mm:ss": {{"2026-02-28T23:59:59"}, {"2026-02-28 23:59:59", "2026-02-28T24:00:01"}},
		"See POSTCODE":             {{"AB1 2CD", "EC1A 1BB", "M1 1AE"}, {"AB12CD", "ab1 2cd", "AB1  2CD", "1AB 2CD"}},
		"See CONSULTANT CODE":      {{"C1234567", "CD123456"}, {"1234567", "C123456", "c1234567"}},
	} {
		e := Element{Format: format}
		for _, v := range values[0] {
			if err := e.Check(v); err != nil {
				t.Errorf("%s: %q is refused: %v", format, v, err)
			}
		}
		for _, v := range values[1] {
			if v != "" && e.Check(v) == nil {
				t.Errorf("%s: %q is taken", format, v)
			}
		}
	}
	nhs := Element{Key: "nhs_number", Format: "n10"}
	if nhs.Check("9990000018") != nil || nhs.Check("9990000019") == nil {
		t.Error("the check digit of an NHS number is not held")
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("2026-02-28")
	f.Add("\xff")
	f.Add("1.75")
	f.Fuzz(func(t *testing.T, value string) {
		bounds.Hold(t, func() {
			for _, set := range Sets() {
				for _, e := range set.Elements {
					if err := e.Check(value); err == nil && e.Format == "an1" && value != "" && utf8.RuneCountInString(value) != 1 && e.Meaning(value) == "" {
						t.Errorf("%s takes %q", e.Key, value)
					}
				}
			}
		})
	})
}
