package backup_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/backup"
	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// original is a store with a second copy.
type original struct {
	t     testing.TB
	store *bolt.Store
	keys  *seal.Keyring
	to    string
	id    string
	stop  func()
	ship  *backup.Shipper
}

func newOriginal(t testing.TB) *original {
	t.Helper()
	o := &original{t: t, keys: seal.NewKeyring(), to: t.TempDir(), stop: func() {}}
	var err error
	if o.store, err = bolt.Open(filepath.Join(t.TempDir(), "s.db"), bolt.Options{Name: "Theatre 4", Keys: o.keys}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.stop(); o.store.Close() })
	if o.id, err = backup.Prepare(o.to, o.store.Node()); err != nil {
		t.Fatal(err)
	}
	return o
}

// run ships until the stop.
func (o *original) run() {
	o.ship = &backup.Shipper{Source: o.store, Name: "Theatre 4", To: o.to, ID: o.id, Clock: time.Now}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); o.ship.Run(ctx) }()
	o.stop = func() { cancel(); <-done; o.stop = func() {} }
}

// record records patients, each with a name of its own.
func (o *original) record(n int) {
	o.t.Helper()
	for range n {
		id := trace.NewEventID()
		rs, err := o.store.Append(context.Background(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{
			Fact: trace.PatientFact{Patient: trace.PatientID(id)}, Subject: id, Secret: &trace.Secret{Family: "Name-" + id.String()}}}})
		if err != nil || rs[0].Err != nil {
			o.t.Fatal(err, rs)
		}
	}
}

func (o *original) head() trace.TreeHead {
	o.t.Helper()
	heads, err := o.store.Heads(context.Background())
	if err != nil || len(heads) != 1 {
		o.t.Fatal(heads, err)
	}
	return heads[0]
}

// until waits for a status.
func (o *original) until(what string, ok func(backup.Status) bool) {
	o.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(o.ship.Status()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatalf("%s: %+v", what, o.ship.Status())
		}
	}
}

func (o *original) upToDate() {
	o.t.Helper()
	want := o.head().Size
	o.until("up to date", func(s backup.Status) bool { return s.Shipped == want && s.Behind == 0 && s.Fault == "" })
}

// rebuilt is a store made from the copy alone.
func (o *original) rebuilt() (*bolt.Store, trace.TreeHead) {
	o.t.Helper()
	c, err := backup.OpenCopy(o.to, o.keys.Age())
	if err != nil {
		o.t.Fatal(err)
	}
	s, err := bolt.Open(filepath.Join(o.t.TempDir(), "again.db"), bolt.Options{Keys: c.Keys})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { s.Close() })
	if err := c.SubjectKeys(func(page []trace.SubjectKey) error { return s.ReceiveKeys(context.Background(), page) }); err != nil {
		o.t.Fatal(err)
	}
	if err := c.Shipments(func(shipment trace.Shipment) error { return s.Receive(context.Background(), shipment) }); err != nil {
		o.t.Fatal(err)
	}
	heads, err := s.Heads(context.Background())
	if err != nil {
		o.t.Fatal(err)
	}
	i := slices.IndexFunc(heads, func(h trace.TreeHead) bool { return h.Node == o.store.Node() })
	if i < 0 {
		return s, trace.TreeHead{}
	}
	return s, heads[i]
}

// same checks that the copy has everything, and every identity opens.
func (o *original) same() {
	o.t.Helper()
	s, head := o.rebuilt()
	if head != o.head() {
		o.t.Fatalf("the copy comes to %+v, the store to %+v", head, o.head())
	}
	v, err := s.Verify(context.Background(), "")
	if err != nil || len(v.Findings) > 0 || v.Opened != v.Sealed || v.Sealed == 0 {
		o.t.Fatalf("%+v, %v", v, err)
	}
}

func TestTheSecondCopyBringsEverythingBack(t *testing.T) {
	o := newOriginal(t)
	o.record(50) // before there is a copy
	o.run()
	o.record(50) // while it is made
	o.upToDate()
	o.same()
	o.stop()
	o.record(1500) // while nothing ships
	o.run()
	o.upToDate()
	o.record(3)
	o.upToDate()
	o.same()
	if s := o.ship.Status(); s.Last.IsZero() || s.At.IsZero() || !s.Since.IsZero() {
		t.Errorf("%+v", s)
	}
	// Strangers read nothing in it.
	if _, err := backup.OpenCopy(o.to, seal.NewKeyring().Age()); err == nil || !strings.Contains(err.Error(), "these keys do not open it") {
		t.Errorf("%v", err)
	}
	for _, path := range o.files() {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"Name-", "Theatre 4", "node_key"} {
			if strings.Contains(string(b), text) {
				t.Errorf("%s shows %q", filepath.Base(path), text)
			}
		}
	}
}

func (o *original) files() []string {
	o.t.Helper()
	all, err := filepath.Glob(filepath.Join(o.to, backup.FolderName(o.store.Node()), "*"))
	if err != nil || len(all) == 0 {
		o.t.Fatal(all, err)
	}
	return all
}

// However much of the end of what was written last is missing or changed, what
// stands before it is read, and the next start goes on behind it.
func TestATornCopyIsReadToItsLastWholeFrameAndGoesOn(t *testing.T) {
	o := newOriginal(t)
	o.run()
	for range 20 {
		o.record(1)
		o.upToDate()
	}
	for round := range 12 {
		o.stop()
		var logs []string
		for _, path := range o.files() {
			if strings.HasPrefix(filepath.Base(path), "log-") {
				logs = append(logs, path)
			}
		}
		last := logs[len(logs)-1]
		b, err := os.ReadFile(last)
		if err != nil {
			t.Fatal(err)
		}
		at := rand.IntN(len(b))
		if round%2 == 0 {
			b = b[:at]
		} else {
			b[at] ^= 1 << rand.IntN(8)
		}
		if err := os.WriteFile(last, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, head := o.rebuilt()
		if head.Size > o.head().Size {
			t.Fatalf("round %d: %d entries of %d", round, head.Size, o.head().Size)
		}
		if v, err := s.Verify(t.Context(), ""); err != nil || len(v.Findings) > 0 {
			t.Fatalf("round %d: %+v, %v", round, v, err)
		}
		s.Close()
		o.record(2)
		o.run()
		o.upToDate()
		o.same()
	}
}

// A gap is never passed over: what stands behind it is not what was recorded.
func TestACopyWithASegmentMissingSaysWhichEntries(t *testing.T) {
	o := newOriginal(t)
	for range 3 {
		o.record(5)
		o.run()
		o.upToDate()
		o.stop()
	}
	for _, path := range o.files() {
		if filepath.Base(path) == "log-00000002.seg" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	c, err := backup.OpenCopy(o.to, o.keys.Age())
	if err != nil {
		t.Fatal(err)
	}
	var got uint64
	err = c.Shipments(func(s trace.Shipment) error { got = s.Next(); return nil })
	if !errors.Is(err, backup.ErrGap) || !strings.Contains(err.Error(), "entries 6 to 10") || got != 6 {
		t.Errorf("%d entries, %v", got, err)
	}
}

// While a share is away nothing waits for it and nothing is lost; when it comes
// back, the copy catches up by itself.
func TestAShareThatGoesAwayAndComesBack(t *testing.T) {
	o := newOriginal(t)
	o.run()
	o.record(5)
	o.upToDate()
	away := o.to + "-away"
	if err := os.Rename(o.to, away); err != nil {
		t.Fatal(err)
	}
	o.record(5)
	o.until("that it is away", func(s backup.Status) bool { return s.Fault != "" && s.Behind == 5 && !s.Since.IsZero() })
	if s := o.ship.Status(); s.Fault != "the disk or share is not there" {
		t.Errorf("%+v", s)
	}
	// An empty folder in its place is what a share looks like that is not mounted.
	if err := os.Mkdir(o.to, 0o700); err != nil {
		t.Fatal(err)
	}
	o.record(5)
	o.until("that it is not mounted", func(s backup.Status) bool { return strings.Contains(s.Fault, "mounted") })
	if all, err := os.ReadDir(o.to); err != nil || len(all) > 0 {
		t.Errorf("%v was written beside the share, %v", all, err)
	}
	if err := errors.Join(os.Remove(o.to), os.Rename(away, o.to)); err != nil {
		t.Fatal(err)
	}
	o.upToDate()
	o.same()
}

// Who may open it is who is on the list now: with another list, all keys are
// written anew for those, and the old ones removed.
func TestAnotherListOfRecipientsMakesTheKeysAnew(t *testing.T) {
	o := newOriginal(t)
	o.run()
	o.record(5)
	o.upToDate()
	identity, public, err := seal.NewRecovery()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.store.SetRecovery(t.Context(), func([]trace.Recipient) ([]trace.Recipient, error) { return []trace.Recipient{{Key: public}}, nil }); err != nil {
		t.Fatal(err)
	}
	o.record(1)
	o.upToDate()
	recovery, err := seal.ParseIdentities(strings.NewReader(identity))
	if err != nil {
		t.Fatal(err)
	}
	c, err := backup.OpenCopy(o.to, recovery...)
	if err != nil || c.Keys.Fingerprint() != o.keys.Fingerprint() || c.Name != "Theatre 4" {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, path := range o.files() {
		if strings.HasPrefix(filepath.Base(path), "keys-00000001-") {
			t.Errorf("%s is still there", path)
		}
	}
	o.same()
}

func TestCopiesOfSeveralNodesLieBesideEachOther(t *testing.T) {
	a := newOriginal(t)
	b := newOriginal(t)
	b.to = a.to
	var err error
	if b.id, err = backup.Prepare(b.to, b.store.Node()); err != nil {
		t.Fatal(err)
	}
	for _, o := range []*original{a, b} {
		o.run()
		o.record(3)
		o.upToDate()
	}
	if _, err := backup.OpenCopy(a.to, a.keys.Age()); err == nil || !strings.Contains(err.Error(), backup.FolderName(b.store.Node())) {
		t.Errorf("%v", err)
	}
	c, err := backup.OpenCopy(filepath.Join(a.to, backup.FolderName(b.store.Node())), b.keys.Age())
	if err != nil || c.Node != b.store.Node() {
		t.Errorf("%v", err)
	}
	for name, dir := range map[string]string{"empty": t.TempDir(), "not there": filepath.Join(t.TempDir(), "x")} {
		if _, err := backup.OpenCopy(dir, a.keys.Age()); err == nil {
			t.Errorf("%s: it opens", name)
		}
	}
}

// BenchmarkAppendBesideACopy is what a second copy on the same disk costs an
// answer: the copy's own syncs share the disk.
func BenchmarkAppendBesideACopy(b *testing.B) {
	for _, copied := range []bool{false, true} {
		b.Run(fmt.Sprintf("copied=%v", copied), func(b *testing.B) {
			o := newOriginal(b)
			if copied {
				o.run()
			}
			for b.Loop() {
				o.record(1)
			}
		})
	}
}

// Whose key was taken away is in no file of the copy: what was sealed with it
// stays sealed in a store that is rebuilt from there.
func TestAnErasureReachesTheSecondCopy(t *testing.T) {
	o := newOriginal(t)
	o.run()
	o.record(20)
	o.upToDate()
	page, _, err := o.store.SubjectKeys(t.Context(), "")
	if err != nil || len(page) != 20 {
		t.Fatal(len(page), err)
	}
	gone := trace.PatientID(page[7].Subject)
	id := trace.NewEventID()
	if _, err := o.store.Append(t.Context(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: trace.ErasureFact{Patient: gone}}}}); err != nil {
		t.Fatal(err)
	}
	o.upToDate()
	o.stop()
	for _, path := range o.files() {
		if strings.HasPrefix(filepath.Base(path), "keys-00000001-") {
			t.Errorf("%s still has the key", path)
		}
	}
	c, err := backup.OpenCopy(o.to, o.keys.Age())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SubjectKeys(func(keys []trace.SubjectKey) error {
		for _, k := range keys {
			if (k.Subject == [16]byte(gone)) != (len(k.Wrapped) == 0) {
				t.Errorf("subject %x has a key of %d bytes", k.Subject, len(k.Wrapped))
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s, head := o.rebuilt()
	if head != o.head() {
		t.Errorf("%+v, want %+v", head, o.head())
	}
	if who, err := s.Identity(t.Context(), gone); err != nil || !who.Erased || who.Family != "" {
		t.Errorf("%+v, %v", who, err)
	}
	if v, err := s.Verify(t.Context(), ""); err != nil || len(v.Findings) > 0 || v.Erased != 1 || v.Opened != 19 {
		t.Errorf("%+v, %v", v, err)
	}
}
