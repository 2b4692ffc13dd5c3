package record

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"implantrace/internal/trace"
)

// Codec gives state its bytes: deterministic, so that equal states are equal
// rows.
type Codec interface {
	Marshal(v any) ([]byte, error)
	Unmarshal(b []byte, v any) error
}

// Fold makes rows of entries.
type Fold struct{ Codec Codec }

// Receipt is the row of [Commands].
type Receipt struct {
	First    uint64    `cbor:"1,keyasint"`
	Count    uint64    `cbor:"2,keyasint"`
	Recorded time.Time `cbor:"3,keyasint"`
	Digest   []byte    `cbor:"4,keyasint"`
}

// Apply says what to write for an entry that is not applied yet. It changes
// nothing itself. An error means that rows that are there cannot be read.
func (f Fold) Apply(e trace.Entry, prior Prior) ([]Mutation, error) {
	w := &writer{fold: f, prior: prior}
	object := e.Fact.Object()
	about, err := f.about(object, e, prior)
	if err != nil {
		return nil, err
	}
	w.put(Objects, join(object[:], PositionKey(e.Position)), nil)
	w.command(e)
	w.node(e)
	w.lamport(e)
	switch fact := e.Fact.(type) {
	case trace.NodeFact:
	case trace.RecoveryFact:
		w.recovered(e, fact)
	case trace.ReadingFact:
		w.put(Readings, join(TimeKey(e.Recorded), PositionKey(e.Position)), nil)
		if di, loose := looseReading(fact, e.Occurred); loose {
			w.put(Loose, join(DIPrefix(di), TimeKey(e.Recorded), PositionKey(e.Position)), nil)
		}
	case trace.PatientFact:
		w.patient(fact.Patient, foldPatient(about))
	case trace.ErasureFact:
		w.patient(fact.Patient, foldPatient(about))
		for _, subject := range fact.Keys() {
			w.put(Erased, join(subject[:], PositionKey(e.Position)), nil)
		}
	case trace.ProcedureFact:
		w.procedure(fact.Procedure, foldProcedure(about))
	case trace.UsageFact:
		w.usage(fact.Usage, foldUsage(about))
	case trace.ProductFact:
		w.value(Products, []byte(fact.DI), foldProduct(about))
	case trace.CatalogueFact:
		w.catalogue(e, fact)
	case trace.NoticeFact:
		w.value(Notices, fact.Notice[:], foldNotice(about))
	case trace.AttachmentFact:
		first := about[0]
		w.value(Attachments, AttachmentKey(fact.Notice, fact.Attachment), trace.Attachment{AttachmentFact: first.Fact.(trace.AttachmentFact), Stamp: stamp(first)})
	case trace.CaseFact:
		w.value(Cases, CaseKey(fact.Notice, fact.Case), foldCase(about))
	case trace.CheckSettingFact:
		w.value(Settings, []byte(fact.Rule), foldSetting(about))
	case trace.QuarantineFact:
		w.quarantine(fact.Quarantine, foldQuarantine(about))
	case trace.PlanFact:
		w.value(Plans, fact.Procedure[:], foldPlan(about))
	case trace.ApprovalFact:
		last := about[len(about)-1]
		w.value(Approvals, []byte("site"), ApprovalRow{last.Fact.(trace.ApprovalFact), stamp(last)})
	default:
		return nil, fmt.Errorf("record: no rule for %T", fact)
	}
	return w.out, w.err
}

// ApprovalRow is the row of [Approvals].
type ApprovalRow struct {
	Fact  trace.ApprovalFact `cbor:"1,keyasint"`
	Stamp trace.Stamp        `cbor:"2,keyasint"`
}

// about gives all entries that speak of an object, e among them, in the order
// in which they count. An entry that came in twice, through two nodes, counts
// once.
func (f Fold) about(object [16]byte, e trace.Entry, prior Prior) ([]trace.Entry, error) {
	var at []trace.Position
	for k := range prior.Scan(Objects, object[:]) {
		at = append(at, PositionOf(k))
	}
	all := []trace.Entry{e}
	for _, p := range at {
		o, err := prior.Entry(p)
		if err != nil {
			return nil, fmt.Errorf("record: entry %d of node %s: %w", p.Seq, p.Node, err)
		}
		if speaksOf(o.Fact) == speaksOf(e.Fact) {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b trace.Entry) int {
		switch {
		case a.Lamport != b.Lamport:
			if a.Lamport < b.Lamport {
				return -1
			}
			return 1
		case a.Node != b.Node:
			return bytes.Compare(a.Node[:], b.Node[:])
		}
		return int(int64(a.Seq) - int64(b.Seq))
	})
	seen := make(map[trace.EventID]bool, len(all))
	return slices.DeleteFunc(all, func(e trace.Entry) bool {
		twice := seen[e.ID]
		seen[e.ID] = true
		return twice
	}), nil
}

// speaksOf is the kind of thing that a fact is about: an erasure is of a
// patient.
func speaksOf(f trace.Fact) trace.FactKind {
	if k := f.Kind(); k != trace.KindErasure {
		return k
	}
	return trace.KindPatient
}

func stamp(e trace.Entry) trace.Stamp {
	return trace.Stamp{Position: e.Position, Event: e.ID, Recorded: e.Recorded, Occurred: e.Occurred, By: e.By,
		Provenance: e.Provenance, Sealed: len(e.Commitment) > 0}
}

func amended(s trace.Stamp, a trace.Amend) trace.Stamp {
	s.Corrects, s.Withdraw = a.Corrects, a.Withdraw
	return s
}

// writer gathers mutations, and the first error.
type writer struct {
	fold  Fold
	prior Prior
	out   []Mutation
	err   error
}

func (w *writer) put(t Table, key, value []byte) {
	w.out = append(w.out, Mutation{Table: t, Key: key, Value: value})
}

func (w *writer) value(t Table, key []byte, v any) {
	b, err := w.fold.Codec.Marshal(v)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("record: %w", err)
	}
	w.put(t, key, b)
}

// read fills v from a row and reports whether there is one.
func (w *writer) read(t Table, key []byte, v any) bool {
	b := w.prior.Get(t, key)
	if b == nil {
		return false
	}
	if err := w.fold.Codec.Unmarshal(b, v); err != nil && w.err == nil {
		w.err = fmt.Errorf("record: table %c: %w", t, err)
	}
	return true
}

// index moves the rows of an index from the old keys to the new.
func (w *writer) index(t Table, old, now [][]byte) {
	for _, k := range old {
		if !slices.ContainsFunc(now, func(n []byte) bool { return bytes.Equal(k, n) }) {
			w.out = append(w.out, Mutation{Table: t, Key: k, Delete: true})
		}
	}
	for _, k := range now {
		if !slices.ContainsFunc(old, func(o []byte) bool { return bytes.Equal(k, o) }) {
			w.put(t, k, nil)
		}
	}
}

func (w *writer) command(e trace.Entry) {
	key := join(e.Command[:], e.Node[:])
	var r Receipt
	if !w.read(Commands, key, &r) {
		r = Receipt{First: e.Seq, Recorded: e.Recorded, Digest: e.Digest}
	}
	if n := uint64(e.Part) + 1; n > r.Count {
		r.Count = n
	}
	w.value(Commands, key, r)
}

func (w *writer) node(e trace.Entry) {
	var n trace.NodeCoverage
	if !w.read(Nodes, e.Node[:], &n) {
		n = trace.NodeCoverage{Node: e.Node}
	}
	if n.RecordedSince.IsZero() {
		n.RecordedSince = e.Recorded
	}
	if f, ok := e.Fact.(trace.NodeFact); ok {
		n.Name = f.Name
	}
	if e.Seq+1 > n.Entries {
		n.Entries, n.RecordedUntil = e.Seq+1, e.Recorded
	}
	// A correction says when it was made, not when a device was used.
	if f, ok := e.Fact.(trace.UsageFact); ok && f.Amend.Corrects.IsZero() {
		if n.UsagesFrom.IsZero() || e.Occurred.Before(n.UsagesFrom) {
			n.UsagesFrom = e.Occurred
		}
		if e.Occurred.After(n.UsagesTo) {
			n.UsagesTo = e.Occurred
		}
	}
	w.value(Nodes, e.Node[:], n)
}

// recovered notes in the coverage of other nodes what was lost of their logs.
func (w *writer) recovered(e trace.Entry, f trace.RecoveryFact) {
	for _, log := range f.Logs {
		if log.Node == e.Node {
			continue // a recovered store that lost anything begins a log of its own
		}
		n := trace.NodeCoverage{Node: log.Node}
		w.read(Nodes, log.Node[:], &n)
		n.Lost = max(n.Lost, trace.Spanned(log.Lost)) // in whatever order recoveries are told
		w.value(Nodes, log.Node[:], n)
	}
}

func (w *writer) lamport(e trace.Entry) {
	var highest uint64
	if w.read(Clock, []byte("lamport"), &highest) && highest >= e.Lamport {
		return
	}
	w.value(Clock, []byte("lamport"), e.Lamport)
}
