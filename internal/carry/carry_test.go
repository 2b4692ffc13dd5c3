package carry_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/carry"
	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/recall"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

const stem = "09520140001039"

func node(t *testing.T, name string) (*bolt.Store, *casework.Office) {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: name, Keys: seal.NewKeyring(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, &casework.Office{Recorder: command.Recorder{Store: s, Clock: time.Now}}
}

func meta() command.Meta {
	return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Via: "test"}}
}

func TestANoticeIsCarriedToANodeThatNoNetworkReaches(t *testing.T) {
	ctx := t.Context()
	from, office := node(t, "Office")
	to, desk := node(t, "Theatre 9")
	used := func(lot string) {
		p, err := desk.OpenProcedure(ctx, command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: "9990000018", Family: "Testwell"}, Code: trace.Code{Text: "Hip"}})
		if err == nil {
			_, err = desk.RecordUsage(ctx, command.RecordUsage{Meta: meta(), Procedure: p, Device: udi.Device{DI: stem, Lot: lot}, Status: trace.Implanted, Reason: "synthetic"})
		}
		if err == nil {
			err = desk.CloseProcedure(ctx, command.CloseProcedure{Meta: meta(), Procedure: p})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	used("A17")
	used("A18")
	notice := recall.Notice{Title: "Stems", References: []recall.Reference{{Of: "FSCA", Number: "1"}}, Criteria: recall.Criteria{DIs: recall.Texts{stem}, Lots: recall.Named("A17")}}
	id, err := office.Save(ctx, casework.SaveNotice{Meta: meta(), Notice: notice})
	if err != nil {
		t.Fatal(err)
	}
	out := func() []byte {
		b, err := carry.Out(ctx, office, from, id)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	in := func(b []byte, key string, want bool, kind trace.ErrorKind) {
		t.Helper()
		got, done, err := carry.In(ctx, desk, trace.Actor{Name: "R. Dene"}, b, key)
		if done != want || trace.KindOf(err) != kind || (err != nil) != (kind != trace.Internal) || err == nil && got != id {
			t.Fatalf("%s, %v, %v; want %v, %v", got, done, err, want, kind)
		}
	}
	first := out()
	in(bytes.Replace(first, []byte("A17"), []byte("A99"), 1), from.VerifierKey(), false, trace.Invalid)
	in(first, to.VerifierKey(), false, trace.Invalid)
	in([]byte("no notice"), from.VerifierKey(), false, trace.Invalid)
	in(first, "no key", false, trace.Invalid)
	in(first, from.VerifierKey(), true, trace.Internal)
	in(first, from.VerifierKey(), false, trace.Internal)
	board, err := desk.Board(ctx, id)
	if err != nil || len(board.Cases) != 1 {
		t.Fatalf("%d cases, %v", len(board.Cases), err)
	}
	// Amended there, carried again: it opens the case besides. An older file changes nothing.
	n, err := from.Notice(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	notice.Criteria.Lots = recall.Named("A17", "A18")
	if err := office.Amend(ctx, casework.AmendNotice{Meta: meta(), NoticeID: id, Seen: n.Body, Notice: notice}); err != nil {
		t.Fatal(err)
	}
	second := out()
	in([]byte(strings.ReplaceAll(string(second), "\n", "\r\n")), from.VerifierKey(), true, trace.Internal)
	in(first, from.VerifierKey(), false, trace.Internal)
	if board, err = desk.Board(ctx, id); err != nil || len(board.Cases) != 1 || len(board.Cases[0].Usages) != 2 {
		t.Fatalf("%+v, %v", board.Cases, err)
	}
	// And at the desk the device stops.
	if named, err := desk.Named(ctx, udi.Device{DI: stem, Lot: "A18"}); err != nil || len(named) != 1 {
		t.Errorf("%v, %v", named, err)
	}
	if _, _, err := carry.In(ctx, office, trace.Actor{}, second, from.VerifierKey()); trace.KindOf(err) != trace.Conflict {
		t.Errorf("back where it came from: %v", err)
	}
	// Where the newest comes first, an older one does not take its place.
	_, third := node(t, "Theatre 3")
	for _, b := range [][]byte{second, first} {
		if _, _, err := carry.In(ctx, third, trace.Actor{}, b, from.VerifierKey()); err != nil {
			t.Fatal(err)
		}
	}
	if n, err = third.Store.Notice(ctx, id); err != nil {
		t.Fatal(err)
	}
	if body, err := third.Body(ctx, n); err != nil || len(body.Criteria.Lots) != 2 {
		t.Errorf("%+v, %v", body.Criteria.Lots, err)
	}
}
