package letter_test

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/letter"
	"implantrace/internal/recall"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

const stem = "09520140001039"

// office is a node with a notice that means a few people.
type office struct {
	*testing.T
	*casework.Office
	notice trace.NoticeID
	mu     sync.Mutex
	now    time.Time
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(time.Second)
	return o.now
}

func meta() command.Meta {
	return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Name: "R. Dene", Via: "test"}}
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// people: NHS number, family, given, birth.
var people = [][4]string{
	{"9990000018", "Quist", "Ottoline", "1950-01-02"},
	{"9990000026", "Ŵyn-Ŷoung", "Siân", "1941-03-04"},
	{"9990000034", "Marsh", "Imelda", "1939-05-06"},
	{"9990000042", "Holt", "Una", "1960-07-08"},
	{"9990000050", "Nguyễn", "Thị Ánh", "1971-09-10"},
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{T: t, now: time.Date(2026, 3, 20, 9, 0, 0, 0, time.UTC)}
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "Theatre 4", Keys: seal.NewKeyring(), Clock: o.clock})
	o.must(err)
	t.Cleanup(func() { o.must(s.Close()) })
	o.Office = &casework.Office{Recorder: command.Recorder{Store: s, Clock: o.clock}}
	ctx := t.Context()
	_, err = o.RecordProduct(ctx, command.RecordProduct{Meta: meta(), DI: stem, Maker: "Northmoor Orthopaedics", Brand: "Fellside", Description: "hip stem"})
	o.must(err)
	for i, p := range people {
		lot := "A17"
		if i == 4 {
			lot = "" // not recorded
		}
		procedure, err := o.OpenProcedure(ctx, command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: p[0], Family: p[1], Given: p[2], Birth: p[3]}, Code: trace.Code{Text: "Hip replacement"}, Side: trace.SideLeft,
			People: []trace.Person{{Name: "Mr A. Ferrow", Role: "consultant surgeon"}}})
		o.must(err)
		_, err = o.RecordUsage(ctx, command.RecordUsage{Meta: meta(), Procedure: procedure, Device: udi.Device{DI: stem, Lot: lot}, Status: trace.Implanted, Reason: "synthetic"})
		o.must(err)
		o.must(o.CloseProcedure(ctx, command.CloseProcedure{Meta: meta(), Procedure: procedure}))
	}
	o.notice, err = o.Save(ctx, casework.SaveNotice{Meta: meta(), Notice: recall.Notice{Title: "Stems", References: []recall.Reference{{Of: "FSCA", Number: "2026-014"}}, Criteria: recall.Criteria{DIs: recall.Texts{stem}, Lots: recall.Named("A17")}}})
	o.must(err)
	return o
}

var heading = []string{"nhs_number", "family_name", "date_of_birth", "address_1", "address_2", "postcode", "gp_name", "gp_address_1", "gp_postcode", "date_of_death", "died", "confirmed"}

func (o *office) trace(day string, rows ...[]string) casework.TraceReport {
	o.Helper()
	r, err := o.Trace(o.Context(), casework.TraceFile{Meta: meta(), Day: day, Source: "PDS", Rows: append([][]string{heading}, rows...)})
	o.must(err)
	return r
}

func alive(i int, more ...string) []string {
	row := []string{people[i][0], people[i][1], people[i][3], "1 Mill Lane", "Aberystwyth", "SY23 1AA", "Dr B. Rowan", "The Surgery", "SY23 2BB", "", "", ""}
	copy(row[9:], more)
	return row
}

func (o *office) prepare(q letter.Ask) letter.Set {
	o.Helper()
	q.Notice = o.notice
	if q.Explain == "" {
		q.Explain = "The coating of some stems came loose earlier than it should. Most people have no trouble from it."
	}
	q.Hospital, q.Phone, q.Signed = "Fellside Hospital, Mill Lane", "01632 960 001", "R. Dene, recall coordinator"
	s, err := letter.Prepare(o.Context(), o.Office, q)
	o.must(err)
	o.must(s.Unprintable())
	return s
}

// names are whose letters are ready, and why the others are held back.
func names(s letter.Set) (ready []string, held map[string]string) {
	held = make(map[string]string)
	for _, l := range s.Letters {
		ready = append(ready, l.Identity.Family)
	}
	for _, h := range s.Held {
		held[h.Identity.Family] = h.Why
	}
	slices.Sort(ready)
	return ready, held
}

func TestNoLetterBeforeDeathAndAddressWereChecked(t *testing.T) {
	o := open(t)
	ready, held := names(o.prepare(letter.Ask{}))
	if len(ready) != 0 || len(held) != 5 || !strings.Contains(held["Quist"], "not checked") {
		t.Fatalf("nobody was traced: %q, %q", ready, held)
	}
	r := o.trace("2026-03-19", alive(0), alive(1), alive(2, "2026-01-09"), []string{people[3][0], people[3][1], people[3][3], "", "", "", "", "", "", "", "", ""},
		[]string{"9990000069", "Nobody", "1950-01-01", "x", "", "", "", "", "", "", "", ""})
	if r.Recorded != 4 || r.Died != 1 || r.Unknown != 1 || len(r.Refused) != 0 {
		t.Errorf("%+v", r)
	}
	ready, held = names(o.prepare(letter.Ask{}))
	if !slices.Equal(ready, []string{"Quist", "Ŵyn-Ŷoung"}) || held["Marsh"] != "The trace says: died." || held["Holt"] != "No address was found." || !strings.Contains(held["Nguyễn"], "not checked") {
		t.Errorf("%q, %q", ready, held)
	}
	// A later trace that says the dead live is not believed before a person confirms it.
	o.trace("2026-03-20", alive(2))
	if ready, held = names(o.prepare(letter.Ask{})); slices.Contains(ready, "Marsh") || !strings.Contains(held["Marsh"], "contradict") {
		t.Errorf("%q, %q", ready, held)
	}
	o.trace("2026-03-20", alive(2, "", "", "yes"))
	if ready, _ = names(o.prepare(letter.Ask{})); !slices.Contains(ready, "Marsh") {
		t.Errorf("confirmed: %q", ready)
	}
	// An older file that comes later does not take the place of a newer one.
	o.trace("2026-03-01", []string{people[0][0], people[0][1], people[0][3], "9 Old Road", "", "", "", "", "", "", "", ""})
	for _, l := range o.prepare(letter.Ask{}).Letters {
		if l.Identity.Family == "Quist" && !strings.HasPrefix(l.Where.Where.Address, "1 Mill Lane") {
			t.Errorf("the address is %q", l.Where.Where.Address)
		}
	}
	// Weeks later the trace is no longer good.
	o.now = o.now.AddDate(0, 0, letter.TraceDays+2)
	if ready, held = names(o.prepare(letter.Ask{})); len(ready) != 0 || !strings.Contains(held["Quist"], "trace again") {
		t.Errorf("%q, %q", ready, held)
	}
}

func TestATraceOfSomebodyElseIsRefused(t *testing.T) {
	o := open(t)
	wrongName, wrongBirth, noBirth, noNumber := alive(0), alive(1), alive(2), alive(3)
	wrongName[1], wrongBirth[2], noBirth[2], noNumber[0] = "Holt", "1990-01-01", "", "9990000019"
	deathNo, later := alive(3, "2026-01-09", "no"), alive(3, "2026-12-01")
	r := o.trace("2026-03-19", wrongName, wrongBirth, noBirth, noNumber, deathNo, later)
	if r.Recorded != 0 || len(r.Refused) != 6 {
		t.Errorf("%+v", r)
	}
	for _, refused := range r.Refused {
		for _, p := range people {
			if strings.Contains(refused.Refused, p[0]) || strings.Contains(refused.Refused, p[1]) {
				t.Errorf("a refusal names the patient: %s", refused.Refused)
			}
		}
	}
	for what, rows := range map[string][][]string{
		"no column for death": {{"nhs_number", "family_name", "date_of_birth", "address_1"}, {"x"}},
		"an unknown column":   {append(slices.Clone(heading), "telephone"), {"x"}},
		"a column twice":      {append(slices.Clone(heading), "died"), {"x"}},
		"no family name":      {{"nhs_number", "date_of_birth", "died"}, {"x"}},
	} {
		if _, err := o.Trace(t.Context(), casework.TraceFile{Meta: meta(), Day: "2026-03-19", Source: "PDS", Rows: rows}); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The same file again records nothing twice.
	m := meta()
	file := casework.TraceFile{Meta: m, Day: "2026-03-19", Source: "PDS", Rows: [][]string{heading, alive(0)}}
	for range 2 {
		if r, err := o.Trace(t.Context(), file); err != nil || r.Recorded != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	}
	who, err := o.Store.PatientsBy(t.Context(), o.Store.Lookups(trace.LookupNHS, people[0][0])...)
	o.must(err)
	if w, err := o.Store.Tracing(t.Context(), who[0]); err != nil || len(w.History) != 1 {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestACaseThatSaysDiedHoldsLettersOfEveryNotice(t *testing.T) {
	o := open(t)
	o.trace("2026-03-19", alive(0), alive(1))
	second, err := o.Save(t.Context(), casework.SaveNotice{Meta: meta(), Notice: recall.Notice{Title: "Again", References: []recall.Reference{{Number: "2"}}, Criteria: recall.Criteria{DIs: recall.Texts{stem}}}})
	o.must(err)
	for c, err := range o.Store.Cases(t.Context(), second) {
		o.must(err)
		who, err := o.Store.Identity(t.Context(), c.Patient)
		o.must(err)
		if who.Family == "Quist" {
			o.must(o.Change(t.Context(), casework.ChangeCases{Meta: meta(), NoticeID: second, Cases: []casework.Touched{{Case: c.ID, Seen: c.Last()}}, Status: trace.CaseDied}))
		}
	}
	if ready, held := names(o.prepare(letter.Ask{})); slices.Contains(ready, "Quist") || held["Quist"] != "A case of this patient says: died." {
		t.Errorf("%q, %q", ready, held)
	}
}

func TestACaseThatChangedMeanwhileStopsItsLetter(t *testing.T) {
	o := open(t)
	o.trace("2026-03-19", alive(0))
	s := o.prepare(letter.Ask{})
	c := s.Touched()[0]
	o.must(o.Change(t.Context(), casework.ChangeCases{Meta: meta(), NoticeID: o.notice, Cases: []casework.Touched{c}, Status: trace.CaseDied}))
	if err := o.LetterMade(t.Context(), casework.LetterMade{Meta: meta(), NoticeID: o.notice, Cases: s.Touched(), Words: s.Words("PDF")}); trace.KindOf(err) != trace.Conflict {
		t.Errorf("%v", err)
	}
	s = o.prepare(letter.Ask{})
	if len(s.Letters) != 0 {
		t.Error("a letter to the dead")
	}
}

func text(t *testing.T, pdf []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext (poppler-utils) is not here")
	}
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("LETTERS_TO"); dir != "" { // to be looked at
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".pdf"), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return string(out)
}

func TestLettersInOneFile(t *testing.T) {
	o := open(t)
	o.trace("2026-03-19", alive(0), alive(1), alive(4))
	s := o.prepare(letter.Ask{Copies: true})
	pdf, err := s.PDF()
	o.must(err)
	got := text(t, pdf)
	for _, want := range []string{"Ottoline Quist", "Siân Ŵyn-Ŷoung", "Thị Ánh Nguyễn", "1 Mill Lane", "SY23 1AA", "999 000 0018", "Fellside hip stem, lot A17, left, used on 20 March 2026", "your GP, Dr B. Rowan", "your consultant, Mr A. Ferrow",
		"01632 960 001", "FSCA 2026-014", "Copy for the GP of Ottoline Quist", "Copy for the consultant of"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not stand in the letters", want)
		}
	}
	if sheets := strings.Count(got, "Yours sincerely"); sheets != 9 {
		t.Errorf("%d sheets, want three letters and two copies of each", sheets)
	}
	// Whose lot is not recorded is not told that it is certain.
	for _, sheet := range strings.Split(got, "Yours sincerely") {
		if certain := strings.Contains(sheet, "You have, or had, an implant"); strings.Contains(sheet, "Dear") && certain == strings.Contains(sheet, "Dear Thị Ánh Nguyễn") {
			t.Errorf("certain = %v in\n%s", certain, sheet)
		}
	}
}

func TestLettersInLargePrintAndEachInAFile(t *testing.T) {
	o := open(t)
	o.trace("2026-03-19", alive(0), alive(1))
	s := o.prepare(letter.Ask{Large: true, Drill: true})
	b, err := s.ZIP()
	o.must(err)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	o.must(err)
	if len(z.File) != 2 {
		t.Fatalf("%d files", len(z.File))
	}
	for _, f := range z.File {
		if strings.Contains(f.Name, "Quist") {
			t.Errorf("the name of a file has the patient's: %s", f.Name)
		}
		r, err := f.Open()
		o.must(err)
		var pdf bytes.Buffer
		_, err = pdf.ReadFrom(r)
		o.must(err)
		got := text(t, pdf.Bytes())
		if quist, wyn := strings.Contains(got, "Quist"), strings.Contains(got, "Ŷoung"); quist == wyn || !strings.Contains(got, "DRILL: do not send") {
			t.Errorf("one letter is of both, or of nobody, or not marked:\n%s", got)
		}
	}
}

func TestMailMergeHasNoFormulas(t *testing.T) {
	o := open(t)
	row := alive(0)
	row[3] = `=HYPERLINK("http://x")`
	o.trace("2026-03-19", row)
	s := o.prepare(letter.Ask{})
	b, err := s.CSV()
	o.must(err)
	if !bytes.Contains(b, []byte("'=HYPERLINK")) || !bytes.Contains(b, []byte("Ottoline Quist")) {
		t.Errorf("%s", b)
	}
	if b, err = s.XLSX(); err != nil || len(b) < 1000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestATemplateOfTheSite(t *testing.T) {
	o := open(t)
	o.trace("2026-03-19", alive(0))
	s := o.prepare(letter.Ask{Template: `<p>{{.To}}: {{.Explain}}</p>`, Explain: "<script>x</script>"})
	pdf, err := s.PDF()
	o.must(err)
	if got := text(t, pdf); !strings.Contains(got, "Ottoline Quist: <script>x</script>") {
		t.Errorf("%s", got)
	}
	for _, bad := range []string{"<p>{{.Nothing}}</p>", "<p>{{", "<p><img src=x></p>"} {
		s, err := letter.Prepare(t.Context(), o.Office, letter.Ask{Notice: o.notice, Template: bad, Explain: "x", Hospital: "x", Phone: "x", Signed: "x"})
		if err == nil {
			_, err = s.PDF()
		}
		if trace.KindOf(err) != trace.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Two cases of one person, whose records were linked after they were opened, make one
// letter, in the name of the surviving record.
func TestOnePersonWithTwoCasesHasOneLetter(t *testing.T) {
	o := open(t)
	o.trace("2026-03-19", alive(0), alive(1))
	var ids [2]trace.PatientID
	for i := range ids {
		found, err := o.Search(t.Context(), command.Who{NHSNumber: people[i][0]})
		o.must(err)
		ids[i] = found[0]
	}
	_, err := o.LinkPatients(t.Context(), command.LinkPatients{Meta: meta(), Survives: ids[0], Other: ids[1], Reason: "One number was given twice", TwoNumbers: true})
	o.must(err)
	s := o.prepare(letter.Ask{})
	ready, _ := names(s)
	again := 0
	for _, h := range s.Held {
		if strings.HasPrefix(h.Why, "The same person as in another case") {
			again++
		}
	}
	if !slices.Equal(ready, []string{people[0][1]}) || again != 1 {
		t.Errorf("%q, %+v", ready, s.Held)
	}
}
