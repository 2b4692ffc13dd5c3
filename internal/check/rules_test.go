package check_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/catalogue"
	"implantrace/internal/check"
	"implantrace/internal/command"
	"implantrace/internal/seal"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// site is a store with a catalogue that was imported, and a desk at which people
// scan: what a rule says is asked through both.
type site struct {
	*testing.T
	command.Recorder
	desk *theatre.Desk
	mu   sync.Mutex
	now  time.Time
	n    int
}

// products are rows as a catalogue has them, by the names that the tests use.
var products = map[string]string{
	"stem": "stem,not-applicable,M,,,12/14,,,", "stem of another maker": "stem,not-applicable,Other Ltd,,,12/14,,,", "stem without a maker": "stem,not-applicable,,,,12/14,,,",
	"stem of another taper": "stem,not-applicable,M,,,10/12,,,", "stem of no known taper": "stem,not-applicable,M,,,,,,",
	"head 32": "head,not-applicable,M,32 mm,,12/14,ceramic,,", "head 36": "head,not-applicable,M,36 mm,,12/14,ceramic,,", "metal head": "head,not-applicable,M,32 mm,,12/14,metal,,",
	"head of no known size": "head,not-applicable,M,,,12/14,ceramic,,", "liner 32": "liner,not-applicable,M,,3.2 cm,,polyethylene,,", "metal liner": "liner,not-applicable,M,,32 mm,,metal,,",
	"liner of no known size": "liner,not-applicable,M,,,,,,", "cup": "cup,not-applicable,M,,,,,,", "one-piece cup 36": "cup,not-applicable,M,,36 mm,,polyethylene,,",
	"femoral left": "femoral,left,M,,,,,,", "femoral right": "femoral,right,M,,,,,,", "femoral of another maker": "femoral,left,Other Ltd,,,,,,", "tibial": "tibial,not-applicable,M,,,,,,", "tibial of no known maker": "tibial,not-applicable,,,,,,,",
	"no known side": "femoral,,M,,,,,,", "lens 21": "lens,not-applicable,M,,,,,+21.0 D,", "lens 22": "lens,not-applicable,M,,,,,+22.0 D,",
	"with latex": "mesh,not-applicable,M,,,,,,yes", "without latex": "mesh,not-applicable,M,,,,,,no", "latex not known": "mesh,not-applicable,M,,,,,,",
}

// bare are products of whose use the catalogue says nothing.
var bare = map[string]string{"mesh of no known use": "mesh,not-applicable,M,,,,,,", "unsafe in MRI": "mesh,not-applicable,M,,,,,,no"}

func gtin(name string) string {
	n := 0
	for _, c := range name {
		n = (n*31 + int(c)) % 100_000_000
	}
	s := fmt.Sprintf("0952%09d", n)
	sum := 0
	for i, c := range s {
		sum += []int{3, 1}[i%2] * int(c-'0')
	}
	return s + string(rune('0'+(10-sum%10)%10))
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, now: noon}
	clock := func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.now
	}
	store, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "test", Keys: seal.NewKeyring(), Clock: clock})
	s.ok(err)
	t.Cleanup(func() { s.ok(store.Close()) })
	s.Recorder = command.Recorder{Store: store, Clock: clock, Namers: []trace.Namer{noRecalls{}}}
	s.desk, err = theatre.NewDesk(t.Context(), s.Recorder, nil)
	s.ok(err)
	var b strings.Builder
	b.WriteString("di,kind,side,maker,head_diameter,inner_diameter,taper,bearing,power,latex,single_use,sterile,mri\n")
	for name, row := range products {
		power := strings.Replace(row, ",+", ",'+", 1)
		fmt.Fprintf(&b, "%s,%s,yes,yes,safe\n", gtin(name), power)
	}
	for name, row := range bare {
		fmt.Fprintf(&b, "%s,%s,,,%s\n", gtin(name), row, map[bool]string{true: "unsafe"}[name == "unsafe in MRI"])
	}
	report, err := catalogue.Import(t.Context(), s.Recorder, catalogue.ReadCSV(strings.NewReader(b.String()), t.TempDir()), catalogue.Options{Source: "makers",
		Refused: func(r catalogue.Refusal) { t.Fatalf("%+v", r) }})
	s.ok(err)
	if report.Recorded != len(products)+len(bare) {
		t.Fatalf("%+v", report)
	}
	return s
}

// noRecalls is a list of notices that names nothing.
type noRecalls struct{}

func (noRecalls) By() trace.NamedBy { return trace.ByRecall }
func (noRecalls) Named(context.Context, udi.Device) ([]trace.Named, error) {
	return nil, nil
}

func (s *site) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) meta() command.Meta {
	return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Via: "test"}}
}

// open opens a procedure at the desk.
func (s *site) open(side trace.Side, more ...func(*command.OpenProcedure)) trace.ProcedureID {
	s.Helper()
	c := command.OpenProcedure{Meta: s.meta(), Who: command.Who{NHSNumber: "9990000018"}, Code: trace.Code{Code: "W37.1"}, Side: side}
	for _, m := range more {
		m(&c)
	}
	id, err := s.desk.Open(s.Context(), c)
	s.ok(err)
	return id
}

// scan scans a pack of a product and gives the verdict.
func (s *site) scan(name string) theatre.Answer {
	s.Helper()
	s.n++
	return s.read(fmt.Sprintf("]d201%s172903221 0L%d\x1d21S%d", gtin(name), s.n, s.n))
}

func (s *site) read(text string) theatre.Answer {
	s.Helper()
	a, err := s.desk.Take(s.Context(), trace.NewEventID(), scanner.Reading{Text: strings.Replace(text, "1 0L", "10L", 1), Source: scanner.SourceSerial, Scanner: "s"}, trace.ProcedureID{})
	s.ok(err)
	return a
}

// implant scans it, and says that it went in.
func (s *site) implant(name string) trace.UsageID {
	s.Helper()
	a := s.scan(name)
	s.outcome(a.Usage, trace.Implanted)
	return a.Usage
}

func (s *site) outcome(u trace.UsageID, status trace.Status) {
	s.Helper()
	s.ok(s.SetOutcome(s.Context(), command.SetOutcome{Meta: s.meta(), Usage: u, Status: status, Override: "label-compared", Reason: "test"}))
}

func (s *site) close(p trace.ProcedureID) {
	s.Helper()
	s.ok(s.desk.Close(s.Context(), command.CloseProcedure{Meta: s.meta(), Procedure: p}))
}

func (s *site) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// says holds what one rule says of a scan; "" is that it does not apply.
func (s *site) says(a theatre.Answer, rule string, level trace.Level, words string) {
	s.Helper()
	var got trace.Check
	for _, c := range a.Verdict.Checks {
		if c.Rule == rule {
			got = c
		}
	}
	if got.Level != level || !strings.Contains(got.Message, words) {
		s.Errorf("%s: %s %q, want %s %q", rule, got.Level, got.Message, level, words)
	}
}

// A combination is the components scanned before, then the one that is judged.
func TestCombinations(t *testing.T) {
	for name, c := range map[string]struct {
		side   trace.Side
		before []string
		scan   string
		rule   string
		level  trace.Level
		words  string
	}{
		"one maker":               {trace.SideLeft, []string{"stem"}, "head 32", "hip-makers", trace.Pass, "one maker"},
		"two makers":              {trace.SideLeft, []string{"stem of another maker"}, "head 32", "hip-makers", trace.Warn, "The head is by M, and the stem by Other Ltd."},
		"two makers, stem last":   {trace.SideLeft, []string{"head 32"}, "stem of another maker", "hip-makers", trace.Warn, "The stem is by Other Ltd, and the head by M."},
		"a maker not known":       {trace.SideLeft, []string{"stem without a maker"}, "head 32", "hip-makers", trace.NotChecked, "maker"},
		"no stem yet":             {trace.SideLeft, nil, "head 32", "hip-makers", "", ""},
		"head and liner":          {trace.SideLeft, []string{"liner 32"}, "head 32", "hip-size", trace.Pass, "one diameter"},
		"head too large":          {trace.SideLeft, []string{"liner 32"}, "head 36", "hip-size", trace.Warn, "The head has 36 mm, and the liner takes 32 mm."},
		"liner last":              {trace.SideLeft, []string{"head 36"}, "liner 32", "hip-size", trace.Warn, "The head has 36 mm, and the liner takes 32 mm."},
		"a head of no size":       {trace.SideLeft, []string{"liner 32"}, "head of no known size", "hip-size", trace.NotChecked, "diameter of the head"},
		"a liner of no size":      {trace.SideLeft, []string{"head 32"}, "liner of no known size", "hip-size", trace.NotChecked, "inner diameter of the liner"},
		"liner before cup":        {trace.SideLeft, []string{"cup", "liner 32"}, "head 32", "hip-size", trace.Pass, "one diameter"},
		"a cup in one piece":      {trace.SideLeft, []string{"one-piece cup 36"}, "head 32", "hip-size", trace.Warn, "the cup takes 36 mm"},
		"no socket":               {trace.SideLeft, []string{"stem"}, "head 32", "hip-size", "", ""},
		"one taper":               {trace.SideLeft, []string{"stem"}, "head 32", "hip-taper", trace.Pass, "one taper"},
		"two tapers":              {trace.SideLeft, []string{"stem of another taper"}, "head 32", "hip-taper", trace.Warn, "12/14, and that of the stem is 10/12"},
		"a taper not known":       {trace.SideLeft, []string{"stem of no known taper"}, "head 32", "hip-taper", trace.NotChecked, "taper"},
		"metal on metal":          {trace.SideLeft, []string{"metal liner"}, "metal head", "hip-bearing", trace.Warn, "metal head on a metal liner"},
		"metal on polyethylene":   {trace.SideLeft, []string{"liner 32"}, "metal head", "hip-bearing", trace.Pass, "not metal on metal"},
		"metal on nobody knows":   {trace.SideLeft, []string{"liner of no known size"}, "metal head", "hip-bearing", trace.NotChecked, "surfaces"},
		"a knee of one maker":     {trace.SideLeft, []string{"femoral left"}, "tibial", "knee-makers", trace.Pass, "one maker"},
		"a knee of two makers":    {trace.SideLeft, []string{"tibial"}, "femoral of another maker", "knee-makers", trace.Warn, "by Other Ltd, and the tibial by M"},
		"its side":                {trace.SideLeft, nil, "femoral left", "side", trace.Pass, "left"},
		"the other side":          {trace.SideLeft, nil, "femoral right", "side", trace.Stop, "made for the right side, and is for the left"},
		"either side":             {trace.SideRight, nil, "tibial", "side", trace.Pass, "either side"},
		"a side not known":        {trace.SideLeft, nil, "no known side", "side", trace.NotChecked, "catalogue does not say"},
		"a procedure of no side":  {trace.SideNone, nil, "femoral right", "side", trace.NotChecked, "procedure has no side"},
		"a bilateral, not said":   {trace.SideBilateral, nil, "femoral right", "side", trace.NotChecked, "say which one"},
		"combination not said":    {trace.SideBilateral, []string{"liner 32"}, "head 36", "hip-size", trace.NotChecked, "say which side"},
		"not in the catalogue":    {trace.SideLeft, nil, "nobody knows it", "product", trace.Note, "not in the catalogue"},
		"a kind not known":        {trace.SideLeft, []string{"liner 32"}, "nobody knows it", "kind", trace.NotChecked, "whether it fits"},
		"not in it: its side":     {trace.SideLeft, nil, "nobody knows it", "side", trace.NotChecked, "side"},
		"MRI safe":                {trace.SideLeft, nil, "stem", "mri", trace.Pass, "MR safe"},
		"in date, from a scan":    {trace.SideLeft, nil, "stem", "expiry", trace.Pass, "22 March 2029"},
		"allergy nobody asked of": {trace.SideLeft, nil, "with latex", "latex", trace.NotChecked, "nobody said"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.open(c.side)
			for _, b := range c.before {
				s.scan(b)
			}
			s.says(s.scan(c.scan), c.rule, c.level, c.words)
		})
	}
}

func TestEachSideOfABilateralProcedureByItself(t *testing.T) {
	s := newSite(t)
	p := s.open(trace.SideBilateral)
	side := func(side trace.Side) { s.ok(s.desk.SetSide(t.Context(), p, side)) }
	side(trace.SideLeft)
	s.says(s.scan("femoral right"), "side", trace.Stop, "for the left")
	s.scan("liner 32")
	s.says(s.scan("head 32"), "hip-size", trace.Pass, "")
	side(trace.SideRight)
	s.says(s.scan("femoral right"), "side", trace.Pass, "right")
	s.says(s.scan("head 36"), "hip-size", "", "") // the other side's liner is no matter
	s.says(s.scan("liner 32"), "hip-size", trace.Warn, "36 mm")
	if err := s.desk.SetSide(t.Context(), p, trace.SideBilateral); trace.KindOf(err) != trace.Invalid {
		t.Error(err)
	}
	if err := s.desk.SetSide(t.Context(), trace.ProcedureID(trace.NewEventID()), trace.SideLeft); trace.KindOf(err) != trace.Conflict {
		t.Error(err)
	}
}

// In a revision what goes in is held against what stays in from the record.
func TestARevisionIsComparedWithWhatStaysIn(t *testing.T) {
	s := newSite(t)
	first := s.open(trace.SideLeft)
	s.implant("stem of another maker")
	s.implant("head 32")
	s.implant("liner 32")
	s.close(first)
	s.later(48 * time.Hour)

	other := s.open(trace.SideRight) // the other hip
	s.says(s.scan("head 36"), "hip-size", "", "")
	s.close(other)
	s.later(48 * time.Hour)

	revision := s.open(trace.SideLeft)
	s.says(s.scan("head 36"), "hip-size", trace.Warn, "the liner, which stays in, takes 32 mm")
	a := s.scan("head 32")
	s.says(a, "hip-size", trace.Pass, "")
	s.says(a, "hip-makers", trace.Warn, "the stem, which stays in, by Other Ltd")
	// A new liner takes the place of the one that stayed.
	s.outcome(s.scan("liner of no known size").Usage, trace.Implanted)
	s.says(s.scan("head 36"), "hip-size", trace.NotChecked, "inner diameter of the liner is")
	s.close(revision)
}

func TestWhatWasTakenOutDoesNotStay(t *testing.T) {
	s := newSite(t)
	first := s.open(trace.SideLeft)
	liner := s.implant("liner 32")
	s.close(first)
	s.later(48 * time.Hour)
	s.open(trace.SideLeft)
	s.says(s.scan("head 36"), "hip-size", trace.Warn, "stays in")
	s.outcome(liner, trace.Explanted)
	s.says(s.scan("head 36"), "hip-size", "", "")
}

func TestLatex(t *testing.T) {
	for allergic, says := range map[trace.Answer]map[string]trace.Level{
		trace.Yes: {"with latex": trace.Warn, "without latex": trace.Pass, "latex not known": trace.NotChecked},
		trace.No:  {"with latex": "", "without latex": "", "latex not known": ""},
		"":        {"with latex": trace.NotChecked, "without latex": trace.Pass, "latex not known": ""},
	} {
		s := newSite(t)
		s.open(trace.SideLeft, func(c *command.OpenProcedure) { c.LatexAllergy = allergic })
		for name, level := range says {
			s.says(s.scan(name), "latex", level, "")
		}
	}
}

func TestWhatOnlyTheMomentOfScanningKnows(t *testing.T) {
	s := newSite(t)
	theatre4, theatre5 := trace.Place{GLN: "9520000000004", Extension: "4"}, "]C1414952000000000425405"
	p := s.open(trace.SideLeft, func(c *command.OpenProcedure) { c.Place = theatre4 })
	a := s.scan("stem")
	for _, rule := range []string{"patient", "interleaved", "late", "clock"} {
		s.says(a, rule, trace.Pass, "")
	}
	s.says(a, "place", "", "")
	s.read(theatre5)
	s.says(s.scan("stem"), "place", trace.Warn, "GLN 9520000000004 / 4")
	s.read("]C141495200000000042544")
	s.says(s.scan("stem"), "place", "", "")

	// A clock that was set back.
	s.later(-time.Hour)
	s.says(s.scan("stem"), "clock", trace.Warn, "1h0m0s behind")
	s.later(time.Hour)

	// Two procedures in turns.
	s.scan("stem")
	other, err := s.OpenProcedure(t.Context(), command.OpenProcedure{Meta: s.meta(), Who: command.Who{NHSNumber: "9990000026"}, Code: trace.Code{Code: "W37.1"}, Side: trace.SideLeft})
	s.ok(err)
	a, err = s.desk.Take(t.Context(), trace.NewEventID(), scanner.Reading{Text: "]d201" + gtin("stem") + "1729032210X1", Source: scanner.SourceTyped}, other)
	s.ok(err)
	s.says(a, "interleaved", trace.Warn, "both are open")
	s.later(time.Hour)
	s.says(s.scan("stem"), "interleaved", trace.Pass, "")

	// Long after the end.
	s.close(p)
	s.later(3 * time.Hour)
	a, err = s.desk.Take(t.Context(), trace.NewEventID(), scanner.Reading{Text: "]d201" + gtin("stem") + "1729032210X2", Source: scanner.SourceTyped}, p)
	s.ok(err)
	s.says(a, "late", trace.Warn, "3 hours after")

	// Two codes in one photograph that do not agree.
	s.open(trace.SideLeft)
	answers, err := s.desk.TakePicture(t.Context(), trace.NewEventID(), []scanner.Reading{
		{Text: "]d201" + gtin("stem") + "1729032210X3", Source: scanner.SourcePicture}, {Text: "]C101" + gtin("stem") + "1729032210X4", Source: scanner.SourcePicture}}, trace.ProcedureID{}, nil)
	s.ok(err)
	s.says(answers[0], "carriers", trace.Warn, "do not agree")
	s.says(answers[1], "carriers", trace.Warn, "do not agree")
}

// A verdict that was judged again keeps what only the moment of scanning knew.
func TestJudgedAgainItKeepsWhatTheScanKnew(t *testing.T) {
	s := newSite(t)
	s.open(trace.SideLeft)
	s.later(-time.Hour)
	a := s.scan("stem")
	s.later(time.Hour)
	s.outcome(a.Usage, trace.Implanted)
	u, err := s.Store.Usage(t.Context(), a.Usage)
	s.ok(err)
	s.says(theatre.Answer{Verdict: u.Verdict}, "clock", trace.Warn, "behind")
	for _, r := range check.Rules() {
		if r.AtScan != check.IsAtScan(r.ID) {
			t.Errorf("%s", r.ID)
		}
	}
}

func TestAPieceOutOfASetSaysThatItsLotIsNotKnown(t *testing.T) {
	f := check.Facts{Picked: true}
	f.Meaning.Device.CatalogueNo = "NM-27-12"
	of := func(rule string) (trace.Check, bool) {
		for _, c := range check.Device(f, nil).Checks {
			if c.Rule == rule {
				return c, true
			}
		}
		return trace.Check{}, false
	}
	if c, ok := of("picked"); !ok || c.Level != trace.Note || !strings.Contains(c.Message, "lot is not known") {
		t.Errorf("%+v", c)
	}
	if c, ok := of("identity"); ok {
		t.Errorf("a piece without a code is asked for one: %+v", c)
	}
	f.Meaning.Device.Lot = "A1"
	if c, ok := of("picked"); !ok || c.Level != trace.Pass {
		t.Errorf("%+v", c)
	}
}
