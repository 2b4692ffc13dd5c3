package app_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/app"
	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// A node that cannot write is not ready, also when nothing waits at the desk,
// and is ready again when something could be written.
func TestANodeThatCannotWriteIsNotReady(t *testing.T) {
	dir := t.TempDir()
	n, err := app.Open(t.Context(), app.Config{Data: filepath.Join(dir, "data")}, "test", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	ready := func(status int, says string) {
		t.Helper()
		r := httptest.NewRecorder()
		n.API.ServeHTTP(r, httptest.NewRequest("GET", "http://localhost/readyz", nil))
		if r.Code != status || !strings.Contains(r.Body.String(), says) {
			t.Errorf("%d %s", r.Code, r.Body)
		}
	}
	ready(200, `"faults":[]`)

	// A disk that is full, in the small: the file may not grow.
	path, keys := filepath.Join(dir, "small.db"), seal.NewKeyring()
	small := func(size int) *bolt.Store {
		s, err := bolt.Open(path, bolt.Options{Keys: keys, MaxSize: size})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	small(0).Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := n.Store
	n.Store = small(int(info.Size()) + 1<<16)
	defer whole.Close()
	write := func(note int) error {
		id := trace.NewEventID()
		_, err := n.Store.Append(t.Context(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{
			{Fact: trace.PatientFact{Patient: trace.PatientID(id)}, Secret: &trace.Secret{Note: strings.Repeat("x", note)}}}})
		return err
	}
	for i := 0; write(12000) == nil; i++ {
		if i > 500 {
			t.Fatal("the store does not get full")
		}
	}
	ready(503, `"faults":["the disk is full"]`)
	ready(503, `"faults":["the disk is full"]`)
	if err := write(10); err != nil {
		t.Fatal(err)
	}
	ready(200, `"faults":[]`)
}
