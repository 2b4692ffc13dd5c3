package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// To compact a store is to write its rows to a new file, with full pages and no free
// ones, and to put that in the place of the old. Rows and hashes as earlier programs
// kept them are written as this one keeps them; no leaf changes.
//
// A node goes on meanwhile: one state of the store is copied while others are
// committed. Then the entries that came in since are folded into the new file, in
// rounds, and the last of them by the committer, between two commits, with all
// subjects' keys and all settings as they are then. What was written is read back and
// held against what was read; each entry has to hash to its leaf in the tree, and each
// log has to come to its root.
//
// The new file has another name until it is whole and synced, and gets the store's
// name in one step. So whoever ends the process, and the power with it, finds the one
// file or the other under it, and each holds everything that was acknowledged.
// Nothing is acknowledged by the new file until its name is on the disk. Then what
// the old one held is overwritten, because wrapped keys of who is erased later would
// be left in its blocks.

// compactName is behind the store's name in that of a file that is not whole yet.
const compactName = ".compact"

const (
	compactBytes  = 8 << 20 // of rows that are written in one transaction, about
	compactShow   = 1 << 20 // of rows from one word on the progress to the next
	compactFew    = 64      // entries that the committer may have left to fold
	compactRounds = 100     // of folding those that came in
)

// Compact writes the store anew into as small a file as it can. progress, which may
// be nil, is told how many bytes of rows are written, and of how many. An error
// leaves the store as it was; one of kind Busy means: another time.
func (s *Store) Compact(ctx context.Context, progress func(done, total int64)) (c trace.Compaction, err error) {
	if s.keys() == nil || s.db.IsReadOnly() {
		return c, trace.Errorf(trace.ReadOnly, "this store is open for reading only")
	}
	if !s.compacting.TryLock() {
		return c, trace.Errorf(trace.Busy, "the store is being compacted already")
	}
	defer s.compacting.Unlock()
	if progress == nil {
		progress = func(int64, int64) {}
	}
	to := s.db.path + compactName
	defer func() {
		err = errors.Join(err, discard(to))
		if ctx.Err() != nil && err != nil {
			err = trace.Errorf(trace.Busy, "the compaction was given up, and the store is what it was: %w", err)
		}
	}()
	k, err := s.newCompacted(to)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	c.Before = s.Size()
	if err := carefully(s.db.path, func() error { return k.copy(ctx, progress) }); err != nil {
		return c, err
	}
	if err := k.readBack(ctx); err != nil {
		return c, err
	}
	for range compactRounds {
		left, err := k.catchUp(ctx)
		if err != nil {
			return c, err
		}
		if left <= compactFew {
			break
		}
	}
	if err := k.db.Sync(); err != nil { // so that little is left to sync while others wait
		return c, err
	}
	var old *os.File
	if err := s.submit(ctx, alone(func() (err error) {
		old, err = k.finish()
		return notRecorded(err)
	})); err != nil {
		return c, err
	}
	c.After = s.Size()
	return c, overwrite(old)
}

// notRecorded is an error that says nothing about what others record.
func notRecorded(err error) error {
	var said *trace.Error
	if err == nil || errors.As(err, &said) {
		return err
	}
	return because(err, trace.Conflict, "the store was not compacted: "+err.Error())
}

// Room says how large the file is, and how much of it is free.
func (s *Store) Room() (size, free int64) {
	st := s.db.Stats()
	_ = s.db.View(func(tx *bbolt.Tx) error {
		size, free = tx.Size(), int64(st.FreePageN+st.PendingPageN)*int64(tx.DB().Info().PageSize)
		return nil
	})
	return size, free
}

// compacted is the new file of a store.
type compacted struct {
	store  *Store
	path   string
	db     *bbolt.DB // nil when it is closed
	into   *Store    // as far as the fold and the tree need one
	filled uint64    // entries that were put back in their places, when the copy was made

	seed    maphash.Seed
	sums    map[string]*maphash.Hash // of the rows of each bucket, as they were written
	singles map[trace.NodeID]bool    // nodes whose tree was begun hash by hash

	tx      *bbolt.Tx // that rows are written in
	written int64     // in it
}

func (s *Store) newCompacted(path string) (*compacted, error) {
	if err := discard(path); err != nil {
		return nil, err
	}
	size, free := s.Room()
	if wanted := (size - free) * 9 / 8; !roomFor(filepath.Dir(s.db.path), wanted) {
		return nil, trace.Errorf(trace.Busy, "the disk has no room for a second file beside the store: %d MiB are wanted", wanted>>20+1)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoGrowSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	db.AllocSize = 1 << 20 // by which it grows: little is left over at the end
	return &compacted{store: s, path: path, db: db, into: &Store{node: s.node, codec: s.codec, fold: s.fold, tables: s.tables},
		seed: maphash.MakeSeed(), sums: make(map[string]*maphash.Hash), singles: make(map[trace.NodeID]bool)}, nil
}

func (k *compacted) close() (err error) {
	if k.tx != nil {
		err = k.tx.Rollback()
		k.tx = nil
	}
	if k.db != nil {
		err = errors.Join(err, k.db.Close())
		k.db = nil
	}
	return err
}

// copy writes the rows of one state of the store.
func (k *compacted) copy(ctx context.Context, progress func(done, total int64)) error {
	return k.store.db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		if meta.Get(metaRebuilding) != nil || tx.Bucket(bucketAnew) != nil {
			return trace.Errorf(trace.Busy, "indexes are being built anew: the store is compacted when they are")
		}
		k.filled = k.store.filled.Load()
		size, free := tx.Size(), int64(0)
		st := k.store.db.db.Stats()
		free = int64(st.FreePageN+st.PendingPageN) * int64(tx.DB().Info().PageSize)
		var done, shown int64
		if err := tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			if !slices.ContainsFunc(buckets(), func(known []byte) bool { return bytes.Equal(known, name) }) {
				return fmt.Errorf("%s: bucket %q is not this program's: %w", k.store.db.path, name, ErrDamaged)
			}
			if err := k.open(name); err != nil {
				return err
			}
			c := b.Cursor()
			for key, value := c.First(); key != nil; key, value = c.Next() {
				if done += int64(len(key) + len(value)); done >= shown {
					shown = done + compactShow
					progress(min(done, size-free), size-free)
					if err := ctx.Err(); err != nil {
						return err
					}
					if k.store.db.doubt.Load() {
						return trace.Errorf(trace.Busy, "the disk fails: the store is compacted when it works again")
					}
				}
				if err := k.take(tx, string(name), key, value); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if err := k.trees(ctx, tx); err != nil {
			return err
		}
		return k.commit()
	})
}

// open makes a bucket.
func (k *compacted) open(name []byte) error {
	sum := new(maphash.Hash)
	sum.SetSeed(k.seed)
	k.sums[string(name)] = sum
	if err := k.begin(); err != nil {
		return err
	}
	_, err := k.tx.CreateBucketIfNotExists(name)
	return err
}

// take writes one row as this program keeps it.
func (k *compacted) take(tx *bbolt.Tx, bucket string, key, value []byte) (err error) {
	switch bucket {
	case string(bucketTree):
		// The hash of entry 0 stands before all tiles.
		node := trace.NodeID(key[:8])
		if len(key) == hashKeySize {
			k.singles[node] = true
		}
		if k.singles[node] {
			return nil // trees comes to it
		}
	case string(bucketLog):
		if value, err = k.entry(tx, key, value); err != nil {
			return err
		}
	}
	return k.put(bucket, key, value)
}

// entry gives the row of an entry in the form that is written today, when its leaf is
// what the tree has.
func (k *compacted) entry(tx *bbolt.Tx, key, row []byte) ([]byte, error) {
	at := record.PositionOf(key)
	leaf, lost := k.store.codec.LostHash(row)
	if !lost {
		e, b, err := k.store.codec.DecodeRow(row)
		if err == nil && e.Position != at {
			err = errors.New("it is another's")
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w (implantrace verify says more; nothing was compacted): %w", describe(string(bucketLog), key), ErrDamaged, err)
		}
		if !journal.Written(row) {
			if again, same, err := k.store.codec.EncodeRow(e); err == nil && bytes.Equal(same, b) {
				row = again
			}
		}
		leaf = trace.Hash(tlog.RecordHash(b))
	}
	kept := tree{tx, at.Node}.Hash(uint64(tlog.StoredHashIndex(0, int64(at.Seq))))
	if !bytes.Equal(kept, leaf[:]) {
		return nil, fmt.Errorf("%s and the tree differ: %w (implantrace verify says more; nothing was compacted)", describe(string(bucketLog), key), ErrDamaged)
	}
	return row, nil
}

// trees makes tiles of trees that were begun hash by hash, and holds each tree
// against its root.
func (k *compacted) trees(ctx context.Context, tx *bbolt.Tx) error {
	t := &transaction{store: k.store, tx: tx}
	for node := range t.logs() {
		old, size := tree{tx, node}, t.size(node)
		for seq := uint64(0); seq < size && k.singles[node]; seq++ {
			if seq%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := k.begin(); err != nil {
				return err
			}
			hash := old.Hash(uint64(tlog.StoredHashIndex(0, int64(seq))))
			if err := (&transaction{store: k.into, tx: k.tx}).grow(trace.Position{Node: node, Seq: seq}, trace.Hash(hash)); err != nil {
				return err
			}
			if k.written += tlog.HashSize; k.written >= compactBytes {
				if err := k.commit(); err != nil {
					return err
				}
			}
		}
		was, err := journal.Root(old, size)
		if err == nil {
			err = k.begin()
		}
		if err != nil {
			return err
		}
		if is, err := journal.Root(tree{k.tx, node}, size); err != nil || is != was {
			return errors.Join(err, fmt.Errorf("the tree of node %s comes to another root: %w (nothing was compacted)", node, ErrDamaged))
		}
	}
	return nil
}

func (k *compacted) put(bucket string, key, value []byte) error {
	if err := k.begin(); err != nil {
		return err
	}
	b := k.tx.Bucket([]byte(bucket))
	b.FillPercent = 1
	if err := b.Put(key, value); err != nil {
		return err
	}
	sumRow(k.sums[bucket], key, value)
	if k.written += int64(len(key) + len(value)); k.written >= compactBytes {
		return k.commit()
	}
	return nil
}

func sumRow(h *maphash.Hash, key, value []byte) {
	fmt.Fprintf(h, "%d %d ", len(key), len(value))
	_, _ = h.Write(key) // never fails
	_, _ = h.Write(value)
}

func (k *compacted) begin() (err error) {
	if k.tx == nil {
		k.written = 0
		k.tx, err = k.db.Begin(true)
	}
	return err
}

func (k *compacted) commit() error {
	if k.tx == nil {
		return nil
	}
	tx := k.tx
	k.tx = nil
	return tx.Commit()
}

// readBack reads every row that was copied again.
func (k *compacted) readBack(ctx context.Context) error {
	return k.db.View(func(tx *bbolt.Tx) error {
		for name, sum := range k.sums {
			var again maphash.Hash
			again.SetSeed(k.seed)
			c := tx.Bucket([]byte(name)).Cursor()
			n := 0
			for key, value := c.First(); key != nil; key, value = c.Next() {
				if n++; n%4096 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				sumRow(&again, key, value)
			}
			if again.Sum64() != sum.Sum64() && !(name == string(bucketTree) && len(k.singles) > 0) { // a tree that was made was held against its root
				return fmt.Errorf("%s is not what was written to the new file: nothing was compacted", bucketName(name))
			}
		}
		return nil
	})
}

// catchUp folds entries that came in since into the new file, and says how many are
// left.
func (k *compacted) catchUp(ctx context.Context) (left uint64, err error) {
	err = k.store.view(ctx, func(from *transaction) error {
		left, err = k.fold(from, rebuildMost)
		return err
	})
	return left, err
}

// fold takes so many entries at most into the new file.
func (k *compacted) fold(from *transaction, most int) (left uint64, err error) {
	err = k.db.Update(func(tx *bbolt.Tx) error {
		into := &transaction{store: k.into, tx: tx}
		for node := range from.logs() {
			for seq, end := into.size(node), from.size(node); seq < end; seq++ {
				if most--; most < 0 {
					left += end - seq
					break
				}
				if err := k.keep(into, trace.Position{Node: node, Seq: seq}, bytes.Clone(from.tx.Bucket(bucketLog).Get(record.PositionKey(trace.Position{Node: node, Seq: seq})))); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return left, err
}

func (k *compacted) keep(into *transaction, at trace.Position, row []byte) error {
	if leaf, ok := k.store.codec.LostHash(row); ok {
		return into.keepLost(at, leaf)
	}
	e, leaf, err := k.store.codec.DecodeRow(row)
	if err != nil {
		return err
	}
	return into.keepRow(e, row, leaf)
}

// finish is carried out by the committer: nothing is committed meanwhile. It makes
// the new file what the store is, puts it in its place, and gives the old one, which
// has no name any more.
func (k *compacted) finish() (old *os.File, err error) {
	if k.store.filled.Load() != k.filled {
		return nil, trace.Errorf(trace.Busy, "entries that were lost came back while the store was compacted: compact it again")
	}
	var heads []trace.TreeHead
	if err := k.store.view(context.Background(), func(from *transaction) error {
		tx := from.tx
		if meta := tx.Bucket(bucketMeta); meta.Get(metaRebuilding) != nil || tx.Bucket(bucketAnew) != nil {
			return trace.Errorf(trace.Busy, "indexes are being built anew: the store is compacted when they are")
		}
		for left := uint64(1); left > 0; {
			var err error
			if left, err = k.fold(from, rebuildMost); err != nil {
				return err
			}
		}
		for node := range from.logs() {
			head, err := from.head(node)
			if err != nil {
				return err
			}
			heads = append(heads, head)
		}
		// Keys change by themselves, and so do settings.
		return k.db.Update(func(into *bbolt.Tx) error {
			for _, name := range [][]byte{bucketKeys, bucketMeta} {
				if err := alike(into.Bucket(name), tx.Bucket(name)); err != nil {
					return err
				}
			}
			return nil
		})
	}); err != nil {
		return nil, err
	}
	if err := errors.Join(k.db.Sync(), k.close()); err != nil {
		return nil, err
	}
	return k.store.db.replace(k.path, func(tx *bbolt.Tx) error {
		if err := k.store.hasKept(tx); err != nil {
			return err
		}
		into := &transaction{store: k.into, tx: tx}
		for _, want := range heads {
			if head, err := into.head(want.Node); err != nil || head != want {
				return errors.Join(err, fmt.Errorf("the log of node %s comes to another root in the new file: nothing was compacted", want.Node))
			}
		}
		return nil
	})
}

// alike makes the rows of one bucket those of another.
func alike(to, from *bbolt.Bucket) error {
	var gone [][]byte
	a, b := to.Cursor(), from.Cursor()
	ka, va := a.First()
	var put [][2][]byte
	for kb, vb := b.First(); kb != nil || ka != nil; {
		switch c := bytes.Compare(ka, kb); {
		case kb == nil || ka != nil && c < 0:
			gone = append(gone, bytes.Clone(ka))
			ka, va = a.Next()
		case ka == nil || c > 0:
			put = append(put, [2][]byte{kb, vb})
			kb, vb = b.Next()
		default:
			if !bytes.Equal(va, vb) {
				put = append(put, [2][]byte{kb, vb})
			}
			ka, va = a.Next()
			kb, vb = b.Next()
		}
	}
	for _, k := range gone {
		if err := to.Delete(k); err != nil {
			return err
		}
	}
	for _, r := range put {
		if err := to.Put(r[0], r[1]); err != nil {
			return err
		}
	}
	return nil
}

// discard takes a file away that holds what a store does.
func discard(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, os.Remove(path), overwrite(f))
}

// overwrite fills a file that has no name any more with zeroes, and closes it. One
// that has another name is somebody's copy, and stays.
func overwrite(f *os.File) error {
	if f == nil {
		return nil
	}
	if !nameless(f) {
		return f.Close()
	}
	info, err := f.Stat()
	if err == nil {
		zeroes := make([]byte, 1<<20)
		for at := int64(0); at < info.Size() && err == nil; at += int64(len(zeroes)) {
			_, err = f.WriteAt(zeroes[:min(int64(len(zeroes)), info.Size()-at)], at)
		}
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
