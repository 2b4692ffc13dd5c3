package theatre

import (
	"context"
	"strings"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// TakeTyped records what somebody typed from a label, as [Desk.Take] does a reading.
// What is wrong with it is an error of kind Invalid that says so, and nothing is
// recorded; sure says that the label has it so: then it is recorded and flagged.
func (d *Desk) TakeTyped(ctx context.Context, id trace.EventID, t udi.Typed, sure bool, procedure trace.ProcedureID) (Answer, error) {
	if t.IsZero() {
		return Answer{}, trace.Errorf(trace.Invalid, "Type what the label says.")
	}
	text, faults := t.Read(d.recorder.Clock())
	if wrong := udi.Wrong(faults); len(wrong) > 0 && !sure {
		var words []string
		for _, f := range wrong {
			words = append(words, f.Message)
		}
		return Answer{}, trace.Errorf(trace.Invalid, "%s", strings.Join(words, " "))
	}
	return d.Take(ctx, id, scanner.Reading{Text: text, Source: scanner.SourceTyped}, procedure)
}

// typed says of a wristband that its number was typed: nobody scanned it from the
// patient's arm.
func (t *taking) typed() {
	if t.reading.Source != scanner.SourceTyped || t.means.Kind != udi.KindPatient || t.fact.Verdict.Level == trace.Stop {
		return
	}
	v := t.fact.Verdict
	t.fact.Verdict = trace.Judge(v.Title, append(v.Checks, trace.Check{Rule: "wristband", Level: trace.Note, Message: "The wristband was typed, not scanned. Compare every digit with the patient's arm."})...)
}

// proven takes the code that a machine read of a device that was typed before: its
// values are no longer by hand. nil: there is nothing to add.
func (t *taking) proven(u trace.Usage) *trace.Draft {
	if t.reading.Source == scanner.SourceTyped || t.means.Damaged() || !u.ByHand() || t.means.Device != u.Device {
		return nil
	}
	return &trace.Draft{Fact: trace.UsageFact{Usage: u.ID, Carriers: []trace.Carrier{{Text: t.reading.Text, Symbology: t.reading.Symbology, Source: string(t.reading.Source), Reading: t.id}}}}
}

// AwaitingSecond are the devices whose typed values nobody has compared with the
// label but who typed them, of those that were not taken off.
func AwaitingSecond(usages []trace.UsageInFull) (some []trace.UsageInFull) {
	for _, u := range usages {
		if u.Usage.AwaitsSecond() {
			some = append(some, u)
		}
	}
	return some
}
