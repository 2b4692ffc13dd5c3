package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

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

// Apply says what to write for an entry that is not applied yet. It changes
// nothing itself. An error means that rows that are there cannot be read.
func (f Fold) Apply(e trace.Entry, prior Prior) ([]Mutation, error) {
	w := &writer{fold: f, prior: prior}
	object := e.Fact.Object()
	before, err := f.entries(object, speaksOf(e.Fact), prior)
	if err != nil {
		return nil, err
	}
	about := inOrder(append(slices.Clip(before), e))
	before = inOrder(before)
	w.list(e)
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
		w.patient(fact.Patient, before, about)
	case trace.ErasureFact:
		w.patient(fact.Patient, before, about)
		w.forget(e, fact)
	case trace.LinkFact:
		w.link(about)
	case trace.ProcedureFact:
		w.procedure(fact.Procedure, before, about)
	case trace.UsageFact:
		w.usage(fact.Usage, before, about)
	case trace.ProductFact:
		w.value(Products, []byte(fact.DI), foldProduct(about))
		w.packed(fact.DI, fact.Attributes)
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
	case trace.TracingFact:
		w.value(Tracings, fact.Patient[:], foldTracing(about))
	case trace.StockFact:
		line := foldStock(about)
		w.value(Stock, StockKey(line.Device.DI, line.ID), line)
	case trace.AccountFact:
		w.value(Accounts, fact.Account[:], foldAccount(about))
		w.forget(e, fact)
	case trace.CredentialFact:
		last := about[len(about)-1]
		w.value(Credentials, CredentialKey(fact.Account, fact.Method), trace.Credential{CredentialFact: last.Fact.(trace.CredentialFact), Stamp: stamp(last)})
		w.forget(e, fact)
	case trace.AuditFact:
		w.put(Audits, join(TimeKey(e.Recorded), PositionKey(e.Position)), nil)
		for _, object := range audited(fact) {
			w.put(AuditsOf, join(object[:], TimeKey(e.Recorded), PositionKey(e.Position)), nil)
		}
	case trace.PlanFact:
		w.value(Plans, fact.Procedure[:], foldPlan(about))
	case trace.StaffFact:
		w.value(Staff, []byte(fact.Badge), listed[trace.StaffFact](about))
	case trace.PlaceFact:
		w.value(Places, PlaceKey(fact.GLN, fact.Extension), listed[trace.PlaceFact](about))
	case trace.CodeFact:
		w.value(Codes, []byte(trace.CodeKey(fact.System, fact.Code)), listed[trace.CodeFact](about))
	case trace.PhotographFact:
		first := about[0]
		w.value(Photographs, PhotographKey(fact.Procedure, fact.Photograph), trace.Photograph{PhotographFact: first.Fact.(trace.PhotographFact), Stamp: stamp(first)})
	case trace.SetFact:
		w.set(fact.Set, before, about)
	case trace.RunFact:
		w.value(Runs, fact.Run[:], foldRun(about))
	case trace.RunPartFact:
		w.put(RunParts, RunPartKey(fact.Run, fact.Part), PositionKey(about[0].Position))
	case trace.AnswersFact:
		w.value(Answers, AnswersKey(fact.Procedure, fact.Form, fact.Side), foldAnswers(about))
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

// Usage is what is recorded of a usage; ok is false where nobody spoke of it.
func (f Fold) Usage(prior Prior, id trace.UsageID) (u trace.Usage, ok bool, err error) {
	about, err := f.entries(id, trace.KindUsage, prior)
	return foldUsage(inOrder(about)), len(about) > 0, err
}

// Procedure is what is recorded of a procedure, likewise.
func (f Fold) Procedure(prior Prior, id trace.ProcedureID) (p trace.Procedure, ok bool, err error) {
	about, err := f.entries(id, trace.KindProcedure, prior)
	return foldProcedure(inOrder(about)), len(about) > 0, err
}

// Patient is what is recorded of a patient, likewise.
func (f Fold) Patient(prior Prior, id trace.PatientID) (p trace.Patient, ok bool, err error) {
	about, err := f.entries(id, trace.KindPatient, prior)
	return foldPatient(inOrder(about)), len(about) > 0, err
}

// PatientSaid is Patient with the entries that it is folded from, in the order in
// which they count.
func (f Fold) PatientSaid(prior Prior, id trace.PatientID) (p trace.Patient, about []trace.Entry, err error) {
	about, err = f.entries(id, trace.KindPatient, prior)
	about = inOrder(about)
	return foldPatient(about), about, err
}

// Link is what is recorded of a link, likewise.
func (f Fold) Link(prior Prior, id trace.LinkID) (l trace.Link, ok bool, err error) {
	about, err := f.entries(id, trace.KindLink, prior)
	return foldLink(inOrder(about)), len(about) > 0, err
}

// entries gives the entries of a kind that speak of an object.
func (f Fold) entries(object [16]byte, kind trace.FactKind, prior Prior) ([]trace.Entry, error) {
	var at []trace.Position
	for k := range prior.Scan(Objects, object[:]) {
		at = append(at, PositionOf(k))
	}
	var all []trace.Entry
	for _, p := range at {
		o, err := prior.Entry(p)
		if err != nil {
			return nil, fmt.Errorf("record: entry %d of node %s: %w", p.Seq, p.Node, err)
		}
		if speaksOf(o.Fact) == kind && o.Fact.Object() == object {
			all = append(all, o)
		}
	}
	return all, nil
}

// inOrder brings entries into the order in which they count. An entry that came
// in twice, through two nodes, counts once.
func inOrder(all []trace.Entry) []trace.Entry {
	if len(all) < 2 {
		return all
	}
	all = slices.Clone(all)
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
	})
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

// rows are rows of an index: keys with their values, each key once.
type rows []Mutation

// add adds a row whose key is not there yet.
func (rs *rows) add(key, value []byte) {
	if !rs.has(key, nil) {
		*rs = append(*rs, Mutation{Key: key, Value: value})
	}
}

// has says whether a row is there, and with which value where it is asked for.
func (rs rows) has(key []byte, value *[]byte) bool {
	for _, r := range rs {
		if bytes.Equal(r.Key, key) {
			return value == nil || bytes.Equal(r.Value, *value)
		}
	}
	return false
}

// move takes the rows of an index from the old ones to the new.
func (w *writer) move(t Table, old, now rows) {
	for _, r := range old {
		if !now.has(r.Key, nil) {
			w.out = append(w.out, Mutation{Table: t, Key: r.Key, Delete: true})
		}
	}
	for _, r := range now {
		if !old.has(r.Key, &r.Value) {
			w.put(t, r.Key, r.Value)
		}
	}
}

// list lists an entry under the thing it speaks of, and the first entry of its
// command under the command, with how many entries that has.
func (w *writer) list(e trace.Entry) {
	object, first := e.Fact.Object(), e.Position
	if uint64(e.Part) <= first.Seq {
		first.Seq -= uint64(e.Part)
	}
	spoken, commanded := join(object[:], PositionKey(e.Position)), join(e.Command[:], PositionKey(first))
	if !bytes.Equal(spoken, commanded) {
		w.put(Objects, spoken, nil)
	}
	count, _ := Commanded(w.prior.Get(Objects, commanded))
	w.put(Objects, commanded, binary.AppendUvarint(nil, max(count, uint64(e.Part)+1)))
}

// Commanded reads a row of [Objects] that lists the first entry of a command under
// the command's id: how many entries it has. ok is false for a row that does not.
func Commanded(value []byte) (count uint64, ok bool) {
	count, n := binary.Uvarint(value)
	return count, n > 0
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

// Coverage reads a row of [Nodes].
func (f Fold) Coverage(key, value []byte) (c trace.NodeCoverage, err error) {
	return c, f.Codec.Unmarshal(value, &c)
}

func (w *writer) lamport(e trace.Entry) {
	var highest uint64
	if w.read(Clock, []byte("lamport"), &highest) && highest >= e.Lamport {
		return
	}
	w.value(Clock, []byte("lamport"), e.Lamport)
}
