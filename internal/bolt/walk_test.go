package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"path/filepath"
	"slices"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

func openForWalks(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), FileName), Options{Keys: seal.NewKeyring()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A walk gives the keys that a filter over all keys gives, in either direction
// and from behind any key, one that is there or not.
func TestAWalkGivesEveryKeyOfItsRangeOnce(t *testing.T) {
	s := openForWalks(t)
	rapid.Check(t, func(t *rapid.T) {
		var keys [][]byte
		many := rapid.IntRange(0, 3).Draw(t, "many") == 0
		for i := range rapid.IntRange(0, 12).Draw(t, "keys") {
			keys = append(keys, rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 0xff}), 1, 5).Draw(t, "key"))
			if many { // more than a page
				for j := range 3 * pageRows / 12 {
					keys = append(keys, binary.BigEndian.AppendUint16([]byte{1, byte(i)}, uint16(j)))
				}
			}
		}
		slices.SortFunc(keys, bytes.Compare)
		keys = slices.CompactFunc(keys, bytes.Equal)
		if err := s.db.Update(func(tx *bbolt.Tx) error {
			name := []byte{byte(record.ByTime)}
			if err := tx.DeleteBucket(name); err != nil {
				return err
			}
			b, err := tx.CreateBucket(name)
			for _, k := range keys {
				if err == nil {
					err = b.Put(k, k)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		maybe := func(label string, most int) []byte {
			if rapid.Bool().Draw(t, "no "+label) {
				return nil
			}
			return rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 3, 0xff}), 0, most).Draw(t, label)
		}
		r := keyRange{table: record.ByTime, prefix: maybe("prefix", 2), low: maybe("low", 2), high: maybe("high", 2), latest: rapid.Bool().Draw(t, "latest")}
		if r.after = maybe("after", 5); len(r.after) == 0 {
			r.after = nil
		}
		if len(keys) > 0 && rapid.Bool().Draw(t, "after a key") {
			r.after = rapid.SampledFrom(keys).Draw(t, "which")
		}
		var want [][]byte
		for _, k := range keys {
			rest, in := bytes.CutPrefix(k, r.prefix)
			if in && (r.low == nil || bytes.Compare(rest, r.low) >= 0) && (r.high == nil || bytes.Compare(rest, r.high) < 0) {
				behind := bytes.Compare(k, r.after)
				if r.after == nil || !r.latest && behind > 0 || r.latest && behind < 0 {
					want = append(want, k)
				}
			}
		}
		if r.latest {
			slices.Reverse(want)
		}
		var got [][]byte
		for k, err := range walk(context.Background(), s, r, func(_ *transaction, key, value []byte) ([]byte, bool, error) {
			if !bytes.Equal(key, value) {
				t.Fatalf("%x has the value %x", key, value)
			}
			return key, true, nil
		}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, k)
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("%+v of %d keys\ngave %x\nwant %x", r, len(keys), got, want)
		}
	})
}

func TestASizeIsThatOfItsNodeOnly(t *testing.T) {
	s := openForWalks(t)
	nodes := []trace.NodeID{{}, {0, 0, 0, 0, 0, 0, 0, 1}, {1}, {1, 0, 0, 0, 0, 0, 0, 1}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	rapid.Check(t, func(t *rapid.T) {
		want := make(map[trace.NodeID]uint64)
		tx, err := s.db.db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		tr := &transaction{store: s, tx: tx}
		for range rapid.IntRange(0, 30).Draw(t, "entries") {
			n := rapid.SampledFrom(nodes).Draw(t, "node")
			if err := tx.Bucket(bucketLog).Put(record.PositionKey(trace.Position{Node: n, Seq: want[n]}), []byte("row")); err != nil {
				t.Fatal(err)
			}
			want[n]++
			for _, n := range nodes {
				if got := tr.size(n); got != want[n] {
					t.Fatalf("node %s has %d entries, not %d", n, got, want[n])
				}
			}
		}
	})
}
