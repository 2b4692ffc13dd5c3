package history_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/history"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// node is a store with a recorder over it.
type node struct {
	testing.TB
	command.Recorder
}

func open(t testing.TB) node {
	t.Helper()
	clock := func() time.Time { return now }
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "test", Keys: seal.NewKeyring(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return node{t, command.Recorder{Store: s, Clock: clock}}
}

// take imports rows and gives what was refused and noticed, as "line: reason".
func (n node) take(source string, rows ...string) (report history.Report, refused, noticed []string) {
	n.Helper()
	o := history.Options{Source: source, Notice: func(m history.Notice) { noticed = append(noticed, fmt.Sprintf("%d: %s", m.Line, m.Text)) }}
	report, err := history.Import(context.Background(), n.Recorder, strings.NewReader(strings.Join(rows, "\n")), o, func(r history.Refusal) {
		refused = append(refused, fmt.Sprintf("%d: %s", r.Line, r.Reason))
	})
	if err != nil {
		n.Fatal(err)
	}
	if report.Lines != report.Recorded+report.Repeated+report.Refused {
		n.Errorf("rows were left out: %+v", report)
	}
	return report, refused, noticed
}

// takeAll imports rows of which none may be refused.
func (n node) takeAll(source string, rows ...string) history.Report {
	n.Helper()
	report, refused, _ := n.take(source, rows...)
	if len(refused) > 0 {
		n.Fatalf("refused: %q", refused)
	}
	return report
}

func procedureID(source, ref string) trace.ProcedureID {
	return trace.NamedID[trace.OfProcedure]("import\x00"+source+"\x00procedure", ref)
}

func usageID(source, ref string) trace.UsageID {
	return trace.NamedID[trace.OfUsage]("import\x00"+source+"\x00usage", ref)
}

const (
	hip     = `{"type":"procedure","ref":"T-1","patient":"P-1","code":{"system":"OPCS-4","code":"W37.1"},"side":"left","start":"2021-05-04T09:00:00+01:00","end":"2021-05-04T10:30:00+01:00"}`
	ada     = `{"type":"patient","ref":"P-1","nhs_number":"999 000 0018","family":"Testwell","given":"Ada","birth":"1950-02-01"}`
	stem    = `{"type":"usage","ref":"U-1","procedure":"T-1","di":"07611994064584","lot":"L77","expiry":"2024-06","status":"implanted"}`
	product = `{"type":"product","ref":"07611994064584","di":"07611994064584","maker":"Northmoor","description":"Hip stem"}`
)

func TestRowsBecomeTheRecord(t *testing.T) {
	n, ctx := open(t), context.Background()
	report := n.takeAll("pas", product, ada, hip, stem)
	if want := (history.Report{Lines: 4, Recorded: 4, ByType: map[string]int{"product": 1, "patient": 1, "procedure": 1, "usage": 1}}); !reflect.DeepEqual(report, want) {
		t.Errorf("report %+v", report)
	}
	u, err := n.Store.Usage(ctx, usageID("pas", "U-1"))
	if err != nil {
		t.Fatal(err)
	}
	full, err := trace.InFull(ctx, n.Store, u)
	if err != nil {
		t.Fatal(err)
	}
	if full.Identity.NHSNumber != "9990000018" || full.Identity.Family != "Testwell" {
		t.Errorf("identity %+v", full.Identity)
	}
	if full.Procedure.ID != procedureID("pas", "T-1") || full.Procedure.Side != trace.SideLeft || full.Product.Maker != "Northmoor" {
		t.Errorf("procedure %+v, product %+v", full.Procedure, full.Product)
	}
	if u.Provenance != trace.Imported || u.History[0].By.Via != "import:pas" {
		t.Errorf("provenance %q by %+v", u.Provenance, u.History[0].By)
	}
	if u.Device.Expiry.Day != "2024-06-30" || u.Device.Expiry.String() != "2024-06" {
		t.Errorf("expiry %+v", u.Device.Expiry)
	}
	if !u.Occurred.Equal(full.Procedure.Start) {
		t.Errorf("occurred %s, procedure %s", u.Occurred, full.Procedure.Start)
	}
	if u.Override || u.Verdict.Level == trace.Stop {
		t.Errorf("it was in date when it was used: %+v", u.Verdict)
	}
}

func TestNothingIsImplantedByDefault(t *testing.T) {
	n := open(t)
	n.takeAll("pas", ada, hip, `{"type":"usage","ref":"U-1","procedure":"T-1","di":"07611994064584"}`)
	u, err := n.Store.Usage(context.Background(), usageID("pas", "U-1"))
	if err != nil || u.Status.InPatient() != "unknown" {
		t.Errorf("status %q, %v", u.Status, err)
	}
}

func TestRepeatIsHarmless(t *testing.T) {
	n := open(t)
	rows := []string{product, ada, hip, stem,
		`{"type":"correction","ref":"K-1","of":{"type":"usage","ref":"U-1"},"set":{"lot":"L78"},"reason":"misread"}`,
		`{"type":"correction","ref":"K-2","of":{"type":"procedure","ref":"T-1"},"set":{"start":"2021-05-05T08:00:00Z","end":"2021-05-05T09:00:00Z"},"reason":"wrong day"}`,
		`{"type":"correction","ref":"K-3","of":{"type":"patient","ref":"P-1"},"set":{"nhs_number":"9990000026"},"reason":"wrong number"}`,
		`{"type":"correction","ref":"K-4","of":{"type":"product","di":"07611994064584"},"clear":["maker"],"reason":"unsure"}`}
	n.takeAll("pas", rows...)
	heads, _ := n.Store.Heads(context.Background())
	report := n.takeAll("pas", rows...)
	if report.Recorded != 0 || report.Repeated != len(rows) {
		t.Errorf("second run %+v", report)
	}
	again, _ := n.Store.Heads(context.Background())
	if !reflect.DeepEqual(heads, again) {
		t.Error("the second run wrote to the journal")
	}
}

func TestOtherSourcesHaveTheirOwnRefs(t *testing.T) {
	n := open(t)
	n.takeAll("pas", ada, hip)
	report := n.takeAll("old-pas", `{"type":"patient","ref":"P-1","nhs_number":"9990000026"}`, hip)
	if report.Recorded != 2 {
		t.Errorf("%+v", report)
	}
}

func TestAPatientWhoIsKnownIsTheSamePatient(t *testing.T) {
	n, ctx := open(t), context.Background()
	n.takeAll("pas", ada, hip)
	// Another system knows the patient too. Its rows come in several files.
	n.takeAll("joints", `{"type":"patient","ref":"77","nhs_number":"9990000018","local_issuer":"RXX","local_number":"H77"}`)
	n.takeAll("pas", `{"type":"correction","ref":"K","of":{"type":"patient","ref":"P-1"},"set":{"nhs_number":"9990000026"},"reason":"wrong number"}`)
	n.takeAll("joints", `{"type":"procedure","ref":"T-9","patient":"77","code":{"text":"knee"},"start":"2020-01-01T08:00:00Z","end":"2020-01-01T09:00:00Z"}`)
	a, err := n.Store.Procedure(ctx, procedureID("pas", "T-1"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := n.Store.Procedure(ctx, procedureID("joints", "T-9"))
	if err != nil {
		t.Fatal(err)
	}
	if a.Patient != b.Patient {
		t.Errorf("one person is two patients: %s, %s", a.Patient, b.Patient)
	}
	if r := n.takeAll("joints", `{"type":"patient","ref":"77","nhs_number":"9990000018","local_issuer":"RXX","local_number":"H77"}`); r.Repeated != 1 {
		t.Errorf("the row was there already: %+v", r)
	}
}

func TestOnePersonInOneFileIsOnePatient(t *testing.T) {
	n := open(t)
	var rows []string
	for i := range 50 {
		rows = append(rows, fmt.Sprintf(`{"type":"patient","ref":"P-%d","nhs_number":"9990000018"}`, i),
			fmt.Sprintf(`{"type":"procedure","ref":"T-%d","patient":{"nhs_number":"999 000 0026"},"code":{"text":"hip"},"start":"2020-01-01"}`, i))
	}
	n.takeAll("pas", rows...)
	for _, number := range []string{"9990000018", "9990000026"} {
		ids, err := n.Search(context.Background(), command.Who{NHSNumber: number})
		if err != nil || len(ids) != 1 {
			t.Errorf("%s: %d patients, %v", number, len(ids), err)
		}
	}
}

func TestRowsMayComeInAnyOrder(t *testing.T) {
	n := open(t)
	report := n.takeAll("pas",
		`{"type":"correction","ref":"K-1","of":{"type":"usage","ref":"U-1"},"set":{"lot":"FIRST"},"reason":"a"}`,
		stem,
		hip,
		`{"type":"correction","ref":"K-2","of":{"type":"usage","ref":"U-1"},"set":{"lot":"SECOND"},"reason":"b"}`,
		ada)
	if report.Recorded != 5 || report.Waiting != 0 {
		t.Errorf("%+v", report)
	}
	u, err := n.Store.Usage(context.Background(), usageID("pas", "U-1"))
	if err != nil || u.Device.Lot != "SECOND" {
		t.Errorf("lot %q, %v: corrections changed places", u.Device.Lot, err)
	}
}

func TestRowsNameOneAnotherByID(t *testing.T) {
	n := open(t)
	n.takeAll("pas",
		`{"type":"patient","id":"0192f0c1-0000-7000-8000-000000000001","nhs_number":"9990000018"}`,
		`{"type":"procedure","id":"0192f0c1-0000-7000-8000-000000000002","patient":{"id":"0192f0c1-0000-7000-8000-000000000001"},"code":{"text":"hip"},"start":"2020-01-01T10:00:00Z"}`,
		`{"type":"usage","id":"0192f0c1-0000-7000-8000-000000000003","procedure":{"id":"0192f0c1-0000-7000-8000-000000000002"},"lot":"A"}`)
	ids, err := n.Search(context.Background(), command.Who{NHSNumber: "9990000018"})
	if err != nil || len(ids) != 1 {
		t.Fatal(ids, err)
	}
	// A patient is named by the record's own id too.
	n.takeAll("pas", `{"type":"procedure","ref":"T-2","patient":{"id":"`+ids[0].String()+`"},"code":{"text":"knee"},"start":"2020-02-01T10:00:00Z"}`)
}

func TestADayIsNotATime(t *testing.T) {
	n, ctx := open(t), context.Background()
	n.takeAll("pas", ada, `{"type":"procedure","ref":"T-1","patient":"P-1","code":{"text":"hip"},"start":"2021-07-04","note":"old file"}`)
	p, err := n.Store.Procedure(ctx, procedureID("pas", "T-1"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := n.Store.Secret(ctx, p.History[0].Position)
	if err != nil || s == nil || s.Note != "old file\nThe source gives the day only, not the time." {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestWhatIsOddIsNoticed(t *testing.T) {
	n := open(t)
	n.takeAll("pas", ada, hip)
	_, refused, noticed := n.take("joints",
		`{"type":"patient","ref":"1","nhs_number":"9990000018","family":"Otherwise"}`,
		`{"type":"procedure","ref":"2","patient":{"nhs_number":"9990000018","birth":"1951-02-01"},"code":{"text":"hip"},"start":"2020-01-01"}`,
		`{"type":"patient","ref":"3","nhs_number":"9990000018","family":"Otherwise","birth":"1977-02-01"}`,
		`{"type":"usage","ref":"4","procedure":"2","carriers":[{"text":"]d20107611994064585\u001d10A"}]}`,
		`{"type":"usage","ref":"5","procedure":"2","lot":"A"}`,
	)
	if want := []string{
		"1: The patient is recorded otherwise: family. What was recorded stays.",
		"2: The patient is recorded otherwise: birth. What was recorded stays.",
		"4: The text of a carrier has errors. It was recorded as it is, and marked as damaged.",
		"5: Nothing says which product this is. No recall by device identifier can find it.",
	}; !reflect.DeepEqual(noticed, want) {
		t.Errorf("noticed %q", noticed)
	}
	if want := []string{"3: The number belongs to a patient recorded with another family name and another date of birth. Nobody was linked: check the number."}; !reflect.DeepEqual(refused, want) {
		t.Errorf("refused %q", refused)
	}
}

func TestProgressTellsTheEnd(t *testing.T) {
	n := open(t)
	var last history.Report
	o := history.Options{Source: "pas", Progress: func(r history.Report) { last = r }}
	report, err := history.Import(context.Background(), n.Recorder, strings.NewReader(ada+"\n"+hip), o, nil)
	if err != nil || !reflect.DeepEqual(last, report) {
		t.Errorf("last %+v, report %+v, %v", last, report, err)
	}
}

func TestSourceIsWanted(t *testing.T) {
	n := open(t)
	for _, s := range []string{"", " pas", "a\nb", strings.Repeat("x", 61)} {
		if _, err := history.Import(context.Background(), n.Recorder, strings.NewReader(ada), history.Options{Source: s}, nil); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// many gives rows of n procedures: a patient, a procedure and three usages
// each, by type or by patient.
func many(n int, byType bool) []string {
	var groups [3][]string
	var mixed []string
	for i := range n {
		p := fmt.Sprintf(`{"type":"patient","ref":"P-%d","local_issuer":"RXX","local_number":"N%06d","family":"Family%d","given":"Given"}`, i, i, i)
		q := fmt.Sprintf(`{"type":"procedure","ref":"T-%d","patient":"P-%d","code":{"system":"OPCS-4","code":"W37.1"},"start":"2021-05-04T09:00:00Z","end":"2021-05-04T10:00:00Z"}`, i, i)
		groups[0] = append(groups[0], p)
		groups[1] = append(groups[1], q)
		mixed = append(mixed, p, q)
		for u := range 3 {
			r := fmt.Sprintf(`{"type":"usage","ref":"U-%d-%d","procedure":"T-%d","di":"07611994064584","lot":"L%d","serial":"S%d-%d","expiry":"2027-01-31","status":"implanted"}`, i, u, i, i/7, i, u)
			groups[2] = append(groups[2], r)
			mixed = append(mixed, r)
		}
	}
	if byType {
		return append(append(groups[0], groups[1]...), groups[2]...)
	}
	return mixed
}

func TestFiveThousandRows(t *testing.T) {
	for name, byType := range map[string]bool{"by type": true, "by patient": false} {
		t.Run(name, func(t *testing.T) {
			n := open(t)
			rows := many(1000, byType)
			start := time.Now()
			if r := n.takeAll("pas", rows...); r.Recorded != 5000 {
				t.Fatalf("%+v", r)
			}
			first := time.Since(start)
			start = time.Now()
			if r := n.takeAll("pas", rows...); r.Repeated != 5000 {
				t.Fatalf("%+v", r)
			}
			t.Logf("recorded %.0f rows/s, repeated %.0f rows/s", 5000/first.Seconds(), 5000/time.Since(start).Seconds())
		})
	}
}

func TestCancelledHalfWayARepeatCompletes(t *testing.T) {
	n := open(t)
	rows := many(200, false)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := history.Options{Source: "pas", Progress: func(r history.Report) {
		if r.Recorded >= 400 {
			cancel()
		}
	}}
	in := strings.NewReader(strings.Join(rows, "\n"))
	report, err := history.Import(ctx, n.Recorder, in, o, func(r history.Refusal) { t.Errorf("refused %+v", r) })
	if !errors.Is(err, context.Canceled) || report.Recorded < 400 || report.Recorded >= len(rows) {
		t.Fatalf("%v, %+v", err, report)
	}
	again := n.takeAll("pas", rows...)
	if again.Recorded+again.Repeated != len(rows) || again.Repeated < report.Recorded {
		t.Errorf("first %+v, then %+v", report, again)
	}
	if third := n.takeAll("pas", rows...); third.Repeated != len(rows) {
		t.Errorf("third %+v", third)
	}
}

// cutOff is a store that fails when a link is to be written.
type cutOff struct{ trace.Store }

func (c cutOff) Append(ctx context.Context, commands ...trace.Command) ([]trace.Result, error) {
	if strings.HasPrefix(string(commands[0].Canonical), "import link") {
		return nil, trace.Errorf(trace.OutcomeUnknown, "outcome unknown")
	}
	return c.Store.Append(ctx, commands...)
}

func TestCutOffBehindARegistrationARepeatFindsThePatient(t *testing.T) {
	n := open(t)
	n.takeAll("pas", ada)
	known, err := n.Search(context.Background(), command.Who{NHSNumber: "9990000018"})
	if err != nil || len(known) != 1 {
		t.Fatal(known, err)
	}
	row := `{"type":"patient","ref":"77","nhs_number":"9990000018"}`
	broken := n.Recorder
	broken.Store = cutOff{n.Store}
	if _, err := history.Import(context.Background(), broken, strings.NewReader(row), history.Options{Source: "joints"}, nil); trace.KindOf(err) != trace.OutcomeUnknown {
		t.Fatal(err)
	}
	if report := n.takeAll("joints", row); report.Repeated != 1 {
		t.Errorf("%+v", report)
	}
	n.takeAll("joints", `{"type":"procedure","ref":"T-1","patient":"77","code":{"text":"hip"},"start":"2020-01-01"}`)
	p, err := n.Store.Procedure(context.Background(), procedureID("joints", "T-1"))
	if err != nil || p.Patient != known[0] {
		t.Errorf("%+v, %v", p, err)
	}
}
