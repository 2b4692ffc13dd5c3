package demo_test

import (
	"implantrace/internal/catalogue"

	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/gs1"
	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/demo"
	"implantrace/internal/history"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func take(t *testing.T, seed int64, now time.Time) (command.Recorder, history.Report) {
	t.Helper()
	clock := func() time.Time { return now }
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "demo", Keys: seal.NewKeyring(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := command.Recorder{Store: s, Clock: clock}
	o := history.Options{Source: demo.Source, Notice: func(n history.Notice) { t.Errorf("noticed: %+v", n) }}
	report, err := history.Import(context.Background(), r, bytes.NewReader(demo.Rows(seed, now)), o, func(r history.Refusal) { t.Errorf("refused: %+v", r) })
	if err != nil {
		t.Fatal(err)
	}
	return r, report
}

func TestRowsAreAllImported(t *testing.T) {
	for _, c := range []struct {
		seed int64
		now  time.Time
	}{
		{1, now}, {2, now}, {3, time.Date(2028, 2, 29, 0, 5, 0, 0, time.UTC)}, {-4, now.AddDate(0, 0, 7)},
		{5, time.Date(2027, 1, 1, 23, 59, 0, 0, time.FixedZone("", 3600))}, {6, now.AddDate(9, 5, 3)},
	} {
		t.Run(fmt.Sprint(c.seed, " ", c.now.Format(time.DateOnly)), func(t *testing.T) {
			r, report := take(t, c.seed, c.now)
			n := report.ByType
			if n["patient"] != 120 || n["procedure"] != 200 || n["product"] != 40 || n["correction"] != 3 || n["usage"] < 450 {
				t.Errorf("%+v", report)
			}
			statuses := make(map[trace.Status]int)
			lots := make(map[string]int)
			missing := 0
			for h, err := range r.Store.Candidates(context.Background(), trace.Query{From: c.now.AddDate(-6, 0, 0), To: c.now}) {
				if err != nil {
					t.Fatal(err)
				}
				u := h.Usage
				statuses[u.Status]++
				lots[u.Device.DI+" "+u.Device.Lot]++
				if u.Device.Lot == "" && u.Device.Serial == "" {
					missing++
				}
				if u.Damaged || u.Override {
					t.Errorf("damaged or overridden: %+v", u)
				}
				if u.Status == trace.Implanted && u.Verdict.Level == trace.Stop {
					t.Errorf("%+v", u.Verdict)
				}
			}
			for s, least := range map[trace.Status]int{trace.Implanted: 400, trace.Checked: 3, trace.Explanted: 7} {
				if statuses[s] < least {
					t.Errorf("%d usages are %q: %v", statuses[s], s, statuses)
				}
			}
			if statuses[trace.NotUsed]+statuses[trace.Wasted]+statuses[trace.Returned] < 4 || missing < 4 {
				t.Errorf("%v, %d without lot and serial", statuses, missing)
			}
			shared := 0
			for _, n := range lots {
				if n >= 5 {
					shared++
				}
			}
			if shared < 10 {
				t.Errorf("%d lots have five devices or more", shared)
			}
		})
	}
}

func TestRowsAreTheSameForASeed(t *testing.T) {
	a := demo.Rows(7, now)
	if !bytes.Equal(a, demo.Rows(7, now)) {
		t.Error("the same seed gives other rows")
	}
	if bytes.Equal(a, demo.Rows(8, now)) {
		t.Error("another seed gives the same rows")
	}
}

func TestNumbersAreRightAndNobodys(t *testing.T) {
	for line := range bytes.Lines(demo.Rows(1, now)) {
		var row struct {
			Type      string
			NHSNumber string `json:"nhs_number"`
			DI        string
			Place     struct{ GLN string }
			People    []struct{ Code string }
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if row.NHSNumber != "" {
			if n, err := udi.ParseNHSNumber(row.NHSNumber); err != nil || !n.Synthetic() {
				t.Errorf("%s: %v", n, err)
			}
		}
		if row.DI != "" {
			if g, err := gs1.ParseGTIN(row.DI); err != nil || g[:4] != "0952" {
				t.Errorf("%s: %v", row.DI, err)
			}
		}
		if g := row.Place.GLN; g != "" {
			if _, err := gs1.ParseGLN(g); err != nil || g[:3] != "952" {
				t.Errorf("%s: %v", g, err)
			}
		}
		for _, p := range row.People {
			if _, err := gs1.ParseGSRN(p.Code); err != nil || p.Code[:3] != "952" {
				t.Errorf("%s: %v", p.Code, err)
			}
		}
	}
}

// The recall that the demonstration proposes has something to show.
func TestTheRecallFindsPatients(t *testing.T) {
	for seed := range int64(12) {
		r, _ := take(t, seed, now)
		ctx := context.Background()
		patients := make(map[trace.PatientID]bool)
		exact, otherwise, unknown, explanted, notUsed := 0, 0, 0, 0, 0
		for h, err := range r.Store.Candidates(ctx, trace.Query{DI: demo.RecallDI}) {
			if err != nil {
				t.Fatal(err)
			}
			u := h.Usage
			p, err := r.Store.Procedure(ctx, u.Procedure)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case u.Device.DI != demo.RecallDI:
			case u.Device.Lot == "":
				unknown++
			case u.Device.Lot == demo.RecallLot:
				switch u.Status {
				case trace.Implanted:
					exact++
					patients[p.Patient] = true
				case trace.Explanted:
					explanted++
				case trace.NotUsed:
					notUsed++
				}
			case udi.Fold(u.Device.Lot) == udi.Fold(demo.RecallLot):
				otherwise++
			}
		}
		if exact < 5 || len(patients) < 4 || otherwise != 1 || unknown < 2 || explanted != 1 || notUsed > 1 {
			t.Errorf("seed %d: %d implanted in %d patients, %d in other writing, %d of unknown lot, %d explanted, %d not used", seed, exact, len(patients), otherwise, unknown, explanted, notUsed)
		}
		if p, err := r.Store.Product(ctx, demo.RecallDI); err != nil || p.Description == "" {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

// False alarms: two hundred ordinary procedures, every pack scanned as it came
// off the shelf, with a catalogue that knows the products.
func TestOrdinaryProceduresRaiseNoAlarm(t *testing.T) {
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "demo", Keys: seal.NewKeyring()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := command.Recorder{Store: s, Clock: func() time.Time { return now }}
	if _, err := catalogue.Import(t.Context(), r, catalogue.ReadCSV(strings.NewReader(demo.CatalogueCSV()), t.TempDir()), catalogue.Options{Source: demo.CatalogueSource,
		Refused: func(r catalogue.Refusal) { t.Errorf("%+v", r) }}); err != nil {
		t.Fatal(err)
	}
	if _, err := history.Import(t.Context(), r, bytes.NewReader(demo.Rows(1, now)), history.Options{Source: demo.Source}, nil); err != nil {
		t.Fatal(err)
	}
	devices, warned, unchecked := 0, map[string]int{}, map[string]int{}
	withWarn := 0
	for p, err := range s.Procedures(t.Context(), trace.ProcedureQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		for h, err := range s.Candidates(t.Context(), trace.Query{Procedure: p.Procedure.ID}) {
			if err != nil {
				t.Fatal(err)
			}
			u := h.Usage
			if u.Withdrawn || u.Status == trace.Explanted {
				continue // what comes out is not checked before use
			}
			devices++
			if u.Verdict.Level == trace.Stop {
				t.Errorf("stopped: %s %+v", u.Device.DI, u.Verdict.Checks[0])
			}
			warns := false
			for _, c := range u.Verdict.Checks {
				switch c.Level {
				case trace.Warn:
					warns = true
					warned[c.Rule]++
				case trace.NotChecked:
					unchecked[c.Rule]++
				}
			}
			if warns {
				withWarn++
			}
		}
	}
	t.Logf("%d devices, %d with a warn (%v); not checked: %v", devices, withWarn, warned, unchecked)
	if devices < 400 || withWarn*100 > 2*devices {
		t.Errorf("%d of %d devices with a warn: %v", withWarn, devices, warned)
	}
}
