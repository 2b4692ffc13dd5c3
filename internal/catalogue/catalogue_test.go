package catalogue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/bolt"
	"implantrace/internal/bounds"
	"implantrace/internal/catalogue"
	"implantrace/internal/command"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var ctx = context.Background()

func open(t *testing.T) command.Recorder {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "test", Keys: seal.NewKeyring()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return command.Recorder{Store: s, Clock: time.Now}
}

// all gives the rows and the refusals of a reader.
func all(t *testing.T, lines iter.Seq2[catalogue.Line, error]) (rows []trace.CatalogueRow, refused []string) {
	t.Helper()
	for l, err := range lines {
		switch {
		case err != nil:
			t.Fatal(err)
		case l.Err != nil:
			refused = append(refused, fmt.Sprintf("%d %s: %s", l.Number, l.DI, l.Err))
		default:
			rows = append(rows, l.Row)
		}
	}
	return rows, refused
}

func product(t *testing.T, r command.Recorder, di string) trace.Product {
	t.Helper()
	p, err := r.Store.Product(ctx, di)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestARelease(t *testing.T) {
	dir := t.TempDir()
	rows, refused := all(t, catalogue.ReadGUDID(os.DirFS("testdata/release"), catalogue.GUDIDOptions{Dir: dir}))
	want := []trace.CatalogueRow{
		{DI: "09520140001022", Authority: trace.AuthorityFDA, Maker: "Northmoor Orthopaedics", Brand: `Fell|side "A"`, CatalogueNo: "FS-2", Description: `Femoral stem, 3" long neck`,
			Attributes: trace.Attributes{Length: trace.Measure{Thousandths: 150_000, Unit: trace.Millimetre}, Size: "size 2, 44 mm offset", Model: "FS-2", SingleUse: trace.Yes, Sterile: trace.No,
				Latex: trace.Yes, MRI: trace.MRINotStated, UnitOfUse: "09520140001053"}},
		{DI: "09520140001046", Authority: trace.AuthorityFDA, Maker: "Northmoor Orthopaedics", Brand: "Fellside", CatalogueNo: "FH-32", Description: "Femoral head, cobalt chrome, 32 mm",
			Attributes: trace.Attributes{Outer: trace.Measure{Thousandths: 32_000, Unit: trace.Millimetre}, Model: "FH-2", SingleUse: trace.Yes, Sterile: trace.Yes, Latex: trace.No,
				Implantable: trace.Yes, MRI: trace.MRIConditional,
				Packs: []trace.PackLevel{{DI: "19520140001043", Quantity: 5}, {DI: "29520140001040", Quantity: 4, Contains: "19520140001043"}}}},
	}
	if !slices.EqualFunc(rows, want, trace.CatalogueRow.Equal) {
		t.Errorf("rows\n%+v, want\n%+v", rows, want)
	}
	wantRefused := []string{"7 : device.txt: the row has 2 fields, and the header more",
		"5 09520140001046: an earlier row of the file has this device identifier too",
		"4 09520140001047: the device identifier is not right: its check digit is wrong",
		"6 09520140001091: the label is said to name latex and to be free of it"}
	if !slices.Equal(refused, wantRefused) {
		t.Errorf("refused\n%s\nwant\n%s", strings.Join(refused, "\n"), strings.Join(wantRefused, "\n"))
	}
	rows, _ = all(t, catalogue.ReadGUDID(os.DirFS("testdata/release"), catalogue.GUDIDOptions{Dir: dir, ImplantableOnly: true}))
	if len(rows) != 1 || rows[0].DI != "09520140001046" {
		t.Errorf("implantable only: %+v", rows)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("temporary files stay: %v, %v", left, err)
	}
}

func TestWhatIsNoRelease(t *testing.T) {
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"nothing":         {fstest.MapFS{}, "no device.txt"},
		"an empty file":   {fstest.MapFS{"device.txt": {Data: nil}}, "no header line"},
		"another's":       {fstest.MapFS{"a/device.txt": {Data: []byte("id|name\n1|x\n")}}, "no column PrimaryDI"},
		"half a release":  {fstest.MapFS{"device.txt": {Data: read(t, "device.txt")}, "deviceSizes.txt": {Data: []byte("PrimaryDI|size\n")}}, "no column sizeType"},
		"without its end": {fstest.MapFS{"device.txt": {Data: read(t, "device.txt")[:40]}}, "no column"},
	} {
		var err error
		for _, e := range catalogue.ReadGUDID(c.files, catalogue.GUDIDOptions{Dir: t.TempDir()}) {
			err = errors.Join(err, e)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "release", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCSV(t *testing.T) {
	const file = "\ufeffDI,Maker,kind,power,description\r\n" +
		"9520208001216,Ashlar Optics,lens,'+21.0 D,\"Lens, \"\"clear\"\"\"\r\n" +
		"\r\n" +
		"09520140001046,Northmoor,head,,x\r\n" +
		"09520140001046,Northmoor,stem,,the same again\r\n" +
		"9520140001047,N,,,check digit\r\n" +
		"09520140001022,N,leg,,no such kind\r\n" +
		"09520140001039,N,,,\"one cell\r\n" +
		"09520140001053,Northmoor,,,whole again\r\n" +
		"1,2\r\n" +
		"09520140001091,,,,\r\n"
	rows, refused := all(t, catalogue.ReadCSV(strings.NewReader(file), t.TempDir()))
	var dis []string
	for _, r := range rows {
		dis = append(dis, r.DI+" "+r.Maker+" "+string(r.Attributes.Kind)+r.Attributes.Power.String())
	}
	if want := []string{"09520140001046 Northmoor head", "09520140001053 Northmoor ", "09520208001216 Ashlar Optics lens+21.0 D"}; !slices.Equal(dis, want) {
		t.Errorf("%q, want %q", dis, want)
	}
	want := []string{"8 : a quote is not closed", "10 : the row has 2 cells, the header 5", "7 09520140001022: the kind of component cannot be"}
	for _, w := range want {
		if !slices.ContainsFunc(refused, func(r string) bool { return strings.HasPrefix(r, w) || strings.Contains(r, w) }) {
			t.Errorf("no refusal %q in\n%s", w, strings.Join(refused, "\n"))
		}
	}
	if len(rows)+len(refused) != 9 {
		t.Errorf("%d rows and %d refusals of 9 rows:\n%s", len(rows), len(refused), strings.Join(refused, "\n"))
	}
	for bad, want := range map[string]string{"": "empty", "maker\n": `a column "di"`, "di,leg\n": `no column "leg"`, "di,maker,DI\n": "stands twice", "\"di\n": "quote is not closed"} {
		var err error
		for _, e := range catalogue.ReadCSV(strings.NewReader(bad), t.TempDir()) {
			err = e
		}
		if trace.KindOf(err) != trace.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// What is written comes back, whatever is in it.
func TestCSVComesBack(t *testing.T) {
	dis := []string{"09520140001022", "09520140001039", "09520140001046", "09520140001053"}
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			return strings.TrimSpace(rapid.StringMatching(`[-=+@'", |;a-zA-Z0-9é\t]{0,12}`).Draw(t, label))
		}
		var ps []trace.Product
		for _, di := range dis[:rapid.IntRange(1, len(dis)).Draw(t, "products")] {
			p := trace.Product{DI: di, Maker: "M" + text("maker"), Brand: text("brand"), CatalogueNo: text("number"), Description: text("description")}
			for _, at := range []*string{&p.Maker, &p.Brand, &p.CatalogueNo, &p.Description} {
				*at = strings.ReplaceAll(*at, "\t", " ")
			}
			p.Attributes.Size = strings.ReplaceAll(text("size"), "\t", "")
			p.Attributes.Power = trace.Measure{Thousandths: rapid.Int64Range(-30000, 30000).Draw(t, "power"), Unit: trace.Dioptre}
			p.Attributes.Side = rapid.SampledFrom(append(trace.Sides()[:2], "")).Draw(t, "side")
			ps = append(ps, p)
		}
		var b bytes.Buffer
		n, err := catalogue.WriteCSV(&b, func(yield func(trace.Product, error) bool) {
			for _, p := range ps {
				if !yield(p, nil) {
					return
				}
			}
		})
		if err != nil || n != len(ps) {
			t.Fatal(n, err)
		}
		i := 0
		for l, err := range catalogue.ReadCSV(&b, "") {
			p := ps[i]
			want := trace.CatalogueRow{DI: p.DI, Maker: p.Maker, Brand: p.Brand, CatalogueNo: p.CatalogueNo, Description: p.Description, Attributes: p.Attributes}
			if err != nil || l.Err != nil || !l.Row.Equal(want) {
				t.Fatalf("%+v (%v, %v) is not %+v", l.Row, l.Err, err, want)
			}
			i++
		}
		if i != len(ps) {
			t.Fatalf("%d of %d came back", i, len(ps))
		}
	})
}

func TestAnImportWritesWhatIsNewAndGoesOnWhereItStopped(t *testing.T) {
	r := open(t)
	const rows = 1200
	file := func(maker string) string {
		var b strings.Builder
		b.WriteString("di,maker\n")
		for i := range rows {
			fmt.Fprintf(&b, "%s,%s\n", gtin(i), maker)
		}
		return b.String()
	}
	in := func(c context.Context, file string, o catalogue.Options) (catalogue.Report, error) {
		o.Source = "test"
		return catalogue.Import(c, r, catalogue.ReadCSV(strings.NewReader(file), t.TempDir()), o)
	}
	// Cut off after the first batch.
	cut, stop := context.WithCancel(ctx)
	lines := func(yield func(catalogue.Line, error) bool) {
		n := 0
		for l, err := range catalogue.ReadCSV(strings.NewReader(file("A")), "") {
			if n++; n == 700 {
				stop()
			}
			if !yield(l, err) {
				return
			}
		}
	}
	first, err := catalogue.Import(cut, r, lines, catalogue.Options{Source: "test"})
	if !errors.Is(err, context.Canceled) || first.Recorded != 500 {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := in(ctx, file("A"), catalogue.Options{})
	if err != nil || again.Recorded != rows-500 || again.Unchanged != 500 || again.Refused != 0 {
		t.Errorf("resumed: %+v, %v", again, err)
	}
	same, err := in(ctx, file("A"), catalogue.Options{})
	if err != nil || same.Recorded != 0 || same.Unchanged != rows || same.Entries != 0 {
		t.Errorf("the same again: %+v, %v", same, err)
	}
	if p := product(t, r, gtin(7)); p.Maker != "A" || p.Provenance != trace.Imported || p.History[0].By.Via != "catalogue:test" {
		t.Errorf("%+v", p)
	}
	if other, err := in(ctx, file("B"), catalogue.Options{}); err != nil || other.Recorded != rows || product(t, r, gtin(7)).Maker != "B" {
		t.Errorf("a later one: %+v, %v", other, err)
	}
	if _, err := catalogue.Import(ctx, r, lines, catalogue.Options{}); trace.KindOf(err) != trace.Invalid {
		t.Errorf("a catalogue without a name: %v", err)
	}
	v, err := r.Store.(*bolt.Store).Verify(ctx, t.TempDir())
	if err != nil || len(v.Findings) > 0 {
		t.Errorf("verify: %+v, %v", v, err)
	}
}

// gtin makes a GTIN-14 of the prefix for demonstrations.
func gtin(n int) string {
	s := fmt.Sprintf("0952%09d", n)
	sum := 0
	for i, c := range s {
		weight := 3
		if i%2 == 1 {
			weight = 1
		}
		sum += weight * int(c-'0')
	}
	return s + string(rune('0'+(10-sum%10)%10))
}

// A device that nobody knew was recorded; when its product comes in, the record
// shows it, and what the rules find now is recorded.
func TestWhatWasUsedBeforeItWasKnownIsJudgedAgain(t *testing.T) {
	r := open(t)
	meta := func() command.Meta {
		return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Via: "test"}}
	}
	p, err := r.OpenProcedure(ctx, command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: "9990000018"}, Code: trace.Code{Code: "W37.1"}, Side: trace.SideLeft})
	if err != nil {
		t.Fatal(err)
	}
	u, err := r.RecordUsage(ctx, command.RecordUsage{Meta: meta(), Procedure: p, Device: udi.Device{DI: gtin(5), Lot: "L", Expiry: udi.Date{Day: "2090-01-01"}}})
	if err != nil {
		t.Fatal(err)
	}
	before, err := r.Store.Usage(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	report, err := catalogue.Import(ctx, r, catalogue.ReadCSV(strings.NewReader("di,maker,description,kind,side\n"+gtin(5)+",M,Stem,stem,not-applicable\n"), ""), catalogue.Options{Source: "own"})
	if err != nil || report.Judged != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	after, err := r.Store.Usage(ctx, u)
	if err != nil || len(after.History) < len(before.History) {
		t.Errorf("%+v, %v", after, err)
	}
	full, err := trace.InFull(ctx, r.Store, after)
	if err != nil || full.Product.Description != "Stem" {
		t.Errorf("%+v, %v", full.Product, err)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("di,maker\n09520140001046,M\n")
	f.Add("di\n\"\n\"\n")
	f.Add("\ufeffdi,packs\n1,\"2 x 3; 4 x 5 of 6\"\n")
	f.Fuzz(func(t *testing.T, s string) {
		lines := 0
		bounds.Hold(t, func() {
			for l, err := range catalogue.ReadCSV(strings.NewReader(s), t.TempDir()) {
				if err != nil && trace.KindOf(err) != trace.Invalid {
					t.Fatal(err)
				}
				if lines++; err == nil && l.Err == nil && l.Row.DI == "" {
					t.Fatalf("a row without an identifier: %+v", l)
				}
			}
		})
		if lines > strings.Count(s, "\n")+1 {
			t.Fatalf("%d rows of %q", lines, s)
		}
	})
}

func FuzzReadGUDID(f *testing.F) {
	header := "PrimaryDI|brandName|versionModelNumber|catalogNumber|companyName|deviceDescription|singleUse|labeledContainsNRL|labeledNoNRL|MRISafetyStatus|deviceSterile\n"
	f.Add("09520140001046|B|M|C|N|D|true|false|true|MR Safe|true\n")
	f.Add("\"|\"\"|\n")
	f.Fuzz(func(t *testing.T, s string) {
		bounds.Hold(t, func() {
			for l, err := range catalogue.ReadGUDID(fstest.MapFS{"device.txt": {Data: []byte(header + s)}}, catalogue.GUDIDOptions{Dir: t.TempDir()}) {
				if err != nil {
					t.Fatal(err)
				}
				if l.Err == nil && l.Row.DI == "" {
					t.Fatalf("a row without an identifier: %+v", l)
				}
			}
		})
	})
}

func TestWhoseDatabaseACatalogueIs(t *testing.T) {
	r := open(t)
	in := func(rows string, o catalogue.Options) catalogue.Report {
		t.Helper()
		report, err := catalogue.Import(ctx, r, catalogue.ReadCSV(strings.NewReader("di,maker\n"+rows), ""), o)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	in(gtin(1)+",M\n", catalogue.Options{Source: "EUDAMED"})
	if p := product(t, r, gtin(1)); p.Authorities != nil {
		t.Errorf("a name alone makes nobody an authority: %v", p.Authorities)
	}
	eu := catalogue.Options{Source: "EUDAMED", Authority: trace.AuthorityEU}
	if report := in(gtin(1)+",M\n", eu); report.Recorded != 1 {
		t.Errorf("brought in again with its authority: %+v", report)
	}
	if report := in(gtin(1)+",M\n", eu); report.Unchanged != 1 {
		t.Errorf("and once more: %+v", report)
	}
	if _, err := catalogue.Import(ctx, r, catalogue.ReadGUDID(os.DirFS("testdata/release"), catalogue.GUDIDOptions{Dir: t.TempDir()}), catalogue.Options{Source: "AccessGUDID"}); err != nil {
		t.Fatal(err)
	}
	for di, want := range map[string]trace.Authority{gtin(1): trace.AuthorityEU, "09520140001046": trace.AuthorityFDA} {
		if p := product(t, r, di); !slices.Equal(p.Authorities, []trace.Authority{want}) {
			t.Errorf("%s: %v, want %s", di, p.Authorities, want)
		}
	}
	for name, lines := range map[string]iter.Seq2[catalogue.Line, error]{
		"mars":  catalogue.ReadCSV(strings.NewReader("di,maker\n"), ""),
		"eu-ec": catalogue.ReadGUDID(os.DirFS("testdata/release"), catalogue.GUDIDOptions{Dir: t.TempDir()}),
	} {
		if _, err := catalogue.Import(ctx, r, lines, catalogue.Options{Source: "x", Authority: trace.Authority(name)}); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
