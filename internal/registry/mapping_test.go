package registry

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/bounds"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func exampleMapping(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "mapping-example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mapped(t testing.TB, text string) *Mapping {
	t.Helper()
	m, err := ReadMapping([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// minimal is a mapping with these lines of columns.
func minimal(columns string) string {
	return "name: N\nversion: 1\nformat: csv\nrow: device\noutcomes: [implanted]\ncolumns:\n" + columns
}

// operations are what the example is shown with: whole, held back for each kind of
// reason, and left out.
func operations() []Case {
	of := func(name string, change func(*Case)) Case {
		c := Case{ProcedureInFull: hip(), Location: summer}
		c.Procedure.ID = id[trace.OfProcedure](name)
		c.Procedure.Code = trace.Code{System: trace.SystemOPCS4, Code: "W37.1"}
		c.Usages = []trace.UsageInFull{stem(name, trace.Implanted)}
		change(&c)
		return c
	}
	return []Case{
		of("whole", func(c *Case) {
			c.Usages = append(c.Usages, stem("shelf", trace.Returned), stem("old", trace.Explanted))
		}),
		of("a formula", func(c *Case) { c.Usages[0].Usage.Device.Lot = "-21;A" }),
		of("without a lot", func(c *Case) { c.Usages[0].Usage.Device.Lot, c.Usages[0].Product = "", trace.Product{} }),
		of("sealed", func(c *Case) { c.Identity = trace.Identity{Sealed: true, NHSNumber: "9990000018"} }),
		of("both sides", func(c *Case) { c.Procedure.Side = trace.SideBilateral }),
		of("damaged", func(c *Case) { c.Usages[0].Usage.Damaged = true }),
		of("a wrong number", func(c *Case) { c.Identity.NHSNumber = "9990000019" }),
		of("a long lot", func(c *Case) { c.Usages[0].Usage.Device.Lot = strings.Repeat("L", 21) }),
		of("nothing went in", func(c *Case) { c.Usages = []trace.UsageInFull{stem("dropped", trace.Wasted)} }),
		of("nobody has said", func(c *Case) { c.Usages[0].Usage.Status = trace.Opened }),
		of("withdrawn", func(c *Case) { c.Procedure.Withdrawn = true }),
	}
}

func TestTheExampleMappingGivesTheGoldenFile(t *testing.T) {
	m := mapped(t, string(exampleMapping(t)))
	var out, held bytes.Buffer
	report, err := m.Write(&out, casesOf(nil, operations()...), MappedOptions{Generated: made, Held: 5})
	if err != nil {
		t.Fatal(err)
	}
	if report.Procedures != 11 || report.Rows != 4 || report.HeldBack != 5 || report.Lacking != 1 || report.LackingBy["Lot"] != 1 || report.Guarded != 1 ||
		report.Left["returned"] != 1 || report.Left["wasted"] != 1 || report.Left[LeftChecked]+report.Left[LeftOpened] != 1 || report.Left[LeftProcedureWithdrawn] != 1 || report.Left[LeftNoDevice] != 2 {
		t.Errorf("%+v", report)
	}
	if _, err := m.WriteHeld(&held, casesOf(nil, operations()...), MappedOptions{Generated: made}); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"mapped.csv": out.Bytes(), "mapped_held.csv": held.Bytes()} {
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("the file differs from %s (go test -update writes it anew):\n%s", golden, got)
		}
	}
	if m.Filename() != "northmoor-joint-registry-2026-1.csv" {
		t.Error(m.Filename())
	}

	// The preview shows the same rows, and what each cell was made from.
	rows, again, err := m.Preview(casesOf(nil, operations()...), 3, MappedOptions{Generated: made})
	if err != nil || len(rows) != 3 || again.HeldBack != 5 || again.Rows != 4 || len(again.Held) != 5 {
		t.Fatalf("%d rows, %+v, %v", len(rows), again, err)
	}
	if c := rows[0].Cells[11]; c.Value != "31/01/2029" || c.Record != "2029-01" || c.State != Present {
		t.Errorf("%+v", c)
	}
	if c := rows[2].Cells[9]; !rows[2].Guarded || c.Value != "'-21;A" || c.Record != "-21;A" {
		t.Errorf("%+v", c)
	}
}

// More rows than are known to be missing end the export, and so does a record that
// breaks off.
func TestRowsAreNeverHeldBackInSilence(t *testing.T) {
	for _, format := range []string{"csv", "xlsx"} {
		text := strings.Replace(strings.Replace(string(exampleMapping(t)), "format: csv ", "format: "+format+" ", 1), "delimiter:", map[string]string{"csv": "delimiter:", "xlsx": "# delimiter:"}[format], 1)
		m := mapped(t, text)
		var out bytes.Buffer
		if _, err := m.Write(&out, casesOf(nil, operations()...), MappedOptions{Held: 4}); trace.KindOf(err) != trace.Conflict || out.Len() > 0 && !strings.HasSuffix(out.String(), cutLine) {
			t.Errorf("%s: %v, %q", format, err, out.String())
		}
		out.Reset()
		if _, err := m.Write(&out, casesOf(errors.New("broken"), operations()[0]), MappedOptions{}); err == nil || out.Len() > 0 && !strings.HasSuffix(out.String(), cutLine) {
			t.Errorf("%s breaks off: %v, %q", format, err, out.String())
		}
		if _, err := m.Write(fullDisk{}, casesOf(nil, operations()[0]), MappedOptions{}); err == nil {
			t.Errorf("%s: a disk that takes nothing", format)
		}
	}
}

func TestAWorkbookHasTheSameRowsAsText(t *testing.T) {
	text := strings.Replace(strings.Replace(string(exampleMapping(t)), "format: csv ", "format: xlsx ", 1), "delimiter: semicolon", "# a workbook has none", 1)
	m := mapped(t, text)
	var out bytes.Buffer
	if _, err := m.Write(&out, casesOf(nil, operations()...), MappedOptions{Generated: made, Held: 5}); err != nil {
		t.Fatal(err)
	}
	got, err := sheet.Read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.Open(filepath.Join("testdata", "mapped.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer golden.Close()
	r := csv.NewReader(golden)
	r.Comma = ';'
	want, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d rows, and the CSV has %d", len(got), len(want))
	}
	for i := range want {
		for j, cell := range want[i] {
			// A workbook's cell says itself that it is text: nothing is guarded.
			if cell == "'-21;A" {
				cell = "-21;A"
			}
			cell = strings.TrimSuffix(cell, "guarded: Lot")
			have := ""
			if j < len(got[i]) {
				have = got[i][j]
			}
			if strings.TrimSpace(strings.TrimSuffix(cell, "; ")) != have {
				t.Errorf("row %d, %s: %q, and the CSV has %q", i, want[0][j], have, cell)
			}
		}
	}
}

// Each line of the table is one mistake of a person, and where it is said to be.
func TestMappingMistakesAreNamedWithTheirPlace(t *testing.T) {
	column := "- header: H\n  from: device.lot\n  required: M\n"
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"empty":                      {" \n", []string{"line 1, column 1: it is empty"}},
		"no YAML":                    {"name: [", []string{"line 1, column 7: it cannot be read as YAML"}},
		"a tab":                      {"name: x\n\trow: device", []string{"line 2, column 1: there is a tab"}},
		"not UTF-8":                  {"name: \xff", []string{"line 1, column 7: it is not in UTF-8"}},
		"a list":                     {"- a\n- b\n", []string{"line 1, column 1: it must be a table"}},
		"two documents":              {"name: a\n---\nname: b\n", []string{"it must be one document"}},
		"nothing said":               {"name: N\n", []string{"there is no version", "there is no format", "there is no row", "there are no columns", "there are no outcomes"}},
		"an unknown key":             {minimal(column) + "colour: red\n", []string{`line 10, column 1: "colour" is not known here`}},
		"an unknown key of a column": {minimal(column + "  size: 3\n"), []string{`line 10, column 3: "size" is not known here`}},
		"a key twice":                {minimal(column + "  required: R\n"), []string{"line 10, column 3"}},
		"an unknown field":           {minimal("- header: H\n  from: device.colour\n  required: M\n"), []string{`line 8, column 9: there is no field "device.colour"; there are device.id`}},
		"an unknown group":           {minimal("- header: H\n  from: colour\n  required: M\n"), []string{`there is no field "colour"; names begin with patient., procedure.`}},
		"no source":                  {minimal("- header: H\n  required: M\n"), []string{"line 7, column 3: there is neither from nor constant"}},
		"two sources":                {minimal(column + "  constant: x\n"), []string{"line 10, column 3: a column has from or constant, not both"}},
		"two headers":                {minimal(column + column), []string{`line 10, column 11: the header "H" stands in line 7 already`}},
		"a header that is a formula": {minimal("- header: =1+1\n  from: device.lot\n  required: M\n"), []string{"line 7, column 11: a spreadsheet takes the header"}},
		"a constant formula":         {minimal("- header: H\n  constant: \"@x\"\n  required: M\n"), []string{"line 8, column 13: a spreadsheet takes"}},
		"no mandation":               {minimal("- header: H\n  from: device.lot\n"), []string{"line 7, column 3: there is no required"}},
		"a wrong mandation":          {minimal("- header: H\n  from: device.lot\n  required: yes\n"), []string{`line 9, column 13: required cannot be "yes": it is M or R or O`}},
		"no date":                    {minimal("- header: H\n  from: device.expiry\n  required: M\n"), []string{"line 7, column 3: there is no date"}},
		"a date that is none":        {minimal("- header: H\n  from: device.expiry\n  date: DD/MM/YY\n  required: M\n"), []string{`line 9, column 9: date cannot be "DD/MM/YY"`}},
		"a time of a day":            {minimal("- header: H\n  from: device.expiry\n  date: YYYY-MM-DD HH:MM\n  required: M\n"), []string{"line 9, column 9: date cannot be"}},
		"a date of no day":           {minimal(column + "  date: YYYY\n"), []string{"line 10, column 3: device.lot is no day"}},
		"a month of no day":          {minimal(column + "  month_only: month\n"), []string{"line 10, column 3: device.lot is no day of a label"}},
		"a value of no code":         {minimal("- header: H\n  from: device.outcome\n  required: M\n  values: {planted: 1}\n"), []string{`line 10, column 12: device.outcome is never "planted": it is checked, opened, implanted`}},
		"values twice":               {minimal("- header: H\n  from: device.outcome\n  required: M\n  values: {trial: 1, trial: 2}\n"), []string{"line 10, column 22"}},
		"a value of nothing":         {minimal("- header: H\n  from: device.outcome\n  required: M\n  values: {trial: }\n"), []string{"line 10", "there is no value"}},
		"otherwise alone":            {minimal(column + "  otherwise: keep\n"), []string{"line 10, column 3: otherwise belongs to values"}},
		"a length that is none":      {minimal(column + "  longest: 0x10\n"), []string{"line 10, column 12: longest must be a number"}},
		"a pattern that is none":     {minimal(column + "  pattern: \"(\"\n"), []string{"line 10, column 12: the pattern cannot be read"}},
		"a pattern that ends early":  {minimal(column + "  pattern: \")|(\"\n"), []string{"the pattern cannot be read"}},
		"a constant too long":        {minimal("- header: H\n  constant: long\n  required: M\n  longest: 3\n"), []string{"line 8, column 13: the constant is longer than 3"}},
		"a constant of no pattern":   {minimal("- header: H\n  constant: long\n  required: M\n  pattern: \"[0-9]+\"\n"), []string{"line 8, column 13: the constant does not have"}},
		"a wrong outcome":            {strings.Replace(minimal(column), "[implanted]", "[implanted, used]", 1), []string{`line 5, column 23: "used" is no outcome`}},
		"outcomes that are no list":  {strings.Replace(minimal(column), "[implanted]", "implanted", 1), []string{"line 5, column 11: outcomes must be a list"}},
		"a workbook with delimiter":  {strings.Replace(minimal(column), "format: csv", "format: xlsx\ndelimiter: tab", 1), []string{"line 4, column 1: a workbook has no delimiter"}},
		"a delimiter that is none":   {strings.Replace(minimal(column), "format: csv", "format: csv\ndelimiter: \",\"", 1), []string{`line 4, column 12: delimiter cannot be ","`}},
		"a device of a procedure":    {strings.Replace(minimal(column), "row: device", "row: procedure", 1), []string{"line 8, column 9: device.lot is of one device, and a row of this file is a procedure"}},
		"devices of a device":        {minimal("- header: H\n  from: devices.udi\n  required: M\n"), []string{"devices.udi is of all devices of a procedure"}},
		"a serial for a lot":         {minimal("- header: H\n  from: device.lot_or_serial\n  required: M\n"), []string{"line 7", "device.lot_or_serial may be a serial number in the place of a lot"}},
		"damaged without a remark":   {minimal(column) + "damaged: write\n", []string{"line 10, column 10: devices whose code was damaged"}},
		"an anchor":                  {minimal("- header: &h H\n  from: device.lot\n  required: M\n"), []string{"line 7", "a value may not begin with &"}},
		"a list for a value":         {minimal("- header: [a]\n  from: device.lot\n  required: M\n"), []string{"line 7", "there must be one value here"}},
		"too much":                   {strings.Repeat("#", MappingMost+1), []string{"it has more than 64 KB"}},
		"brackets":                   {"name: " + strings.Repeat("[\n", 5000), []string{"too many brackets"}},
		"a very long line":           {"name: " + strings.Repeat("x", 5000), []string{"line 1, column 4001: the line is longer than 4000"}},
		"lists within lists":         {"columns:\n  " + strings.Repeat("- ", 5000), []string{"line 2, column 19: there are too many lists within lists"}},
		"too many columns":           {minimal(strings.Repeat(column, mappingColumnsMost+1)), []string{"there are more than 100 columns"}},
		"several at once":            {minimal("- header: H\n  from: device.lots\n  required: Q\n  longest: -1\n"), []string{"line 8", "line 9", "line 10"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ReadMapping([]byte(tt.text))
			var all MappingErrors
			if m != nil || trace.KindOf(err) != trace.Invalid || !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("it is taken: %v", err)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q is not said: %v", w, err)
				}
			}
		})
	}
}

// What YAML would make numbers or words of another meaning stays as it is written.
func TestAMappingIsTakenAsItIsWritten(t *testing.T) {
	m := mapped(t, minimal("- {header: A, constant: 007, required: O}\n- {header: B, constant: yes, required: O}\n- {header: C, constant: 1.10, required: O}\n- {header: D, constant: true, required: O}\n"+
		"- {header: E, constant: 0x1F, required: O}\n- {header: F, constant: .inf, required: O}\n- {header: G, constant: \"\", required: O}\n- {header: H, constant: 2026-01-01, required: O}\n"+
		"- header: I\n  from: device.side\n  required: M\n  values: {left: 01, right: no}\n"))
	want := []string{"007", "yes", "1.10", "true", "0x1F", ".inf", "", "2026-01-01"}
	for i, w := range want {
		if m.Columns[i].Constant != w {
			t.Errorf("%s: %q, want %q", m.Columns[i].Header, m.Columns[i].Constant, w)
		}
	}
	if v := m.Columns[8].values; v["left"] != "01" || v["right"] != "no" || m.Version != "1" || m.Columns[8].Line != 15 {
		t.Errorf("%v, line %d", v, m.Columns[8].Line)
	}
	for _, crlf := range []string{"\r\n", "\n"} {
		if _, err := ReadMapping([]byte("\ufeff" + strings.ReplaceAll(string(exampleMapping(t)), "\n", crlf))); err != nil {
			t.Errorf("with %q: %v", crlf, err)
		}
	}
}

// Each line is a column, a change of the record, and what its cell comes to.
func TestCellsOfAMapping(t *testing.T) {
	none := func(*Case) {}
	for name, tt := range map[string]struct {
		column string
		change func(*Case)
		value  string
		state  State
		why    string
	}{
		"a day":                         {"from: patient.birth\n  date: DD/MM/YYYY", none, "28/02/1951", Present, ""},
		"in capitals and letters":       {"from: patient.birth\n  date: DD MMM YYYY", none, "28 Feb 1951", Present, ""},
		"a day that is none":            {"from: patient.birth\n  date: DD/MM/YYYY", func(c *Case) { c.Identity.Birth = "1951" }, "", Incorrect, `"1951" is no whole day`},
		"the hospital's own day":        {"from: procedure.start\n  date: YYYY-MM-DD", none, "2026-07-01", Present, ""},
		"and time":                      {"from: procedure.start\n  date: DD/MM/YYYY HH:MM", none, "01/07/2026 00:30", Present, ""},
		"the time alone":                {"from: procedure.start\n  date: HH:MM:SS", none, "00:30:00", Present, ""},
		"no time":                       {"from: procedure.end\n  date: HH:MM", func(c *Case) { c.Procedure.End = time.Time{} }, "", Absent, "when it ended"},
		"a month where a day is asked":  {"from: device.expiry\n  date: DD/MM/YYYY", none, "", Incorrect, "the month only, 2029-01"},
		"the month":                     {"from: device.expiry\n  date: DD/MM/YYYY\n  month_only: month", none, "2029-01", Present, ""},
		"the last day":                  {"from: device.expiry\n  date: YYYYMMDD\n  month_only: last-day", none, "20290131", Present, ""},
		"a month where one is asked":    {"from: device.expiry\n  date: MM/YYYY", none, "01/2029", Present, ""},
		"a code":                        {"from: device.outcome\n  values: {implanted: IN}", none, "IN", Present, ""},
		"a code of nobody's":            {"from: device.side\n  values: {right: R}", none, "", Incorrect, `no value for "left"`},
		"kept as it is":                 {"from: device.side\n  values: {right: R}\n  otherwise: keep", none, "left", Present, ""},
		"what is not known":             {"from: product.mri\n  values: {\"\": X}\n  otherwise: keep", none, "X", Present, ""},
		"a code for nothing":            {"from: device.side\n  values: {left: \"\"}", none, "", Absent, "does not have it"},
		"too long":                      {"from: device.lot\n  longest: 5", none, "", Incorrect, "6 characters, and the column takes 5"},
		"of another pattern":            {"from: device.lot\n  pattern: \"[0-9]+\"", none, "", Incorrect, "pattern"},
		"of the pattern":                {"from: device.lot\n  pattern: \"[0-9]+M.\"", none, "0090M4", Present, ""},
		"a formula":                     {"from: device.lot", func(c *Case) { c.Usages[0].Usage.Device.Lot = "=1+1" }, "'=1+1", Present, ""},
		"a formula that grows too long": {"from: device.lot\n  longest: 4", func(c *Case) { c.Usages[0].Usage.Device.Lot = "=1+1" }, "", Incorrect, "apostrophe"},
		"a formula of a guard":          {"from: device.lot", func(c *Case) { c.Usages[0].Usage.Device.Lot = "'=1" }, "''=1", Present, ""},
		"a character that is no text":   {"from: device.lot", func(c *Case) { c.Usages[0].Usage.Device.Lot = "A\x1dB" }, "", Incorrect, "character"},
		"spaces alone":                  {"from: place.name", func(c *Case) { c.Procedure.Place.Name = "  " }, "", Absent, "name of the place"},
		"a GLN that fails":              {"from: place.gln", func(c *Case) { c.Procedure.Place.GLN = "9506000134353" }, "", Incorrect, "GLN"},
		"a GTIN that fails":             {"from: device.di", func(c *Case) { c.Usages[0].Usage.Device.DI = "09506000134353" }, "", Incorrect, "GTIN"},
		"of no agency":                  {"from: device.di", func(c *Case) { c.Usages[0].Usage.Device.DI = "?" }, "", Incorrect, "no known agency"},
		"a sealed name":                 {"from: patient.family", func(c *Case) { c.Identity.Sealed = true }, "", Absent, "sealed"},
		"a sealed postcode":             {"from: patient.postcode", func(c *Case) { c.Identity.Sealed, c.Postcode = true, "AB1 2CD" }, "", Absent, "sealed"},
		"lot or serial":                 {"from: device.lot_or_serial\n- {header: F, from: row.flags, required: O}", func(c *Case) { c.Usages[0].Usage.Device.Lot = "" }, "SN-1", Present, ""},
		"what the catalogue lacks":      {"from: product.maker", func(c *Case) { c.Usages[0].Product = trace.Product{} }, "", Absent, "The catalogue does not say it"},
		"what the directory lacks":      {"from: place.site_ods", none, "", Absent, "The directory does not say it"},
		"age":                           {"from: patient.age", none, "75", Present, ""},
		"everybody of a role": {"from: people.surgeon", func(c *Case) {
			c.Procedure.People = append(c.Procedure.People, trace.Person{Code: "B-2", Role: " SURGEON "})
		}, "Okafor R.; B-2", Present, ""},
		"an empty constant": {"constant: \"\"", none, "", Absent, "says nothing"},
		"of flags": {"from: row.flags", func(c *Case) {
			c.Usages[0].Usage.Provenance, c.Usages[0].Usage.Device.Lot = trace.Typed, ""
		}, "typed; not confirmed by a second person; no lot is recorded, only a serial number", Present, ""},
		"when it was made": {"from: row.exported\n  date: YYYY-MM-DD HH:MM", none, "2026-08-03 09:00", Present, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := mapped(t, minimal("- header: H\n  required: R\n  "+tt.column+"\n"))
			c := Case{ProcedureInFull: hip(), Location: summer}
			tt.change(&c)
			rows, report, err := m.Preview(casesOf(nil, c), 1, MappedOptions{Generated: made})
			if err != nil || len(rows) != 1 {
				t.Fatalf("%v, %v", rows, err)
			}
			got := rows[0].Cells[0]
			if got.Value != tt.value || got.State != tt.state || !strings.Contains(got.Why, tt.why) || (got.Why == "") != (tt.state == Present) {
				t.Errorf("%+v", got)
			}
			if rows[0].Held() != (tt.state == Incorrect) || report.Lacking != map[bool]int{true: 1}[tt.state == Absent] {
				t.Errorf("held %v, %+v", rows[0].Held(), report)
			}
		})
	}
}

// A mandatory column holds its row back, a required one is named, and neither is
// asked of a device where there is none.
func TestMandationOfAMapping(t *testing.T) {
	of := func(required, more string) *Mapping {
		return mapped(t, strings.Replace(minimal("- header: H\n  from: device.lot\n  required: "+required+"\n"), "row: device\n", "row: device\n"+more, 1))
	}
	c := Case{ProcedureInFull: hip()}
	c.Usages[0].Usage.Device.Lot = ""
	for required, want := range map[string][2]int{"M": {1, 0}, "R": {0, 1}, "O": {0, 0}} {
		if _, r, err := of(required, "").Preview(casesOf(nil, c), 1, MappedOptions{}); err != nil || r.HeldBack != want[0] || r.LackingBy["H"] != want[1] {
			t.Errorf("%s: %+v, %v", required, r, err)
		}
	}
	c.Usages = nil
	rows, r, err := of("M", "procedures_without_device: yes\n").Preview(casesOf(nil, c), 1, MappedOptions{})
	if err != nil || r.Rows != 1 || r.HeldBack != 0 || rows[0].Cells[0].Why != "The row is of a procedure without a device." {
		t.Errorf("%+v, %+v, %v", rows, r, err)
	}
	if _, r, _ := of("M", "").Preview(casesOf(nil, c), 1, MappedOptions{}); r.Rows != 0 || r.Left[LeftNoDevice] != 1 {
		t.Errorf("%+v", r)
	}
}

func TestARowForEachProcedure(t *testing.T) {
	text := "name: N\nversion: 1\nformat: csv\nrow: procedure\ncolumns:\n- {header: Count, from: devices.count, required: M}\n- {header: What, from: devices.udi, required: R}\n- {header: Outcomes, from: devices.outcomes, required: R}\n- {header: Names, from: devices.names, required: O}\n"
	whole := Case{ProcedureInFull: hip()}
	whole.Usages = append(whole.Usages, stem("wasted", trace.Wasted))
	none := Case{ProcedureInFull: hip()}
	none.Usages = nil
	rows, r, err := mapped(t, text).Preview(casesOf(nil, whole, none), 5, MappedOptions{})
	if err != nil || r.Rows != 2 || r.Lacking != 1 || rows[0].Cells[0].Value != "2" || rows[0].Cells[2].Value != "implanted; wasted" || rows[0].Cells[3].Value != "Stem Alpha; Stem Alpha" || !strings.HasPrefix(rows[0].Cells[1].Value, "(01)09506000134352") ||
		rows[1].Cells[0].Value != "0" || rows[1].Cells[1].State != Absent {
		t.Errorf("%+v, %+v, %v", rows, r, err)
	}
	text = strings.Replace(text, "columns:", "outcomes: [implanted]\ncolumns:", 1)
	if rows, r, err = mapped(t, text).Preview(casesOf(nil, whole, none), 5, MappedOptions{}); err != nil || r.Rows != 1 || r.Left[LeftNoDevice] != 1 || r.Left["wasted"] != 1 || rows[0].Cells[0].Value != "1" {
		t.Errorf("%+v, %+v, %v", rows, r, err)
	}
	whole.Usages[0].Usage.Damaged = true
	if _, r, err = mapped(t, text).Preview(casesOf(nil, whole), 5, MappedOptions{}); err != nil || r.HeldBack != 1 {
		t.Errorf("damaged: %+v, %v", r, err)
	}
}

// Damaged devices go out only where the file says so.
func TestDamagedDevicesAreWrittenWithTheirFlag(t *testing.T) {
	c := Case{ProcedureInFull: hip()}
	c.Usages[0].Usage.Damaged = true
	m := mapped(t, minimal("- header: H\n  from: row.flags\n  required: O\n")+"damaged: write\n")
	rows, r, err := m.Preview(casesOf(nil, c), 1, MappedOptions{})
	if err != nil || r.Rows != 1 || !strings.Contains(rows[0].Cells[0].Value, "damaged reading") {
		t.Errorf("%+v, %+v, %v", rows, r, err)
	}
}

// What a person must know of a row is counted where no column of the file says it.
func TestRowsThatSayNothingOfTheirDoubtsAreCounted(t *testing.T) {
	c := Case{ProcedureInFull: hip()}
	typed := stem("typed", trace.Implanted)
	typed.Usage.Provenance = trace.Typed
	c.Usages = append(c.Usages, typed)
	for columns, want := range map[string]int{"- {header: H, from: device.lot, required: M}\n": 1, "- {header: H, from: row.flags, required: O}\n": 0} {
		if _, r, err := mapped(t, minimal(columns)).Preview(casesOf(nil, c), 1, MappedOptions{}); err != nil || r.Rows != 2 || r.Unmarked != want {
			t.Errorf("%s: %+v, %v", columns, r, err)
		}
	}
}

// Every field can be asked for, gives something of a whole record where it has one, and says nothing
// of a record that is empty but what is always known.
func TestEveryFieldOfAMapping(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range MappedFields() {
		if seen[f.Name] || f.Words == "" || (f.Kind == FieldCode) != (f.Codes != nil) {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
		row, extra := "device", ""
		if f.OfProcedure {
			row = "procedure"
		}
		if f.Kind == FieldDay || f.Kind == FieldTime {
			extra = "\n  date: YYYY-MM"
		}
		if f.Name == fieldEither {
			extra = "\n- {header: F, from: row.flags, required: O}"
		}
		m := mapped(t, strings.Replace(minimal("- header: H\n  from: "+f.Name+"\n  required: O"+extra+"\n"), "row: device", "row: "+row, 1))
		full := Case{ProcedureInFull: hip(), Site: "RXX01", Surgeon: "C1234567", Consultant: "C1234567", Postcode: "AB1 2CD", Location: summer}
		full.Procedure.Code = trace.Code{System: trace.SystemOPCS4, Code: "W37.1", Text: "Hip"}
		full.Procedure.LatexAllergy = trace.No
		full.Usages[0].Usage.Verdict = trace.Judge("Stop", trace.Check{Rule: "expiry", Level: trace.Stop, Message: "Expired."})
		rows, _, err := m.Preview(casesOf(nil, full, Case{ProcedureInFull: trace.ProcedureInFull{Usages: []trace.UsageInFull{{Usage: trace.Usage{Status: trace.Implanted}}}}}), 2, MappedOptions{Generated: made})
		if err != nil || len(rows) != 2 {
			t.Fatalf("%s: %d rows, %v", f.Name, len(rows), err)
		}
		if c := rows[0].Cells[0]; c.State == Incorrect || f.Codes != nil && c.Value != "" && !slices.Contains(f.Codes, c.Value) {
			t.Errorf("%s: %+v", f.Name, c)
		}
		if c := rows[1].Cells[0]; c.State == Incorrect {
			t.Errorf("%s of nothing: %+v", f.Name, c)
		}
	}
}

// The page on mappings names every field, with what it is, and every word of a date.
func TestThePageOnMappingsNamesEveryField(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "mapping.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range MappedFields() {
		if line := fmt.Sprintf("| `%s` | %s |", f.Name, strings.ReplaceAll(f.Describe(), "|", "\\|")); !strings.Contains(string(b), line) {
			t.Errorf("docs/mapping.md lacks: %s", line)
		}
	}
	for _, d := range dateLayouts {
		if !strings.Contains(string(b), "`"+d.words+"`") {
			t.Errorf("docs/mapping.md lacks the date %s", d.words)
		}
	}
}

// A file of many rows is written as they come: what is held is one row.
func TestAMappedFileIsWrittenAsItComes(t *testing.T) {
	m := mapped(t, string(exampleMapping(t)))
	c := Case{ProcedureInFull: hip(), Location: summer}
	c.Procedure.Code = trace.Code{System: trace.SystemOPCS4, Code: "W37.1"}
	n := 0
	many := func(yield func(Case, error) bool) {
		for range 20000 {
			if n++; !yield(c, nil) {
				return
			}
		}
	}
	var w counting
	w.wrote = func() {
		if w.first == 0 {
			w.first = n
		}
	}
	if r, err := m.Write(&w, many, MappedOptions{}); err != nil || r.Rows != 20000 || w.first == 0 || w.first > 1000 {
		t.Errorf("%+v, %v, first bytes after %d rows", r, err, w.first)
	}
}

type counting struct {
	wrote func()
	first int
}

func (w *counting) Write(b []byte) (int, error) { w.wrote(); return len(b), nil }

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no room") }

func FuzzReadMapping(f *testing.F) {
	f.Add(exampleMapping(f))
	f.Add([]byte(minimal("- header: H\n  from: device.side\n  required: M\n  values: {left: 01}\n")))
	f.Add([]byte("name: *a\nb: &a [x, {y: z}]\n? [k]\n: v\n<<: {a: b}\n--- !t\n"))
	f.Add([]byte("columns: " + strings.Repeat("[", 700)))
	f.Add([]byte(strings.Repeat("- ", 8) + "x\n"))
	f.Add([]byte(strings.Repeat("a: \"\n", 3000)))
	c := Case{ProcedureInFull: hip()}
	c.Usages[0].Usage.Device = udi.Device{Agency: udi.AgencyGS1, DI: "09506000134352", Lot: "=A;\"B\n,C"}
	f.Fuzz(func(t *testing.T, text []byte) {
		bounds.Hold(t, func() {
			m, err := ReadMapping(text)
			var all MappingErrors
			switch {
			case (m == nil) != (err != nil), err != nil && (trace.KindOf(err) != trace.Invalid || !errors.As(err, &all)):
				t.Fatalf("%v, %v", m, err)
			case err != nil:
				lines := bytes.Count(text, []byte("\n")) + 1
				for _, e := range all {
					if e.Line < 1 || e.Line > lines+1 || e.Column < 1 || e.Message == "" {
						t.Errorf("%+v of %d lines", e, lines)
					}
				}
				return
			}
			if m.Format != formatCSV {
				return
			}
			var out bytes.Buffer
			r, err := m.Write(&out, casesOf(nil, c), MappedOptions{Held: 10})
			if err != nil {
				t.Fatal(err)
			}
			read := csv.NewReader(&out)
			read.Comma = rune(m.Delimiter)
			rows, err := read.ReadAll()
			if err != nil || len(rows) != r.Rows+1 && len(m.Columns) > 1 {
				t.Fatalf("%d rows of %d, %v", len(rows), r.Rows, err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if formula(cell) && cell[0] != '\'' {
						t.Errorf("a formula: %q", cell)
					}
				}
			}
		})
	})
}
