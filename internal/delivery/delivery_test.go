package delivery_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
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
	"implantrace/internal/command"
	"implantrace/internal/delivery"
	"implantrace/internal/registry"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// node is a store with one implanted device, and a clock that is moved by hand.
type node struct {
	t     *testing.T
	store *bolt.Store
	runs  *registry.Runs

	mu  sync.Mutex
	now time.Time
}

func newNode(t *testing.T) *node {
	t.Helper()
	n := &node{t: t, now: time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)}
	var err error
	n.store, err = bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "T", Version: "test", Keys: seal.NewKeyring(), Clock: n.clock})
	if err != nil {
		t.Fatal(err)
	}
	n.restart()
	t.Cleanup(func() {
		n.runs.Close()
		if err := n.store.Close(); err != nil {
			t.Error(err)
		}
	})
	p := trace.NewID[trace.OfProcedure]()
	c := trace.Command{ID: trace.NewEventID(), By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{
		{Fact: trace.ProcedureFact{Procedure: p, Start: time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC), End: time.Date(2026, 2, 3, 10, 0, 0, 0, time.UTC)}},
		{Fact: trace.UsageFact{Usage: trace.NewID[trace.OfUsage](), Procedure: p, Status: trace.Implanted, Device: udi.Device{DI: "09520140001039", Agency: udi.AgencyGS1, Lot: "L0001"}}},
	}}
	c.Canonical = c.ID[:]
	if _, err := n.store.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *node) clock() time.Time { n.mu.Lock(); defer n.mu.Unlock(); return n.now }

func (n *node) later(by time.Duration) { n.mu.Lock(); defer n.mu.Unlock(); n.now = n.now.Add(by) }

// restart forgets everything that is not in the store.
func (n *node) restart() {
	if n.runs != nil {
		n.runs.Close()
	}
	n.runs = registry.NewRuns(command.Recorder{Store: n.store, Clock: n.clock})
}

func (n *node) deliverer(s delivery.Schedule) *delivery.Deliverer {
	n.t.Helper()
	d, err := delivery.New(n.runs, []delivery.Schedule{s}, slog.New(slog.DiscardHandler))
	if err != nil {
		n.t.Fatal(err)
	}
	return d
}

func (n *node) states() (all []trace.RunState) {
	n.t.Helper()
	for r, err := range n.store.Runs(n.t.Context()) {
		if err != nil {
			n.t.Fatal(err)
		}
		all = append(all, r.State)
	}
	return all
}

func (n *node) wantStates(want ...trace.RunState) {
	n.t.Helper()
	got := n.states()
	if len(got) != len(want) {
		n.t.Fatalf("runs are %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			n.t.Fatalf("runs are %v, want %v", got, want)
		}
	}
}

func (n *node) files(folder string) (all []string) {
	n.t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, f := range files {
		all = append(all, f.Name())
	}
	return all
}

func weekly(to string) delivery.Schedule {
	return delivery.Schedule{Name: "weekly", Registry: "mdor", Every: 7 * 24 * time.Hour, To: to}
}

func TestAFolderGetsEachRunOnceThroughKillsAndRestarts(t *testing.T) {
	n := newNode(t)
	folder := t.TempDir()
	d := n.deliverer(weekly(folder))
	ctx := t.Context()
	d.Step(ctx, "weekly") // it is made
	n.wantStates(trace.RunMade)
	if files := n.files(folder); len(files) != 0 {
		t.Fatalf("%v is there before it is delivered", files)
	}

	// Killed while it wrote, and while nothing of the delivery stands in the record.
	var run trace.Run
	for r := range n.store.Runs(ctx) {
		run = r
	}
	half := filepath.Join(folder, ".implantrace-"+run.ID.String()+"-123.part")
	if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.restart()
	d = n.deliverer(weekly(folder))
	d.Step(ctx, "weekly")
	n.wantStates(trace.RunSent)
	files := n.files(folder)
	if len(files) != 1 || files[0] != run.Result.Name {
		t.Fatalf("the folder has %v", files)
	}
	b, err := os.ReadFile(filepath.Join(folder, files[0]))
	if err != nil || trace.Hash(sha256.Sum256(b)) != run.Result.SHA256 || !strings.Contains(string(b), "L0001") {
		t.Errorf("%q %v", b, err)
	}

	// A restart before the next is due makes none; the next turn does.
	n.restart()
	d = n.deliverer(weekly(folder))
	if wait := d.Step(ctx, "weekly"); wait <= 0 || wait > time.Minute {
		t.Errorf("it waits %s", wait)
	}
	n.wantStates(trace.RunSent)
	if s := d.States()[0]; s.Due.IsZero() || s.Trouble != "" || s.Last != run.ID {
		t.Errorf("%+v", s)
	}
	n.later(7 * 24 * time.Hour)
	d.Step(ctx, "weekly")
	d.Step(ctx, "weekly")
	n.wantStates(trace.RunSent, trace.RunSent)
	if files := n.files(folder); len(files) != 2 {
		t.Errorf("the folder has %v", files)
	}
}

// Killed between the file and the entry that says so: the same file is found, and
// not written again.
func TestAFileThatIsThereIsNotDoubled(t *testing.T) {
	n := newNode(t)
	folder := t.TempDir()
	n.deliverer(weekly(folder)).Step(t.Context(), "weekly")
	var run trace.Run
	for r := range n.store.Runs(t.Context()) {
		run = r
	}
	var file bytes.Buffer
	if err := registry.WriteRun(t.Context(), n.store, run, func() {}, &file); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, run.Result.Name)
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	n.restart()
	n.deliverer(weekly(folder)).Step(t.Context(), "weekly")
	n.wantStates(trace.RunSent)
	if files := n.files(folder); len(files) != 1 {
		t.Errorf("the folder has %v", files)
	}

	// What is there and is something else is not overwritten.
	n.later(7 * 24 * time.Hour)
	n.deliverer(weekly(folder)).Step(t.Context(), "weekly")
	for r := range n.store.Runs(t.Context()) {
		run = r
	}
	path = filepath.Join(folder, run.Result.Name)
	if err := os.WriteFile(path, []byte("another's"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := n.deliverer(weekly(folder))
	d.Step(t.Context(), "weekly")
	if b, err := os.ReadFile(path); err != nil || string(b) != "another's" {
		t.Errorf("%q %v", b, err)
	}
	n.wantStates(trace.RunSent, trace.RunUnsent)
	if s := d.States()[0]; !strings.Contains(s.Trouble, "holds something else") || s.Tries != 1 {
		t.Errorf("%+v", s)
	}
}

// A folder that is not there is not made: it may be a share that is not mounted.
func TestAFolderThatIsAwayIsTriedAgain(t *testing.T) {
	n := newNode(t)
	folder := filepath.Join(t.TempDir(), "share")
	d := n.deliverer(weekly(folder))
	d.Step(t.Context(), "weekly")
	first := d.Step(t.Context(), "weekly")
	second := d.Step(t.Context(), "weekly")
	n.wantStates(trace.RunUnsent)
	if first <= 0 || second <= first {
		t.Errorf("it waits %s, then %s", first, second)
	}
	if s := d.States()[0]; s.Tries != 2 || !strings.Contains(s.Trouble, "cannot be reached") || s.Next.IsZero() {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Error("the folder was made")
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	d.Step(t.Context(), "weekly")
	n.wantStates(trace.RunSent)
	if s := d.States()[0]; s.Tries != 0 || s.Trouble != "" {
		t.Errorf("%+v", s)
	}
}

// A run that the node left half is made anew, and nothing of it is delivered.
func TestARunThatBrokeOffIsMadeAnew(t *testing.T) {
	n := newNode(t)
	id := trace.NewID[trace.OfRun]()
	c := trace.Command{ID: trace.NewEventID(), By: trace.Actor{Via: "schedule:weekly"}, Drafts: []trace.Draft{{Fact: trace.RunFact{Run: id, State: trace.RunBegun, Scope: trace.RunScope{Registry: "mdor", Schedule: "weekly"}}}}}
	c.Canonical = c.ID[:]
	if _, err := n.store.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	n.later(time.Second)
	folder := t.TempDir()
	d := n.deliverer(weekly(folder))
	d.Step(t.Context(), "weekly")
	d.Step(t.Context(), "weekly")
	n.wantStates(trace.RunBegun, trace.RunSent)
	if files := n.files(folder); len(files) != 1 {
		t.Errorf("the folder has %v", files)
	}
}

// inbox is another machine.
type inbox struct {
	mu      sync.Mutex
	answers []int             // the next ones; then 201
	kept    map[string]string // what it took, by path or key
	seen    []http.Header
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.seen = append(i.seen, r.Header.Clone())
	code := http.StatusCreated
	if len(i.answers) > 0 {
		code, i.answers = i.answers[0], i.answers[1:]
	}
	if code/100 == 2 && err == nil {
		name := r.URL.Path
		if r.Method == http.MethodPost {
			name = r.Header.Get("Idempotency-Key")
		}
		i.kept[r.Method+" "+name] = string(b)
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, "Column 4\nis no date")
}

func TestAnAddressIsTriedUntilItTakesTheFile(t *testing.T) {
	for _, method := range []string{"PUT", "POST"} {
		t.Run(method, func(t *testing.T) {
			n := newNode(t)
			in := &inbox{kept: map[string]string{}, answers: []int{503, 429, 422}}
			server := httptest.NewServer(in)
			defer server.Close()
			token := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(token, []byte("opensesame\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			s := weekly(server.URL + "/in/?key=hidden")
			s.Method, s.TokenFile, s.Accepted = method, token, true
			d := n.deliverer(s)
			d.Step(t.Context(), "weekly")
			for _, least := range []time.Duration{time.Second, 10 * time.Second, time.Hour} { // what was refused is not hammered at
				if wait := d.Step(t.Context(), "weekly"); wait < least {
					t.Errorf("it waits %s", wait)
				}
				n.wantStates(trace.RunUnsent)
			}
			state := d.States()[0]
			if !strings.Contains(state.Trouble, "422") || !strings.Contains(state.Trouble, "Column 4 is no date") || strings.Contains(state.Trouble, "hidden") {
				t.Errorf("%q", state.Trouble)
			}
			n.restart() // the next try is after a restart
			d = n.deliverer(s)
			d.Step(t.Context(), "weekly")
			n.wantStates(trace.RunAccepted)
			if len(in.kept) != 1 || len(in.seen) != 4 {
				t.Fatalf("%v after %d requests", in.kept, len(in.seen))
			}
			var run trace.Run
			for r := range n.store.Runs(t.Context()) {
				run = r
			}
			name := "PUT /in/" + run.Result.Name
			if method == "POST" {
				name = `POST "` + run.ID.String() + `"`
			}
			file, ok := in.kept[name]
			if !ok || trace.Hash(sha256.Sum256([]byte(file))) != run.Result.SHA256 {
				t.Errorf("%s: %v", name, in.kept)
			}
			for _, h := range in.seen {
				if h.Get("Authorization") != "Bearer opensesame" || h.Get("Idempotency-Key") != `"`+run.ID.String()+`"` ||
					h.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(run.Result.SHA256[:])+":" {
					t.Errorf("%v", h)
				}
			}
			// The next run has nothing to tell: this one was accepted.
			n.later(7 * 24 * time.Hour)
			d.Step(t.Context(), "weekly")
			for r := range n.store.Runs(t.Context()) {
				run = r
			}
			if run.Result.Records != 0 || run.Result.Unchanged != 1 {
				t.Errorf("%+v", run.Result)
			}
		})
	}
}

func TestAnAddressThatIsAwayIsSaidWithoutItsSecrets(t *testing.T) {
	n := newNode(t)
	server := httptest.NewServer(http.NotFoundHandler())
	at := server.URL
	server.Close()
	d := n.deliverer(weekly(at + "/in?key=hidden"))
	d.Step(t.Context(), "weekly")
	d.Step(t.Context(), "weekly")
	if s := d.States()[0]; !strings.Contains(s.Trouble, "cannot be reached") || strings.Contains(s.Trouble, "hidden") {
		t.Errorf("%+v", s)
	}
	n.wantStates(trace.RunUnsent)
}

func TestMonthsAreThoseBefore(t *testing.T) {
	n := newNode(t)
	folder := t.TempDir()
	d, err := delivery.New(n.runs, []delivery.Schedule{
		{Name: "a", Registry: "deplcm", Every: time.Hour, To: folder},
		{Name: "b", Registry: "iso16054", Every: time.Hour, To: folder, Period: delivery.PeriodLastMonth, Full: true},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	d.Step(t.Context(), "a")
	d.Step(t.Context(), "b")
	d.Step(t.Context(), "unknown")
	seen := 0
	for r := range n.store.Runs(t.Context()) {
		switch r.Scope.Registry {
		case "deplcm":
			seen++
			if r.Scope.Month != "2026-02" || !r.Scope.Changes || r.Result.Records+r.Result.Held != 1 {
				t.Errorf("%+v", r)
			}
		case "iso16054":
			seen++
			if !r.Scope.From.Equal(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)) || !r.Scope.To.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) || r.Scope.Changes || r.Result.Records != 1 {
				t.Errorf("%+v", r)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d runs", seen)
	}
}

// Run goes on by itself until it is told to stop.
func TestRunMakesAndDelivers(t *testing.T) {
	n := newNode(t)
	in := &inbox{kept: map[string]string{}}
	taken := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in.ServeHTTP(w, r)
		taken <- struct{}{}
	}))
	defer server.Close()
	d := n.deliverer(weekly(server.URL + "/in"))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	<-taken
	stop()
	<-done
	if len(in.kept) != 1 {
		t.Errorf("%v", in.kept)
	}
}

func TestSchedulesThatMakeNoSense(t *testing.T) {
	n := newNode(t)
	good := weekly(t.TempDir())
	for says, change := range map[string]func(*delivery.Schedule){
		"wants a name":                   func(s *delivery.Schedule) { s.Name = " " },
		`no runs for "hl7"`:              func(s *delivery.Schedule) { s.Registry = "hl7" },
		"too often":                      func(s *delivery.Schedule) { s.Every = time.Second },
		"period is all or last-month":    func(s *delivery.Schedule) { s.Period = "year" },
		"Say which operations":           func(s *delivery.Schedule) { s.Registry = "njr" },
		"no location number":             func(s *delivery.Schedule) { s.GLN = "12" },
		"a folder or an https address":   func(s *delivery.Schedule) { s.To = "" },
		"by https only":                  func(s *delivery.Schedule) { s.To = "http://registry.example/" },
		"method is PUT or POST":          func(s *delivery.Schedule) { s.To, s.Method = "https://registry.example/", "GET" },
		"of an address, and not of":      func(s *delivery.Schedule) { s.Method = "PUT" },
		"a registry that is told by mon": func(s *delivery.Schedule) { s.Registry, s.Period = "deplcm", "all" },
	} {
		s := good
		change(&s)
		if _, err := delivery.New(n.runs, []delivery.Schedule{s}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if _, err := delivery.New(n.runs, []delivery.Schedule{good, good}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "two exports") {
		t.Error(err)
	}
}
