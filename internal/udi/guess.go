package udi

import (
	"slices"
	"strings"
	"time"

	"implantrace/gs1"
)

// guess is what a damaged HIBC text may have been.
type guess struct {
	text   string
	at     int  // where its first byte stands in the damaged text; -1: before it
	proved bool // the check character of text stood in the damaged text, or a space was it
}

// mostGuesses is how many of them are listed at most.
const mostGuesses = 5

// hibcGuesses lists what a HIBC text whose check character does not hold may have
// been, the likeliest first: one with signs of the printed form, with a space
// between its symbols, with another sign for the slash, one whose check character
// was a space that the reader took off, one with a wrong check character, and one
// without.
func hibcGuesses(body string) (guesses []guess) {
	t := carrierText{raw: body, s: body}
	t.unprint()
	s := strings.ToUpper(t.s)
	if len(s) != len(t.s) || len(s) < hibcShortest {
		return nil
	}
	shown := strings.ReplaceAll(strings.TrimSuffix(s, "*"), "_", " ")
	for _, text := range []string{shown, strings.ReplaceAll(shown, " +", "+")} {
		if text != s && hibcForeign(text) < 0 && stands(text) {
			guesses = append(guesses, guess{text, t.at, true})
		}
	}
	if hibcForeign(s) < 0 {
		if text, proved := hibcUnlinked(s); text != "" {
			guesses = append(guesses, guess{text, t.at, proved})
		}
	}
	for _, sign := range []string{" ", "-", `\`, "|", "?", ":", ";", "&", "_", "#", "!"} {
		if slashed := strings.ReplaceAll(s[:len(s)-1], sign, "/") + s[len(s)-1:]; slashed != s && hibcForeign(slashed) < 0 && fits(slashed) {
			guesses = append(guesses, guess{slashed, t.at, true})
		}
	}
	if hibcForeign(s) >= 0 {
		return guesses
	}
	n := len(s) - 1
	wrong, none := guess{s[:n] + string(hibcCheck(s[:n])), t.at, false}, guess{s + string(hibcCheck(s)), t.at, false}
	guesses = append(guesses, guess{s + " ", t.at, true})
	if isPrimary(s) && primaryEnd(s) == n && onlyDigits(s[n:]) {
		return append(guesses, none, wrong) // it ends as one without its check character does
	}
	return append(guesses, wrong, none)
}

// hibcUnlinked is the text of a primary symbol and a linear secondary one behind
// it, where a slash stands between them or the primary has no check character;
// proved says that the secondary's link is the primary's check character. It is ""
// where the secondary's own check character does not hold.
func hibcUnlinked(s string) (text string, proved bool) {
	for i := 4 + 1 + 1; i < len(s)-hibcShortest; i++ {
		second := "+" + s[i+1:]
		if s[i] != '+' && s[i] != '/' || !isSecondary(second) || !hibcHolds(second) {
			continue
		}
		primary := s[:i]
		if s[i] == '+' || !isLonePrimary(primary) || !isLinked(second, primary[i-1]) {
			primary += string(hibcCheck(primary))
		}
		if !isLonePrimary(primary) {
			continue
		}
		link := primary[len(primary)-1]
		if isLinked(second, link) {
			return primary + second, true
		}
		if s[i] == '/' {
			second = second[:len(second)-2] + string(link)
			return primary + second + string(hibcCheck(second)), false
		}
	}
	return "", false
}

// unlikeHIBC lists the proved guesses of text that is built as no HIBC is. One is
// that a text of primary and secondary data lost the plus in front.
func unlikeHIBC(body string) []guess {
	if body == "" || len(body) > hibcLongest {
		return nil
	}
	if body[0] == '+' {
		return slices.DeleteFunc(hibcGuesses(body), func(g guess) bool { return !g.proved || g.text == body+" " })
	}
	if s := "+" + body; strings.Contains(body, "/") && hibcForeign(s) < 0 && fits(s) && isPrimary(s) {
		return []guess{{s, -1, true}}
	}
	return nil
}

// guess lists, of a damaged text that begins at lead of the cleaned text, what the
// guesses say: those that break no rule. What no check proves is only in Written.
func (m *Meaning) guess(guesses []guess, lead int, now time.Time) {
	if !m.Damaged() {
		return
	}
	for _, g := range guesses {
		c, ok := parseHIBC(g.text, now)
		if !ok || c.damaged() || c.device.IsZero() || len(m.Written) == mostGuesses {
			continue
		}
		if r, ok := m.list(c, lead+g.at); ok && g.proved {
			m.Readings = append(m.Readings, r)
		}
	}
	if len(m.Readings) > 0 && m.Kind == KindText {
		m.Kind, m.Device.Agency = KindDevice, AgencyHIBCC
	}
}

// isbtWritten lists what stands in an ISBT 128 text of which only a check is
// wrong, or the number of its data structures.
func (m *Meaning) isbtWritten(body string, lead int, now time.Time) {
	if !m.Damaged() {
		return
	}
	t := carrierText{raw: body, s: body, now: now, asWritten: true}
	t.form = formISBT
	t.structures()
	if !t.damaged() && !t.device.IsZero() {
		t.device.Agency = AgencyICCBBA
		m.list(t.content, lead)
	}
}

// list adds a reading to Written, unless one says the same device.
func (m *Meaning) list(c content, at int) (Reading, bool) {
	r := Reading{Device: c.device, Elements: []Element{}}
	if slices.ContainsFunc(m.Written, func(o Reading) bool { return o.Device == r.Device }) {
		return Reading{}, false
	}
	last := len(m.cleaned.Text)
	for _, e := range c.elements {
		if !e.Rejected {
			e.Offset = m.cleaned.Origin(max(0, min(at+e.Offset, last-len(e.Value))))
			r.Elements = append(r.Elements, e)
		}
	}
	m.Written = append(m.Written, r)
	return r, true
}

func (c content) damaged() bool {
	return slices.ContainsFunc(c.issues, func(i Issue) bool { return i.Severity == gs1.Hard.String() })
}
