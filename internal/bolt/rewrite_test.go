package bolt_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/bolt"
	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// lots makes a store with a usage for each lot, with a checkpoint after every
// tenth, and gives the checkpoints.
func lots(t *testing.T, path string, keys *seal.Keyring, many int) (checkpoints []trace.Outside, key string) {
	t.Helper()
	s := open(t, path, keys)
	for i := range many {
		append1(t, s, trace.UsageFact{Usage: trace.UsageID(trace.NewEventID()), Status: trace.Implanted,
			Device: udi.Device{DI: "07611994064584", Lot: fmt.Sprint("L", i)}}, nil)
		if i%10 == 9 {
			note, err := s.Checkpoint(context.Background(), trace.NodeID{})
			if err != nil {
				t.Fatal(err)
			}
			checkpoints = append(checkpoints, trace.Outside{Name: fmt.Sprintf("after-%d", i+1), Note: string(note)})
		}
	}
	key = s.VerifierKey()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return checkpoints, key
}

// rewrite does what somebody could who has the store, its keys and this very
// program: it changes one lot in the journal, builds the whole tree and every
// row of the record anew, and leaves nothing that disagrees.
func rewrite(t *testing.T, path, from, to string) {
	t.Helper()
	codec := journal.NewCodec()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(func(tx *bbolt.Tx) error {
		log, tree := tx.Bucket([]byte("log")), tx.Bucket([]byte("tree"))
		rows := make(map[string][]byte)
		tiles := tilesOf{}
		changed := 0
		err := log.ForEach(func(k, row []byte) error {
			e, _, err := codec.DecodeRow(row)
			if err != nil {
				return err
			}
			if u, ok := e.Fact.(trace.UsageFact); ok && u.Device.Lot == from {
				u.Device.Lot = to
				e.Fact = u
				changed++
			}
			row, leaf, err := codec.EncodeRow(e)
			if err != nil {
				return err
			}
			rows[string(k)] = row
			grown, err := journal.Grow(tiles, e.Seq, trace.Hash(tlog.RecordHash(leaf)))
			for _, tile := range grown {
				tiles[[2]uint64{uint64(tile.Level), tile.N}] = tile.Hashes
			}
			return err
		})
		if err != nil || changed != 1 {
			return fmt.Errorf("%d entries were changed: %w", changed, err)
		}
		for k, row := range rows {
			if err := log.Put([]byte(k), row); err != nil {
				return err
			}
		}
		for at, hashes := range tiles {
			key := append(append([]byte(nil), tx.Bucket([]byte("meta")).Get([]byte("node"))...), byte(at[0]))
			if err := tree.Put(binary.BigEndian.AppendUint64(key, at[1]), hashes); err != nil {
				return err
			}
		}
		// Tables of other rules are built anew at the next start.
		for _, p := range record.Tables() {
			if err := tx.Bucket([]byte("meta")).Put(append([]byte("projection/"), byte(p.Table)), []byte{0}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

type tilesOf map[[2]uint64][]byte

func (t tilesOf) Tile(level int, n uint64) []byte { return t[[2]uint64{uint64(level), n}] }

func (t tilesOf) Hash(i uint64) []byte { return journal.HashIn(t, i) }

func TestARewrittenHistoryIsCaughtByACheckpointThatLeft(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), bolt.FileName)
	keys := seal.NewKeyring()
	checkpoints, key := lots(t, path, keys, 50)
	verify := func(trust trace.Trust) trace.Verification {
		t.Helper()
		v, err := bolt.VerifyFile(ctx, path, keys, t.TempDir(), trust)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	outside := trace.Trust{Keys: []string{key}, Checkpoints: checkpoints}
	if v := verify(outside); len(v.Findings) > 0 || len(v.Outside) != 5 || !v.Outside[0].Holds || !v.Outside[4].Holds || v.Outside[0].Signed == nil {
		t.Fatalf("before anything was changed: %+v", v)
	}

	rewrite(t, path, "L23", "L99") // entry 24: the node's own is the first
	s := open(t, path, keys)       // builds the record anew, and signs what it finds
	forged, err := s.Checkpoint(ctx, trace.NodeID{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()

	// By its own word nothing is wrong, and it is said whose word that is.
	v := verify(trace.Trust{})
	if len(v.Findings) > 0 || v.Rows == 0 || !strings.Contains(strings.Join(v.Notes, "\n"), "rests on the node's own word: no checkpoint from outside was given") {
		t.Errorf("without anything from outside: %+v", v)
	}
	if v := verify(trace.Trust{Keys: []string{key}, Checkpoints: []trace.Outside{{Name: "forged", Note: string(forged)}}}); len(v.Findings) > 0 {
		t.Errorf("the node's new checkpoint does not even hold: %+v", v)
	}
	// The checkpoints that left say between which of them it was.
	v = verify(outside)
	if len(v.Findings) != 1 || !strings.HasPrefix(v.Findings[0].Where, "entries 21 to 30 of node ") ||
		!strings.Contains(v.Findings[0].What, "checkpoint after-30") || !strings.Contains(v.Findings[0].What, "history was rewritten") ||
		!strings.Contains(v.Findings[0].What, "entries 0 to 20, are those of checkpoint after-20") {
		t.Errorf("with the checkpoints: %+v", v.Findings)
	}
	for i, h := range v.Outside {
		if h.Holds != (i < 2) {
			t.Errorf("checkpoint %s holds: %v", h.Name, h.Holds)
		}
	}
	// Through a node that runs, too.
	s = open(t, path, keys)
	if v, err := s.VerifyAgainst(ctx, t.TempDir(), outside); err != nil || len(v.Findings) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	s.Close()
	// One alone, with its key; and one that another key signed counts for nothing.
	if v := verify(trace.Trust{Keys: []string{key}, Checkpoints: checkpoints[4:]}); len(v.Findings) != 1 || !strings.HasPrefix(v.Findings[0].Where, "entries 0 to 50 ") {
		t.Errorf("one checkpoint: %+v", v.Findings)
	}
	_, other := lots(t, filepath.Join(t.TempDir(), "other.db"), seal.NewKeyring(), 1)
	if v := verify(trace.Trust{Keys: []string{other}, Checkpoints: checkpoints[:1]}); len(v.Findings) != 1 || !strings.Contains(v.Findings[0].What, "not signed by a key at hand") {
		t.Errorf("another's key: %+v", v.Findings)
	}
}

func TestEntriesTakenAwayAreMissedByACheckpointThatLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), bolt.FileName)
	keys := seal.NewKeyring()
	s := open(t, path, keys)
	append1(t, s, trace.ProductFact{DI: "1"}, nil)
	s.Close()
	early, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	checkpoints, key := lots(t, path, keys, 10)
	if err := os.WriteFile(path, early, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := bolt.VerifyFile(context.Background(), path, nil, t.TempDir(), trace.Trust{Keys: []string{key}, Checkpoints: checkpoints})
	if err != nil || len(v.Findings) != 1 || !strings.Contains(v.Findings[0].What, "has 12 entries, and the journal has 2: entries were taken away") {
		t.Errorf("%+v, %v", v, err)
	}
}

// An entry that was changed alone is named, with or without checkpoints.
func TestAnEntryThatWasChangedIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), bolt.FileName)
	keys := seal.NewKeyring()
	checkpoints, key := lots(t, path, keys, 40) // a whole tile, and the hash over it, stand over entry 17
	codec := journal.NewCodec()
	var node trace.NodeID
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		node = trace.NodeID(tx.Bucket([]byte("meta")).Get([]byte("node")))
		at := record.PositionKey(trace.Position{Node: node, Seq: 17})
		e, _, err := codec.DecodeRow(tx.Bucket([]byte("log")).Get(at))
		if err != nil {
			return err
		}
		u := e.Fact.(trace.UsageFact)
		u.Device.Lot = "L1"
		e.Fact = u
		row, _, err := codec.EncodeRow(e)
		if err != nil {
			return err
		}
		return tx.Bucket([]byte("log")).Put(at, row)
	}); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, trust := range []trace.Trust{{}, {Keys: []string{key}, Checkpoints: checkpoints}} {
		v, err := bolt.VerifyFile(context.Background(), path, keys, t.TempDir(), trust)
		if err != nil || len(v.Findings) != 1 || v.Findings[0].Where != fmt.Sprintf("entry 17 of node %s", node) || !strings.Contains(v.Findings[0].What, "bytes were changed after the tree was built") {
			t.Errorf("%+v, %v", v.Findings, err)
		}
	}
}
