package check_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/check"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const text = "]d2010761199406458417290322" + "10LOT1\x1d21SERIAL1"

// good are facts with nothing wrong.
func good() check.Facts {
	return check.Facts{Now: noon, Meaning: udi.Understand(text, noon), Lists: []trace.NamedBy{trace.ByRecall, trace.ByQuarantine}, Product: &trace.Product{DI: "07611994064584", Maker: "M",
		Attributes: trace.Attributes{Kind: trace.KindMesh, Side: trace.SideNone, MRI: trace.MRISafe, SingleUse: trace.Yes, Sterile: trace.Yes, Latex: trace.No}},
		Procedure: trace.Procedure{ID: trace.ProcedureID{1}, Side: trace.SideLeft}, Side: trace.SideLeft}
}

// answerOf is what one rule says.
func answerOf(t *testing.T, f check.Facts, rule string) trace.Check {
	t.Helper()
	for _, c := range check.Device(f, nil).Checks {
		if c.Rule == rule {
			return c
		}
	}
	t.Fatalf("there is no rule %q", rule)
	return trace.Check{}
}

func TestEveryRuleAnswersAtMostOnceTheWorstFirst(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range check.Rules() {
		if seen[r.ID] || r.ID == "" || r.Asks == "" || r.Ask == nil || !strings.HasPrefix(r.Hazard, "HAZ-") {
			t.Errorf("%+v", r)
		}
		if r.Level != trace.Note && r.Level != trace.Warn && r.Level != trace.Stop {
			t.Errorf("%s fails as %s", r.ID, r.Level)
		}
		seen[r.ID] = true
	}
	v := check.Device(good(), nil)
	if v.Level != trace.Pass || v.Title != "All checks passed" || len(v.Checks) < 8 {
		t.Errorf("nothing is wrong: %+v", v)
	}
	f := good()
	f.Lists = nil
	f.Meaning.Device.Expiry.Day = "2026-03-01"
	v = check.Device(f, nil)
	if v.Level != trace.Stop || v.Checks[0].Rule != "expiry" || v.Checks[1].Rule != "recall" || v.Checks[1].Level != trace.NotChecked || v.Checks[1].Missing != "recall notices" {
		t.Errorf("%+v", v)
	}
	answered := make(map[string]bool)
	for _, c := range v.Checks {
		if answered[c.Rule] || c.Message == "" || (c.Level == trace.NotChecked) != (c.Missing != "") {
			t.Errorf("%+v", c)
		}
		answered[c.Rule] = true
	}
}

func TestTheSiteSetsLevelsAndSwitchesRulesOff(t *testing.T) {
	f := good()
	f.Meaning.Device.Expiry.Day = "2026-03-01"
	if v := check.Device(f, check.Settings{"expiry": {Level: trace.Warn}}); v.Level != trace.Warn || v.Title != "Expired on 1 March 2026." {
		t.Errorf("%+v", v)
	}
	s := check.Settings{"expiry": {Off: true}, "no such rule": {Off: true}}
	v := check.Device(f, s)
	if slices.ContainsFunc(v.Checks, func(c trace.Check) bool { return c.Rule == "expiry" }) || v.Level != trace.Pass {
		t.Errorf("%+v", v)
	}
	if off := s.Off(); len(off) != 1 || off[0].ID != "expiry" {
		t.Errorf("%+v", off)
	}
}

func TestMissingFactIsNeverAPass(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*check.Facts)
		rule   string
		want   trace.Level
	}{
		"no expiry":              {func(f *check.Facts) { f.Meaning.Device.Expiry = udi.Date{} }, "expiry", trace.NotChecked},
		"no expiry: identity":    {func(f *check.Facts) { f.Meaning.Device.Expiry = udi.Date{} }, "identity", trace.Warn},
		"an expiry that is none": {func(f *check.Facts) { f.Meaning.Device.Expiry.Day = "2029-02-30" }, "expiry", trace.NotChecked},
		"no serial":              {func(f *check.Facts) { f.Meaning.Device.Serial = "" }, "reuse", trace.NotChecked},
		"a serial without a DI":  {func(f *check.Facts) { f.Meaning.Device.DI = "" }, "reuse", trace.NotChecked},
		"no DI: which":           {func(f *check.Facts) { f.Meaning.Device.DI = "" }, "identity", trace.Warn},
		"no DI: product":         {func(f *check.Facts) { f.Meaning.Device.DI = "" }, "product", trace.NotChecked},
		"no lot and no serial":   {func(f *check.Facts) { f.Meaning.Device.Lot, f.Meaning.Device.Serial = "", "" }, "identity", trace.Warn},
		"not in the catalogue":   {func(f *check.Facts) { f.Product = nil }, "product", trace.Note},
		"earlier uses unread":    {func(f *check.Facts) { f.Unready = true }, "reuse", trace.NotChecked},
		"a catalogue unread":     {func(f *check.Facts) { f.Product, f.Unready = nil, true }, "product", trace.NotChecked},
		"not in it: its side":    {func(f *check.Facts) { f.Product = nil }, "side", trace.NotChecked},
		"not in it: its kind":    {func(f *check.Facts) { f.Product = nil }, "kind", trace.NotChecked},
		"withdrawn from it":      {func(f *check.Facts) { f.Product.Withdrawn = true }, "product", trace.Note},
		"withdrawn: its side":    {func(f *check.Facts) { f.Product.Withdrawn = true }, "side", trace.NotChecked},
		"recall notices":         {func(f *check.Facts) { f.Lists = nil }, "recall", trace.NotChecked},
		"nothing at all":         {func(f *check.Facts) { *f = check.Facts{} }, "expiry", trace.NotChecked},
	} {
		f := good()
		c.change(&f)
		if got := answerOf(t, f, c.rule); got.Level != c.want {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
		if v := check.Device(f, nil); v.Level == trace.Pass {
			t.Errorf("%s: %+v", name, v)
		}
	}
	f := good()
	f.Meaning.Device.Serial = ""
	if got := answerOf(t, f, "identity"); got.Level != trace.Pass {
		t.Errorf("a lot alone says which batch: %+v", got)
	}
}

func TestExpiry(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, day string
		precision udi.Precision
		now       time.Time
		want      trace.Level
		message   string
	}{
		{"tomorrow", "2026-03-03", udi.PrecisionDay, noon, trace.Pass, "In date until 3 March 2026."},
		{"today", "2026-03-02", udi.PrecisionDay, noon, trace.Warn, "Expires today, 2 March 2026."},
		{"yesterday", "2026-03-01", udi.PrecisionDay, noon, trace.Stop, "Expired on 1 March 2026."},
		{"the first second of the next day", "2026-03-01", udi.PrecisionDay, time.Date(2026, 3, 2, 0, 0, 0, 0, london), trace.Stop, "Expired on 1 March 2026."},
		{"the last second of the day", "2026-03-01", udi.PrecisionDay, time.Date(2026, 3, 1, 23, 59, 59, 999, london), trace.Warn, "Expires today, 1 March 2026."},
		// At half past midnight of 2 July in London it is still 1 July in UTC.
		{"summer time, in London", "2026-07-01", udi.PrecisionDay, time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC).In(london), trace.Stop, "Expired on 1 July 2026."},
		{"the same moment in UTC", "2026-07-01", udi.PrecisionDay, time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC), trace.Warn, "Expires today, 1 July 2026."},
		{"a month, on its last day", "2026-02-28", udi.PrecisionMonth, time.Date(2026, 2, 28, 12, 0, 0, 0, london), trace.Warn, "Expires today, the end of February 2026."},
		{"a month, within it", "2026-02-28", udi.PrecisionMonth, time.Date(2026, 2, 1, 12, 0, 0, 0, london), trace.Pass, "In date until the end of February 2026."},
		{"a month, behind it", "2026-02-28", udi.PrecisionMonth, time.Date(2026, 3, 1, 0, 0, 0, 0, london), trace.Stop, "Expired at the end of February 2026."},
		{"the year changes", "2025-12-31", udi.PrecisionDay, time.Date(2026, 1, 1, 0, 0, 0, 0, london), trace.Stop, "Expired on 31 December 2025."},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := good()
			f.Now, f.Meaning.Device.Expiry = c.now, udi.Date{Day: c.day, Precision: c.precision}
			rule := "expiry"
			if c.want == trace.Warn {
				if got := answerOf(t, f, rule); got.Level != trace.Pass {
					t.Errorf("on its last day it is in date: %+v", got)
				}
				rule = "expires-today"
			}
			if got := answerOf(t, f, rule); got.Level != c.want || got.Message != c.message {
				t.Errorf("%+v, want %s: %s", got, c.want, c.message)
			}
		})
	}
}

func TestReading(t *testing.T) {
	for name, c := range map[string]struct {
		issues  []udi.Issue
		rule    string
		want    trace.Level
		message string
	}{
		"none":                  {nil, "reading", trace.Pass, "The code was read without a fault."},
		"a warning":             {[]udi.Issue{{Severity: "warning", Message: "W."}}, "remarks", trace.Note, "W."},
		"an association":        {[]udi.Issue{{Severity: "association", Message: "A."}, {Severity: "warning", Message: "W."}}, "remarks", trace.Note, "A."},
		"a hard one behind it":  {[]udi.Issue{{Severity: "warning", Message: "W."}, {Severity: "hard", Message: "H."}}, "reading", trace.Stop, "H. Do not rely on this reading: scan again, or compare with the label."},
		"a severity not known":  {[]udi.Issue{{Severity: "grave", Message: "G."}}, "remarks", trace.Note, "G."},
		"perhaps two in one":    {[]udi.Issue{{Severity: "warning", Message: "W."}, {Code: udi.CodeSeparator, Severity: "warning", Message: "S."}}, "doubt", trace.Warn, "S."},
		"two in one, and noted": {[]udi.Issue{{Code: udi.CodeSeparator, Severity: "warning", Message: "S."}, {Severity: "warning", Message: "W."}}, "doubt", trace.Warn, "S."},
		"nothing to doubt":      {nil, "doubt", trace.Pass, "Nothing was repaired or chosen."},
	} {
		f := good()
		f.Meaning.Issues = c.issues
		if got := answerOf(t, f, c.rule); got.Level != c.want || got.Message != c.message {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestReuse(t *testing.T) {
	earlier := func(p byte, s trace.Status, start time.Time) trace.UsageInFull {
		return trace.UsageInFull{Usage: trace.Usage{Procedure: trace.ProcedureID{p}, Status: s}, Procedure: trace.Procedure{Start: start}}
	}
	before := noon.AddDate(0, 0, -10)
	for name, c := range map[string]struct {
		earlier []trace.UsageInFull
		rule    string
		want    trace.Level
		message string
	}{
		"never":                {nil, "reuse", trace.Pass, "This piece is not recorded as implanted before."},
		"never used":           {nil, "single-use", trace.Pass, "This piece is not recorded as used before."},
		"never scanned":        {nil, "scanned-before", trace.Pass, "This piece was not scanned before."},
		"in this procedure":    {[]trace.UsageInFull{earlier(1, trace.Checked, noon)}, "scanned-before", trace.Warn, "This piece was scanned in this procedure already."},
		"implanted":            {[]trace.UsageInFull{earlier(9, trace.Implanted, before)}, "reuse", trace.Stop, "The record says that this piece was implanted on 20 February 2026."},
		"explanted":            {[]trace.UsageInFull{earlier(9, trace.Explanted, before)}, "reuse", trace.Stop, "The record says that this piece was implanted on 20 February 2026."},
		"tried":                {[]trace.UsageInFull{earlier(9, trace.Trial, before)}, "single-use", trace.Stop, "This sterile single-use piece was tried in a patient on 20 February 2026."},
		"wasted":               {[]trace.UsageInFull{earlier(9, trace.Wasted, before)}, "single-use", trace.Stop, "This sterile single-use piece was wasted on 20 February 2026."},
		"returned unopened":    {[]trace.UsageInFull{earlier(9, trace.Returned, before)}, "single-use", trace.Pass, "This piece is not recorded as used before."},
		"checked only":         {[]trace.UsageInFull{earlier(9, trace.Checked, before)}, "scanned-before", trace.Warn, "This piece was scanned in another procedure on 20 February 2026 (checked)."},
		"the worst of several": {[]trace.UsageInFull{earlier(9, trace.Returned, before), earlier(8, trace.Implanted, before), earlier(1, trace.Checked, noon)}, "reuse", trace.Stop, "The record says that this piece was implanted on 20 February 2026."},
	} {
		f := good()
		f.Earlier = c.earlier
		if got := answerOf(t, f, c.rule); got.Level != c.want || got.Message != c.message {
			t.Errorf("%s: %+v", name, got)
		}
	}
	f := good()
	f.Product.Attributes.SingleUse = ""
	f.Earlier = []trace.UsageInFull{earlier(9, trace.Wasted, before)}
	if got := answerOf(t, f, "single-use"); got.Level != trace.NotChecked {
		t.Errorf("whether it may be used again is not known: %+v", got)
	}
	f.Product.Attributes.SingleUse = trace.No
	if got := answerOf(t, f, "single-use"); got.Level != trace.Pass {
		t.Errorf("it may be used again: %+v", got)
	}
	f = good()
	f.Procedure = trace.Procedure{}
	f.Earlier = []trace.UsageInFull{earlier(0, trace.Implanted, before)}
	if got := answerOf(t, f, "reuse"); got.Level != trace.Stop {
		t.Errorf("with no procedure open: %+v", got)
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	f = good()
	f.Now = noon.In(london)
	f.Earlier = []trace.UsageInFull{earlier(9, trace.Implanted, time.Date(2025, 7, 1, 23, 30, 0, 0, time.UTC))}
	if got := answerOf(t, f, "reuse"); got.Message != "The record says that this piece was implanted on 2 July 2025." {
		t.Errorf("the day of the site: %+v", got)
	}
}

func TestRecall(t *testing.T) {
	notice := trace.Named{By: trace.ByRecall, Title: "FSN 12, stems."}
	shelf := trace.Named{By: trace.ByQuarantine, Title: "torn pouch"}
	maybe := trace.Named{By: trace.ByRecall, Title: "FSN 13", Possible: true}
	both := []trace.NamedBy{trace.ByRecall, trace.ByQuarantine}
	for name, c := range map[string]struct {
		named   []trace.Named
		lists   []trace.NamedBy
		want    trace.Level
		message string
	}{
		"named":                {[]trace.Named{notice}, both, trace.Stop, "This device is named by the recall notice: FSN 12, stems. Do not use it."},
		"in quarantine":        {[]trace.Named{shelf}, nil, trace.Stop, "This device is in quarantine: torn pouch. Do not use it."},
		"named, and perhaps":   {[]trace.Named{maybe, notice}, both, trace.Stop, "This device is named by the recall notice: FSN 12, stems. Do not use it."},
		"perhaps named":        {[]trace.Named{maybe}, both, trace.Warn, "This device cannot be told from one that is named by the recall notice: FSN 13."},
		"named by none":        {nil, both, trace.Pass, "No recall notice or quarantine of this node names this device."},
		"nobody asked notices": {nil, []trace.NamedBy{trace.ByQuarantine}, trace.NotChecked, "Not compared with recall notices: this node keeps none."},
	} {
		f := good()
		f.Named, f.Lists = c.named, c.lists
		rule := "recall"
		if c.want == trace.Warn {
			rule = "recall-possible"
		}
		if got := answerOf(t, f, rule); got.Level != c.want || got.Message != c.message {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The title is what the eye meets first: never better than the worst check.
func TestATitleSaysTheWorst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := good()
		f.Meaning.Device.Expiry.Day = rapid.SampledFrom([]string{"", "2026-03-01", "2026-03-02", "2030-01-01"}).Draw(t, "expiry")
		if rapid.Bool().Draw(t, "no product") {
			f.Product = nil
		}
		if s := rapid.SampledFrom([]string{"", "warning", "hard"}).Draw(t, "issue"); s != "" {
			f.Meaning.Issues = []udi.Issue{{Severity: s, Message: "Issue."}}
		}
		v := check.Device(f, nil)
		var worst trace.Check
		for _, c := range v.Checks {
			if worst.Level.Worse(c.Level) != worst.Level {
				worst = c
			}
		}
		want := map[trace.Level]string{trace.Pass: "All checks passed", trace.Stop: "Stop. " + worst.Message, trace.Warn: worst.Message, trace.Note: worst.Message, trace.NotChecked: "No fault found, but not everything could be checked"}[v.Level]
		if v.Level != worst.Level || v.Title != want {
			t.Fatalf("%s %q, the worst is %+v", v.Level, v.Title, worst)
		}
	})
}
