package check_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/check"
	"implantrace/internal/command"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// fromScan is one answer of one rule: what was done before, and the scan that is
// judged. Everything comes in as it does in a hospital: products as rows of a
// catalogue, devices as scans, what was before by scanning and saying so.
type fromScan struct {
	rule  string
	name  string
	level trace.Level
	words string
	scan  func(*site) theatre.Answer
}

// on begins an ordinary left-sided procedure and scans.
func on(scan func(*site) theatre.Answer) func(*site) theatre.Answer {
	return func(s *site) theatre.Answer {
		s.open(trace.SideLeft)
		return scan(s)
	}
}

func scanning(name string) func(*site) theatre.Answer {
	return func(s *site) theatre.Answer { return s.scan(name) }
}

// reading scans a text about a product, whose DI stands for %s.
func reading(name, text string) func(*site) theatre.Answer {
	return func(s *site) theatre.Answer { return s.read(fmt.Sprintf(text, gtin(name))) }
}

// after scans some components first.
func after(before []string, name string) func(*site) theatre.Answer {
	return func(s *site) theatre.Answer {
		for _, b := range before {
			s.scan(b)
		}
		return s.scan(name)
	}
}

// revised implants some components on a side, and begins a second procedure two days
// later on that side.
func revised(side trace.Side, before []string, name string) func(*site) theatre.Answer {
	return func(s *site) theatre.Answer {
		p := s.open(side)
		for _, b := range before {
			s.implant(b)
		}
		s.close(p)
		s.later(48 * time.Hour)
		s.open(side)
		return s.scan(name)
	}
}

// piece is one piece with a serial number; first says what became of it at its first
// scan, in an earlier procedure.
func piece(name string, first trace.Status) func(*site) theatre.Answer {
	return func(s *site) theatre.Answer {
		p := s.open(trace.SideLeft)
		a := reading(name, "]d201%s17290322"+"10LOT\x1d21SAME")(s)
		if first != trace.Checked {
			s.outcome(a.Usage, first)
		}
		s.close(p)
		s.later(24 * time.Hour)
		s.open(trace.SideLeft)
		return reading(name, "]d201%s17290322"+"10LOT\x1d21SAME")(s)
	}
}

// quarantined keeps a lot of a product out of use before it is scanned.
func quarantined(lot, scanned string) func(*site) theatre.Answer {
	return func(s *site) theatre.Answer {
		_, err := s.Quarantine(s.Context(), command.Quarantine{Meta: s.meta(), DI: gtin("stem"), Lots: []string{lot}, Reason: "Torn"})
		s.ok(err)
		return on(reading("stem", "]d201%s17290322"+"10"+scanned+"\x1d21S"))(s)
	}
}

// plan plans something, and scans.
func plan(c command.SetPlan, name string) func(*site) theatre.Answer {
	return func(s *site) theatre.Answer {
		c.Procedure, c.Meta = s.open(trace.SideLeft), s.meta()
		s.ok(s.SetPlan(s.Context(), c))
		return s.scan(name)
	}
}

func lens(t *testing.T, power string) trace.Attributes {
	t.Helper()
	a := trace.Attributes{Kind: trace.KindLens}
	f, _ := trace.FieldOf("power")
	if err := f.Set(&a, power); err != nil {
		t.Fatal(err)
	}
	return a
}

func scannedCases(t *testing.T) []fromScan {
	wants := func(a trace.Attributes) command.SetPlan {
		return command.SetPlan{Items: []trace.PlanItem{{Attributes: a}}}
	}
	theatre4 := func(c *command.OpenProcedure) { c.Place = trace.Place{GLN: "9520000000004", Extension: "4"} }
	all := []fromScan{
		{"patient", "no other wristband", trace.Pass, "", on(scanning("stem"))},
		{"patient", "another's wristband", trace.Stop, "another patient", on(func(s *site) theatre.Answer {
			s.read("]d2" + wristband)
			return s.scan("stem")
		})},
		{"recall", "named nowhere", trace.Pass, "", on(scanning("stem"))},
		{"recall", "in quarantine", trace.Stop, "in quarantine: Torn", quarantined("LOT-1", "LOT-1")},
		{"recall", "nobody keeps notices", trace.NotChecked, "Not compared", func(s *site) theatre.Answer {
			s.Namers = nil
			var err error
			s.desk, err = theatre.NewDesk(s.Context(), s.Recorder, nil)
			s.ok(err)
			return on(scanning("stem"))(s)
		}},
		{"recall-possible", "a lot written otherwise", trace.Warn, "cannot be told", quarantined("LOT-1", "lot1")},
		{"reading", "whole", trace.Pass, "", on(scanning("stem"))},
		{"reading", "a wrong check digit", trace.Stop, "Do not rely on this reading", on(func(s *site) theatre.Answer {
			di := gtin("stem")
			return s.read("]d201" + di[:13] + string('0'+(di[13]-'0'+1)%10) + "17290322" + "10L")
		})},
		{"side", "its own", trace.Pass, "left", on(scanning("femoral left"))},
		{"side", "the other", trace.Stop, "made for the right", on(scanning("femoral right"))},
		{"side", "not in the catalogue", trace.NotChecked, "does not say", on(scanning("no known side"))},
		{"expiry", "in date", trace.Pass, "22 March 2029", on(scanning("stem"))},
		{"expiry", "over", trace.Stop, "Expired on 1 March 2026", on(reading("stem", "]d201%s17260301"+"10L\x1d21S"))},
		{"expiry", "a month over", trace.Stop, "Expired at the end of February 2026", on(reading("stem", "]d201%s17260200"+"10L\x1d21S"))},
		{"expiry", "none in the code", trace.NotChecked, "no expiry date", on(reading("stem", "]d201%s10L\x1d21S"))},
		{"expires-today", "later", trace.Pass, "", on(scanning("stem"))},
		{"expires-today", "today", trace.Warn, "Expires today", on(reading("stem", "]d201%s17260302"+"10L\x1d21S"))},
		{"reuse", "never before", trace.Pass, "", on(scanning("stem"))},
		{"reuse", "implanted in somebody", trace.Stop, "implanted on 2 March 2026", piece("stem", trace.Implanted)},
		{"reuse", "no serial number", trace.NotChecked, "Without a serial number", on(reading("stem", "]d201%s17290322"+"10L"))},
		{"single-use", "never before", trace.Pass, "", on(scanning("stem"))},
		{"single-use", "opened before", trace.Stop, "opened and not used on 2 March 2026", piece("stem", trace.NotUsed)},
		{"single-use", "opened, and nobody knows whether it may", trace.NotChecked, "does not say whether", piece("mesh of no known use", trace.NotUsed)},
		{"scanned-before", "never before", trace.Pass, "", on(scanning("stem"))},
		{"scanned-before", "in another procedure", trace.Warn, "another procedure on 2 March 2026", piece("stem", trace.Checked)},
		{"kind", "known", trace.Pass, "", on(scanning("stem"))},
		{"kind", "not known", trace.NotChecked, "kind of component", on(scanning("nobody knows it"))},
		{"plan-confirmed", "by a second person", trace.Pass, "", func(s *site) theatre.Answer {
			c := wants(trace.Attributes{Kind: trace.KindStem})
			c.Procedure, c.Meta, c.ToConfirm, c.Who = s.open(trace.SideLeft), s.meta(), true, "A. Dene"
			s.ok(s.SetPlan(s.Context(), c))
			p, err := s.Store.Plan(s.Context(), c.Procedure)
			s.ok(err)
			s.ok(s.ConfirmPlan(s.Context(), command.ConfirmPlan{Meta: s.meta(), Procedure: c.Procedure, Plan: p.Entry, Who: "B. Fell"}))
			return s.scan("stem")
		}},
		{"plan-confirmed", "by nobody", trace.Stop, "not confirmed", plan(command.SetPlan{Items: []trace.PlanItem{{DI: gtin("stem")}}, ToConfirm: true, Who: "A. Dene"}, "stem")},
		{"planned", "in it", trace.Pass, "", plan(command.SetPlan{Items: []trace.PlanItem{{DI: gtin("stem")}}}, "stem")},
		{"planned", "not in it", trace.Warn, "not in the plan", plan(command.SetPlan{Items: []trace.PlanItem{{DI: gtin("cup")}}}, "stem")},
		{"planned", "of no known kind", trace.NotChecked, "by its kind", plan(wants(trace.Attributes{Kind: trace.KindStem}), "nobody knows it")},
		{"plan-differs", "the power", trace.Pass, "It is as planned", plan(wants(lens(t, "+21.0 D")), "lens 21")},
		{"plan-differs", "another power", trace.Warn, "power +21.0 D, and this has +22.0 D", plan(wants(lens(t, "+21.0 D")), "lens 22")},
		{"plan-differs", "a model that nobody knows", trace.NotChecked, "model", plan(wants(trace.Attributes{Kind: trace.KindLens, Model: "CW-3"}), "lens 21")},
		{"identity", "lot, serial and expiry", trace.Pass, "", on(scanning("stem"))},
		{"identity", "the product alone", trace.Warn, "no lot or serial number", on(reading("stem", "]d201%s"))},
		{"doubt", "as it stands", trace.Pass, "", on(scanning("stem"))},
		{"doubt", "separators were lost", trace.Warn, "", on(reading("stem", "]d201%s10LOT117290322"+"21S1"))},
		{"carriers", "two codes that do not agree", trace.Warn, "do not agree", on(func(s *site) theatre.Answer {
			answers, err := s.desk.TakePicture(s.Context(), trace.NewEventID(), []scanner.Reading{{Text: "]d201" + gtin("stem") + "17290322" + "10X3", Source: scanner.SourcePicture},
				{Text: "]C101" + gtin("stem") + "17290322" + "10X4", Source: scanner.SourcePicture}}, trace.ProcedureID{}, nil)
			s.ok(err)
			return answers[0]
		})},
		{"latex", "none in it", trace.Pass, "no latex", func(s *site) theatre.Answer { s.open(trace.SideLeft, allergic); return s.scan("without latex") }},
		{"latex", "in it, and the patient is allergic", trace.Warn, "allergic", func(s *site) theatre.Answer { s.open(trace.SideLeft, allergic); return s.scan("with latex") }},
		{"latex", "nobody knows", trace.NotChecked, "does not say", func(s *site) theatre.Answer { s.open(trace.SideLeft, allergic); return s.scan("latex not known") }},
		{"place", "another place", trace.Warn, "GLN 9520000000004 / 4", func(s *site) theatre.Answer {
			s.open(trace.SideLeft, theatre4)
			s.read("]C1414952000000000425405")
			return s.scan("stem")
		}},
		{"interleaved", "one at a time", trace.Pass, "", on(scanning("stem"))},
		{"interleaved", "two in turns", trace.Warn, "both are open", on(func(s *site) theatre.Answer {
			s.scan("stem")
			other, err := s.OpenProcedure(s.Context(), command.OpenProcedure{Meta: s.meta(), Who: command.Who{NHSNumber: "9990000026"}, Code: trace.Code{Code: "W37.1"}, Side: trace.SideLeft})
			s.ok(err)
			a, err := s.desk.Take(s.Context(), trace.NewEventID(), scanner.Reading{Text: "]d201" + gtin("stem") + "17290322" + "10X1", Source: scanner.SourceTyped}, other)
			s.ok(err)
			return a
		})},
		{"late", "meanwhile", trace.Pass, "", on(scanning("stem"))},
		{"late", "three hours after", trace.Warn, "3 hours after", func(s *site) theatre.Answer {
			p := s.open(trace.SideLeft)
			s.close(p)
			s.later(3 * time.Hour)
			a, err := s.desk.Take(s.Context(), trace.NewEventID(), scanner.Reading{Text: "]d201" + gtin("stem") + "17290322" + "10X2", Source: scanner.SourceTyped}, p)
			s.ok(err)
			return a
		}},
		{"clock", "right", trace.Pass, "", on(scanning("stem"))},
		{"clock", "set back", trace.Warn, "behind", on(func(s *site) theatre.Answer { s.later(-time.Hour); return s.scan("stem") })},
		{"remarks", "a short GTIN", trace.Note, "", on(func(s *site) theatre.Answer { return s.read("(01)" + gtin("stem") + "(17)290322(10)L1(21)S1 ") })},
		{"product", "in the catalogue", trace.Pass, "", on(scanning("stem"))},
		{"product", "in no catalogue", trace.Note, "not in the catalogue", on(scanning("nobody knows it"))},
		{"product", "no identifier", trace.NotChecked, "not known", on(func(s *site) theatre.Answer { return s.read("]d217290322" + "10L1") })},
		{"mri", "safe", trace.Pass, "MR safe", on(scanning("stem"))},
		{"mri", "unsafe", trace.Note, "MR unsafe", on(scanning("unsafe in MRI"))},
	}
	// The rules on joints: the same on either side, and against what stays in.
	for _, j := range []struct {
		rule                 string
		fits, differs, lacks string // scanned against the one before
		before, words        string
	}{
		{"hip-makers", "stem", "stem of another maker", "stem without a maker", "head 32", "by Other Ltd"},
		{"hip-size", "head 32", "head 36", "head of no known size", "liner 32", "takes 32 mm"},
		{"hip-taper", "stem", "stem of another taper", "stem of no known taper", "head 32", "10/12"},
		{"hip-bearing", "head 32", "metal head", "", "metal liner", "metal head on a metal liner"},
		{"knee-makers", "femoral left", "femoral of another maker", "", "tibial", "by Other Ltd"},
	} {
		for _, side := range []trace.Side{trace.SideLeft, trace.SideRight} {
			first := func(name string) func(*site) theatre.Answer {
				return func(s *site) theatre.Answer { s.open(side); return after([]string{j.before}, name)(s) }
			}
			of := " (" + string(side) + ")"
			all = append(all, fromScan{j.rule, "fits" + of, trace.Pass, "", first(j.fits)}, fromScan{j.rule, "differs" + of, trace.Warn, j.words, first(j.differs)},
				fromScan{j.rule, "fits what stays in" + of, trace.Pass, "", revised(side, []string{j.before}, j.fits)},
				fromScan{j.rule, "differs from what stays in" + of, trace.Warn, "stays in", revised(side, []string{j.before}, j.differs)})
			if j.lacks != "" {
				all = append(all, fromScan{j.rule, "not known" + of, trace.NotChecked, "not in the catalogue", first(j.lacks)},
					fromScan{j.rule, "not known of what goes in beside what stays in" + of, trace.NotChecked, "not in the catalogue", revised(side, []string{j.before}, j.lacks)})
			}
		}
	}
	byHand := func(s *site) theatre.Answer { // it was put in elsewhere, and is in no record here
		liner := trace.Attributes{Kind: trace.KindLiner}
		f, _ := trace.FieldOf("inner_diameter")
		s.ok(f.Set(&liner, "32 mm"))
		s.ok(s.SetPlan(s.Context(), command.SetPlan{Meta: s.meta(), Procedure: s.open(trace.SideLeft), Stays: []trace.StaysItem{{Side: trace.SideLeft, Attributes: liner}}}))
		return s.scan("head 36")
	}
	return append(all, fromScan{"hip-size", "differs from what stays in by hand", trace.Warn, "the liner, which stays in, takes 32 mm", byHand}, fromScan{"hip-bearing", "not known", trace.NotChecked, "not in the catalogue", on(after([]string{"liner of no known size"}, "metal head"))},
		fromScan{"knee-makers", "not known", trace.NotChecked, "not in the catalogue", on(after([]string{"tibial of no known maker"}, "femoral left"))})
}

func allergic(c *command.OpenProcedure) { c.LatexAllergy = trace.Yes }

// wristband is another patient's than that of the procedures here.
const wristband = "8018505089899900000268\x1d93Testwell,Robin,02-Jan-1960"

func TestEveryRuleFromAScan(t *testing.T) {
	log, err := os.ReadFile("../../docs/clinical-safety/hazards.yaml")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string][]trace.Level)
	for _, c := range scannedCases(t) {
		seen[c.rule] = append(seen[c.rule], c.level)
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			s := newSite(t)
			s.says(c.scan(s), c.rule, c.level, c.words)
		})
	}
	// What a rule can never answer, and why.
	never := map[string]string{
		"recall-possible": "pass not-checked", // then it does not apply: the rule on recalls says all
		"carriers":        "pass not-checked", // of one code there is nothing to compare
		"place":           "pass not-checked",
		"remarks":         "pass not-checked",
		"picked":          "pass note not-checked", // no code of such a piece is scanned: it is chosen in a list
		"kind":            "note",                  // a kind that is known is right
		"patient":         "not-checked", "reading": "not-checked", "expires-today": "not-checked", "scanned-before": "not-checked", "plan-confirmed": "not-checked",
		"identity": "not-checked", "doubt": "not-checked", "interleaved": "not-checked", "late": "not-checked", "clock": "not-checked", "mri": "not-checked",
	}
	for _, r := range check.Rules() {
		for _, l := range []trace.Level{trace.Pass, r.Level, trace.NotChecked} {
			if !slices.Contains(seen[r.ID], l) && !slices.Contains(strings.Fields(never[r.ID]), string(l)) {
				t.Errorf("%s: no scan is answered with %s", r.ID, l)
			}
		}
		if !strings.Contains(string(log), "id: "+r.Hazard+"\n") {
			t.Errorf("%s: the hazard log has no %q", r.ID, r.Hazard)
		}
	}
}
