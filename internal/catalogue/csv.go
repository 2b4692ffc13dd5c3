package catalogue

import (
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// names are the columns beside those of the attributes.
var names = []struct {
	column string
	at     func(*trace.CatalogueRow) *string
}{
	{"di", func(r *trace.CatalogueRow) *string { return &r.DI }},
	{"maker", func(r *trace.CatalogueRow) *string { return &r.Maker }},
	{"maker_address", func(r *trace.CatalogueRow) *string { return &r.MakerAddress }},
	{"brand", func(r *trace.CatalogueRow) *string { return &r.Brand }},
	{"catalogue_no", func(r *trace.CatalogueRow) *string { return &r.CatalogueNo }},
	{"description", func(r *trace.CatalogueRow) *string { return &r.Description }},
}

// Columns are the columns of the product's own CSV.
func Columns() []string {
	var all []string
	for _, n := range names {
		all = append(all, n.column)
	}
	for _, f := range trace.Fields() {
		all = append(all, f.Name)
	}
	return all
}

// ReadCSV reads the product's own CSV (RFC 4180, UTF-8, a header line, columns
// of [Columns] in any order, "di" among them) and gives its rows in the order of
// their identifiers. A row that cannot be read, and one whose identifier stands
// in an earlier row, is a Line with an Err. The error of the sequence is for the
// whole file: kind Invalid when it is no such CSV. dir is for what is sorted; ""
// is the system's.
func ReadCSV(from io.Reader, dir string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		lines := newLineReader(from)
		header, err := header(lines)
		if err != nil {
			yield(Line{}, err)
			return
		}
		columns, err := columnsOf(header)
		if err != nil {
			yield(Line{}, err)
			return
		}
		s, err := newSorter(dir)
		if err != nil {
			yield(Line{}, err)
			return
		}
		defer s.Close()
		di := slices.Index(header, "di")
		for {
			text, at, err := lines.record()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil && trace.KindOf(err) != trace.Invalid {
				yield(Line{}, err)
				return
			}
			if err == nil && text == "" {
				continue
			}
			var cells []string
			if err == nil {
				cells, err = split(text)
			}
			if err == nil && len(cells) != len(columns) {
				err = trace.Errorf(trace.Invalid, "the row has %d cells, the header %d", len(cells), len(columns))
			}
			if err != nil {
				if !yield(Line{Number: at, Err: err}, nil) {
					return
				}
				continue
			}
			if err := s.add(record{key: sortKey(cells[di]), line: at, text: text}); err != nil {
				yield(Line{}, err)
				return
			}
		}
		last := ""
		for rec, err := range s.sorted() {
			if err != nil {
				yield(Line{}, err)
				return
			}
			l := Line{Number: rec.line, DI: rec.key}
			cells, err := split(rec.text)
			if err != nil {
				yield(Line{}, err) // it was split before
				return
			}
			l.Row, l.Err = rowOf(cells, columns)
			switch {
			case l.Err == nil && l.Row.DI == last:
				l.Err = trace.Errorf(trace.Invalid, "an earlier row of the file has this device identifier too")
			case l.Err == nil:
				last = l.Row.DI
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

// setter puts a cell into a row.
type setter func(*trace.CatalogueRow, string) error

func columnsOf(header []string) ([]setter, error) {
	columns := make([]setter, len(header))
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if slices.Contains(header[:i], header[i]) {
			return nil, trace.Errorf(trace.Invalid, "The column %q stands twice.", header[i])
		}
		for _, n := range names {
			if n.column == header[i] {
				columns[i] = func(r *trace.CatalogueRow, s string) error { *n.at(r) = s; return nil }
			}
		}
		if f, ok := trace.FieldOf(header[i]); ok {
			columns[i] = func(r *trace.CatalogueRow, s string) error { return f.Set(&r.Attributes, s) }
		}
		if columns[i] == nil {
			return nil, trace.Errorf(trace.Invalid, "There is no column %q; the columns are %s.", header[i], strings.Join(Columns(), ", "))
		}
	}
	if !slices.Contains(header, "di") {
		return nil, trace.Errorf(trace.Invalid, "The file wants a header line with a column \"di\".")
	}
	return columns, nil
}

func rowOf(cells []string, columns []setter) (r trace.CatalogueRow, err error) {
	for i, cell := range cells {
		if err := columns[i](&r, unguarded(cell)); err != nil {
			return r, err
		}
	}
	return checked(r)
}

// guarded puts an apostrophe before what a spreadsheet would take for a formula,
// as "+21.5 D" is; unguarded takes it off.
func guarded(cell string) string {
	if first := strings.TrimLeft(cell, "' \t"); first != "" && strings.ContainsRune("=+-@", rune(first[0])) {
		return "'" + cell
	}
	return cell
}

func unguarded(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && guarded(rest) != rest {
		return rest
	}
	return cell
}

// header reads the first line that says something.
func header(lines *lineReader) ([]string, error) {
	for {
		text, _, err := lines.record()
		switch {
		case errors.Is(err, io.EOF):
			return nil, trace.Errorf(trace.Invalid, "The file is empty.")
		case err != nil:
			return nil, err
		case text != "":
			return split(text)
		}
	}
}

// split gives the cells of one row.
func split(text string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	cells, err := r.Read()
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		err = parse.Err
	}
	if err != nil {
		return nil, trace.Errorf(trace.Invalid, "the row is no CSV: %w", err)
	}
	return cells, nil
}

// sortKey is a device identifier such that its ways of being written stand
// together: a GTIN with its leading zeros.
func sortKey(cell string) string {
	key := unguarded(strings.TrimSpace(cell))
	if di, err := udi.ParseDI(key); err == nil {
		return di
	}
	return key
}

// WriteCSV writes products as [ReadCSV] reads them, with CRLF line ends, and
// gives how many.
func WriteCSV(to io.Writer, products iter.Seq2[trace.Product, error]) (n int, err error) {
	w := csv.NewWriter(to)
	w.UseCRLF = true
	if err := w.Write(Columns()); err != nil {
		return 0, err
	}
	cells := make([]string, 0, len(names)+len(trace.Fields()))
	for p, err := range products {
		if err != nil {
			w.Flush()
			return n, err
		}
		if p.Withdrawn {
			continue
		}
		cells = append(cells[:0], p.DI)
		for _, name := range names[1:] {
			cells = append(cells, guarded(p.Value(name.column)))
		}
		for _, f := range trace.Fields() {
			cells = append(cells, guarded(f.Get(p.Attributes)))
		}
		if err := w.Write(cells); err != nil {
			return n, err
		}
		n++
	}
	w.Flush()
	return n, w.Error()
}
