package scanner

import (
	"fmt"
	"slices"
	"strings"
)

// DefaultMaxReading is the longest text, in bytes, that is taken for a reading.
// The largest Data Matrix holds 2,335 letters and the largest QR code 7,089
// digits.
const DefaultMaxReading = 8191

// Terminator says what ends a reading. The zero value is CR, LF or CRLF,
// whichever comes.
type Terminator string

// The terminators.
const (
	EndAny  Terminator = ""     // CR, LF or CRLF; an empty line is no reading
	EndCR   Terminator = "cr"   // CR alone: LF inside a text is kept, and one before it left out
	EndLF   Terminator = "lf"   // LF alone: CR inside a text is kept, and one at its end left out
	EndCRLF Terminator = "crlf" // CR and LF together: either alone is kept
	EndETX  Terminator = "etx"  // ETX (0x03); where STX (0x02) comes, a text begins anew
	EndIdle Terminator = "idle" // as EndAny, and silence, which the line's reader tells by [Framer.Idle]
)

// Terminators lists them all.
func Terminators() []Terminator {
	return []Terminator{EndAny, EndCR, EndLF, EndCRLF, EndETX, EndIdle}
}

// Framing says how a stream of bytes is cut into readings. The zero value is
// right for a handheld as it comes: each reading ends in CR, LF or both.
type Framing struct {
	Terminator Terminator

	// Prefix and Suffix are what the handheld is set to send around each reading.
	// They are taken off. A text that lacks one of them is handed on as it is, and
	// counted.
	Prefix, Suffix string

	// Max is the longest text in bytes; 0: [DefaultMaxReading].
	Max int
}

// Check says what is wrong with a framing.
func (f Framing) Check() error {
	if !slices.Contains(Terminators(), f.Terminator) {
		return fmt.Errorf("%q ends no reading: it is cr, lf, crlf, etx or idle", string(f.Terminator))
	}
	if f.Max < 0 {
		return fmt.Errorf("the longest reading cannot be %d bytes", f.Max)
	}
	const longest = 32
	for _, part := range []string{f.Prefix, f.Suffix} {
		if len(part) > longest {
			return fmt.Errorf("a prefix or suffix has at most %d bytes", longest)
		}
		if strings.ContainsAny(part, f.ends()) {
			return fmt.Errorf("%q holds what ends a reading: it cannot be a prefix or suffix", part)
		}
	}
	return nil
}

// ends are the bytes that may end a reading.
func (f Framing) ends() string {
	switch f.Terminator {
	case EndCR:
		return "\r"
	case EndLF:
		return "\n"
	case EndETX:
		return "\x02\x03"
	}
	return "\r\n"
}

// A Framer cuts a stream of bytes into readings: a reading is what stands
// between two terminators. What stands between them is not changed, but for the
// framing's prefix and suffix: a NUL is kept too, because it is how a line says
// that a byte was damaged.
//
// The result does not depend on how the stream was split into calls of Feed.
// A Framer belongs to one goroutine.
type Framer struct {
	f        Framing
	text     []byte
	pairs    bool   // EndCRLF: the last byte was a CR that has not been put into the text
	overlong bool   // the text passed Max; drop what follows up to a terminator
	dropped  uint64 // texts dropped for their length
	begun    uint64 // texts that another began in the middle of
	unmarked uint64 // texts without their prefix or suffix
}

// NewFramer returns a Framer of readings that CR, LF or CRLF end, for texts of at
// most max bytes; 0 or less means [DefaultMaxReading].
func NewFramer(max int) *Framer { return Framing{Max: max}.Framer() }

// Framer returns a framer that cuts so. A Max of 0 or less means
// [DefaultMaxReading].
func (f Framing) Framer() *Framer {
	if f.Max <= 0 {
		f.Max = DefaultMaxReading
	}
	return &Framer{f: f}
}

// Feed takes the next bytes of the stream and returns the texts, in order,
// whose terminators are among them.
//
// A text longer than the limit is noise. It is dropped up to its terminator,
// so that no reading is ever the tail of something longer.
func (f *Framer) Feed(p []byte) []string {
	var texts []string
	for _, b := range p {
		if f.pairs {
			f.pairs = false
			if b == '\n' {
				texts = f.end(texts)
				continue
			}
			f.put('\r')
		}
		switch f.f.Terminator {
		case EndCR:
			switch {
			case b == '\r':
				texts = f.end(texts)
			case b != '\n' || len(f.text) > 0 || f.overlong:
				f.put(b)
			}
		case EndLF:
			if b != '\n' {
				f.put(b)
				continue
			}
			if n := len(f.text); n > 0 && f.text[n-1] == '\r' {
				f.text = f.text[:n-1]
			}
			texts = f.end(texts)
		case EndCRLF:
			if f.pairs = b == '\r'; !f.pairs {
				f.put(b)
			}
		case EndETX:
			switch {
			case b == 0x03:
				texts = f.end(texts)
			case b == 0x02:
				if len(f.text) > 0 { // its end never came
					f.begun++
				}
				f.text, f.overlong = f.text[:0], false
			case (b == '\r' || b == '\n') && len(f.text) == 0 && !f.overlong: // behind an ETX
			default:
				f.put(b)
			}
		default:
			if b == '\r' || b == '\n' {
				texts = f.end(texts)
			} else {
				f.put(b)
			}
		}
	}
	return texts
}

func (f *Framer) put(b byte) {
	switch {
	case f.overlong:
	case len(f.text) == f.f.Max:
		f.text = f.text[:0]
		f.overlong = true
		f.dropped++
	default:
		f.text = append(f.text, b)
	}
}

// end takes the text whose terminator has come.
func (f *Framer) end(texts []string) []string {
	if len(f.text) > 0 {
		text, found := string(f.text), true
		if p := f.f.Prefix; p != "" {
			text, found = strings.CutPrefix(text, p)
		}
		if s := f.f.Suffix; s != "" {
			var there bool
			text, there = strings.CutSuffix(text, s)
			found = found && there
		}
		if !found { // it is not what the handheld was set to send: nothing of it is taken off
			f.unmarked++
			text = string(f.text)
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	f.text = f.text[:0]
	f.overlong = false
	return texts
}

// Idle says that the line has been silent for as long as ends a reading. It
// returns the text that ends so; with any terminator but [EndIdle] there is none.
func (f *Framer) Idle() []string {
	if f.f.Terminator != EndIdle {
		return nil
	}
	return f.end(nil)
}

// Overlong counts the texts dropped because they were longer than the limit.
func (f *Framer) Overlong() uint64 { return f.dropped }

// Begun counts the texts dropped because another began (STX) before they ended.
func (f *Framer) Begun() uint64 { return f.begun }

// Unmarked counts the readings that came without the prefix or suffix of the
// framing, and were handed on as they came.
func (f *Framer) Unmarked() uint64 { return f.unmarked }

// Cut ends the stream in the middle: what has arrived without a terminator is
// dropped, and its length returned. The next byte fed starts a new text. The
// remains of a text already counted as overlong return 0.
func (f *Framer) Cut() int {
	n := len(f.text)
	if f.pairs && !f.overlong {
		n++
	}
	f.text = f.text[:0]
	f.overlong, f.pairs = false, false
	return n
}
