package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/bolt"
	"implantrace/internal/recall"
	"implantrace/internal/recall/recalltest"
	"implantrace/internal/seal"
)

// hospital is a data folder with a history.
func hospital(t *testing.T, usages []recalltest.Usage) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	keys := seal.NewKeyring()
	if err := keys.Save(dir + ".keys"); err != nil {
		t.Fatal(err)
	}
	s, err := bolt.Open(filepath.Join(dir, bolt.FileName), bolt.Options{Name: "Theatre 4", Version: "test", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	if err := recalltest.Fill(t.Context(), s, recalltest.Catalogue(), usages); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// told is the tier of each usage in lines of matches, by the record's id.
func told(t *testing.T, lines []byte) map[string]string {
	t.Helper()
	tiers := map[string]string{}
	for in := bufio.NewScanner(bytes.NewReader(lines)); in.Scan(); {
		var l struct {
			Tier, Usage, Patient, State string
			Why                         []string
			Coverage                    any
		}
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", in.Text(), err)
		}
		if l.Coverage != nil {
			continue
		}
		if tiers[l.Usage] != "" || l.Usage == "" || l.State == "" || len(l.Why) == 0 {
			t.Errorf("%s", in.Text())
		}
		tiers[l.Usage] = l.Tier
	}
	return tiers
}

// Every notice finds exactly whom a plain reading of the whole record finds,
// through the API and the command line.
func TestNoticesFindWhomAPlainReadingFinds(t *testing.T) {
	usages := recalltest.History(1, 20_000)
	dir := hospital(t, usages)
	oracle := recalltest.Oracle{Products: recalltest.Catalogue(), Zone: london(t)}
	// A node serves: the API and the command line ask it through its socket.
	node, err := app.Open(t.Context(), app.Config{Data: dir, Listen: "127.0.0.1:0"}, "test", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- node.Serve(ctx, func(address string) { ready <- address }) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	<-ready
	client, err := app.Connect(t.Context(), app.Config{Data: dir}, "test")
	if err != nil || !client.Running {
		t.Fatal("the node is not asked", err)
	}
	defer client.Close()
	expected := make(map[string]map[string]string)
	for _, n := range recalltest.Notices() {
		criteria, err := recalltest.Criteria(n.JSON)
		if err != nil {
			t.Fatal(n.Name, err)
		}
		want := map[string]string{}
		for _, u := range usages {
			if tier := oracle.Tier(criteria, u); tier != "" {
				want[recalltest.UsageID(u.ID).String()] = tier
			}
		}
		expected[n.Name] = want
		for tier := range strings.FieldsSeq(n.Has) {
			if !slices.Contains(slices.Collect(maps.Values(want)), tier) {
				t.Errorf("%s: the history has nothing that is %s", n.Name, tier)
			}
		}
		r, err := client.Do(t.Context(), "POST", "/api/v1/recalls/matches", "application/json", strings.NewReader(n.JSON))
		if err != nil {
			t.Fatal(n.Name, err)
		}
		lines, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			t.Fatal(n.Name, err)
		}
		differs(t, n.Name+", API", usages, told(t, lines), want)
		if last := lines[bytes.LastIndexByte(bytes.TrimSpace(lines), '\n')+1:]; !bytes.Contains(last, []byte(`"coverage":{"as_of"`)) {
			t.Errorf("%s: the last line is %s", n.Name, last)
		}
	}
	for _, n := range recalltest.Notices() {
		file := filepath.Join(t.TempDir(), "notice.json")
		if err := os.WriteFile(file, []byte(n.JSON), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := run([]string{"recall", "--data", dir, "--notice", file, "--jsonl"}, streams{strings.NewReader(""), &out, &errs})
		if code != exitDone || !strings.Contains(errs.String(), "Node Theatre 4") {
			t.Fatalf("%s: exit code %d, %s", n.Name, code, errs.String())
		}
		differs(t, n.Name+", command line", usages, told(t, out.Bytes()), expected[n.Name])
	}
}

func london(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// differs reports the first few usages of which two readings differ.
func differs(t *testing.T, name string, usages []recalltest.Usage, got, want map[string]string) {
	t.Helper()
	shown := 0
	for _, u := range usages {
		id := recalltest.UsageID(u.ID).String()
		if got[id] != want[id] {
			if shown++; shown <= 3 {
				t.Errorf("%s: %q, want %q: %+v", name, got[id], want[id], u)
			}
		}
	}
	if shown > 3 {
		t.Errorf("%s: %d differ", name, shown)
	}
	if len(got) != len(want) && shown == 0 {
		t.Errorf("%s: %d found, want %d", name, len(got), len(want))
	}
}

func TestAListThatBrokeOffIsNoAnswer(t *testing.T) {
	whole := `{"tier":"confirmed","usage":"u","patient":"p","why":["w"],"state":"implanted"}` + "\n" + `{"coverage":{"as_of":"2026-03-02T12:00:00Z","nodes":[],"looked":7}}` + "\n"
	read := func(text string) (n int, err error) {
		c, err := readLines(strings.NewReader(text), func(recall.Line) error { n++; return nil })
		if err == nil && c.Looked != 7 {
			t.Errorf("coverage %+v", c)
		}
		return n, err
	}
	if n, err := read(whole); n != 1 || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
	for cut := range len(whole) - 2 {
		if _, err := read(whole[:cut]); err == nil || !strings.Contains(err.Error(), "broke off") {
			t.Errorf("cut off after %d bytes: %v", cut, err)
		}
	}
}
