package storetest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// randomHistories compares long random histories of three stores, which take commands,
// take over one another's logs in pieces, and are closed and opened again, with
// models that hold the same entries.
func randomHistories(t *testing.T, open Open) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp("", "history")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		w := &world{T: rt, t: t, open: open, clock: ticking(), sent: make(map[trace.EventID]trace.Command)}
		for i := range 3 {
			n := &member{dir: fmt.Sprint(dir, "/", i), has: make(map[trace.NodeID]int), receipts: make(map[trace.EventID]trace.Receipt)}
			if err := os.Mkdir(n.dir, 0o700); err != nil {
				rt.Fatal(err)
			}
			n.store = open(t, n.dir, w.clock)
			n.model.own = n.store.Node()
			w.members = append(w.members, n)
			w.learn(n, n)
		}
		defer func() {
			for _, n := range w.members {
				n.store.Close()
			}
		}()
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			n := rapid.SampledFrom(w.members).Draw(rt, "member")
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			default:
				w.append(n)
			case 0, 1, 2:
				w.imports(n)
			case 3:
				w.refusedImport(n)
			case 4:
				if err := n.store.Close(); err != nil {
					rt.Fatal(err)
				}
				n.store = open(t, n.dir, w.clock)
			}
			w.holds(n)
		}
		// When everybody has everything, all three say the same.
		for _, n := range w.members {
			for _, from := range w.members {
				if n != from {
					w.takeOver(n, from, len(from.log))
				}
			}
		}
		for _, n := range w.members {
			w.holds(n)
		}
	})
}

// world is three nodes and what was sent to them.
type world struct {
	*rapid.T
	t       *testing.T
	open    Open
	clock   trace.Clock
	members []*member
	sent    map[trace.EventID]trace.Command // as it was sent first: an id names one thing
	ids     []trace.EventID
	made    int
}

// member is one node: its store, and the model of what the store holds.
type member struct {
	dir      string
	store    trace.Store
	model    model
	log      []trace.Entry // its own
	has      map[trace.NodeID]int
	lamport  uint64
	receipts map[trace.EventID]trace.Receipt // of commands in any log that it has
}

// learn adds to a member's model what it now has of another's log.
func (w *world) learn(n, from *member) {
	node := from.store.Node()
	if from == n && len(n.log) == 0 { // the first entry is made by the store
		for e, err := range n.store.Entries(context.Background(), trace.Position{Node: node}) {
			if err != nil {
				w.Fatal(err)
			}
			n.log = append(n.log, e)
		}
		if len(n.log) != 1 || n.log[0].Fact.(trace.NodeFact).Node != node {
			w.Fatalf("a new store holds %+v", n.log)
		}
	}
	for _, e := range from.log[n.has[node]:] {
		n.model.entries = append(n.model.entries, e)
		n.lamport = max(n.lamport, e.Lamport)
		r, ok := n.receipts[e.Command]
		if !ok || r.Node == node {
			n.receipts[e.Command] = trace.Receipt{Command: e.Command, Node: node, Seq: e.Seq - uint64(e.Part), Count: uint64(e.Part) + 1, Recorded: e.Recorded, Repeated: true}
		}
	}
	n.has[node] = len(from.log)
}

func some(kind, n int) (id [16]byte) { id[0], id[15] = byte(kind), byte(n); return id }

// newID makes ids that are the same whenever a history is tried again.
func (w *world) newID() trace.EventID {
	w.made++
	id := some(1, w.made)
	id[14] = byte(w.made >> 8)
	return id
}

var day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func (w *world) few(label string, most int) int { return rapid.IntRange(0, most).Draw(w.T, label) }

func (w *world) one(label string, of ...string) string {
	return rapid.SampledFrom(append(of, "")).Draw(w.T, label)
}

func (w *world) number(label string) string {
	return rapid.SampledFrom(append(slices.Concat(written...), "", "")).Draw(w.T, label)
}

func (w *world) amend(fields ...string) (a trace.Amend) {
	if len(w.ids) == 0 || w.few("correction", 2) > 0 {
		return a
	}
	// What it corrects may be in a log that has not come yet.
	a.Corrects = rapid.SampledFrom(w.ids).Draw(w.T, "corrects")
	switch w.few("how", 3) {
	case 0:
		a.Withdraw = true
	case 1:
		a.Restore = true
	case 2:
		a.Clear = []string{rapid.SampledFrom(fields).Draw(w.T, "field")}
	}
	return a
}

func (w *world) draft(s trace.Store) trace.Draft {
	d := trace.Draft{Provenance: trace.Scanned, Occurred: day.Add(time.Duration(w.few("hour", 20)) * time.Hour)}
	maybe := func(label string, kind, most int) (id [16]byte) {
		if n := w.few(label, most); n > 0 {
			id = some(kind, n)
		}
		return id
	}
	switch w.few("kind", 6) {
	case 0:
		d.Fact = trace.ReadingFact{Reading: w.newID(), Means: udi.KindText}
		d.Secret = &trace.Secret{Raw: w.one("raw", "x")}
	case 1:
		f := trace.PatientFact{Patient: some(3, w.few("patient", 2)), Amend: w.amend("nhs_number", "local_number", "family", "given", "provisional"), Provisional: w.one("provisional", "Unknown Alfa One")}
		secret := trace.Secret{Family: w.one("family", "Testwell", "Quist"), Given: w.one("given", "Ada", "Bob")}
		if n := w.one("nhs", "9990000018", "9990000026"); n != "" {
			secret.NHSNumber = n
			f.Lookups = append(f.Lookups, s.Lookups(trace.LookupNHS, n)[0])
		}
		if n := w.one("local", "H1", "H2"); n != "" && f.Amend.Corrects.IsZero() {
			f.Lookups = append(f.Lookups, s.Lookups(trace.LookupLocal, "RXX|"+n)[0])
		}
		d.Fact, d.Subject, d.Secret = f, f.Patient, &secret
	case 2:
		f := trace.ProcedureFact{Procedure: some(4, 1+w.few("procedure", 2)), Patient: maybe("of", 3, 2), Side: trace.Side(w.one("side", "left", "right")),
			Indication: w.one("indication", "OA"), Amend: w.amend("side", "end", "indication")}
		if n := w.few("start", 4); n > 0 {
			f.Start = day.Add(time.Duration(n) * time.Hour)
		}
		if n := w.few("end", 4); n > 3 {
			f.End = day.Add(time.Duration(n) * time.Hour)
		}
		d.Fact = f
	case 6:
		d.Fact = trace.LinkFact{Survives: some(3, w.few("survives", 3)), Other: some(3, w.few("other", 3)), Withdraw: w.few("not the same", 2) == 0}
	default:
		d.Fact = trace.UsageFact{Usage: some(5, 1+w.few("usage", 5)), Procedure: maybe("in", 4, 3), Status: trace.Status(w.one("status", "checked", "implanted", "wasted", "explanted")),
			Device:   udi.Device{DI: w.one("di", di1, di2), Lot: w.number("lot"), Serial: w.number("serial"), Expiry: udi.Date{Day: w.one("expiry", "2029-03-22")}},
			Override: w.few("override", 5) == 0, Damaged: w.few("damaged", 5) == 0, Location: w.one("location", "left"),
			Explants: maybe("explants", 5, 5), ExplantedBy: maybe("explanted by", 5, 5), Went: trace.Went(w.one("went", "maker", "kept")),
			Amend: w.amend("lot", "serial", "expiry", "status", "location", "damaged", "explants", "explanted_by", "supply")}
		if f := d.Fact.(trace.UsageFact); w.few("picked", 3) == 0 {
			f.Picked, f.Supply = trace.Picked{Name: w.one("set", "A", "B"), LotUnknown: true}, trace.Supply{Kind: trace.SupplyLoan, Supplier: w.one("supplier", "N", "O")}
			d.Fact = f
		}
		if f := d.Fact.(trace.UsageFact); w.few("second", 3) == 0 { // of what a model knows of it now, or of something else
			f.Device, f.Amend = udi.Device{}, trace.Amend{}
			f.Second = trace.SecondFact{Device: udi.Device{DI: w.one("second di", di1, di2), Lot: w.number("second lot")}, Account: trace.AccountID(some(6, 1+w.few("second account", 2)))}
			d.Fact = f
		}
		if w.few("note", 3) == 0 {
			d.Secret = &trace.Secret{Note: "why"}
		}
	}
	return d
}

// append sends some commands in one call: new ones, repeats, conflicts and empty
// ones.
func (w *world) append(n *member) {
	var commands []trace.Command
	var canonicals []string
	for range 1 + w.few("commands", 2) {
		var c trace.Command
		switch how := w.few("command", 7); {
		case how < 2 && len(w.ids) > 0: // sent before, here or to another node
			c = w.sent[rapid.SampledFrom(w.ids).Draw(w.T, "again")]
			if _, known := n.receipts[c.ID]; known && how == 0 {
				c.Canonical = []byte("something else")
			}
		default:
			c = trace.Command{ID: w.newID(), By: trace.Actor{Via: "test"}}
			c.Canonical = c.ID[:]
			for range w.few("drafts", 3) {
				c.Drafts = append(c.Drafts, w.draft(n.store))
			}
			if len(c.Drafts) > 0 {
				w.sent[c.ID] = c
				w.ids = append(w.ids, c.ID)
			}
		}
		commands, canonicals = append(commands, c), append(canonicals, string(c.Canonical))
	}
	results, err := n.store.Append(context.Background(), commands...)
	if err != nil || len(results) != len(commands) {
		w.Fatalf("%+v, %v", results, err)
	}
	for i, c := range commands {
		got := results[i]
		was, known := n.receipts[c.ID]
		switch {
		case known && canonicals[i] != string(c.ID[:]):
			if trace.KindOf(got.Err) != trace.Conflict {
				w.Fatalf("other content: %+v", got)
			}
		case known:
			if got.Err != nil || !sameReceipt(got.Receipt, was) {
				w.Fatalf("repeat: %+v, want %+v", got, was)
			}
		case len(c.Drafts) == 0:
			if trace.KindOf(got.Err) != trace.Invalid {
				w.Fatalf("empty: %+v", got)
			}
		default:
			r := got.Receipt
			if got.Err != nil || r.Command != c.ID || r.Node != n.store.Node() || r.Seq != uint64(len(n.log)) || r.Count != uint64(len(c.Drafts)) || r.Repeated ||
				r.Recorded.Before(n.log[len(n.log)-1].Recorded) {
				w.Fatalf("new: %+v, behind %d entries", got, len(n.log))
			}
			for part, d := range c.Drafts {
				n.lamport++
				e := trace.Entry{Position: trace.Position{Node: r.Node, Seq: r.Seq + uint64(part)}, Lamport: n.lamport, ID: trace.PartID(c.ID, part), Command: c.ID,
					Part: uint16(part), Recorded: r.Recorded, Occurred: d.Occurred, By: c.By, Provenance: d.Provenance, Fact: d.Fact}
				if !d.Secret.IsZero() {
					e.Secret = d.Secret
				}
				n.log = append(n.log, e)
			}
			w.learn(n, n)
		}
	}
}

// sameReceipt: a command that came in through two nodes has a receipt of either,
// of which the log may not be here to its end.
func sameReceipt(got, want trace.Receipt) bool {
	if got.Node != want.Node {
		return got.Command == want.Command && got.Repeated
	}
	return got.Recorded.Equal(want.Recorded) && got.Seq == want.Seq && got.Count == want.Count && got.Command == want.Command && got.Repeated == want.Repeated
}

// entriesOf gives entries of a member's log as its store gives them.
func (w *world) entriesOf(from *member, first, end int) (es []trace.Entry) {
	for e, err := range from.store.Entries(context.Background(), trace.Position{Node: from.store.Node(), Seq: uint64(first)}) {
		if err != nil {
			w.Fatal(err)
		}
		if es = append(es, e); first+len(es) == end {
			break
		}
	}
	if len(es) != end-first {
		w.Fatalf("%d entries from %d on, of %d", len(es), first, len(from.log))
	}
	return es
}

func (w *world) head(n *member, of trace.NodeID) (h trace.TreeHead) {
	heads, err := n.store.Heads(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	for _, h := range heads {
		if h.Node == of {
			return h
		}
	}
	return h
}

// takeOver brings a member a stretch of another's log, up to end, beginning where
// the last ended or a little before.
func (w *world) takeOver(n, from *member, end int) {
	node := from.store.Node()
	first := max(0, n.has[node]-w.few("overlap", 2))
	if end <= first {
		return
	}
	proof := trace.TreeHead{}
	if end == len(from.log) {
		proof = w.head(from, node)
	}
	if err := n.store.Import(context.Background(), node, w.entriesOf(from, first, end), proof); err != nil {
		w.Fatalf("import of %d to %d of %d: %v", first, end, len(from.log), err)
	}
	part := *from
	part.log = from.log[:max(end, n.has[node])]
	w.learn(n, &part)
}

func (w *world) imports(n *member) {
	from := rapid.SampledFrom(w.members).Draw(w.T, "from")
	if from != n {
		w.takeOver(n, from, rapid.IntRange(min(n.has[from.store.Node()], len(from.log)), len(from.log)).Draw(w.T, "to"))
	}
}

// refusedImport brings what must not be taken: nothing of it is there afterwards.
func (w *world) refusedImport(n *member) {
	from := rapid.SampledFrom(w.members).Draw(w.T, "from")
	node, has := from.store.Node(), n.has[from.store.Node()]
	if from == n {
		if err := n.store.Import(context.Background(), node, w.entriesOf(n, 0, 1), trace.TreeHead{}); trace.KindOf(err) != trace.Conflict {
			w.Fatalf("its own log: %v", err)
		}
		return
	}
	switch w.few("wrong", 2) {
	case 0:
		if has+2 > len(from.log) {
			return
		}
		if err := n.store.Import(context.Background(), node, w.entriesOf(from, has+1, len(from.log)), trace.TreeHead{}); trace.KindOf(err) != trace.Invalid {
			w.Fatalf("a gap: %v", err)
		}
	case 1:
		if has == 0 {
			return
		}
		es := w.entriesOf(from, 0, len(from.log))
		es[has-1].Recorded = es[has-1].Recorded.Add(time.Second)
		if err := n.store.Import(context.Background(), node, es, trace.TreeHead{}); trace.KindOf(err) != trace.Conflict {
			w.Fatalf("a rewritten entry: %v", err)
		}
	default:
		proof := w.head(from, node)
		proof.Root[3] ^= 4
		if err := n.store.Import(context.Background(), node, w.entriesOf(from, 0, len(from.log)), proof); trace.KindOf(err) != trace.Conflict {
			w.Fatalf("a wrong root: %v", err)
		}
	}
}

// holds asks a store everything and compares with its model.
func (w *world) holds(n *member) {
	ctx, s, m := context.Background(), n.store, n.model
	for _, from := range w.members {
		node := from.store.Node()
		if n.has[node] == 0 {
			continue
		}
		if h := w.head(n, node); h.Size != uint64(n.has[node]) || n.has[node] == len(from.log) && h != w.head(from, node) {
			w.Fatalf("head %+v of a log of %d", h, n.has[node])
		}
		i := 0
		for e, err := range s.Entries(ctx, trace.Position{Node: node}) {
			if err != nil {
				w.Fatal(err)
			}
			want := from.log[i]
			secret := node == s.Node() && want.Secret != nil
			if e.Position != want.Position || e.ID != want.ID || e.Command != want.Command || e.Lamport != want.Lamport || !e.Recorded.Equal(want.Recorded) ||
				!e.Occurred.Equal(want.Occurred) || e.By != want.By || e.Fact.Kind() != want.Fact.Kind() || e.Fact.Object() != want.Fact.Object() ||
				(e.Secret != nil) != secret || secret && *e.Secret != *want.Secret {
				w.Fatalf("entry %d is %+v\nwant %+v", i, e, want)
			}
			i++
		}
	}
	for id, want := range n.receipts {
		if want.Command.IsZero() || w.sent[id].ID.IsZero() {
			continue
		}
		if got, err := s.Find(ctx, id, id[:]); err != nil || !sameReceipt(got, want) {
			w.Fatalf("found %+v, %v, want %+v", got, err, want)
		}
	}
	for _, id := range things[trace.UsageFact](m) {
		want, was, history := m.usage(id)
		got, err := s.Usage(ctx, id)
		if err != nil || told(got) != want || !slices.Equal(stamps(got.History), history) || !slices.EqualFunc(got.Was, was, func(a, b udi.Device) bool { return a == b }) {
			w.Fatalf("usage %+v, %v\nwant  %+v, was %+v, said by %v", got, err, want, was, history)
		}
	}
	for _, id := range things[trace.ProcedureFact](m) {
		want, history := m.procedure(id)
		got, err := s.Procedure(ctx, id)
		if err != nil || toldProcedure(got) != want || !slices.Equal(stamps(got.History), history) {
			w.Fatalf("procedure %+v, %v\nwant      %+v, said by %v", got, err, want, history)
		}
	}
	for _, id := range things[trace.PatientFact](m) {
		lookups, withdrawn, history := m.lookups(id)
		got, err := s.Patient(ctx, id)
		if err != nil || !slices.Equal(got.Lookups, lookups) || got.Withdrawn != withdrawn || !slices.Equal(stamps(got.History), history) {
			w.Fatalf("patient %+v, %v\nwant    %v, %v, said by %v", got, err, lookups, withdrawn, history)
		}
		if got.Provisional != m.provisional(id) {
			w.Fatalf("patient %+v, want the temporary name %q", got, m.provisional(id))
		}
		w.persons(s, m, id, withdrawn)
		if who, err := s.Identity(ctx, id); err != nil || who != m.identity(id) {
			w.Fatalf("identity %+v, %v\nwant     %+v", who, err, m.identity(id))
		}
	}
	for _, h := range []trace.LookupHash{s.Lookups(trace.LookupNHS, "9990000018")[0], s.Lookups(trace.LookupNHS, "9990000026")[0], s.Lookups(trace.LookupLocal, "RXX|H1")[0]} {
		if got, err := s.PatientsBy(ctx, h); err != nil || !slices.Equal(got, m.patientsBy(h)) {
			w.Fatalf("patients %v, %v, want %v", got, err, m.patientsBy(h))
		}
	}
	w.searches(s, m)
	if cov, err := s.Coverage(ctx); err != nil || !slices.ContainsFunc(cov, func(c trace.NodeCoverage) bool { return c.Node == s.Node() && c.Entries == uint64(len(n.log)) }) {
		w.Fatalf("coverage %+v, %v", cov, err)
	}
}

// searches asks for usages, procedures and readings by every field, each list in
// one go and in pages.
func (w *world) searches(s trace.Store, m model) {
	ctx := context.Background()
	from, to := day.Add(3*time.Hour), day.Add(9*time.Hour)
	queries := []trace.Query{{}, {From: from}, {To: to}, {From: from, To: to}, {NoDI: true}, {NoDI: true, Former: true}, {Patient: some(3, 1)}, {Patient: some(3, 2)},
		{DI: di1, From: from}, {Procedure: some(4, 1), Patient: some(3, 1)}}
	for p := range 4 {
		queries = append(queries, trace.Query{Procedure: some(4, p+1)})
	}
	number := slices.Concat(written...)
	for _, former := range []bool{false, true} {
		queries = append(queries, trace.Query{DI: di1, Former: former}, trace.Query{DI: di2, Former: former},
			trace.Query{DI: di1, Lot: rapid.SampledFrom(number).Draw(w.T, "lot asked"), Former: former}, trace.Query{DI: di1, Serial: rapid.SampledFrom(number).Draw(w.T, "serial asked"), Former: former})
	}
	page := rapid.IntRange(1, 4).Draw(w.T, "page")
	for _, q := range queries {
		hits := func(after []byte) func(yield func(item, error) bool) {
			q := q
			q.After = after
			return func(yield func(item, error) bool) {
				for h, err := range s.Candidates(ctx, q) {
					if !yield(item{h.Key, h.Usage.ID}, err) {
						return
					}
				}
			}
		}
		got := w.inPages(fmt.Sprintf("%+v", q), hits, page)
		if q.Patient.IsZero() && !slices.IsSortedFunc(got, func(a, b item) int { return bytes.Compare(a.key, b.key) }) {
			w.Fatalf("%+v is not in the order of its keys: %v", q, got)
		}
		ids, want := sorted(got), m.candidates(q)
		if !q.Former && len(ids) != len(got) {
			w.Fatalf("%+v gives one twice: %v", q, got)
		}
		// Of two fields the store may have looked at one alone.
		if superset := !q.From.IsZero() && q.DI != "" || !q.Patient.IsZero() && !q.Procedure.IsZero(); superset {
			ids = slices.DeleteFunc(ids, func(id [16]byte) bool { return !slices.Contains(want, trace.UsageID(id)) })
		}
		if !slices.EqualFunc(ids, want, func(a [16]byte, b trace.UsageID) bool { return a == b }) {
			w.Fatalf("%+v gives %v\nwant %v", q, ids, want)
		}
	}
	for _, q := range []trace.ProcedureQuery{{}, {OpenOnly: true}, {From: from}, {To: to}, {From: day.Add(time.Hour), To: day.Add(3 * time.Hour)}, {Patient: some(3, 1)}, {Patient: some(3, 2), OpenOnly: true}} {
		got := w.inPages(fmt.Sprintf("%+v", q), func(after []byte) func(yield func(item, error) bool) {
			q := q
			q.After = after
			return func(yield func(item, error) bool) {
				for h, err := range s.Procedures(ctx, q) {
					if !yield(item{h.Key, h.Procedure.ID}, err) {
						return
					}
				}
			}
		}, page)
		if want := m.procedures(q); !slices.EqualFunc(got, want, func(a item, b trace.ProcedureID) bool { return a.id == b }) {
			w.Fatalf("%+v gives %v\nwant %v", q, got, want)
		}
	}
	w.inPages("readings", func(after []byte) func(yield func(item, error) bool) {
		return func(yield func(item, error) bool) {
			for h, err := range s.Readings(ctx, after) {
				if !yield(item{h.Key, h.Reading.Reading}, err) {
					return
				}
			}
		}
	}, page)
	var at []trace.Position
	for h, err := range s.Readings(ctx, nil) {
		if err != nil {
			w.Fatal(err)
		}
		at = append(at, h.Reading.Stamp.Position)
	}
	if !slices.Equal(at, m.readings()) {
		w.Fatalf("readings %v\nwant %v", at, m.readings())
	}
}

// item is one of a list, and the key it was found under.
type item struct {
	key []byte
	id  [16]byte
}

func sorted(items []item) (ids [][16]byte) {
	for _, i := range items {
		ids = append(ids, i.id)
	}
	slices.SortFunc(ids, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// inPages reads a list in one go and again in pages, and wants the same.
func (w *world) inPages(what string, list func(after []byte) func(yield func(item, error) bool), page int) (all []item) {
	read := func(after []byte, most int) (items []item) {
		for i, err := range list(after) {
			if err != nil {
				w.Fatalf("%s: %v", what, err)
			}
			if items = append(items, item{bytes.Clone(i.key), i.id}); len(items) == most {
				break
			}
		}
		return items
	}
	all = read(nil, -1)
	var paged []item
	for {
		var after []byte
		if len(paged) > 0 {
			after = paged[len(paged)-1].key
		}
		next := read(after, page)
		if paged = append(paged, next...); len(next) < page || len(paged) > len(all)+page {
			break
		}
	}
	if !slices.EqualFunc(all, paged, func(a, b item) bool { return bytes.Equal(a.key, b.key) && a.id == b.id }) {
		w.Fatalf("%s gives %v at once, and %v in pages of %d", what, all, paged, page)
	}
	return all
}
