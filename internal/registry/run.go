package registry

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"implantrace/gs1"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// What one run may be: more than a hospital implants in a lifetime. The file is
// written in parts as the record is read. In memory are kept the ids of the procedures
// that were read (some 40 bytes each, so that one which moves meanwhile is told once)
// and what the registry knows already (some 150 bytes a record).
const (
	RunBytesMost   = 8 << 30   // of its file
	RunRecordsMost = 2_000_000 // procedures read, or records known to the registry before
)

// The parts in which a run is kept.
const (
	partBytes = 1 << 20
	partRows  = 2048
)

// Runs makes the runs of exports, one at a time, beside everything else. It is safe
// for concurrent use.
type Runs struct {
	Recorder command.Recorder
	Mappings Mappings // by which runs may go

	ctx  context.Context // done when the node stops
	stop context.CancelFunc
	wait sync.WaitGroup

	mu     sync.Mutex
	now    *making // nil: none is made
	closed bool
	most   struct { // smaller in tests
		bytes   int64
		records int
		part    int
	}
}

// NewRuns makes none yet.
func NewRuns(r command.Recorder) *Runs {
	rs := &Runs{Recorder: r}
	rs.ctx, rs.stop = context.WithCancel(context.Background())
	rs.most.bytes, rs.most.records, rs.most.part = RunBytesMost, RunRecordsMost, partBytes
	return rs
}

// Bound makes the most that a run may be, and its parts, smaller; for tests.
func (rs *Runs) Bound(bytes int64, records, part int) {
	rs.most.bytes, rs.most.records, rs.most.part = bytes, records, part
}

// Close stops the run that is being made and waits for it. It stays as begun:
// nothing of it can be taken out.
func (rs *Runs) Close() {
	rs.mu.Lock()
	rs.closed = true
	rs.mu.Unlock()
	rs.stop()
	rs.wait.Wait()
}

// StartRun asks for a run. Its id is the run's.
type StartRun struct {
	command.Meta
	Registry  string            `json:"registry"`
	Section   string            `json:"section,omitempty"`
	From      time.Time         `json:"from,omitzero"` // procedures that began then or later
	To        time.Time         `json:"to,omitzero"`   // and before that
	Month     string            `json:"month,omitempty"`
	GLN       string            `json:"gln,omitempty"` // of the place
	Procedure trace.ProcedureID `json:"procedure,omitzero"`
	Changes   bool              `json:"changes,omitempty"`
	Mapping   string            `json:"mapping,omitempty"` // its name in [Runs.Mappings]
	Schedule  string            `json:"-"`
}

// scope checks what is asked for.
func (rs *Runs) scope(q StartRun) (trace.RunScope, Export, error) {
	zone := rs.Recorder.Zone()
	s := trace.RunScope{Registry: q.Registry, Section: q.Section, From: q.From, To: q.To, Month: q.Month, Place: trace.Place{GLN: q.GLN}, Procedure: q.Procedure, Changes: q.Changes, Schedule: q.Schedule}
	e, ok := ExportNamed(q.Registry)
	if !ok {
		return s, e, trace.Errorf(trace.Invalid, "There are no runs for %q. Name one of %s.", short(q.Registry), strings.Join(exportIDs(), ", "))
	}
	if err := e.Asks(s, zone); err != nil {
		return s, e, err
	}
	switch {
	case e.Mapped:
		m, is, err := rs.Mappings.Read(q.Mapping)
		if err != nil {
			return s, e, err
		}
		e, s.Mapping = mappedExport(m), is
	case q.Mapping != "":
		return s, e, trace.Errorf(trace.Invalid, "%s goes by no mapping.", e.Title)
	}
	if q.GLN != "" {
		if _, err := gs1.ParseGLN(q.GLN); err != nil {
			return s, e, trace.Errorf(trace.Invalid, "%q is no location number (GLN).", short(q.GLN))
		}
	}
	return s, e, nil
}

// Asks says what is wrong with what a run is to be of; nil: nothing.
func (e Export) Asks(s trace.RunScope, zone *time.Location) error {
	period := !s.From.IsZero() || !s.To.IsZero()
	switch {
	case len(e.Sections) > 0 && !slices.Contains(e.Sections, s.Section):
		return trace.Errorf(trace.Invalid, "Say which operations the run is of, as section: %s.", strings.Join(e.Sections, ", "))
	case len(e.Sections) == 0 && s.Section != "":
		return trace.Errorf(trace.Invalid, "%s has no sections.", e.Title)
	case e.Monthly && (period || !s.Procedure.IsZero()):
		return trace.Errorf(trace.Invalid, "%s is told by months: name one as month, and no period or procedure.", e.Title)
	case !e.Monthly && s.Month != "":
		return trace.Errorf(trace.Invalid, "%s is not told by months: name a period or a procedure.", e.Title)
	case !s.Procedure.IsZero() && (period || s.Place.GLN != ""):
		return trace.Errorf(trace.Invalid, "A run is of one procedure, or of a period and a place, not of both.")
	case !s.From.IsZero() && !s.To.IsZero() && !s.From.Before(s.To):
		return trace.Errorf(trace.Invalid, "The period ends before it begins.")
	}
	if e.Monthly {
		_, err := ParseMonth(s.Month, zone)
		return err
	}
	return nil
}

func exportIDs() (all []string) {
	for _, e := range Exports() {
		all = append(all, e.ID)
	}
	return all
}

func short(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

// Start records that a run begins, and makes it. Sent again it gives the same run.
// While another is made it is refused (kind Conflict).
func (rs *Runs) Start(ctx context.Context, q StartRun) (trace.RunID, error) {
	id := trace.RunID(q.ID)
	canon, _, done, err := rs.Recorder.Before(ctx, q.ID, "make a run of an export", q)
	if done {
		return id, err
	}
	scope, export, err := rs.scope(q)
	if err != nil {
		return id, err
	}
	if !q.Procedure.IsZero() {
		if _, err := rs.Recorder.Store.Procedure(ctx, q.Procedure); err != nil {
			return id, err
		}
	}
	m := &making{runs: rs, id: id, by: q.By, provenance: q.Provenance, scope: scope, export: export, done: make(chan struct{})}
	m.ctx, m.cancel = context.WithCancel(rs.ctx)
	rs.mu.Lock()
	switch {
	case rs.closed:
		err = trace.Errorf(trace.ReadOnly, "The node is stopping: no run was begun.")
	case rs.now != nil:
		err = trace.Errorf(trace.Conflict, "Another run is being made. Wait until it is done, or cancel it.")
	default:
		rs.now = m
		rs.wait.Add(1)
	}
	rs.mu.Unlock()
	if err != nil {
		m.cancel()
		return id, err
	}
	if _, err := rs.Recorder.Record(ctx, q.Meta, canon, trace.Draft{Fact: trace.RunFact{Run: id, State: trace.RunBegun, Scope: scope}}); err != nil {
		rs.end(m)
		return id, err
	}
	go func() {
		defer rs.end(m)
		m.finish(m.make())
	}()
	return id, nil
}

func (rs *Runs) end(m *making) {
	m.cancel()
	rs.mu.Lock()
	rs.now = nil
	rs.mu.Unlock()
	close(m.done)
	rs.wait.Done()
}

// Wait waits until a run is no longer being made here.
func (rs *Runs) Wait(ctx context.Context, id trace.RunID) error {
	m := rs.making(id)
	if m == nil {
		return nil
	}
	select {
	case <-m.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (rs *Runs) making(id trace.RunID) *making {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.now != nil && rs.now.id == id {
		return rs.now
	}
	return nil
}

// Progress is how far a run has come that is being made.
type Progress struct {
	Procedures int   `json:"procedures"`
	Records    int   `json:"records"`
	Held       int   `json:"held"`
	Bytes      int64 `json:"bytes"`
}

// Progress gives how far a run has come; ok is false where it is not being made here.
func (rs *Runs) Progress(id trace.RunID) (p Progress, ok bool) {
	m := rs.making(id)
	if m == nil {
		return p, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.progress, true
}

// CancelRun stops a run that is being made.
type CancelRun struct {
	command.Meta
	Run trace.RunID `json:"run"`
}

// Cancel carries the command out, and waits until the run is stopped.
func (rs *Runs) Cancel(ctx context.Context, q CancelRun) error {
	canon, _, done, err := rs.Recorder.Before(ctx, q.ID, "cancel a run", q)
	if done {
		return err
	}
	run, err := rs.Recorder.Store.Run(ctx, q.Run)
	if err != nil {
		return err
	}
	if m := rs.making(q.Run); m != nil {
		m.cancel()
		if err := rs.Wait(ctx, q.Run); err != nil {
			return err
		}
		if run, err = rs.Recorder.Store.Run(ctx, q.Run); err != nil {
			return err
		}
	}
	if run.State != trace.RunBegun {
		return trace.Errorf(trace.Conflict, "The run is not being made any more: it is %s.", run.State)
	}
	_, err = rs.Recorder.Record(ctx, q.Meta, canon, trace.Draft{Fact: trace.RunFact{Run: q.Run, State: trace.RunCancelled}})
	return err
}

// AnswerRun says whether the registry took a run. The last answer counts.
type AnswerRun struct {
	command.Meta
	Run      trace.RunID `json:"run"`
	Accepted bool        `json:"accepted"`
	Reason   string      `json:"reason,omitempty"` // sealed; a refusal wants one
}

// Answer carries the command out.
func (rs *Runs) Answer(ctx context.Context, q AnswerRun) error {
	canon, _, done, err := rs.Recorder.Before(ctx, q.ID, "answer a run", q)
	if done {
		return err
	}
	run, err := rs.Recorder.Store.Run(ctx, q.Run)
	if err != nil {
		return err
	}
	if !run.State.Whole() {
		return trace.Errorf(trace.Conflict, "The run has no file that a registry could take: it is %s.", run.State)
	}
	q.Reason = strings.TrimSpace(q.Reason)
	f, secret := trace.RunFact{Run: q.Run, State: trace.RunRefused}, (*trace.Secret)(nil)
	switch {
	case q.Accepted:
		f.State = trace.RunAccepted
	case q.Reason == "":
		return trace.Errorf(trace.Invalid, "Say why the registry refused the run.")
	}
	if err := command.Note(q.Reason); err != nil {
		return err
	}
	if q.Reason != "" {
		secret = &trace.Secret{Note: q.Reason}
	}
	_, err = rs.Recorder.Record(ctx, q.Meta, canon, trace.Draft{Fact: f, Secret: secret})
	return err
}

// Check says what is wrong with what a run is asked to be of; nil: nothing.
func (rs *Runs) Check(q StartRun) error {
	_, _, err := rs.scope(q)
	return err
}

// Delivered says of a run that a schedule brought its file where it belongs, that
// the place did not take it, with why, or that being delivered counts as accepted. Of
// each a run is told once.
func (rs *Runs) Delivered(ctx context.Context, run trace.Run, state trace.RunState, why string) error {
	m := &making{runs: rs, id: run.ID, by: run.History[0].Stamp.By, provenance: trace.System}
	d := trace.Draft{Fact: trace.RunFact{Run: run.ID, State: state}}
	if why != "" {
		d.Secret = &trace.Secret{Note: why}
	}
	return m.say(ctx, string(state), d)
}

// making is a run on its way.
type making struct {
	runs       *Runs
	id         trace.RunID
	by         trace.Actor
	provenance trace.Provenance
	scope      trace.RunScope
	export     Export

	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	progress Progress

	of     exportScope
	result trace.RunResult
	known  map[rowKey]knownRow
	seen   map[trace.ProcedureID]struct{}
	once   map[[16]byte]struct{} // lines that the file has once only, by their names' hashes
	sum    hash.Hash
	file   bytes.Buffer // of the part
	rows   []trace.RunRow
	held   []HeldRecord
	heldAs int // bytes that the reasons take
}

// rowKey is what a record of a run is of.
type rowKey struct {
	procedure trace.ProcedureID
	usage     trace.UsageID
	side      trace.Side
}

// knownRow is what the registry was told of a record.
type knownRow struct {
	hash   trace.LookupHash
	inside bool // of the run's scope: one that is not met is missed
	met    bool // it was come upon in this run
}

// HeldRecord is a record that a run kept back, and why.
type HeldRecord struct {
	Row      int           `json:"row"` // of the part
	Name     string        `json:"name"`
	Day      string        `json:"day,omitempty"`
	Problems []HeldProblem `json:"problems"`
}

// HeldProblem is what keeps a record back.
type HeldProblem struct {
	Key       string `json:"key,omitempty"`
	Name      string `json:"name,omitempty"`
	Mandation string `json:"mandation,omitempty"`
	State     State  `json:"state"`
	Why       string `json:"why"`
	Fix       Fix    `json:"fix"`
}

// errTooLarge is of a run past [RunBytesMost] or [RunRecordsMost].
var errTooLarge = errors.New("too large")

// make reads the record and keeps the run's parts.
func (m *making) make() error {
	r := m.runs.Recorder
	m.of = exportScope{now: r.Clock(), zone: r.Zone()}
	m.of.section, _ = SectionNamed(m.scope.Section)
	from, to := m.scope.From, m.scope.To
	if m.export.Monthly {
		month, err := ParseMonth(m.scope.Month, r.Zone())
		if err != nil {
			return err
		}
		m.of.month = month
		from, to = month.Period()
	}
	m.sum, m.seen = sha256.New(), map[trace.ProcedureID]struct{}{}
	m.result.Name = m.name()
	var err error
	if m.known, m.result.Since, err = known(m.ctx, r.Store, m.scope, from, to, m.runs.most.records); err != nil {
		return err
	}
	m.once = map[[16]byte]struct{}{}
	if err := m.write(m.export.form.head(m.of, m.export.header(m.of))); err != nil {
		return err
	}
	q := trace.ProcedureQuery{From: from, To: to, Place: m.scope.Place}
	for p, err := range trace.ProceduresInFull(m.ctx, r.Store, m.scope.Procedure, q) {
		if err != nil {
			return err
		}
		if err := m.procedure(p); err != nil {
			return err
		}
	}
	// What the registry was told of and this run has not come upon was withdrawn, or
	// moved out of the period.
	gone := map[trace.ProcedureID]bool{}
	for k, was := range m.known {
		if was.inside && !was.met {
			gone[k.procedure] = true
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(gone), func(a, b trace.ProcedureID) int { return bytes.Compare(a[:], b[:]) }) {
		if _, ok := m.seen[id]; !ok {
			for p, err := range trace.ProceduresInFull(m.ctx, r.Store, id, trace.ProcedureQuery{}) {
				if err != nil {
					return err
				}
				if err := m.moved(p); err != nil {
					return err
				}
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(m.known), rowKey.compare) {
		if was := m.known[k]; was.inside && !was.met {
			m.result.Withdrawals++
			if err := m.row(trace.RunRow{Procedure: k.procedure, Usage: k.usage, Side: k.side, State: trace.RowWithdrawn}); err != nil {
				return err
			}
		}
	}
	if err := m.write(m.export.form.end(m.result.Rows)); err != nil {
		return err
	}
	if err := m.flush(); err != nil {
		return err
	}
	m.result.SHA256 = trace.Hash(m.sum.Sum(nil))
	m.result.Procedures = m.progress.Procedures
	return m.ctx.Err()
}

func (a rowKey) compare(b rowKey) int {
	return cmp.Or(bytes.Compare(a.procedure[:], b.procedure[:]), bytes.Compare(a.usage[:], b.usage[:]), strings.Compare(string(a.side), string(b.side)))
}

// name is the file's.
func (m *making) name() string {
	parts := []string{m.export.ID}
	if m.scope.Mapping.File != "" {
		parts = append(parts, strings.ToLower(m.scope.Mapping.File))
	}
	if m.scope.Section != "" {
		parts = append(parts, strings.ReplaceAll(strings.ToLower(m.scope.Section), " ", "-"))
	}
	if m.scope.Month != "" {
		parts = append(parts, m.scope.Month)
	}
	if m.export.Draft {
		parts = append(parts, "draft")
	}
	return strings.Join(append(parts, m.of.now.UTC().Format("20060102t150405z"), m.id.String()[24:]), "-") + "." + m.export.form.extension
}

func (m *making) gather(p trace.ProcedureInFull) (Case, error) {
	return CaseOf(m.ctx, m.runs.Recorder.Store, p, m.of.zone)
}

// procedure takes in the records of one procedure; of one that moves while it is
// read, once.
func (m *making) procedure(p trace.ProcedureInFull) error {
	if _, ok := m.seen[p.Procedure.ID]; ok {
		return nil
	}
	if len(m.seen) >= m.runs.most.records {
		return errTooLarge
	}
	m.seen[p.Procedure.ID] = struct{}{}
	c, err := m.gather(p)
	if err != nil {
		return err
	}
	for _, rec := range m.export.records(m.of, c) {
		if err := m.record(rec, m.scope.Changes); err != nil {
			return err
		}
	}
	m.mu.Lock()
	m.progress.Procedures++
	m.mu.Unlock()
	return nil
}

// moved takes in what the registry was told of a procedure that is in the period no
// longer, or at the place: what is the same now needs no word.
func (m *making) moved(p trace.ProcedureInFull) error {
	c, err := m.gather(p)
	if err != nil {
		return err
	}
	for _, rec := range m.export.records(m.of, c) {
		if _, ok := m.known[rowKey{rec.Procedure, rec.Usage, rec.Side}]; ok {
			if err := m.record(rec, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// record takes one in. changes leaves out what the registry has as it is.
func (m *making) record(rec Record, changes bool) error {
	key := rowKey{rec.Procedure, rec.Usage, rec.Side}
	was, told := m.known[key]
	if told {
		was.met = true
		m.known[key] = was
	}
	row := trace.RunRow{Procedure: rec.Procedure, Usage: rec.Usage, Side: rec.Side, State: trace.RowNew, Lines: len(rec.Lines)}
	if !rec.Start.IsZero() {
		row.Start = rec.Start.UnixMilli()
	}
	if rec.Held() {
		row.State, row.Lines = trace.RowHeld, 0
		m.result.Held++
		h := HeldRecord{Row: len(m.rows), Name: rec.Name, Day: rec.Day}
		for _, p := range rec.Problems {
			one := HeldProblem{State: p.State, Why: p.Why, Fix: p.Fix}
			if p.Element.Key != "" {
				one.Key, one.Name, one.Mandation = AnswerKey(p.Element), Label(p.Element), p.Element.Mandation.String()
			}
			h.Problems = append(h.Problems, one)
			m.heldAs += len(one.Why) + len(one.Name) + 120
		}
		m.held = append(m.held, h)
		return m.row(row)
	}
	hashes := m.runs.Recorder.Store.Lookups(trace.LookupRow, m.export.said(rec))
	row.Hash = hashes[0]
	switch {
	case told && slices.Contains(hashes, was.hash):
		row.State = trace.RowUnchanged
		m.result.Unchanged++
		if changes {
			return nil
		}
	case told:
		row.State = trace.RowChanged
		m.result.Changed++
	default:
		m.result.New++
	}
	m.result.Records++
	lines := rec.Lines
	if rec.numbered != nil {
		lines = rec.numbered(m.result.Rows + 1)
	}
	before := m.result.Rows
	for i, cells := range lines {
		if rec.once != nil && rec.once[i] != "" {
			sum := sha256.Sum256([]byte(rec.once[i]))
			name := [16]byte(sum[:16])
			if _, ok := m.once[name]; ok {
				continue
			}
			m.once[name] = struct{}{}
		}
		if err := m.write(m.export.form.line(m.result.Rows, cells)); err != nil {
			return err
		}
		m.result.Rows++
	}
	row.Lines = m.result.Rows - before
	return m.row(row)
}

// write adds to the file.
func (m *making) write(text string) error {
	m.file.WriteString(text)
	m.result.Size += int64(len(text))
	if m.result.Size > m.runs.most.bytes {
		return errTooLarge
	}
	return nil
}

// row adds a record to the part, and keeps the part when it is full.
func (m *making) row(r trace.RunRow) error {
	m.rows = append(m.rows, r)
	m.mu.Lock()
	m.progress.Records, m.progress.Held, m.progress.Bytes = m.result.Records, m.result.Held, m.result.Size
	m.mu.Unlock()
	if len(m.rows) >= partRows || m.file.Len()+m.heldAs >= m.runs.most.part {
		return m.flush()
	}
	return nil
}

// flush keeps the part.
func (m *making) flush() error {
	if m.file.Len() == 0 && len(m.rows) == 0 {
		return nil
	}
	secret := &trace.Secret{Raw: m.file.String()}
	if len(m.held) > 0 {
		b, err := json.Marshal(m.held)
		if err != nil {
			return err
		}
		secret.Answers = string(b)
	}
	if secret.IsZero() {
		secret = nil
	}
	m.sum.Write(m.file.Bytes())
	f := trace.RunPartFact{Run: m.id, Part: m.result.Parts, Size: m.file.Len(), Rows: m.rows}
	if err := m.say(m.ctx, fmt.Sprintf("part %d", m.result.Parts), trace.Draft{Fact: f, Secret: secret}); err != nil {
		return err
	}
	m.result.Parts++
	m.rows, m.held, m.heldAs = nil, nil, 0
	m.file.Reset()
	return nil
}

// say records an entry of the run. The store is asked again while it is busy.
func (m *making) say(ctx context.Context, what string, d trace.Draft) error {
	id := trace.DeriveID[trace.OfEvent](m.id, "run/"+what)
	meta := command.Meta{ID: id, By: m.by, Provenance: cmp.Or(m.provenance, trace.System)}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		_, err := m.runs.Recorder.Record(ctx, meta, fmt.Appendf(nil, "run %s %s", m.id, what), d)
		if trace.KindOf(err) != trace.Busy {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// finish says what the run came to. One that was stopped is left as begun: whoever
// cancelled it says so, and a node that stops says nothing.
func (m *making) finish(err error) {
	d := trace.Draft{Fact: trace.RunFact{Run: m.id, State: trace.RunMade, Result: m.result}}
	what := "made"
	switch {
	case m.ctx.Err() != nil:
		return
	case err != nil:
		what = "failed"
		d.Fact, d.Secret = trace.RunFact{Run: m.id, State: trace.RunFailed}, &trace.Secret{Note: m.why(err)}
	}
	// Where not even this can be recorded the run stays as begun, and is shown as broken off.
	_ = m.say(m.ctx, what, d)
}

// why puts an error into words for who asked for the run.
func (m *making) why(err error) string {
	switch {
	case errors.Is(err, errTooLarge):
		return fmt.Sprintf("It would be more than %d MB or %d records. Take a shorter period, or one place at a time.", int64(RunBytesMost)>>20, RunRecordsMost)
	case trace.KindOf(err) == trace.Internal, trace.KindOf(err) == trace.NotFound:
		return "The record could not be read whole. Nothing was given rather than something wrong: run implantrace verify."
	}
	return err.Error()
}

// known gives what a registry was told, and has accepted, of the records of a
// scope, and the run that it accepted last. What lay outside the period is among it, as
// far as there is room, so that a record which has moved into it is not taken for new.
func known(ctx context.Context, f trace.Finder, scope trace.RunScope, from, to time.Time, most int) (map[rowKey]knownRow, trace.RunID, error) {
	told := map[rowKey]knownRow{}
	runs, err := acceptedRuns(ctx, f, scope)
	if err != nil || len(runs) == 0 {
		return told, trace.RunID{}, err
	}
	inside := 0
	for _, run := range runs {
		for p, err := range f.RunParts(ctx, run.ID) {
			if err != nil {
				return nil, trace.RunID{}, err
			}
			for _, row := range p.Rows {
				key := rowKey{row.Procedure, row.Usage, row.Side}
				was := told[key]
				if was.inside {
					inside--
				}
				start := time.UnixMilli(row.Start)
				in := (from.IsZero() || !start.Before(from)) && (to.IsZero() || start.Before(to))
				if !scope.Procedure.IsZero() {
					in = row.Procedure == scope.Procedure
				}
				switch {
				case row.State == trace.RowHeld: // the registry has what it was told before
					in = was.inside
				case row.State == trace.RowWithdrawn, !in && len(told) >= most:
					delete(told, key)
					in = false
				default:
					told[key] = knownRow{hash: row.Hash, inside: in}
				}
				if in {
					inside++
				}
			}
			if inside > most {
				return nil, trace.RunID{}, errTooLarge
			}
		}
	}
	return told, runs[len(runs)-1].ID, nil
}

// acceptedRuns are those that tell what a registry knows of a scope's records, in
// the order in which they were made.
func acceptedRuns(ctx context.Context, f trace.Finder, scope trace.RunScope) (all []trace.Run, err error) {
	for r, err := range f.Runs(ctx) {
		if err != nil {
			return nil, err
		}
		if s := r.Scope; r.State == trace.RunAccepted && s.Registry == scope.Registry && s.Section == scope.Section && s.Month == scope.Month && s.Mapping.File == scope.Mapping.File {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, trace.Run.Compare)
	return all, nil
}

// WriteRun writes the file of a run as it was made. Before the first byte it holds
// all of it against its hash: what cannot be opened any more is not given in half.
func WriteRun(ctx context.Context, f trace.Finder, run trace.Run, begin func(), w io.Writer) error {
	if !run.State.Whole() {
		return trace.Errorf(trace.Conflict, "The run has no file: it is %s.", run.State)
	}
	sum := sha256.New()
	if err := eachPart(ctx, f, run, func(_ trace.RunPart, s *trace.Secret) error {
		sum.Write([]byte(s.Raw))
		return nil
	}); err != nil {
		return err
	}
	if trace.Hash(sum.Sum(nil)) != run.Result.SHA256 {
		return errNotWhole
	}
	begin()
	return eachPart(ctx, f, run, func(_ trace.RunPart, s *trace.Secret) error {
		_, err := io.WriteString(w, s.Raw)
		return err
	})
}

var (
	errNotWhole = trace.Errorf(trace.Internal, "The bytes of the run are not those that were made. Nothing is given rather than something wrong: run implantrace verify.")
	errErased   = trace.Errorf(trace.Conflict, "A patient who stood in this run was erased, and a part of its file with them. Its hash and the records that it had are kept; the file cannot be given any more.")
)

// eachPart opens the parts of a run in their order.
func eachPart(ctx context.Context, f trace.Finder, run trace.Run, do func(trace.RunPart, *trace.Secret) error) error {
	n := 0
	for p, err := range f.RunParts(ctx, run.ID) {
		if err != nil {
			return err
		}
		if p.Part != n {
			return errNotWhole
		}
		n++
		s := &trace.Secret{}
		if p.Stamp.Sealed {
			if s, err = f.Secret(ctx, p.Stamp.Position); err != nil {
				return err
			}
			if s == nil {
				return errErased
			}
		}
		if err := do(p, s); err != nil {
			return err
		}
	}
	if n != run.Result.Parts {
		return errNotWhole
	}
	return nil
}

// Reported is a record of a run with why it is in it.
type Reported struct {
	trace.RunRow
	Held *HeldRecord // of one that was kept back; nil: a patient was erased, and the reason with them
}

// RunRecords gives the records of a run in the order of its file, those among them
// that were kept back or withdrawn.
func RunRecords(ctx context.Context, f trace.Finder, run trace.Run) iter.Seq2[Reported, error] {
	return func(yield func(Reported, error) bool) {
		for p, err := range f.RunParts(ctx, run.ID) {
			var held []HeldRecord
			if err == nil && slices.ContainsFunc(p.Rows, func(r trace.RunRow) bool { return r.State == trace.RowHeld }) {
				held, err = heldOf(ctx, f, p)
			}
			if err != nil {
				yield(Reported{}, err)
				return
			}
			by := map[int]*HeldRecord{}
			for i := range held {
				by[held[i].Row] = &held[i]
			}
			for i, row := range p.Rows {
				if !yield(Reported{row, by[i]}, nil) {
					return
				}
			}
		}
	}
}

func heldOf(ctx context.Context, f trace.Finder, p trace.RunPart) (held []HeldRecord, err error) {
	s, err := f.Secret(ctx, p.Stamp.Position)
	if err != nil || s == nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(s.Answers), &held); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnreadable, err)
	}
	return held, nil
}

// Completeness gives every record that a run of a scope would look at, with every
// element as it stands. Nothing is recorded.
func (rs *Runs) Completeness(ctx context.Context, q StartRun) (iter.Seq2[Record, error], error) {
	r := rs.Recorder
	scope, export, err := rs.scope(q)
	if err != nil {
		return nil, err
	}
	if !q.Procedure.IsZero() {
		if _, err := r.Store.Procedure(ctx, q.Procedure); err != nil {
			return nil, err
		}
	}
	of := exportScope{now: r.Clock(), zone: r.Zone()}
	of.section, _ = SectionNamed(scope.Section)
	period := trace.ProcedureQuery{From: scope.From, To: scope.To, Place: scope.Place}
	if export.Monthly {
		if of.month, err = ParseMonth(scope.Month, r.Zone()); err != nil {
			return nil, err
		}
		period.From, period.To = of.month.Period()
	}
	return func(yield func(Record, error) bool) {
		for p, err := range trace.ProceduresInFull(ctx, r.Store, scope.Procedure, period) {
			var c Case
			if err == nil {
				c, err = CaseOf(ctx, r.Store, p, r.Zone())
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, rec := range export.records(of, c) {
				if !yield(rec, nil) {
					return
				}
			}
		}
	}, nil
}
