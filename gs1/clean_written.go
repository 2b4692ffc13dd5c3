package gs1

import (
	"strings"
	"unicode/utf8"
)

// Clean's steps for text that people wrote, or that passed through what people
// write with: brackets, words on lines, wide characters, a text sent twice.

// fewestRepeated is the shortest text, in bytes, that may have been sent twice:
// AI 01 and its GTIN.
const fewestRepeated = 16

// mostRepeated is how many times a text may have been sent in one.
const mostRepeated = 4

// repeated leaves out all but the first of several times that the same text was
// sent.
func (c *cleaner) repeated() bool {
	for times := 2; times <= mostRepeated; times++ {
		for gap := 0; gap <= 2; gap++ {
			n := (len(c.text)-gap*(times-1))/times + gap // of a text and the line end behind it
			if n < fewestRepeated+gap || n*times != len(c.text)+gap || c.text[n:] != c.text[:len(c.text)-n] || strings.Trim(c.text[n-gap:n], " \t\r\n\x1d") != "" {
				continue
			}
			once := c.copy()
			once.first(n - gap)
			read := Parse(once.text, c.o)
			if !once.proven() || !checked(read) {
				continue
			}
			if all := Parse(c.text, c.o); all.Valid() && sameKinds(all, read) {
				return false // every field stands there more than once, and nothing else
			}
			*c = once
			return true
		}
	}
	return false
}

// first leaves out all but the first n bytes, which the others repeat.
func (c *cleaner) first(n int) {
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		if i >= n {
			return 1, ""
		}
		return 0, ""
	})
	c.step(StepRepeated, offset, length, "The same code came more than once in one reading. It was taken once.", "what follows repeats the text before it")
}

// sameKinds reports whether each element of a is one of b too.
func sameKinds(a, b *Result) bool {
	for e := range a.Elements() {
		if v, ok := b.Value(e.AI); !ok || v != e.Value {
			return false
		}
	}
	return true
}

// width reads the wide characters of East Asian keyboards as the plain ones.
func (c *cleaner) width() bool {
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		if r, n := utf8.DecodeRuneInString(c.text[i:]); r >= 0xff01 && r <= 0xff5e {
			return n, string(r - 0xff01 + '!')
		}
		return 0, ""
	})
	if length == 0 {
		return false
	}
	c.step(StepWidth, offset, length, "The reading came in wide characters, which were read as plain ones.", "full-width forms were read as ASCII")
	c.separatorWords()
	return true
}

// lines reads codes of one pack that came on lines of their own, of which one is
// a number without an AI.
func (c *cleaner) lines() bool {
	if !strings.ContainsAny(c.text, "\r\n\t") {
		return false
	}
	bare := func(i int) string { // what stands before the GTIN that is the line at i
		line := c.text[i:]
		if n := strings.IndexAny(line, "\r\n\t"); n >= 0 {
			line = line[:n]
		}
		if gtin, err := ParseGTIN(line); err == nil {
			return "01" + strings.TrimSuffix(string(gtin), line)
		}
		return ""
	}
	end := func(i int) bool { return strings.IndexByte("\r\n\t", c.text[i]) >= 0 }
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		switch {
		case i == 0 && !end(i):
			return 0, bare(0)
		case end(i) && i+1 < len(c.text) && end(i+1):
			return 1, ""
		case end(i):
			return 1, string(Separator) + bare(i+1)
		}
		return 0, ""
	})
	if length == 0 {
		return false
	}
	c.step(StepLines, offset, length, "Several codes came in one reading, on lines of their own. They were put together.", "line ends were read as separators, a bare GTIN was given its AI")
	return true
}

// words reads AIs and values that people wrote apart, each as a word of its own.
func (c *cleaner) words() bool {
	words := strings.Fields(c.text)
	if len(words) < 4 || len(words)%2 != 0 || strings.ContainsAny(c.text, "()") {
		return false
	}
	for i := 0; i < len(words); i += 2 {
		if lookup(words[i]) == nil {
			return false
		}
	}
	n := 0
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		switch {
		case i == 0:
			return 0, "("
		case c.text[i] != ' ' || c.text[i-1] == ' ':
			if c.text[i] == ' ' {
				return 1, ""
			}
			return 0, ""
		}
		if n++; n%2 == 1 {
			return 1, ")"
		}
		return 1, "("
	})
	c.step(StepSpaces, offset, length, "The fields and their values were written apart. They were put together.", "words were read as AIs and values in turn")
	return true
}

// opening are the brackets that people write around AIs, closing the same at
// their places.
const (
	opening = "([{"
	closing = ")]}"
)

// bracketAI is the length of an AI in brackets at the beginning of s with the
// brackets, and 0 where there is none.
func bracketAI(s string) int {
	if s == "" || strings.IndexByte(opening, s[0]) < 0 {
		return 0
	}
	n := strings.IndexAny(s[:min(len(s), 6)], closing)
	if n < 3 || !digits(s[1:n]) || closing[strings.IndexByte(opening, s[0])] != s[n] {
		return 0
	}
	return n + 1
}

// longestHeading is how many bytes of words may stand before bracketed text.
const longestHeading = 16

// brackets puts text right that people write with brackets: a bare number inside
// them, square or curly ones, a lost first one, words or an AIM identifier before
// them, spaces and marks between the fields, a GTIN of fewer digits.
func (c *cleaner) brackets() bool {
	inner := strings.TrimSuffix(strings.TrimPrefix(c.text, "("), ")")
	if len(inner) == len(c.text)-2 && digits(inner) {
		if _, err := ParseGTIN(inner); err == nil {
			end := len(c.text)
			offset, length, _ := c.rewrite(func(i int) (int, string) {
				if i == 0 || i == end-1 {
					return 1, ""
				}
				return 0, ""
			})
			c.step(StepBrackets, offset, length, "The product number stood in brackets without a field number.", "read a GTIN inside brackets")
			return true
		}
	}
	if n := strings.IndexByte(c.text, ')'); n >= 2 && n <= 4 && digits(c.text[:n]) {
		c.replaceAt(0, 0, "(")
		c.step(StepBrackets, c.origin(0), 0, "A bracket was put before the first field.", "put ( before the first AI")
		if c.sound() {
			return true
		}
	}
	head := 0
	for head < len(c.text) && head <= longestHeading && bracketAI(c.text[head:]) == 0 {
		head++
	}
	if head == len(c.text) || head > longestHeading || digitIn(c.text[:head]) && c.text[0] != ']' {
		return false
	}
	kind := strings.IndexByte(opening, c.text[head])
	behind := c.behind(" \t\r\n,;|/\x1d")
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		switch b := c.text[i]; {
		case i < head, strings.IndexByte(" \t\r\n", b) >= 0:
			return 1, ""
		case strings.IndexByte(",;|/\x1d", b) >= 0 && bracketAI(c.text[behind(i):]) > 0:
			return 1, ""
		case b == opening[kind]:
			if n := bracketAI(c.text[i:]); n == 4 && c.text[i+1:i+3] == string(gtinAI) {
				if zeros := shortGTIN(c.text[i+n:]); zeros != "" {
					return n, "(01)" + zeros
				}
			}
			return changed(b, '(')
		case b == closing[kind]:
			return changed(b, ')')
		}
		return 0, ""
	})
	if length == 0 {
		return false
	}
	c.step(StepBrackets, offset, length, "The brackets, or what stood between the fields, were put right.", "words, spaces and marks were left out, other brackets were read as round ones, a GTIN was brought to 14 digits")
	return true
}

// behind returns a function that says where the run of marks at i ends. It is asked
// for growing i.
func (c *cleaner) behind(marks string) func(i int) int {
	end := 0
	return func(i int) int {
		if i >= end {
			end = len(c.text) - len(strings.TrimLeft(c.text[i:], marks))
		}
		return end
	}
}

// changed is what rewrite's match says of a byte that should be another one.
func changed(is, want byte) (n int, with string) {
	if is == want {
		return 0, ""
	}
	return 1, string(want)
}

func digitIn(s string) bool { return strings.ContainsAny(s, "0123456789") }

// shortGTIN is the zeros that the GTIN at the beginning of s lacks.
func shortGTIN(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if gtin, err := ParseGTIN(s[:n]); err == nil {
		return strings.TrimSuffix(string(gtin), s[:n])
	}
	return ""
}
