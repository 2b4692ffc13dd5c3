package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
)

// FormMapped is the id of runs by a mapping.
const FormMapped = "mapped"

// Mappings is a folder of mappings, from which runs take theirs by name: registry.yaml
// is the mapping "registry". Whoever may write there says what leaves.
type Mappings struct{ Dir string } // "": there is none

const mappingSuffix = ".yaml"

var mappingName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// ListedMapping is one of the folder.
type ListedMapping struct {
	File          string // its name
	Name, Version string // as it says
	Problem       string // why it cannot be used; "": it can
}

// List gives the folder's mappings by name. A folder that is not there has none.
func (m Mappings) List() (all []ListedMapping, err error) {
	if m.Dir == "" {
		return nil, nil
	}
	found, err := os.ReadDir(m.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		name, ok := strings.CutSuffix(f.Name(), mappingSuffix)
		if !ok || f.IsDir() || strings.HasPrefix(name, ".") {
			continue
		}
		one := ListedMapping{File: name}
		if _, scope, err := m.Read(name); err != nil {
			one.Problem = err.Error()
		} else {
			one.Name, one.Version = scope.Name, scope.Version
		}
		all = append(all, one)
	}
	return all, nil
}

// Read reads the mapping of that name, and says which it is. What is wrong with it is
// an error of kind [trace.Invalid].
func (m Mappings) Read(name string) (*Mapping, trace.RunMapping, error) {
	refuse := func(format string, args ...any) (*Mapping, trace.RunMapping, error) {
		return nil, trace.RunMapping{}, trace.Errorf(trace.Invalid, format, args...)
	}
	switch {
	case name == "":
		return refuse("Say which mapping the run goes by, as mapping: the name of a file in the folder of mappings, without %s.", mappingSuffix)
	case !mappingName.MatchString(name):
		return refuse("%q is no name of a mapping: letters, digits, dots and dashes, without %s.", short(name), mappingSuffix)
	case m.Dir == "":
		return refuse("This node has no folder of mappings: its settings name none.")
	}
	f, err := os.Open(filepath.Join(m.Dir, name+mappingSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return refuse("There is no mapping %q in the folder of mappings.", name)
	}
	if err != nil {
		return refuse("The mapping %q cannot be read: %w.", name, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, MappingMost+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return refuse("The mapping %q cannot be read: %w.", name, err)
	}
	is, err := ReadMapping(text)
	if err != nil {
		return nil, trace.RunMapping{}, fmt.Errorf("%s%s: %w", name, mappingSuffix, err)
	}
	if is.Format != formatCSV {
		return refuse("The mapping %q makes a workbook, which is whole only at its end. A run is kept as it is written: say format: csv, or take the workbook on the page of mappings.", name)
	}
	return is, trace.RunMapping{File: name, Name: is.Name, Version: is.Version, SHA256: sha256.Sum256(text)}, nil
}

// mappedExport is a run by a mapping; without one it only says that there are such runs.
func mappedExport(m *Mapping) Export {
	e := Export{ID: FormMapped, Title: "By a mapping", Mapped: true, form: csvForm(',')}
	if m == nil {
		return e
	}
	e.form = csvForm(m.Delimiter)
	e.header = func(exportScope) []string { return m.Headers() }
	numbered := false
	for i, c := range m.Columns {
		switch c.From {
		case fieldNumber:
			numbered = true
			e.varying = append(e.varying, i)
		case fieldExported:
			e.varying = append(e.varying, i)
		}
	}
	e.records = func(of exportScope, c Case) (all []Record) {
		for _, row := range m.of(c, map[string]int{}) {
			row.exported, row.number = of.now, 1
			fresh := *row
			made := m.row(row)
			r := newRecord(c, row.usage, of.zone)
			if row.without || m.Row == perProcedure {
				r.Name = "a procedure"
			}
			for i, cell := range made.Cells {
				column := &m.Columns[i]
				item := Item{Element: column.element(), Value: cell.Value, State: cell.State, Why: cell.Why, Fix: column.fix()}
				if item.State == Absent && row.without && column.field != nil && column.field.OfDevice {
					item.State, item.Why = NotApplicable, "No such device is recorded."
				}
				r.Items = append(r.Items, item)
			}
			for _, p := range made.Problems {
				problem := Item{State: p.State, Why: p.Why, Fix: p.Fix}
				if i := slices.IndexFunc(m.Columns, func(c MappedColumn) bool { return c.Header == p.Header }); i >= 0 {
					problem.Element = m.Columns[i].element()
				}
				r.Problems = append(r.Problems, problem)
			}
			r.Lines = [][]string{made.values()}
			if numbered {
				r.numbered = func(n int) [][]string {
					again := fresh
					again.number = n
					return [][]string{m.row(&again).values()}
				}
			}
			all = append(all, r)
		}
		return all
	}
	return e
}

func (c *MappedColumn) element() dictionary.Element {
	return dictionary.Element{Key: c.Header, Name: c.Header, Mandation: c.Required}
}
