package catalogue

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Line is one row of a file, or why it is none.
type Line struct {
	Number int    // of its line in the file, from 1
	DI     string // as the file has it
	Row    trace.CatalogueRow
	Err    error // why the row is refused
}

const (
	lineMost        = 1 << 20 // bytes of a line
	nameMost        = 200     // bytes of a name or number
	descriptionMost = 2000    // bytes of a description: GUDID has up to 2,000 characters
)

// checked is a row that was read, in its fixed form.
func checked(r trace.CatalogueRow) (trace.CatalogueRow, error) {
	di, err := udi.ParseDI(r.DI)
	if err != nil {
		return r, trace.Errorf(trace.Invalid, "the device identifier is not right: %w", err)
	}
	r.DI = di
	for _, f := range []struct {
		what string
		at   *string
		most int
	}{{"the maker", &r.Maker, nameMost}, {"the maker's address", &r.MakerAddress, nameMost}, {"the brand", &r.Brand, nameMost},
		{"the catalogue number", &r.CatalogueNo, nameMost}, {"the description", &r.Description, descriptionMost}} {
		*f.at = strings.TrimSpace(*f.at)
		switch {
		case len(*f.at) > f.most:
			return r, trace.Errorf(trace.Invalid, "%s is longer than %d bytes", f.what, f.most)
		case !utf8.ValidString(*f.at):
			return r, trace.Errorf(trace.Invalid, "%s is not valid UTF-8", f.what)
		case strings.ContainsFunc(*f.at, func(c rune) bool { return unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp) }):
			return r, trace.Errorf(trace.Invalid, "%s has a character that cannot be printed", f.what)
		}
	}
	if r.Attributes, err = command.Attributes(r.Attributes); err != nil {
		return r, err
	}
	if r.Maker+r.Brand+r.CatalogueNo+r.Description == "" && r.Attributes.IsZero() {
		return r, trace.Errorf(trace.Invalid, "the row says nothing of the product")
	}
	return r, nil
}

// errLong means a line longer than any row.
var errLong = trace.Errorf(trace.Invalid, "the line is longer than a megabyte")

// lineReader reads lines of any length with bounded memory: one that is too long
// is passed over, and said.
type lineReader struct {
	from    *bufio.Reader
	at      int      // lines read
	waiting []string // read already, and to be given again
}

func newLineReader(r io.Reader) *lineReader {
	l := &lineReader{from: bufio.NewReaderSize(r, 1<<16)}
	if b, err := l.from.Peek(3); err == nil && string(b) == "\ufeff" {
		_, _ = l.from.Discard(3) // peeked: it is there
	}
	return l
}

// next gives a line without its end; errLong for one too long, io.EOF behind
// the last.
func (l *lineReader) next() (string, error) {
	var b []byte
	long := false
	for {
		part, err := l.from.ReadSlice('\n')
		if !long {
			b = append(b, part...)
		}
		if len(b) > lineMost {
			long, b = true, nil
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(b) > 0 || long), err == nil:
			l.at++
			if long {
				return "", errLong
			}
			return strings.TrimRight(string(b), "\r\n"), nil
		default:
			return "", err
		}
	}
}

// recordMost bounds a row of CSV that goes over several lines: a quote that is
// never closed would otherwise swallow the rest of the file.
const recordMost = 64 << 10

// record gives one row of CSV, which may have line ends within quotes, and the
// line it begins on. An error of kind Invalid is for that row alone: the next
// begins on the line after.
func (l *lineReader) record() (text string, at int, err error) {
	var all []string
	quotes, size := 0, 0
	for {
		var part string
		if len(l.waiting) > 0 {
			part, l.waiting = l.waiting[0], l.waiting[1:]
		} else if part, err = l.next(); err != nil && (len(all) == 0 || !errors.Is(err, io.EOF)) {
			return "", l.at, err
		}
		if err == nil {
			all = append(all, part)
			quotes += strings.Count(part, `"`)
			size += len(part)
		}
		begin := l.at - len(l.waiting) - len(all) + 1
		switch {
		case err != nil || size > recordMost && quotes%2 == 1:
			l.waiting = append(all[1:], l.waiting...)
			return "", begin, trace.Errorf(trace.Invalid, "a quote is not closed")
		case quotes%2 == 0:
			return strings.Join(all, "\n"), begin, nil
		}
	}
}
