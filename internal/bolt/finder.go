package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// pageRows is how many rows are read in one transaction.
const pageRows = 256

// view reads in one state of the store. It fails with [trace.ErrRebuilding] where
// that state lacks one of these tables.
func (s *Store) view(ctx context.Context, f func(*transaction) error, tables ...record.Table) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return carefully(s.db.path, func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			t := &transaction{store: s, tx: tx}
			for _, table := range tables {
				if !t.usable(table) {
					return s.rebuilding(table)
				}
			}
			return f(t)
		})
	})
}

// load fills v from a row of a table.
func load[V any](ctx context.Context, s *Store, table record.Table, key []byte, what string) (v V, err error) {
	err = s.view(ctx, func(t *transaction) error { return t.load(table, key, &v, what) }, table)
	return v, err
}

func (t *transaction) load(table record.Table, key []byte, v any, what string) error {
	b := t.Get(table, key)
	if b == nil {
		return trace.Errorf(trace.NotFound, "the record has no such %s", what)
	}
	return t.store.codec.Unmarshal(b, v)
}

// walk reads the rows of a key range in pages: each page in a transaction of
// its own, which ends before the rows are handed out. row turns a key and its
// value into a thing; ok false passes it over. also are tables that row reads.
func walk[V any](ctx context.Context, s *Store, r keyRange, row func(t *transaction, key, value []byte) (v V, ok bool, err error), also ...record.Table) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		at := r.after
		for {
			var page []V
			more := false
			err := s.view(ctx, func(t *transaction) error {
				c := t.bucket(r.table).Cursor()
				k, value := r.start(c, at)
				for n := 0; k != nil && r.holds(k); k, value = r.step(c) {
					if n == pageRows {
						more = true
						break
					}
					n++
					at = bytes.Clone(k)
					v, ok, err := row(t, at, value)
					if err != nil {
						return err
					}
					if ok {
						page = append(page, v)
					}
				}
				return nil
			}, append(also, r.table)...)
			for _, v := range page {
				if !yield(v, nil) {
					return
				}
			}
			if err != nil {
				var zero V
				yield(zero, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// keyRange is a stretch of a table's keys: those with a prefix, from low
// (included) to high (not), after the key after; backwards from the last where
// latest is set.
type keyRange struct {
	table     record.Table
	prefix    []byte
	low, high []byte // without the prefix; nil: no bound
	after     []byte // a whole key
	latest    bool
}

// between bounds keys that begin with a time. Keys have milliseconds: what lies
// between the bounds within one is in the range, and for the asker to decide.
func (r *keyRange) between(from, to time.Time) {
	if !from.IsZero() {
		r.low = record.TimeKey(from)
	}
	if !to.IsZero() {
		r.high = record.TimeKey(to.Add(time.Millisecond - 1))
	}
}

func (r keyRange) start(c *bbolt.Cursor, at []byte) (k, v []byte) {
	if !r.latest {
		low := slices.Concat(r.prefix, r.low)
		if at == nil || bytes.Compare(at, low) < 0 {
			return c.Seek(low)
		}
		if k, v = c.Seek(at); bytes.Equal(k, at) {
			return c.Next()
		}
		return k, v
	}
	bound := slices.Concat(r.prefix, r.high)
	if r.high == nil {
		bound = append(bound, bytes.Repeat([]byte{0xff}, 64)...)
	}
	if at != nil && bytes.Compare(at, bound) < 0 {
		bound = at
	}
	if k, _ = c.Seek(bound); k == nil {
		if k, v = c.Last(); bytes.Compare(k, bound) < 0 {
			return k, v
		}
	}
	return c.Prev()
}

func (r keyRange) step(c *bbolt.Cursor) (k, v []byte) {
	if r.latest {
		return c.Prev()
	}
	return c.Next()
}

func (r keyRange) holds(k []byte) bool {
	rest, ok := bytes.CutPrefix(k, r.prefix)
	if !ok {
		return false
	}
	return (r.low == nil || bytes.Compare(rest, r.low) >= 0) && (r.high == nil || bytes.Compare(rest, r.high) < 0)
}

// folded is what is recorded of one thing, in one state of the store.
func folded[V any](ctx context.Context, s *Store, of func(*transaction) (V, error)) (v V, err error) {
	err = s.view(ctx, func(t *transaction) error { v, err = of(t); return err })
	return v, err
}

// there is v unless nobody spoke of it.
func there[V any](v V, ok bool, err error, what string) (V, error) {
	if err == nil && !ok {
		var none V
		return none, trace.Errorf(trace.NotFound, "the record has no such %s", what)
	}
	return v, err
}

func (t *transaction) usage(id trace.UsageID) (trace.Usage, error) {
	u, ok, err := t.store.fold.Usage(t, id)
	return there(u, ok, err, "usage")
}

func (t *transaction) procedure(id trace.ProcedureID) (trace.Procedure, error) {
	p, ok, err := t.store.fold.Procedure(t, id)
	if err == nil && slices.ContainsFunc(p.History, func(s trace.Stamp) bool { return s.Sealed }) {
		p.Indication, err = t.indication(p.History)
	}
	return there(p, ok, err, "procedure")
}

// indication is the reason for a procedure, which is sealed since some program: the
// last that was said, in the open or sealed. One that does not open says nothing.
func (t *transaction) indication(history []trace.Stamp) (said string, err error) {
	for _, h := range history {
		e, err := t.Entry(h.Position)
		if err != nil {
			return "", err
		}
		f, ok := e.Fact.(trace.ProcedureFact)
		if !ok {
			continue
		}
		if slices.Contains(f.Amend.Clear, "indication") {
			said = ""
		}
		if f.Indication != "" {
			said = f.Indication
		}
		secret, err := t.secret(e)
		if err != nil && !errors.Is(err, seal.ErrSealed) && !errors.Is(err, seal.ErrCommitment) {
			return "", err
		}
		if secret != nil && secret.Indication != "" {
			said = secret.Indication
		}
	}
	return said, nil
}

func (t *transaction) patient(id trace.PatientID) (trace.Patient, error) {
	p, ok, err := t.store.fold.Patient(t, id)
	return there(p, ok, err, "patient")
}

// Usage is trace.Finder's.
func (s *Store) Usage(ctx context.Context, id trace.UsageID) (trace.Usage, error) {
	return folded(ctx, s, func(t *transaction) (trace.Usage, error) { return t.usage(id) })
}

// Procedure is trace.Finder's.
func (s *Store) Procedure(ctx context.Context, id trace.ProcedureID) (trace.Procedure, error) {
	return folded(ctx, s, func(t *transaction) (trace.Procedure, error) { return t.procedure(id) })
}

// Patient is trace.Finder's.
func (s *Store) Patient(ctx context.Context, id trace.PatientID) (trace.Patient, error) {
	return folded(ctx, s, func(t *transaction) (trace.Patient, error) { return t.patient(id) })
}

// Product is trace.Finder's.
func (s *Store) Product(ctx context.Context, di string) (p trace.Product, err error) {
	err = s.view(ctx, func(t *transaction) error {
		var ok bool
		p, ok, err = t.product(di)
		if err == nil && !ok {
			err = trace.Errorf(trace.NotFound, "the record has no such product")
		}
		return err
	})
	return p, err
}

// product joins what people and catalogues say of a DI; ok is false where
// nobody says anything.
func (t *transaction) product(di string) (p trace.Product, ok bool, err error) {
	var people *trace.Product
	if b := t.Get(record.Products, []byte(di)); b != nil {
		people = new(trace.Product)
		if err := t.store.codec.Unmarshal(b, people); err != nil {
			return p, false, err
		}
	}
	var catalogues []record.CatalogueRow
	for _, b := range t.Scan(record.Catalogue, record.CataloguePrefix(di)) {
		var row record.CatalogueRow
		if err := t.store.codec.Unmarshal(b, &row); err != nil {
			return p, false, err
		}
		catalogues = append(catalogues, row)
	}
	if people == nil && len(catalogues) == 0 {
		return p, false, nil
	}
	return record.JoinProduct(people, catalogues), true, nil
}

// Quarantine is trace.Finder's.
func (s *Store) Quarantine(ctx context.Context, id trace.QuarantineID) (trace.Quarantine, error) {
	return load[trace.Quarantine](ctx, s, record.Quarantines, id[:], "quarantine")
}

// Quarantines is trace.Finder's.
func (s *Store) Quarantines(ctx context.Context, di string) iter.Seq2[trace.Quarantine, error] {
	r := keyRange{table: record.ByPackBody}
	if di != "" {
		r.prefix = record.PackPrefix(di)
	}
	return walk(ctx, s, r, func(t *transaction, key, _ []byte) (q trace.Quarantine, ok bool, err error) {
		err = t.load(record.Quarantines, key[len(key)-16:], &q, "quarantine")
		return q, true, err
	})
}

// Plan is trace.Finder's.
func (s *Store) Plan(ctx context.Context, id trace.ProcedureID) (trace.Plan, error) {
	return load[trace.Plan](ctx, s, record.Plans, id[:], "plan")
}

// Answers is trace.Finder's.
func (s *Store) Answers(ctx context.Context, id trace.ProcedureID) iter.Seq2[trace.Answers, error] {
	return rows[trace.Answers](ctx, s, record.Answers, id[:])
}

// Photographs is trace.Finder's.
func (s *Store) Photographs(ctx context.Context, id trace.ProcedureID) iter.Seq2[trace.Photograph, error] {
	return rows[trace.Photograph](ctx, s, record.Photographs, id[:])
}

// Sets is trace.Finder's.
func (s *Store) Sets(ctx context.Context) iter.Seq2[trace.Set, error] {
	return rows[trace.Set](ctx, s, record.Sets, record.SetPrefix())
}

// Set is trace.Finder's.
func (s *Store) Set(ctx context.Context, id trace.SetID) (trace.Set, error) {
	return load[trace.Set](ctx, s, record.Sets, record.SetKey(id), "set")
}

// SetsByCode is trace.Finder's.
func (s *Store) SetsByCode(ctx context.Context, code string) (all []trace.Set, err error) {
	r := keyRange{table: record.Sets, prefix: record.SetCodePrefix(code)}
	for one, err := range walk(ctx, s, r, func(t *transaction, key, _ []byte) (one trace.Set, ok bool, err error) {
		err = t.load(record.Sets, record.SetKey(record.ID[trace.OfSet](key)), &one, "set")
		return one, err == nil && one.Code == code && !one.Removed, err
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// Runs is trace.Finder's.
func (s *Store) Runs(ctx context.Context) iter.Seq2[trace.Run, error] {
	return rows[trace.Run](ctx, s, record.Runs, nil)
}

// Run is trace.Finder's.
func (s *Store) Run(ctx context.Context, id trace.RunID) (trace.Run, error) {
	return load[trace.Run](ctx, s, record.Runs, id[:], "run")
}

// RunParts is trace.Finder's. A part names thousands of records, so each is read in
// a look of its own.
func (s *Store) RunParts(ctx context.Context, id trace.RunID) iter.Seq2[trace.RunPart, error] {
	return func(yield func(trace.RunPart, error) bool) {
		at := walk(ctx, s, keyRange{table: record.RunParts, prefix: id[:]}, func(_ *transaction, _, value []byte) (trace.Position, bool, error) {
			return record.PositionOf(value), true, nil
		})
		for p, err := range at {
			var part trace.RunPart
			if err == nil {
				part, err = s.runPart(ctx, p)
			}
			if !yield(part, err) || err != nil {
				return
			}
		}
	}
}

func (s *Store) runPart(ctx context.Context, at trace.Position) (part trace.RunPart, err error) {
	err = s.view(ctx, func(t *transaction) error {
		e, err := t.Entry(at)
		if err != nil {
			return err
		}
		f, ok := e.Fact.(trace.RunPartFact)
		if !ok {
			return trace.Errorf(trace.NotFound, "entry %d of node %s has no part of a run", at.Seq, at.Node)
		}
		part = trace.RunPart{RunPartFact: f, Stamp: record.StampOf(e)}
		return nil
	})
	return part, err
}

// CheckSettings is trace.Finder's.
func (s *Store) CheckSettings(ctx context.Context) (all []trace.CheckSetting, err error) {
	err = s.view(ctx, func(t *transaction) error {
		all = nil
		for _, v := range t.Scan(record.Settings, nil) {
			var row record.SettingRow
			if err := s.codec.Unmarshal(v, &row); err != nil {
				return err
			}
			all = append(all, trace.CheckSetting{CheckSettingFact: row.Fact, Stamp: row.Stamp, File: row.File})
		}
		return nil
	})
	return all, err
}

// Approval is trace.Finder's.
func (s *Store) Approval(ctx context.Context) (trace.Approval, error) {
	row, err := load[record.ApprovalRow](ctx, s, record.Approvals, []byte("site"), "approval")
	return trace.Approval{ApprovalFact: row.Fact, Stamp: row.Stamp}, err
}

// Coverage is trace.Finder's.
func (s *Store) Coverage(ctx context.Context) (nodes []trace.NodeCoverage, err error) {
	err = s.view(ctx, func(t *transaction) error {
		for k, v := range t.Scan(record.Nodes, nil) {
			n, err := s.fold.Coverage(k, v)
			if err != nil {
				return err
			}
			nodes = append(nodes, n)
		}
		return nil
	})
	return nodes, err
}

// Identity is trace.Finder's.
func (s *Store) Identity(ctx context.Context, id trace.PatientID) (who trace.Identity, err error) {
	err = s.view(ctx, func(t *transaction) error {
		_, who, err = t.identified(id)
		return err
	})
	return who, err
}

// Person is trace.Finder's. In one state of the store, and each patient read once:
// a recall asks it of everybody it finds.
func (s *Store) Person(ctx context.Context, id trace.PatientID) (who trace.Identity, same []trace.PatientID, err error) {
	apart, joined := false, false
	err = s.view(ctx, func(t *transaction) error {
		var p trace.Patient
		if p, who, err = t.identified(id); err != nil {
			return err
		}
		same = []trace.PatientID{id}
		for _, h := range p.Lookups {
			if h.Kind() != trace.LookupNHS {
				apart = true
				continue
			}
			for k := range t.Scan(record.ByLookup, h[:]) {
				other := trace.PatientID(k[len(h):])
				if slices.Contains(same, other) {
					continue
				}
				o, err := t.patient(other)
				if err != nil {
					return err
				}
				if !o.Withdrawn {
					same = append(same, other)
				}
			}
		}
		if slices.ContainsFunc(p.Lookups, func(h trace.LookupHash) bool { return h.Kind() == trace.LookupNHS }) {
			apart = false
		}
		for _, one := range same {
			for range t.Scan(record.Links, one[:]) {
				joined = true
				break
			}
		}
		return nil
	}, record.ByLookup, record.Links)
	if err == nil && joined {
		who, _, same, err = trace.ShownAs(ctx, s, id)
	} else if err == nil && apart { // local numbers go from one patient to the next
		same, err = trace.SamePatients(ctx, s, id)
	}
	return who, same, err
}

// identified is a patient, and who that is.
func (t *transaction) identified(id trace.PatientID) (p trace.Patient, who trace.Identity, err error) {
	p, said, err := t.store.fold.PatientSaid(t, id)
	if p, err = there(p, len(said) > 0, err, "patient"); err != nil {
		return p, who, err
	}
	who.Erased = p.Erased
	for _, e := range said {
		e.Secret, err = t.secret(e)
		if err != nil && !errors.Is(err, seal.ErrSealed) && !errors.Is(err, seal.ErrCommitment) {
			return p, who, err
		}
		// A part that does not open hides who it is, and must not hide that
		// there is a patient. Verify says what is wrong with it.
		if e.Secret == nil {
			e.Secret = &trace.Secret{}
			who.Sealed = who.Sealed || len(e.Commitment) > 0
		}
		who = who.Say(*e.Secret, e.Fact)
	}
	return p, who, nil
}

// PatientsBy is trace.Finder's.
func (s *Store) PatientsBy(ctx context.Context, lookups ...trace.LookupHash) (ids []trace.PatientID, err error) {
	err = s.view(ctx, func(t *transaction) error {
		ids = nil
		for _, h := range lookups {
			for k := range t.Scan(record.ByLookup, h[:]) {
				id := trace.PatientID(k[len(h):])
				p, err := t.patient(id)
				if err != nil {
					return err
				}
				if !p.Withdrawn && !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
		slices.SortFunc(ids, func(a, b trace.PatientID) int { return bytes.Compare(a[:], b[:]) })
		return nil
	}, record.ByLookup)
	return ids, err
}

// Candidates is trace.Finder's.
func (s *Store) Candidates(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	r, ok := usageRange(q)
	switch {
	case !ok:
		return s.usagesOf(ctx, q)
	case r.table == record.ByExpiry, r.table == record.ByManufactured:
		return s.dated(ctx, r)
	}
	return walk(ctx, s, r, func(t *transaction, key, value []byte) (h trace.Hit, asked bool, err error) {
		h.Key = key
		if r.table == record.ByLot || r.table == record.BySerial {
			holding, err := record.Holding(key, value)
			if err != nil || holding.Former && !q.Former {
				return h, false, err
			}
		}
		h.Usage, err = t.usage(record.ID[trace.OfUsage](key))
		return h, true, err
	})
}

// usageRange is the range of an index that holds all usages that a query asks
// for, and little else; ok is false where they are found over their procedures.
func usageRange(q trace.Query) (r keyRange, ok bool) {
	r = keyRange{after: q.After}
	switch {
	case !q.Procedure.IsZero():
		r.table, r.prefix = record.ByProcedure, q.Procedure[:]
	case q.Catalogue != "":
		r.table, r.prefix = record.ByCatalogue, record.LabelNumberPrefix(q.Catalogue)
	case !q.Patient.IsZero():
		return r, false
	case numbered(q):
		return numberRange(q), true
	case q.DI != "" && !q.Expiry.IsZero():
		r.table, r.prefix = record.ByExpiry, record.DIPrefix(q.DI)
		r.days(q.Expiry)
	case q.DI != "" && !q.Manufactured.IsZero():
		r.table, r.prefix = record.ByManufactured, record.DIPrefix(q.DI)
		r.days(q.Manufactured)
	case q.DI != "" || q.NoDI:
		r.table, r.prefix = record.ByLot, record.DIPrefix(q.DI)
	case q.Place.Named() || q.Person.Named():
		return r, false
	case q.Status != "":
		r.table, r.prefix = record.ByOutcome, []byte{record.OutcomeKey(q.Status)}
		r.between(q.From, q.To)
	default:
		r.table = record.ByTime
		r.between(q.From, q.To)
	}
	return r, true
}

// numbered reports whether lots or serials of a device identifier are asked for.
func numbered(q trace.Query) bool {
	return q.DI != "" && (q.Lot != "" || q.Serial != "" || !q.Lots.IsZero() || !q.Serials.IsZero())
}

func numberRange(q trace.Query) keyRange {
	r := keyRange{after: q.After, table: record.ByLot}
	number, numbers := q.Lot, q.Lots
	if q.Serial != "" || q.Lot == "" && !q.Serials.IsZero() {
		r.table, number, numbers = record.BySerial, q.Serial, q.Serials
	}
	if number != "" {
		r.prefix = record.NumberPrefix(q.DI, number)
		return r
	}
	r.prefix = record.DIPrefix(q.DI)
	if numbers.From != "" {
		r.low = []byte(udi.Order(numbers.From))
	}
	if numbers.To != "" {
		// Behind the number stands 0: what begins with 1 is after all of its rows.
		r.high = append([]byte(udi.Order(numbers.To)), 1)
	}
	return r
}

// days bounds the range to dates, both included.
func (r *keyRange) days(p trace.Period) {
	if day, ok := record.DateKey(p.From); ok {
		r.low = day
	}
	if day, ok := record.DateKey(p.To); ok {
		r.high = append(day, bytes.Repeat([]byte{0xff}, 17)...) // behind every lot
	}
}

// Holdings is trace.Finder's.
func (s *Store) Holdings(ctx context.Context, q trace.Query) iter.Seq2[trace.Holding, error] {
	if !numbered(q) {
		return func(yield func(trace.Holding, error) bool) {
			yield(trace.Holding{}, trace.Errorf(trace.Invalid, "whose devices they are is asked by device identifier and lots or serials"))
		}
	}
	return walk(ctx, s, numberRange(q), func(t *transaction, key, value []byte) (trace.Holding, bool, error) {
		h, err := record.Holding(key, value)
		if err != nil || h.Former && !q.Former {
			return h, false, err
		}
		if v := t.Get(record.Procedures, h.Procedure[:]); v != nil {
			h.Patient, err = record.PatientOf(v)
		}
		return h, true, err
	}, record.Procedures)
}

// usagesOf goes over the procedures of a patient, at a place or with a person,
// latest first, to the usages. Its keys are those of a procedure's usages; behind
// one it goes on with the rest of that procedure, then with the procedures after
// it.
func (s *Store) usagesOf(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	return func(yield func(trace.Hit, error) bool) {
		rest := trace.ProcedureQuery{Patient: q.Patient, Place: q.Place, Person: q.Person}
		if len(q.After) == 32 {
			at, err := s.Procedure(ctx, trace.ProcedureID(q.After[:16]))
			if err != nil {
				yield(trace.Hit{}, err)
				return
			}
			if rest.Asks(at) {
				for h, err := range s.Candidates(ctx, trace.Query{Procedure: at.ID, After: q.After}) {
					if !yield(h, err) || err != nil {
						return
					}
				}
			}
			rest.After = slices.Concat(procedureRange(rest).prefix, record.TimeKey(at.Start), at.ID[:])
		}
		for p, err := range s.Procedures(ctx, rest) {
			if err != nil {
				yield(trace.Hit{}, err)
				return
			}
			for h, err := range s.Candidates(ctx, trace.Query{Procedure: p.Procedure.ID}) {
				if !yield(h, err) || err != nil {
					return
				}
			}
		}
	}
}

// dated goes over the lots of a range of dates to their usages. Its keys are that of
// the lot in the table by date, and the usage.
func (s *Store) dated(ctx context.Context, r keyRange) iter.Seq2[trace.Hit, error] {
	return func(yield func(trace.Hit, error) bool) {
		// lot hands out the usages of one row, from behind one of them on.
		lot := func(row, after []byte) bool {
			prefix, day, ok := record.Dated(row)
			if !ok {
				return yield(trace.Hit{}, fmt.Errorf("row %x: %w", row, ErrDamaged)) && false
			}
			of := keyRange{table: record.ByLot, prefix: prefix}
			if after != nil {
				of.after = slices.Concat(prefix, after)
			}
			for h, err := range walk(ctx, s, of, func(t *transaction, key, value []byte) (h trace.Hit, has bool, err error) {
				holding, err := record.Holding(key, value)
				if err != nil || holding.Former {
					return h, false, err
				}
				h.Key = slices.Concat(row, holding.Usage[:])
				h.Usage, err = t.usage(holding.Usage)
				date := h.Usage.Device.Expiry
				if r.table == record.ByManufactured {
					date = h.Usage.Device.Manufactured
				}
				its, ok := record.DateKey(date.Day)
				return h, ok && bytes.Equal(its, day), err
			}) {
				if !yield(h, err) || err != nil {
					return false
				}
			}
			return true
		}
		if n := len(r.after) - 16; n > 0 {
			if !lot(r.after[:n], r.after[n:]) {
				return
			}
			r.after = r.after[:n]
		}
		for row, err := range walk(ctx, s, r, func(_ *transaction, key, _ []byte) ([]byte, bool, error) { return key, true, nil }) {
			if err != nil {
				yield(trace.Hit{}, err)
				return
			}
			if !lot(row, nil) {
				return
			}
		}
	}
}

// Procedures is trace.Finder's.
func (s *Store) Procedures(ctx context.Context, q trace.ProcedureQuery) iter.Seq2[trace.ProcedureHit, error] {
	return walk(ctx, s, procedureRange(q), func(t *transaction, key, _ []byte) (h trace.ProcedureHit, asked bool, err error) {
		h.Key = key
		h.Procedure, err = t.procedure(record.ID[trace.OfProcedure](key))
		return h, q.Asks(h.Procedure), err
	})
}

// procedureRange is the range of an index that holds all procedures that a query
// asks for.
func procedureRange(q trace.ProcedureQuery) keyRange {
	r := keyRange{table: record.ByStart, after: q.After, latest: true}
	switch {
	case !q.Patient.IsZero():
		r.table, r.prefix = record.ByPatient, q.Patient[:]
	case q.Place.Named():
		r.table, r.prefix = record.ByPlace, record.PlaceKeys(q.Place)[0]
	case q.Person.Named():
		r.table, r.prefix = record.ByPerson, record.PersonKeys(q.Person)[0]
	}
	r.between(q.From, q.To)
	return r
}

// Products is trace.Finder's. It goes through both tables at once, in the order
// of their identifiers.
func (s *Store) Products(ctx context.Context, after string) iter.Seq2[trace.Product, error] {
	return func(yield func(trace.Product, error) bool) {
		for {
			var page []trace.Product
			err := s.view(ctx, func(t *transaction) error {
				for len(page) < pageRows {
					di, ok := t.nextProduct(after)
					if !ok {
						return nil
					}
					p, _, err := t.product(di)
					if err != nil {
						return err
					}
					page, after = append(page, p), di
				}
				return nil
			})
			for _, p := range page {
				if !yield(p, nil) {
					return
				}
			}
			if err != nil {
				yield(trace.Product{}, err)
			}
			if err != nil || len(page) < pageRows {
				return
			}
		}
	}
}

// Packed is trace.Finder's.
func (s *Store) Packed(ctx context.Context, di string) (products []string, err error) {
	if di == "" {
		return nil, nil
	}
	err = s.view(ctx, func(t *transaction) error {
		products = nil
		for key := range t.Scan(record.Packed, record.PackedPrefix(di)) {
			inside := string(key[len(di)+1:])
			p, ok, err := t.product(inside)
			if err != nil {
				return err
			}
			if ok && !p.Withdrawn && p.Attributes.PackedAs(di) {
				products = append(products, inside)
			}
		}
		return nil
	}, record.Packed, record.Products, record.Catalogue)
	return products, err
}

// nextProduct is the first DI behind another of which anybody says anything.
func (t *transaction) nextProduct(after string) (di string, ok bool) {
	behind := append([]byte(after), 0)
	if people, _ := t.bucket(record.Products).Cursor().Seek(behind); people != nil {
		di, ok = string(people), true
	}
	if after != "" {
		behind[len(behind)-1] = 1 // the rows of after itself begin with it and a 0
	}
	if row, _ := t.bucket(record.Catalogue).Cursor().Seek(behind); row != nil {
		if c, _, _ := bytes.Cut(row, []byte{0}); !ok || string(c) < di {
			di, ok = string(c), true
		}
	}
	return di, ok
}

// CatalogueRow is trace.Finder's.
func (s *Store) CatalogueRow(ctx context.Context, source, di string) (trace.CatalogueRow, error) {
	row, err := load[record.CatalogueRow](ctx, s, record.Catalogue, record.CatalogueKey(di, source), "row of a catalogue")
	return row.Row, err
}

// Readings is trace.Finder's.
func (s *Store) Readings(ctx context.Context, after []byte) iter.Seq2[trace.ReadingHit, error] {
	r := keyRange{table: record.Readings, after: after, latest: true}
	return walk(ctx, s, r, func(t *transaction, key, _ []byte) (trace.ReadingHit, bool, error) {
		reading, ok, err := t.reading(record.PositionOf(key))
		return trace.ReadingHit{Key: key, Reading: reading}, ok, err
	})
}

// Loose is trace.Finder's.
func (s *Store) Loose(ctx context.Context, di string) iter.Seq2[trace.Reading, error] {
	r := keyRange{table: record.Loose, prefix: record.DIPrefix(di)}
	return walk(ctx, s, r, func(t *transaction, key, _ []byte) (trace.Reading, bool, error) {
		return t.reading(record.PositionOf(key))
	})
}

// reading is the entry at a place as a reading; ok is false for any other.
func (t *transaction) reading(at trace.Position) (reading trace.Reading, ok bool, err error) {
	e, err := t.Entry(at)
	if err != nil {
		return reading, false, err
	}
	f, ok := e.Fact.(trace.ReadingFact)
	return trace.Reading{ReadingFact: f, Stamp: trace.Stamp{Position: at, Event: e.ID, Recorded: e.Recorded, Occurred: e.Occurred, By: e.By,
		Provenance: e.Provenance, Sealed: len(e.Commitment) > 0}}, ok, nil
}

// Secret is trace.Finder's.
func (s *Store) Secret(ctx context.Context, at trace.Position) (secret *trace.Secret, err error) {
	err = s.view(ctx, func(t *transaction) error {
		e, err := t.opened(at)
		secret = e.Secret
		return err
	})
	return secret, err
}
