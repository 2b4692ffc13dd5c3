package record_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/record"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func applied(t *rapid.T, entries []trace.Entry) *memory {
	m := newMemory()
	for _, e := range entries {
		if err := m.apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestLogsComeToTheSameRowsInWhateverOrderTheyArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logs := drawHistory(t)
		first := applied(t, slices.Concat(logs...)) // as a rebuild reads them: node after node
		second := applied(t, interleave(t, logs, "next"))
		if d := first.differs(second); d != "" {
			t.Fatal(d)
		}
		// In the order in which they were written, as a single node applies them.
		all := slices.Concat(logs...)
		slices.SortStableFunc(all, func(a, b trace.Entry) int { return a.Recorded.Compare(b.Recorded) })
		if d := first.differs(applied(t, all)); d != "" {
			t.Fatal(d)
		}
	})
}

// told is all entries in the order in which they count, each once.
func told(logs [][]trace.Entry) []trace.Entry {
	all := slices.Concat(logs...)
	slices.SortFunc(all, func(a, b trace.Entry) int {
		return cmp.Or(cmp.Compare(a.Lamport, b.Lamport), bytes.Compare(a.Node[:], b.Node[:]), cmp.Compare(a.Seq, b.Seq))
	})
	seen := make(map[trace.EventID]bool)
	return slices.DeleteFunc(all, func(e trace.Entry) bool {
		was := seen[e.ID]
		seen[e.ID] = true
		return was
	})
}

// The rows are what a reader of the journal works out with pencil and paper.
func TestRowsAreWhatTheEntriesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logs := drawHistory(t)
		m := applied(t, interleave(t, logs, "next"))
		usages, procedures, patients := map[trace.UsageID]*trace.Usage{}, map[trace.ProcedureID]*trace.Procedure{}, map[trace.PatientID]int{}
		last := func(said, was string) string { return cmp.Or(said, was) }
		cleared := func(a trace.Amend, f string) bool { return slices.Contains(a.Clear, f) }
		for _, e := range told(logs) {
			switch f := e.Fact.(type) {
			case trace.UsageFact:
				u := usages[f.Usage]
				if u == nil {
					u = &trace.Usage{ID: f.Usage, Occurred: e.Occurred}
					usages[f.Usage] = u
				}
				was := udi.Device{DI: u.Device.DI, Lot: u.Device.Lot, Serial: u.Device.Serial}
				for name, v := range map[string]*string{"lot": &u.Device.Lot, "serial": &u.Device.Serial, "location": &u.Location, "expiry": &u.Device.Expiry.Day} {
					if cleared(f.Amend, name) {
						*v = ""
					}
				}
				if cleared(f.Amend, "status") {
					u.Status = trace.Checked
				}
				u.Damaged = u.Damaged && !cleared(f.Amend, "damaged") || f.Damaged
				u.Device.DI, u.Device.Lot, u.Device.Serial = last(f.Device.DI, u.Device.DI), last(f.Device.Lot, u.Device.Lot), last(f.Device.Serial, u.Device.Serial)
				// What was said, and is said no longer, is remembered.
				for _, v := range [][2]string{{was.DI, u.Device.DI}, {was.Lot, u.Device.Lot}, {was.Serial, u.Device.Serial}} {
					if v[0] != "" && v[0] != v[1] {
						u.Was = append(u.Was, was)
						break
					}
				}
				u.Device.Expiry.Day, u.Location = last(f.Device.Expiry.Day, u.Device.Expiry.Day), last(f.Location, u.Location)
				u.Status = cmp.Or(f.Status, u.Status)
				u.Override = u.Override || f.Override
				if !f.Procedure.IsZero() {
					u.Procedure = f.Procedure
				}
				if f.Amend.Withdraw || f.Amend.Restore {
					u.Withdrawn = f.Amend.Withdraw
				}
				if e.Occurred.Before(u.Occurred) {
					u.Occurred = e.Occurred
				}
				u.History = append(u.History, trace.Stamp{})
			case trace.ProcedureFact:
				p := procedures[f.Procedure]
				if p == nil {
					p = &trace.Procedure{ID: f.Procedure}
					procedures[f.Procedure] = p
				}
				if cleared(f.Amend, "side") {
					p.Side = ""
				}
				if cleared(f.Amend, "end") {
					p.End = time.Time{}
				}
				p.Side = cmp.Or(f.Side, p.Side)
				if !f.Patient.IsZero() {
					p.Patient = f.Patient
				}
				if !f.Start.IsZero() {
					p.Start, p.End = f.Start, f.End
				}
				if f.Amend.Withdraw || f.Amend.Restore {
					p.Withdrawn = f.Amend.Withdraw
				}
			case trace.PatientFact:
				patients[f.Patient]++
			}
		}
		var byLot, bySerial, byTime, byProcedure, byStart, byPatient, byExpiry, byOutcome, byPlace, byPerson [][]byte
		inLot := make(map[string]uint64) // usages under a row of ByExpiry
		for id, want := range usages {
			got, ok, err := fold.Usage(m, id)
			if !ok || err != nil {
				t.Fatalf("usage %s is not there: %v", id, err)
			}
			if got.ID != want.ID || got.Device != want.Device || got.Status != want.Status || got.Withdrawn != want.Withdrawn || got.Override != want.Override ||
				got.Damaged != want.Damaged || got.Location != want.Location || got.Procedure != want.Procedure || !got.Occurred.Equal(want.Occurred) || len(got.History) != len(want.History) {
				t.Fatalf("usage\n%+v, want\n%+v", got, want)
			}
			if !slices.Equal(got.Was, want.Was) {
				t.Fatalf("usage was %+v, want %+v", got.Was, want.Was)
			}
			for _, d := range append([]udi.Device{want.Device}, want.Was...) {
				byLot = append(byLot, slices.Concat(record.ExactPrefix(d.DI, d.Lot), id[:]))
				if d.Serial != "" {
					bySerial = append(bySerial, slices.Concat(record.ExactPrefix(d.DI, d.Serial), id[:]))
				}
			}
			if day, ok := record.DateKey(want.Device.Expiry.Day); ok {
				prefix, lot := record.DIPrefix(want.Device.DI), record.ExactPrefix(want.Device.DI, want.Device.Lot)
				key := slices.Concat(prefix, day, lot[len(prefix):])
				byExpiry = append(byExpiry, key)
				inLot[string(key)]++
				if its, date, ok := record.Dated(key); !ok || !bytes.Equal(its, lot) || !bytes.Equal(date, day) {
					t.Fatalf("key %x is read as of lot %x and date %x", key, its, date)
				}
			}
			byOutcome = append(byOutcome, slices.Concat([]byte{record.OutcomeKey(want.Status)}, record.TimeKey(want.Occurred), id[:]))
			key := slices.Concat(record.ExactPrefix(want.Device.DI, want.Device.Lot), id[:])
			h, err := record.Holding(key, m.Get(record.ByLot, key))
			if err != nil || h.Usage != id || h.Procedure != want.Procedure || h.Withdrawn != want.Withdrawn || h.Former {
				t.Fatalf("held as %+v, want %+v, %v", h, want, err)
			}
			var numbers, wantNumbers []string
			for k, v := range m.Scan(record.ByLot, nil) {
				if !bytes.HasSuffix(k, id[:]) {
					continue
				}
				all, err := record.NumbersOf(k, v)
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range all {
					di, _ := record.DIOf(k)
					numbers = append(numbers, fmt.Sprintf("%q %q %q former %v", di, n.Lot, n.Serial, n.Former))
				}
			}
			for i, d := range append([]udi.Device{want.Device}, want.Was...) {
				wantNumbers = append(wantNumbers, fmt.Sprintf("%q %q %q former %v", d.DI, d.Lot, d.Serial, i > 0))
			}
			slices.Sort(numbers)
			slices.Sort(wantNumbers)
			if !slices.Equal(numbers, wantNumbers) {
				t.Fatalf("numbers %q, want %q", numbers, wantNumbers)
			}
			if !want.Procedure.IsZero() {
				byProcedure = append(byProcedure, slices.Concat(want.Procedure[:], id[:]))
			}
			byTime = append(byTime, slices.Concat(record.TimeKey(want.Occurred), id[:]))
		}
		for id, want := range procedures {
			got, ok, err := fold.Procedure(m, id)
			if !ok || err != nil || got.Side != want.Side || got.Patient != want.Patient || !got.Start.Equal(want.Start) || got.Withdrawn != want.Withdrawn ||
				!got.End.Equal(want.End) {
				t.Fatalf("procedure\n%+v, want\n%+v", got, want)
			}
			byStart = append(byStart, slices.Concat(record.TimeKey(want.Start), id[:]))
			if !want.Patient.IsZero() {
				byPatient = append(byPatient, slices.Concat(want.Patient[:], record.TimeKey(want.Start), id[:]))
			}
			if who, err := record.PatientOf(m.Get(record.Procedures, id[:])); err != nil || who != want.Patient {
				t.Fatalf("procedure of %s, want %s, %v", who, want.Patient, err)
			}
			for _, k := range record.PlaceKeys(got.Place) {
				byPlace = append(byPlace, slices.Concat(k, record.TimeKey(want.Start), id[:]))
			}
			for _, p := range got.People {
				for _, k := range record.PersonKeys(p) {
					byPerson = append(byPerson, slices.Concat(k, record.TimeKey(want.Start), id[:]))
				}
			}
		}
		for table, want := range map[record.Table][][]byte{record.ByLot: byLot, record.BySerial: bySerial, record.ByTime: byTime,
			record.ByProcedure: byProcedure, record.ByStart: byStart, record.ByPatient: byPatient,
			record.ByExpiry: byExpiry, record.ByOutcome: byOutcome, record.ByPlace: byPlace, record.ByPerson: byPerson} {
			var got [][]byte
			for k := range m.Scan(table, nil) {
				got = append(got, k)
			}
			slices.SortFunc(want, bytes.Compare)
			want = slices.CompactFunc(want, bytes.Equal)
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("table %c: %x, want %x", table, got, want)
			}
		}
		for k, v := range m.Scan(record.ByExpiry, nil) {
			if n, _ := binary.Uvarint(v); n != inLot[string(k)] {
				t.Fatalf("%d usages are counted under %x, want %d", n, k, inLot[string(k)])
			}
		}
		for id, n := range patients {
			p, ok, err := fold.Patient(m, id)
			if !ok || err != nil || len(p.History) != n {
				t.Fatalf("patient %s: %+v, want %d entries, %v", id, p, n, err)
			}
			var found []trace.LookupHash
			for k := range m.Scan(record.ByLookup, nil) {
				if bytes.Equal(k[18:], id[:]) {
					found = append(found, trace.LookupHash(k[:18]))
				}
			}
			less := func(a, b trace.LookupHash) int { return bytes.Compare(a[:], b[:]) }
			want := slices.SortedFunc(slices.Values(p.Lookups), less)
			if !slices.Equal(found, want) {
				t.Fatalf("found by %x, want %x", found, want)
			}
		}
		if len(m.rows[record.Procedures]) != len(procedures) {
			t.Fatal("there are rows of things that nobody spoke of")
		}
	})
}

func TestCoverageReceiptsAndClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logs := drawHistory(t)
		m := applied(t, interleave(t, logs, "next"))
		var highest uint64
		for i, log := range logs {
			if len(log) == 0 {
				continue
			}
			node := trace.NodeID{byte(i + 1)}
			n, err := fold.Coverage(node[:], m.Get(record.Nodes, node[:]))
			if err != nil || n.Node != node || n.Entries != uint64(len(log)) ||
				!n.RecordedSince.Equal(log[0].Recorded) || !n.RecordedUntil.Equal(log[len(log)-1].Recorded) {
				t.Fatalf("coverage %+v of %d entries", n, len(log))
			}
			for _, e := range log {
				highest = max(highest, e.Lamport)
				if f, ok := e.Fact.(trace.UsageFact); ok && f.Amend.Corrects.IsZero() && (e.Occurred.Before(n.UsagesFrom) || e.Occurred.After(n.UsagesTo)) {
					t.Fatalf("a usage of %v is outside %v to %v", e.Occurred, n.UsagesFrom, n.UsagesTo)
				}
				if count, ok := record.Commanded(m.Get(record.Objects, slices.Concat(e.Command[:], record.PositionKey(e.Position)))); !ok || count != 1 {
					t.Fatalf("a command of %d entries", count)
				}
			}
		}
		var got uint64
		if !m.read(record.Clock, []byte("lamport"), &got) || got != highest {
			t.Fatalf("clock %d, want %d", got, highest)
		}
	})
}

func TestAReceiptSpansItsCommand(t *testing.T) {
	m := newMemory()
	command := trace.EventID(number(1, 1))
	for part := range 3 {
		e := trace.Entry{Position: trace.Position{Node: trace.NodeID{1}, Seq: uint64(7 + part)}, Lamport: uint64(part + 1), ID: trace.PartID(command, part), Command: command,
			Part: uint16(part), Digest: []byte{1, 2}, Recorded: day, Fact: trace.UsageFact{Usage: number(5, byte(part))}}
		if err := m.apply(e); err != nil {
			t.Fatal(err)
		}
	}
	listed := 0
	for k, v := range m.Scan(record.Objects, command[:]) {
		if count, ok := record.Commanded(v); !ok || count != 3 || record.PositionOf(k) != (trace.Position{Node: trace.NodeID{1}, Seq: 7}) {
			t.Errorf("%x: %x", k, v)
		}
		listed++
	}
	if listed != 1 {
		t.Errorf("listed %d times", listed)
	}
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	usage := func(seq uint64) trace.Entry {
		return trace.Entry{Position: trace.Position{Node: trace.NodeID{1}, Seq: seq}, Lamport: seq + 1, ID: number(1, byte(seq)), Fact: trace.UsageFact{Usage: number(5, 1), Device: udi.Device{DI: "1"}}}
	}
	for name, damage := range map[string]func(*memory){
		"coverage": func(m *memory) { m.rows[record.Nodes]["\x01\x00\x00\x00\x00\x00\x00\x00"] = []byte("\xff") }, "an entry": func(m *memory) { clear(m.entries) },
		"the clock": func(m *memory) { m.rows[record.Clock]["lamport"] = []byte("\xff") },
	} {
		m := newMemory()
		if err := m.apply(usage(0)); err != nil {
			t.Fatal(err)
		}
		damage(m)
		if err := m.apply(usage(1)); err == nil {
			t.Errorf("%s is damaged, and nobody says so", name)
		}
	}
	if _, err := fold.Apply(trace.Entry{Fact: unknown{}}, newMemory()); err == nil {
		t.Error("a fact without a rule is folded")
	}
}

type unknown struct{}

func (unknown) Kind() trace.FactKind { return 99 }
func (unknown) Object() [16]byte     { return [16]byte{} }
