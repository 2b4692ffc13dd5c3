package bolt_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"implantrace/internal/bolt"
	"implantrace/internal/bolt/faulty"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// helper names the folder in which the test binary, run again, appends until
// it is killed.
const helper = "IMPLANTRACE_TEST_APPEND_IN"

func TestMain(m *testing.M) {
	faulty.Main()
	switch {
	case os.Getenv(helper) != "":
		appendForEver(os.Getenv(helper))
	case os.Getenv(rebuildIn) != "":
		appendWhileRebuilding(os.Getenv(rebuildIn))
	case os.Getenv(compactIn) != "":
		compactForEver(os.Getenv(compactIn))
	case os.Getenv(small) != "":
		fillADisk(os.Getenv(small))
	default:
		os.Exit(m.Run())
	}
}

func openIn(dir string) (*bolt.Store, error) {
	keys, err := seal.LoadKeyring(filepath.Join(dir, "keys.json"))
	if err != nil {
		return nil, err
	}
	return bolt.Open(filepath.Join(dir, bolt.FileName), bolt.Options{Name: "test", Keys: keys})
}

// compactIn names it where the store is compacted all the while.
const compactIn = "IMPLANTRACE_TEST_COMPACT_IN"

// compactForEver is appendForEver, with one compaction after another.
func compactForEver(dir string) {
	s, err := openIn(dir)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	go func() {
		for {
			if _, err := s.Compact(context.Background(), nil); err != nil && trace.KindOf(err) != trace.Busy {
				fmt.Println("error", err)
			}
		}
	}()
	appendTo(s)
}

// rebuildIn names it where tables are built anew meanwhile.
const rebuildIn = "IMPLANTRACE_TEST_REBUILD_IN"

// appendWhileRebuilding is appendForEver, and says how far the rebuild has come.
func appendWhileRebuilding(dir string) {
	s, err := openIn(dir)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	go func() {
		for last := uint64(0); ; {
			switch done, total := s.Rebuilding(); {
			case total == 0:
				fmt.Println("rebuilt")
				return
			case done != last:
				fmt.Println("at", done)
				last = done
			}
		}
	}()
	appendTo(s)
}

// appendForEver prints the id of each command behind its receipt.
func appendForEver(dir string) {
	s, err := openIn(dir)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	appendTo(s)
}

func appendTo(s *bolt.Store) {
	var mu sync.Mutex
	for range 16 {
		go func() {
			for {
				id := trace.NewEventID()
				u := trace.DeriveID[trace.OfUsage](id, "usage")
				rs, err := s.Append(context.Background(), trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{
					{Fact: trace.UsageFact{Usage: u, Status: trace.Implanted, Device: udi.Device{DI: "07611994064584", Lot: "A"}}},
					{Fact: trace.PatientFact{Patient: trace.PatientID(u)}, Subject: u, Secret: &trace.Secret{Family: id.String()}},
				}})
				if err == nil {
					err = rs[0].Err
				}
				mu.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println(id)
				}
				mu.Unlock()
			}
		}()
	}
	select {}
}

// A process that is killed at any moment has lost nothing that it acknowledged,
// and has left nothing half-written: sixteen writers, one file that grows, and
// twenty kills.
func TestAcknowledgedSurvivesKill(t *testing.T) { killRounds(t, helper, 20, 100) }

// The same while the store is compacted again and again: what is under its name is the
// old file or the new one, and each is whole.
func TestAcknowledgedSurvivesKillWhileCompacting(t *testing.T) { killRounds(t, compactIn, 20, 300) }

func TestSoakAcknowledgedSurvivesKill(t *testing.T) {
	if os.Getenv("IMPLANTRACE_SOAK") == "" {
		t.Skip("a long test: IMPLANTRACE_SOAK=1 runs it")
	}
	killRounds(t, helper, 100, 2000)
	killRounds(t, compactIn, 100, 2000)
}

// killRounds kills that often, each time after up to so many acknowledgements.
func killRounds(t *testing.T, helper string, rounds, most int) {
	dir := t.TempDir()
	if err := seal.NewKeyring().Save(filepath.Join(dir, "keys.json")); err != nil {
		t.Fatal(err)
	}
	var acknowledged []trace.EventID
	for round := range rounds {
		acknowledged = append(acknowledged, killAfter(t, helper, dir, 1+37*round%most)...)
		s, err := openIn(dir)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if _, err := os.Stat(filepath.Join(dir, bolt.FileName+".compact")); err == nil {
			t.Errorf("round %d: a file that is no store is left", round)
		}
		for _, id := range acknowledged {
			r, err := s.Find(context.Background(), id, id[:])
			if err != nil || r.Count != 2 {
				t.Fatalf("round %d: %s was acknowledged and is lost: %+v, %v", round, id, r, err)
			}
			u := trace.DeriveID[trace.OfUsage](id, "usage")
			if got, err := s.Usage(context.Background(), u); err != nil || got.Status != trace.Implanted {
				t.Fatalf("round %d: the usage of %s: %+v, %v", round, id, got, err)
			}
			if who, err := s.Identity(context.Background(), trace.PatientID(u)); err != nil || who.Family != id.String() {
				t.Fatalf("round %d: the patient of %s: %+v, %v", round, id, who, err)
			}
		}
		r, err := s.Verify(context.Background(), t.TempDir())
		if err != nil || len(r.Findings) != 0 {
			t.Fatalf("round %d: %+v, %v", round, r.Findings, err)
		}
		if r.Entries%2 != 1 || r.Entries < uint64(1+2*len(acknowledged)) {
			t.Errorf("round %d: %d entries for %d commands of two", round, r.Entries, len(acknowledged))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d acknowledged in %d rounds, none lost", len(acknowledged), rounds)
}

// A process that is killed while tables are built anew goes on where it was, again and
// again, and comes to the rows that the journal comes to; what it acknowledged
// meanwhile is there.
func TestARebuildSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	if err := seal.NewKeyring().Save(filepath.Join(dir, "keys.json")); err != nil {
		t.Fatal(err)
	}
	acknowledged := killAfter(t, helper, dir, 1500)
	db, err := bbolt.Open(filepath.Join(dir, bolt.FileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		for _, p := range record.Tables() {
			if !p.Table.Needed() {
				if err := tx.Bucket([]byte("meta")).Put(append([]byte("projection/"), byte(p.Table)), []byte{0}); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	db.Close()
	kills, was := 0, 0
	for rebuilt := false; !rebuilt; {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), rebuildIn+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		steps := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			line := lines.Text()
			done := 0
			switch n, _ := fmt.Sscanf(line, "at %d", &done); {
			case line == "rebuilt":
				rebuilt = true
				_ = cmd.Process.Kill()
			case n == 1:
				// How far it has come is said before the commit, and a step that was cut
				// short is taken again.
				if steps++; steps == 1 && done < was-512 {
					t.Errorf("it begins again at %d, and had come to %d", done, was)
				}
				was = done
				if steps == 1+kills%3 {
					_ = cmd.Process.Kill()
				}
			case strings.HasPrefix(line, "error"):
				t.Errorf("the helper: %s", line)
			default:
				if id, err := trace.ParseID[trace.OfEvent](line); err == nil {
					acknowledged = append(acknowledged, id)
				}
			}
		}
		_ = cmd.Wait() // killed, as it was meant to be
		if kills++; kills > 100 || steps == 0 && !rebuilt {
			t.Fatalf("after %d kills it has come to %d", kills, was)
		}
	}
	if kills < 4 {
		t.Errorf("it was killed %d times only", kills)
	}
	s, err := openIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, id := range acknowledged {
		if r, err := s.Find(context.Background(), id, id[:]); err != nil || r.Count != 2 {
			t.Fatalf("%s was acknowledged and is lost: %+v, %v", id, r, err)
		}
	}
	if r, err := s.Verify(context.Background(), t.TempDir()); err != nil || len(r.Findings) != 0 || r.Rows == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	t.Logf("%d acknowledged, %d kills", len(acknowledged), kills)
}

// killAfter runs the helper, kills it when it has acknowledged n commands, and
// gives all that it acknowledged.
func killAfter(t *testing.T, helper, dir string, n int) (ids []trace.EventID) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), helper+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // killed: a line that was cut off is no acknowledgement
		}
		if strings.HasPrefix(line, "error") {
			t.Errorf("the helper: %s", line)
			_ = cmd.Process.Kill()
			break
		}
		id, err := trace.ParseID[trace.OfEvent](strings.TrimSpace(line))
		if err != nil {
			t.Errorf("the helper printed %q", line)
		}
		if ids = append(ids, id); len(ids) == n {
			if err := cmd.Process.Kill(); err != nil { // SIGKILL
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait() // killed, as it was meant to be
	if len(ids) < n {
		t.Fatalf("the helper stopped after %d of %d", len(ids), n)
	}
	return ids
}
