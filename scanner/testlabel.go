package scanner

import (
	"fmt"
	"strings"
	"time"
)

// The test label is a GS1 DataMatrix that is no device and nobody's: fields of the
// user's own (AI 98 and 99), with a separator between them, letters in both cases
// and those that trade places between keyboards.
const (
	testLetters = "aAqQzZwWyYmM"
	testDigits  = "0123456789"
	// testMark has the letters that every Latin keyboard has in one place, so that
	// the label is known however it was changed.
	testMark = "TESTPRINT"
)

// TestLabelElements are the elements of the test label, GS between them. Drawn
// with FNC1 in the first place, a handheld that is set right sends them with "]d2"
// before them.
const TestLabelElements = "98" + testLetters + testDigits + "\x1d99" + testMark

// TestLabelText is what it says, as people write it.
const TestLabelText = "(98)" + testLetters + testDigits + "(99)" + testMark

// LabelTest is what a handheld made of the test label.
type LabelTest struct {
	At     time.Time `json:"at"`
	Right  bool      `json:"right"`
	Faults []string  `json:"faults"` // in words, with what to do
}

// JudgeTestLabel says what a handheld did to the test label. ok is false for a
// text that is not the test label, changed or not.
func JudgeTestLabel(text string, at time.Time) (test LabelTest, ok bool) {
	mark := strings.Index(strings.ToUpper(text), testMark)
	if mark < 0 {
		return test, false
	}
	test = LabelTest{At: at, Faults: []string{}}
	if text == "]d2"+TestLabelElements {
		test.Right = true
		return test, true
	}
	fault := func(format string, args ...any) { test.Faults = append(test.Faults, fmt.Sprintf(format, args...)) }
	rest := text
	switch {
	case strings.HasPrefix(text, "]d2"):
		rest = text[3:]
	case strings.HasPrefix(text, "]C1"), strings.HasPrefix(text, "]Q3"):
		fault("It says that the label is of another kind (%s). Set its AIM identifiers to those of ISO/IEC 15424.", text[:3])
		rest = text[3:]
	case len(text) > 3 && text[0] == ']':
		fault("The FNC1 at the beginning is lost: it says %s and not ]d2. Set it to report FNC1.", text[:3])
		rest = text[3:]
	default:
		fault("It sends no AIM identifier. Switch it on.")
	}
	mark = strings.Index(strings.ToUpper(rest), testMark)
	before := rest[:max(mark, 0)]
	var letters strings.Builder
	for _, r := range before {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			letters.WriteRune(r)
		}
	}
	altered := false
	switch got, lower := letters.String(), strings.ToLower(letters.String()); {
	case lower == "aaqqyywwzzmm":
		fault("Y and Z have traded places: it takes the computer's keyboard for a German one. Set its keyboard to UK English, or use USB-COM.")
	case strings.HasPrefix(lower, "qqaawwzz"):
		fault("A and Q, and Z and W, have traded places: it takes the computer's keyboard for a French one. Set its keyboard to UK English, or use USB-COM.")
	case lower != strings.ToLower(testLetters):
		altered = true
	case got != testLetters:
		fault("It changes capital and small letters. Switch case conversion off.")
	}
	if got := rest[max(mark, 0):min(max(mark, 0)+len(testMark), len(rest))]; got != testMark && letters.String() == testLetters {
		fault("It changes capital and small letters. Switch case conversion off.")
	}
	// Between the digits and the second field stands the separator, and nothing else.
	if _, between, found := strings.Cut(before, testDigits); !found {
		fault("Digits come as something else: it takes the computer's keyboard for another. Use USB-COM, or set its keyboard to UK English.")
	} else {
		switch sep, whole := strings.CutSuffix(between, "99"); {
		case !whole:
			altered = true
		case sep == "":
			fault("The separator between two fields is lost. Set it to send GS (0x1D) for FNC1.")
		case sep != "\x1d":
			fault("It sends %q for the separator between two fields. Set it to send GS (0x1D) for FNC1.", sep)
		}
	}
	if end := mark + len(testMark); end < len(rest) {
		fault("It sends %q behind the text. Take its suffix away, or name it in the settings.", rest[end:])
	}
	if !strings.HasPrefix(rest, "98") {
		if i := strings.Index(rest, "98"); i > 0 {
			fault("It sends %q before the text. Take its prefix away, or name it in the settings.", rest[:i])
		} else {
			altered = true
		}
	}
	if altered || len(test.Faults) == 0 {
		fault("The text is changed on its way: %q. Set the handheld back to its factory settings, and then as the notes say.", text)
	}
	return test, true
}
