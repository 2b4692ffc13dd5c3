package app_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/app"
	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

func openPractice(t *testing.T, data string, again bool) (*app.Node, error) {
	t.Helper()
	return app.OpenPractice(t.Context(), app.Config{Data: data, Listen: "127.0.0.1:0", Name: "practice", FindScanners: app.FindNone}, "test", slog.New(slog.DiscardHandler), nil, again)
}

func openRecord(t *testing.T, data string) (*app.Node, error) {
	t.Helper()
	return app.Open(t.Context(), app.Config{Data: data, Listen: "127.0.0.1:0", Name: "test", NoSignIn: true, FindScanners: app.FindNone}, "test", slog.New(slog.DiscardHandler), nil)
}

// TestPracticeAndRecordCannotBeMixed: neither store is opened as the other, wherever
// it is copied to, and the keys of the one are not those of the other.
func TestPracticeAndRecordCannotBeMixed(t *testing.T) {
	dir := t.TempDir()
	drill, record := filepath.Join(dir, "practice"), filepath.Join(dir, "record")
	n, err := openPractice(t, drill, false)
	if err != nil {
		t.Fatal(err)
	}
	keys := n.Config.Keys
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err = openRecord(t, record); err != nil {
		t.Fatal(err)
	}
	real := n.Config.Keys
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}

	if _, err := openRecord(t, drill); !errors.Is(err, app.ErrPractice) {
		t.Errorf("a practice store opened as a record: %v", err)
	}
	for _, again := range []bool{false, true} {
		if _, err := openPractice(t, record, again); !errors.Is(err, app.ErrNotPractice) {
			t.Errorf("a record opened for practice: %v", err)
		}
	}
	if !bolt.Exists(filepath.Join(record, bolt.FileName)) {
		t.Fatal("the record was removed for practice")
	}
	// The mark is in the journal: nothing that is left behind makes a record of it.
	moved := filepath.Join(dir, "moved")
	if err := os.Mkdir(moved, 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{filepath.Join(drill, bolt.FileName): filepath.Join(moved, bolt.FileName), keys: moved + ".keys"} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openRecord(t, moved); !errors.Is(err, app.ErrPractice) {
		t.Errorf("a copy of a practice store opened as a record: %v", err)
	}
	a, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(real); err != nil || string(a) == string(b) {
		t.Errorf("practice and record have the same keys, or none: %v", err)
	}
	// Nor does a command that speaks for the store by itself.
	if c, err := app.Connect(t.Context(), app.Config{Data: drill, Name: "test"}, "test"); err == nil {
		c.Close()
		t.Error("a command opened the practice store")
	}
	t.Setenv(app.KeysVariable, string(a))
	if _, err := openPractice(t, filepath.Join(dir, "other"), false); err == nil || !strings.Contains(err.Error(), app.KeysVariable) {
		t.Errorf("practised with keys from elsewhere: %v", err)
	}
}

// TestNobodyRealIsPractisedOn: who may be somebody is recorded as nobody; and a
// practice can be begun anew.
func TestNobodyRealIsPractisedOn(t *testing.T) {
	data := filepath.Join(t.TempDir(), "practice")
	n, err := openPractice(t, data, false)
	if err != nil {
		t.Fatal(err)
	}
	identify := func(w command.Who) error {
		_, err := n.Recorder.Identify(t.Context(), trace.NewEventID(), w)
		return err
	}
	// The number is built here, so that none that may be somebody's stands in the source.
	if err := identify(command.Who{NHSNumber: strings.Repeat("4", 10), Family: "Whoever"}); trace.KindOf(err) != trace.Invalid || !strings.Contains(err.Error(), "practice") {
		t.Errorf("somebody whose number may be real: %v", err)
	}
	if err := identify(command.Who{LocalIssuer: "RXX01", LocalNumber: "H-4711"}); trace.KindOf(err) != trace.Invalid {
		t.Errorf("somebody with a hospital's number: %v", err)
	}
	if err := identify(command.Who{NHSNumber: "9990000018"}); err != nil {
		t.Errorf("the practice patient: %v", err)
	}
	entries := func(n *app.Node) (count int) {
		for _, err := range n.Store.Entries(t.Context(), trace.Position{Node: n.Store.Node()}) {
			if err != nil {
				t.Fatal(err)
			}
			count++
		}
		return count
	}
	if _, err := n.Desk.Open(context.Background(), command.OpenProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Who: command.Who{NHSNumber: "9990000018"},
		Code: trace.Code{Text: "Hip"}, Side: trace.SideLeft}); err != nil {
		t.Fatal(err)
	}
	filled := entries(n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err = openPractice(t, data, false); err != nil {
		t.Fatal(err)
	}
	if got := entries(n); got != filled {
		t.Errorf("opened again it has %d entries, and had %d", got, filled)
	}
	first := n.Store.Node()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err = openPractice(t, data, true); err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if st, err := n.Desk.State(t.Context()); err != nil || st.Procedure != nil || n.Store.Node() == first {
		t.Errorf("begun anew it is the same: %v, %v", st.Procedure, err)
	}
}
