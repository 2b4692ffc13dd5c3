package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"implantrace/internal/bolt"
	"implantrace/internal/bolt/faulty"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// ledger writes to a store and remembers what was acknowledged.
type ledger struct {
	t    *testing.T
	disk *faulty.Disk
	keys *seal.Keyring
	s    *bolt.Store
	o    bolt.Options

	mu   sync.Mutex
	kept []trace.EventID
}

func newLedger(t *testing.T, o bolt.Options) *ledger {
	l := &ledger{t: t, disk: faulty.Mount(t), keys: seal.NewKeyring(), o: o}
	l.o.Keys, l.o.Name = l.keys, "test"
	l.open()
	t.Cleanup(func() { l.disk.Fail(); l.disk.ReadOnly(false); l.s.Close() })
	return l
}

func (l *ledger) path() string { return filepath.Join(l.disk.Dir(), bolt.FileName) }

func (l *ledger) open() {
	l.t.Helper()
	var err error
	if l.s, err = bolt.Open(l.path(), l.o); err != nil {
		l.t.Fatal(err)
	}
}

// device is a command of two entries, one of which is sealed. Everything in it
// follows from its id.
func device(id trace.EventID) trace.Command {
	u := trace.DeriveID[trace.OfUsage](id, "usage")
	return trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{
		{Fact: trace.UsageFact{Usage: u, Status: trace.Implanted, Device: udi.Device{DI: "07611994064584", Lot: id.String()[:8]}}},
		{Fact: trace.PatientFact{Patient: trace.PatientID(u)}, Subject: u, Secret: &trace.Secret{Family: id.String(), Note: strings.Repeat("x", int(id[15])*8)}},
	}}
}

// add records one command and notes in the disk's trace that it was acknowledged.
func (l *ledger) add(c trace.Command) (trace.Receipt, error) {
	rs, err := l.s.Append(context.Background(), c)
	if err != nil {
		return trace.Receipt{}, err
	}
	if rs[0].Err != nil {
		return trace.Receipt{}, rs[0].Err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, c.ID)
	l.disk.Note(c.ID.String())
	return rs[0].Receipt, nil
}

// insist adds n new commands from several writers; each is repeated, with the same
// id, until it is acknowledged. Errors have to be among these kinds.
func (l *ledger) insist(n int, kinds ...trace.ErrorKind) {
	l.t.Helper()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range n / 4 {
				c := device(trace.NewEventID())
				for tries := 0; ; tries++ {
					_, err := l.add(c)
					if err == nil {
						break
					}
					if !among(trace.KindOf(err), kinds) || tries > 1000 {
						l.t.Errorf("kind %d: %v", trace.KindOf(err), err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func among(k trace.ErrorKind, kinds []trace.ErrorKind) bool {
	for _, o := range kinds {
		if k == o {
			return true
		}
	}
	return false
}

// whole reports what is missing from a store of what was acknowledged, or wrong
// with it.
func whole(s *bolt.Store, acknowledged []string, tmp string) error {
	ctx := context.Background()
	for _, name := range acknowledged {
		id, err := trace.ParseID[trace.OfEvent](name)
		if err != nil {
			return err
		}
		if r, err := s.Find(ctx, id, id[:]); err != nil || r.Count != 2 {
			return fmt.Errorf("%s was acknowledged and is lost: %+v, %w", id, r, err)
		}
		u := trace.DeriveID[trace.OfUsage](id, "usage")
		if got, err := s.Usage(ctx, u); err != nil || got.Device.Lot != name[:8] {
			return fmt.Errorf("the usage of %s: %+v, %w", id, got, err)
		}
		if who, err := s.Identity(ctx, trace.PatientID(u)); err != nil || who.Family != name {
			return fmt.Errorf("the patient of %s: %+v, %w", id, who, err)
		}
	}
	r, err := s.Verify(ctx, tmp)
	if err == nil && len(r.Findings) > 0 {
		err = fmt.Errorf("verify finds %+v", r.Findings)
	}
	if err == nil && r.Entries < uint64(1+2*len(acknowledged)) {
		err = fmt.Errorf("%d entries for %d commands of two", r.Entries, len(acknowledged))
	}
	return err
}

func (l *ledger) names() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range l.kept {
		all = append(all, id.String())
	}
	return all
}

func (l *ledger) whole(when string) {
	l.t.Helper()
	if err := whole(l.s, l.names(), l.t.TempDir()); err != nil {
		l.t.Fatalf("%s: %v", when, err)
	}
}

// scratch is a folder for images of files, in memory where there is room.
func scratch(t *testing.T) string {
	if dir, err := os.MkdirTemp("/dev/shm", "implantrace-test-*"); err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// opened opens an image of a store's file and looks for what was acknowledged.
func (l *ledger) opened(dir string, image []byte, acknowledged []string) error {
	if image == nil && len(acknowledged) == 0 { // there was no store yet
		return nil
	}
	path := filepath.Join(dir, "image.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		return err
	}
	s, err := bolt.Open(path, bolt.Options{Keys: l.keys})
	if err != nil {
		return fmt.Errorf("it does not open: %w", err)
	}
	defer s.Close()
	return whole(s, acknowledged, dir)
}

// cuts cuts the power n times after the event number from.
func (l *ledger) cuts(seed uint64, from, n int) {
	l.t.Helper()
	dir := scratch(l.t)
	for image, acknowledged := range l.disk.Trace().Cuts(rand.New(rand.NewPCG(seed, 1)), bolt.FileName, from, n) {
		if err := l.opened(dir, image, acknowledged); err != nil {
			l.t.Fatalf("power cut when %d were acknowledged: %v", len(acknowledged), err)
		}
	}
}

// Power that is cut at any moment loses nothing that was acknowledged, whichever
// sectors the disk had written by then. The node is stopped and started in
// between, and one of its syncs is cut short as a killed process's is.
func TestPowerCutsLoseNothing(t *testing.T) { powerCuts(t, 1000, 80) }

func TestSoakPowerCuts(t *testing.T) {
	if os.Getenv("IMPLANTRACE_SOAK") == "" {
		t.Skip("a long test: IMPLANTRACE_SOAK=1 runs it")
	}
	powerCuts(t, 20_000, 2000)
}

func powerCuts(t *testing.T, cuts, commands int) {
	l := newLedger(t, bolt.Options{})
	for round := range 4 {
		l.insist(commands/4, trace.OutcomeUnknown)
		// The last sync of a commit does not come about, and the process is gone.
		l.disk.Fail(faulty.Fault{Op: faulty.Sync, File: bolt.FileName, Errno: syscall.EIO, Skip: 1})
		if _, err := l.add(device(trace.NewEventID())); trace.KindOf(err) != trace.OutcomeUnknown || l.disk.Hits() == 0 {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := l.s.Close(); err != nil {
			t.Fatal(err)
		}
		l.disk.Fail()
		l.open()
	}
	l.insist(commands/4, trace.OutcomeUnknown)
	l.whole("before the power is cut")
	l.cuts(7, 0, cuts)

	// A node that does not sync loses something: the test can fail.
	var careless faulty.Trace
	for _, e := range l.disk.Trace() {
		if e.Op != faulty.Sync {
			careless = append(careless, e)
		}
	}
	lost, dir := 0, scratch(t)
	for image, acknowledged := range careless.Cuts(rand.New(rand.NewPCG(7, 2)), bolt.FileName, len(careless)/2, 20) {
		if l.opened(dir, image, acknowledged) != nil {
			lost++
		}
	}
	if lost < 15 {
		t.Errorf("without syncing, %d cuts of 20 lost something", lost)
	}
}

// A disk that fails in any way, at any moment of a commit, gets an honest
// answer; what was acknowledged is there, the failed command can be repeated
// without a restart, and whatever the disk dropped is not built upon: power that
// is cut later finds a whole store.
func TestADiskThatFailsAtAnyMoment(t *testing.T) {
	unsure := []trace.ErrorKind{trace.OutcomeUnknown, trace.Full, trace.ReadOnly}
	for name, f := range map[string]faulty.Fault{
		"no room to write":       {Op: faulty.Write, Errno: syscall.ENOSPC},
		"writing fails":          {Op: faulty.Write, Errno: syscall.EIO, Half: true},
		"read-only while it is":  {Op: faulty.Write, Errno: syscall.EROFS},
		"a sync fails":           {Op: faulty.Sync, Errno: syscall.EIO},
		"a sync fails and loses": {Op: faulty.Sync, Errno: syscall.EIO, Lose: true},
		"no room at a sync":      {Op: faulty.Sync, Errno: syscall.ENOSPC, Lose: true},
		"it cannot grow":         {Op: faulty.Truncate, Errno: syscall.ENOSPC},
		"growing fails":          {Op: faulty.Truncate, Errno: syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLedger(t, bolt.Options{})
			f.File = bolt.FileName
			l.insist(8)
			from := l.disk.Note("")
			hits := 0
			for skip := range 12 {
				f.Skip, f.Times = skip, 1+skip%3
				l.disk.Fail(f)
				l.insist(8, unsure...)
				hits += l.disk.Hits()
				l.disk.Fail()
			}
			if f.Op == faulty.Truncate { // it happens only where the file is at its end
				f.Skip, f.Times = 0, 2
				l.disk.Fail(f)
				for range 200 {
					if l.insist(8, unsure...); l.disk.Hits() > 0 {
						break
					}
				}
				hits += l.disk.Hits()
				l.disk.Fail()
			}
			if hits == 0 {
				t.Error("nothing failed")
			}
			l.insist(8)
			l.whole("afterwards")
			if err := l.s.WriteTrouble(); err != nil {
				t.Errorf("it is well and says %v", err)
			}
			l.cuts(3, from, 25)
		})
	}
}

// A sync fails when the meta is on its way, and the disk drops what it was to
// write. What comes next is not built upon it: whenever the power is cut, one of
// the two states is there whole.
func TestWhatAFailedSyncDroppedIsNotBuiltUpon(t *testing.T) {
	l := newLedger(t, bolt.Options{})
	l.insist(8)
	for round := range 12 {
		from := l.disk.Note("")
		l.disk.Fail(faulty.Fault{Op: faulty.Sync, File: bolt.FileName, Errno: syscall.EIO, Skip: 1, Times: 1, Lose: true})
		c := device(trace.NewEventID())
		if _, err := l.add(c); trace.KindOf(err) != trace.OutcomeUnknown {
			t.Fatalf("round %d: %v", round, err)
		}
		l.disk.Fail()
		for range 2 {
			if _, err := l.add(device(trace.NewEventID())); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if _, err := l.add(c); err != nil {
			t.Fatalf("round %d, repeated: %v", round, err)
		}
		l.cuts(uint64(round), from, 40)
	}
	l.whole("afterwards")
}

// What was not acknowledged is said honestly: Full for no room, ReadOnly for a
// disk that takes no changes, OutcomeUnknown for one that fails, each as long as
// it lasts; reading goes on, and a repeat gets its receipt when it is over.
func TestADiskThatFailsForAWhile(t *testing.T) {
	for name, c := range map[string]struct {
		kind     trace.ErrorKind
		set, end func(*faulty.Disk)
	}{
		"read-only": {trace.ReadOnly, func(d *faulty.Disk) { d.ReadOnly(true) }, func(d *faulty.Disk) { d.ReadOnly(false) }},
		"failing":   {trace.OutcomeUnknown, func(d *faulty.Disk) { d.Fail(faulty.Fault{Op: faulty.Changes, Errno: syscall.EIO}) }, func(d *faulty.Disk) { d.Fail() }},
		"failing to sync": {trace.OutcomeUnknown, func(d *faulty.Disk) { d.Fail(faulty.Fault{Op: faulty.Sync, Errno: syscall.EIO, Skip: 1, Lose: true}) },
			func(d *faulty.Disk) { d.Fail() }},
		"full": {trace.Full, func(d *faulty.Disk) { d.Room(0) }, func(d *faulty.Disk) { d.Room(1 << 30) }},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			var mu sync.Mutex
			var told []trace.ErrorKind // of trouble; Internal for none
			l := newLedger(t, bolt.Options{Trouble: func(err error) {
				mu.Lock()
				defer mu.Unlock()
				if told = append(told, trace.KindOf(err)); err != nil && errors.Unwrap(err) == nil {
					t.Errorf("trouble without a cause: %v", err)
				}
			}})
			l.insist(40)
			c.set(l.disk)
			refused := device(trace.NewEventID())
			for range 3 {
				var err error
				for range 500 { // a full disk may have free pages in the file for a while
					if _, err = l.add(refused); err != nil {
						break
					}
					refused = device(trace.NewEventID())
				}
				if trace.KindOf(err) != c.kind || !strings.Contains(err.Error(), "same id") {
					t.Fatalf("kind %d, %v", trace.KindOf(err), err)
				}
				if trace.KindOf(l.s.WriteTrouble()) != c.kind {
					t.Errorf("its trouble is %v", l.s.WriteTrouble())
				}
				for _, id := range l.kept {
					if _, err := l.s.Usage(ctx, trace.DeriveID[trace.OfUsage](id, "usage")); err != nil {
						t.Fatalf("reading stops: %v", err)
					}
				}
				if r, err := l.s.Find(ctx, refused.ID, refused.Canonical); err == nil {
					t.Errorf("a receipt for what was not acknowledged: %+v", r)
				}
			}
			c.end(l.disk)
			if err := l.s.TryWrite(ctx); err != nil || l.s.WriteTrouble() != nil {
				t.Errorf("when it is over: %v, then %v", err, l.s.WriteTrouble())
			}
			first, err := l.add(refused)
			if err != nil {
				t.Fatalf("repeated when it is over: %v", err)
			}
			if again, err := l.s.Find(ctx, refused.ID, refused.Canonical); err != nil || again.Seq != first.Seq {
				t.Errorf("%+v, then %+v, %v", first, again, err)
			}
			l.insist(40)
			mu.Lock()
			if n := len(told); n < 2 || told[0] != c.kind || told[n-1] != trace.Internal {
				t.Errorf("told of trouble: %v", told)
			}
			mu.Unlock()
			l.whole("when it is over")
		})
	}
}

// A page that the disk does not give is an error of the question that needed it,
// and not the end of the node.
func TestAPageThatCannotBeReadIsAnError(t *testing.T) {
	ctx := context.Background()
	l := newLedger(t, bolt.Options{})
	l.insist(400)
	if err := l.s.Close(); err != nil {
		t.Fatal(err)
	}
	l.open()
	l.disk.Fail(faulty.Fault{Op: faulty.Read, Errno: syscall.EIO})
	failed := 0
	for _, id := range l.kept {
		if _, err := l.s.Usage(ctx, trace.DeriveID[trace.OfUsage](id, "usage")); err != nil {
			failed++
		}
	}
	t.Logf("%d of %d questions failed, %d pages did", failed, len(l.kept), l.disk.Hits())
	l.disk.Fail()
	l.whole("when the disk can be read again")
}

func approval(id trace.EventID) trace.Command {
	return trace.Command{ID: id, Canonical: id[:], Essential: true, By: trace.Actor{Via: "test"},
		Drafts: []trace.Draft{{Fact: trace.ApprovalFact{Officer: "Dr Example", Approved: id[15]&1 == 0}}}}
}

// When the disk is full, what is essential is recorded, in room that was kept for
// it and that nothing else gets; and when there is room again, the reserve is
// made whole before anything else is recorded.
func TestAReserveIsKeptForWhatIsEssential(t *testing.T) {
	const reserve = 4 << 20
	ctx := context.Background()
	l := newLedger(t, bolt.Options{Reserve: reserve})
	kept := func() int64 {
		info, err := os.Stat(filepath.Join(l.disk.Dir(), bolt.ReserveName))
		if err != nil {
			t.Fatal(err)
		}
		if room := info.Sys().(*syscall.Stat_t).Blocks * 512; room != info.Size() {
			t.Errorf("the reserve has %d bytes and room for %d", info.Size(), room)
		}
		return info.Size()
	}
	if kept() != reserve {
		t.Fatalf("%d bytes are kept", kept())
	}
	full := func(when string) {
		t.Helper()
		for range 1000 {
			if _, err := l.add(device(trace.NewEventID())); trace.KindOf(err) == trace.Full {
				return
			} else if err != nil {
				t.Fatalf("%s: %v", when, err)
			}
		}
		t.Fatalf("%s: the disk does not get full", when)
	}
	l.disk.Room(200 << 10)
	full("at first")
	if kept() != reserve {
		t.Fatal("the reserve was used for what is not essential")
	}
	var essential []trace.Command
	for i := range 60 {
		c := approval(trace.NewEventID())
		if rs, err := l.s.Append(ctx, c); err != nil || rs[0].Err != nil {
			t.Fatalf("essential command %d: %v", i, err)
		}
		essential = append(essential, c)
		if i%20 == 0 {
			if _, err := l.add(device(trace.NewEventID())); trace.KindOf(err) != trace.Full && kept() < reserve {
				t.Fatalf("others got what was kept: %v", err)
			}
		}
	}
	if left := kept(); left == reserve || left == 0 {
		t.Errorf("%d bytes are left of the reserve", left)
	}
	if trace.KindOf(l.s.WriteTrouble()) != trace.Full {
		t.Errorf("while the reserve is used, its trouble is %v", l.s.WriteTrouble())
	}
	if err := l.s.Close(); err != nil {
		t.Fatal(err)
	}
	l.open()
	if _, err := l.add(device(trace.NewEventID())); trace.KindOf(err) != trace.Full {
		t.Errorf("after a restart: %v", err)
	}
	// Both at once: one is recorded, and the other is not.
	two := []trace.Command{approval(trace.NewEventID()), device(trace.NewEventID())}
	var wg sync.WaitGroup
	for i, want := range []trace.ErrorKind{trace.Internal, trace.Full} {
		wg.Go(func() {
			if _, err := l.s.Append(ctx, two[i]); trace.KindOf(err) != want || want == trace.Internal && err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	l.disk.Room(64 << 20)
	if _, err := l.add(two[1]); err != nil || kept() != reserve || l.s.WriteTrouble() != nil {
		t.Errorf("with room again: %v, %d bytes kept, %v", err, kept(), l.s.WriteTrouble())
	}
	l.insist(20)
	for _, c := range append(essential, two[0]) {
		if _, err := l.s.Find(ctx, c.ID, c.Canonical); err != nil {
			t.Fatal(err)
		}
	}
	l.whole("with room again")
}
