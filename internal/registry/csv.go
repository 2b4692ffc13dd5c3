package registry

import (
	"bufio"
	"strings"
	"unicode"
)

// writeRecord writes one line of RFC 4180. The standard library's csv.Writer
// is not used: with CRLF line ends it drops a CR inside a cell, and a lot
// number would be joined where it was broken.
func writeRecord(w *bufio.Writer, cells []string) error {
	for i, c := range cells {
		if i > 0 {
			_ = w.WriteByte(',') // a bufio.Writer keeps its first error and gives it again below
		}
		if strings.ContainsAny(c, ",\"\r\n") || c != strings.TrimSpace(c) {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		_, _ = w.WriteString(c)
	}
	_, err := w.WriteString("\r\n")
	return err
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

// formula reports whether a spreadsheet may take a cell for one: some pass over
// white space first. Leading apostrophes do not count, so that a cell with one
// apostrophe more is one too, and the guard can be taken off again.
func formula(cell string) bool {
	rest := strings.TrimLeft(cell, "'")
	first := strings.TrimLeftFunc(rest, unicode.IsSpace)
	return rest != "" && strings.ContainsRune("\t\r", rune(rest[0])) || first != "" && strings.ContainsRune("=+-@", rune(first[0]))
}
