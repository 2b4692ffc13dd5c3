package registry

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// golden compares a file with the one that is kept, and writes that anew with
// -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the file differs from %s (go test -update writes it anew):\n%s", path, got)
	}
}

// Each operation's file: a record with consent and two components of which one has a
// serial number for a lot, one without consent, one on both sides, and one that is
// held back.
func TestJointFilesAreTheGoldenOnes(t *testing.T) {
	for _, section := range JointSections() {
		t.Run(section.Name, func(t *testing.T) {
			named := func(name string) Case {
				c := whole(t, section)
				c.Procedure.ID = id[trace.OfProcedure](section.Name + name)
				c.Usages = []trace.UsageInFull{stem(section.Name+name, trace.Implanted)}
				return c
			}
			two, secret, both, held := named("two"), named("secret"), named("both"), named("held")
			serial := stem(section.Name+"serial", trace.Implanted)
			serial.Usage.Device.Lot, serial.Product.CatalogueNo = "", "=SUM(A1)"
			two.Usages = append(two.Usages, serial, stem(section.Name+"wasted", trace.Wasted))
			secret.Forms[trace.SideLeft].Answers[keyConsent] = "0"
			both.Procedure.Side = trace.SideBilateral
			both.Forms[trace.SideRight] = both.Forms[trace.SideLeft]
			right := stem(section.Name+"right", trace.Implanted)
			both.Usages[0].Usage.Side, right.Usage.Side, right.Usage.Device.Lot = trace.SideLeft, trace.SideRight, "R-1"
			both.Usages = append(both.Usages, right)
			held.Procedure.Start = start.AddDate(0, 0, 1)
			held.Usages[0].Usage.Damaged = true
			file := joints(t, section, two, secret, both, held)
			if n := len(readCSV(t, file)); n != 5 {
				t.Errorf("%d rows", n)
			}
			golden(t, filepath.Join("njr", strings.ReplaceAll(strings.ToLower(section.Name), " ", "-")+".csv"), []byte(file))
		})
	}
}

func TestMDORFileIsTheGoldenOne(t *testing.T) {
	full := Case{ProcedureInFull: hip(), Site: "RXX01", Surgeon: "C1234567", Consultant: "C7654321", Postcode: "AB1 2CD", Traced: true, Location: summer}
	full.Procedure.Code = trace.Code{System: trace.SystemOPCS4, Code: "W37.1", Text: "Primary total prosthetic replacement of hip joint using cement"}
	doubtful := stem("doubtful", trace.Explanted)
	doubtful.Usage.Provenance, doubtful.Usage.Damaged, doubtful.Usage.Device, doubtful.Product = trace.Imported, true, udi.Device{Lot: "=1+1"}, trace.Product{}
	full.Usages = append(full.Usages, doubtful, stem("wasted", trace.Wasted))
	none := Case{ProcedureInFull: hip()}
	none.Procedure.ID, none.Identity, none.Usages = id[trace.OfProcedure]("none"), trace.Identity{Sealed: true}, nil
	var out bytes.Buffer
	if _, err := WriteMDOR(&out, casesOf(nil, full, none)); err != nil {
		t.Fatal(err)
	}
	golden(t, "mdor.csv", out.Bytes())
}

// publishedTables are the data sets as they were published.
const publishedTables = "../../../shared/reference/exports"

type publishedElement struct {
	Section, Group, Mandation, Element, Key, Format string
	Codes                                           [][2]string
}

func publishedSet(t *testing.T, file string) (all []publishedElement) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(publishedTables, file+".json"))
	if os.IsNotExist(err) && os.Getenv("CI") == "" {
		t.Skip("the published tables are not beside this project")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Straight from the published tables to the file: without a mandatory element there
// is no row, without another there is one, each published code is written as it is, and another
// value than a code keeps the record out.
func TestJointFilesHoldToThePublishedTables(t *testing.T) {
	common := publishedSet(t, "njr_common_details")
	seen := map[string]int{}
	for _, section := range JointSections() {
		t.Run(section.Name, func(t *testing.T) {
			published := slices.Clone(common)
			for _, p := range publishedSet(t, strings.ReplaceAll(section.Set, "-", "_")) {
				if strings.HasPrefix(p.Section, section.Name) {
					published = append(published, p)
				}
			}
			elements := section.Elements()
			if len(published) != len(elements) {
				t.Fatalf("%d elements were published, and the file has %d", len(published), len(elements))
			}
			rows := func(change func(*Case)) []map[string]string {
				c := whole(t, section)
				change(&c)
				return readCSV(t, joints(t, section, c))
			}
			for i, p := range published {
				e := elements[i]
				if e.Key != p.Key || e.Group != p.Group {
					t.Fatalf("the element %d is %s, and %s was published", i, e.Key, p.Key)
				}
				seen[p.Mandation]++
				want := map[string]int{"M": 0, "R": 1, "O": 1}[p.Mandation]
				got := rows(func(c *Case) {
					switch p.Key {
					case keyCatalogue:
						c.Usages[0].Product.CatalogueNo, c.Usages[0].Usage.Device.CatalogueNo = "", ""
					case keyLot:
						c.Usages[0].Usage.Device.Lot, c.Usages[0].Usage.Device.Serial = "", ""
					default:
						forget(c, e)
					}
				})
				if len(got) != want {
					t.Errorf("without %s, which is %s: %d rows", p.Key, p.Mandation, len(got))
				}
				codes, asked := 0, p.Key != keyCatalogue && p.Key != keyLot && p.Key != keySide
				for _, code := range p.Codes {
					if code[0] == "YYYY" || !asked {
						continue
					}
					codes++
					got := rows(func(c *Case) { answered(c, e, code[0]) })
					if len(got) != 1 || got[0][AnswerKey(e)] != code[0] {
						t.Errorf("%s: the code %s (%s) gives %d rows", p.Key, code[0], code[1], len(got))
					}
				}
				seen["codes"] += codes
				if codes > 0 && e.Closed() {
					if got := rows(func(c *Case) { answered(c, e, "~") }); len(got) != 0 {
						t.Errorf("%s: a value that is no code is written", p.Key)
					}
				}
				if p.Key == keySide {
					for side, code := range map[trace.Side]string{trace.SideLeft: "L", trace.SideRight: "R"} {
						got := rows(func(c *Case) {
							f := c.Forms[trace.SideLeft]
							c.Procedure.Side, c.Forms = side, map[trace.Side]Form{side: f}
						})
						if len(got) != 1 || got[0][keySide] != code || !slices.ContainsFunc(p.Codes, func(c [2]string) bool { return c[0] == code }) {
							t.Errorf("the %s side is %v", side, got)
						}
					}
				}
			}
		})
	}
	if seen["M"] == 0 || seen["R"] == 0 || seen["O"] == 0 || seen["codes"] < 500 {
		t.Errorf("%v", seen)
	}
	t.Logf("%v", seen)
}

// answered gives an element a value, where the form is asked for it.
func answered(c *Case, e dictionary.Element, v string) {
	forget(c, e)
	c.Forms[trace.SideLeft].Answers[AnswerKey(e)] = v
}

// The same of contract monitoring, whose rows are never kept back: each says what it
// lacks and what is wrong.
func TestDePLCMHoldsToThePublishedTable(t *testing.T) {
	published, elements := publishedSet(t, "devices_plcm"), deplcmElements()
	if len(published) != len(elements) {
		t.Fatalf("%d elements were published, and the file has %d", len(published), len(elements))
	}
	full := map[string]string{}
	for _, e := range elements {
		full[e.Key] = sampleOf(t, e)
	}
	with := func(key, v string) (m, r, i []string) {
		old := full[key]
		defer func() { full[key] = old }()
		full[key] = v
		return deplcmLacks(elements, full)
	}
	codes := 0
	for i, p := range published {
		if elements[i].Key != p.Key {
			t.Fatalf("the element %d is %s, and %s was published", i, elements[i].Key, p.Key)
		}
		m, r, wrong := with(p.Key, "")
		if slices.Contains(m, p.Key) != (p.Mandation == "M") || slices.Contains(r, p.Key) != (p.Mandation == "R") || len(m)+len(r) > 1 || wrong != nil {
			t.Errorf("without %s, which is %s: %v, %v, %v", p.Key, p.Mandation, m, r, wrong)
		}
		for _, code := range p.Codes {
			if code[0] == "YYYY" {
				continue
			}
			codes++
			if m, r, wrong := with(p.Key, code[0]); m != nil || r != nil || wrong != nil {
				t.Errorf("%s: the code %s (%s): %v, %v, %v", p.Key, code[0], code[1], m, r, wrong)
			}
		}
		if _, _, wrong := with(p.Key, "~\x00"); len(wrong) != 1 || !strings.HasPrefix(wrong[0], p.Key+": ") {
			t.Errorf("%s is wrong, and it is said %v", p.Key, wrong)
		}
	}
	if codes == 0 {
		t.Error("no code was published")
	}
}
