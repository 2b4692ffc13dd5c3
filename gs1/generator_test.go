package gs1

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// valueMaker makes values that keep every rule of an AI, from the table of AIs and
// the definitions of the linters alone.
type valueMaker struct{ *rand.Rand }

func newValueMaker(seed uint64) valueMaker { return valueMaker{rand.New(rand.NewPCG(seed, 1))} }

func (m valueMaker) one(list []string) string { return list[m.IntN(len(list))] }

func (m valueMaker) text(chars string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = chars[m.IntN(len(chars))]
	}
	return string(b)
}

// upTo is a number from 0 below n, written in so many digits.
func (m valueMaker) upTo(n, digits int) string { return fmt.Sprintf("%0*d", digits, m.IntN(n)) }

// value makes a value of the AI.
func (m valueMaker) value(row *row) string {
	var b strings.Builder
	for i := range row.parts {
		p := &row.parts[i]
		if p.optional && m.IntN(3) == 0 {
			break
		}
		b.WriteString(m.part(p))
	}
	return b.String()
}

func (m valueMaker) part(p *part) string {
	n := p.min + m.IntN(p.max-p.min+1)
	chars := map[charset]string{csetN: digitChars, csetX: cset82, csetY: cset39, csetZ: cset64}[p.set]
	has := func(l linter) bool { return slices.Contains(p.lints, l) }
	switch {
	case has(lintCsumalpha):
		body := m.text(digitChars, 4) + m.text(cset82, m.IntN(p.max-6)) + "A"
		pair, err := CheckPair(body)
		if err != nil {
			panic(err)
		}
		return body + pair
	case has(lintCsum):
		body := m.text(digitChars, n-1)
		digit, err := CheckDigit(body)
		if err != nil {
			panic(err)
		}
		return body + string(digit)
	case has(lintGcppos1):
		n = max(n, 4)
		return m.text(digitChars, 4) + m.text(chars, n-4)
	case has(lintPcenc):
		var b strings.Builder
		for b.Len() < n {
			if n-b.Len() >= 3 && m.IntN(4) == 0 {
				fmt.Fprintf(&b, "%%%02X", m.IntN(256))
			} else {
				b.WriteString(m.text(strings.ReplaceAll(cset82, "%", ""), 1))
			}
		}
		return b.String()
	}
	if len(p.lints) == 0 {
		return m.text(chars, n)
	}
	switch p.lints[0] {
	case lintZero:
		return strings.Repeat("0", n)
	case lintNonzero:
		return fmt.Sprintf("%0*d", n, 1+m.IntN(999))
	case lintNozeroprefix:
		return m.text("123456789", 1) + m.text(digitChars, n-1)
	case lintYesno:
		return m.text("01", 1)
	case lintWinding:
		return m.text("019", 1)
	case lintHyphen:
		return "-"
	case lintImporteridx:
		return m.text(cset64, 1)
	case lintIso5218:
		return m.text("0129", 1)
	case lintMediatype:
		return m.one([]string{"01", "10", "80", "99", fmt.Sprintf("%02d", 1+m.IntN(10)), fmt.Sprintf("%02d", 80+m.IntN(20))})
	case lintLatitude:
		return m.one([]string{"0000000000", "1800000000", m.upTo(1_800_000_001, 10)})
	case lintLongitude:
		return m.one([]string{"0000000000", "3600000000", m.upTo(3_600_000_001, 10)})
	case lintHh:
		return m.upTo(24, 2)
	case lintMi, lintSs:
		return m.upTo(60, 2)
	case lintHhmi:
		return m.upTo(24, 2) + m.upTo(60, 2)
	case lintPieceoftotal:
		total := 1 + m.IntN(99)
		return fmt.Sprintf("%02d%02d", 1+m.IntN(total), total)
	case lintPosinseqslash:
		end := 1 + m.IntN(9)
		return fmt.Sprintf("%d/%d", 1+m.IntN(end), end)
	case lintIso3166:
		return m.code(countryNumber)
	case lintIso3166999:
		return m.one([]string{"999", m.code(countryNumber)})
	case lintIso3166alpha2:
		return m.code(countryLetter)
	case lintIso4217:
		return m.code(currencyNumber)
	case lintPackagetype:
		return m.code(packageType)
	case lintIban:
		return m.iban()
	case lintYymmd0, lintYymmdd, lintYyyymmdd:
		return m.date(p.lints[0])
	case lintCouponcode:
		return m.coupon()
	case lintCouponposoffer:
		return m.text("01", 1) + m.counted(0, 6, 6) + m.text(digitChars, 6) + m.counted(0, 9, 6)
	}
	panic(fmt.Sprintf("linter %d has no values", p.lints[0]))
}

func (m valueMaker) code(l codeList) string { return m.one(slices.Sorted(maps.Keys(l))) }

// iban makes an account number by the definition of its check digits: country and
// check digits behind the rest, letters as two digits, and the remainder of 97 is 1.
func (m valueMaker) iban() string {
	country, rest := m.code(countryLetter), m.text(digitChars+upperChars, 7+m.IntN(24))
	for check := 2; check <= 98; check++ {
		number := ""
		for _, c := range rest + country + fmt.Sprintf("%02d", check) {
			if c >= 'A' {
				number += fmt.Sprint(c - 'A' + 10)
			} else {
				number += string(c)
			}
		}
		remainder := 0
		for _, c := range number {
			remainder = (remainder*10 + int(c-'0')) % 97
		}
		if remainder == 1 {
			return fmt.Sprintf("%s%02d%s", country, check, rest)
		}
	}
	panic("no check digits fit")
}

// date makes a day in the window of a hundred years around testNow.
func (m valueMaker) date(l linter) string {
	first := time.Date(testNow.Year()-49, 1, 1, 0, 0, 0, 0, time.UTC)
	day := first.AddDate(0, 0, m.IntN(36524))
	switch {
	case l == lintYyyymmdd:
		return day.Format("20060102")
	case l == lintYymmd0 && m.IntN(4) == 0:
		return day.Format("0601") + "00"
	}
	return day.Format("060102")
}

// counted is a digit from least to most, and so many digits and offset more.
func (m valueMaker) counted(least, most, offset int) string {
	n := least + m.IntN(most-least+1)
	return fmt.Sprint(n) + m.text(digitChars, n+offset)
}

func (m valueMaker) purchase() string {
	return m.counted(1, 5, 0) + m.text("012349", 1) + m.text(digitChars, 3)
}

// coupon makes a code of AI (8110) that is not longer than the AI allows.
func (m valueMaker) coupon() string {
	s := m.counted(0, 6, 6) + m.text(digitChars, 6) + m.counted(1, 5, 0) + m.purchase()
	for _, field := range []func() string{
		func() string {
			return "1" + m.text("0123", 1) + m.purchase() + m.one([]string{"9", m.counted(0, 6, 6)})
		},
		func() string { return "2" + m.purchase() + m.one([]string{"9", m.counted(0, 6, 6)}) },
		func() string { return "3" + m.one([]string{"300101", "301231"}) },
		func() string { return "4" + m.one([]string{"260101", "291231"}) },
		func() string { return "5" + m.counted(0, 9, 6) },
		func() string { return "6" + m.counted(1, 7, 6) },
		func() string {
			return "9" + m.text("01256", 1) + m.text("012", 1) + m.text(digitChars, 1) + m.text("01", 1)
		},
	} {
		if f := field(); m.IntN(2) == 0 && len(s)+len(f) <= 70 {
			s += f
		}
	}
	return s
}

// allAIs are the AIs of the table, each with its rules.
func allAIs() []AI {
	var list []AI
	for i := range aiTable {
		for ai := aiTable[i].first; ai <= aiTable[i].last; ai = next(ai) {
			list = append(list, AI(ai))
		}
	}
	return list
}

// TestEveryAITakesEveryValueItMay reads values of all AIs in all forms.
func TestEveryAITakesEveryValueItMay(t *testing.T) {
	m := newValueMaker(1)
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	for _, ai := range allAIs() {
		row := lookup(string(ai))
		for range rounds {
			want := []Element{{AI: ai, Value: m.value(row)}}
			checkOutputs(t, want)
			if t.Failed() {
				return
			}
		}
	}
}

// TestEveryAIRefusesWhatItMayNotHave cuts, lengthens and spoils values.
func TestEveryAIRefusesWhatItMayNotHave(t *testing.T) {
	m := newValueMaker(2)
	for _, ai := range allAIs() {
		row := lookup(string(ai))
		least, most := row.length()
		value := m.value(row)
		for name, bad := range map[string]string{
			"too long":       value + strings.Repeat("0", most-len(value)+1),
			"too short":      value[:least-1],
			"a character":    "~" + value[1:],
			"a control":      value[:len(value)-1] + "\x01",
			"a space":        value[:len(value)-1] + " ",
			"a byte of UTF8": value[:len(value)-1] + "\xc3",
		} {
			r := Parse("("+string(ai)+")"+bad, Options{Now: testNow})
			checkResult(t, "("+string(ai)+")"+bad, r)
			if r.Valid() || r.Len() != 0 {
				t.Errorf("(%s) takes %q: %s", ai, bad, name)
			}
		}
	}
}
