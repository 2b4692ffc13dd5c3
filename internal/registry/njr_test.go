package registry

import (
	"bytes"
	"encoding/csv"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// sample is a value that an element takes.
func sample(t *testing.T, e dictionary.Element) string {
	t.Helper()
	if e.Closed() {
		return e.Codes[0].Value
	}
	for _, v := range []string{"1", "C1234567", "2026-06-30", "24.5", "1.75", "AB1 2CD", "RXX01", "9990000018", "2026-06-30T10:00:00", "80.5", "123456", "12345678", "123456789012"} {
		if e.Check(v) == nil {
			return v
		}
	}
	t.Fatalf("no value for %s (%s)", e.Key, e.Format)
	return ""
}

// whole is a procedure of one section of which everything is told.
func whole(t *testing.T, section JointSection) Case {
	t.Helper()
	c := Case{ProcedureInFull: hip(), Site: "RXX01", Surgeon: "C1234567", Consultant: "C7654321", Postcode: "AB1 2CD", Location: summer, Forms: map[trace.Side]Form{}}
	answers := map[string]string{}
	for _, e := range section.Elements() {
		answers[AnswerKey(e)] = sample(t, e)
	}
	answers[keyConsent] = consented
	for k := range answers {
		if strings.HasPrefix(k, "bone_graft_indicator__") || strings.HasPrefix(k, "rotator_cuff_repaired_indicator__") {
			answers[k] = "1"
		}
	}
	c.Forms[trace.SideLeft] = Form{section.Name, answers}
	return c
}

func problems(r JointRecord) (all []string) {
	for _, p := range r.Problems {
		all = append(all, strings.TrimSpace(AnswerKey(p.Element)+" "+string(p.State)+" "+string(p.Fix)+" "+p.Why))
	}
	return all
}

// Every element of every operation: without a mandatory one the record is kept
// back, without another it is not, and what the element does not take keeps it
// back always.
func TestEveryElementIsEnforced(t *testing.T) {
	if n := len(JointSections()); n != 10 {
		t.Fatalf("%d operations", n)
	}
	for _, section := range JointSections() {
		t.Run(section.Name, func(t *testing.T) {
			c := whole(t, section)
			if r := c.Records()[0]; r.Held() || len(c.Records()) != 1 {
				t.Fatalf("what is whole is kept back: %q", problems(r))
			}
			for _, e := range section.Elements() {
				if e.Key == keyCatalogue || e.Key == keyLot {
					continue
				}
				i := slices.IndexFunc(c.Records()[0].Items, func(i Item) bool { return AnswerKey(i.Element) == AnswerKey(e) && i.Element.Group == e.Group })
				if i < 0 {
					t.Fatalf("%s is in no record", e.Key)
				}
				without := whole(t, section)
				if !forget(&without, e) {
					t.Fatalf("%s cannot be taken out", e.Key)
				}
				switch item := without.Records()[0].Items[i]; {
				case item.State != Absent || item.Why == "":
					t.Errorf("without %s: %+v", e.Key, item)
				case item.Fails() != (e.Mandation == dictionary.Mandatory):
					t.Errorf("without %s, which is %s: fails %v", e.Key, e.Mandation, item.Fails())
				}
				if item := c.Records()[0].Items[i]; !item.Asked {
					continue
				}
				wrong := whole(t, section)
				wrong.Forms[trace.SideLeft].Answers[AnswerKey(e)] = strings.Repeat("~", 5000)
				if item := wrong.Records()[0].Items[i]; item.State != Incorrect || !item.Fails() || item.Why == "" {
					t.Errorf("%s is wrong: %+v", e.Key, item)
				}
			}
		})
	}
}

// forget takes an element's value out of the record or the answers.
func forget(c *Case, e dictionary.Element) bool {
	delete(c.Forms[trace.SideLeft].Answers, AnswerKey(e))
	if e.Key == keySite && e.Group != groupOperation {
		return true
	}
	switch e.Key {
	case keyConsent:
		return true
	case keyGiven:
		c.Identity.Given = ""
	case keyFamily:
		c.Identity.Family = ""
	case keyLocal:
		c.Identity.LocalNumber = ""
	case keyBirth:
		c.Identity.Birth = ""
	case keyNHS:
		c.Identity.NHSNumber = ""
	case keyPostcode:
		c.Postcode = ""
	case keySite:
		c.Site = ""
	case keyDate:
		c.Procedure.Start = time.Time{}
	case keyConsultant:
		c.Consultant = ""
	case keySurgeon:
		c.Surgeon = ""
	case keySide:
		f := c.Forms[trace.SideLeft]
		c.Procedure.Side, c.Forms = trace.SideNone, map[trace.Side]Form{"": f}
	}
	return true
}

func TestRecordsOfJoints(t *testing.T) {
	primary, _ := SectionNamed("HIP PRIMARY")
	for name, tt := range map[string]struct {
		change func(*Case)
		want   []string // problems of the first record, "" for none
	}{
		"whole": {func(*Case) {}, nil},
		"nobody has answered": {func(c *Case) { c.Forms = nil },
			[]string{"absent form Nobody has said which joint was operated on, and whether it was the first time."}},
		"a lot is missing": {func(c *Case) { c.Usages[0].Usage.Device.Lot, c.Usages[0].Usage.Device.Serial = "", "" },
			[]string{keyLot + " absent procedure Neither a lot nor a serial number is recorded of Stem Alpha."}},
		"the catalogue does not know it": {func(c *Case) { c.Usages[0].Product = trace.Product{} },
			[]string{keyCatalogue + " absent catalogue Neither the label nor the catalogue gives a catalogue number of 09506000134352."}},
		"no outcome": {func(c *Case) { c.Usages[0].Usage.Status = trace.Opened },
			[]string{"absent procedure Nobody has recorded what became of Stem Alpha.", "absent procedure No device is recorded as implanted."}},
		"damaged": {func(c *Case) { c.Usages[0].Usage.Damaged = true },
			[]string{"invalid procedure The code of Stem Alpha was damaged, and what was recorded may be wrong. Compare it with the label and put it right."}},
		"devices of a knee": {func(c *Case) { c.Usages[0].Product.Attributes.Kind = trace.KindTibial },
			[]string{"invalid form The devices are of another joint: Knee, primary. Choose that operation, or put the devices right."}},
		"withdrawn, and another": {func(c *Case) {
			u := stem("second", trace.Implanted)
			u.Usage.Withdrawn, u.Usage.Device.Lot, u.Usage.Device.Serial = true, "", ""
			c.Usages = append(c.Usages, u)
		}, nil},
		"wasted without a lot": {func(c *Case) {
			u := stem("second", trace.Wasted)
			u.Usage.Device = udi.Device{}
			c.Usages = append(c.Usages, u)
		}, nil},
		"not consented": {func(c *Case) {
			c.Forms[trace.SideLeft].Answers[keyConsent] = "0"
			c.Identity = trace.Identity{}
		}, nil},
		"the NHS number is wrong": {func(c *Case) { c.Identity.NHSNumber = "9990000019" },
			[]string{keyNHS + " invalid patient It is no NHS number: its check digit does not hold."}},
	} {
		t.Run(name, func(t *testing.T) {
			c := whole(t, primary)
			tt.change(&c)
			if got := problems(c.Records()[0]); !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestConsentDecidesWhoIsNamed(t *testing.T) {
	section, _ := SectionNamed("KNEE PRIMARY")
	c := whole(t, section)
	c.Forms[trace.SideLeft].Answers[keyConsent] = "2"
	file := joints(t, section, c)
	for _, v := range []string{"Testcase", "Ada", "9990000018", "1951-02-28", "AB1 2CD", "L1"} {
		if strings.Contains(file, ","+v+",") {
			t.Errorf("without consent the file says %q", v)
		}
	}
	c.Forms[trace.SideLeft].Answers[keyConsent] = consented
	if file := joints(t, section, c); !strings.Contains(file, "Testcase") || !strings.Contains(file, "9990000018") {
		t.Error("with consent the file names nobody")
	}
}

// joints writes cases as one section's file.
func joints(t *testing.T, section JointSection, cases ...Case) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := WriteJoints(&out, section, casesOf(nil, cases...)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func casesOf(last error, cases ...Case) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		for _, c := range cases {
			if !yield(c, nil) {
				return
			}
		}
		if last != nil {
			yield(Case{}, last)
		}
	}
}

func TestBilateralIsTwoRecords(t *testing.T) {
	section, _ := SectionNamed("HIP PRIMARY")
	c := whole(t, section)
	c.Procedure.Side = trace.SideBilateral
	c.Forms[trace.SideRight] = c.Forms[trace.SideLeft]
	left, right, lost := stem("left stem", trace.Implanted), stem("right stem", trace.Implanted), stem("some stem", trace.Implanted)
	left.Usage.Side, right.Usage.Side, right.Usage.Device.Lot = trace.SideLeft, trace.SideRight, "R-1"
	c.Usages = []trace.UsageInFull{left, right}
	rows := readCSV(t, joints(t, section, c))
	if len(rows) != 2 || rows[0][keySide] != "L" || rows[0][keyLot] != "0090M4" || rows[1][keySide] != "R" || rows[1][keyLot] != "R-1" {
		t.Errorf("%v", rows)
	}
	c.Usages = append(c.Usages, lost)
	for _, r := range c.Records() {
		if got := problems(r); !slices.Equal(got, []string{"absent procedure Nobody has recorded into which side Stem Alpha went."}) {
			t.Errorf("%s: %q", r.Side, got)
		}
	}
}

func readCSV(t *testing.T, file string) (rows []map[string]string) {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records[1:] {
		row := map[string]string{}
		for i, v := range r {
			row[records[0][i]] = v
		}
		rows = append(rows, row)
	}
	return rows
}

func TestJointFile(t *testing.T) {
	section, _ := SectionNamed("HIP REVISION")
	c := whole(t, section)
	head := stem("head", trace.Implanted)
	head.Usage.Device.Lot, head.Product.CatalogueNo = "", "=HEAD(1)"
	c.Usages = append(c.Usages, head, stem("old", trace.Explanted))
	held := whole(t, section)
	delete(held.Forms[trace.SideLeft].Answers, "body_mass_index")
	gone := whole(t, section)
	gone.Procedure.Withdrawn = true
	other, _ := SectionNamed("KNEE PRIMARY")
	file := joints(t, section, c, held, gone, whole(t, other))
	rows := readCSV(t, file)
	if len(rows) != 2 {
		t.Fatalf("%d rows: %s", len(rows), file)
	}
	for i, want := range []map[string]string{
		{keyCatalogue: "ALPHA-3", keyLot: "0090M4", "flags": "", "status": "draft", keyDate: "2026-07-01", keySide: "L", "section": "HIP REVISION", keySite: "RXX01", keyConsent: "1"},
		{keyCatalogue: "'=HEAD(1)", keyLot: "SN-1", "flags": "its serial number stands in place of the lot, which is not recorded; guarded", "status": "draft"},
	} {
		for k, v := range want {
			if rows[i][k] != v {
				t.Errorf("row %d: %s is %q, want %q", i, k, rows[i][k], v)
			}
		}
	}
	if again := joints(t, section, c, held, gone, whole(t, other)); again != file {
		t.Error("the same record gives another file")
	}

	var out bytes.Buffer
	if _, err := WriteJoints(&out, section, casesOf(errors.New("broken"), c)); err == nil || !strings.HasSuffix(out.String(), cutLine) {
		t.Errorf("a file that breaks off: %v, ends %q", err, out.String()[max(0, out.Len()-60):])
	}
}

func TestJointReport(t *testing.T) {
	section, _ := SectionNamed("HIP PRIMARY")
	good, held, gone := whole(t, section), whole(t, section), whole(t, section)
	held.Forms = nil
	held.Usages[0].Product.Attributes.Kind = trace.KindStem
	gone.Procedure.Withdrawn = true
	lens := whole(t, section)
	lens.Forms = nil
	r, err := Joints(casesOf(nil, good, held, gone, lens))
	if err != nil || r.Procedures != 4 || r.Other != 1 || r.Withdrawn != 1 || len(r.Records) != 2 || r.Held() != 1 || r.Records[1].Day != "2026-07-01" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := Joints(casesOf(errors.New("broken"), good)); err == nil {
		t.Error("a record that cannot be read is passed over")
	}
}

func TestSectionIsProposed(t *testing.T) {
	of := func(status trace.Status, kinds ...trace.ProductKind) string {
		var us []trace.UsageInFull
		for _, k := range kinds {
			u := stem(string(k), status)
			u.Product.Attributes.Kind = k
			us = append(us, u)
		}
		s, _ := SectionOf(us)
		return s.Name
	}
	if of(trace.Implanted, trace.KindStem, trace.KindHead, trace.KindCement) != "HIP PRIMARY" || of(trace.Implanted, trace.KindTibial) != "KNEE PRIMARY" ||
		of(trace.Explanted, trace.KindCup) != "HIP REVISION" || of(trace.Implanted, trace.KindCup, trace.KindTibial) != "" || of(trace.Wasted, trace.KindCup) != "" || of(trace.Implanted, trace.KindLens) != "" {
		t.Error("the joint is told wrongly")
	}
	if s, _ := SectionNamed("SHOULDER REVISION"); s.Title() != "Shoulder, revision" {
		t.Error(s.Title())
	}
}

func TestLabelsSayTheirElement(t *testing.T) {
	for key, want := range map[string]string{
		"bone_graft_source__femoral_": "Bone graft source, femoral", keyNHS: "NHS number",
		"asa_physical_status_classification_system_code__national_joint_registry_": "ASA physical status classification system code",
	} {
		section, _ := SectionNamed("HIP PRIMARY")
		for _, e := range section.Elements() {
			if e.Key == key && Label(e) != want {
				t.Errorf("%s: %q, want %q", key, Label(e), want)
			}
		}
	}
}
