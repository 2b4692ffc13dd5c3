package registry

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var update = flag.Bool("update", false, "write the golden files anew")

// summer is British Summer Time, written out so that no time zone data is needed.
var summer = time.FixedZone("BST", 60*60)

var start = time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC) // half past midnight on 1 July in London

func id[T any](name string) trace.ID[T] { return trace.NamedID[T]("test", name) }

func all(ps ...trace.ProcedureInFull) iter.Seq2[trace.ProcedureInFull, error] {
	return func(yield func(trace.ProcedureInFull, error) bool) {
		for _, p := range ps {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// hip is a procedure of which everything is known.
func hip() trace.ProcedureInFull {
	return trace.ProcedureInFull{
		Procedure: trace.Procedure{
			ID: id[trace.OfProcedure]("hip"), Patient: id[trace.OfPatient]("ada"), Side: trace.SideLeft,
			Place:  trace.Place{GLN: "9506000134352", Extension: "T3", Name: "Theatre 3"},
			People: []trace.Person{{Name: "L. Brandt", Role: "scrub"}, {Code: "B-1", Name: "Okafor R.", Role: "Surgeon"}},
			Start:  start, End: start.Add(time.Hour), Indication: "Osteoarthritis",
		},
		Identity: trace.Identity{NHSNumber: "9990000018", LocalIssuer: "RXX", LocalNumber: "L1", Family: "Testcase", Given: "Ada Mary", Birth: "1951-02-28"},
		Usages:   []trace.UsageInFull{stem("stem", trace.Implanted)},
	}
}

func stem(name string, s trace.Status) trace.UsageInFull {
	return trace.UsageInFull{
		Usage: trace.Usage{
			ID: id[trace.OfUsage](name), Procedure: id[trace.OfProcedure]("hip"), Status: s, Provenance: trace.Scanned, Occurred: start, Location: "femur",
			Device: udi.Device{
				Agency: udi.AgencyGS1, DI: "09506000134352", Lot: "0090M4", Serial: "SN-1",
				Expiry: udi.Date{Day: "2029-01-31", Precision: udi.PrecisionMonth},
			},
		},
		Product: trace.Product{
			DI: "09506000134352", Maker: "Example Orthopaedics Ltd", MakerAddress: "1 Mill Lane, Exampleton", Brand: "Stem Alpha",
			Description: "Cemented femoral stem, size 3", CatalogueNo: "ALPHA-3",
		},
	}
}

// exported writes a file and reads it back, each row by column.
func exported(t *testing.T, o Options, ps ...trace.ProcedureInFull) ([]map[string]string, Report) {
	t.Helper()
	if o.Location == nil {
		o.Location = summer
	}
	var out bytes.Buffer
	report, err := WriteISO16054(&out, all(ps...), o)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, cell := range record {
			row[records[0][i]] = cell
		}
		rows = append(rows, row)
	}
	if len(rows) != report.Rows {
		t.Errorf("%d rows, and the report says %d", len(rows), report.Rows)
	}
	return rows, report
}

func TestFileIsTheGoldenOne(t *testing.T) {
	full := hip()
	explant := stem("old stem", trace.Explanted)
	explant.Usage.Provenance, explant.Usage.Damaged, explant.Usage.Override = trace.Imported, true, true
	explant.Usage.History = []trace.Stamp{{Corrects: trace.NewEventID()}}
	explant.Product = trace.Product{}
	full.Usages = append(full.Usages, explant, stem("shelf", trace.Returned))
	sealed := hip()
	sealed.Procedure.ID, sealed.Identity.Sealed = id[trace.OfProcedure]("sealed"), true
	sealed.Usages = []trace.UsageInFull{stem("of the sealed", trace.Implanted)}
	var out bytes.Buffer
	if _, err := WriteISO16054(&out, all(full, sealed), Options{Generated: time.Date(2026, 7, 2, 8, 0, 0, 0, time.UTC), Location: summer}); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "iso16054.csv")
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("the file differs from %s (go test -update writes it anew):\n%s", golden, out.Bytes())
	}
	for line := range strings.SplitAfterSeq(strings.TrimSuffix(out.String(), "\r\n"), "\n") {
		if strings.HasSuffix(line, "\n") && !strings.HasSuffix(line, "\r\n") {
			t.Errorf("a line ends without CR: %q", line)
		}
	}
}

func TestFullRowMissesNothing(t *testing.T) {
	rows, report := exported(t, Options{}, hip())
	if rows[0]["missing"] != "" || rows[0]["flags"] != "" || len(report.Incomplete) != 0 {
		t.Errorf("missing %q, flags %q, %v", rows[0]["missing"], rows[0]["flags"], report.Incomplete)
	}
}

func TestDateIsTheSitesAndStandsUnderItsOutcome(t *testing.T) {
	p := hip()
	p.Usages = append(p.Usages, stem("out", trace.Explanted))
	rows, _ := exported(t, Options{}, p)
	for i, want := range [][2]string{{"2026-07-01", ""}, {"", "2026-07-01"}} {
		if got := [2]string{rows[i]["date_of_implantation"], rows[i]["date_of_explantation"]}; got != want {
			t.Errorf("row %d: %v, want %v", i, got, want)
		}
	}
	rows, _ = exported(t, Options{Location: time.UTC}, p)
	if got := rows[0]["date_of_implantation"]; got != "2026-06-30" {
		t.Errorf("in UTC %s", got)
	}
}

func TestDateIsLondonsByDefault(t *testing.T) {
	if _, err := time.LoadLocation("Europe/London"); err != nil {
		t.Skip("no time zone data on this system")
	}
	var out bytes.Buffer
	if _, err := WriteISO16054(&out, all(hip()), Options{}); err != nil || !strings.Contains(out.String(), "2026-07-01") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestDateOfUsageIsFlagged(t *testing.T) {
	p := hip()
	p.Procedure.Start = time.Time{}
	rows, _ := exported(t, Options{}, p)
	if rows[0]["date_of_implantation"] != "2026-07-01" || !strings.Contains(rows[0]["flags"], "start of the procedure not recorded") {
		t.Errorf("%q, flags %q", rows[0]["date_of_implantation"], rows[0]["flags"])
	}
	p.Usages[0].Usage.Occurred = time.Time{}
	rows, _ = exported(t, Options{}, p)
	if rows[0]["date_of_implantation"] != "" || !strings.Contains(rows[0]["missing"], "b date of implantation") {
		t.Errorf("%q, missing %q", rows[0]["date_of_implantation"], rows[0]["missing"])
	}
}

func TestEmptyRecordMissesEveryItem(t *testing.T) {
	u := trace.Usage{ID: id[trace.OfUsage]("bare"), Status: trace.Explanted}
	_, report := exported(t, Options{}, trace.ProcedureInFull{Usages: []trace.UsageInFull{{Usage: u}}})
	want := []Incomplete{{Usage: u.ID, Missing: []string{
		"a place", "b date of explantation", "c responsible clinician", "d patient's family name", "d patient's initials",
		"e supplier's name", "e supplier's address", "f device name or description", "f catalogue number", "g serial or lot number",
		"h indication", "i anatomical location", "i side", "j storage of the explanted device",
	}}}
	if !reflect.DeepEqual(report.Incomplete, want) {
		t.Errorf("%v", report.Incomplete)
	}
}

func TestEveryUsageIsARowOrCounted(t *testing.T) {
	p := hip()
	for _, s := range append(trace.Statuses(), "", "mislaid") {
		p.Usages = append(p.Usages, stem("status "+string(s), s))
	}
	gone := stem("gone", trace.Implanted)
	gone.Usage.Withdrawn = true
	p.Usages = append(p.Usages, gone)
	never := hip()
	never.Procedure.Withdrawn = true
	rows, report := exported(t, Options{}, p, never)
	if len(rows) != 3 || report.Procedures != 2 {
		t.Errorf("%d rows of %d procedures", len(rows), report.Procedures)
	}
	want := map[string]int{
		"withdrawn": 1, "withdrawn with its procedure": 1, "no outcome recorded": 1, "no outcome recorded: checked": 1, "no outcome recorded: opened": 1,
		"opened, not used": 1, "wasted": 1, "returned": 1, "trial": 1, "mislaid": 1,
	}
	if !reflect.DeepEqual(report.Left, want) {
		t.Errorf("left %v", report.Left)
	}
}

func TestResponsibleClinicianIsNeverGuessed(t *testing.T) {
	for _, c := range []struct {
		people     []trace.Person
		name, flag string
	}{
		{nil, "", ""},
		{[]trace.Person{{Name: "A", Role: "scrub"}, {Name: "B", Role: "assistant surgeon"}}, "", ""},
		{[]trace.Person{{Name: "A", Role: "clinician"}, {Name: "B", Role: "Consultant"}, {Name: "C", Role: " SURGEON "}}, "C", ""},
		{[]trace.Person{{Name: "A", Role: "clinician"}, {Name: "B", Role: "Consultant"}}, "B", ""},
		{[]trace.Person{{Name: "A", Role: "surgeon"}, {Name: "B", Role: "surgeon"}}, "A", "responsible clinician is the first of 2 with the role surgeon"},
		{[]trace.Person{{Code: "77", Role: "surgeon"}}, "", ""},
	} {
		p := hip()
		p.Procedure.People = c.people
		rows, _ := exported(t, Options{}, p)
		if r := rows[0]; r["responsible_clinician"] != c.name || r["flags"] != c.flag || strings.Contains(r["missing"], "c responsible") != (c.name == "") {
			t.Errorf("%v: %q, flags %q, missing %q", c.people, r["responsible_clinician"], r["flags"], r["missing"])
		}
	}
}

func TestSealedIdentityIsAbsentAndFlagged(t *testing.T) {
	p := hip()
	p.Identity.Sealed = true // whatever else is in it is not to be used
	rows, _ := exported(t, Options{}, p)
	r := rows[0]
	for _, c := range []string{"patient_family_name", "patient_initials", "patient_nhs_number", "patient_local_number", "patient_local_number_issuer"} {
		if r[c] != "" {
			t.Errorf("%s is %q", c, r[c])
		}
	}
	if r["flags"] != "identity sealed" || r["missing"] != "d patient's family name; d patient's initials" {
		t.Errorf("flags %q, missing %q", r["flags"], r["missing"])
	}
}

func TestDoubtfulValuesAreFlagged(t *testing.T) {
	for _, c := range []struct {
		flag   string
		change func(*trace.ProcedureInFull)
	}{
		{"damaged reading: a value may be wrong or missing", func(p *trace.ProcedureInFull) { p.Usages[0].Usage.Damaged = true }},
		{"override: used in spite of a warning", func(p *trace.ProcedureInFull) { p.Usages[0].Usage.Override = true }},
		{"corrected", func(p *trace.ProcedureInFull) {
			p.Usages[0].Usage.History = []trace.Stamp{{}, {Corrects: trace.NewEventID()}}
		}},
		{"patient not recorded", func(p *trace.ProcedureInFull) { p.Procedure.Patient = trace.PatientID{} }},
		{"NHS number fails its check", func(p *trace.ProcedureInFull) { p.Identity.NHSNumber = "9990000019" }},
		{"device identifier fails its check", func(p *trace.ProcedureInFull) { p.Usages[0].Usage.Device.DI = "09506000134353" }},
		{"GLN fails its check", func(p *trace.ProcedureInFull) { p.Procedure.Place.GLN = "950" }},
		{"catalogue number on the label differs from the product list", func(p *trace.ProcedureInFull) { p.Usages[0].Usage.Device.CatalogueNo = "ALPHA-4" }},
		{"entry of the product list withdrawn", func(p *trace.ProcedureInFull) { p.Usages[0].Product.Withdrawn = true }},
		{"procedure on both sides: the side of this device is not recorded apart", func(p *trace.ProcedureInFull) { p.Procedure.Side = trace.SideBilateral }},
	} {
		p := hip()
		c.change(&p)
		if rows, _ := exported(t, Options{}, p); rows[0]["flags"] != c.flag {
			t.Errorf("flags %q, want %q", rows[0]["flags"], c.flag)
		}
	}
}

func TestProvenanceIsSpelledOut(t *testing.T) {
	for p, want := range map[trace.Provenance]string{trace.Imported: "imported, unverified", trace.Scanned: "scanned", trace.Typed: "typed", "": "not recorded"} {
		if got := provenance(p); got != want {
			t.Errorf("%q: %q", p, got)
		}
	}
}

func TestInitials(t *testing.T) {
	for given, want := range map[string]string{"": "", "Ada": "A", " Ada  Mary ": "AM", "Éva jean-luc": "Éj"} {
		if got := initials(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

func TestHostileValuesStayInTheirCells(t *testing.T) {
	for _, c := range []struct{ value, cell, flag string }{
		{`say "x", y`, `say "x", y`, ""},
		{"two\r\nlines", "two\nlines", ""}, // encoding/csv reads CRLF in a cell as LF
		{"12\r34", "12\r34", ""},
		{" padded ", " padded ", ""},
		{"=1+1", "'=1+1", "guarded: lot_number"},
		{"+1", "'+1", "guarded: lot_number"},
		{"-1", "'-1", "guarded: lot_number"},
		{"@SUM(A1)", "'@SUM(A1)", "guarded: lot_number"},
		{"\t=1", "'\t=1", "guarded: lot_number"},
		{"\r=1", "'\r=1", "guarded: lot_number"},
		{"'=1", "''=1", "guarded: lot_number"},
		{" =1", "' =1", "guarded: lot_number"},
		{"\n\u00a0 @A1", "'\n\u00a0 @A1", "guarded: lot_number"},
		{"' -1", "'' -1", "guarded: lot_number"},
		{" A-1", " A-1", ""},
		{"  ", "  ", ""},
		{"'plain", "'plain", ""},
		{"'", "'", ""},
		{"a\x00b\x1dc\x7f", "a\uFFFDb\uFFFDc\uFFFD", "characters replaced: lot_number udi_human_readable"},
		{"a\xff", "a\uFFFD", "characters replaced: lot_number udi_human_readable"},
		{strings.Repeat("9", 1<<20), strings.Repeat("9", 1<<20), ""},
	} {
		p := hip()
		p.Usages[0].Usage.Device.Lot = c.value
		rows, _ := exported(t, Options{}, p)
		if r := rows[0]; r["lot_number"] != c.cell || r["flags"] != c.flag {
			t.Errorf("%.40q: cell %.40q, flags %q", c.value, r["lot_number"], r["flags"])
		}
	}
}

func TestLineBreaksInACellAreKeptByteForByte(t *testing.T) {
	p := hip()
	p.Procedure.Indication = "a\r\nb\nc\rd"
	var out bytes.Buffer
	if _, err := WriteISO16054(&out, all(p), Options{Location: summer}); err != nil || !strings.Contains(out.String(), "\"a\r\nb\nc\rd\"") {
		t.Errorf("%v\n%q", err, out.String())
	}
}

func TestGuardCanBeTakenOff(t *testing.T) {
	for _, v := range []string{"=1", "'=1", "''-x", "'x", "", "'", "plain", "@", " =1", "' =1", "\n+", " ' =1", "\t", " "} {
		cell, _, _ := safeCell(v)
		back := cell
		if rest := strings.TrimLeft(cell, "'"); rest != cell && formula(cell) {
			back = cell[1:]
		}
		if back != v {
			t.Errorf("%q became %q and %q again", v, cell, back)
		}
	}
}

func TestNoProceduresGiveAHeader(t *testing.T) {
	var out bytes.Buffer
	report, err := WriteISO16054(&out, all(), Options{Location: summer})
	if err != nil || report.Rows != 0 {
		t.Fatal(err, report)
	}
	if want := strings.Join(header(), ",") + "\r\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
}

func TestColumnsHaveNamesOfTheirOwn(t *testing.T) {
	names := header()
	slices.Sort(names)
	if got := slices.Compact(slices.Clone(names)); len(got) != len(names) {
		t.Errorf("%v", names)
	}
}

func TestErrorInTheMiddleCutsTheFileVisibly(t *testing.T) {
	gone := trace.Errorf(trace.Busy, "the store went away")
	for before := range 3 {
		var out bytes.Buffer
		report, err := WriteISO16054(&out, func(yield func(trace.ProcedureInFull, error) bool) {
			for range before {
				if !yield(hip(), nil) {
					return
				}
			}
			yield(trace.ProcedureInFull{}, gone)
		}, Options{Location: summer})
		if !errors.Is(err, gone) || trace.KindOf(err) != trace.Busy || report.Rows != before {
			t.Errorf("%d before: %v, %+v", before, err, report)
		}
		if before == 0 {
			if out.Len() != 0 {
				t.Errorf("nothing was to be written: %q", out.String())
			}
			continue
		}
		if !strings.HasSuffix(out.String(), "\r\n"+cutLine) {
			t.Errorf("the end does not say that it is cut: %q", out.String())
		}
		if _, err := csv.NewReader(&out).ReadAll(); !errors.Is(err, csv.ErrFieldCount) {
			t.Errorf("a strict reader takes the file: %v", err)
		}
	}
}

type broken struct{ after int }

func (w *broken) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

func TestErrorOfTheWriterIsReturned(t *testing.T) {
	many := slices.Repeat([]trace.ProcedureInFull{hip()}, 1000)
	for _, after := range []int{0, 100_000} {
		if _, err := WriteISO16054(&broken{after}, all(many...), Options{Location: summer}); err == nil || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("after %d bytes: %v", after, err)
		}
	}
}

// The report does not grow with the file.
func TestReportIsBounded(t *testing.T) {
	p := hip()
	p.Usages = nil
	for range IncompleteMost + 50 {
		u := stem("of many", trace.Implanted)
		u.Product = trace.Product{}
		p.Usages = append(p.Usages, u)
	}
	_, report := exported(t, Options{}, p)
	if report.Rows != IncompleteMost+50 || report.Lacking != report.Rows || len(report.Incomplete) != IncompleteMost {
		t.Errorf("%d rows, %d that lack something, %d named", report.Rows, report.Lacking, len(report.Incomplete))
	}
}
