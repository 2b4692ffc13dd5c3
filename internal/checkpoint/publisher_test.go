package checkpoint_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/checkpoint"
	"implantrace/internal/journal"
	"implantrace/internal/outward"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

func store(t *testing.T) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "test", Keys: seal.NewKeyring()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func grow(t *testing.T, s *bolt.Store) {
	t.Helper()
	id := trace.NewEventID()
	if _, err := s.Append(t.Context(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: trace.ProductFact{DI: "1"}}}}); err != nil {
		t.Fatal(err)
	}
}

// publish runs a publisher that does nothing by itself but once, and gives the
// function that ends it.
func publish(t *testing.T, s *bolt.Store, to ...checkpoint.Destination) (p *checkpoint.Publisher, end func()) {
	t.Helper()
	p = checkpoint.New(s, to, time.Hour, time.Now, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }()
	end = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(end)
	return p, end
}

func now(t *testing.T, p *checkpoint.Publisher, entries uint64) []trace.Departure {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := p.Now(ctx); err != nil {
		t.Fatal(err)
	}
	return p.State(entries)
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		all = append(all, f.Name())
	}
	return all
}

func TestCheckpointsLeaveForAFolderWhenTheLogHasGrown(t *testing.T) {
	s, dir := store(t), filepath.Join(t.TempDir(), "deep", "out")
	p, end := publish(t, s, checkpoint.Folder{Path: dir})
	d := now(t, p, 1)
	if len(d) != 1 || d[0].Size != 1 || d[0].Behind != 0 || d[0].Left == nil || d[0].Age == nil || d[0].Trouble != "" {
		t.Fatalf("%+v", d)
	}
	now(t, p, 1)
	node := s.Node().String()
	if got := strings.Join(names(t, dir), " "); got != node+"-000000000001.checkpoint "+node+".vkey" {
		t.Errorf("nothing was recorded since, and there are %s", got)
	}
	grow(t, s)
	if d := p.State(2); d[0].Behind != 1 {
		t.Errorf("%+v", d)
	}
	now(t, p, 2)
	grow(t, s)
	end() // a last time
	if got := names(t, dir); len(got) != 4 || got[2] != node+"-000000000003.checkpoint" {
		t.Errorf("%q", got)
	}
	key, err := os.ReadFile(filepath.Join(dir, node+".vkey"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := journal.ParseKey(string(key))
	if err != nil {
		t.Fatal(err)
	}
	note, err := os.ReadFile(filepath.Join(dir, node+"-000000000003.checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if c, _, err := journal.OpenCheckpoint(note, v); err != nil || c.Size != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	// The next start knows what left before, and when.
	p, _ = publish(t, s, checkpoint.Folder{Path: dir})
	if d := now(t, p, 3); d[0].Size != 3 || d[0].Left == nil || d[0].Contradiction != "" || len(names(t, dir)) != 4 {
		t.Errorf("%+v", d)
	}
}

// What left earlier is of another history: it is said, and not written over.
func TestACheckpointThatContradictsIsSaidAndKept(t *testing.T) {
	one, dir := store(t), t.TempDir()
	grow(t, one)
	p, end := publish(t, one, checkpoint.Folder{Path: dir})
	now(t, p, 2)
	end()
	node := one.Node().String()
	path := filepath.Join(dir, node+"-000000000002.checkpoint")
	real, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The same log with another root, as if the journal was rewritten since.
	other := strings.Replace(string(real), strings.Split(string(real), "\n")[2], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1)
	if err := os.WriteFile(path, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	p, end = publish(t, one, checkpoint.Folder{Path: dir})
	d := now(t, p, 2)
	end()
	if !strings.Contains(d[0].Contradiction, "the first 2 entries of node "+node) {
		t.Errorf("%+v", d)
	}
	if kept, err := os.ReadFile(path); err != nil || string(kept) != other {
		t.Errorf("it was written over: %v", err)
	}
	// It has more entries than the journal: some were taken away.
	if err := os.Rename(path, filepath.Join(dir, node+"-000000000009.checkpoint")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, node+"-000000000009.checkpoint"), []byte(strings.Replace(string(real), "\n2\n", "\n9\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ = publish(t, one, checkpoint.Folder{Path: dir})
	if d := now(t, p, 2); !strings.Contains(d[0].Contradiction, "had 9 entries then, and has 2") {
		t.Errorf("%+v", d)
	}
}

func TestAnotherKeyForTheSameNodeIsSaid(t *testing.T) {
	s, dir := store(t), t.TempDir()
	path := filepath.Join(dir, s.Node().String()+".vkey")
	if err := os.WriteFile(path, []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ := publish(t, s, checkpoint.Folder{Path: dir})
	if d := now(t, p, 1); !strings.Contains(d[0].Contradiction, "holds another verifier key") || d[0].Left != nil {
		t.Errorf("%+v", d)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "another\n" {
		t.Errorf("%q, %v", b, err)
	}
}

// server takes checkpoints; status is what it answers.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []string // method, path and body
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{status: 201}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got = append(s.got, r.Method+" "+r.URL.Path+"\n"+string(b))
		if s.status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(s.status)
		io.WriteString(w, strings.Repeat("x", 1<<20)) // no answer is worth reading so far
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) answer(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

func TestCheckpointsLeaveForAServer(t *testing.T) {
	web := serve(t)
	s := store(t)
	put, err := checkpoint.ParseDestination(web.URL + "/audit/")
	if err != nil {
		t.Fatal(err)
	}
	post, err := checkpoint.ParseDestination(web.URL + "/in?token=secret")
	if err != nil {
		t.Fatal(err)
	}
	web.answer(503)
	p, _ := publish(t, s, put, post)
	for _, d := range now(t, p, 1) {
		if d.Left != nil || !strings.Contains(d.Trouble, "503") || strings.Contains(d.To+d.Trouble, "secret") {
			t.Errorf("%+v", d)
		}
	}
	web.answer(302) // is not followed
	for _, d := range now(t, p, 1) {
		if d.Left != nil || !strings.Contains(d.Trouble, "302") {
			t.Errorf("%+v", d)
		}
	}
	web.answer(200)
	for _, d := range now(t, p, 1) {
		if d.Left == nil || d.Size != 1 || d.Trouble != "" {
			t.Errorf("%+v", d)
		}
	}
	grow(t, s)
	web.answer(412) // it is there already
	if d := now(t, p, 2); d[0].Size != 2 || d[0].Trouble != "" || d[1].Trouble == "" {
		t.Errorf("%+v", d)
	}
	web.mu.Lock()
	defer web.mu.Unlock()
	seen := strings.Join(web.got, "\n")
	for _, want := range []string{"PUT /audit/" + s.Node().String() + "-000000000001.checkpoint\nimplantrace/node/" + s.Node().String() + "\n1\n", "POST /in\nimplantrace/node/"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q was not sent: %s", want, seen)
		}
	}
	if strings.Contains(seen, "/elsewhere") {
		t.Error("a redirection was followed")
	}
}

// A destination that does not answer keeps neither the others nor the record
// waiting.
func TestASilentServerHoldsNothingUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ctx.Done() }))
	defer silent.Close()
	defer cancel()
	s, dir := store(t), t.TempDir()
	web, err := checkpoint.NewWeb(silent.URL)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, s, web, checkpoint.Folder{Path: dir})
	for range 100 {
		grow(t, s)
	}
	for deadline := time.Now().Add(time.Minute); len(names(t, dir)) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the folder waits for the server")
		}
	}
}

func TestAddressesThatNoCheckpointGoesTo(t *testing.T) {
	for _, address := range []string{"http://audit.example/", "ftp://audit.example/", "https://", "https://name:password@audit.example/", "https://a.example/#x", "http://10.0.0.1/", "://", ""} {
		if d, err := checkpoint.ParseDestination(address); err == nil {
			t.Errorf("%q is taken: %v", address, d)
		}
	}
	for _, address := range []string{"https://169.254.169.254/latest/", "https://[fe80::1]/", "https://0.0.0.0/", "https://224.0.0.1/"} {
		if _, err := checkpoint.NewWeb(address); !errors.Is(err, outward.ErrRefused) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAFileInTheWayIsNotWrittenOver(t *testing.T) {
	s, dir := store(t), t.TempDir()
	path := filepath.Join(dir, s.Node().String()+"-000000000001.checkpoint")
	if err := os.WriteFile(path, []byte("a letter"), 0o600); err != nil {
		t.Fatal(err)
	}
	note, err := s.Checkpoint(t.Context(), trace.NodeID{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := journal.ParseKey(s.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := journal.OpenCheckpoint(note, v)
	if err != nil {
		t.Fatal(err)
	}
	err = checkpoint.Folder{Path: dir}.Put(t.Context(), checkpoint.Signed{Checkpoint: c, Note: note, Signer: s.Node(), Key: s.VerifierKey()})
	if !errors.Is(err, journal.ErrCheckpoint) {
		t.Errorf("%v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "a letter" {
		t.Errorf("%q, %v", b, err)
	}
}
