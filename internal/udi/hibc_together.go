package udi

import "implantrace/gs1"

// Bounds of linear symbols: + labeler, product, unit and check; + $$+9, quantity,
// date with its flag, lot, link and check. Room is left for one supplement.
const (
	hibcLongestPrimary   = 1 + 4 + hibcLongestProduct + 1 + 1
	hibcLongestSecondary = 64
	hibcMostSecondaries  = 3
)

// parting is where a text of several symbols is parted.
type parting struct {
	ends    [1 + hibcMostSecondaries]int // of its symbols, the first len(text) being the last
	primary int                          // where the primary begins
}

// part finds the one way to part s into linear symbols of one pack: a primary and
// up to three secondaries, or a secondary and its primary. It answers false where
// there is none, or more than one, in which every check character holds and every
// link is the primary's check character.
func part(s string) (parting, bool) {
	var p parting
	var at [1 + hibcMostSecondaries]int
	ways := 0
	for i := 8; i <= len(s)-hibcShortest && i <= hibcLongestPrimary; i++ {
		if s[i] == '+' && isLonePrimary(s[:i]) {
			at[0] = i
			ways += partings(s, &at, &p.ends, 1)
		}
	}
	for i := hibcShortest; i <= len(s)-8 && i <= hibcLongestSecondary; i++ {
		if s[i] == '+' && isLonePrimary(s[i:]) && isLinked(s[:i], s[len(s)-1]) {
			ways++
			p = parting{ends: [1 + hibcMostSecondaries]int{i, len(s)}, primary: i}
		}
	}
	return p, ways == 1
}

// isLonePrimary reports whether s is a primary symbol, with nothing behind its
// product, whose check character holds.
func isLonePrimary(s string) bool {
	return isPrimary(s) && primaryEnd(s) == len(s)-1 && hibcHolds(s)
}

// together reads s as several linear symbols of one pack, one text behind the
// other, if it can be parted.
func (t *carrierText) together(s string) bool {
	p, ok := part(s)
	if !ok {
		return false
	}
	t.form = formHIBC
	if p.primary > 0 {
		t.segments(1, p.primary-2)
		t.product(p.primary, p.primary+1, len(s)-1)
		t.check = s[len(s)-1:]
	} else {
		t.product(0, 1, p.ends[0]-1)
		t.check = s[p.ends[0]-1 : p.ends[0]]
		for k := 0; p.ends[k] < len(s); k++ {
			t.segments(p.ends[k]+1, p.ends[k+1]-2)
		}
	}
	t.issue(CodeHIBCTogether, gs1.Warning, "", p.ends[0], p.ends[0]+1,
		"Several codes came in one reading. They were told apart by their check characters.",
		"linear symbols run together; every check and link character holds")
	return true
}

// partings counts the ways to part s[at[k-1]:] into linked secondaries, and
// leaves the ends of a way's symbols in found.
func partings(s string, at, found *[1 + hibcMostSecondaries]int, k int) int {
	from, link := at[k-1], s[at[0]-1]
	ways := 0
	if len(s)-from <= hibcLongestSecondary && isLinked(s[from:], link) {
		at[k] = len(s)
		*found = *at
		ways++
	}
	if k == hibcMostSecondaries {
		return ways
	}
	for i := from + hibcShortest; i <= len(s)-hibcShortest && i <= from+hibcLongestSecondary; i++ {
		if s[i] == '+' && s[i-2] == link && isLinked(s[from:i], link) {
			at[k] = i
			ways += partings(s, at, found, k+1)
		}
	}
	return ways
}

// isLinked reports whether s is a linear secondary symbol that ends with link and
// a check character that holds.
func isLinked(s string, link byte) bool {
	return len(s) >= hibcShortest && s[0] == '+' && s[len(s)-2] == link && isSecondary(s) && hibcHolds(s)
}
