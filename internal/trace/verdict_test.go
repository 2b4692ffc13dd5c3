package trace_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/trace"
)

// levels from best to worst.
var levels = []trace.Level{trace.Pass, trace.Note, trace.NotChecked, trace.Warn, trace.Stop}

func TestWorse(t *testing.T) {
	for i, a := range levels {
		for j, b := range levels {
			if got, want := a.Worse(b), levels[max(i, j)]; got != want {
				t.Errorf("the worse of %s and %s is %s", a, b, got)
			}
		}
		if trace.Level("").Worse(a) != a || a.Worse("") != a {
			t.Errorf("nothing is worse than %s", a)
		}
	}
}

func TestJudgeIsAsBadAsTheWorstCheck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var checks []trace.Check
		worst := -1
		for range rapid.IntRange(0, 6).Draw(t, "checks") {
			i := rapid.IntRange(0, len(levels)-1).Draw(t, "level")
			worst = max(worst, i)
			checks = append(checks, trace.Check{Rule: string(rune('a' + len(checks))), Level: levels[i]})
		}
		v := trace.Judge("title", checks...)
		want := trace.NotChecked
		if worst >= 0 {
			want = levels[worst]
		}
		if v.Level != want || len(v.Checks) != len(checks) || v.Title != "title" {
			t.Fatalf("%+v, want %s", v, want)
		}
		for i := 1; i < len(v.Checks); i++ {
			if a, b := v.Checks[i-1], v.Checks[i]; slices.Index(levels, a.Level) < slices.Index(levels, b.Level) || a.Level == b.Level && a.Rule > b.Rule {
				t.Fatalf("%+v: the worst comes first, and of equals the rule that was asked first", v.Checks)
			}
		}
	})
}

// Green means checked: what a later program's rule says is not known here.
func TestALevelThatIsNotKnownIsNeverAPass(t *testing.T) {
	for _, l := range []trace.Level{"", "green", "PASS", "stop "} {
		v := trace.Judge("t", trace.Check{Level: trace.Pass}, trace.Check{Level: l})
		if v.Level != trace.NotChecked {
			t.Errorf("%q: %s", l, v.Level)
		}
		if v.Checks[0].Level != l {
			t.Errorf("%q stands behind the pass: %+v", l, v.Checks)
		}
		if v = trace.Judge("t", trace.Check{Level: l}, trace.Check{Level: trace.Stop}); v.Level != trace.Stop {
			t.Errorf("%q and stop: %s", l, v.Level)
		}
	}
}

func TestAVerdictIsZeroOnlyWhenNothingWasAsked(t *testing.T) {
	if !(trace.Verdict{}).IsZero() || (trace.Verdict{Level: trace.Pass}).IsZero() || (trace.Verdict{Checks: []trace.Check{{}}}).IsZero() || (trace.Verdict{Title: "t"}).IsZero() {
		t.Error("a verdict is taken for none")
	}
}
