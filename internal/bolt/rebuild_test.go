package bolt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

const someDI = "07611994064584"

// lived is a store in which a good deal was recorded and corrected.
func lived(t *testing.T, path string, keys *seal.Keyring, things int) {
	t.Helper()
	s, err := Open(path, Options{Name: "test", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var commands []trace.Command
	put := func(drafts ...trace.Draft) trace.EventID {
		id := trace.NewEventID()
		commands = append(commands, trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: drafts})
		return id
	}
	for i := range things {
		who, p, u := trace.NewID[trace.OfPatient](), trace.NewID[trace.OfProcedure](), trace.NewID[trace.OfUsage]()
		nhs := fmt.Sprint("99900000", i)
		put(trace.Draft{Subject: who, Fact: trace.PatientFact{Patient: who, Lookups: keys.Lookups(trace.LookupNHS, nhs)[:1]}, Secret: &trace.Secret{NHSNumber: nhs}},
			trace.Draft{Fact: trace.ProcedureFact{Procedure: p, Patient: who, Start: time.Now(), Place: trace.Place{Name: "Theatre 4"}, People: []trace.Person{{Code: "S1", Name: "A. Smith"}}}})
		e := put(trace.Draft{Fact: trace.UsageFact{Usage: u, Procedure: p, Status: trace.Implanted,
			Device: udi.Device{DI: someDI, Lot: fmt.Sprint("L", i%7), Serial: fmt.Sprint("S", i), Expiry: udi.Date{Day: "2029-03-22", Precision: udi.PrecisionDay}}}})
		if i%5 == 0 {
			put(trace.Draft{Fact: trace.UsageFact{Usage: u, Device: udi.Device{Lot: "CORRECTED"}, Amend: trace.Amend{Corrects: e}}})
		}
		if i%11 == 0 {
			put(trace.Draft{Fact: trace.UsageFact{Usage: u, Amend: trace.Amend{Withdraw: true}}}, trace.Draft{Fact: trace.ProcedureFact{Procedure: p, Amend: trace.Amend{Withdraw: true}}})
		}
	}
	put(trace.Draft{Fact: trace.ReadingFact{Reading: trace.NewEventID(), Source: "serial", Symbology: "]d2", Text: "01" + someDI, Means: udi.KindDevice}})
	put(trace.Draft{Fact: trace.ProductFact{DI: someDI, Maker: "M"}}, trace.Draft{Fact: trace.ApprovalFact{Approved: true, Officer: "O"}})
	for batch := range slices.Chunk(commands, 500) {
		if _, err := s.Append(context.Background(), batch...); err != nil {
			t.Fatal(err)
		}
	}
}

// dump is every row of every table.
func dump(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows := make(map[string]string)
	if err := db.View(func(tx *bbolt.Tx) error {
		tr := &transaction{tx: tx}
		for _, p := range record.Tables() {
			if err := tr.bucket(p.Table).ForEach(func(k, v []byte) error {
				rows[fmt.Sprintf("%s %x", p.Name, k)] = string(v)
				return nil
			}); err != nil {
				return err
			}
		}
		return tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			rows[fmt.Sprintf("bucket %s", name)] = ""
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

// outdate says of tables that other rules filled them, and fills them with what
// those might have.
func outdate(t *testing.T, path string, tables ...record.Table) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		for _, table := range tables {
			if err := errors.Join(meta.Put(projectionKey(table), []byte{0xfe}), tx.Bucket([]byte{byte(table)}).Put([]byte("of other rules"), nil)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func every() (all []record.Table) {
	for _, p := range record.Tables() {
		all = append(all, p.Table)
	}
	return all
}

// rebuilt waits until a store has no rebuild going on.
func rebuilt(t *testing.T, s *Store) {
	t.Helper()
	for {
		if _, total := s.Rebuilding(); total == 0 {
			return
		}
		runtime.Gosched()
	}
}

func TestEveryTableIsBuiltAnewByteForByte(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring()
	lived(t, path, keys, 300)
	before := dump(t, path)
	for round, tables := range [][]record.Table{every(), {record.ByLot}, {record.ByTime, record.ByPlace, record.Products}, {record.Objects}, every()} {
		outdate(t, path, tables...)
		s, err := Open(path, Options{Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		rebuilt(t, s)
		if r, err := s.Verify(context.Background(), t.TempDir()); err != nil || len(r.Findings) != 0 {
			t.Fatalf("round %d: %+v, %v", round, r, err)
		}
		s.Close()
		after := dump(t, path)
		if !maps.Equal(after, before) {
			for k, v := range before {
				if w, ok := after[k]; !ok || v != w {
					t.Errorf("round %d: %s: %q, was %q", round, k, w, v)
				}
			}
			t.Fatalf("round %d: %d rows, were %d", round, len(after), len(before))
		}
	}
}

// While a table is built anew, everything else is written and read, and the table
// says that it is not ready, and never gives a part.
func TestAStoreServesWhileATableIsBuiltAnew(t *testing.T) {
	ctx := context.Background()
	path, keys := filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring()
	lived(t, path, keys, 600)
	outdate(t, path, record.ByLot, record.ByStart)
	steps := make(chan struct{})
	s, err := Open(path, Options{Keys: keys, steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	said, refused := 0, 0
	for {
		id := trace.NewEventID()
		u := trace.UsageID(id)
		rs, err := s.Append(ctx, trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{
			{Occurred: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Fact: trace.UsageFact{Usage: u, Device: udi.Device{DI: someDI, Lot: "NEW", Serial: fmt.Sprint("NEW", said)}}}}})
		if err != nil || rs[0].Err != nil {
			t.Fatal(rs, err)
		}
		said++
		if got, err := s.Usage(ctx, u); err != nil || got.Device.Lot != "NEW" {
			t.Fatalf("%+v, %v", got, err)
		}
		if n, err := count(s, trace.Query{DI: someDI, Serial: fmt.Sprint("NEW", said-1)}); n != 1 || err != nil {
			t.Fatalf("%d by serial, %v", n, err)
		}
		n, err := count(s, trace.Query{DI: someDI, Lot: "NEW"})
		if err == nil {
			if n != said {
				t.Fatalf("%d of %d by lot", n, said)
			}
			break
		}
		if !errors.Is(err, trace.ErrRebuilding) || trace.KindOf(err) != trace.Busy || n != 0 {
			t.Fatalf("%d by lot, %v", n, err)
		}
		for _, err := range s.Procedures(ctx, trace.ProcedureQuery{}) {
			if !errors.Is(err, trace.ErrRebuilding) {
				t.Fatalf("procedures by start: %v", err)
			}
		}
		refused++
		step(s, steps)
	}
	if refused < 3 {
		t.Fatalf("asked %d times while it was built", refused)
	}
	rebuilt(t, s)
	if r, err := s.Verify(ctx, t.TempDir()); err != nil || len(r.Findings) != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
}

// step lets a rebuild go on by one step, if there is still one going on.
func step(s *Store, steps chan<- struct{}) {
	for {
		select {
		case steps <- struct{}{}:
			return
		default:
		}
		if _, total := s.Rebuilding(); total == 0 {
			return
		}
		runtime.Gosched()
	}
}

func count(s *Store, q trace.Query) (n int, err error) {
	for _, err := range s.Candidates(context.Background(), q) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// A rebuild that was broken off goes on where it was, and begins again where the
// rules have changed once more.
func TestARebuildGoesOnWhereItWasBrokenOff(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring()
	lived(t, path, keys, 600)
	before := dump(t, path)
	outdate(t, path, every()[4:]...)
	came := uint64(0)
	for round := range 3 {
		steps := make(chan struct{})
		s, err := Open(path, Options{Keys: keys, steps: steps})
		if err != nil {
			t.Fatal(err)
		}
		step(s, steps)
		for {
			done, _ := s.Rebuilding()
			if done >= came+rebuildEntries {
				came = done
				break
			}
			runtime.Gosched()
		}
		if round == 1 {
			came = 0 // other rules: begin again
		}
		s.Close()
		if round == 1 {
			outdate(t, path, every()[3])
		}
	}
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	rebuilt(t, s)
	s.Close()
	if after := dump(t, path); !maps.Equal(after, before) {
		t.Errorf("%d rows, were %d", len(after), len(before))
	}
}
