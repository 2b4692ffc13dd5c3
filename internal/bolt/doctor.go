package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// RecoverOptions say how to recover.
type RecoverOptions struct {
	Keys    *seal.Keyring // nil: nothing sealed is opened, and the new store is for reading only
	Name    string        // of the node, where the file does not tell
	Version string        // of the program
	Clock   trace.Clock
	// Unproved takes in entries that can be read and that nothing is left to
	// prove by, too.
	Unproved bool
	// Trust are checkpoints that were kept outside: where all entries of one are
	// left, it proves each of them, and it tells how many there were.
	Trust    trace.Trust
	Progress func(done, total int64) // bytes of the damaged file; nil: nobody asks
}

// Recover makes a new store of what a damaged file still holds, and never
// writes to that file. It reads the whole file, free pages among it, finds every
// entry by its bytes, and takes in those that a hash of the tree proves. An
// entry keeps its place in its log. The place of one that is gone is kept as
// well, with the hash of it where that is left, so that the log still comes to
// its root. Where anything is lost, or the end of the log is not certain, the
// new store begins a log of its own, with an entry that says what is lost.
//
// to must not exist. The new store gets its name when it is whole.
func Recover(ctx context.Context, from, to string, o RecoverOptions) (r trace.Recovery, err error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if Exists(to) {
		return r, fmt.Errorf("%s exists already and is not overwritten", to)
	}
	f, err := os.Open(from)
	if err != nil {
		return r, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return r, err
	}
	if !info.Mode().IsRegular() {
		return r, fmt.Errorf("%s: %w (it is no file)", from, ErrNotStore)
	}
	release, err := share(from)
	if err != nil {
		return r, err
	}
	defer release()
	r = trace.Recovery{Logs: []trace.RecoveredLog{}, Unproved: []trace.Position{}, KeysGone: []string{}, Damage: []trace.Finding{}}
	d := &doctor{report: r, RecoverOptions: o, codec: journal.NewCodec(), r: f, size: info.Size(), names: make(map[trace.NodeID]string),
		found: make(map[trace.Position][]candidate), walked: make(map[trace.Position]tlog.Hash), ends: make(map[trace.NodeID]uint64), hashes: make(map[trace.NodeID]map[uint64][]tlog.Hash),
		keys: make(map[string][]byte), sizes: make(map[trace.NodeID]uint64)}
	if err := d.look(ctx); err != nil {
		return r, err
	}
	d.outside()
	if err := d.choose(ctx); err != nil {
		return r, err
	}
	if d.report.Recovered == 0 {
		return d.report, fmt.Errorf("%s: %w: no entry in it can be recovered", from, ErrNotStore)
	}
	return d.report, d.build(ctx, to)
}

// candidate is bytes of the damaged file that are the row of an entry.
type candidate struct {
	at   int64
	size int
	hash tlog.Hash // of its leaf
}

type doctor struct {
	RecoverOptions
	codec  journal.Codec
	r      io.ReaderAt
	size   int64
	survey *survey // nil where neither meta is left
	sure   bool    // the end of every log is certain

	node     trace.NodeID // whose store it was; zero: not known
	print    []byte       // fingerprint of its keys
	recovery []byte       // the setting of that name
	names    map[trace.NodeID]string

	found  map[trace.Position][]candidate
	walked map[trace.Position]tlog.Hash // what the newest meta leads to
	ends   map[trace.NodeID]uint64      // the last place of each log that it leads to
	hashes map[trace.NodeID]map[uint64][]tlog.Hash
	keys   map[string][]byte // wrapped, by name

	logs   []*recoveredLog
	sizes  map[trace.NodeID]uint64 // that logs had, by checkpoints from outside
	report trace.Recovery
}

// recoveredLog is what is chosen for one log.
type recoveredLog struct {
	trace.RecoveredLog
	chosen map[uint64]candidate
	bare   map[uint64]bool
}

// look reads everything that the file holds.
func (d *doctor) look(ctx context.Context) error {
	if file, err := newest(d.r, d.size); err == nil {
		d.survey = take(file, true, func(where, what string) {
			if len(d.report.Damage) < findingsMost {
				d.report.Damage = append(d.report.Damage, trace.Finding{Where: where, What: what})
			}
		})
		_, errs := metas(d.r)
		d.sure = errs[0] == nil && errs[1] == nil && !d.survey.damaged[""] && !d.survey.damaged[string(bucketLog)] && !d.survey.damaged[string(bucketTree)]
		d.settings()
		for k, row := range d.survey.rows(bucketLog) {
			if len(k) != 16 {
				continue
			}
			at := record.PositionOf(k)
			d.ends[at.Node] = max(d.ends[at.Node], at.Seq)
			if _, leaf, _ := d.codec.DecodeRow(row); leaf != nil {
				d.walked[at] = tlog.RecordHash(leaf)
			}
		}
		for k, h := range d.survey.rows(bucketTree) {
			switch {
			case len(k) == hashKeySize && len(h) == tlog.HashSize:
				d.hash(trace.NodeID(k[:8]), binary.BigEndian.Uint64(k[8:]), tlog.Hash(h))
			case len(k) == tileKeySize:
				d.tile(k, h)
			}
		}
		for k, wrapped := range d.survey.rows(bucketKeys) {
			d.key(k, wrapped)
		}
	} else {
		d.report.Damage = append(d.report.Damage, trace.Finding{Where: "the first two pages", What: "are no valid meta pages: the whole file is searched"})
	}
	nodes := make(map[trace.NodeID]uint64) // and the greatest place seen
	if err := d.pieces(ctx, func(b []byte, at int64, own int) {
		d.codec.Carve(b, func(c journal.Carved) {
			if c.At >= own {
				return // of the next piece
			}
			is := candidate{at: at + int64(c.At), size: len(c.Row), hash: tlog.RecordHash(c.Leaf)}
			if !slices.ContainsFunc(d.found[c.Position], func(o candidate) bool { return o.hash == is.hash && o.size == is.size && d.same(o, c.Row) }) {
				d.found[c.Position] = append(d.found[c.Position], is)
			}
			nodes[c.Node] = max(nodes[c.Node], c.Seq)
		})
	}); err != nil {
		return err
	}
	if d.survey != nil && !d.survey.damaged[string(bucketTree)] && !d.survey.damaged[""] {
		return nil
	}
	// Hashes in pages that no way leads to any more.
	return d.pieces(ctx, func(b []byte, at int64, own int) {
		for node, last := range nodes {
			for from := 0; ; {
				i := bytes.Index(b[from:], node[:])
				if i < 0 || from+i >= own {
					break
				}
				d.carveHashes(b[from+i:], node, last)
				from += i + 1
			}
		}
	})
}

// carveHashes takes the hashes that stand behind the id of a node, if that is a key
// of the tree. Rows lie close together: the next begins with the node's id too, and
// how far away it is tells which kind this one is. What stands behind the last of a
// page is taken for either.
func (d *doctor) carveHashes(b []byte, node trace.NodeID, last uint64) {
	const most = tileKeySize + journal.TileWidth*tlog.HashSize
	long := bytes.Index(b[8:min(len(b), most+8)], node[:]) + 8
	if len(b) >= hashKeySize+tlog.HashSize && (long < 8 || long == hashKeySize+tlog.HashSize) {
		if index := binary.BigEndian.Uint64(b[8:]); index < 2*last+2 {
			d.hash(node, index, tlog.Hash(b[hashKeySize:hashKeySize+tlog.HashSize]))
		}
	}
	if len(b) < tileKeySize || long >= 8 && (long-tileKeySize)%tlog.HashSize != 0 {
		return
	}
	if long < 8 {
		long = min(len(b), most)
	}
	_, level, n := tileOf(b)
	if level > tileLevelMost || n > last>>(journal.TileHeight*(level+1)) {
		return
	}
	d.tile(b[:tileKeySize], b[tileKeySize:max(long, tileKeySize)])
}

// tile takes the hashes of a tile.
func (d *doctor) tile(key, hashes []byte) {
	node, level, n := tileOf(key)
	if level > tileLevelMost || n > 1<<58>>(journal.TileHeight*level) {
		return
	}
	for i := uint64(0); len(hashes) >= tlog.HashSize && i < journal.TileWidth && !zeroes(hashes[:tlog.HashSize]); i++ {
		d.hash(node, uint64(tlog.StoredHashIndex(journal.TileHeight*level, int64(n*journal.TileWidth+i))), tlog.Hash(hashes[:tlog.HashSize]))
		hashes = hashes[tlog.HashSize:]
	}
}

// outside takes checkpoints for proofs.
func (d *doctor) outside() {
	o := gather(d.Trust, d.node, d.Keys, func(where, what string) {
		d.report.Damage = append(d.report.Damage, trace.Finding{Where: where, What: what})
	}, func(string, ...any) {})
	for _, h := range o.held {
		if h.Signer == "" {
			continue
		}
		d.sizes[h.Log] = max(d.sizes[h.Log], h.Size)
		leaves, whole := []tlog.Hash{}, true
		peaks := []tlog.Hash{}
		for seq := uint64(0); seq < h.Size && whole; seq++ {
			var leaf tlog.Hash
			if leaf, whole = d.subtree(h.Log, 0, seq); whole {
				leaves, peaks = append(leaves, leaf), grown(peaks, seq, leaf)
			}
		}
		if whole && trace.Hash(rootOf(peaks)) == h.Root {
			for seq, leaf := range leaves {
				d.hash(h.Log, uint64(tlog.StoredHashIndex(0, int64(seq))), leaf)
			}
		}
	}
}

func (d *doctor) same(c candidate, row []byte) bool {
	b, err := d.row(c)
	return err == nil && bytes.Equal(b, row)
}

func (d *doctor) row(c candidate) ([]byte, error) {
	b := make([]byte, c.size)
	_, err := d.r.ReadAt(b, c.at)
	return b, err
}

const (
	pieceSize = 32 << 20
	// pieceMore is as long as a row may be that begins at the end of a piece.
	pieceMore = 8 << 20
)

// pieces hands the file out in pieces. What begins in the first own bytes of
// one is its own; the rest is where that may end.
func (d *doctor) pieces(ctx context.Context, use func(b []byte, at int64, own int)) error {
	buf := make([]byte, min(d.size, pieceSize+pieceMore))
	for at := int64(0); at < d.size; at += pieceSize {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := d.r.ReadAt(buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			// A sector that cannot be read: what stands around it may.
			if n, err = d.around(buf, at); err != nil {
				return err
			}
		}
		use(buf[:n], at, min(n, pieceSize))
		if d.Progress != nil {
			d.Progress(min(at+pieceSize, d.size), d.size)
		}
	}
	return nil
}

// around reads a piece block by block, with zeroes for what cannot be read.
func (d *doctor) around(buf []byte, at int64) (int, error) {
	const block = 4096
	size := int(min(int64(len(buf)), d.size-at))
	for i := 0; i < size; i += block {
		part := buf[i:min(i+block, size)]
		if _, err := d.r.ReadAt(part, at+int64(i)); err != nil {
			clear(part)
			if len(d.report.Damage) < findingsMost {
				d.report.Damage = append(d.report.Damage, trace.Finding{Where: fmt.Sprintf("bytes %d to %d", at+int64(i), at+int64(i+len(part))-1), What: "cannot be read: " + err.Error()})
			}
		}
	}
	return size, nil
}

func (d *doctor) hash(node trace.NodeID, index uint64, h tlog.Hash) {
	of := d.hashes[node]
	if of == nil {
		of = make(map[uint64][]tlog.Hash)
		d.hashes[node] = of
	}
	if !slices.Contains(of[index], h) {
		of[index] = append(of[index], h)
	}
}

// key takes a subject's key that unwraps, or that was erased.
func (d *doctor) key(name, wrapped []byte) bool {
	if len(name) != subjectSize && len(name) != subjectSize+len(d.node) {
		return false
	}
	if d.Keys != nil && len(wrapped) > 0 {
		if _, err := d.Keys.DataKey([subjectSize]byte(name[:subjectSize]), wrapped); err != nil {
			return false
		}
	}
	d.keys[string(name)] = bytes.Clone(wrapped)
	return true
}

func (d *doctor) settings() {
	if node, ok := d.survey.get(bucketMeta, metaNode); ok && len(node) == len(d.node) {
		d.node = trace.NodeID(node)
	}
	if print, ok := d.survey.get(bucketMeta, metaFingerprint); ok && len(print) == 8 {
		d.print = bytes.Clone(print)
	}
	if kept, ok := d.survey.get(bucketMeta, metaRecovery); ok {
		if _, err := unsummed(kept); err == nil {
			d.recovery = bytes.Clone(kept)
		}
	}
}

// choose decides for every place of every log which entry stood there.
func (d *doctor) choose(ctx context.Context) error {
	logs := make(map[trace.NodeID]*recoveredLog)
	var places []trace.Position
	for at := range d.found {
		places = append(places, at)
	}
	slices.SortFunc(places, func(a, b trace.Position) int {
		return bytes.Compare(record.PositionKey(a), record.PositionKey(b))
	})
	for i, at := range places {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		all, proved := d.proved(at)
		if len(all) == 0 {
			continue
		}
		if !proved {
			d.report.Unproved = append(d.report.Unproved, at)
			if !d.Unproved {
				continue
			}
		}
		log := logs[at.Node]
		if log == nil {
			log = &recoveredLog{RecoveredLog: trace.RecoveredLog{Node: at.Node}, chosen: make(map[uint64]candidate), bare: make(map[uint64]bool)}
			logs[at.Node] = log
			d.logs = append(d.logs, log)
		}
		// They have one leaf, and differ in what is sealed, if in anything.
		log.chosen[at.Seq] = all[0]
		if d.Keys != nil {
			opens := slices.IndexFunc(all, d.opens)
			if log.bare[at.Seq] = opens < 0; opens >= 0 {
				log.chosen[at.Seq] = all[opens]
			}
		}
	}
	if err := d.whose(); err != nil {
		return err
	}
	for _, log := range d.logs {
		last := uint64(0)
		for seq := range log.chosen {
			last = max(last, seq)
		}
		// The tree may remember entries behind the last that is left.
		for index := range d.hashes[log.Node] {
			if d.survey == nil || d.survey.damaged[string(bucketTree)] {
				break // there are things among them that are no hashes
			}
			if level, n := tlog.SplitStoredHashIndex(int64(min(index, 1<<62))); level == 0 {
				last = max(last, uint64(n))
			}
		}
		// So do entries that are there and cannot be proved, if they follow on.
		for _, at := range d.report.Unproved {
			if at.Node == log.Node && at.Seq == last+1 {
				last++
			}
		}
		log.Entries = max(last+1, d.sizes[log.Node])
		for seq := range log.Entries {
			c, ok := log.chosen[seq]
			switch {
			case !ok:
				log.Lost = trace.Extend(log.Lost, seq)
				continue
			case log.bare[seq]:
				log.Bare = trace.Extend(log.Bare, seq)
			}
			d.report.Recovered++
			if err := d.wants(c); err != nil {
				return err
			}
		}
		d.report.Lost += trace.Spanned(log.Lost)
		d.report.Logs = append(d.report.Logs, log.RecoveredLog)
	}
	return d.seek(ctx)
}

// proved gives the rows of the entry of a place: those with the leaf that the
// tree proves. Without a proof it gives the only ones that there are.
func (d *doctor) proved(at trace.Position) (all []candidate, proved bool) {
	var leaf *tlog.Hash
	several := false
	for _, c := range d.found[at] {
		if leaf != nil && c.hash == *leaf {
			continue
		}
		switch walked, ok := d.walked[at]; {
		case !d.proves(at, c.hash):
		case d.sure && !ok && at.Seq > d.ends[at.Node]: // of a transaction that never was committed
		case ok && walked == c.hash || leaf == nil:
			several = several || leaf != nil && !(ok && walked == c.hash)
			leaf = &c.hash
		case leaf != nil && (!ok || walked != *leaf):
			several = true
		}
	}
	if several {
		leaf = nil
	}
	if leaf == nil {
		first := d.found[at][0].hash
		if d.sure || slices.ContainsFunc(d.found[at], func(c candidate) bool { return c.hash != first }) {
			return nil, false
		}
		return d.found[at], false
	}
	for _, c := range d.found[at] {
		if c.hash == *leaf {
			all = append(all, c)
		}
	}
	return all, true
}

// climbMost is how many levels of a tree a proof may climb for want of a hash
// lower down.
const climbMost = 10

// proves reports whether the tree's hash of a place, or one above it, was built
// over a leaf.
func (d *doctor) proves(at trace.Position, leaf tlog.Hash) bool {
	of := d.hashes[at.Node]
	n := at.Seq
	for level := 0; level <= climbMost; level, n = level+1, n/2 {
		if slices.Contains(of[uint64(tlog.StoredHashIndex(level, int64(n)))], leaf) {
			return true
		}
		sibling, ok := d.subtree(at.Node, level, n^1)
		if !ok {
			return false
		}
		if n%2 == 0 {
			leaf = tlog.NodeHash(leaf, sibling)
		} else {
			leaf = tlog.NodeHash(sibling, leaf)
		}
	}
	return false
}

// subtree gives the hash over a subtree: the tree's own, or one worked out from
// what is left beneath it. false where it is not certain which it is.
func (d *doctor) subtree(node trace.NodeID, level int, n uint64) (tlog.Hash, bool) {
	stored := d.hashes[node][uint64(tlog.StoredHashIndex(level, int64(n)))]
	if of := d.found[trace.Position{Node: node, Seq: n}]; level == 0 && len(of) > 0 && !slices.ContainsFunc(of, func(c candidate) bool { return c.hash != of[0].hash }) {
		return of[0].hash, true
	}
	if len(stored) == 1 {
		return stored[0], true
	}
	if level == 0 {
		return tlog.Hash{}, false
	}
	left, ok := d.subtree(node, level-1, 2*n)
	if !ok {
		return left, false
	}
	right, ok := d.subtree(node, level-1, 2*n+1)
	return tlog.NodeHash(left, right), ok
}

// whose finds out whose store it was where its settings do not tell, and that
// the keys at hand are the store's.
func (d *doctor) whose() error {
	if d.Keys != nil {
		own := d.Keys.Fingerprint()
		if d.print != nil && !bytes.Equal(d.print, own[:]) {
			return ErrWrongKeys
		}
		d.print = own[:]
	}
	if d.node == (trace.NodeID{}) || !slices.ContainsFunc(d.logs, func(l *recoveredLog) bool { return l.Node == d.node }) {
		most := 0
		for _, log := range d.logs {
			if len(log.chosen) > most {
				d.node, most = log.Node, len(log.chosen)
			}
		}
	}
	return nil
}

// entry reads a row's entry, its sealed part still sealed.
func (d *doctor) entry(c candidate) (trace.Entry, error) {
	row, err := d.row(c)
	if err != nil {
		return trace.Entry{}, err
	}
	e, _, err := d.codec.DecodeRow(row)
	return e, err
}

// opens reports whether the sealed part of a row is what was committed to, as
// far as its key is at hand already.
func (d *doctor) opens(c candidate) bool {
	e, err := d.entry(c)
	if err != nil {
		return false
	}
	if len(e.Commitment) > 0 && len(e.Sealed) == 0 {
		return false
	}
	if len(e.Sealed) == 0 {
		return true
	}
	for _, node := range []trace.NodeID{e.Node, {}} { // under either name
		if _, err := openSealed(d.Keys, node, e, func(name []byte) []byte { return d.keys[string(name)] }); err != nil {
			return false
		}
	}
	return true
}

// wants notes the key that a row needs.
func (d *doctor) wants(c candidate) error {
	e, err := d.entry(c)
	if err != nil {
		return err
	}
	if f, ok := e.Fact.(trace.NodeFact); ok {
		d.names[e.Node] = f.Name
	}
	if len(e.Sealed) < subjectSize {
		return nil
	}
	name := string(keyName([subjectSize]byte(e.Sealed), e.Node, d.node))
	if _, ok := d.keys[name]; !ok {
		d.keys[name] = nil
	}
	return nil
}

// seek searches the whole file for the keys that are wanted and were not found
// where they belong. What is found unwraps, and so is right.
func (d *doctor) seek(ctx context.Context) error {
	missing := make(map[[subjectSize]byte][]string)
	for name, wrapped := range d.keys {
		if wrapped == nil {
			missing[[subjectSize]byte([]byte(name))] = append(missing[[subjectSize]byte([]byte(name))], name)
		}
	}
	if len(missing) > 0 && d.Keys != nil {
		if err := d.pieces(ctx, func(b []byte, _ int64, own int) {
			for i := 0; i < own && i+subjectSize <= len(b) && len(missing) > 0; i++ {
				subject := [subjectSize]byte(b[i:])
				names, ok := missing[subject]
				if !ok {
					continue
				}
				missing[subject] = slices.DeleteFunc(names, func(name string) bool {
					rest, ok := bytes.CutPrefix(b[i:], []byte(name))
					return ok && len(rest) >= seal.WrappedSize && d.key([]byte(name), rest[:seal.WrappedSize])
				})
				if len(missing[subject]) == 0 {
					delete(missing, subject)
				}
			}
		}); err != nil {
			return err
		}
	}
	for name, wrapped := range d.keys {
		if wrapped == nil {
			delete(d.keys, name)
			d.report.KeysGone = append(d.report.KeysGone, fmt.Sprintf("%x", name[:subjectSize]))
		}
	}
	slices.Sort(d.report.KeysGone)
	return nil
}

// build writes the new store.
func (d *doctor) build(ctx context.Context, to string) (err error) {
	tmp, err := os.MkdirTemp(filepath.Dir(to), ".doctor-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	path := filepath.Join(tmp, FileName)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	if err := errors.Join(d.fill(ctx, db), db.Sync(), db.Close()); err != nil {
		return err
	}
	if err := d.begin(ctx, path); err != nil {
		return err
	}
	// A link never takes the place of a file.
	if err := os.Link(path, to); err != nil {
		if errors.Is(err, os.ErrExist) || Exists(to) {
			return fmt.Errorf("%s exists already and is not overwritten", to)
		}
		if err := os.Rename(path, to); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(to))
}

// begin lets the new store begin a log of its own where one is wanted, and says
// in it what is lost.
func (d *doctor) begin(ctx context.Context, path string) error {
	d.report.Node = d.node
	if d.Keys == nil {
		return nil
	}
	d.report.Whole = d.sure && d.report.Lost == 0 && len(d.report.Unproved) == 0 && !slices.ContainsFunc(d.report.Logs, func(l trace.RecoveredLog) bool { return len(l.Bare) > 0 })
	name := d.names[d.node]
	if name == "" {
		name = d.Name
	}
	s, err := Open(path, Options{Keys: d.Keys, Name: name, Version: d.Version, Clock: d.Clock, Refound: !d.report.Whole})
	if err != nil {
		return err
	}
	d.report.Node = s.Node()
	if !d.report.Whole {
		id := trace.NewEventID()
		rs, aerr := s.Append(ctx, trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "doctor"}, Drafts: []trace.Draft{{
			Provenance: trace.System, Fact: trace.RecoveryFact{Logs: d.report.Logs}}}})
		if aerr == nil {
			aerr = rs[0].Err
		}
		err = aerr
	}
	return errors.Join(err, s.Close())
}

// fill writes settings, keys, entries, trees and rows.
func (d *doctor) fill(ctx context.Context, db *bbolt.DB) error {
	s := &Store{node: d.node, codec: d.codec, fold: record.Fold{Codec: d.codec}}
	if err := db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets() {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		settings := map[string][]byte{string(metaFormat): []byte(format), string(metaNode): d.node[:], string(metaFingerprint): d.print}
		if d.recovery != nil {
			settings[string(metaRecovery)] = d.recovery
		}
		for _, p := range record.Tables() {
			settings[string(projectionKey(p.Table))] = []byte{p.Version}
		}
		for name, value := range settings {
			if err := tx.Bucket(bucketMeta).Put([]byte(name), value); err != nil {
				return err
			}
		}
		for name, wrapped := range d.keys {
			if err := tx.Bucket(bucketKeys).Put([]byte(name), wrapped); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, log := range d.logs {
		for seq := uint64(0); seq < log.Entries; {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := db.Update(func(tx *bbolt.Tx) error {
				t := &transaction{store: s, tx: tx}
				for end := min(log.Entries, seq+buildMost); seq < end; seq++ {
					if err := d.put(t, log, seq); err != nil {
						return fmt.Errorf("entry %d of node %s: %w", seq, log.Node, err)
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// put writes one place of a log.
func (d *doctor) put(t *transaction, log *recoveredLog, seq uint64) error {
	c, ok := log.chosen[seq]
	if !ok {
		hash := trace.Hash{}
		if left := d.hashes[log.Node][uint64(tlog.StoredHashIndex(0, int64(seq)))]; len(left) == 1 {
			hash = trace.Hash(left[0])
		}
		return t.keepLost(trace.Position{Node: log.Node, Seq: seq}, hash)
	}
	row, err := d.row(c)
	if err != nil {
		return err
	}
	e, _, err := d.codec.DecodeRow(row)
	if err != nil {
		return err
	}
	if log.bare[seq] {
		e.Sealed = nil
	}
	return t.keep(e)
}
