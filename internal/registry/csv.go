package registry

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// WriteLine writes one line of a table as files of registries have them; an error of
// w is kept and comes back with its Flush.
func WriteLine(w *bufio.Writer, cells ...string) { _ = writeRecord(w, ',', cells) }

// writeRecord writes one line of RFC 4180. The standard library's csv.Writer
// is not used: with CRLF line ends it drops a CR inside a cell, and a lot
// number would be joined where it was broken.
func writeRecord(w *bufio.Writer, delimiter byte, cells []string) error {
	for i, c := range cells {
		if i > 0 {
			_ = w.WriteByte(delimiter) // a bufio.Writer keeps its first error and gives it again below
		}
		if strings.ContainsAny(c, ",\"\r\n") || strings.IndexByte(c, delimiter) >= 0 || c != strings.TrimSpace(c) {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		_, _ = w.WriteString(c)
	}
	_, err := w.WriteString("\r\n")
	return err
}

// csvFile is the file of an export on its way out: its heading is written with the
// first procedure that is read, so that an export that fails before has written
// nothing. An error of the writer below is kept and comes back with finish.
type csvFile struct {
	out       *bufio.Writer
	header    []string
	delimiter byte
	begun     bool
}

func newCSVFile(w io.Writer, header []string) *csvFile {
	return &csvFile{out: bufio.NewWriterSize(w, 64<<10), header: header, delimiter: ','}
}

// begin writes the heading, once.
func (f *csvFile) begin() {
	if !f.begun {
		_ = writeRecord(f.out, f.delimiter, f.header) // a bufio.Writer gives its first error again
		f.begun = true
	}
}

func (f *csvFile) row(cells []string) error { return writeRecord(f.out, f.delimiter, cells) }

// cut ends a file whose procedures broke off with a line that says so, and gives
// the error that says where: after how many rows, and why.
func (f *csvFile) cut(name string, rows int, why error) error {
	err := fmt.Errorf("%s is cut after %d rows: %w", name, rows, why)
	if f.begun {
		_, _ = f.out.WriteString(cutLine) // an error of the writer comes again with Flush
		if werr := f.out.Flush(); werr != nil {
			err = fmt.Errorf("%w (and the end of the file could not be written: %w)", err, werr)
		}
	}
	return err
}

// finish ends a whole file; one without rows has its heading.
func (f *csvFile) finish() error {
	f.begin()
	return f.out.Flush()
}

// safeCell makes a value fit for a cell: characters that text cannot hold are
// replaced, and what a spreadsheet would take for a formula is guarded.
func safeCell(v string) (cell string, replaced, guarded bool) {
	cell = strings.ToValidUTF8(v, string(unicode.ReplacementChar))
	cell = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' && r != '\r' && r != '\n' {
			return unicode.ReplacementChar
		}
		return r
	}, cell)
	replaced = cell != v
	if formula(cell) {
		cell, guarded = "'"+cell, true
	}
	return cell, replaced, guarded
}

// Cell makes a value fit for a cell of a table: no spreadsheet takes it for a
// formula.
func Cell(v string) string {
	cell, _, _ := safeCell(v)
	return cell
}

// formula reports whether a spreadsheet may take a cell for one: some pass over
// white space first. Leading apostrophes do not count, so that a cell with one
// apostrophe more is one too, and the guard can be taken off again.
func formula(cell string) bool {
	rest := strings.TrimLeft(cell, "'")
	first := strings.TrimLeftFunc(rest, unicode.IsSpace)
	return rest != "" && strings.ContainsRune("\t\r", rune(rest[0])) || first != "" && strings.ContainsRune("=+-@", rune(first[0]))
}
