package recall

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Match is a usage that is meant, or cannot be excluded.
type Match struct {
	Tier      Tier     `json:"tier"`
	Why       []string `json:"why"`
	State     State    `json:"state"`
	InPatient string   `json:"in_patient"` // yes, was, no, unknown (no outcome recorded)
	// Person is the same for all patients of the record that are one person.
	Person trace.PatientID `json:"person,omitzero"`
	trace.UsageInFull
}

// State is what became of a device that a notice means.
type State string

// The states.
const (
	StateImplanted State = "implanted" // and still in
	StateExplanted State = "explanted"
	StateTried     State = "tried" // in a patient, and not left in
	StateNotUsed   State = "opened-not-used"
	StateWasted    State = "wasted"
	StateReturned  State = "returned" // unopened, back to the shelf
	StateNoOutcome State = "no-outcome"
	StateWithdrawn State = "withdrawn" // from the record
	StateUnlinked  State = "unlinked"  // read, and in no usage
	StateOnShelf   State = "on-shelf"
	StateLeftShelf State = "left-shelf" // it lay on a shelf, and the record says that it does no longer
)

// StateOf is what the record says became of a device.
func StateOf(u trace.Usage) State {
	if u.Withdrawn {
		return StateWithdrawn
	}
	switch u.Status {
	case trace.Implanted:
		if u.InPatient() == "was" {
			return StateExplanted
		}
		return StateImplanted
	case trace.Explanted:
		return StateExplanted
	case trace.Trial:
		return StateTried
	case trace.NotUsed:
		return StateNotUsed
	case trace.Wasted:
		return StateWasted
	case trace.Returned:
		return StateReturned
	}
	return StateNoOutcome
}

// Coverage is what an answer rests on, and what it does not know.
type Coverage struct {
	AsOf  time.Time            `json:"as_of"`
	Nodes []trace.NodeCoverage `json:"nodes"`
	// Looked is how many usages were held against the criteria: those of the
	// named products at any pack level, and those of which the product is not recorded.
	Looked    int `json:"looked"`
	Withdrawn int `json:"withdrawn"`  // of them, withdrawn from the record
	NoProduct int `json:"no_product"` // of the others, without a device identifier
	NoOutcome int `json:"no_outcome"` // of the matches, without a recorded outcome
	// Unjudged is how many of the matches could not be judged, because something
	// that the notice asks about was not recorded.
	Unjudged int `json:"unjudged"`
	// NotUnderstood is how many codes were read in procedures and not understood:
	// each may be a device that nobody can look for.
	NotUnderstood int `json:"not_understood"`
	// Shelves is how many lines of stock were held against the criteria.
	Shelves int `json:"shelves"`
}

// Unlinked is a device that was read and is in no usage: nobody recorded whose it
// was, so it may be in anybody who was there.
type Unlinked struct {
	Reading   trace.EventID     `json:"reading"`
	At        trace.Position    `json:"-"`
	Occurred  time.Time         `json:"occurred"`
	Device    udi.Device        `json:"device"`
	Procedure trace.ProcedureID `json:"procedure,omitzero"`
	Why       []string          `json:"why"`
}

// OnShelf is a line of stock that a notice means, or cannot be excluded.
type OnShelf struct {
	Tier  Tier            `json:"tier"`
	Why   []string        `json:"why"`
	State State           `json:"state"`
	Line  trace.StockLine `json:"line"`
	// Used are usages of the same serial number: the piece is recorded as used, and
	// may lie on no shelf.
	Used []trace.UsageID `json:"used,omitempty"`
}

// Answer is the answer to a recall.
type Answer struct {
	Criteria Criteria `json:"criteria"`
	// Confirmed: the identifiers are those of the notice, and the device is or
	// was in the patient.
	Confirmed []Match `json:"confirmed"`
	// Possible: it cannot be excluded.
	Possible []Match `json:"possible"`
	// Precautionary: of a family that the notice names.
	Precautionary []Match `json:"precautionary"`
	// NotInPatient: meant, or not to be excluded; but the record says that the
	// device was not left in the patient, or the usage was withdrawn.
	NotInPatient []Match `json:"not_in_patient"`
	// Unlinked: meant, or not to be excluded, and read without a procedure.
	Unlinked []Unlinked `json:"unlinked"`
	// Shelf: meant, or not to be excluded, and lies on a shelf, or lay there.
	Shelf              []OnShelf `json:"shelf"`
	Patients           int       `json:"patients"`               // different people in Confirmed; where a patient is not recorded, each procedure counts as one
	PatientsMay        int       `json:"patients_possible"`      // different people in Possible and not in Confirmed
	PatientsPrecaution int       `json:"patients_precautionary"` // different people in Precautionary and in neither of the two
	Coverage           Coverage  `json:"coverage"`
}

// Nobody reports whether nobody is affected and nobody left who cannot be
// excluded.
func (a Answer) Nobody() bool {
	return len(a.Confirmed) == 0 && len(a.Possible) == 0 && len(a.Precautionary) == 0 && len(a.Unlinked) == 0 && !slices.ContainsFunc(a.Shelf, OnShelf.There)
}

// Out reports whether a match goes with those of which the record says that they
// were not left in a patient.
func (m Match) Out() bool {
	return m.Usage.Withdrawn || m.InPatient == "no" && !implanted(m.Usage)
}

// There reports whether something of the line lies on its shelf, as far as the
// record knows.
func (s OnShelf) There() bool { return s.State == StateOnShelf }

// Found is one thing that a search comes upon: a match, a reading that is in no
// usage, or a line of stock.
type Found struct {
	Match    *Match
	Unlinked *Unlinked
	Shelf    *OnShelf
}

// Search asks the record and gathers the whole answer. now is when it is asked.
func Search(ctx context.Context, f trace.Finder, m *Matcher, now time.Time) (Answer, error) {
	a := Answer{Criteria: m.criteria, Confirmed: []Match{}, Possible: []Match{}, Precautionary: []Match{}, NotInPatient: []Match{}, Unlinked: []Unlinked{}, Shelf: []OnShelf{}}
	for found, err := range Matches(ctx, f, m, now, &a.Coverage) {
		if err != nil {
			return Answer{}, err
		}
		if found.Unlinked != nil {
			a.Unlinked = append(a.Unlinked, *found.Unlinked)
			continue
		}
		if found.Shelf != nil {
			a.Shelf = append(a.Shelf, *found.Shelf)
			continue
		}
		match := *found.Match
		switch {
		case match.Out():
			a.NotInPatient = append(a.NotInPatient, match)
		case match.Tier == Confirmed:
			a.Confirmed = append(a.Confirmed, match)
		case match.Tier == Precautionary:
			a.Precautionary = append(a.Precautionary, match)
		default:
			a.Possible = append(a.Possible, match)
		}
	}
	a.count()
	return a, nil
}

// Matches streams what a search comes upon, product by product, and counts what
// it rests on into coverage, which is whole when the stream has ended. It holds
// no more of the record at a time than a page.
func Matches(ctx context.Context, f trace.Finder, m *Matcher, now time.Time, coverage *Coverage) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		*coverage = Coverage{AsOf: now.UTC()}
		var err error
		if coverage.Nodes, err = f.Coverage(ctx); err != nil {
			yield(Found{}, err)
			return
		}
		s := searcher{ctx: ctx, f: f, m: m, coverage: coverage, yield: yield, looked: make(map[trace.UsageID]bool), products: make(map[string]catalogued), asked: make(map[string]bool)}
		if err := s.run(); err != nil {
			yield(Found{}, err)
		}
	}
}

// searcher is one search. looked are the usages that were held against the
// criteria: one may be found under what it is and under what it was.
type searcher struct {
	ctx      context.Context
	f        trace.Finder
	m        *Matcher
	coverage *Coverage
	yield    func(Found, error) bool
	looked   map[trace.UsageID]bool
	given    map[trace.UsageID]bool
	reading  sync.Mutex // of products
	products map[string]catalogued
	asked    map[string]bool // identifiers that were looked under
	stopped  bool
}

func (s *searcher) run() error {
	s.given = make(map[trace.UsageID]bool)
	if err := s.under(""); err != nil || s.stopped {
		return err
	}
	named, all := s.m.identifiers()
	if !all {
		for _, di := range named {
			// The units in a pack that is named, and the packs of a unit.
			is, err := s.catalogued(di)
			if err != nil {
				return err
			}
			kin := slices.Concat([]string{di}, is.inside)
			if is.product != nil {
				kin = append(kin, is.product.Attributes.Named(is.product.DI)...)
			}
			for _, one := range kin {
				if err := s.under(one); err != nil || s.stopped {
					return err
				}
			}
		}
	} else {
		for di, err := range s.f.Identifiers(s.ctx) {
			if err == nil {
				err = s.under(di)
			}
			if err != nil || s.stopped {
				return err
			}
		}
		// And what lies on a shelf of a product that was never used.
		for h, err := range s.f.Stock(s.ctx, "", true, nil) {
			if err == nil && !s.asked[h.Line.Device.DI] {
				var is catalogued
				if is, err = s.catalogued(h.Line.Device.DI); err == nil {
					err = s.shelf(h.Line, is)
				}
			}
			if err != nil || s.stopped {
				return err
			}
		}
	}
	for _, number := range s.m.catalogueNos() {
		for h, err := range s.f.Candidates(s.ctx, trace.Query{Catalogue: number}) {
			if err != nil {
				return err
			}
			s.look(h.Usage.ID, h.Usage.Withdrawn, h.Usage.Device.DI)
			if err := s.give(s.judged(h.Usage)); err != nil || s.stopped {
				return err
			}
		}
	}
	return nil
}

// under looks through everything under one device identifier, or under none.
func (s *searcher) under(di string) error {
	if s.asked[di] {
		return nil
	}
	s.asked[di] = true
	is, err := s.catalogued(di)
	if err != nil {
		return err
	}
	if di != "" && !s.m.could(trace.Numbered{Unsure: true}, di, is) {
		return nil // whatever its numbers
	}
	// What may be meant is read several at a time, and given in its order. The first
	// alone, so that it is there at once.
	var batch []trace.UsageID
	most := 1
	for n, err := range s.f.Numbers(s.ctx, di) {
		if err != nil {
			return err
		}
		s.look(n.Usage, n.Withdrawn, di)
		if s.given[n.Usage] || !s.m.could(n, di, is) {
			continue // most candidates: nothing has to be read of them
		}
		if batch = append(batch, n.Usage); len(batch) < most {
			continue
		}
		if err := s.giveAll(batch); err != nil || s.stopped {
			return err
		}
		batch, most = batch[:0], min(2*most, batchMost)
	}
	if err := s.giveAll(batch); err != nil || s.stopped {
		return err
	}
	for r, err := range s.f.Loose(s.ctx, di) {
		if err != nil {
			return err
		}
		if s.loose(r, is); s.stopped {
			return nil
		}
	}
	for h, err := range s.f.Stock(s.ctx, di, false, nil) {
		if err == nil {
			err = s.shelf(h.Line, is)
		}
		if err != nil || s.stopped {
			return err
		}
	}
	return nil
}

// look counts a usage that was held against the criteria.
func (s *searcher) look(id trace.UsageID, withdrawn bool, di string) {
	if s.looked[id] {
		return
	}
	s.looked[id] = true
	s.coverage.Looked++
	switch {
	case withdrawn:
		s.coverage.Withdrawn++
	case di == "":
		s.coverage.NoProduct++
	}
}

// catalogued is what the catalogue says of a device identifier.
func (s *searcher) catalogued(di string) (is catalogued, err error) {
	if di == "" {
		return is, nil
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	if is, ok := s.products[di]; ok {
		return is, nil
	}
	if is.inside, err = s.f.Packed(s.ctx, di); err != nil {
		return is, err
	}
	p, err := trace.ProductOf(s.ctx, s.f, di)
	switch {
	case trace.KindOf(err) == trace.NotFound || err == nil && p.Withdrawn:
	case err != nil:
		return is, err
	default:
		is.product = &p
	}
	s.products[di] = is
	return is, nil
}

// shelf judges a line of stock.
func (s *searcher) shelf(l trace.StockLine, is catalogued) error {
	s.coverage.Shelves++
	var used []trace.UsageID
	if l.Device.Serial != "" && l.Device.DI != "" {
		for h, err := range s.f.Holdings(s.ctx, trace.Query{DI: l.Device.DI, Serial: l.Device.Serial}) {
			if err != nil {
				return err
			}
			if !h.Former && !h.Withdrawn {
				used = append(used, h.Usage)
			}
		}
	}
	if on := s.m.Shelf(l, is.product, is.inside, used); on.Tier != "" {
		s.stopped = !s.yield(Found{Shelf: &on}, nil)
	}
	return nil
}

// Shelf is the rule for a line of stock, of which product and inside are what the
// catalogue says, and used the usages of the same serial number. The tier is empty
// where it is excluded.
func (m *Matcher) Shelf(l trace.StockLine, product *trace.Product, inside []string, used []trace.UsageID) OnShelf {
	tier, why := m.shelf(l, catalogued{product, inside})
	if tier == "" {
		return OnShelf{}
	}
	on := OnShelf{Tier: tier, Why: why, Line: l, State: StateOnShelf, Used: used}
	switch {
	case l.OnHand == 0:
		on.State = StateLeftShelf
	case l.OnHand < 0:
		on.Why = append(on.Why, "more was taken away than came in: how many lie there is not known")
	}
	if len(used) > 0 {
		on.Why = append(on.Why, "a device of this serial number is recorded as used")
	}
	return on
}

// batchMost is how many usages are read at a time, and readersMost by how many at
// once: a recall does not take the whole machine from a theatre.
const (
	batchMost   = 64
	readersMost = 4
)

// judgement is what a usage was found to be. The tier is empty where the notice does
// not mean it.
type judgement struct {
	match    Match
	unjudged bool
	err      error
}

// giveAll reads and judges usages, several at once, and hands on what it finds in
// their order.
func (s *searcher) giveAll(ids []trace.UsageID) error {
	all := make([]judgement, len(ids))
	one := func(i int) {
		u, err := s.f.Usage(s.ctx, ids[i])
		if err != nil {
			all[i].err = err
			return
		}
		all[i] = s.judged(u)
	}
	if readers := min(runtime.GOMAXPROCS(0), readersMost, len(ids)); readers < 2 {
		for i := range ids {
			one(i)
		}
	} else {
		var next atomic.Int64
		var wait sync.WaitGroup
		for range readers {
			wait.Go(func() {
				for i := int(next.Add(1)) - 1; i < len(ids); i = int(next.Add(1)) - 1 {
					one(i)
				}
			})
		}
		wait.Wait()
	}
	for _, j := range all {
		if err := s.give(j); err != nil || s.stopped {
			return err
		}
	}
	return nil
}

// judged asks the rule about a usage. It may be called from several goroutines.
func (s *searcher) judged(u trace.Usage) (j judgement) {
	full := trace.UsageInFull{Usage: u}
	is, err := s.catalogued(u.Device.DI)
	if err != nil {
		return judgement{err: err}
	}
	full.Product, full.Inside = deref(is.product), is.inside
	if !u.Procedure.IsZero() {
		if full.Procedure, err = s.f.Procedure(s.ctx, u.Procedure); err != nil && trace.KindOf(err) != trace.NotFound {
			return judgement{err: err}
		}
	}
	full.Patient = full.Procedure.Patient
	if j.match, j.unjudged = s.m.explain(full); j.match.Tier == "" {
		return judgement{}
	}
	j.match.Identity, j.match.Person, j.err = identity(s.ctx, s.f, full.Patient)
	return j
}

// give counts a judgement and hands it on, once.
func (s *searcher) give(j judgement) error {
	u := j.match.Usage
	if j.err != nil || j.match.Tier == "" || s.given[u.ID] {
		return j.err
	}
	if !u.Withdrawn && !u.Status.Outcome() {
		s.coverage.NoOutcome++
	}
	if j.unjudged {
		s.coverage.Unjudged++
	}
	s.given[u.ID] = true
	s.stopped = !s.yield(Found{Match: &j.match}, nil)
	return nil
}

// Explain is the rule's answer about a usage as a search gives it: with what became
// of the device. The tier is empty where it is excluded.
func (m *Matcher) Explain(full trace.UsageInFull) Match {
	match, _ := m.explain(full)
	return match
}

func (m *Matcher) explain(full trace.UsageInFull) (Match, bool) {
	u, finding := full.Usage, m.Find(full)
	if finding.Tier == "" {
		return Match{}, false
	}
	match := Match{Tier: finding.Tier, Why: finding.Why, State: StateOf(u), InPatient: u.InPatient(), UsageInFull: full}
	switch {
	case u.Withdrawn:
		match.Why = append(match.Why, "withdrawn from the record")
	case match.InPatient == "no" && implanted(u):
		match.Why = append(match.Why, "it was recorded as implanted before")
		if match.Tier == Confirmed {
			match.Tier = Possible
		}
	}
	if full.Procedure.Withdrawn {
		match.Why = append(match.Why, "its procedure was withdrawn from the record")
	}
	return match, finding.Unjudged
}

// identity is who a patient is, and the id by which all patients count that are
// this person; nobody for one that the record does not have.
func identity(ctx context.Context, f trace.Finder, id trace.PatientID) (who trace.Identity, one trace.PatientID, err error) {
	if id.IsZero() {
		return who, one, nil
	}
	who, same, err := f.Person(ctx, id)
	if trace.KindOf(err) == trace.NotFound {
		return who, id, nil
	}
	if err != nil {
		return who, one, err
	}
	return who, first(same), nil
}

// first picks one of the ids of one person.
func first(same []trace.PatientID) trace.PatientID {
	return slices.MinFunc(same, func(a, b trace.PatientID) int { return bytes.Compare(a[:], b[:]) })
}

// loose judges a reading that is in no usage.
func (s *searcher) loose(r trace.Reading, is catalogued) {
	if r.Means != udi.KindDevice {
		s.coverage.NotUnderstood++
		return
	}
	meaning := udi.Understand(r.Symbology+r.Text, r.Stamp.Occurred)
	tier, why := s.m.Device(meaning.Device, is.product, is.inside, r.Stamp.Provenance, meaning.Damaged(), r.Stamp.Occurred)
	if tier != "" {
		s.stopped = !s.yield(Found{Unlinked: &Unlinked{Reading: r.Reading, At: r.Stamp.Position, Occurred: r.Stamp.Occurred, Device: meaning.Device, Procedure: r.Procedure, Why: why}}, nil)
	}
}

// identifiers are the device identifiers that the criteria name, at every level
// of the pack; all is set where a catalogue number, maker or family is named, so
// that any product may be meant.
func (m *Matcher) identifiers() (dis []string, all bool) {
	named := make(map[string]bool)
	var walk func(p *part)
	walk = func(p *part) {
		all = all || p.catalogue != nil || len(p.makers) > 0 || len(p.families) > 0
		for di := range p.dis {
			named[di] = true
		}
		for di := range p.levels {
			named[di] = true
		}
		for _, o := range slices.Concat(p.any, p.all) {
			walk(o)
		}
	}
	walk(m.root)
	return slices.Sorted(maps.Keys(named)), all
}

// catalogueNos are the catalogue numbers that the criteria name.
func (m *Matcher) catalogueNos() (all []string) {
	var walk func(p *part)
	walk = func(p *part) {
		all = append(all, slices.Sorted(maps.Keys(p.catalogue))...)
		for _, o := range slices.Concat(p.any, p.all) {
			walk(o)
		}
	}
	walk(m.root)
	return all
}

// implanted reports whether a usage was ever recorded as implanted.
func implanted(u trace.Usage) bool {
	return slices.ContainsFunc(u.History, func(s trace.Stamp) bool { return s.Status == trace.Implanted })
}

// Persons picks one id for all patients that are one person.
type Persons struct {
	f    trace.Finder
	same map[trace.PatientID]trace.PatientID
}

// NewPersons asks f who is one person.
func NewPersons(f trace.Finder) Persons {
	return Persons{f, make(map[trace.PatientID]trace.PatientID)}
}

// Of is the id that all patients who are one person with id have in common.
func (p Persons) Of(ctx context.Context, id trace.PatientID) (trace.PatientID, error) {
	if one, ok := p.same[id]; ok || id.IsZero() {
		return one, nil
	}
	all, err := trace.SamePatients(ctx, p.f, id)
	if trace.KindOf(err) == trace.NotFound {
		all, err = []trace.PatientID{id}, nil
	}
	if err != nil {
		return id, err
	}
	one := first(all)
	for _, o := range all {
		p.same[o] = one
	}
	return one, nil
}

// Counts is what a match counts by: its person. People who are not recorded are
// not one and the same: what was used in one procedure was used on one of them.
func (m Match) Counts() [16]byte {
	switch {
	case !m.Person.IsZero():
		return m.Person
	case !m.Usage.Procedure.IsZero():
		return m.Usage.Procedure
	}
	return m.Usage.ID
}

func (a *Answer) count() {
	people := make(map[[16]byte]bool)
	for _, g := range []struct {
		list []Match
		n    *int
	}{{a.Confirmed, &a.Patients}, {a.Possible, &a.PatientsMay}, {a.Precautionary, &a.PatientsPrecaution}} {
		for _, m := range g.list {
			if who := m.Counts(); !people[who] {
				people[who] = true
				*g.n++
			}
		}
	}
	for _, list := range []*[]Match{&a.Confirmed, &a.Possible, &a.Precautionary, &a.NotInPatient} {
		*list = inTime(*list)
	}
}

// inTime puts matches in the order of their time, the latest first. A match is large: what is sorted
// is their places.
func inTime(list []Match) []Match {
	places, when := make([]int, len(list)), make([]time.Time, len(list))
	for i := range list {
		places[i], when[i] = i, list[i].When()
	}
	slices.SortFunc(places, func(x, y int) int {
		return cmp.Or(when[y].Compare(when[x]), bytes.Compare(list[x].Usage.ID[:], list[y].Usage.ID[:]), cmp.Compare(x, y))
	})
	sorted := make([]Match, len(list))
	for i, place := range places {
		sorted[i] = list[place]
	}
	return sorted
}
