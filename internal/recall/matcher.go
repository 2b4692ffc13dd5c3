package recall

import (
	"slices"
	"strings"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Tier is how sure it is that a device is meant.
type Tier string

// The tiers. The empty tier means: excluded.
const (
	Confirmed     Tier = "confirmed"     // the identifiers are those of the notice
	Possible      Tier = "possible"      // it cannot be excluded
	Precautionary Tier = "precautionary" // it is of a family that the notice names, and nothing more is said
)

// truth answers a question of which not everything is known.
type truth int8

const (
	no truth = iota
	maybe
	yes
)

// verdict is what criteria come to for one device. The rank falls behind the
// truth where a family is named: it is certain that the device is of it, and
// yet no better than precautionary.
type verdict struct {
	truth truth
	rank  rank
	why   []string
}

// rank orders the tiers.
type rank int8

const (
	excluded rank = iota
	precaution
	possible
	confirmed
)

func (r rank) tier() Tier {
	return [...]Tier{"", Precautionary, Possible, Confirmed}[r]
}

func rankOf(t truth) rank { return [...]rank{excluded, possible, confirmed}[t] }

func found(t truth, why []string) verdict { return verdict{t, rankOf(t), why} }

// and: both have to hold.
func (v verdict) and(o verdict) verdict {
	return verdict{min(v.truth, o.truth), min(v.rank, o.rank), append(v.why, o.why...)}
}

// or: one of the two has to hold. The words are those of the better.
func (v verdict) or(o verdict) verdict {
	out := verdict{truth: max(v.truth, o.truth), rank: max(v.rank, o.rank)}
	for _, w := range []verdict{v, o} {
		if w.rank == out.rank && w.truth != no {
			for _, s := range w.why {
				if !slices.Contains(out.why, s) {
					out.why = append(out.why, s)
				}
			}
		}
	}
	return out
}

// evidence is what is known of a device when it is held against criteria.
type evidence struct {
	device  udi.Device
	product *trace.Product     // nil: the catalogue does not have it, or nobody looked
	inside  []string           // products that its identifier is that of a pack of
	byHand  bool               // the numbers were typed or came in from elsewhere
	unsure  string             // why the numbers may be others than the label's; "": they are as read
	whole   *trace.UsageInFull // nil: dates, place and time were not looked up, and may be anything
	label   bool               // the dates of the label are known all the same
	explain bool
	missing *bool // set where something that is asked about was not recorded
}

func (e *evidence) lacks() {
	if e.missing != nil {
		*e.missing = true
	}
}

func (e *evidence) say(words ...string) []string {
	if !e.explain {
		return nil
	}
	return []string{strings.Join(words, "")}
}

// Matcher is criteria made ready to be asked about many usages. It is safe for
// concurrent use.
type Matcher struct {
	criteria Criteria
	root     *part
}

// part is one node of the tree of criteria.
type part struct {
	dis       map[string]bool
	levels    map[string]string // other levels of the pack -> as named
	catalogue map[string]bool
	foldedNos map[string]string
	makers    []string
	families  []Family
	lots      *numberList
	serials   *numberList
	made      Period
	expiry    Period
	implanted span
	places    []Place
	any       []*part
	all       []*part
	except    []*part
}

// Compile checks criteria and makes them ready. Days are days of the site's time
// zone. The error is of kind Invalid or TooLarge.
func (c Criteria) Compile(zone *time.Location) (*Matcher, error) {
	n, err := c.Normalised()
	if err != nil {
		return nil, err
	}
	root, err := compile(n, zone)
	return &Matcher{criteria: n, root: root}, err
}

// Criteria are the criteria in their fixed form.
func (m *Matcher) Criteria() Criteria { return m.criteria }

func compile(c Criteria, zone *time.Location) (*part, error) {
	p := &part{makers: c.Makers, families: c.Families, made: c.Made, expiry: c.Expiry, places: c.Places,
		lots: newNumberList("lot", c.Lots, true), serials: newNumberList("serial number", c.Serials, false)}
	if len(c.DIs) > 0 {
		p.dis, p.levels = make(map[string]bool), make(map[string]string)
		for _, di := range c.DIs {
			p.dis[di] = true
			for _, other := range levels(di)[1:] {
				p.levels[other] = di
			}
		}
	}
	if len(c.CatalogueNos) > 0 {
		p.catalogue, p.foldedNos = make(map[string]bool), make(map[string]string)
		for _, n := range c.CatalogueNos {
			p.catalogue[n], p.foldedNos[udi.Fold(n)] = true, n
		}
	}
	var err error
	if p.implanted, err = c.Implanted.span(zone); err != nil {
		return nil, err
	}
	for _, list := range []struct {
		from []Criteria
		to   *[]*part
	}{{c.Any, &p.any}, {c.All, &p.all}, {c.Except, &p.except}} {
		for _, o := range list.from {
			child, err := compile(o, zone)
			if err != nil {
				return nil, err
			}
			*list.to = append(*list.to, child)
		}
	}
	return p, nil
}

// judge is the rule for one device, with everything that is joined by "and".
func (p *part) judge(e *evidence) verdict {
	v := verdict{truth: yes, rank: confirmed}
	for _, question := range []func(*evidence) (verdict, bool){p.product, p.maker, p.numbers, p.dates, p.time, p.place} {
		if a, asked := question(e); asked {
			if v = v.and(a); v.rank == excluded {
				return verdict{}
			}
		}
	}
	for _, o := range p.all {
		if v = v.and(o.judge(e)); v.rank == excluded {
			return verdict{}
		}
	}
	if len(p.any) > 0 {
		var one verdict
		for _, o := range p.any {
			one = one.or(o.judge(e))
		}
		if v = v.and(one); v.rank == excluded {
			return verdict{}
		}
	}
	for _, o := range p.except {
		switch x := o.judge(e); x.truth {
		case yes:
			return verdict{}
		case maybe:
			v = v.and(found(maybe, e.say("the notice excepts some, and it cannot be told whether this is one: ", strings.Join(x.why, "; "))))
		}
	}
	return v
}

// product: is it one of the products that are named, by whatever?
func (p *part) product(e *evidence) (verdict, bool) {
	if p.dis == nil && p.catalogue == nil && len(p.families) == 0 {
		return verdict{}, false
	}
	var v verdict
	if p.dis != nil {
		v = v.or(p.di(e))
	}
	if p.catalogue != nil {
		v = v.or(p.catalogueNo(e))
	}
	for _, f := range p.families {
		a := f.holds(e)
		a.rank = min(a.rank, precaution)
		v = v.or(a)
	}
	return v, true
}

const noProduct = "which product it is was not recorded"

func (p *part) di(e *evidence) verdict {
	di := e.device.DI
	switch level := p.levels[di]; {
	case di == "":
		e.lacks()
		return found(maybe, e.say(noProduct))
	case p.dis[di]:
		return found(yes, e.say("DI ", di, " is named"))
	case e.packedIn(p.dis) != "":
		return e.packed(p.dis)
	case level != "":
		return found(maybe, e.say("its identifier "+di+" is that of another pack level of ", level))
	}
	return verdict{}
}

// packedIn is a named identifier to which the catalogue ties that of the device:
// of a pack that holds it, or of a product that it is a pack of. "": there is none.
func (e *evidence) packedIn(named map[string]bool) string {
	if e.product != nil {
		for _, di := range e.product.Attributes.Named(e.product.DI) {
			if named[di] {
				return di
			}
		}
	}
	for _, di := range e.inside {
		if named[di] {
			return di
		}
	}
	return ""
}

// packed says how. A unit is in the case that is named; a case that was scanned
// may hold units of other lots than its own label gives.
func (e *evidence) packed(named map[string]bool) verdict {
	di, is := e.packedIn(named), e.device.DI
	if e.product != nil && e.product.DI == is && di != is && !slices.Contains(e.inside, di) {
		return found(yes, e.say("DI ", is, " is packed in ", di, ", which is named, as the catalogue says"))
	}
	return found(maybe, e.say("its identifier ", is, " is that of another pack of ", di, ", which is named, as the catalogue says"))
}

func (p *part) catalogueNo(e *evidence) (v verdict) {
	known := false
	for _, n := range e.catalogueNos() {
		known = true
		if p.catalogue[n] {
			return found(yes, e.say("catalogue number ", n, " is named"))
		}
		if named := p.foldedNos[udi.Fold(n)]; named != "" {
			v = v.or(found(maybe, e.say("catalogue number ", n, " may be ", named, ", written another way")))
		}
	}
	switch {
	case v.rank != excluded:
		return v
	case e.device.DI == "" && !known:
		e.lacks()
		return found(maybe, e.say(noProduct))
	case !known:
		e.lacks()
		return found(maybe, e.say("the catalogue number of ", e.device.DI, " is not known"))
	}
	return verdict{}
}

// catalogueNos are the maker's numbers that the label and the catalogue give.
func (e *evidence) catalogueNos() (all []string) {
	if n := strings.TrimSpace(e.device.CatalogueNo); n != "" {
		all = append(all, n)
	}
	if e.product != nil && e.product.CatalogueNo != "" {
		all = append(all, strings.TrimSpace(e.product.CatalogueNo))
	}
	return all
}

func (p *part) maker(e *evidence) (verdict, bool) {
	if len(p.makers) == 0 {
		return verdict{}, false
	}
	if e.product == nil || e.product.Maker == "" {
		e.lacks()
		return found(maybe, e.say("its maker is not known")), true
	}
	for _, m := range p.makers {
		if same(m, e.product.Maker) {
			return found(yes, e.say("maker ", e.product.Maker, " is named")), true
		}
	}
	return verdict{}, true
}

// holds reports whether a product is of the family, as far as the catalogue tells.
func (f Family) holds(e *evidence) verdict {
	if f.BasicUDI != "" && e.device.BasicUDI == f.BasicUDI {
		return found(yes, e.say("Basic UDI-DI ", f.BasicUDI, " is named"))
	}
	if e.product == nil {
		e.lacks()
		if e.device.DI == "" {
			return found(maybe, e.say(noProduct))
		}
		return found(maybe, e.say("the catalogue does not have ", e.device.DI, ", and so not its family"))
	}
	v := verdict{truth: yes, rank: confirmed}
	for _, q := range []struct{ what, asked, is string }{{"maker", f.Maker, e.product.Maker}, {"brand", f.Brand, e.product.Brand}} {
		switch {
		case q.asked == "":
		case q.is == "":
			e.lacks()
			v = v.and(found(maybe, e.say("its ", q.what, " is not known")))
		case same(q.asked, q.is), q.what == "brand" && begins(q.is, q.asked):
			v = v.and(found(yes, e.say(q.what, " ", q.is, " is named")))
		default:
			return verdict{}
		}
	}
	if f.Words != "" {
		switch text := strings.ToUpper(e.product.Brand + " " + e.product.Description); {
		case e.product.Description == "":
			e.lacks()
			v = v.and(found(maybe, e.say("its description is not known")))
		case holdsWords(text, f.Words):
			v = v.and(found(yes, e.say("its description has the words ", f.Words)))
		default:
			return verdict{}
		}
	}
	if f.BasicUDI != "" {
		v = v.and(found(maybe, e.say("its Basic UDI-DI was not recorded")))
	}
	return v
}

// same compares names as people write them.
func same(a, b string) bool { return plain(a) == plain(b) }

// begins reports whether a name begins with all of another's words.
func begins(name, with string) bool { return strings.HasPrefix(plain(name)+" ", plain(with)+" ") }

func holdsWords(text, words string) bool {
	has := " " + plain(text) + " "
	for w := range strings.FieldsSeq(plain(words)) {
		if !strings.Contains(has, " "+w+" ") {
			return false
		}
	}
	return true
}

// plain is a name in capitals, its words parted by one space and nothing else.
func plain(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToUpper(s), func(r rune) bool { return strings.ContainsRune(" \t.,;:/-_()&+\u00a0\u00ae\u2122", r) }), " ")
}

// numbers: is its lot or its serial number named?
func (p *part) numbers(e *evidence) (verdict, bool) {
	if p.lots == nil && p.serials == nil {
		return verdict{}, false
	}
	var v verdict
	for _, q := range []struct {
		list *numberList
		is   string
	}{{p.lots, e.device.Lot}, {p.serials, e.device.Serial}} {
		if q.list != nil {
			if q.is == "" {
				e.lacks()
			}
			v = v.or(found(q.list.named(q.is, e.byHand, e.explain)))
		}
	}
	if e.unsure != "" { // it may have given other numbers than the label's
		if v.truth == no {
			v = found(maybe, e.say(e.unsure, ": its numbers may be wrong"))
		}
		v.truth, v.rank = min(v.truth, maybe), min(v.rank, possible)
	}
	return v, true
}

// dates: are the days on its label those that are named?
func (p *part) dates(e *evidence) (verdict, bool) {
	v, asked := verdict{truth: yes, rank: confirmed}, false
	for _, q := range []struct {
		what string
		p    Period
		is   udi.Date
	}{{"day of making", p.made, e.device.Manufactured}, {"expiry", p.expiry, e.device.Expiry}} {
		if q.p.IsZero() {
			continue
		}
		asked = true
		if e.whole == nil && !e.label {
			v = v.and(found(maybe, nil))
			continue
		}
		a := q.p.holdsDate(e, q.what, q.is)
		if e.unsure != "" {
			if a.truth == no {
				a = found(maybe, e.say(e.unsure, ": its ", q.what, " may be wrong"))
			}
			a.truth, a.rank = min(a.truth, maybe), min(a.rank, possible)
		}
		v = v.and(a)
	}
	return v, asked
}

// holdsDate holds a date of a label against a period of days. A date without a
// day may be any of its month.
func (p Period) holdsDate(e *evidence, what string, d udi.Date) verdict {
	if d.Day == "" {
		e.lacks()
		return found(maybe, e.say(what, " not recorded"))
	}
	first := d.Day
	if d.Precision == udi.PrecisionMonth && len(d.Day) == len(time.DateOnly) {
		first = d.Day[:8] + "01"
	}
	within := func(day string) bool { return (p.From == "" || day >= p.From) && (p.To == "" || day <= p.To) }
	switch {
	case within(first) && within(d.Day):
		return found(yes, e.say(what, " ", d.String(), " is in the named period"))
	case (p.To == "" || first <= p.To) && (p.From == "" || d.Day >= p.From):
		return found(maybe, e.say(what, " ", d.String(), " has no day, and may be in the named period"))
	}
	return verdict{}
}

// time: was it used in the named period?
func (p *part) time(e *evidence) (verdict, bool) {
	s := p.implanted
	if s.from.IsZero() && s.to.IsZero() {
		return verdict{}, false
	}
	if e.whole == nil {
		return found(maybe, nil), true
	}
	u := e.whole
	switch from, until := whenUsed(*u); {
	case (s.from.IsZero() || !until.Before(s.from)) && (s.to.IsZero() || from.Before(s.to)):
		return found(yes, e.say("used on ", u.When().Format(time.DateOnly), ", in the named period")), true
	case u.Usage.Status == trace.Explanted && !s.to.IsZero() && (s.from.IsZero() || !until.Before(s.from)):
		return found(maybe, e.say("explanted later: when it was implanted was not recorded")), true
	case u.Procedure.Start.IsZero() && u.Usage.Provenance != trace.Scanned:
		// Where its procedure's start is not recorded, the time of a scan is
		// when it was used; that of a row that came in later says nothing.
		e.lacks()
		return found(maybe, e.say("when it was used was not recorded")), true
	}
	return verdict{}, true
}

// whenUsed is the time in which a usage can have been: from the earlier of its
// procedure's start and its own time to the later of its own time and the
// procedure's end. A procedure may go on past midnight.
func whenUsed(u trace.UsageInFull) (from, until time.Time) {
	from, until = u.When(), u.When()
	if o := u.Usage.Occurred; u.Usage.Provenance != trace.Imported && !o.IsZero() && !u.Procedure.Start.IsZero() {
		if o.Before(from) {
			from = o
		}
		if o.After(until) {
			until = o
		}
	}
	if u.Procedure.End.After(until) {
		until = u.Procedure.End
	}
	return from, until
}

// place: was it used at a named place?
func (p *part) place(e *evidence) (verdict, bool) {
	if len(p.places) == 0 {
		return verdict{}, false
	}
	if e.whole == nil {
		return found(maybe, nil), true
	}
	is := e.whole.Procedure.Place
	var v verdict
	for _, named := range p.places {
		switch {
		case is == (trace.Place{}):
			e.lacks()
			return found(maybe, e.say("where it was used was not recorded")), true
		case named.GLN != "" && is.GLN == named.GLN, named.Name != "" && same(named.Name, is.Name):
			return found(yes, e.say("used at ", is.String(), ", as named")), true
		case named.GLN != "" && is.GLN == "" && named.Name == "":
			v = v.or(found(maybe, e.say("the GLN of ", is.String(), " was not recorded")))
		case named.Name != "" && is.Name == "" && named.GLN == "":
			v = v.or(found(maybe, e.say("the name of ", is.String(), " was not recorded")))
		}
	}
	return v, true
}

// Finding is the rule's answer about one usage.
type Finding struct {
	Tier Tier
	Why  []string // field by field
	// Unjudged: something that the notice asks about was not recorded.
	Unjudged bool
}

// Match is the rule: is this usage's device meant? It answers with the tier
// and, in words, why. It is pure and final.
func (m *Matcher) Match(u trace.UsageInFull) (Tier, []string) {
	f := m.Find(u)
	return f.Tier, f.Why
}

// Find is Match, and says whether something was missing to tell.
func (m *Matcher) Find(u trace.UsageInFull) Finding {
	v, unjudged := m.identify(u)
	if v.rank != excluded && !u.Usage.Withdrawn && !u.Usage.Status.Outcome() {
		v = v.and(found(maybe, []string{"no outcome recorded: it may be in the patient"}))
	}
	return v.finding(u.Usage.Provenance, unjudged)
}

// finding puts a verdict into words.
func (v verdict) finding(from trace.Provenance, unjudged bool) (f Finding) {
	if v.rank == excluded {
		return f
	}
	switch from {
	case trace.Typed:
		v.why = append(v.why, "typed, not scanned")
	case trace.Imported:
		v.why = append(v.why, "imported, unverified")
	}
	f.Tier, f.Unjudged = v.rank.tier(), unjudged
	for _, w := range v.why {
		if !slices.Contains(f.Why, w) {
			f.Why = append(f.Why, w)
		}
	}
	return f
}

// identify asks whether the device is one that is meant, whatever became of it.
func (m *Matcher) identify(u trace.UsageInFull) (v verdict, unjudged bool) {
	e := evidence{device: u.Usage.Device, byHand: byHand(u.Usage.Provenance), unsure: unsure(u.Usage), whole: &u, explain: true, missing: &unjudged}
	e.inside = u.Inside
	if u.Product.DI != "" && !u.Product.Withdrawn && (u.Product.DI == u.Usage.Device.DI || slices.Contains(u.Inside, u.Product.DI)) {
		e.product = &u.Product
	}
	v = m.root.judge(&e)
	// What was recorded before a correction is asked too: the correction can be
	// the mistake, and the barcode says what it said.
	for _, was := range u.Usage.Was {
		if v.rank != excluded {
			break
		}
		before := e
		before.device.DI, before.device.Lot, before.device.Serial = was.DI, was.Lot, was.Serial
		if was.DI != u.Usage.Device.DI {
			before.product, before.inside = nil, nil
		}
		if o := m.root.judge(&before); o.rank != excluded {
			v = verdict{maybe, min(o.rank, possible), []string{"before a correction it was recorded as " + words(was)}}
		}
	}
	if v.rank == excluded {
		return verdict{}, false
	}
	if e.unsure == "" && repaired(u.Usage) {
		e.unsure = "the code was repaired when it was read"
	}
	if e.unsure != "" {
		v = v.and(found(maybe, []string{e.unsure}))
	}
	return v, unjudged
}

func byHand(p trace.Provenance) bool { return p == trace.Typed || p == trace.Imported }

// unsure says why the numbers that are recorded of a usage may be others than
// its label's; "" where they stand in its barcodes as they are recorded.
func unsure(u trace.Usage) string {
	switch {
	case u.Damaged:
		return "the code was damaged when it was read"
	case u.NotVerbatim():
		return "its numbers do not stand in its code as they are recorded"
	}
	return ""
}

// repaired reports whether anything was undone before a code of a usage was
// understood, or several readings of it are possible.
func repaired(u trace.Usage) bool {
	for _, c := range u.Carriers {
		if asRead(c.Text, u.Device) {
			continue
		}
		m := udi.Understand(c.Symbology+c.Text, u.Occurred)
		if m.Repaired() || len(m.Readings) > 0 {
			return true
		}
	}
	return false
}

// asRead reports whether a GS1 code gives identifier, lot and serial number of a
// device whole and as they are recorded, each behind its AI and up to a separator or
// the end: there is nothing that could have been undone. Most codes are so, and it
// is told much faster than by understanding them.
func asRead(text string, d udi.Device) bool {
	if d.Agency != udi.AgencyGS1 || len(d.DI) != 14 || !strings.HasPrefix(text, "01"+d.DI) {
		return false
	}
	for _, f := range [][2]string{{"10", d.Lot}, {"21", d.Serial}} {
		if f[1] == "" {
			continue
		}
		_, rest, ok := strings.Cut(text[16:], f[0]+f[1])
		if !ok || rest != "" && rest[0] != '\x1d' {
			return false
		}
	}
	return true
}

// words names an identity.
func words(d udi.Device) string {
	s := "DI " + d.DI
	if d.DI == "" {
		s = "no DI"
	}
	if d.Lot != "" {
		s += ", lot " + d.Lot
	}
	if d.Serial != "" {
		s += ", serial number " + d.Serial
	}
	return s
}

// could reports whether a device of which nothing but these values is known can
// be meant.
func (m *Matcher) could(n trace.Numbered, di string, is catalogued) bool {
	e := evidence{device: udi.Device{DI: di, Lot: n.Lot, Serial: n.Serial}, product: is.product, inside: is.inside, byHand: n.ByHand}
	if n.Unsure {
		e.unsure = "unsure"
	}
	return m.root.judge(&e).rank != excluded
}

// catalogued is what the catalogue says of a device identifier.
type catalogued struct {
	product *trace.Product // nil: nothing
	inside  []string       // products that it is that of a pack of
}

// shelf is the rule for what lies on a shelf: when and where a notice has its
// devices used says nothing of it.
func (m *Matcher) shelf(l trace.StockLine, is catalogued) (Tier, []string) {
	e := evidence{device: l.Device, product: is.product, inside: is.inside, byHand: byHand(l.From), label: true, explain: true}
	if l.Damaged {
		e.unsure = "the code was damaged when it was read"
	}
	f := m.root.judge(&e).finding(l.From, false)
	return f.Tier, f.Why
}

// Device is the rule for a device that is in no usage: one in a hand, at a time.
// inside are the products that its identifier is that of a pack of.
func (m *Matcher) Device(d udi.Device, product *trace.Product, inside []string, from trace.Provenance, damaged bool, at time.Time) (Tier, []string) {
	u := trace.UsageInFull{Usage: trace.Usage{Device: d, Provenance: from, Damaged: damaged, Occurred: at}, Product: deref(product), Inside: inside}
	v, _ := m.identify(u)
	f := v.finding(from, false)
	return f.Tier, f.Why
}

func deref(p *trace.Product) (v trace.Product) {
	if p != nil {
		v = *p
	}
	return v
}
