package api_test

import (
	"net/url"
	"strings"
	"testing"

	"implantrace/internal/trace"
)

// TestADowntimeFormIsEnteredWithItsTimes: what was written on paper is recorded
// at the times that it says, marked, once, and only when all of it can be read.
func TestADowntimeFormIsEnteredWithItsTimes(t *testing.T) {
	n := newNode(t)
	n.page("/downtime").want(200, "Nothing is checked now", "Opened at", `scope="row">12<`)
	n.page("/downtime/enter").want(200, "Enter a downtime form", "Record the form")
	f := url.Values{"id": {n.id()}, "nhs_number": {"999 000 0018"}, "code": {"W371"}, "text": {"Hip"}, "side": {"left"}, "place": {"Theatre 4"}, "surgeon": {"A. Dene"},
		"start": {"2026-01-07T08:30"}, "end": {"2026-01-07T10:10"},
		"text_1": {"]d201095201400010391731063010K4417B"}, "at_1": {"2026-01-07T09:05"}, "status_1": {"implanted"},
		// Expired by now, and not on the day it was used.
		"text_3": {"(01)09520140001015(17)260131(10)A1"}, "status_3": {"wasted"}, "reason_3": {"dropped"}}
	bad := func(words string, change ...string) {
		t.Helper()
		g := url.Values{}
		for k, v := range f {
			g[k] = v
		}
		for i := 0; i < len(change); i += 2 {
			g.Set(change[i], change[i+1])
		}
		n.form("/downtime/enter", g, false).want(422, words)
	}
	entries := func() (all []trace.Entry) {
		for e, err := range n.store.Entries(t.Context(), trace.Position{Node: n.store.Node()}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.By.Via == "downtime form" {
				all = append(all, e)
			}
		}
		return all
	}
	bad("Say when the procedure started", "end", "")
	bad("The start is a day and a time", "start", "yesterday")
	bad("The time of device 1", "at_1", "9:05")
	bad("Say what became of device 3", "status_3", "checked")
	if got := entries(); len(got) != 0 {
		t.Fatalf("half a form was recorded: %+v", got)
	}
	to := n.form("/downtime/enter", f, false).want(303).Header.Get("Location")
	n.form("/downtime/enter", f, false).want(303) // sent again
	var at []string
	for _, e := range entries() {
		if e.Provenance != trace.Typed {
			t.Errorf("%s", e.Provenance)
		}
		if u, ok := e.Fact.(trace.UsageFact); ok {
			at = append(at, e.Occurred.UTC().Format("15:04 ")+string(u.Status))
		}
	}
	if got := strings.Join(at, ", "); got != "09:05 implanted, 08:30 wasted" {
		t.Errorf("recorded: %s", got)
	}
	n.page(to).want(200, "K4417B", "implanted", "wasted", "downtime form")
}
