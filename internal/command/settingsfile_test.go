package command_test

import (
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

func TestTheSettingsFileAndThePageSetChecks(t *testing.T) {
	s := newSite(t)
	file := func(said ...trace.CheckSettingFact) {
		t.Helper()
		if err := s.FileChecks(ctx, said); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(level trace.Level, off bool) {
		t.Helper()
		set, err := s.CheckSettings(ctx)
		if got := set["mri"]; err != nil || got.Level != level || got.Off != off {
			t.Errorf("%+v, %v; want %s, off %v", got, err, level, off)
		}
	}
	warn := trace.CheckSettingFact{Rule: "mri", Level: trace.Warn, Reason: "R", Who: "W"}
	file()
	holds("", false)
	file(warn)
	holds(trace.Warn, false)
	before := s.size()
	file(warn) // the next start
	if s.size() != before {
		t.Error("the same file was recorded again")
	}
	if err := s.SetCheck(ctx, command.SetCheck{Meta: meta(), Rule: "mri", Off: true, Reason: "R", Who: "P"}); err != nil {
		t.Fatal(err)
	}
	file(warn)
	holds("", true) // what was set on the page since holds
	stop := warn
	stop.Level = trace.Stop
	file(stop)
	holds(trace.Stop, false) // until the file is changed
	file()
	holds("", false) // taken out of the file, it is as it is of itself
	before = s.size()
	file()
	if s.size() != before {
		t.Error("nothing to say, and it was recorded")
	}
	for name, bad := range map[string][]trace.CheckSettingFact{
		"nobody knows it": {{Rule: "leg", Level: trace.Warn, Reason: "R", Who: "W"}},
		"twice":           {warn, stop},
		"no such level":   {{Rule: "mri", Level: "loud", Reason: "R", Who: "W"}},
		"no reason":       {{Rule: "mri", Level: trace.Warn, Who: "W"}},
	} {
		if err := s.FileChecks(ctx, bad); trace.KindOf(err) != trace.Invalid && trace.KindOf(err) != trace.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	holds("", false)
}
