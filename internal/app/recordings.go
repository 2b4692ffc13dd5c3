package app

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"implantrace/api"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// recordingsFolder is where recordings of handhelds are, in the data folder. They are
// no part of the record: nobody knows whose numbers are in them, so that no erasure
// of a patient could find them in a journal that forgets nothing. As files they are
// sealed under the node's key, deleted one by one, and in no backup or second copy.
const recordingsFolder = "recordings"

const (
	recordingLongest = time.Hour
	recordingsMost   = 50 // that are kept
	// recordingMost is how many bytes a handheld sends until its recording is full:
	// some 10,000 readings.
	recordingMost = 1 << 20
	// piecesMost bounds what noise, a byte at a time, makes of a recording.
	piecesMost = 200_000
)

// recordings are those of a node's handhelds.
type recordings struct {
	dir     string
	keys    func() *seal.Keyring
	now     func() time.Time
	config  func(scanner string) (scanner.SerialConfig, bool)
	trouble func(error)

	mu   sync.Mutex
	on   map[string]*recording // that go on, by handheld
	kept map[trace.EventID]api.Recorded
}

type recording struct {
	what scanner.Recording
	info api.Recorded
	over *time.Timer
}

// newRecordings finds the recordings that are kept in a data folder.
func newRecordings(data string, keys func() *seal.Keyring, now func() time.Time, config func(string) (scanner.SerialConfig, bool), trouble func(error)) (*recordings, error) {
	r := &recordings{dir: filepath.Join(data, recordingsFolder), keys: keys, now: now, config: config, trouble: trouble,
		on: make(map[string]*recording), kept: make(map[trace.EventID]api.Recorded)}
	files, err := os.ReadDir(r.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the recordings of handhelds cannot be listed: %w", err)
	}
	for _, f := range files {
		id, err := trace.ParseID[trace.OfEvent](strings.TrimSuffix(f.Name(), ".age"))
		if err != nil || r.file(id) != filepath.Join(r.dir, f.Name()) {
			continue
		}
		rec, err := r.read(id)
		info := api.Recorded{ID: id, Scanner: rec.Scanner, Started: rec.Started, Until: rec.Started.Add(rec.Length), Bytes: rec.Bytes(), Ended: string(rec.Ended)}
		if err != nil { // other keys, or a file that is spoiled: it can be deleted all the same
			info.Locked, info.Ended = true, string(scanner.EndedNode)
			if about, err := f.Info(); err == nil {
				info.Started, info.Until = about.ModTime(), about.ModTime()
			}
		}
		r.kept[id] = info
	}
	return r, nil
}

func (r *recordings) file(id trace.EventID) string { return filepath.Join(r.dir, id.String()+".age") }

// Start is [api.Recordings]'.
func (r *recordings) Start(id trace.EventID, name string, long time.Duration) (api.Recorded, error) {
	if long < time.Minute || long > recordingLongest {
		return api.Recorded{}, trace.Errorf(trace.Invalid, "A recording takes 1 to %d minutes.", int(recordingLongest.Minutes()))
	}
	c, ok := r.config(name)
	if !ok {
		return api.Recorded{}, trace.Errorf(trace.NotFound, "No handheld is called %s here.", name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.kept[id]; ok {
		return same(k, name)
	}
	if on := r.on[name]; on != nil {
		if on.info.ID == id {
			return on.info, nil
		}
		return api.Recorded{}, trace.Errorf(trace.Conflict, "What %s sends is being recorded already. Stop that first.", name)
	}
	if len(r.kept)+len(r.on) >= recordingsMost {
		return api.Recorded{}, trace.Errorf(trace.Conflict, "%d recordings are kept. Delete those that nobody needs.", recordingsMost)
	}
	now := r.now()
	n := &recording{what: scanner.NewRecording(c, now), info: api.Recorded{ID: id, Scanner: name, Started: now, Until: now.Add(long)}}
	n.over = time.AfterFunc(long, func() { r.finish(name, id, scanner.EndedTime) })
	r.on[name] = n
	return n.info, nil
}

func same(k api.Recorded, name string) (api.Recorded, error) {
	if k.Scanner != name {
		return k, trace.Errorf(trace.Conflict, "This id was used before, for another recording.")
	}
	return k, nil
}

// heard takes what a handheld sent.
func (r *recordings) heard(name string, p []byte) {
	r.add(name, scanner.Piece{Bytes: p})
}

// gone notes that a handheld's connection ended.
func (r *recordings) gone(name string) { r.add(name, scanner.Piece{Gone: true}) }

func (r *recordings) add(name string, p scanner.Piece) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.on[name]
	if n == nil {
		return
	}
	room := recordingMost - n.info.Bytes
	full := len(p.Bytes) > room || len(n.what.Pieces) >= piecesMost
	p.Bytes = bytes.Clone(p.Bytes[:min(room, len(p.Bytes))])
	p.At = r.now().Sub(n.what.Started).Truncate(time.Millisecond)
	if last := len(n.what.Pieces); last > 0 {
		p.At = max(p.At, n.what.Pieces[last-1].At) // a clock that was put back
	}
	if p.At = max(p.At, 0); len(p.Bytes) > 0 || p.Gone {
		n.what.Pieces = append(n.what.Pieces, p)
		n.info.Bytes += len(p.Bytes)
	}
	if full {
		go r.finish(name, n.info.ID, scanner.EndedSize)
	}
}

// finish ends the recording of a handheld and seals it.
func (r *recordings) finish(name string, id trace.EventID, why scanner.Ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.on[name]
	if n == nil || n.info.ID != id {
		return
	}
	n.over.Stop()
	delete(r.on, name)
	n.what.Length, n.what.Ended = max(r.now().Sub(n.what.Started), 0).Truncate(time.Millisecond), why
	if last := len(n.what.Pieces); last > 0 {
		n.what.Length = max(n.what.Length, n.what.Pieces[last-1].At)
	}
	n.info.Ended, n.info.Until = string(why), n.what.Started.Add(n.what.Length)
	if err := r.write(id, n.what); err != nil {
		r.trouble(fmt.Errorf("the recording of %s was lost: %w", name, err))
		return
	}
	r.kept[id] = n.info
}

// write seals a recording into its file, which is there whole or not at all.
func (r *recordings) write(id trace.EventID, what scanner.Recording) error {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	keys := r.keys()
	if keys == nil {
		return errors.New("the node's keys are not there")
	}
	f, err := os.CreateTemp(r.dir, ".recording-*")
	if err != nil {
		return err
	}
	err = func() error {
		w, err := age.Encrypt(f, keys.Age())
		if err != nil {
			return err
		}
		return errors.Join(what.Write(w), w.Close(), f.Sync())
	}()
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), r.file(id))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (r *recordings) read(id trace.EventID) (what scanner.Recording, err error) {
	f, err := os.Open(r.file(id))
	if err != nil {
		return what, err
	}
	defer f.Close()
	keys := r.keys()
	if keys == nil {
		return what, errors.New("the node's keys are not there")
	}
	plain, err := age.Decrypt(f, keys.Age())
	if err != nil {
		return what, seal.Unsealed(err)
	}
	return scanner.ReadRecording(plain)
}

// Stop is [api.Recordings]'.
func (r *recordings) Stop(id trace.EventID) (api.Recorded, error) {
	name, err := r.going(id)
	if err != nil {
		return api.Recorded{}, err
	}
	if name != "" {
		r.finish(name, id, scanner.EndedStopped)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.kept[id]
	if !ok {
		return k, trace.Errorf(trace.ReadOnly, "The recording could not be kept: see the node's log.")
	}
	return k, nil
}

// going is the handheld of a recording that goes on, "" of one that has ended.
func (r *recordings) going(id trace.EventID) (name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, n := range r.on {
		if n.info.ID == id {
			return name, nil
		}
	}
	if _, ok := r.kept[id]; !ok {
		return "", trace.Errorf(trace.NotFound, "There is no such recording.")
	}
	return "", nil
}

// All is [api.Recordings]'.
func (r *recordings) All() (all []api.Recorded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.on {
		all = append(all, n.info)
	}
	for _, k := range r.kept {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b api.Recorded) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(a.ID.String(), b.ID.String()))
	})
	return all
}

// Open is [api.Recordings]'.
func (r *recordings) Open(id trace.EventID, w io.Writer) (api.Recorded, error) {
	name, err := r.going(id)
	if err != nil {
		return api.Recorded{}, err
	}
	if name != "" {
		return api.Recorded{}, trace.Errorf(trace.Conflict, "This recording goes on. Stop it first.")
	}
	what, err := r.read(id)
	if err != nil {
		return api.Recorded{}, trace.Errorf(trace.Conflict, "This recording cannot be opened: %w", err)
	}
	r.mu.Lock()
	k := r.kept[id]
	r.mu.Unlock()
	return k, what.Write(w)
}

// Delete is [api.Recordings]'.
func (r *recordings) Delete(id trace.EventID) error {
	name, err := r.going(id)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.on[name]; n != nil && n.info.ID == id {
		n.over.Stop()
		delete(r.on, name)
		return nil
	}
	if err := os.Remove(r.file(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(r.kept, id)
	return nil
}

// close ends those that go on.
func (r *recordings) close() {
	r.mu.Lock()
	going := make(map[string]trace.EventID)
	for name, n := range r.on {
		going[name] = n.info.ID
	}
	r.mu.Unlock()
	for name, id := range going {
		r.finish(name, id, scanner.EndedNode)
	}
}
