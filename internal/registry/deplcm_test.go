package registry

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
)

var made = time.Date(2026, 8, 3, 8, 0, 0, 0, time.UTC)

func monthOf(t *testing.T, text string) Month {
	t.Helper()
	m, err := ParseMonth(text, summer)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func deplcm(t *testing.T, month string, cases ...Case) ([]map[string]string, DePLCMReport, string) {
	t.Helper()
	var out bytes.Buffer
	r, err := WriteDePLCM(&out, monthOf(t, month), made, casesOf(nil, cases...))
	if err != nil {
		t.Fatal(err)
	}
	rows := readCSV(t, out.String())
	if len(rows) != r.Rows {
		t.Errorf("%d rows, and the report says %d", len(rows), r.Rows)
	}
	return rows, r, out.String()
}

func TestDePLCMIsTheGoldenOne(t *testing.T) {
	c := Case{ProcedureInFull: hip(), Postcode: "AB1 2CD"}
	doubtful := stem("doubtful", trace.Implanted)
	doubtful.Usage.Provenance, doubtful.Usage.Damaged = trace.Typed, true
	doubtful.Usage.Device.Serial, doubtful.Product.Maker = "=1+1", strings.Repeat("m", 51)
	c.Usages = append(c.Usages, doubtful, stem("out", trace.Explanted), stem("wasted", trace.Wasted))
	rows, r, file := deplcm(t, "2026-07", c)
	if len(rows) != 2 || r.Incomplete != 2 || r.Left["explanted"] != 1 || r.Left["wasted"] != 1 {
		t.Errorf("%+v", r)
	}
	if got := rows[1]; !strings.Contains(got["invalid"], "manufacturer__high_cost_tariff_excluded_device_: it has 51 characters") || !strings.Contains(got["flags"], "guarded: medical_device_serial") {
		t.Errorf("what is wrong is not named: %v", got)
	}
	golden := filepath.Join("testdata", "deplcm.csv")
	if *update {
		if err := os.WriteFile(golden, []byte(file), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if file != string(want) {
		t.Errorf("the file differs from %s (go test -update writes it anew):\n%s", golden, file)
	}
}

// The procedure begins at half past midnight of the site's first of July.
func TestDePLCMHoldsToItsMonth(t *testing.T) {
	c := Case{ProcedureInFull: hip()}
	for month, want := range map[string]int{"2026-06": 0, "2026-07": 1, "2026-08": 0, "2025-07": 0} {
		if _, r, _ := deplcm(t, month, c); r.Rows != want || r.Left[LeftOtherMonth] != 1-want {
			t.Errorf("%s: %+v", month, r)
		}
	}
	c.Procedure.Start = time.Time{}
	if _, r, _ := deplcm(t, "2026-07", c); r.Rows != 0 || r.Left[LeftOtherMonth] != 1 {
		t.Errorf("a procedure of no day: %+v", r)
	}
	for _, tt := range []struct{ text, month, year string }{
		{"2026-04", "1", "202627"}, {"2026-12", "9", "202627"}, {"2027-01", "10", "202627"}, {"2027-03", "12", "202627"}, {"2099-04", "1", "209900"},
	} {
		if m, y := monthOf(t, tt.text).Financial(); m != tt.month || y != tt.year {
			t.Errorf("%s is month %s of %s, want %s of %s", tt.text, m, y, tt.month, tt.year)
		}
	}
	for _, bad := range []string{"", "2026", "2026-13", "2026-07-01", "July"} {
		if _, err := ParseMonth(bad, summer); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Every element of the data set: absent it is named by its mandation, with a value
// of its own it is not named, and with one it does not take it is named as wrong.
func TestDePLCMHoldsEveryElement(t *testing.T) {
	elements := deplcmElements()
	whole := map[string]string{}
	for _, e := range elements {
		if whole[e.Key] != "" {
			t.Errorf("two elements have the key %s", e.Key)
		}
		whole[e.Key] = sampleOf(t, e)
	}
	if m, r, i := deplcmLacks(elements, whole); m != nil || r != nil || i != nil {
		t.Fatalf("a whole row lacks %v %v %v", m, r, i)
	}
	for _, e := range elements {
		with := func(v string) (m, r, i []string) {
			old := whole[e.Key]
			defer func() { whole[e.Key] = old }()
			whole[e.Key] = v
			return deplcmLacks(elements, whole)
		}
		m, r, i := with("")
		if slices.Contains(m, e.Key) != (e.Mandation == dictionary.Mandatory) || slices.Contains(r, e.Key) != (e.Mandation == dictionary.Required) || i != nil {
			t.Errorf("%s (%s) absent: %v %v %v", e.Key, e.Mandation, m, r, i)
		}
		if m, r, i = with(strings.Repeat("?", 300)); m != nil || r != nil || len(i) != 1 || !strings.HasPrefix(i[0], e.Key+": ") {
			t.Errorf("%s wrong: %v %v %v", e.Key, m, r, i)
		}
		for _, code := range e.Codes {
			if _, _, i := with(code.Value); i != nil {
				t.Errorf("%s does not take its code %s: %v", e.Key, code.Value, i)
			}
		}
	}
}

// sampleOf is a value that the element takes.
func sampleOf(t *testing.T, e dictionary.Element) string {
	for _, v := range []string{"202627", "an1234", "RXX01", "12345678901234567"} {
		if !e.Closed() && e.Check(v) == nil {
			return v
		}
	}
	if !e.Closed() && e.Format == "an2" {
		return "11"
	}
	return sample(t, e)
}

func TestDePLCMSaysOnlyWhatTheRecordSays(t *testing.T) {
	c := Case{ProcedureInFull: hip()}
	c.Identity = trace.Identity{Sealed: true}
	c.Usages[0].Usage.Device.Serial, c.Usages[0].Product = "", trace.Product{}
	rows, _, _ := deplcm(t, "2026-07", c)
	got := rows[0]
	for _, key := range []string{"nhs_number", "person_birth_date", "age_at_activity_date__contract_monitoring_", "medical_device_serial_number__high_cost_tariff_excluded_device_", "withheld_identity_reason"} {
		if got[key] != "" || !strings.Contains("; "+got["missing_required"]+";", "; "+key+";") {
			t.Errorf("%s is %q and not named in %q", key, got[key], got["missing_required"])
		}
	}
	if got["lot"] != "0090M4" || got["form"] != DePLCMDraft || !strings.Contains(got["flags"], "identity sealed") || !strings.Contains(got["missing_mandatory"], "total_cost") {
		t.Errorf("%v", got)
	}
	for _, tt := range []struct{ birth, on, want string }{
		{"1950-07-01", "2026-07-01", "76"}, {"1950-07-02", "2026-07-01", "75"}, {"2026-07-01", "2026-07-01", "0"}, {"2027-01-01", "2026-07-01", ""}, {"1950", "2026-07-01", ""}, {"1948-02-29", "2026-02-28", "77"},
	} {
		on, _ := time.Parse(time.DateOnly, tt.on)
		if a := age(tt.birth, on); a != tt.want {
			t.Errorf("born %s, on %s: %q, want %q", tt.birth, tt.on, a, tt.want)
		}
	}
	var out bytes.Buffer
	if _, err := WriteDePLCM(&out, monthOf(t, "2026-07"), made, casesOf(errors.New("broken"), c)); err == nil || !strings.HasSuffix(out.String(), cutLine) {
		t.Errorf("a file that breaks off: %v", err)
	}
}
