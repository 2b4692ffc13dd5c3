package bolt

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// FileName is the store's file within a data folder.
const FileName = "implantrace.db"

// Buckets beside those of the record's tables, whose names are one letter.
var (
	bucketLog  = []byte("log")  // node, seq -> row
	bucketTree = []byte("tree") // node, level, number -> tile; of an earlier program: node, index -> hash
	bucketKeys = []byte("keys") // subject, and node unless it is this one -> wrapped data key; nothing once it is erased
	bucketMeta = []byte("meta")
)

var (
	metaFormat      = []byte("format")
	metaNode        = []byte("node")
	metaFingerprint = []byte("keys")
	metaProjection  = []byte("projection/") // and the table's letter -> version
	metaRebuilding  = []byte("rebuilding")  // there while tables are built anew
	metaTrial       = []byte("trial")       // of writing, taken out again
)

// subjectSize is the length of a subject's name, and so of its key's name in
// the store of the node that sealed with it.
const subjectSize = 16

// format is the layout of the file. A program refuses one it does not know.
// The first has a tree of single hashes and none of the short rows; a store of it is
// of the second as soon as it is open for writing.
const (
	format      = "implantrace/2"
	firstFormat = "implantrace/1"
)

func knownFormat(f []byte) bool { return string(f) == format || string(f) == firstFormat }

// Options say how to open a store.
type Options struct {
	Name     string        // of the node, when the store is made or refounded
	Version  string        // of the program, noted in the first entry
	Keys     *seal.Keyring // nil: identities stay sealed, and nothing can be written
	Clock    trace.Clock
	ReadOnly bool          // shares the lock with other readers
	Wait     time.Duration // for the lock; 0: one second
	MaxSize  int           // bytes the file may grow to; 0: no limit
	Reserve  int64         // bytes of the disk to keep for essential commands; 0: none
	// Trouble is told what keeps the store from writing, when that changes, and nil
	// when it writes again. It must not wait for the store.
	Trouble func(error)
	Refound bool // of a store that was restored: it begins a log of its own
	// Practice marks the log that is begun, for good: nothing in it is real.
	Practice bool

	steps <-chan struct{} // a test's: a step of a rebuild waits for each
}

// Errors of [Open].
var (
	// ErrInUse means that another process has the store open.
	ErrInUse = errors.New("the store is in use by another process")
	// ErrWrongKeys means that the keys at hand are not those of this store.
	ErrWrongKeys = errors.New("these keys are not the keys of this store")
	// ErrNotStore means that the file is no store, or one of a later program.
	ErrNotStore = errors.New("not an implantrace store")
)

// Store is a trace.Store in one file.
type Store struct {
	db     *file
	node   trace.NodeID
	ring   atomic.Pointer[seal.Keyring] // ask with keys()
	coming atomic.Pointer[seal.Keyring] // while every key is wrapped anew: opens what is wrapped either way
	clock  trace.Clock
	codec  journal.Codec
	fold   record.Fold
	// tables are what the record consists of. A test gives them other versions.
	tables []record.Projection

	queue   *queue
	reserve *reserve
	done    chan struct{} // the committer has ended
	kept    atomic.Uint64 // entries of this node that were acknowledged

	committed chan struct{} // something was committed

	rebuild rebuilder

	compacting sync.Mutex    // held while the store is compacted
	filled     atomic.Uint64 // lost entries that were put back

	trouble atomic.Pointer[error] // of the last write; nil when it was committed
	tell    func(error)           // of a change of it; nil: nobody is told
}

var _ trace.Store = (*Store)(nil)

// Exists reports whether a file is there.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Open opens the store in a file, and makes it when there is none (unless
// read-only). It fails with [ErrInUse], [ErrWrongKeys], [ErrNotStore] or
// [ErrDamaged], or with what the file system says.
func Open(path string, o Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Wait == 0 {
		o.Wait = time.Second
	}
	info, err := os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err == nil && info.Size() == 0 {
		// bbolt would make a new store of it. A store that has lost its content
		// must not begin again as if nothing had been recorded.
		return nil, fmt.Errorf("%s: %w (the file is empty)", path, ErrNotStore)
	}
	if fresh && o.ReadOnly {
		return nil, fmt.Errorf("there is no store at %s", path)
	}
	if fresh && o.Keys == nil {
		return nil, errors.New("a new store wants keys")
	}
	options := bbolt.Options{Timeout: o.Wait, FreelistType: bbolt.FreelistMapType, ReadOnly: o.ReadOnly, MaxSize: o.MaxSize, PreLoadFreelist: !o.ReadOnly}
	codec := journal.NewCodec()
	s := &Store{clock: o.Clock, codec: codec, fold: record.Fold{Codec: codec}, tables: record.Tables(), queue: newQueue(), done: make(chan struct{}), committed: make(chan struct{}, 1), tell: o.Trouble}
	s.ring.Store(o.Keys)
	if fresh {
		o.Refound = false
		err := makeFile(path, options, func(f *file) error { s.db = f; return s.prepare(o) })
		if err != nil {
			return nil, err
		}
	}
	if s.db, err = openFile(path, options); err != nil {
		return nil, err
	}
	if err := carefully(path, func() error { return s.prepare(o) }); err != nil {
		if errors.Is(err, ErrDamaged) { // letting go of it could panic again, or wait for ever
			return nil, err
		}
		return nil, errors.Join(err, s.db.Close())
	}
	s.db.agrees = s.hasKept
	if !o.ReadOnly {
		_ = discard(path + compactName) // of a process that was killed; what stays is in nobody's way
	}
	s.reserve = &reserve{}
	if !o.ReadOnly && o.Reserve > 0 {
		s.reserve = openReserve(filepath.Join(filepath.Dir(path), ReserveName), o.Reserve)
	}
	go s.commitLoop()
	if !o.ReadOnly && o.Keys != nil {
		s.startRebuild(o.steps)
	}
	return s, nil
}

// prepare checks or makes the frame of the file.
func (s *Store) prepare(o Options) error {
	if o.ReadOnly {
		return s.db.View(func(tx *bbolt.Tx) error { return s.check(tx) })
	}
	err := s.db.Update(func(tx *bbolt.Tx) error {
		if tx.Bucket(bucketMeta) != nil {
			if err := s.check(tx); err != nil {
				return err
			}
			if meta := tx.Bucket(bucketMeta); string(meta.Get(metaFormat)) != format {
				if err := meta.Put(metaFormat, []byte(format)); err != nil {
					return err
				}
			}
			if tx.Bucket(bucketScrub) != nil { // the process ended while it scrubbed
				if err := tx.DeleteBucket(bucketScrub); err != nil {
					return err
				}
			}
			return s.beginRebuild(tx)
		}
		if k, _ := tx.Cursor().First(); k != nil {
			return fmt.Errorf("%s: %w (it is another program's)", s.db.Path(), ErrNotStore)
		}
		if s.keys() == nil {
			return errors.New("a new store wants keys")
		}
		for _, name := range buckets() {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(bucketMeta)
		rand.Read(s.node[:])
		print := s.keys().Fingerprint()
		for _, kv := range [][2][]byte{{metaFormat, []byte(format)}, {metaNode, s.node[:]}, {metaFingerprint, print[:]}} {
			if err := meta.Put(kv[0], kv[1]); err != nil {
				return err
			}
		}
		for _, p := range s.tables {
			if err := meta.Put(projectionKey(p.Table), []byte{p.Version}); err != nil {
				return err
			}
		}
		return s.begin(tx, o)
	})
	if err == nil {
		err = s.rebuildNeeded()
	}
	if err == nil && o.Refound {
		err = s.db.Update(func(tx *bbolt.Tx) error { return s.refound(tx, o) })
	}
	return err
}

func (s *Store) check(tx *bbolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		return fmt.Errorf("%s: %w", s.db.Path(), ErrNotStore)
	}
	if f := meta.Get(metaFormat); !knownFormat(f) {
		return fmt.Errorf("%s: %w (format %q, and this program knows those up to %q)", s.db.Path(), ErrNotStore, f, format)
	}
	if copy(s.node[:], meta.Get(metaNode)) != len(s.node) {
		return fmt.Errorf("%s: %w (no node id)", s.db.Path(), ErrNotStore)
	}
	if keys := s.keys(); keys != nil {
		if print := keys.Fingerprint(); !bytes.Equal(print[:], meta.Get(metaFingerprint)) {
			return fmt.Errorf("%s: %w", s.db.Path(), ErrWrongKeys)
		}
	}
	return nil
}

// hasKept reports an error when entries are gone that were acknowledged.
func (s *Store) hasKept(tx *bbolt.Tx) error {
	if size := (&transaction{store: s, tx: tx}).size(s.node); size < s.kept.Load() {
		return fmt.Errorf("%s: %w (it holds %d entries of this node, and %d were acknowledged)", s.db.path, ErrDamaged, size, s.kept.Load())
	}
	return nil
}

func projectionKey(t record.Table) []byte { return append(bytes.Clone(metaProjection), byte(t)) }

// buckets lists every bucket of a new store.
func buckets() [][]byte {
	names := [][]byte{bucketLog, bucketTree, bucketKeys, bucketMeta}
	for _, p := range record.Tables() {
		names = append(names, []byte{byte(p.Table)})
	}
	return names
}

// keys are the store's keys; nil: identities stay sealed.
func (s *Store) keys() *seal.Keyring { return s.ring.Load() }

// Keys are the keys that the store was opened with; nil: none.
func (s *Store) Keys() *seal.Keyring { return s.keys() }

// Node is the node whose log this store appends to.
func (s *Store) Node() trace.NodeID { return s.node }

// Path is the store's file.
func (s *Store) Path() string { return s.db.Path() }

// Lookups is trace.Hasher.
func (s *Store) Lookups(kind byte, value string) []trace.LookupHash {
	if keys := s.keys(); keys != nil {
		return keys.Lookups(kind, value)
	}
	return nil
}

// Close finishes what was taken and closes the file.
func (s *Store) Close() error {
	s.rebuild.stop()
	s.queue.close()
	<-s.done
	return s.db.Close()
}

// Size is the file's size in bytes.
func (s *Store) Size() (n int64) {
	_ = s.db.View(func(tx *bbolt.Tx) error { n = tx.Size(); return nil })
	return n
}

// renamesOpen is whether the system gives a file that is open another name.
const renamesOpen = runtime.GOOS != "windows"

// syncNames makes the names in a folder durable. sure is false where the file system
// does not say whether it did.
func syncNames(path string) (sure bool, err error) {
	if !renamesOpen {
		return false, nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return false, err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS) {
		return false, dir.Close()
	}
	return err == nil, errors.Join(err, dir.Close())
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	// Where a folder cannot be synced (Windows), the file system keeps names
	// durable by itself.
	_ = dir.Sync()
	return dir.Close()
}
