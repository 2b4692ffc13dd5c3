package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// When the rules of a table have changed since a store was written, the table is
// built anew from the journal while the store serves. A rebuild goes over all
// entries, node after node, in steps of a few hundred, each a request like any
// other that waits for the committer. It writes to tables of its own, in the bucket
// "anew", and beside them how far it has come: a process that is killed goes on
// there. When a step has come to the end of the journal, the committer takes what
// has come in since, and then, in a transaction that does nothing else, puts the
// new tables in the place of the old ones. (bbolt moves a bucket as its last commit
// left it.)
//
// In the meantime a table whose old rows the new rules can read (Projection.Reads)
// serves as it is, and new entries go into it. Any other says that it is being
// built, and new entries leave it alone: the rebuild comes to them.

var (
	bucketAnew   = []byte("anew")
	anewVersions = []byte("versions") // letters and versions of what is built
	anewAt       = []byte("at/")      // and a node -> number of its next entry, 8 bytes
)

// rebuildEntries is how many entries a step takes: few enough that those who wait
// behind it hardly notice.
const rebuildEntries = 256

// rebuildMost is how many it takes while nobody waits.
const rebuildMost = 20_000

// rebuildAgain is how long a rebuild waits after a step that failed.
const rebuildAgain = time.Second

// tableSet is a set of tables.
type tableSet [256]bool

// rebuilder is the goroutine that rebuilds, and how far it has come.
type rebuilder struct {
	stopping func()
	wait     sync.WaitGroup
	done     atomic.Uint64 // entries
	total    atomic.Uint64
}

func (r *rebuilder) stop() {
	if r.stopping != nil {
		r.stopping()
	}
	r.wait.Wait()
}

// Rebuilding says how far the rebuild of tables has come, in entries of the
// journal; total is 0 where none is going on.
func (s *Store) Rebuilding() (done, total uint64) {
	return s.rebuild.done.Load(), s.rebuild.total.Load()
}

// rebuilding is the error for a table that cannot be read yet.
func (s *Store) rebuilding(table record.Table) error {
	what := string(table)
	for _, p := range s.tables {
		if p.Table == table {
			what = p.Name
		}
	}
	if s.db.IsReadOnly() {
		return trace.Errorf(trace.Busy, "the index \"%s\" is of another version of the program, and is built anew when the store is opened for writing: %w", what, trace.ErrRebuilding)
	}
	done, total := s.Rebuilding()
	return trace.Errorf(trace.Busy, "the index \"%s\" is being built anew and cannot be searched yet, %d of %d entries are done: ask again soon (%w)", what, done, total, trace.ErrRebuilding)
}

// stored is the version of a table in a store; 0 where it has none.
func stored(meta *bbolt.Bucket, table record.Table) uint8 {
	if v := meta.Get(projectionKey(table)); len(v) == 1 {
		return v[0]
	}
	return 0
}

// bucket is a table's bucket; nil where there is none.
func (t *transaction) bucket(table record.Table) *bbolt.Bucket {
	b, ok := t.tables[table]
	if !ok {
		b = t.tx.Bucket([]byte{byte(table)})
		if t.tables == nil {
			t.tables = make(map[record.Table]*bbolt.Bucket)
		}
		t.tables[table] = b
	}
	return b
}

// usable reports whether a table can be read and written in this state of the
// store.
func (t *transaction) usable(table record.Table) bool {
	if t.stale == nil {
		t.stale = new(tableSet)
		meta := t.tx.Bucket(bucketMeta)
		if meta != nil && t.store.db != nil && (t.store.db.IsReadOnly() || meta.Get(metaRebuilding) != nil) {
			for _, p := range t.store.tables {
				v := stored(meta, p.Table)
				t.stale[p.Table] = v < p.Reads || v > p.Version
			}
		}
	}
	return !t.stale[table]
}

// outdated lists the tables that are of another version.
func (s *Store) outdated(meta *bbolt.Bucket) (all []record.Projection) {
	for _, p := range s.tables {
		if stored(meta, p.Table) != p.Version {
			all = append(all, p)
		}
	}
	return all
}

// beginRebuild notes in the store that tables are to be built anew.
func (s *Store) beginRebuild(tx *bbolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	if len(s.outdated(meta)) == 0 && len(s.leftBehind(tx)) == 0 {
		return nil
	}
	return meta.Put(metaRebuilding, []byte{1})
}

// rebuildNeeded builds everything at once where recording itself needs a table
// that cannot be read.
func (s *Store) rebuildNeeded() error {
	needed := false
	if err := s.db.View(func(tx *bbolt.Tx) error {
		t := &transaction{store: s, tx: tx}
		for _, p := range s.tables {
			needed = needed || p.Table.Needed() && !t.usable(p.Table)
		}
		return nil
	}); err != nil || !needed {
		return err
	}
	for done := false; !done; {
		if err := s.db.Update(func(tx *bbolt.Tx) (err error) {
			done, err = s.rebuildStep(&transaction{store: s, tx: tx}, rebuildMost)
			return err
		}); err != nil {
			return err
		}
	}
	return s.db.Update(s.settleRebuild)
}

// leftBehind lists tables that the record no longer has.
func (s *Store) leftBehind(tx *bbolt.Tx) (names [][]byte) {
	c := tx.Cursor()
	for name, _ := c.First(); name != nil; name, _ = c.Next() {
		if len(name) == 1 && !slices.ContainsFunc(s.tables, func(p record.Projection) bool { return byte(p.Table) == name[0] }) {
			names = append(names, bytes.Clone(name))
		}
	}
	return names
}

// startRebuild goes on with a rebuild that was begun, in the background. Where
// there are steps, each waits for one.
func (s *Store) startRebuild(steps <-chan struct{}) {
	begun := false
	_ = s.db.View(func(tx *bbolt.Tx) error {
		begun = tx.Bucket(bucketMeta).Get(metaRebuilding) != nil
		return nil
	})
	s.rebuild.total.Store(0)
	if !begun {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.rebuild.stopping = cancel
	s.rebuild.total.Store(1)
	s.rebuild.wait.Go(func() {
		for ctx.Err() == nil {
			if steps != nil {
				select {
				case <-steps:
				case <-ctx.Done():
					return
				}
			}
			done := false
			err := s.submit(ctx, upkeep(func(t *transaction) (err error) {
				done, err = s.rebuildStep(t, rebuildEntries)
				return err
			}))
			if err == nil && done {
				err = s.submit(ctx, alone(s.finishRebuild))
			}
			switch {
			case err == nil && done:
				s.rebuild.total.Store(0)
				return
			case err != nil:
				select {
				case <-ctx.Done():
				case <-time.After(rebuildAgain):
				}
			}
		}
	})
}

// rebuildStep takes the next entries, so many at most, into the new tables. done
// reports that it has come to the end of the journal.
func (s *Store) rebuildStep(t *transaction, most int) (done bool, err error) {
	r := rebuild{transaction: t, anew: make(map[record.Table]*bbolt.Bucket)}
	progress, err := r.prepare()
	if err != nil {
		return false, err
	}
	var came, total uint64
	for node := range t.logs() {
		key := slices.Concat(anewAt, node[:])
		next, size := uint64(0), t.size(node)
		if v := progress.Get(key); len(v) == 8 {
			next = binary.BigEndian.Uint64(v)
		}
		for ; next < size && most > 0; most-- {
			if err := r.take(trace.Position{Node: node, Seq: next}); err != nil {
				return false, err
			}
			next++
		}
		came, total = came+next, total+size
		if err := progress.Put(key, binary.BigEndian.AppendUint64(nil, next)); err != nil {
			return false, err
		}
	}
	s.rebuild.done.Store(came)
	s.rebuild.total.Store(max(1, total))
	return came == total, nil
}

// prepare finds or makes the new tables and the progress beside them. What was
// built for other versions is thrown away.
func (r *rebuild) prepare() (progress *bbolt.Bucket, err error) {
	outdated := r.store.outdated(r.tx.Bucket(bucketMeta))
	var versions []byte
	for _, p := range outdated {
		versions = append(versions, byte(p.Table), p.Version)
	}
	progress = r.tx.Bucket(bucketAnew)
	if progress != nil && !bytes.Equal(progress.Get(anewVersions), versions) {
		if err := r.tx.DeleteBucket(bucketAnew); err != nil {
			return nil, err
		}
		progress = nil
	}
	if progress == nil {
		if progress, err = r.tx.CreateBucket(bucketAnew); err != nil {
			return nil, err
		}
		if err := progress.Put(anewVersions, versions); err != nil {
			return nil, err
		}
	}
	for _, p := range outdated {
		if r.anew[p.Table], err = progress.CreateBucketIfNotExists([]byte{byte(p.Table)}); err != nil {
			return nil, err
		}
	}
	return progress, nil
}

// finishRebuild is the end of a rebuild, which the committer carries out by
// itself, so that nothing is recorded meanwhile.
func (s *Store) finishRebuild() error {
	if err := s.db.Update(func(tx *bbolt.Tx) error {
		_, err := s.rebuildStep(&transaction{store: s, tx: tx}, math.MaxInt)
		return err
	}); err != nil {
		return err
	}
	return s.db.Update(s.settleRebuild)
}

// settleRebuild puts the new tables in the place of the old ones.
func (s *Store) settleRebuild(tx *bbolt.Tx) error {
	meta, anew := tx.Bucket(bucketMeta), tx.Bucket(bucketAnew)
	for _, p := range s.outdated(meta) {
		name := []byte{byte(p.Table)}
		if tx.Bucket(name) != nil {
			if err := tx.DeleteBucket(name); err != nil {
				return err
			}
		}
		if err := tx.MoveBucket(name, anew, nil); err != nil {
			return err
		}
		if err := meta.Put(projectionKey(p.Table), []byte{p.Version}); err != nil {
			return err
		}
	}
	for _, name := range s.leftBehind(tx) {
		if err := tx.DeleteBucket(name); err != nil {
			return err
		}
		if err := meta.Delete(projectionKey(record.Table(name[0]))); err != nil {
			return err
		}
	}
	if err := tx.DeleteBucket(bucketAnew); err != nil {
		return err
	}
	return meta.Delete(metaRebuilding)
}

// rebuild is the store as the fold saw it when an entry came: the tables that are
// built hold what came before it, and so does the list of entries about a thing.
type rebuild struct {
	*transaction
	anew map[record.Table]*bbolt.Bucket
	at   []byte // the key of the entry
}

// take folds one entry into the new tables.
func (r *rebuild) take(at trace.Position) error {
	e, err := r.Entry(at)
	switch {
	case errors.Is(err, journal.ErrLost):
		return nil
	case err != nil:
		return err
	}
	r.at = record.PositionKey(at)
	mutations, err := r.store.fold.Apply(e, r)
	if err != nil {
		return err
	}
	for _, m := range mutations {
		b := r.anew[m.Table]
		if b == nil {
			continue
		}
		b.FillPercent = fullness(m.Table)
		if err := carry(b, m); err != nil {
			return err
		}
	}
	return nil
}

// Get is record.Prior's.
func (r *rebuild) Get(table record.Table, key []byte) []byte {
	if b := r.anew[table]; b != nil {
		return b.Get(key)
	}
	return r.transaction.Get(table, key)
}

// Scan is record.Prior's.
func (r *rebuild) Scan(table record.Table, prefix []byte) iter.Seq2[[]byte, []byte] {
	if b := r.anew[table]; b != nil {
		return scan(b, prefix)
	}
	return func(yield func(k, v []byte) bool) {
		for k, v := range r.transaction.Scan(table, prefix) {
			if table == record.Objects && bytes.Compare(k[len(k)-16:], r.at) >= 0 {
				continue // it is not there yet
			}
			if !yield(k, v) {
				return
			}
		}
	}
}
