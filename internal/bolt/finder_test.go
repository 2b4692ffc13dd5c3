package bolt_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// said records entries in one command.
func said(t *testing.T, s *bolt.Store, drafts ...trace.Draft) trace.Receipt {
	t.Helper()
	r, err := appendAll(s, drafts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// page reads usages in pages of n until there are no more.
func pages(t *testing.T, s *bolt.Store, q trace.Query, n int) (got []trace.UsageID) {
	t.Helper()
	for range 1000 {
		read := 0
		for h, err := range s.Candidates(context.Background(), q) {
			if err != nil {
				t.Fatal(err)
			}
			got, q.After = append(got, h.Usage.ID), h.Key
			if read++; read == n {
				break
			}
		}
		if read < n {
			return got
		}
	}
	t.Fatal("the pages have no end")
	return nil
}

func TestEveryQueryGoesOnBehindAnyKey(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring())
	who := trace.PatientID(trace.NewEventID())
	ids := make(map[string][]trace.UsageID)
	var drafts []trace.Draft
	for p := range 4 {
		procedure := trace.ProcedureID(trace.NewEventID())
		drafts = append(drafts, trace.Draft{Fact: trace.ProcedureFact{Procedure: procedure, Patient: who, Start: nine.Add(time.Duration(p%2) * time.Hour)}})
		for i := range 3 {
			u := trace.UsageID(trace.NewEventID())
			d := udi.Device{DI: "07611994064584", Lot: []string{"A", "a", "B"}[i], Serial: []string{"S", "", "s"}[i]}
			drafts = append(drafts, trace.Draft{Occurred: nine, Fact: trace.UsageFact{Usage: u, Procedure: procedure, Device: d}})
			ids["all"] = append(ids["all"], u)
			if d.Lot != "B" {
				ids["lot"] = append(ids["lot"], u)
			}
			if d.Serial != "" {
				ids["serial"] = append(ids["serial"], u)
			}
			if p == 0 {
				ids["procedure"] = append(ids["procedure"], u)
			}
		}
	}
	first := drafts[0].Fact.(trace.ProcedureFact).Procedure
	said(t, s, drafts...)
	for name, q := range map[string]struct {
		query trace.Query
		want  string
	}{
		"everything": {trace.Query{}, "all"}, "a patient": {trace.Query{Patient: who}, "all"}, "a device identifier": {trace.Query{DI: "07611994064584"}, "all"},
		"a lot": {trace.Query{DI: "07611994064584", Lot: "A"}, "lot"}, "a serial": {trace.Query{DI: "07611994064584", Serial: "S"}, "serial"},
		"a procedure": {trace.Query{Procedure: first}, "procedure"}, "a patient's procedure": {trace.Query{Procedure: first, Patient: who}, "procedure"},
		"a time": {trace.Query{From: nine, To: nine.Add(time.Nanosecond)}, "all"},
	} {
		want := slices.Clone(ids[q.want])
		less := func(a, b trace.UsageID) int { return slices.Compare(a[:], b[:]) }
		slices.SortFunc(want, less)
		for n := 1; n <= 13; n++ {
			got := pages(t, s, q.query, n)
			whole := pages(t, s, q.query, 1000)
			if !slices.Equal(got, whole) {
				t.Errorf("%s, in pages of %d: %v, in one %v", name, n, got, whole)
			}
			slices.SortFunc(got, less)
			if !slices.Equal(got, want) {
				t.Errorf("%s, in pages of %d: %d usages, want %d", name, n, len(got), len(want))
			}
		}
	}
}

func TestAPatientsUsagesGoOnThoughAProcedureWasMoved(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring())
	who, other := trace.PatientID(trace.NewEventID()), trace.PatientID(trace.NewEventID())
	var ps [3]trace.ProcedureID
	var us [3]trace.UsageID
	for i := range ps {
		ps[i], us[i] = trace.ProcedureID(trace.NewEventID()), trace.UsageID(trace.NewEventID())
		said(t, s, trace.Draft{Fact: trace.ProcedureFact{Procedure: ps[i], Patient: who, Start: nine.Add(time.Duration(i) * time.Hour)}},
			trace.Draft{Fact: trace.UsageFact{Usage: us[i], Procedure: ps[i]}})
	}
	var key []byte
	for h, err := range s.Candidates(context.Background(), trace.Query{Patient: who}) {
		if err != nil || h.Usage.ID != us[2] {
			t.Fatalf("%+v, %v: the latest procedure comes first", h, err)
		}
		key = h.Key
		break
	}
	said(t, s, trace.Draft{Fact: trace.ProcedureFact{Procedure: ps[2], Patient: other}})
	if got := pages(t, s, trace.Query{Patient: who, After: key}, 10); !slices.Equal(got, []trace.UsageID{us[1], us[0]}) {
		t.Errorf("%v", got)
	}
	if got := pages(t, s, trace.Query{Patient: other}, 10); !slices.Equal(got, us[2:]) {
		t.Errorf("the other's %v", got)
	}
}

func TestTimesBetweenMillisecondsLoseNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring())
	p, u := trace.ProcedureID(trace.NewEventID()), trace.UsageID(trace.NewEventID())
	at := nine.Add(300 * time.Microsecond)
	said(t, s, trace.Draft{Occurred: at, Fact: trace.ProcedureFact{Procedure: p, Start: at}}, trace.Draft{Occurred: at, Fact: trace.UsageFact{Usage: u, Procedure: p}})
	for _, c := range []struct {
		from, to time.Time
		want     int
	}{
		{nine, nine.Add(time.Millisecond), 1}, {at, at.Add(time.Nanosecond), 1}, {nine, at.Add(time.Microsecond), 1}, {at.Add(time.Microsecond), time.Time{}, 0},
		{time.Time{}, at, 0}, {nine.Add(-time.Hour), nine, 0}, {nine.Add(time.Millisecond), time.Time{}, 0},
	} {
		n := 0
		for h, err := range s.Procedures(context.Background(), trace.ProcedureQuery{From: c.from, To: c.to}) {
			if err != nil || h.Procedure.ID != p {
				t.Errorf("%+v, %v", h, err)
			}
			n++
		}
		if n != c.want {
			t.Errorf("from %v to %v: %d procedures, want %d", c.from, c.to, n, c.want)
		}
		if got := pages(t, s, trace.Query{From: c.from, To: c.to}, 10); len(got) < c.want {
			t.Errorf("from %v to %v: the usage is missing", c.from, c.to)
		}
	}
}

func TestOpenProceduresReadingsProductsApprovalAndCoverage(t *testing.T) {
	ctx := context.Background()
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring())
	if _, err := s.Approval(ctx); trace.KindOf(err) != trace.NotFound {
		t.Errorf("nobody has spoken: %v", err)
	}
	var open []trace.ProcedureID
	for i := range 300 {
		p := trace.ProcedureID(trace.NewEventID())
		f := trace.ProcedureFact{Procedure: p, Start: nine.Add(time.Duration(i) * time.Minute)}
		if i%100 != 7 {
			f.End = f.Start.Add(time.Hour)
		} else {
			open = append(open, p)
		}
		said(t, s, trace.Draft{Fact: f})
	}
	slices.Reverse(open)
	var got []trace.ProcedureID
	for h, err := range s.Procedures(ctx, trace.ProcedureQuery{OpenOnly: true}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.Procedure.ID)
	}
	if !slices.Equal(got, open) {
		t.Errorf("open %v, want %v", got, open)
	}
	for i := range 5 {
		id := trace.NewEventID()
		said(t, s, trace.Draft{Fact: trace.ReadingFact{Reading: id, Text: fmt.Sprint(i), Source: "serial"}, Secret: &trace.Secret{Raw: fmt.Sprint("raw ", i)}})
	}
	var texts []string
	var after []byte
	for range 5 {
		for h, err := range s.Readings(ctx, after) {
			if err != nil {
				t.Fatal(err)
			}
			secret, err := s.Secret(ctx, h.Reading.Stamp.Position)
			if err != nil || secret == nil || secret.Raw != "raw "+h.Reading.Text || !h.Reading.Stamp.Sealed {
				t.Errorf("%+v, %v", secret, err)
			}
			texts, after = append(texts, h.Reading.Text), h.Key
			break
		}
	}
	if !slices.Equal(texts, []string{"4", "3", "2", "1", "0"}) {
		t.Errorf("readings %v: latest first", texts)
	}
	for _, di := range []string{"05060000000016", "07611994064584"} {
		said(t, s, trace.Draft{Fact: trace.ProductFact{DI: di, Maker: "M"}})
	}
	for after, want := range map[string]int{"": 2, "05060000000016": 1, "06": 1, "07611994064584": 0, "9": 0} {
		n := 0
		for _, err := range s.Products(ctx, after) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != want {
			t.Errorf("products behind %q: %d, want %d", after, n, want)
		}
	}
	said(t, s, trace.Draft{Fact: trace.ApprovalFact{Approved: true, Officer: "A"}})
	said(t, s, trace.Draft{Fact: trace.ApprovalFact{Approved: false, Officer: "B"}})
	if a, err := s.Approval(ctx); err != nil || a.Approved || a.Officer != "B" || a.Stamp.Event.IsZero() {
		t.Errorf("%+v, %v: the last word counts", a, err)
	}
	if c, err := s.Coverage(ctx); err != nil || len(c) != 1 || c[0].Name != "test" || c[0].Entries != 310 || !c[0].UsagesFrom.IsZero() {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := s.Secret(ctx, trace.Position{Node: s.Node(), Seq: 9999}); trace.KindOf(err) != trace.NotFound {
		t.Errorf("no such entry: %v", err)
	}
}

func TestAFieldIsClearedWithOrWithoutWords(t *testing.T) {
	ctx := context.Background()
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring())
	who := trace.PatientID(trace.NewEventID())
	all := trace.Secret{NHSNumber: "9990000018", LocalIssuer: "RJC", LocalNumber: "1", Family: "Okonkwo", Given: "Ada", Birth: "1980-02-29"}
	said(t, s, trace.Draft{Subject: who, Secret: &all, Fact: trace.PatientFact{Patient: who}})
	for _, field := range []string{"nhs_number", "local_number", "family", "given", "birth"} {
		for _, words := range []*trace.Secret{nil, {Note: "wrong person"}} {
			said(t, s, trace.Draft{Subject: who, Secret: words, Fact: trace.PatientFact{Patient: who, Amend: trace.Amend{Clear: []string{field}}}})
			got, err := s.Identity(ctx, who)
			want := map[string]trace.Identity{
				"nhs_number":   {LocalIssuer: "RJC", LocalNumber: "1", Family: "Okonkwo", Given: "Ada", Birth: "1980-02-29"},
				"local_number": {NHSNumber: "9990000018", Family: "Okonkwo", Given: "Ada", Birth: "1980-02-29"},
				"family":       {NHSNumber: "9990000018", LocalIssuer: "RJC", LocalNumber: "1", Given: "Ada", Birth: "1980-02-29"},
				"given":        {NHSNumber: "9990000018", LocalIssuer: "RJC", LocalNumber: "1", Family: "Okonkwo", Birth: "1980-02-29"},
				"birth":        {NHSNumber: "9990000018", LocalIssuer: "RJC", LocalNumber: "1", Family: "Okonkwo", Given: "Ada"},
			}[field]
			if err != nil || got != want {
				t.Errorf("%s, words %v: %+v, %v", field, words != nil, got, err)
			}
			said(t, s, trace.Draft{Subject: who, Secret: &all, Fact: trace.PatientFact{Patient: who}})
		}
	}
}

// Two nodes have sealed parts of one patient: what this node can open it
// shows, and says that there is more.
func TestAnIdentityThatIsPartlySealedSaysSo(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	a, b := open(t, filepath.Join(dir, "a.db"), seal.NewKeyring()), open(t, filepath.Join(dir, "b.db"), seal.NewKeyring())
	who := trace.PatientID(trace.NewEventID())
	said(t, a, trace.Draft{Subject: who, Secret: &trace.Secret{Family: "Okonkwo"}, Fact: trace.PatientFact{Patient: who}})
	var log []trace.Entry
	for e, err := range a.Entries(ctx, trace.Position{Node: a.Node()}) {
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, e)
	}
	if err := b.Import(ctx, a.Node(), log, trace.TreeHead{}); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Identity(ctx, who); err != nil || got != (trace.Identity{Sealed: true}) {
		t.Errorf("%+v, %v", got, err)
	}
	said(t, b, trace.Draft{Subject: who, Secret: &trace.Secret{Given: "Ada"}, Fact: trace.PatientFact{Patient: who}})
	if got, err := b.Identity(ctx, who); err != nil || got != (trace.Identity{Given: "Ada", Sealed: true}) {
		t.Errorf("%+v, %v", got, err)
	}
}
