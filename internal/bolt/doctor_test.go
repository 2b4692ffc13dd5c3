package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// journalRows gives every row of a store's journal by its place.
func journalRows(t testing.TB, path string) map[trace.Position][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := newest(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[trace.Position][]byte)
	for k, row := range take(file, true, func(where, what string) { t.Errorf("%s: %s %s", path, where, what) }).rows(bucketLog) {
		rows[record.PositionOf(k)] = bytes.Clone(row)
	}
	return rows
}

// recover1 recovers a damaged file, checks that the file is as it was, and that
// the new store is what it is said to be.
func recover1(t testing.TB, damaged []byte, keys *seal.Keyring) (r trace.Recovery, rows map[trace.Position][]byte, err error) {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "damaged.db"), filepath.Join(dir, "new.db")
	if err := os.WriteFile(from, damaged, 0o400); err != nil {
		t.Fatal(err)
	}
	r, err = Recover(context.Background(), from, to, RecoverOptions{Keys: keys, Name: "test", Version: "test"})
	if b, rerr := os.ReadFile(from); rerr != nil || !bytes.Equal(b, damaged) {
		t.Fatalf("the damaged file was written to: %v", rerr)
	}
	if left, gerr := filepath.Glob(filepath.Join(dir, ".doctor*")); gerr != nil || len(left) > 0 {
		t.Errorf("%q is left over", left)
	}
	if err != nil {
		if Exists(to) {
			t.Errorf("there is a store in spite of %v", err)
		}
		return r, nil, err
	}
	v, err := VerifyFile(context.Background(), to, keys, t.TempDir(), trace.Trust{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Findings {
		// The key that sealed an identity is gone, and that is said.
		if !strings.Contains(f.What, "which is gone and was not erased") || len(r.KeysGone) == 0 {
			t.Errorf("the recovered store: %+v", f)
		}
	}
	if v.Lost != r.Lost {
		t.Errorf("%d entries are lost, and %d are said to be", v.Lost, r.Lost)
	}
	return r, journalRows(t, to), nil
}

func TestAWholeFileIsRecoveredAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	whole := filled(t, path, keys, 200)
	want := journalRows(t, path)
	r, got, err := recover1(t, whole, keys)
	if err != nil || !r.Whole || r.Lost != 0 || len(r.Logs) != 1 || r.Node != r.Logs[0].Node || len(r.Unproved)+len(r.KeysGone)+len(r.Damage) != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	for at, row := range want {
		if !bytes.Equal(got[at], row) {
			t.Errorf("entry %d is another", at.Seq)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries of %d", len(got), len(want))
	}
}

// damage spoils a file in one of the ways files are spoiled.
func damage(random *rand.Rand, whole []byte) (b []byte, what string) {
	b = bytes.Clone(whole)
	page := func() int { return random.IntN(len(b)/4096) * 4096 }
	switch random.IntN(7) {
	case 0:
		n := 1 + random.IntN(40)
		for range n {
			b[random.IntN(len(b))] ^= 1 << random.IntN(8)
		}
		return b, fmt.Sprintf("%d bits", n)
	case 1:
		n := 1 + random.IntN(8)
		for range n {
			clear(b[page():][:4096])
		}
		return b, fmt.Sprintf("%d pages of zeroes", n)
	case 2:
		n := 1 + random.IntN(20)
		for range n {
			sector := b[random.IntN(len(b)/512)*512:][:512]
			for i := range sector {
				sector[i] = byte(random.Uint32())
			}
		}
		return b, fmt.Sprintf("%d sectors of noise", n)
	case 3:
		cut := 4096 + random.IntN(len(b)-4096)
		return b[:cut], fmt.Sprintf("cut off at %d", cut)
	case 4:
		which := random.IntN(3)
		if which != 1 {
			clear(b[:4096])
		}
		if which != 0 {
			clear(b[4096:8192])
		}
		return b, fmt.Sprintf("meta pages, %d", which)
	case 5: // every branch page
		for at := 2 * 4096; at < len(b); at += 4096 {
			if order.Uint16(b[at+8:]) == branchPage {
				clear(b[at : at+4096])
			}
		}
		return b, "branch pages"
	}
	for range 3 { // a page that was written in place of another
		copy(b[page():][:4096], whole[page():][:4096])
	}
	return b, "pages out of place"
}

// rounds damages a store again and again. Every entry whose bytes are still
// somewhere in the file is recovered, or set aside because nothing is left to
// prove it by; what is recovered is what was recorded, in its place.
func rounds(t *testing.T, entries, many int, seed uint64) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	whole := filled(t, path, keys, entries)
	want := journalRows(t, path)
	var node trace.NodeID
	for at := range want {
		node = at.Node
	}
	random := rand.New(rand.NewPCG(seed, 0))
	codec := journal.NewCodec()
	recovered, lost, unproved := 0, 0, 0
	for round := range many {
		damaged, what := damage(random, whole)
		r, got, err := recover1(t, damaged, keys)
		if err != nil && !errors.Is(err, ErrNotStore) {
			t.Fatalf("round %d, %s: %v", round, what, err)
		}
		aside := make(map[trace.Position]bool)
		for _, at := range r.Unproved {
			aside[at] = true
		}
		for at, row := range want {
			intact := bytes.Contains(damaged, row)
			is, there := got[at]
			_, gone := codec.LostHash(is)
			switch {
			case there && !gone && !bytes.Equal(is, row):
				_, wantLeaf, _ := codec.DecodeRow(row)
				_, isLeaf, _ := codec.DecodeRow(is)
				if !bytes.Equal(wantLeaf, isLeaf) || intact {
					t.Errorf("round %d, %s: entry %d is another", round, what, at.Seq)
				}
				recovered++
			case there && !gone:
				recovered++
			case aside[at]:
				unproved++
			case intact:
				t.Errorf("round %d, %s: entry %d is in the file and not recovered", round, what, at.Seq)
			default:
				lost++
			}
		}
		for at, row := range got {
			if _, gone := codec.LostHash(row); want[at] == nil && !gone && (at.Node == node || r.Whole) {
				t.Errorf("round %d, %s: entry %d of node %s is invented", round, what, at.Seq, at.Node)
			}
		}
		if t.Failed() {
			t.Fatalf("round %d, %s: %+v", round, what, r)
		}
	}
	t.Logf("%d rounds over %d entries: %d recovered, %d lost, %d set aside", many, entries, recovered, lost, unproved)
}

func TestWhateverIsIntactIsRecoveredAndNothingInvented(t *testing.T) { rounds(t, 150, 60, 5) }

func TestSoakDoctor(t *testing.T) {
	if os.Getenv("IMPLANTRACE_SOAK") == "" {
		t.Skip("IMPLANTRACE_SOAK is not set: make soak runs this")
	}
	rounds(t, 1000, 500, rand.Uint64())
}

// The place of a lost entry is kept: what stands behind it keeps its own, the
// log comes to its root, a checkpoint that left holds, and the entry can still
// be put back.
func TestALostEntryLeavesItsPlace(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	keys := seal.NewKeyring()
	filled(t, path, keys, 120)
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	note, err := s.Checkpoint(ctx, trace.NodeID{})
	if err != nil {
		t.Fatal(err)
	}
	trust := trace.Trust{Keys: []string{s.VerifierKey()}, Checkpoints: []trace.Outside{{Name: "kept", Note: string(note)}}}
	node := s.Node()
	var lost trace.Entry
	for e, err := range s.Entries(ctx, trace.Position{Node: node, Seq: 50}) {
		if err != nil {
			t.Fatal(err)
		}
		lost = e
		break
	}
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	row := journalRows(t, path)[lost.Position]
	damaged := bytes.ReplaceAll(whole, row, make([]byte, len(row)))
	from, to := filepath.Join(dir, "damaged.db"), filepath.Join(dir, "new.db")
	if err := os.WriteFile(from, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Recover(ctx, from, to, RecoverOptions{Keys: keys})
	if err != nil || r.Whole || r.Lost != 1 || r.Node == node || len(r.Logs) != 1 || len(r.Logs[0].Lost) != 1 || r.Logs[0].Lost[0] != (trace.Span{First: 50, Last: 50}) {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := Recover(ctx, from, to, RecoverOptions{Keys: keys}); err == nil || !strings.Contains(err.Error(), "not overwritten") {
		t.Errorf("recovered over another: %v", err)
	}
	if _, err := Recover(ctx, from, to+"2", RecoverOptions{Keys: seal.NewKeyring()}); !errors.Is(err, ErrWrongKeys) {
		t.Errorf("with another store's keys: %v", err)
	}
	v, err := VerifyFile(ctx, to, keys, dir, trust)
	if err != nil || len(v.Findings) > 0 || v.Lost != 1 || len(v.Outside) != 1 || !v.Outside[0].Holds || !strings.Contains(strings.Join(v.Notes, "\n"), "LOST: entry 50 of node "+node.String()) {
		t.Errorf("%+v, %v", v, err)
	}
	s, err = Open(to, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	seen := 0
	for e, err := range s.Entries(ctx, trace.Position{Node: node}) {
		if err != nil || e.Seq == 50 {
			t.Fatalf("entry %d: %v", e.Seq, err)
		}
		seen++
	}
	nodes, err := s.Coverage(ctx)
	if err != nil || seen != 120-1 && seen != 121-1 {
		t.Errorf("%d entries, %v", seen, err)
	}
	for _, n := range nodes {
		if n.Node == node && n.Lost != 1 {
			t.Errorf("the coverage does not say what is lost: %+v", n)
		}
	}
	if _, err := s.Inclusion(ctx, lost.Position, 0); trace.KindOf(err) != trace.NotFound {
		t.Errorf("a lost entry is proved: %v", err)
	}
	// From a copy that has it.
	if err := s.Import(ctx, node, []trace.Entry{lost}, trace.TreeHead{}); err != nil {
		t.Fatal(err)
	}
	if v, err := s.VerifyAgainst(ctx, dir, trust); err != nil || len(v.Findings) > 0 || v.Lost != 0 || !v.Outside[0].Holds {
		t.Errorf("put back: %+v, %v", v, err)
	}
}

// A place that says its entry is lost, and that no recovery speaks of, is what
// somebody left who took the entry away.
func TestAnEntryTakenOutAsIfLostIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	filled(t, path, keys, 20)
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.submit(context.Background(), &request{work: func(tr *transaction) error {
		at := trace.Position{Node: s.node, Seq: 7}
		row, err := s.codec.LostRow(trace.Hash(tree{tr.tx, s.node}.Hash(11))) // the hash of entry 7: 7 leaves and 4 hashes above them stand before it
		if err != nil {
			return err
		}
		return tr.tx.Bucket(bucketLog).Put(record.PositionKey(at), row)
	}}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	v, err := VerifyFile(context.Background(), path, keys, t.TempDir(), trace.Trust{})
	if err != nil || len(v.Findings) != 1 || !strings.HasPrefix(v.Findings[0].Where, "entry 7 of node ") || !strings.Contains(v.Findings[0].What, "no recovery of the store says so") {
		t.Errorf("%+v, %v", v.Findings, err)
	}
}

func TestWhatIsNoStoreIsNotRecovered(t *testing.T) {
	for name, content := range map[string][]byte{"empty": {}, "text": []byte(strings.Repeat("a letter ", 1000)), "zeroes": make([]byte, 1<<16)} {
		if _, _, err := recover1(t, content, seal.NewKeyring()); !errors.Is(err, ErrNotStore) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	if _, err := Recover(context.Background(), dir, filepath.Join(dir, "x"), RecoverOptions{}); !errors.Is(err, ErrNotStore) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Recover(context.Background(), filepath.Join(dir, "none"), filepath.Join(dir, "x"), RecoverOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

// Without the keys everything public is recovered, and what is sealed stays so.
func TestWithoutKeysWhatIsSealedIsKeptSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	whole := filled(t, path, keys, 60)
	to := filepath.Join(t.TempDir(), "new.db")
	clear(whole[4096*4 : 4096*5])
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Recover(context.Background(), path, to, RecoverOptions{})
	if err != nil || r.Recovered < 30 {
		t.Fatalf("%+v, %v", r, err)
	}
	v, err := VerifyFile(context.Background(), to, keys, t.TempDir(), trace.Trust{})
	if err != nil || v.Opened == 0 {
		t.Errorf("with the keys: %+v, %v", v, err)
	}
}

// Where no hash of the tree is left, a checkpoint that was kept elsewhere proves
// the entries, and tells that more stood behind the last one that is left.
func TestACheckpointProvesWhatTheTreeCannot(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	filled(t, path, keys, 60)
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	sign := func() trace.Outside {
		t.Helper()
		note, err := s.Checkpoint(ctx, trace.NodeID{})
		if err != nil {
			t.Fatal(err)
		}
		return trace.Outside{Name: "kept", Note: string(note)}
	}
	early := sign()
	id := trace.NewEventID()
	if _, err := s.Append(ctx, trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: trace.ProductFact{DI: "the last one"}}}}); err != nil {
		t.Fatal(err)
	}
	late, key, node := sign(), s.VerifierKey(), s.Node()
	s.Close()
	damaged, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := journalRows(t, path)
	// The last entry is gone, and so is every hash of the tree: they stand behind
	// their tiles' keys, in pages that are in use and in others.
	for at, row := range rows {
		if at.Seq == uint64(len(rows))-1 {
			damaged = bytes.ReplaceAll(damaged, row, make([]byte, len(row)))
		}
	}
	for level := range 3 {
		for n := range uint64(len(rows)) {
			k := tileKey(node, level, n)
			for from := 0; ; {
				i := bytes.Index(damaged[from:], k)
				if i < 0 {
					break
				}
				from += i + len(k)
				h := damaged[from:]
				next := bytes.Index(h, node[:])
				if next >= 0 && next < 512 {
					if h = h[:next]; next%32 != 0 {
						continue // the journal's row of entry 0, whose key begins the same
					}
				}
				clear(h[:min(len(h), 512)])
			}
		}
	}
	clear(damaged[:8192])
	recovered := func(trust trace.Trust) trace.Recovery {
		t.Helper()
		dir := t.TempDir()
		from := filepath.Join(dir, "damaged.db")
		if err := os.WriteFile(from, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Recover(ctx, from, filepath.Join(dir, "new.db"), RecoverOptions{Keys: keys, Trust: trust})
		if err != nil && !errors.Is(err, ErrNotStore) {
			t.Fatal(err)
		}
		return r
	}
	if r := recovered(trace.Trust{}); r.Recovered > 0 || len(r.Unproved) != len(rows)-1 {
		t.Errorf("without a checkpoint: %d recovered, %d unproved", r.Recovered, len(r.Unproved))
	}
	r := recovered(trace.Trust{Keys: []string{key}, Checkpoints: []trace.Outside{late, early}})
	if r.Recovered != uint64(len(rows)-1) || r.Lost != 1 || len(r.Unproved) != 0 || r.Whole {
		t.Errorf("with checkpoints: %d recovered, %d lost, %d unproved", r.Recovered, r.Lost, len(r.Unproved))
	}
	forged := trace.Outside{Name: "forged", Note: strings.Replace(early.Note, "signed 2", "signed 3", 1)}
	if r := recovered(trace.Trust{Keys: []string{key}, Checkpoints: []trace.Outside{forged}}); r.Recovered > 0 {
		t.Errorf("with a forged checkpoint: %d recovered", r.Recovered)
	}
}
