package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// findingsMost bounds a report; a file in ruins has no end of them.
const findingsMost = 1000

// Verify is VerifyAgainst without anything from outside.
func (s *Store) Verify(ctx context.Context, dir string) (trace.Verification, error) {
	return s.VerifyAgainst(ctx, dir, trace.Trust{})
}

// VerifyAgainst works out everything again from the journal and compares: each
// page of the file, each entry's bytes, each hash of the trees, each sealed
// part against its commitment, each key, and every row of the record byte for
// byte (built anew in a temporary file in dir; "" is the system's). Checkpoints
// from outside are held against the journal. What is wrong is in the report;
// the error is for what kept it from looking.
func (s *Store) VerifyAgainst(ctx context.Context, dir string, trust trace.Trust) (report trace.Verification, err error) {
	// The transaction keeps the pages that it sees from being written over. Its
	// meta is one of the last two until the second commit from now.
	for range 100 {
		again := false
		err = s.db.View(func(tx *bbolt.Tx) error {
			// Within it no other file takes this one's place.
			f, err := os.Open(s.db.Path())
			if err != nil {
				return err
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return err
			}
			file, ok := asOf(f, info.Size(), uint64(tx.ID()))
			if again = !ok; again {
				return ctx.Err()
			}
			report, err = verify(ctx, file, verifying{keys: s.keys(), codec: s.codec, dir: dir, trust: trust, still: s.db.IsReadOnly()})
			return err
		})
		if err != nil || !again {
			return report, err
		}
	}
	return report, trace.Errorf(trace.Busy, "the store is written too fast to be looked at; try again")
}

// VerifyFile is VerifyAgainst for a file that no node has open, however damaged
// it is. Without keys what is sealed is not opened.
func VerifyFile(ctx context.Context, path string, keys *seal.Keyring, dir string, trust trace.Trust) (report trace.Verification, err error) {
	f, err := os.Open(path)
	if err != nil {
		return report, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return report, err
	}
	if !info.Mode().IsRegular() {
		return report, fmt.Errorf("%s: %w (it is no file)", path, ErrNotStore)
	}
	release, err := share(path)
	if err != nil {
		return report, err
	}
	defer release()
	file, err := newest(f, info.Size())
	if err != nil {
		return report, fmt.Errorf("%s: %w", path, err)
	}
	return verify(ctx, file, verifying{keys: keys, codec: journal.NewCodec(), dir: dir, trust: trust, still: true})
}

// share keeps others from writing to a file while it is read. A damaged file
// that cannot be opened is not written by anybody.
func share(path string) (release func(), err error) {
	var db *bbolt.DB
	err = carefully(path, func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, ReadOnly: true})
		return err
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%s: %w", path, ErrInUse)
	case err != nil:
		return func() {}, nil
	}
	return func() { _ = db.Close() }, nil // it was only read
}

// verifying is what a verification works with.
type verifying struct {
	keys  *seal.Keyring
	codec journal.Codec
	dir   string // for the temporary file
	trust trace.Trust
	still bool // nobody writes to the file
}

type verifier struct {
	verifying
	node       trace.NodeID          // whose store it is
	keyed      map[trace.NodeID]bool // nodes whose subjects' keys are here
	survey     *survey
	outside    *outside
	recovered  []trace.RecoveryFact // what a doctor said of logs
	gone, bare []trace.Position     // places of lost entries; entries whose sealed part is gone
	others     int                  // tables that are not of today's rules, or not there, or no longer known
	report     trace.Verification
}

func verify(ctx context.Context, file *pageFile, with verifying) (trace.Verification, error) {
	v := &verifier{verifying: with}
	v.report = trace.Verification{Heads: []trace.TreeHead{}, Outside: []trace.Held{}, Notes: []string{}, Findings: []trace.Finding{}}
	if uint64(file.size) < file.meta.pages*uint64(file.meta.pageSize) {
		v.find("the file", fmt.Sprintf("ends before its contents do: it was cut off at %d of %d bytes", file.size, file.meta.pages*uint64(file.meta.pageSize)))
	}
	v.survey = take(file, with.still, v.find)
	v.report.Pages = uint64(len(v.survey.known))
	v.settings()
	v.outside = gather(v.trust, v.node, v.keys, v.find, v.note)
	if err := v.subjects(ctx); err != nil {
		return v.report, err
	}
	if err := v.entries(ctx); err != nil {
		return v.report, err
	}
	v.losses()
	if v.keys == nil && v.report.Sealed > 0 {
		v.note("The keys are not at hand: what is sealed (%d parts) and the subjects' keys could not be opened. What was committed to is under the tree all the same.", v.report.Sealed)
	}
	v.report.Outside = v.outside.judge(v.find, v.note)
	if len(v.report.Findings) > 0 {
		// Rows made of a journal that is wrong would prove nothing.
		v.note("The rows of the record were not built anew, because of what is wrong beneath them.")
		return v.report, nil
	}
	return v.report, v.tables(ctx)
}

func (v *verifier) find(where, what string) {
	if len(v.report.Findings) < findingsMost {
		v.report.Findings = append(v.report.Findings, trace.Finding{Where: where, What: what})
	}
}

func (v *verifier) note(format string, args ...any) {
	v.report.Notes = append(v.report.Notes, fmt.Sprintf(format, args...))
}

// settings holds the store's settings against what they have to be.
func (v *verifier) settings() {
	known := map[string]bool{string(metaTrial): true, string(metaRebuilding): true}
	get := func(key []byte) (value []byte, there bool) {
		known[string(key)] = true
		value, there = v.survey.get(bucketMeta, key)
		if !there && !v.survey.damaged[string(bucketMeta)] {
			v.find(describe(string(bucketMeta), key), "is missing")
		}
		return value, there
	}
	if f, ok := get(metaFormat); ok && !knownFormat(f) {
		v.find(describe(string(bucketMeta), metaFormat), fmt.Sprintf("is %q, and this program knows those up to %q", f, format))
	}
	if node, ok := get(metaNode); ok && copy(v.node[:], node) != len(v.node) {
		v.find(describe(string(bucketMeta), metaNode), "is no node's id")
	}
	if print, ok := get(metaFingerprint); ok && len(print) != 8 {
		v.find(describe(string(bucketMeta), metaFingerprint), "is no fingerprint of keys")
	} else if ok && v.keys != nil {
		if own := v.keys.Fingerprint(); !bytes.Equal(print, own[:]) {
			v.find(describe(string(bucketMeta), metaFingerprint), "is not that of the keys at hand: they are those of another store, or it was changed")
		}
	}
	v.others = len(v.survey.earlier)
	for _, name := range v.survey.earlier {
		known[string(projectionKey(record.Table(name[0])))] = true
		v.note("Table %q is an earlier program's: it was not compared, and is taken away when this program opens the store.", name)
	}
	for _, p := range record.Tables() {
		if v.survey.lacks(p.Table) {
			known[string(projectionKey(p.Table))] = true
			v.others++
			continue
		}
		if version, ok := get(projectionKey(p.Table)); ok && (len(version) != 1 || version[0] == 0 || version[0] > p.Version) {
			v.find(describe(string(bucketMeta), projectionKey(p.Table)), fmt.Sprintf("says that table %s is of rules %x, and this program has those up to %d", p.Name, version, p.Version))
		} else if ok && version[0] != p.Version {
			v.others++
		}
	}
	for _, name := range summed() {
		known[string(name)] = true
		if kept, ok := v.survey.get(bucketMeta, name); ok {
			if _, err := unsummed(kept); err != nil {
				v.find(describe(string(bucketMeta), name), "is not what was set")
			}
		}
	}
	for key, value := range v.survey.rows(bucketMeta) {
		switch {
		case !known[string(key)]:
			v.find(describe(string(bucketMeta), key), "is there, and this program knows of no such")
		case string(key) == string(metaTrial) && !zeroes(value):
			v.find(describe(string(bucketMeta), key), "is a trial of writing and not all zeroes")
		}
	}
}

// entries reads every row of the journal, holds it against its log's tree, and
// opens what is sealed.
func (v *verifier) entries(ctx context.Context) error {
	var log *logCheck
	for k, row := range v.survey.rows(bucketLog) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(k) != 16 {
			v.find(describe(string(bucketLog), k), "is the place of no entry")
			continue
		}
		at := record.PositionOf(k)
		if log == nil || log.node != at.Node {
			v.finish(log)
			log = newLogCheck(v, at.Node)
		}
		v.report.Entries++
		log.add(at.Seq, v.entry(at, row))
	}
	v.finish(log)
	for node := range v.treeNodes() {
		if !slices.ContainsFunc(v.report.Heads, func(h trace.TreeHead) bool { return h.Node == node }) {
			v.find(fmt.Sprintf("the tree of node %s", node), "is there, and no entry of that node")
		}
	}
	if v.node != (trace.NodeID{}) && !slices.ContainsFunc(v.report.Heads, func(h trace.TreeHead) bool { return h.Node == v.node }) {
		v.find(describe(string(bucketMeta), metaNode), fmt.Sprintf("says that this is the store of node %s, and the journal has no entry of that node", v.node))
	}
	return nil
}

// treeNodes gives the nodes that the tree has hashes of.
func (v *verifier) treeNodes() map[trace.NodeID]bool {
	nodes := make(map[trace.NodeID]bool)
	for k := range v.survey.rows(bucketTree) {
		if len(k) != tileKeySize && len(k) != hashKeySize {
			v.find(describe(string(bucketTree), k), "is the place of no hash")
			continue
		}
		nodes[trace.NodeID(k[:8])] = true
	}
	return nodes
}

func (v *verifier) finish(log *logCheck) {
	if log == nil {
		return
	}
	log.end()
	v.report.Heads = append(v.report.Heads, trace.TreeHead{Node: log.node, Size: log.next, Root: trace.Hash(log.root())})
}

// entry looks at one row and gives the hash of its leaf; nil where the row has
// none.
func (v *verifier) entry(at trace.Position, row []byte) *tlog.Hash {
	where := describe(string(bucketLog), record.PositionKey(at))
	if hash, ok := v.codec.LostHash(row); ok {
		v.lost(at)
		if _, ok := v.outside.holes[at.Node]; !ok && hash == (trace.Hash{}) {
			v.outside.holes[at.Node] = at.Seq
		}
		return (*tlog.Hash)(&hash)
	}
	e, leaf, err := v.codec.DecodeRow(row)
	if leaf == nil {
		v.find(where, "cannot be read: "+err.Error())
		return nil
	}
	hash := tlog.RecordHash(leaf)
	if err != nil {
		v.find(where, "cannot be read: "+err.Error())
		return &hash
	}
	if e.Position != at {
		v.find(where, fmt.Sprintf("says of itself that it is entry %d of node %s", e.Seq, e.Node))
		return &hash
	}
	if f, ok := e.Fact.(trace.RecoveryFact); ok {
		v.recovered = append(v.recovered, f)
	}
	if !v.codec.Canonical(row, e, leaf) {
		v.find(where, "is not in the canonical encoding")
	}
	v.sealed(where, e)
	return &hash
}

func (v *verifier) lost(at trace.Position) {
	v.report.Entries--
	v.report.Lost++
	v.gone = append(v.gone, at)
}

// losses holds what is gone against what was said of it when the store was
// recovered.
func (v *verifier) losses() {
	said := func(at trace.Position, spans func(trace.RecoveredLog) []trace.Span) bool {
		for _, f := range v.recovered {
			for _, log := range f.Logs {
				if log.Node == at.Node && trace.Has(spans(log), at.Seq) {
					return true
				}
			}
		}
		return false
	}
	spans := make(map[trace.NodeID][]trace.Span)
	for _, at := range v.gone {
		if !said(at, func(l trace.RecoveredLog) []trace.Span { return l.Lost }) {
			v.find(describe(string(bucketLog), record.PositionKey(at)), "is lost: only its hash stands in its place, and no recovery of the store says so")
			continue
		}
		spans[at.Node] = trace.Extend(spans[at.Node], at.Seq)
	}
	for _, log := range v.report.Heads {
		for _, s := range spans[log.Node] {
			v.note("LOST: %s of node %s, when the store was recovered from a damaged file. Its place is kept.", stretch(s.First, s.Last+1), log.Node)
		}
	}
	for _, at := range v.bare {
		if !said(at, func(l trace.RecoveredLog) []trace.Span { return l.Bare }) {
			v.find(describe(string(bucketLog), record.PositionKey(at)), "has a commitment, and what was sealed is gone")
			continue
		}
		v.note("LOST: what was sealed in %s, when the store was recovered from a damaged file.", describe(string(bucketLog), record.PositionKey(at)))
	}
}

func (v *verifier) sealed(where string, e trace.Entry) {
	if len(e.Commitment) == 0 && len(e.Sealed) == 0 {
		return
	}
	v.report.Sealed++
	if len(e.Sealed) == 0 {
		v.bare = append(v.bare, e.Position)
		return
	}
	if len(e.Commitment) == 0 {
		v.find(where, "has a sealed part that nothing was committed to")
		return
	}
	if v.keys == nil {
		return
	}
	secret, err := openSealed(v.keys, v.node, e, func(name []byte) []byte {
		wrapped, _ := v.survey.get(bucketKeys, name)
		return wrapped
	})
	switch {
	case errors.Is(err, errSubjectKey):
		// The key's own finding says so.
	case errors.Is(err, seal.ErrCommitment), errors.Is(err, seal.ErrSealed):
		v.find(where, "its sealed part is not what was sealed: "+err.Error())
	case err != nil:
		v.find(where, err.Error())
	case secret != nil:
		v.report.Opened++
	case v.keyed[e.Node] && !v.erased(e):
		v.find(where, fmt.Sprintf("is sealed under the key of subject %x, which is gone and was not erased", e.Sealed[:16]))
	default:
		v.report.Erased++
	}
}

// erased reports whether the key of what is sealed was taken away as it should
// be: its place is kept, without a key.
func (v *verifier) erased(e trace.Entry) bool {
	name := bytes.Clone(e.Sealed[:subjectSize])
	if e.Node != v.node {
		name = append(name, e.Node[:]...)
	}
	wrapped, there := v.survey.get(bucketKeys, name)
	return there && len(wrapped) == 0
}

// subjects unwraps every subject's key.
func (v *verifier) subjects(ctx context.Context) error {
	v.keyed = map[trace.NodeID]bool{v.node: true}
	for k, wrapped := range v.survey.rows(bucketKeys) {
		if err := ctx.Err(); err != nil {
			return err
		}
		where := describe(string(bucketKeys), k)
		if len(k) == subjectSize+len(v.node) {
			v.keyed[trace.NodeID(k[subjectSize:])] = true
		}
		switch {
		case len(k) != subjectSize && len(k) != subjectSize+len(v.node):
			v.find(where, "is no subject's")
		case v.keys == nil, len(wrapped) == 0: // not at hand; erased
		default:
			if _, err := v.keys.DataKey([subjectSize]byte(k[:subjectSize]), wrapped); err != nil {
				v.find(where, "cannot be unwrapped with the node's key: the identity that it seals is unreadable, or the key is another subject's")
			}
		}
	}
	return nil
}

// tables builds every row of the record anew and compares.
func (v *verifier) tables(ctx context.Context) (err error) {
	tmp, err := os.MkdirTemp(v.dir, "implantrace-verify-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	anew, err := bbolt.Open(filepath.Join(tmp, "anew.db"), 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	defer anew.Close()
	if err := anew.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets() {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	next, stop := iter.Pull2(v.survey.rows(bucketLog))
	defer stop()
	for more := true; more; {
		// A transaction keeps in memory what it writes: it has to end now and then.
		if err := anew.Update(func(tx *bbolt.Tx) error {
			more, err = v.build(ctx, &transaction{store: &Store{codec: v.codec, fold: record.Fold{Codec: v.codec}}, tx: tx}, next)
			return err
		}); err != nil {
			return err
		}
	}
	return anew.View(func(tx *bbolt.Tx) error {
		for _, p := range record.Tables() {
			if err := v.compare(ctx, tx.Bucket([]byte{byte(p.Table)}).Cursor(), p); err != nil {
				return err
			}
		}
		return nil
	})
}

// buildMost is how many entries are folded in one transaction. Each touches pages all
// over the indexes, and a transaction keeps in memory every page that it touches: in a
// large store that is another page for nearly every row.
const buildMost = 5_000

// build folds the next entries, and reports whether there are more.
func (v *verifier) build(ctx context.Context, t *transaction, next func() (k, row []byte, ok bool)) (more bool, err error) {
	for range buildMost {
		k, row, ok := next()
		if !ok {
			return false, nil
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		// The fold asks for earlier entries.
		if err := t.tx.Bucket(bucketLog).Put(k, row); err != nil {
			return false, err
		}
		e, _, err := v.codec.DecodeRow(row)
		if errors.Is(err, journal.ErrLost) {
			continue
		}
		if err == nil {
			err = t.apply(e)
		}
		if err != nil {
			v.find(describe(string(bucketLog), k), "cannot be folded: "+err.Error())
		}
	}
	return true, nil
}

// compare walks a table and its rebuilt twin side by side.
func (v *verifier) compare(ctx context.Context, c *bbolt.Cursor, p record.Projection) error {
	name := []byte{byte(p.Table)}
	setting := projectionKey(p.Table)
	if v.survey.lacks(p.Table) {
		v.note("Table %s is not there yet: it is built when this program opens the store.", p.Name)
		return nil
	}
	found, rows := v.report.Findings, v.report.Rows
	kb, vb := c.First()
	missing := func() {
		v.find(describe(string(name), kb), "is missing")
		kb, vb = c.Next()
	}
	for ka, va := range v.survey.rows(name) {
		if err := ctx.Err(); err != nil {
			return err
		}
		for kb != nil && bytes.Compare(kb, ka) < 0 {
			missing()
		}
		if !bytes.Equal(ka, kb) {
			v.find(describe(string(name), ka), "is there, and the journal does not account for it")
			continue
		}
		if !bytes.Equal(va, vb) {
			v.find(describe(string(name), ka), "is not what the journal comes to")
		}
		v.report.Rows++
		kb, vb = c.Next()
	}
	for kb != nil {
		missing()
	}
	if version, _ := v.survey.get(bucketMeta, setting); version[0] != p.Version {
		// A store of an earlier program differs in more than one table; by itself, a
		// setting that is another was changed.
		if same := len(v.report.Findings) == len(found); same && v.report.Rows > rows && v.others == 1 {
			v.find(describe(string(bucketMeta), setting), fmt.Sprintf("says that table %s is of rules %d, and its rows are of rules %d", p.Name, version[0], p.Version))
		} else {
			v.report.Findings, v.report.Rows = found, rows
			v.note("Table %s was made by rules %d of an earlier program, and this one has rules %d: it was not compared, and is built anew when this program opens the store.", p.Name, version[0], p.Version)
		}
	}
	return nil
}
