package storetest

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// model is what a store has to say, worked out from nothing but the entries it
// holds, each time anew, by looking at all of them. It shares no code with the
// record's fold, and goes the other way round: for each field it looks for the
// last entry that says something of it.
type model struct {
	own     trace.NodeID
	entries []trace.Entry // in any order
}

// about gives the facts of one kind about one thing, in the order in which they
// count.
func about[F trace.Fact](m model, object [16]byte) (es []trace.Entry, fs []F) {
	for _, e := range m.entries {
		if f, ok := e.Fact.(F); ok && f.Object() == object {
			es = append(es, e)
		}
	}
	slices.SortFunc(es, func(a, b trace.Entry) int {
		return cmp.Or(cmp.Compare(a.Lamport, b.Lamport), bytes.Compare(a.Node[:], b.Node[:]), cmp.Compare(a.Seq, b.Seq))
	})
	for i := 0; i < len(es); i++ { // what came in by two nodes counts once
		if slices.ContainsFunc(es[:i], func(o trace.Entry) bool { return o.ID == es[i].ID }) {
			es = slices.Delete(es, i, i+1)
			i--
		}
	}
	for _, e := range es {
		fs = append(fs, e.Fact.(F))
	}
	return es, fs
}

// lastly is the last value that a fact says, unless a later one clears the
// field; after is what a cleared field holds.
func lastly[F any, V comparable](fs []F, says func(F) V, amend func(F) trace.Amend, field string, after V) (v V) {
	for _, f := range slices.Backward(fs) {
		if said := says(f); said != v {
			return said
		}
		if slices.Contains(amend(f).Clear, field) {
			return after
		}
	}
	return v
}

func isWithdrawn[F any](fs []F, amend func(F) trace.Amend) bool {
	for _, f := range slices.Backward(fs) {
		switch a := amend(f); {
		case a.Restore:
			return false
		case a.Withdraw:
			return true
		}
	}
	return false
}

func histories(es []trace.Entry) (ids []trace.EventID) {
	for _, e := range es {
		ids = append(ids, e.ID)
	}
	return ids
}

func stamps(h []trace.Stamp) (ids []trace.EventID) {
	for _, s := range h {
		ids = append(ids, s.Event)
	}
	return ids
}

// modelUsage is what a model says of a usage: the fields that are compared.
type modelUsage struct {
	ID                  trace.UsageID
	Procedure           trace.ProcedureID
	DI, Lot, Serial     string
	Expiry              string
	Status              trace.Status
	Location            string
	Override, Withdrawn bool
	Damaged             bool
	Explants            trace.UsageID
	ExplantedBy         trace.UsageID
	Went                trace.Went
	Picked              trace.Picked
	Supply              trace.Supply
	Second              trace.AccountID // who confirmed what is recorded now
	Occurred            time.Time
}

func (m model) usage(id trace.UsageID) (u modelUsage, was []udi.Device, history []trace.EventID) {
	es, fs := about[trace.UsageFact](m, id)
	amend := func(f trace.UsageFact) trace.Amend { return f.Amend }
	text := func(fs []trace.UsageFact, field string, says func(trace.UsageFact) string) string {
		return lastly(fs, says, amend, field, "")
	}
	number := func(fs []trace.UsageFact) udi.Device {
		return udi.Device{
			DI:     text(fs, "", func(f trace.UsageFact) string { return f.Device.DI }),
			Lot:    text(fs, "lot", func(f trace.UsageFact) string { return f.Device.Lot }),
			Serial: text(fs, "serial", func(f trace.UsageFact) string { return f.Device.Serial }),
		}
	}
	now := number(fs)
	u = modelUsage{ID: id, DI: now.DI, Lot: now.Lot, Serial: now.Serial,
		Procedure: lastly(fs, func(f trace.UsageFact) trace.ProcedureID { return f.Procedure }, amend, "", trace.ProcedureID{}),
		Expiry:    text(fs, "expiry", func(f trace.UsageFact) string { return f.Device.Expiry.Day }),
		Status:    lastly(fs, func(f trace.UsageFact) trace.Status { return f.Status }, amend, "status", trace.Checked),
		Location:  text(fs, "location", func(f trace.UsageFact) string { return f.Location }),
		Damaged:   lastly(fs, func(f trace.UsageFact) bool { return f.Damaged }, amend, "damaged", false),
		Override:  slices.ContainsFunc(fs, func(f trace.UsageFact) bool { return f.Override }),
		Withdrawn: isWithdrawn(fs, amend),

		Explants:    lastly(fs, func(f trace.UsageFact) trace.UsageID { return f.Explants }, amend, "explants", trace.UsageID{}),
		ExplantedBy: lastly(fs, func(f trace.UsageFact) trace.UsageID { return f.ExplantedBy }, amend, "explanted_by", trace.UsageID{}),
		Picked:      lastly(fs, func(f trace.UsageFact) trace.Picked { return f.Picked }, amend, "", trace.Picked{}),
		Supply:      lastly(fs, func(f trace.UsageFact) trace.Supply { return f.Supply }, amend, "supply", trace.Supply{}),
		Went:        lastly(fs, func(f trace.UsageFact) trace.Went { return f.Went }, amend, "explants", "")}
	for i := range fs { // the last word of a second person, unless an entry since made it another device
		said, whole := fs[i].Second, func(n int) [4]string {
			d := number(fs[:n])
			return [4]string{d.DI, d.Lot, d.Serial, text(fs[:n], "expiry", func(f trace.UsageFact) string { return f.Device.Expiry.Day })}
		}
		if said.Account.IsZero() || whole(i+1) != [4]string{said.Device.DI, said.Device.Lot, said.Device.Serial, said.Device.Expiry.Day} {
			continue
		}
		stands := true
		for n := i + 2; n <= len(fs); n++ {
			stands = stands && whole(n) == whole(n-1)
		}
		if stands {
			u.Second = said.Account
		}
	}
	for i, e := range es {
		if i == 0 || e.Occurred.Before(u.Occurred) {
			u.Occurred = e.Occurred
		}
		if before, then := number(fs[:i]), number(fs[:i+1]); before.DI != "" && before.DI != then.DI || before.Lot != "" && before.Lot != then.Lot || before.Serial != "" && before.Serial != then.Serial {
			was = append(was, before)
		}
	}
	return u, was, histories(es)
}

// told is what a store says of a usage, as a model says it.
func told(u trace.Usage) modelUsage {
	return modelUsage{ID: u.ID, Procedure: u.Procedure, DI: u.Device.DI, Lot: u.Device.Lot, Serial: u.Device.Serial, Expiry: u.Device.Expiry.Day, Status: u.Status,
		Location: u.Location, Override: u.Override, Withdrawn: u.Withdrawn, Damaged: u.Damaged, Occurred: u.Occurred.UTC(),
		Explants: u.Explants, ExplantedBy: u.ExplantedBy, Went: u.Went, Second: secondOf(u), Picked: u.Picked, Supply: u.Supply}
}

func secondOf(u trace.Usage) trace.AccountID {
	if u.Second == nil {
		return trace.AccountID{}
	}
	return u.Second.Account
}

// modelProcedure is what a model says of a procedure.
type modelProcedure struct {
	ID         trace.ProcedureID
	Patient    trace.PatientID
	Side       trace.Side
	Indication string
	Start, End time.Time
	Withdrawn  bool
}

func (m model) procedure(id trace.ProcedureID) (p modelProcedure, history []trace.EventID) {
	es, fs := about[trace.ProcedureFact](m, id)
	amend := func(f trace.ProcedureFact) trace.Amend { return f.Amend }
	return modelProcedure{ID: id,
		Patient:    lastly(fs, func(f trace.ProcedureFact) trace.PatientID { return f.Patient }, amend, "", trace.PatientID{}),
		Side:       lastly(fs, func(f trace.ProcedureFact) trace.Side { return f.Side }, amend, "side", ""),
		Indication: lastly(fs, func(f trace.ProcedureFact) string { return f.Indication }, amend, "indication", ""),
		Start:      lastly(fs, func(f trace.ProcedureFact) time.Time { return f.Start }, amend, "", time.Time{}),
		End:        lastly(fs, func(f trace.ProcedureFact) time.Time { return f.End }, amend, "end", time.Time{}),
		Withdrawn:  isWithdrawn(fs, amend)}, histories(es)
}

func toldProcedure(p trace.Procedure) modelProcedure {
	return modelProcedure{ID: p.ID, Patient: p.Patient, Side: p.Side, Indication: p.Indication, Start: p.Start.UTC(), End: p.End.UTC(), Withdrawn: p.Withdrawn}
}

// lookups are the hashes that find a patient: the last NHS number, and every
// local number since they were last cleared.
func (m model) lookups(id trace.PatientID) (hs []trace.LookupHash, withdrawn bool, history []trace.EventID) {
	es, fs := about[trace.PatientFact](m, id)
	amend := func(f trace.PatientFact) trace.Amend { return f.Amend }
	nhs := lastly(fs, func(f trace.PatientFact) (h trace.LookupHash) {
		for _, l := range f.Lookups {
			if l.Kind() == trace.LookupNHS {
				h = l
			}
		}
		return h
	}, amend, "nhs_number", trace.LookupHash{})
	if nhs != (trace.LookupHash{}) {
		hs = append(hs, nhs)
	}
	for i, f := range fs {
		cleared := slices.ContainsFunc(fs[i+1:], func(f trace.PatientFact) bool { return slices.Contains(f.Amend.Clear, "local_number") })
		for _, l := range f.Lookups {
			if l.Kind() == trace.LookupLocal && !cleared && !slices.Contains(hs, l) {
				hs = append(hs, l)
			}
		}
	}
	return hs, isWithdrawn(fs, amend), histories(es)
}

// identity is what the node's own entries say of a patient; those that others
// sealed do not open here.
func (m model) identity(id trace.PatientID) (who trace.Identity) {
	es, fs := about[trace.PatientFact](m, id)
	for i, e := range es {
		who.Sealed = who.Sealed || e.Secret != nil && e.Node != m.own
		if e.Node != m.own || e.Secret == nil {
			es[i].Secret = &trace.Secret{}
		}
	}
	type said struct {
		trace.PatientFact
		*trace.Secret
	}
	var all []said
	for i := range es {
		all = append(all, said{fs[i], es[i].Secret})
	}
	amend := func(s said) trace.Amend { return s.Amend }
	who.NHSNumber = lastly(all, func(s said) string { return s.NHSNumber }, amend, "nhs_number", "")
	who.Family = lastly(all, func(s said) string { return s.Family }, amend, "family", "")
	who.Given = lastly(all, func(s said) string { return s.Given }, amend, "given", "")
	who.Provisional = m.provisional(id)
	return who
}

// things gives the ids of everything that facts of a kind speak of, in order.
func things[F trace.Fact](m model) (ids [][16]byte) {
	for _, e := range m.entries {
		if f, ok := e.Fact.(F); ok {
			ids = append(ids, f.Object())
		}
	}
	slices.SortFunc(ids, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// written are the writing variants of numbers: those of one row are the same.
var written = [][]string{{"A1", "a-1", "0A1", "AI"}, {"B2", "b 2"}, {"C3"}}

func variantOf(number string) int {
	return slices.IndexFunc(written, func(row []string) bool { return slices.Contains(row, number) })
}

// matches says whether a usage is asked for by the fields of a query that are
// not a period.
func (m model) matches(q trace.Query, u modelUsage, was []udi.Device) bool {
	named := func(d udi.Device) bool {
		return (q.DI == "" || d.DI == q.DI) && (!q.NoDI || d.DI == "") &&
			(q.Lot == "" || d.Lot != "" && variantOf(d.Lot) == variantOf(q.Lot)) && (q.Serial == "" || d.Serial != "" && variantOf(d.Serial) == variantOf(q.Serial))
	}
	switch {
	case !q.Procedure.IsZero() && u.Procedure != q.Procedure:
		return false
	case !q.Patient.IsZero():
		p, history := m.procedure(u.Procedure)
		if len(history) == 0 || p.Patient != q.Patient {
			return false
		}
	}
	return named(udi.Device{DI: u.DI, Lot: u.Lot, Serial: u.Serial}) || q.Former && slices.ContainsFunc(was, named)
}

// candidates are the usages that match, in the order of their ids.
func (m model) candidates(q trace.Query) (ids []trace.UsageID) {
	for _, id := range things[trace.UsageFact](m) {
		u, was, _ := m.usage(id)
		if m.matches(q, u, was) && (q.From.IsZero() || !u.Occurred.Before(q.From)) && (q.To.IsZero() || u.Occurred.Before(q.To)) {
			ids = append(ids, id)
		}
	}
	return ids
}

// procedures are those that are asked for, latest first.
func (m model) procedures(q trace.ProcedureQuery) (ids []trace.ProcedureID) {
	var all []modelProcedure
	for _, id := range things[trace.ProcedureFact](m) {
		p, _ := m.procedure(id)
		if (q.Patient.IsZero() || p.Patient == q.Patient) && (q.From.IsZero() || !p.Start.Before(q.From)) && (q.To.IsZero() || p.Start.Before(q.To)) &&
			(!q.OpenOnly || p.End.IsZero() && !p.Withdrawn) {
			all = append(all, p)
		}
	}
	// A time that was not said counts as the beginning of 1970.
	when := func(p modelProcedure) int64 { return max(0, p.Start.Unix()) }
	slices.SortFunc(all, func(a, b modelProcedure) int {
		return cmp.Or(cmp.Compare(when(b), when(a)), bytes.Compare(b.ID[:], a.ID[:]))
	})
	for _, p := range all {
		ids = append(ids, p.ID)
	}
	return ids
}

// patientsBy are the patients that a hash finds.
func (m model) patientsBy(h trace.LookupHash) (ids []trace.PatientID) {
	for _, id := range things[trace.PatientFact](m) {
		if hs, withdrawn, _ := m.lookups(id); !withdrawn && slices.Contains(hs, h) {
			ids = append(ids, id)
		}
	}
	return ids
}

// readings are the places of all readings, latest first.
func (m model) readings() (at []trace.Position) {
	var es []trace.Entry
	for _, e := range m.entries {
		if _, ok := e.Fact.(trace.ReadingFact); ok {
			es = append(es, e)
		}
	}
	slices.SortFunc(es, func(a, b trace.Entry) int {
		return cmp.Or(b.Recorded.Compare(a.Recorded), bytes.Compare(b.Node[:], a.Node[:]), cmp.Compare(b.Seq, a.Seq))
	})
	for _, e := range es {
		at = append(at, e.Position)
	}
	return at
}
