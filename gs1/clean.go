package gs1

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Codes of the steps of Clean.
const (
	StepFraming    = "framing"          // line ends, STX, ETX, a byte order mark or spaces around the text
	StepSeparator  = "separator"        // something written where the separator was
	StepSeparators = "spare-separators" // separators in front of the first element, or more than one at a place
	StepIdentifier = "identifier"       // the AIM identifier with "}" for "]", or without its bracket
	StepCase       = "case"             // small letters for capitals and capitals for small letters
	StepBrackets   = "brackets"         // brackets around a number without an AI, other brackets, spaces between fields
	StepSpaces     = "spaces"           // spaces between groups of characters
	StepPercent    = "percent"          // the whole text percent-encoded
	StepScheme     = "scheme"           // a web address without its scheme, with the scheme in mixed case, or with words for AIs
	StepRepeated   = "repeated"         // the same text more than once
	StepLines      = "lines"            // several codes on lines of their own, one of them a number without an AI
	StepWidth      = "width"            // the wide letters, digits and brackets of East Asian keyboards
)

// maxCleaned is the longest text, in bytes, that more than framing is undone in:
// a symbol of the GS1 system holds less than a fifth of it.
const maxCleaned = 4096

// Step is one thing that Clean undid.
type Step struct {
	Code string // one of the Step constants; stable

	// Offset and Length are the bytes concerned in the input given to Clean; of
	// a step that was taken in several places, from the first to the last.
	Offset, Length int

	Message string // one plain sentence for the person who scanned
	Detail  string // one sentence for an engineer
}

// Cleaned is text with what scanners, cables and keyboards did to it undone.
type Cleaned struct {
	Text  string // for Parse
	Steps []Step // in the order in which they were taken; nil when nothing was

	at []int // for each byte of Text, and for its end, where it stood; nil: where it stands
}

// Origin returns where byte offset of Text stood in the input given to Clean. The
// end of Text may be asked for too.
func (c *Cleaned) Origin(offset int) int {
	if c.at == nil {
		return offset
	}
	return c.at[offset]
}

// Span is Origin for a run of bytes of Text.
func (c *Cleaned) Span(offset, length int) (start, n int) {
	start = c.Origin(offset)
	if length == 0 {
		return start, 0
	}
	return start, c.Origin(offset+length-1) + 1 - start
}

// Clean undoes what readers, cables and keyboards do to text on its way, where it
// is certain what that was, and names each step:
//
//   - Framing (CR, LF, STX, ETX, a byte order mark, spaces around) goes.
//   - Words for the separator ("<GS>", "{GS}", "[FNC1]", "\F", "^]", "\x1d", "%1D"
//     and others) become the separator.
//   - Text that was percent-encoded from its first character is decoded, and of
//     a text that was sent twice one is kept.
//   - The rest is tried only on text that Parse finds wrong, and kept only when
//     Parse then finds nothing wrong and a check digit proves it: a character
//     that no value can hold ("~", "|", "^", a space...) in place of the
//     separator, spare separators, a damaged AIM identifier, flipped case,
//     brackets around a bare number, marks between bracketed fields,
//     percent-encoding.
//
// Text that Parse takes as it is comes back untouched, but for framing, words
// for the separator, and a text sent twice. Where a separator is lost altogether,
// Clean does nothing: see Readings. Of text of the other agencies of UDIs, which
// begins with "+", "=" or "&", only that is undone which cannot be data of theirs:
// line ends, a text sent twice, and with ICCBBA the escapes of XML, spaces between
// data structures and small letters throughout. A space may be HIBCC's check
// character.
func Clean(input string, o Options) Cleaned {
	c := cleaner{o: o, text: input}
	c.framing()
	if c.text != "" && c.text[0] == '%' && len(c.text) <= maxCleaned {
		c.decoded()
	}
	if c.text == "" || len(c.text) > maxCleaned {
		return c.done()
	}
	if anotherAgency(c.text) {
		c.plusForBracket()
		c.ofAnotherAgency()
		return c.done()
	}
	c.separatorWords()
	c.spareSeparators()
	if c.text != "" {
		c.repeated()
	}
	if c.text != "" && c.broken() {
		c.undo(true)
	}
	return c.done()
}

// undone are the things that are tried on text that Parse finds wrong, in this
// order. Those of the whole text may hide another one beneath them.
var undone = []struct {
	try   func(*cleaner) bool
	whole bool
}{
	{(*cleaner).identifier, true}, {(*cleaner).standIns, false}, {(*cleaner).identifierInside, false}, {(*cleaner).caseFlipped, true},
	{(*cleaner).width, true}, {(*cleaner).lines, false}, {(*cleaner).brackets, false}, {(*cleaner).words, false}, {(*cleaner).spaces, false},
	{(*cleaner).percent, true}, {(*cleaner).scheme, true}, {(*cleaner).aliases, false},
}

// undo keeps the first thing that makes text of proven sense, or the first two
// of which one is of the whole text.
func (c *cleaner) undo(two bool) bool {
	for _, u := range undone {
		trial := c.copy()
		if u.try(&trial) && (trial.proven() || two && u.whole && trial.text != c.text && len(trial.text) <= longestSearched && trial.undo(false)) {
			*c = trial
			return true
		}
	}
	return false
}

// anotherAgency reports whether text, behind its AIM identifier, begins like the
// UDIs of HIBCC ("+", or "*" as printed) or ICCBBA ("=" or "&").
func anotherAgency(text string) bool {
	if len(text) > identifierLength && strings.IndexByte("]}", text[0]) >= 0 {
		text = text[identifierLength:]
	}
	return text != "" && strings.IndexByte("+*=&", text[0]) >= 0
}

// cleaner holds text on its way, and where each of its bytes came from.
type cleaner struct {
	o     Options
	text  string
	at    []int
	steps []Step
}

func (c *cleaner) done() Cleaned { return Cleaned{Text: c.text, Steps: c.steps, at: c.at} }

func (c *cleaner) copy() cleaner {
	return cleaner{c.o, c.text, append([]int(nil), c.at...), append([]Step(nil), c.steps...)}
}

// broken reports whether Parse finds something wrong beside what a company writes
// for itself (AIs 90 to 99), where spaces and marks may be its own.
func (c *cleaner) broken() bool {
	r := Parse(c.text, c.o)
	for i := range r.Issues {
		if ai := r.Issues[i].AI; r.Issues[i].Severity == Hard && (len(ai) != 2 || ai[0] != '9') {
			return true
		}
	}
	return false
}

// sound reports whether Parse finds nothing wrong.
func (c *cleaner) sound() bool { return Parse(c.text, c.o).Valid() }

// proven reports whether the text reads without a hard issue and, where no AIM
// identifier says that it is GS1 data or something is missing, has a value whose check digit holds.
// Without that, words of any kind could be made into elements.
func (c *cleaner) proven() bool {
	r := Parse(c.text, c.o)
	marked := r.Form == FormScanData && carrierOf(r.Symbology) == carrierAI && !slices.ContainsFunc(r.Issues, func(i Issue) bool { return i.Severity == Association })
	return r.Valid() && (marked || checked(r))
}

// checked reports whether an element has a check digit.
func checked(r *Result) bool {
	for e := range r.Elements() {
		row := lookup(string(e.AI))
		if row == nil {
			continue
		}
		for i := range row.parts {
			for _, l := range row.parts[i].lints {
				if l == lintCsum || l == lintCsumalpha {
					return true
				}
			}
		}
	}
	return false
}

// rewrite goes through the text once. Where match takes n bytes, with stands for
// them afterwards; n may be 0 only at the very start, to put something there. It
// returns the bytes of the input from the first place to the last, and what was
// taken first.
func (c *cleaner) rewrite(match func(i int) (n int, with string)) (offset, length int, word string) {
	var b strings.Builder
	at := make([]int, 0, len(c.text)+8)
	first, last := -1, 0
	put := func(i int, s string) {
		b.WriteString(s)
		for range len(s) {
			at = append(at, c.origin(i))
		}
	}
	for i := 0; i < len(c.text); {
		n, with := match(i)
		if n == 0 && with == "" {
			put(i, c.text[i:i+1])
			i++
			continue
		}
		if first < 0 {
			first, word = c.origin(i), c.text[i:i+n]
		}
		put(i, with)
		if n == 0 {
			last = first
			put(i, c.text[i:i+1])
			n = 1
		} else {
			last = c.origin(i+n-1) + 1
		}
		i += n
	}
	if first < 0 {
		return -1, 0, ""
	}
	c.at = append(at, c.origin(len(c.text)))
	c.text = b.String()
	return first, last - first, word
}

func (c *cleaner) origin(i int) int {
	if c.at == nil {
		return i
	}
	return c.at[i]
}

func (c *cleaner) step(code string, offset, length int, message, detail string) {
	c.steps = append(c.steps, Step{code, offset, length, message, detail})
}

const byteOrderMark = "\ufeff"

// framingWords are ways in which readers and people write the characters around
// a text, in small letters.
var framingWords = func() (words []string) {
	for _, name := range []string{"cr", "lf", "stx", "etx", "eot", "rs", "enter"} {
		words = append(words, "<"+name+">", "{"+name+"}", "["+name+"]")
	}
	return append(words, `\r`, `\n`, `\x0d`, `\x0a`, "%0d%0a")
}()

// opened takes the head of an envelope of ISO/IEC 15434 around element strings
// (format 05) off: "[)>", RS, "05" and GS, the control characters as they are or
// in words.
func opened(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, "[)>")
	for _, part := range [][]string{{"\x1e", "<rs>", "{rs}", "[rs]", "^^", `\x1e`, `\u001e`}, {"05"}, append([]string{string(Separator)}, separatorWords...)} {
		if !ok {
			return text, false
		}
		ok = false
		for _, w := range part {
			if len(rest) >= len(w) && strings.EqualFold(rest[:len(w)], w) {
				rest, ok = rest[len(w):], true
				break
			}
		}
	}
	return rest, ok
}

// framing takes off what stands around the text. Spaces and words for other
// characters stay around text that another agency may have written.
func (c *cleaner) framing() {
	was := c.text
	text := was
	for {
		trimmed := trimFraming(text)
		if len(trimmed) == len(text) {
			break
		}
		text = trimmed
	}
	if len(text) == len(was) {
		return
	}
	start := strings.Index(was, text)
	end := start + len(text)
	c.rewrite(func(i int) (int, string) {
		if i < start || i >= end {
			return 1, ""
		}
		return 0, ""
	})
	c.step(StepFraming, 0, len(was), "Line ends around the reading were left out.", "characters around the text were taken off")
}

// trimFraming takes one layer off.
func trimFraming(text string) string {
	const marks = "\r\n\x00\x02\x03\x04\x1e\t"
	text = strings.TrimLeft(text, marks+" "+byteOrderMark)
	if anotherAgency(text) {
		return strings.TrimRight(text, marks+byteOrderMark)
	}
	text = strings.TrimRight(text, marks+" "+byteOrderMark)
	if n := len(text) - 1; n > 0 && text[0] == '"' && text[n] == '"' {
		return text[1:n] // no field begins with one
	}
	if inside, ok := opened(text); ok {
		return inside
	}
	for _, w := range framingWords {
		if n := len(w); len(text) >= n && strings.EqualFold(text[:n], w) {
			return text[n:]
		} else if len(text) >= n && strings.EqualFold(text[len(text)-n:], w) {
			return text[:len(text)-n]
		}
	}
	return text
}

// separatorWords are ways in which readers and people write the separator, in
// small letters.
var separatorWords = []string{
	"<gs>", "{gs}", "[gs]", "(gs)", "<fnc1>", "{fnc1}", "[fnc1]", "(fnc1)", "<f1>", "{f1}", "[f1]", "<1d>", "{1d}", "[1d]", "<0x1d>", "[0x1d]",
	"&lt;gs&gt;", "&gs;", "_x001d_", `\f`, `\x1d`, `\u001d`, `\u{1d}`, `\035`, `\029`, `\gs`, "^]", "^fnc1", "~d029", "~029", "&#29;", "&#x1d;", "{alt029}", "\u241d",
}

// possibleWords could be part of a value, so they count only where an element
// follows.
var possibleWords = []string{"%1d", "=1d", "0x1d", "fnc1"}

// separatorWords turns words for the separator into it.
func (c *cleaner) separatorWords() {
	if c.text[0] == '(' && len(c.text) > 1 && c.text[1] >= '0' && c.text[1] <= '9' || isWebAddress(c.text) {
		return
	}
	offset, length, word := c.rewrite(func(i int) (int, string) {
		for _, w := range separatorWords {
			if len(c.text)-i >= len(w) && strings.EqualFold(c.text[i:i+len(w)], w) {
				return len(w), string(Separator)
			}
		}
		for _, w := range possibleWords {
			if n := len(w); len(c.text)-i > n && strings.EqualFold(c.text[i:i+n], w) {
				if _, row := lookupPrefix(c.text[i+n:]); row != nil {
					return n, string(Separator)
				}
			}
		}
		return 0, ""
	})
	if length > 0 {
		c.step(StepSeparator, offset, length, separatorMessage, "read "+quoted(word)+" as the separator")
	}
}

const separatorMessage = "The reader wrote something else for the separator between fields; it was read as the separator."

// spareSeparators leaves out separators in front of the first element, and all
// but one where several stand together.
func (c *cleaner) spareSeparators() {
	start := 0
	if c.text[0] == ']' && len(c.text) > identifierLength {
		start = identifierLength
	}
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		if i >= start && c.text[i] == Separator && (i == start || c.text[i-1] == Separator) {
			return 1, ""
		}
		return 0, ""
	})
	if length > 0 {
		c.step(StepSeparators, offset, length, "There were more separators than belong there; they were left out.", "separators before the first element or next to another")
	}
}

const identifierMessage = "The mark of the barcode's kind came damaged from the reader and was put right."

// identifier puts a damaged AIM identifier right: "}" for "]" from another
// keyboard, or no bracket at all. Any other mark in its place tells of a keyboard
// on which Y and Z may have changed places too, so that text with either letter
// is left alone.
func (c *cleaner) identifier() bool {
	first, size := utf8.DecodeRuneInString(c.text)
	rest := c.text[size:]
	switch {
	case first == '}', first == '[', first != ']' && first != '(' && !isLetterOrDigit(first) && !strings.ContainsAny(rest, "YZyz"):
		if len(rest) < 2 || carrierOf("]"+rest[:2]) != carrierAI && carrierOf("]"+flipCase(rest[:2])) != carrierAI {
			return false
		}
		c.replaceAt(0, size, "]")
		c.step(StepIdentifier, c.origin(0), size, identifierMessage, "read "+quoted(string(first))+" as ]")
	case len(c.text) > 2 && (carrierOf("]"+c.text[:2]) == carrierAI || carrierOf("]"+flipCase(c.text[:2])) == carrierAI):
		c.replaceAt(0, 0, "]")
		c.step(StepIdentifier, c.origin(0), 0, identifierMessage, "put ] before the identifier")
	default:
		return false
	}
	if !c.sound() {
		c.caseFlipped()
	}
	return true
}

func isLetterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// plusForBracket reads "+d2" as "]d2", as the keyboards of many countries have
// it. HIBC begins with a plus too, and has no small letters.
func (c *cleaner) plusForBracket() {
	if !strings.HasPrefix(c.text, "+d2") && !strings.HasPrefix(c.text, "+e0") {
		return
	}
	trial := c.copy()
	if !trial.identifier() {
		return
	}
	trial.separatorWords()
	trial.spareSeparators()
	if trial.proven() && checked(Parse(trial.text, c.o)) {
		*c = trial
	}
}

// mostKinds is how many characters are tried in place of the separator.
const mostKinds = 6

// standInWords are words that were written where the separator was, of
// characters that values may hold too.
var standInWords = []string{
	" GS ", "GS ", " GS", "[GS1]", "<GS1>", "{GS1}", "|FNC1|", "|GS|", "<29>", "[29]", "{29}", "(29)", "{GS", "<GS", "~1",
}

// standIns reads a word, or a character that no value can hold, which a reader
// sent or a keyboard typed, as the separator: one kind of it, then all together.
func (c *cleaner) standIns() bool {
	var there []string
	for _, r := range c.body() {
		if s := string(r); r != Separator && (r >= 0x80 || !csetX.has(byte(r))) && !slices.Contains(there, s) {
			there = append(there, s)
		}
	}
	if len(there) > mostKinds {
		return false
	}
	kinds := [][]string{}
	for _, w := range standInWords {
		if strings.Contains(c.body(), w) {
			kinds = append(kinds, []string{w})
		}
	}
	for _, s := range there {
		kinds = append(kinds, []string{s})
	}
	if len(there) > 1 {
		kinds = append(kinds, there)
	}
	for _, kind := range kinds {
		trial := c.copy()
		trial.separate(kind)
		trial.spareSeparators()
		if strings.HasSuffix(trial.text, string(Separator)) && !strings.HasSuffix(c.text, string(Separator)) {
			continue // nothing follows: it is as well a damaged end of the last value
		}
		if trial.proven() && !(kind[0] == " " && c.spacesAreNone(&trial)) {
			*c = trial
			return true
		}
	}
	return false
}

// spacesAreNone reports whether spaces that were read as separators may as well
// be spaces that people put between groups: without them the text makes sense
// too, and what they would part is not what packs have.
func (c *cleaner) spacesAreNone(parted *cleaner) bool {
	joined := c.copy()
	if !joined.leaveSpaces() || !joined.proven() {
		return false
	}
	r := Parse(parted.text, c.o)
	shortest := false
	for e := range r.Elements() {
		if rare, known := rarity[e.AI]; !known || rare > rarityUsual || shortest {
			return true
		}
		row := lookup(string(e.AI))
		shortest = !row.predefined && e.Length < 4
	}
	return false
}

// body is the text behind the AIM identifier.
func (c *cleaner) body() string {
	if c.text[0] == ']' {
		return c.text[min(identifierLength, len(c.text)):]
	}
	return c.text
}

// separate puts the separator in the place of each of the words.
func (c *cleaner) separate(words []string) {
	start := len(c.text) - len(c.body())
	offset, length, word := c.rewrite(func(i int) (int, string) {
		for _, w := range words {
			if i >= start && strings.HasPrefix(c.text[i:], w) {
				return len(w), string(Separator)
			}
		}
		return 0, ""
	})
	if length > 0 {
		c.step(StepSeparator, offset, length, separatorMessage, "read "+quoted(word)+" as the separator")
	}
}

// replaceAt puts with in the place of n bytes at i.
func (c *cleaner) replaceAt(i, n int, with string) {
	c.rewrite(func(at int) (int, string) {
		if at != i {
			return 0, ""
		}
		return n, with
	})
}

// identifierInside reads an AIM identifier in the middle of the text as the
// separator: some software writes "]C1" for FNC1, and two symbols may have run
// together.
func (c *cleaner) identifierInside() bool {
	was := len(c.steps)
	c.separate([]string{"]C1", "]d2", "]e0", "]Q3", "]J1"})
	c.spareSeparators()
	return len(c.steps) > was
}

// caseFlipped undoes caps lock, which turns capitals into small letters and small
// letters into capitals. Where the identifier alone is in the wrong case, a reader
// was told to send capitals, and the identifier alone is put right. Where letters
// of both kinds stand in the text nobody can tell, and nothing is done.
func (c *cleaner) caseFlipped() bool {
	if c.text[0] != ']' || len(c.text) < identifierLength || carrierOf(c.text[:identifierLength]) != carrierOther {
		return false
	}
	identifier := flipCase(c.text[:identifierLength])
	if carrierOf(identifier) != carrierAI {
		return false
	}
	capitals, small := false, false
	for _, b := range []byte(c.body()) {
		capitals = capitals || b >= 'A' && b <= 'Z'
		small = small || b >= 'a' && b <= 'z'
	}
	switch {
	case capitals && small:
		return false
	case small:
		c.text = flipCase(c.text)
		n := len(c.text)
		c.step(StepCase, c.origin(0), c.origin(n-1)+1-c.origin(0), "Small letters and capitals came exchanged from the reader and were put right.", "the AIM identifier is in the wrong case, so all letters were flipped")
	default:
		c.text = identifier + c.body()
		c.step(StepIdentifier, c.origin(0), identifierLength, identifierMessage, "the identifier alone is in the wrong case")
	}
	return true
}

// flipCase exchanges small letters and capitals.
func flipCase(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] >= 'a' && b[i] <= 'z' || b[i] >= 'A' && b[i] <= 'Z' {
			b[i] ^= 0x20
		}
	}
	return string(b)
}

// spaces leaves out the spaces that people put between groups, where they cannot
// be separators.
func (c *cleaner) spaces() bool {
	parted := c.copy()
	parted.separate([]string{" "})
	parted.spareSeparators()
	return !(parted.text != c.text && parted.text != "" && parted.proven()) && c.leaveSpaces()
}

func (c *cleaner) leaveSpaces() bool {
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		if c.text[i] == ' ' {
			return 1, ""
		}
		return 0, ""
	})
	if length == 0 {
		return false
	}
	c.step(StepSpaces, offset, length, "Spaces in the reading were left out.", "no value can hold a space")
	return true
}

// percent undoes percent-encoding of the whole text.
func (c *cleaner) percent() bool {
	if isWebAddress(c.text) || !c.decode() {
		return false
	}
	c.spareSeparators()
	return c.text != ""
}

// decoded undoes percent-encoding of text that begins with it: with the sign
// that begins data of an agency, or brackets, or an AIM identifier.
func (c *cleaner) decoded() {
	if s, ok := unescapeURI(c.text[:min(3, len(c.text))], false); !ok || len(s) != 1 || strings.IndexByte("+*=&([]", s[0]) < 0 {
		return
	}
	c.decode()
}

func (c *cleaner) decode() bool {
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		if i+2 < len(c.text) && c.text[i] == '%' {
			if s, ok := unescapeURI(c.text[i:i+3], false); ok && len(s) == 1 {
				return 3, s
			}
		}
		return 0, ""
	})
	if length > 0 {
		c.step(StepPercent, offset, length, "The reading came in the encoding of web addresses, which was undone.", "percent-encoding was undone")
	}
	return length > 0
}

// scheme completes a web address.
func (c *cleaner) scheme() bool {
	const message = "The beginning of the web address was put right."
	start := len(c.text) - len(c.body())
	if i := strings.Index(c.text, "://"); i > start && i < start+6 {
		c.replaceAt(start, i-start, strings.ToLower(c.text[start:i]))
		c.step(StepScheme, c.origin(start), i-start, message, "the scheme was put in small letters")
		return isWebAddress(c.body())
	}
	if host, _, ok := strings.Cut(c.text, "/"); !ok || !strings.Contains(host, ".") {
		return false
	}
	c.replaceAt(start, 0, "https://")
	c.step(StepScheme, c.origin(start), 0, message, "https:// was put before it")
	return true
}

// aliasAI are the words that the first versions of GS1 Digital Link allowed in the
// path for AIs.
var aliasAI = map[string]string{
	"gtin": "01", "cpv": "22", "lot": "10", "ser": "21", "sscc": "00", "itip": "8006", "gln": "414", "glnx": "254", "gmn": "8013", "grai": "8003", "giai": "8004",
	"gdti": "253", "gcn": "255", "ginc": "401", "gsin": "402", "gsrn": "8018", "gsrnp": "8017", "srin": "8019", "cpid": "8010", "cpsn": "8011", "party": "417", "refno": "8020",
}

// aliases reads those words as the AIs.
func (c *cleaner) aliases() bool {
	if !isWebAddress(c.body()) {
		return false
	}
	offset, length, word := c.rewrite(func(i int) (int, string) {
		if c.text[i] != '/' {
			return 0, ""
		}
		if n := strings.IndexByte(c.text[i+1:min(len(c.text), i+7)], '/'); n > 0 {
			if ai := aliasAI[c.text[i+1:i+1+n]]; ai != "" {
				return 1 + n, "/" + ai
			}
		}
		return 0, ""
	})
	if length > 0 {
		c.step(StepScheme, offset, length, "The web address had words for field numbers. They were read as these.", "read "+quoted(word)+" as an AI")
	}
	return length > 0
}

// quoted shows a character that may not be printable.
func quoted(s string) string {
	if r, _ := utf8.DecodeRuneInString(s); r < ' ' {
		return "a control character"
	}
	return `"` + s + `"`
}
