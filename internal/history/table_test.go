package history_test

import (
	"strings"
	"testing"

	"implantrace/internal/history"
	"implantrace/internal/trace"
)

const njrMapping = `{"columns":{"nhs_number":["NHS No"],"family":["Surname"],"given":["Forename"],"birth":["DOB"],"start":["Op date"],"code_text":["Operation"],"side":["Side"],"surgeon":["Consultant"],
 "di":["GTIN"],"lot":["Lot"],"status":["Outcome"]},"fixed":{"place":"Theatre 3"},"values":{"side":{"L":"left","R":"right"},"status":{"I":"implanted","W":"wasted"}},"dates":"DD/MM/YYYY","procedure":["Op no"],"row":["Op no","Item"]}`

var njrHead = []string{"Op no", "Item", "NHS No", "Surname", "Forename", "DOB", "Op date", "Operation", "Side", "Consultant", "GTIN", "Lot", "Outcome", "Remarks of the clerk"}

func njrRow(op, item, nhs, family, day, side, lot, outcome string) []string {
	return []string{op, item, nhs, family, "Ada", "01/02/1950", day, "Hip replacement", side, "Mr A. Ferrow", "09520140001145", lot, outcome, ""}
}

func TestATableComesInByItsMapping(t *testing.T) {
	s := open(t)
	m, err := history.ReadMapping([]byte(njrMapping))
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]string{njrHead,
		njrRow("77", "1", "9990000018", "Testwell", "04/05/2021", "L", "A17", "I"),
		njrRow("77", "2", "9990000018", "Testwell", "04/05/2021", "L", "A18", "W"),
		njrRow("78", "1", "9990000026", "Example", "31/12/2019 14:30", "R", "B2", "I"),
		njrRow("79", "1", "9990000034", "Sample", "2021-05-04", "L", "B3", "I"), // a day in another form
		njrRow("80", "1", "9990000042", "Other", "04/05/2021", "X", "B4", "I"),  // a side that the mapping does not know
		njrRow("81", "1", "9990000019", "Wrong", "04/05/2021", "L", "B5", "I"),  // a number whose check digit fails
	}
	var refused []history.Refusal
	take := func() history.TableReport {
		t.Helper()
		refused = nil
		r, err := history.ImportTable(t.Context(), s.Recorder, rows, m, history.Options{Source: "njr"}, func(x history.Refusal) { refused = append(refused, x) })
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := take()
	if r.Rows != 6 || r.Report.Recorded != 5 || len(r.Unused) != 1 || r.Unused[0] != "Remarks of the clerk" {
		t.Errorf("%+v", r)
	}
	lines := map[int]bool{}
	for _, x := range refused {
		lines[x.Line] = true
		if strings.Contains(x.Reason, "99900") || strings.Contains(x.Reason, "Wrong") {
			t.Errorf("a refusal names a patient: %s", x.Reason)
		}
	}
	if !lines[5] || !lines[6] || !lines[7] || lines[2] || lines[3] || lines[4] {
		t.Errorf("refused: %+v", refused)
	}
	// The same extract again records nothing.
	if r = take(); r.Report.Recorded != 0 || r.Report.Repeated != 5 {
		t.Errorf("again: %+v", r.Report)
	}
	n := 0
	for h, err := range s.Store.Candidates(t.Context(), trace.Query{DI: "09520140001145"}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		p, err := s.Store.Procedure(t.Context(), h.Usage.Procedure)
		if err != nil || h.Usage.Provenance != trace.Imported || p.Place.Name != "Theatre 3" || p.Open() || p.Side == "" {
			t.Errorf("%+v, %+v, %v", h.Usage, p, err)
		}
		if h.Usage.Device.Lot == "A18" && h.Usage.Status != trace.Wasted {
			t.Errorf("%+v", h.Usage)
		}
	}
	if n != 3 {
		t.Errorf("%d usages", n)
	}
}

func TestAWorkbooksOwnDatesAreUnderstood(t *testing.T) {
	s := open(t)
	rows := [][]string{{"NHS number", "Date of birth", "Operation date", "GTIN", "Batch"}, {"9990000018", "18295", "44320.5", "09520140001145", "A17"}}
	m := history.GuessMapping(rows[0])
	if m.Columns["lot"][0] != "Batch" || m.Fixed["status"] != "" || m.Fixed["code_text"] == "" {
		t.Errorf("%+v", m)
	}
	if r, err := history.ImportTable(t.Context(), s.Recorder, rows, m, history.Options{Source: "x"}, func(x history.Refusal) { t.Error(x) }); err != nil || r.Report.Recorded != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	for h, err := range s.Store.Procedures(t.Context(), trace.ProcedureQuery{}) {
		if err != nil || h.Procedure.Start.Format("2006-01-02 15:04") != "2021-05-04 12:00" {
			t.Errorf("%v, %v", h.Procedure.Start, err)
		}
	}
}

func TestTwoRowsThatSayTheSameAreTwoDevices(t *testing.T) {
	s := open(t)
	rows := [][]string{{"NHS", "Op date", "GTIN", "Lot"}, {"9990000018", "2021-05-04", "09520140001145", "A17"}, {"9990000018", "2021-05-04", "09520140001145", "A17"}}
	m := history.GuessMapping(rows[0])
	m.Columns["start"] = []string{"Op date"}
	for _, want := range []int{3, 0} {
		if r, err := history.ImportTable(t.Context(), s.Recorder, rows, m, history.Options{Source: "x"}, nil); err != nil || r.Report.Recorded != want {
			t.Fatalf("%+v, %v", r, err)
		}
	}
}

func TestAMappingThatMakesNoSenseIsRefused(t *testing.T) {
	for what, text := range map[string]string{
		"no JSON": "x", "an unknown field": `{"columns":{"colour":["A"]}}`, "an unknown key": `{"colums":{}}`, "a field twice": `{"columns":{"lot":["A"],"lot":["B"]}}`,
		"a way to write days": `{"columns":{},"dates":"YY"}`, "fixed and from a column": `{"columns":{"lot":["A"]},"fixed":{"lot":"B"}}`,
	} {
		if _, err := history.ReadMapping([]byte(text)); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	s := open(t)
	if _, err := history.ImportTable(t.Context(), s.Recorder, [][]string{{"A"}, {"1"}}, history.Mapping{Columns: map[string][]string{"lot": {"Lot"}}}, history.Options{Source: "x"}, nil); trace.KindOf(err) != trace.Invalid {
		t.Errorf("a column that is not there: %v", err)
	}
}
