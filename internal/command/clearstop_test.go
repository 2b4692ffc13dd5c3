package command_test

import (
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// A stop is cleared by a second person, once, with a surgeon and a reason; then
// the device is recorded as implanted without another question. A check that
// stops later was not cleared by it.
func TestAStopIsClearedByASecondPersonOnly(t *testing.T) {
	s := newSite(t)
	id, err := s.RecordUsage(ctx, using(s.openFor(ada), expired))
	s.ok(err)
	first, second := trace.NewID[trace.OfAccount](), trace.NewID[trace.OfAccount]()
	c := command.ClearStop{Meta: command.Meta{ID: trace.NewEventID(), By: trace.Actor{Via: "theatre", Account: first}}, Usage: id, Second: second, Badge: "SS-2", Surgeon: "Miss S", Reason: "Ottoline has no other"}
	try := func(change func(*command.ClearStop)) func() error {
		bad := c
		bad.ID = trace.NewEventID()
		change(&bad)
		return func() error { return s.ClearStop(ctx, bad) }
	}
	s.refused(trace.Forbidden, "second person", try(func(c *command.ClearStop) { c.Second = first }))
	s.refused(trace.Forbidden, "second person", try(func(c *command.ClearStop) { c.Second = trace.AccountID{} }))
	s.refused(trace.Invalid, "surgeon", try(func(c *command.ClearStop) { c.Surgeon = " " }))
	s.refused(trace.Invalid, "why", try(func(c *command.ClearStop) { c.Reason = "\n" }))
	s.refused(trace.NotFound, "", try(func(c *command.ClearStop) { c.Usage = trace.UsageID(trace.NewEventID()) }))
	if command.StopsCleared(s.usage(id)) {
		t.Fatal("the stop is cleared already")
	}
	s.ok(s.ClearStop(ctx, c))
	size := s.size()
	s.ok(s.ClearStop(ctx, c)) // sent again
	u := s.usage(id)
	if s.size() != size || !command.StopsCleared(u) || u.Verdict.Level != trace.Stop || len(u.Overridden) != 1 || u.Overridden[0].SecondAccount != second ||
		u.Overridden[0].Surgeon.Name != "Miss S" || u.History[1].By.Account != first || !u.History[1].Sealed {
		t.Errorf("%+v", u)
	}
	s.refused(trace.Conflict, "cleared already", try(func(*command.ClearStop) {}))
	o := command.SetOutcome{Meta: command.Meta{ID: trace.NewEventID()}, Usage: id, Status: trace.Implanted}
	s.ok(s.SetOutcome(ctx, o))
	if u := s.usage(id); u.Status != trace.Implanted || !u.Override || u.Verdict.Level != trace.Stop {
		t.Errorf("%+v", u)
	}
	u.Verdict.Checks = append(u.Verdict.Checks, trace.Check{Rule: "recalled", Level: trace.Stop})
	if command.StopsCleared(u) {
		t.Error("a stop that came later is cleared")
	}
}
