package backup

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"filippo.io/age"

	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// Source is what a second copy is made from: a store.
type Source interface {
	Node() trace.NodeID
	Keys() *seal.Keyring
	// Heads gives each log with its size.
	Heads(ctx context.Context) ([]trace.TreeHead, error)
	// Ship gives the next stretch of a log; without rows when there is no more.
	Ship(ctx context.Context, from trace.Position) (trace.Shipment, error)
	// SubjectKeys gives a page of the wrapped keys from behind a name on, and the
	// name to go on from; "" at the end.
	SubjectKeys(ctx context.Context, after string) ([]trace.SubjectKey, string, error)
	// KeyringChanges counts what makes wrapped keys that lie elsewhere out of date.
	KeyringChanges(ctx context.Context) (uint64, error)
	Recovery(ctx context.Context) ([]trace.Recipient, error)
	// Committed tells that something was committed since it last told.
	Committed() <-chan struct{}
}

// Status says how far a second copy has come.
type Status struct {
	Shipped uint64    // entries in the copy
	Behind  uint64    // entries that are not in it yet
	Last    time.Time // when the last entry in it was recorded; zero when there is none
	At      time.Time // when the copy was last seen to be up to date
	Since   time.Time // since when it has been behind; zero when it is up to date
	Fault   string    // what keeps it from being written; "" when nothing does
}

// Shipper keeps a second copy of a store: what is committed is appended there
// afterwards, so that no answer waits for it. Nothing is kept in memory: where
// it has come to is read from the copy, and what comes next from the journal.
type Shipper struct {
	Source Source
	Name   string // of the node
	To     string // a folder that is there: on another disk, or a share
	// ID is what the copy in that folder is known by, from [Prepare].
	ID    string
	Clock trace.Clock
	// Changed is called when the copy fails, and when it works again.
	Changed func()

	mu     sync.Mutex
	status Status

	// What follows is of the goroutine that runs.
	log, keys *segment
	keysAt    [2]uint64
	changes   uint64
	next      map[trace.NodeID]uint64
	shipped   map[[24]byte]bool // keys that are in this generation already, as far as that is remembered
}

// keysRemembered bounds what is remembered of keys that were shipped.
const keysRemembered = 1 << 16

// marker is the file that tells this copy from another in its place.
type marker struct {
	ID   string       `json:"id"`
	Node trace.NodeID `json:"node"`
}

// ErrNotMounted means that the folder of the second copy is there, and the copy
// is not: most likely a disk or share that is not mounted.
var ErrNotMounted = errors.New("the folder is there, and the copy that was in it is not: is the disk or share mounted?")

// Prepare makes the node's folder in a second copy and gives the id it is known
// by from then on. One that is there keeps its id.
func Prepare(to string, node trace.NodeID) (id string, err error) {
	if info, err := os.Stat(to); err != nil {
		return "", fmt.Errorf("the folder of the second copy: %w", err)
	} else if !info.IsDir() {
		return "", fmt.Errorf("the second copy wants a folder, and %s is none", to)
	}
	dir := filepath.Join(to, FolderName(node))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if id, err := readMarker(dir); err == nil {
		return id, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	id = hex.EncodeToString(random(16))
	b, err := json.Marshal(marker{ID: id, Node: node})
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, markerName+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(append(b, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, markerName))
	}
	return id, err
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func readMarker(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, markerName))
	if err != nil {
		return "", err
	}
	var m marker
	if err := json.Unmarshal(b, &m); err != nil || m.ID == "" {
		return "", fmt.Errorf("%s is damaged", filepath.Join(dir, markerName))
	}
	return m.ID, nil
}

// Status says how far the copy has come.
func (s *Shipper) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

const (
	lookEvery  = 10 * time.Second // that the copy is looked for while nothing is to be shipped
	retryFirst = time.Second      // after a failure, twice as long each time
	retryLast  = 30 * time.Second
)

// Run ships until ctx is done. What fails is in the status, and is tried again.
func (s *Shipper) Run(ctx context.Context) {
	defer s.letGo()
	wait := retryFirst
	for ctx.Err() == nil {
		err := s.catchUp(ctx)
		if ctx.Err() != nil {
			return
		}
		s.note(err)
		timer := time.NewTimer(lookEvery)
		if err != nil {
			s.letGo()
			timer.Reset(wait)
			wait = min(2*wait, retryLast)
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
			timer.Stop()
			continue
		}
		wait = retryFirst
		select {
		case <-s.Source.Committed():
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// note says how the last attempt ended.
func (s *Shipper) note(err error) {
	fault := ""
	if err != nil {
		fault = faultOf(err)
	}
	s.mu.Lock()
	changed := s.status.Fault != fault
	s.status.Fault = fault
	s.mu.Unlock()
	if changed && s.Changed != nil {
		s.Changed()
	}
}

// faultOf says what keeps a copy from being written without the names of
// folders.
func faultOf(err error) string {
	switch {
	case errors.Is(err, ErrNotMounted):
		return ErrNotMounted.Error()
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return "the disk or share is full"
	case errors.Is(err, fs.ErrNotExist):
		return "the disk or share is not there"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "the disk or share cannot be written"
	}
	return "the disk or share does not take it"
}

func (s *Shipper) dir() string { return filepath.Join(s.To, FolderName(s.Source.Node())) }

// letGo closes the segments. What was written stands; the next attempt begins
// others.
func (s *Shipper) letGo() {
	for _, g := range []*segment{s.log, s.keys} {
		if g == nil {
			continue
		}
		_ = g.close() // what was to be durable was synced
		if !g.useful {
			_ = os.Remove(g.file.Name()) // as on a full disk, over and over
		}
	}
	s.log, s.keys, s.next, s.shipped = nil, nil, nil, nil
}

// catchUp brings the copy to where the store is.
func (s *Shipper) catchUp(ctx context.Context) error {
	heads, err := s.Source.Heads(ctx)
	if err != nil {
		return err
	}
	if s.next == nil {
		s.measure(heads, nil) // what is behind, before the copy is looked at
		if err := s.open(ctx); err != nil {
			return err
		}
	}
	if id, err := readMarker(s.dir()); err != nil {
		return err
	} else if id != s.ID {
		return ErrNotMounted
	}
	s.measure(heads, s.next)
	if err := s.freshKeys(ctx); err != nil {
		return err
	}
	for {
		moved := false
		for _, h := range heads {
			for s.next[h.Node] < h.Size {
				if err := ctx.Err(); err != nil {
					return err
				}
				shipment, err := s.Source.Ship(ctx, trace.Position{Node: h.Node, Seq: s.next[h.Node]})
				if err != nil {
					return err
				}
				if len(shipment.Rows) == 0 {
					break
				}
				if err := s.ship(ctx, shipment); err != nil {
					return err
				}
				moved = true
				s.measure(heads, s.next)
			}
		}
		if !moved {
			s.measure(heads, s.next)
			return nil
		}
		if heads, err = s.Source.Heads(ctx); err != nil {
			return err
		}
	}
}

// measure notes how far the copy is behind; next is nil while that is not known.
func (s *Shipper) measure(heads []trace.TreeHead, next map[trace.NodeID]uint64) {
	var shipped, behind uint64
	for _, h := range heads {
		shipped += next[h.Node]
		if h.Size > next[h.Node] {
			behind += h.Size - next[h.Node]
		}
	}
	now := s.Clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if next == nil {
		// It was as far as it was when it was last seen.
		if total := shipped + behind; total >= s.status.Shipped {
			s.status.Behind = total - s.status.Shipped
		}
	} else {
		s.status.Shipped, s.status.Behind = shipped, behind
	}
	switch {
	case s.status.Behind == 0 && next != nil:
		s.status.At, s.status.Since = now, time.Time{}
	case s.status.Behind > 0 && s.status.Since.IsZero():
		s.status.Since = now
	}
}

// ship appends a shipment: its keys first, so that no entry stands in the copy
// whose key does not.
func (s *Shipper) ship(ctx context.Context, shipment trace.Shipment) error {
	var fresh []trace.SubjectKey
	for _, k := range shipment.Keys {
		if !s.shipped[keyID(k)] {
			fresh = append(fresh, k)
		}
	}
	shipment.Keys = nil
	if len(fresh) > 0 {
		if s.keys == nil {
			if err := s.morePart(ctx); err != nil {
				return err
			}
		}
		if err := appendFrame(s.keys, keysFrame{Keys: fresh}); err != nil {
			return err
		}
		if err := s.keys.sync(); err != nil {
			return err
		}
		s.keys.useful = true
		if len(s.shipped) > keysRemembered {
			clear(s.shipped)
		}
		for _, k := range fresh {
			s.shipped[keyID(k)] = true
		}
	}
	if s.log == nil || s.log.size > segmentBig {
		if err := s.moreLog(); err != nil {
			return err
		}
	}
	if err := appendFrame(s.log, logFrame{Shipment: &shipment}); err != nil {
		return err
	}
	if err := s.log.sync(); err != nil {
		return err
	}
	s.log.useful = true
	s.next[shipment.Node] = shipment.Next()
	s.mu.Lock()
	defer s.mu.Unlock()
	if shipment.Until.After(s.status.Last) {
		s.status.Last = shipment.Until
	}
	return nil
}

func keyID(k trace.SubjectKey) (id [24]byte) {
	copy(id[:], k.Subject[:])
	copy(id[16:], k.Node[:])
	return id
}

func appendFrame(s *segment, f any) error {
	b, err := codec.Marshal(f)
	if err != nil {
		return err
	}
	return s.append(b)
}

// open finds out where the copy has come to.
func (s *Shipper) open(ctx context.Context) error {
	dir := s.dir()
	if id, err := readMarker(dir); err != nil {
		if _, serr := os.Stat(s.To); serr == nil && errors.Is(err, fs.ErrNotExist) {
			return ErrNotMounted
		}
		return err
	} else if id != s.ID {
		return ErrNotMounted
	}
	l, err := list(dir)
	if err != nil {
		return err
	}
	next, last, err := s.position(dir, l)
	if err != nil {
		return err
	}
	s.next, s.shipped = next, make(map[[24]byte]bool)
	if s.changes, s.keysAt, err = s.keysPosition(dir, l); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last.After(s.status.Last) {
		s.status.Last = last
	}
	return nil
}

// position is the place behind the last entry of each log in the copy. The last
// segment with a whole frame tells: its first says where the ones before it end.
func (s *Shipper) position(dir string, l listing) (next map[trace.NodeID]uint64, last time.Time, err error) {
	key := s.Source.Keys().CopyKey()
	for i := len(l.logs) - 1; i >= 0; i-- {
		next = nil
		if _, err := readLog(logPath(dir, l.logs[i]), key, func(f logFrame) error {
			if next == nil {
				next = make(map[trace.NodeID]uint64)
			}
			for _, p := range f.Start {
				next[p.Node] = p.Seq
			}
			if f.Shipment != nil {
				next[f.Shipment.Node] = f.Shipment.Next()
				last = f.Shipment.Until
			}
			return nil
		}); err != nil {
			return nil, last, err
		}
		if next != nil {
			return next, last, nil
		}
	}
	return make(map[trace.NodeID]uint64), last, nil
}

// keysPosition finds the last generation of keys that is whole and of the keys
// at hand; none is generation 0.
func (s *Shipper) keysPosition(dir string, l listing) (changes uint64, at [2]uint64, err error) {
	if len(l.keys) == 0 {
		return 0, at, nil
	}
	at = l.keys[len(l.keys)-1]
	whole := false
	g, _, err := readKeys(keysPath(dir, [2]uint64{at[0], 1}), []age.Identity{s.Source.Keys().Age()}, func(_ generation, f keysFrame) error {
		whole = whole || f.Whole
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && !whole {
		return ^uint64(0), at, nil // of no use: another is written behind it
	}
	if err != nil {
		// It does not open for the keys of today: another is written.
		var path *fs.PathError
		if errors.As(err, &path) {
			return 0, at, err
		}
		return ^uint64(0), at, nil
	}
	return g.Changes, at, nil
}

// freshKeys writes a new generation of keys where there is none, or where the
// one that is there is out of date, and removes what it takes the place of.
func (s *Shipper) freshKeys(ctx context.Context) error {
	changes, err := s.Source.KeyringChanges(ctx)
	if err != nil {
		return err
	}
	if s.keysAt[0] > 0 && changes == s.changes {
		return nil
	}
	at := [2]uint64{s.keysAt[0] + 1, 1}
	g, err := s.generation(ctx, changes, at)
	if err != nil {
		return err
	}
	ok := false
	defer func() {
		if !ok {
			_ = errors.Join(g.close(), os.Remove(keysPath(s.dir(), at))) // half a generation is none
		}
	}()
	for after := ""; ; {
		page, next, err := s.Source.SubjectKeys(ctx, after)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			if err := appendFrame(g, keysFrame{Keys: page}); err != nil {
				return err
			}
		}
		if after = next; after == "" {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := appendFrame(g, keysFrame{Whole: true}); err != nil {
		return err
	}
	if err := g.sync(); err != nil {
		return err
	}
	if err := syncFolder(s.dir()); err != nil {
		return err
	}
	ok, g.useful = true, true
	if s.keys != nil {
		_ = s.keys.close() // it is removed next
	}
	s.keys, s.keysAt, s.changes = g, at, changes
	clear(s.shipped)
	l, err := list(s.dir())
	if err != nil {
		return err
	}
	for _, old := range l.keys {
		if old[0] < at[0] {
			if err := os.Remove(keysPath(s.dir(), old)); err != nil {
				return err
			}
		}
	}
	return syncFolder(s.dir())
}

// generation begins a segment of keys.
func (s *Shipper) generation(ctx context.Context, changes uint64, at [2]uint64) (*segment, error) {
	recovery, err := s.Source.Recovery(ctx)
	if err != nil {
		return nil, err
	}
	keys := s.Source.Keys()
	recipients, err := keys.Recipients(recovery)
	if err != nil {
		return nil, err
	}
	g := generation{Changes: changes, Keyring: keys.Bytes(), Key: random(32), Name: s.Name, Recovery: recovery}
	head, err := g.head(recipients)
	if err != nil {
		return nil, err
	}
	return newSegment(keysPath(s.dir(), at), head, g.Key)
}

// morePart begins another part of the generation.
func (s *Shipper) morePart(ctx context.Context) (err error) {
	at := [2]uint64{s.keysAt[0], s.keysAt[1] + 1}
	if s.keys, err = s.generation(ctx, s.changes, at); err != nil {
		return err
	}
	s.keysAt = at
	return syncFolder(s.dir())
}

// moreLog begins another log segment.
func (s *Shipper) moreLog() error {
	if s.log != nil {
		if err := s.log.close(); err != nil {
			return err
		}
		s.log = nil
	}
	l, err := list(s.dir())
	if err != nil {
		return err
	}
	n := uint64(1)
	if len(l.logs) > 0 {
		n = l.logs[len(l.logs)-1] + 1
	}
	g, err := newSegment(logPath(s.dir(), n), nil, s.Source.Keys().CopyKey())
	if err != nil {
		return err
	}
	f := logFrame{Start: []trace.Position{}}
	for node, seq := range s.next {
		f.Start = append(f.Start, trace.Position{Node: node, Seq: seq})
	}
	if err := appendFrame(g, f); err != nil {
		return errors.Join(err, g.close(), os.Remove(logPath(s.dir(), n)))
	}
	s.log = g
	return syncFolder(s.dir())
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	// Shares and Windows keep names by themselves where a folder cannot be synced.
	_ = dir.Sync()
	return dir.Close()
}
