package gs1

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The strings of the benchmarks: valid, and without any issue.
const (
	oneAI       = "]d201" + gtinA
	fourAIs     = "]d201" + gtinA + "1729013110ABC123\x1d21SN987654"
	inBrackets  = "(01)" + gtinA + "(17)290131(10)ABC123(21)SN987654"
	digitalLink = "https://id.gs1.org/01/" + gtinA + "/10/ABC123/21/SN987654?17=290131"
)

func twentyAIs() string {
	return "]d201" + gtinA + "1126010117290131" + "2029" + "3103000195" + "3112000100" +
		strings.Join([]string{"10ABC123", "21SN987654", "22V2", "240REF-1", "241PART-2", "24212", "243PCN", "250X1", "251Y1", "422056", "7002M", "91A", "92B", "93C"}, "\x1d")
}

var speedInputs = []struct {
	name, input string
	ais         int
}{{"1AI", oneAI, 1}, {"4AIs", fourAIs, 4}, {"20AIs", twentyAIs(), 20}, {"Bracketed", inBrackets, 4}, {"DigitalLink", digitalLink, 4}}

// BenchmarkParse reads and validates in full element strings of 1, 4 (those of an
// implant label) and 20 AIs, and the four in brackets and as a URI.
func BenchmarkParse(b *testing.B) {
	o := Options{Now: testNow}
	for _, bench := range speedInputs {
		b.Run(bench.name, func(b *testing.B) {
			if r := Parse(bench.input, o); !r.Valid() || len(r.Issues) != 0 || r.Len() != bench.ais {
				b.Fatal(r.HRI(), codes(r))
			}
			b.ReportAllocs()
			for b.Loop() {
				if r := Parse(bench.input, o); !r.Valid() {
					b.Fatal("not valid")
				}
			}
		})
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	o := Options{Now: testNow}
	for _, tt := range speedInputs {
		if n := testing.AllocsPerRun(100, func() {
			r := Parse(tt.input, o)
			lot, _ := r.Value("10")
			if !r.Valid() || len(r.Issues) != 0 || r.Len() != tt.ais || tt.ais > 1 && lot != "ABC123" {
				t.Fatal(r.HRI(), codes(r))
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
	}
}

// TestTimeGrowsWithTheInput reads the worst inputs there may be, at the limit and
// at half of it. Twice the length takes at most ten times as long wherever that is
// long enough for the clock to tell, and nothing takes a tenth of a second.
func TestTimeGrowsWithTheInput(t *testing.T) {
	for _, s := range []string{
		"\x1d", "(", "()", `\(`, `(10)\(`, "10A\x1d", "(10)", "(20)11", "2011", "]", "00", "91", "~", "(91)", "(3106)A(", "]E0", "]d1", "]d201",
		"https://a/", "https://a/01/" + gtinA + "/", "/01", "%41", "+",
	} {
		for _, in := range []struct{ head, tail string }{
			{"", ""}, {"]d2", ""}, {"]d1", ""}, {"]E09506000134352|]e0", ""}, {"91", ""}, {"(91)", ""}, {"(01)" + gtinA + "(10)", ""},
			{"https://a/", ""}, {"https://a/01/" + gtinA + "?", ""}, {"https://a/01/" + gtinA + "?99=", "&98=A"}, {"https://a/", "/01/" + gtinA}, {"https://a/01/" + gtinA + "?", "=A"},
		} {
			input := func(size int) string {
				return in.head + strings.Repeat(s, (size-len(in.head)-len(in.tail))/len(s)) + in.tail
			}
			for _, o := range []Options{{}, {UnknownAIs: true, ShortGTINs: true}} {
				checkResult(t, input(maxInput), Parse(input(maxInput), o))
				half := quickest(func() { Parse(input(maxInput/2), o) })
				full := quickest(func() { Parse(input(maxInput), o) })
				if full > 10*half && full > 2*time.Millisecond || full > 100*time.Millisecond {
					t.Errorf("%q%q...%q: %v for half, %v in full", in.head, s, in.tail, half, full)
				}
			}
		}
	}
}

func TestTimeOfAssociationsIsBounded(t *testing.T) {
	var b strings.Builder
	for i := range maxAIs {
		fmt.Fprintf(&b, "(393%d)8261", i%10) // each asks for and excludes many others
	}
	full := Parse(b.String(), Options{})
	pack := func(n int) (list []*Result) {
		for range n {
			list = append(list, full)
		}
		return list
	}
	if n := len(Associations(pack(1)...)); n < 2*maxAIs {
		t.Fatalf("%d issues", n)
	}
	if d := quickest(func() { Associations(pack(8)...) }); d > 100*time.Millisecond {
		t.Errorf("8 carriers took %v", d)
	}
}

// quickest is the time of the fastest of five runs, in which nothing else ran.
func quickest(f func()) time.Duration {
	best := time.Hour
	for range 5 {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	return best
}
