package api_test

import (
	"strings"
	"testing"
	"time"

	"implantrace/api"
)

// What a person at the page reads of the second copy: nothing where there is
// none, and never that it is well when it is not.
func TestTheSecondCopyInPlainWords(t *testing.T) {
	at := time.Date(2026, 7, 14, 9, 30, 0, 0, time.UTC)
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		copy *api.SecondCopy
		want string
		late bool
	}{
		"none":           {nil, "", false},
		"well":           {&api.SecondCopy{Entries: 9, UpToDate: at}, "Second copy: up to date.", false},
		"a moment ago":   {&api.SecondCopy{Entries: 9, Behind: 2, BehindSeconds: 1, UpToDate: at}, "Second copy: up to date.", false},
		"behind":         {&api.SecondCopy{Entries: 9, Behind: 2, BehindSeconds: 11, UpToDate: at}, "Second copy: 2 entries behind, since 14 July, 10:30.", true},
		"away":           {&api.SecondCopy{Entries: 9, Fault: "the disk or share is full", UpToDate: at}, "Second copy: not written since 14 July, 10:30 (the disk or share is full). What is recorded is safe on this machine only.", true},
		"away all along": {&api.SecondCopy{Behind: 9, Fault: "the disk or share is not there"}, "Second copy: not written since this node started (the disk or share is not there). What is recorded is safe on this machine only.", true},
	} {
		if got := c.copy.Words(london); got != c.want || c.copy.Late() != c.late {
			t.Errorf("%s: %q, late %v", name, got, c.copy.Late())
		}
	}
	n := newNode(t)
	if a := n.page("/theatre").want(200); strings.Contains(a.text(), "Second copy") {
		t.Error("a copy is spoken of where there is none")
	}
}
