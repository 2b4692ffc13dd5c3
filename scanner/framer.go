package scanner

// DefaultMaxReading is the longest text, in bytes, that is taken for a reading.
// The largest Data Matrix holds 2,335 letters and the largest QR code 7,089
// digits.
const DefaultMaxReading = 8191

// A Framer cuts a stream of bytes into readings: a reading is what stands
// between two terminators. CR, LF and CRLF all end a reading. An empty line is
// no reading, so the LF of a CRLF ends nothing.
//
// The result does not depend on how the stream was split into calls of Feed.
// A Framer belongs to one goroutine.
type Framer struct {
	max      int
	text     []byte
	overlong bool   // the text passed max; drop what follows up to a terminator
	dropped  uint64 // texts dropped for their length
}

// NewFramer returns a Framer for texts of at most max bytes; 0 or less means
// [DefaultMaxReading].
func NewFramer(max int) *Framer {
	if max <= 0 {
		max = DefaultMaxReading
	}
	return &Framer{max: max}
}

// Feed takes the next bytes of the stream and returns the texts, in order,
// whose terminators are among them.
//
// A text longer than the limit is noise. It is dropped up to its terminator,
// so that no reading is ever the tail of something longer.
func (f *Framer) Feed(p []byte) []string {
	var texts []string
	for _, b := range p {
		switch {
		case b == '\r' || b == '\n':
			if len(f.text) > 0 {
				texts = append(texts, string(f.text))
			}
			f.text = f.text[:0]
			f.overlong = false
		case f.overlong:
		case len(f.text) == f.max:
			f.text = f.text[:0]
			f.overlong = true
			f.dropped++
		default:
			f.text = append(f.text, b)
		}
	}
	return texts
}

// Overlong counts the texts dropped because they were longer than the limit.
func (f *Framer) Overlong() uint64 { return f.dropped }

// Cut ends the stream in the middle: what has arrived without a terminator is
// dropped, and its length returned. The next byte fed starts a new text. The
// remains of a text already counted as overlong return 0.
func (f *Framer) Cut() int {
	n := len(f.text)
	f.text = f.text[:0]
	f.overlong = false
	return n
}
