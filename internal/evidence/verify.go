package evidence

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/recall"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// ErrPack means that a file is no evidence pack that can be looked at.
var ErrPack = errors.New("not an evidence pack")

// Limits of a pack that is checked.
const (
	packMost     = 1 << 30 // bytes of the file
	unpackedMost = 2 << 30 // bytes of all its files
)

// Report is what a check of a pack came to.
type Report struct {
	Manifest Manifest `json:"manifest"`
	Signer   string   `json:"signer"` // of the manifest
	Own      bool     `json:"own"`    // the key is the pack's own: nobody outside vouches for it
	Entries  int      `json:"entries"`
	Opened   int      `json:"opened"`
	Matches  int      `json:"matches"`
	Actions  int      `json:"actions"`
	Findings []string `json:"findings"` // what is wrong
	Notes    []string `json:"notes"`
}

// Open decrypts a pack where it is encrypted.
func Open(b []byte, identities ...age.Identity) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte("age-encryption.org/")) {
		return b, nil
	}
	if len(identities) == 0 {
		return nil, fmt.Errorf("%w: it is encrypted, and nothing here opens it (--identity FILE)", ErrPack)
	}
	r, err := age.Decrypt(bytes.NewReader(b), identities...)
	if err != nil {
		return nil, fmt.Errorf("the pack does not open: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(r, packMost+1))
	if err != nil {
		return nil, fmt.Errorf("the pack does not open to its end, it was changed or cut off: %w", err)
	}
	return out, nil
}

// verifier is one check.
type verifier struct {
	ctx    context.Context
	report Report
	files  map[string][]byte
	keys   []note.Verifier
	record *memory
	logs   map[trace.NodeID]journal.Checkpoint
	zone   *time.Location
}

func (v *verifier) wrong(format string, args ...any) {
	if len(v.report.Findings) < 100 {
		v.report.Findings = append(v.report.Findings, fmt.Sprintf(format, args...))
	}
}

// Verify checks a pack that is open. keys are verifier keys that were noted
// elsewhere, one a text; without any, the pack's own is taken, and the report says
// so. An error means that it could not be looked at; what is wrong with it stands in
// the report.
func Verify(ctx context.Context, pack []byte, keys ...string) (Report, error) {
	v := &verifier{ctx: ctx, files: make(map[string][]byte), record: newMemory(), logs: make(map[trace.NodeID]journal.Checkpoint)}
	v.report.Findings, v.report.Notes = []string{}, []string{}
	if err := v.unpack(pack); err != nil {
		return v.report, err
	}
	if err := v.manifest(keys); err != nil {
		return v.report, err
	}
	v.checkpoints()
	v.entries()
	v.contents()
	return v.report, ctx.Err()
}

func (v *verifier) unpack(pack []byte) error {
	if len(pack) > packMost {
		return fmt.Errorf("%w: it has more than %d MB", ErrPack, packMost>>20)
	}
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return fmt.Errorf("%w: it is no ZIP file that can be read", ErrPack)
	}
	if len(z.File) > 2*len(files()) {
		return fmt.Errorf("%w: it has %d files", ErrPack, len(z.File))
	}
	left := int64(unpackedMost)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("%w: %s cannot be read: %v", ErrPack, f.Name, err)
		}
		b, err := io.ReadAll(io.LimitReader(r, left+1))
		r.Close()
		if left -= int64(len(b)); left < 0 {
			return fmt.Errorf("%w: it becomes more than %d MB when it is unpacked", ErrPack, unpackedMost>>20)
		}
		if err != nil {
			v.wrong("%s: its bytes are damaged: %v", f.Name, err)
		}
		if _, twice := v.files[f.Name]; twice {
			v.wrong("%s stands in the pack twice", f.Name)
			continue
		}
		v.files[f.Name] = b
	}
	return nil
}

func (v *verifier) manifest(keys []string) error {
	raw, signed := v.files[fileManifest], v.files[fileSigned]
	if raw == nil || signed == nil {
		return fmt.Errorf("%w: it has no manifest, or no signature", ErrPack)
	}
	var own checkpoints
	_ = json.Unmarshal(v.files[fileChecks], &own) // said below
	if len(keys) == 0 {
		v.report.Own, keys = true, []string{own.Key}
	}
	for _, k := range keys {
		key, err := journal.ParseKey(k)
		if err != nil && !v.report.Own {
			return err
		}
		if err == nil {
			v.keys = append(v.keys, key)
		}
	}
	body, signer, err := journal.OpenStatement(statement, signed, v.keys...)
	switch {
	case errors.Is(err, journal.ErrSignature):
		v.wrong("the manifest is not signed by a key that was given: %v", err)
	case err != nil:
		v.wrong("the signature of the manifest: %v", err)
	}
	v.report.Signer = signer
	if sum := sha256.Sum256(raw); string(body) != fmt.Sprintf("%x", sum) {
		v.wrong("%s is not the manifest that was signed", fileManifest)
	}
	if err := json.Unmarshal(raw, &v.report.Manifest); err != nil {
		return fmt.Errorf("%w: its manifest cannot be read", ErrPack)
	}
	m := v.report.Manifest
	if m.Format != Format {
		return fmt.Errorf("%w of a format that this program knows: %d", ErrPack, m.Format)
	}
	if v.zone, err = time.LoadLocation(m.Zone); err != nil {
		return fmt.Errorf("%w: there is no time zone %q", ErrPack, m.Zone)
	}
	if signer != "" && signer != journal.Origin(m.Node) {
		v.wrong("the manifest says node %s, and %s signed it", m.Node, signer)
	}
	listed := make(map[string]bool)
	for _, f := range m.Files {
		listed[f.Name] = true
		b, there := v.files[f.Name]
		switch {
		case !there:
			v.wrong("%s is not in the pack", f.Name)
		case int64(len(b)) != f.Bytes || sha256.Sum256(b) != f.SHA256:
			v.wrong("%s is not what the manifest says: it was changed", f.Name)
		}
	}
	for name := range v.files {
		if !listed[name] && name != fileManifest && name != fileSigned {
			v.wrong("%s is not in the manifest: it was added", name)
		}
	}
	for _, name := range files() {
		if !listed[name] {
			v.wrong("%s is missing", name)
		}
	}
	return nil
}

func (v *verifier) checkpoints() {
	var c checkpoints
	if err := json.Unmarshal(v.files[fileChecks], &c); err != nil {
		v.wrong("%s cannot be read", fileChecks)
		return
	}
	for _, n := range c.Notes {
		check, _, err := journal.OpenCheckpoint([]byte(n), v.keys...)
		if err != nil {
			v.wrong("a checkpoint of %s: %v", check.Log, err)
			continue
		}
		v.logs[check.Log] = check
	}
}

// entries holds every entry against its proof, and takes it in.
func (v *verifier) entries() {
	in := bufio.NewReader(bytes.NewReader(v.files[fileEntries]))
	d := json.NewDecoder(in)
	for {
		var x entry
		err := d.Decode(&x)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			v.wrong("%s cannot be read to its end: %v", fileEntries, err)
			return
		}
		v.report.Entries++
		if err := v.entry(x); err != nil {
			v.wrong("entry %d of node %s: %v", x.Seq, x.Log, err)
		}
	}
}

func (v *verifier) entry(x entry) error {
	check, ok := v.logs[x.Log]
	if !ok {
		return errors.New("no checkpoint of its log is in the pack")
	}
	var proof tlog.RecordProof
	for _, h := range x.Proof {
		if len(h) != tlog.HashSize {
			return errors.New("its proof has a hash of another length")
		}
		proof = append(proof, tlog.Hash(h))
	}
	if x.Seq >= check.Size {
		return fmt.Errorf("it is not among the %d entries of the checkpoint", check.Size)
	}
	if err := tlog.CheckRecord(proof, int64(check.Size), tlog.Hash(check.Root), int64(x.Seq), tlog.RecordHash(x.Leaf)); err != nil {
		return errors.New("its proof does not lead to the checkpoint: it is not what was recorded")
	}
	e, err := codec.Decode(x.Leaf)
	if err != nil {
		return err
	}
	if e.Position != (trace.Position{Node: x.Log, Seq: x.Seq}) {
		return fmt.Errorf("it is entry %d of node %s", e.Seq, e.Node)
	}
	if x.Opened != nil {
		s, err := seal.Revealed(*x.Opened, e.Commitment)
		if err != nil {
			return errors.New("what is shown of it is not what it was committed to")
		}
		e.Secret = &s
		v.report.Opened++
	}
	return v.record.apply(e)
}

// contents works out again what the pack says.
func (v *verifier) contents() {
	body := v.notice()
	matches, ok := each[Match](v, fileMatches)
	if ok {
		v.report.Matches = len(matches)
		v.matches(matches, body)
		v.table(fileMatchesCSV, fileMatchesXL, matchTable(matches, v.report.Manifest.Names, v.zone))
	}
	actions, ok := each[Action](v, fileActions)
	if ok {
		v.report.Actions = len(actions)
		v.actions(actions)
		v.table(fileActionsCSV, fileActionsXL, actionTable(actions, v.report.Manifest.Names, v.zone))
	}
	var c recall.Coverage
	if err := json.Unmarshal(v.files[fileCoverage], &c); err != nil {
		v.wrong("%s cannot be read", fileCoverage)
	}
	if v.report.Own {
		v.report.Notes = append(v.report.Notes, "This rests on the key in the pack itself. Give the key as you noted it before (--key).")
	}
	v.report.Notes = append(v.report.Notes, "The summary, the counts and the coverage are as the node signed them: what was searched and not found is not in the pack.")
}

// notice is the notice as the entries say it.
func (v *verifier) notice() (body recall.Notice) {
	id := v.report.Manifest.Notice
	var n trace.Notice
	b := v.record.Get(record.Notices, id[:])
	if b == nil || codec.Unmarshal(b, &n) != nil {
		v.wrong("no entry of the notice is in the pack")
		return body
	}
	f, ok := v.record.entries[n.BodyAt].Fact.(trace.NoticeFact)
	if !ok || !bytes.Equal(f.Body, v.files[fileNotice]) {
		v.wrong("%s is not the notice that was recorded", fileNotice)
	}
	if n.Name != v.report.Manifest.Name {
		v.wrong("the manifest names another notice")
	}
	if err := json.Unmarshal(v.files[fileNotice], &body); err != nil {
		v.wrong("%s cannot be read", fileNotice)
	}
	return body
}

func each[V any](v *verifier, name string) (all []V, ok bool) {
	d := json.NewDecoder(bytes.NewReader(v.files[name]))
	d.DisallowUnknownFields()
	for {
		var x V
		err := d.Decode(&x)
		if errors.Is(err, io.EOF) {
			return all, true
		}
		if err != nil {
			v.wrong("%s cannot be read to its end: %v", name, err)
			return nil, false
		}
		all = append(all, x)
	}
}

// matches judges every device again, by the entries alone.
func (v *verifier) matches(all []Match, body recall.Notice) {
	m, err := body.Criteria.Compile(v.zone)
	if err != nil {
		v.wrong("the criteria cannot be asked: %v", err)
		return
	}
	seen := make(map[string]bool)
	for i, got := range all {
		if v.ctx.Err() != nil {
			return
		}
		if key := fmt.Sprint(got.Usage, got.Reading, got.Shelf); seen[key] {
			v.wrong("match %d stands in the list twice", i+1)
		} else {
			seen[key] = true
		}
		want, err := v.again(m, got)
		switch {
		case err != nil:
			v.wrong("match %d (%s): %v", i+1, deviceWords(got), err)
		case !same(got, want):
			v.wrong("match %d (%s) is not what the entries say", i+1, deviceWords(got))
		}
	}
}

// same compares two rows as JSON has them.
func same(a, b Match) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(x, y)
}

// again works a match out again.
func (v *verifier) again(m *recall.Matcher, got Match) (want Match, err error) {
	switch {
	case !got.Usage.IsZero():
		u, err := v.record.full(v.ctx, got.Usage)
		if err != nil {
			return want, err
		}
		is := m.Explain(u)
		return matchOf(is.Tier, is.Why, u, v.report.Manifest.Names), nil
	case !got.Shelf.IsZero():
		var l trace.StockLine
		b := v.record.Get(record.Stock, record.StockKey(got.Device.DI, got.Shelf))
		if b == nil || codec.Unmarshal(b, &l) != nil {
			return want, errNotInPack
		}
		product, inside, err := v.record.product(v.ctx, l.Device.DI)
		if err != nil {
			return want, err
		}
		return matchOfShelf(m.Shelf(l, product, inside, v.used(l.Device))), nil
	case !got.Reading.IsZero():
		for _, e := range v.record.entries {
			f, ok := e.Fact.(trace.ReadingFact)
			if !ok || f.Reading != got.Reading {
				continue
			}
			meaning := udi.Understand(f.Symbology+f.Text, e.Occurred)
			product, inside, err := v.record.product(v.ctx, meaning.Device.DI)
			if err != nil {
				return want, err
			}
			_, why := m.Device(meaning.Device, product, inside, e.Provenance, meaning.Damaged(), e.Occurred)
			return matchOfReading(recall.Unlinked{Reading: f.Reading, Occurred: e.Occurred, Device: meaning.Device, Procedure: f.Procedure, Why: why}), nil
		}
	}
	return want, errNotInPack
}

// used are usages of a serial number, as the entries of the pack say.
func (v *verifier) used(d udi.Device) (all []trace.UsageID) {
	if d.Serial == "" || d.DI == "" {
		return nil
	}
	for _, e := range v.record.entries {
		f, ok := e.Fact.(trace.UsageFact)
		if !ok || f.Device.Serial == "" || slices.Contains(all, f.Usage) {
			continue
		}
		if u, there, err := fold.Usage(v.record, f.Usage); err == nil && there && !u.Withdrawn && u.Device.DI == d.DI && udi.Fold(u.Device.Serial) == udi.Fold(d.Serial) {
			all = append(all, f.Usage)
		}
	}
	return all
}

// actions holds what was done against the entries that say it, and wants all of
// them.
func (v *verifier) actions(all []Action) {
	var want []Action
	for _, e := range v.record.entries {
		if a, ok := actionsOf(e); ok {
			want = append(want, a)
		}
	}
	sortActions(want)
	if len(all) != len(want) {
		v.wrong("%d actions are listed, and the entries say %d", len(all), len(want))
		return
	}
	for i := range all {
		if !reflect.DeepEqual(all[i], want[i]) {
			v.wrong("action %d is not what entry %d of node %s says", i+1, want[i].Entry.Seq, want[i].Entry.Node)
		}
	}
}

// table holds the tables for people against the rows for programs.
func (v *verifier) table(csv, xlsx string, rows [][]string) {
	if b, err := sheet.CSV(rows); err != nil || !bytes.Equal(b, v.files[csv]) {
		v.wrong("%s does not say what the rows for programs say", csv)
	}
	back, err := sheet.ReadBack(v.files[xlsx])
	if err != nil {
		v.wrong("%s: %v", xlsx, err)
		return
	}
	trim := func(r []string) []string {
		out := slices.Clone(r)
		for i := range out {
			out[i] = strings.TrimSpace(out[i])
		}
		for len(out) > 0 && out[len(out)-1] == "" {
			out = out[:len(out)-1]
		}
		return out
	}
	if !slices.EqualFunc(back, rows, func(a, b []string) bool { return slices.Equal(trim(a), trim(b)) }) {
		v.wrong("%s does not say what the rows for programs say", xlsx)
	}
}
