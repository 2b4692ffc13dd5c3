package theatre_test

import (
	"strings"
	"testing"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// A stop that the next scan takes off the screen stops nobody.
func TestDevicesStopUntilTheRightWristbandIsRead(t *testing.T) {
	b := newBench(t)
	b.begin(adaBand)
	b.scan(bobBand)
	if !b.state().Stranger {
		t.Error("the page does not say it")
	}
	a := b.scan(stemText)
	b.says(a, trace.Stop, "Whose procedure is this?")
	meta := command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed}
	if err := b.recorder.SetOutcome(t.Context(), command.SetOutcome{Meta: meta, Usage: a.Usage, Status: trace.Implanted}); trace.KindOf(err) != trace.Invalid {
		t.Errorf("implanted without a reason: %v", err)
	}
	b.scan(adaBand)
	if b.state().Stranger {
		t.Error("the right wristband does not clear it")
	}
	b.says(b.scan(headText), trace.NotChecked, "No fault found")
}

func TestAProcedureThatWasForgottenIsAskedAbout(t *testing.T) {
	b := newBench(t)
	b.begin(adaBand)
	b.later(13 * time.Hour)
	b.says(b.scan(stemText), trace.Warn, "still going on")
}

func TestATypedNumberDoesNotOverruleTheWristband(t *testing.T) {
	b := newBench(t)
	b.scan(bobBand)
	open := command.OpenProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Who: command.Who{NHSNumber: ada}, Code: trace.Code{Code: "W371"}}
	if _, err := b.desk.Open(t.Context(), open); trace.KindOf(err) != trace.Conflict || !strings.Contains(err.Error(), "not that of the wristband") {
		t.Errorf("%v", err)
	}
	open.Who.NHSNumber = "9990000026"
	if _, err := b.desk.Open(t.Context(), open); err != nil {
		t.Error(err)
	}
}
