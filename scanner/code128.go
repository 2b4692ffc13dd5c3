package scanner

import (
	"math"
	"strings"
)

// code128Widths are the bars and spaces of the code words 0 to 105, in modules,
// and the first six of the stop pattern, 106 (ISO/IEC 15417, table 1).
const code128Widths = "" +
	"212222222122222221121223121322131222122213122312132212221213" +
	"221312231212112232122132122231113222123122123221223211221132" +
	"221231213212223112312131311222321122321221312212322112322211" +
	"212123212321232121111323131123131321112313132113132311211313" +
	"231113231311112133112331132131113123113321133121313121211331" +
	"231131213113213311213131311123311321331121312113312311332111" +
	"314111221411431111111224111422121124121421141122141221112214" +
	"112412122114122411142112142211241211221114413111241112134111" +
	"111242121142121241114212124112124211411212421112421211212141" +
	"214121412121111143111341131141114113114311411113411311113141" +
	"114131311141411131211412211214211232233111"

const (
	code128Shift  = 98
	code128CodeC  = 99
	code128CodeB  = 100 // FNC4 in code set B
	code128CodeA  = 101 // FNC4 in code set A
	code128FNC1   = 102
	code128StartA = 103
	code128StartB = 104
	code128StartC = 105
	code128Stop   = 106
)

// code128Word is what the reference decode algorithm compares: the distances of
// edges of the same kind, which ink spread and blur move alike, and the width
// of all bars together.
type code128Word struct {
	e    [4]float64
	bars float64
}

var code128Words = func() (words [107]code128Word) {
	for i := range words {
		w := [6]float64{}
		for j := range w {
			w[j] = float64(code128Widths[6*i+j] - '0')
		}
		words[i] = newCode128Word(w, 1)
	}
	return words
}()

func newCode128Word(w [6]float64, module float64) code128Word {
	return code128Word{
		e: [4]float64{
			(w[0] + w[1]) / module, (w[1] + w[2]) / module,
			(w[2] + w[3]) / module, (w[3] + w[4]) / module,
		},
		bars: (w[0] + w[2] + w[4]) / module,
	}
}

// code128Seen is the code word whose first bar starts at edge i, as it is
// measured.
func code128Seen(e []float64, i int) (seen code128Word, module float64) {
	var w [6]float64
	for j := range w {
		w[j] = e[i+j+1] - e[i+j]
	}
	module = (e[i+6] - e[i]) / 11
	return newCode128Word(w, module), module
}

// miss is how far what was seen is from a code word; ok says that it may be it.
func (seen *code128Word) miss(known *code128Word) (miss float64, ok bool) {
	for j, v := range seen.e {
		d := math.Abs(v - known.e[j])
		if d > code128Slack {
			return 0, false
		}
		miss += d
	}
	d := math.Abs(seen.bars - known.bars)
	return miss + d/2, d <= code128BarSlack
}

// code128At reads the code word whose first bar starts at edge i.
func code128At(e []float64, i int) (word int, module float64, ok bool) {
	seen, module := code128Seen(e, i)
	best, second := math.Inf(1), math.Inf(1)
	for n := range code128Words {
		miss, ok := seen.miss(&code128Words[n])
		switch {
		case !ok:
		case miss < best:
			best, second, word = miss, best, n
		case miss < second:
			second = miss
		}
	}
	// Two words that fit about as well are none.
	return word, module, !math.IsInf(best, 1) && second-best > code128Margin
}

// code128Starts says whether a start character may start at edge i. Hardly any
// edge is one, and this costs less than to compare all code words.
func code128Starts(e []float64, i int) bool {
	seen, _ := code128Seen(e, i)
	for n := code128StartA; n <= code128StartC; n++ {
		if _, ok := seen.miss(&code128Words[n]); ok {
			return true
		}
	}
	return false
}

const (
	// The quiet zone is ten modules by the standard, and on real packs often
	// much less.
	code128Quiet = 2.5

	code128Slack    = 0.6
	code128BarSlack = 1.75 // of ISO/IEC 15417's reference decode
	code128Margin   = 0.35
)

// A linearRead is a symbol read on one line.
type linearRead struct {
	format, aim, text string
	from, to          float64 // along the line
	partial           bool    // the text is not all of the message
}

// code128On reads every Code 128 symbol on a line that has so many modules of
// light before and behind it.
func code128On(e []float64, quiet float64) []linearRead {
	var reads []linearRead
	for i := 0; i+6 < len(e); i += 2 { // even edges start bars
		r, end, ok := code128From(e, i, quiet)
		if ok {
			reads = append(reads, r)
			i = end
		}
	}
	return reads
}

// code128From reads a symbol whose start character starts at edge i. end is the
// even edge at or before its last.
func code128From(e []float64, i int, quiet float64) (r linearRead, end int, ok bool) {
	if i > 0 && e[i]-e[i-1] < quiet*(e[i+6]-e[i])/11 {
		return r, 0, false
	}
	if !code128Starts(e, i) {
		return r, 0, false
	}
	start, module, ok := code128At(e, i)
	if !ok || start < code128StartA {
		return r, 0, false
	}
	words := []int{start}
	for at := i + 6; at+6 < len(e); at += 6 {
		word, m, ok := code128At(e, at)
		if !ok || m < 0.75*module || m > 1.33*module {
			return r, 0, false
		}
		module = m
		switch {
		case word == code128Stop:
			return code128Finish(e, i, at, words, module, quiet)
		case word >= code128StartA:
			return r, 0, false
		}
		words = append(words, word)
	}
	return r, 0, false
}

// code128Finish checks what follows the stop pattern at edge at, and the check
// character before it.
func code128Finish(e []float64, first, at int, words []int, module, quiet float64) (r linearRead, end int, ok bool) {
	if at+7 >= len(e) {
		return r, 0, false // the last bar does not end
	}
	last := at + 7
	if bar := e[last] - e[last-1]; bar < 1.2*module || bar > 2.8*module {
		return r, 0, false
	}
	if last+1 < len(e) && e[last+1]-e[last] < quiet*module {
		return r, 0, false
	}
	n := len(words) - 1 // of the check character
	if n < 2 {
		return r, 0, false
	}
	sum := words[0]
	for i, word := range words[1:n] {
		sum += (i + 1) * word
	}
	if sum%103 != words[n] {
		return r, 0, false
	}
	aim, text, partial := code128Text(words[:n])
	if text == "" {
		return r, 0, false
	}
	return linearRead{"Code128", aim, text, e[first], e[last], partial}, last - 1, true
}

// code128Text is what code words say, the start character first and the check
// character left out. FNC1 in first place makes a GS1-128 and is not in the
// text; any other is 0x1D. Characters above 127 (by FNC4, ISO 8859-1) are in
// UTF-8.
func code128Text(words []int) (aim, text string, partial bool) {
	var b strings.Builder
	aim = "]C0"
	set := words[0] - code128StartA // 0, 1, 2 for A, B, C
	shift, high, highNext := false, false, false
	letter := func(c int) {
		if high != highNext {
			c += 128
		}
		highNext = false
		b.WriteRune(rune(c))
	}
	for i, word := range words[1:] {
		now := set
		if shift {
			now, shift = 1-set, false
		}
		switch {
		case now == 2 && word < 100:
			b.WriteByte(byte('0' + word/10))
			b.WriteByte(byte('0' + word%10))
		case word == code128FNC1 && i == 0:
			aim = "]C1"
		case word == code128FNC1:
			if i == 1 && aim == "]C0" {
				aim = "]C2" // after one letter or two digits: an industry's own
			}
			b.WriteByte(0x1d)
		case word == code128CodeA && now != 0:
			set = 0
		case word == code128CodeB && now != 1:
			set = 1
		case word == code128CodeC && now != 2:
			set = 2
		case word == code128CodeA || word == code128CodeB: // FNC4
			if highNext {
				high = !high
			}
			highNext = !highNext
		case word == code128Shift:
			shift = true
		case word == 97: // FNC2: to be joined with the next
			partial = true
		case word == 96: // FNC3: for the reader itself
		case now == 0 && word >= 64:
			letter(word - 64)
		default:
			letter(word + ' ')
		}
	}
	return aim, b.String(), partial
}
