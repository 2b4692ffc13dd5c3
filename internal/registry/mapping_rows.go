package registry

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// MappedOptions are what an export by a mapping must be told.
type MappedOptions struct {
	Generated time.Time
	// Held is how many rows may be held back. One more ends the export: whoever
	// asks for the file has to know how many of its rows are missing.
	Held int
}

// MappedCell is one cell of a row, with what it was made from.
type MappedCell struct {
	Value  string // as it is written
	Record string // as the record has it
	State  State
	Why    string // where it is absent or invalid
}

// MappedProblem is a cell that keeps its row back.
type MappedProblem struct {
	Header string
	State  State
	Why    string
	Fix    Fix
}

// MappedRow is a row of the file, or one that is held back.
type MappedRow struct {
	Procedure trace.ProcedureID
	Usage     trace.UsageID // zero: the row is of a procedure
	Patient   trace.PatientID
	Day       string // of the procedure
	Cells     []MappedCell
	Lacking   []string // headers of required columns that are empty
	Guarded   bool
	Problems  []MappedProblem
}

// Held reports whether the row is held back.
func (r MappedRow) Held() bool { return len(r.Problems) > 0 }

// MappedReport says what became of every device or procedure that was handed in.
type MappedReport struct {
	Procedures int
	Rows       int            // that are written
	HeldBack   int            // rows that are not
	Held       []MappedRow    // the first [IncompleteMost] of them, without their cells
	Lacking    int            // rows that are written and lack something required
	LackingBy  map[string]int // how many, by header
	Unmarked   int            // rows of which a person must know something (typed, imported, corrected...) that no column of the file says
	Guarded    int            // rows with a cell that a spreadsheet would take for a formula
	Left       map[string]int // devices and procedures that are no rows, by why
}

// LeftNoDevice says of a procedure that it has no device of the outcomes that a
// mapping names.
const LeftNoDevice = "procedure without such a device"

// Filename is a name for the file that says what it is.
func (m *Mapping) Filename() string {
	name := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		}
		return '-'
	}, strings.ToLower(m.Name+"-"+m.Version))
	parts := strings.FieldsFunc(name, func(c rune) bool { return c == '-' })
	name = strings.Join(parts, "-")
	return cmp.Or(name[:min(len(name), 60)], "export") + "." + m.Format
}

// ContentType is what the file is.
func (m *Mapping) ContentType() string {
	if m.Format == formatXLSX {
		return sheet.XLSXType
	}
	return "text/csv; charset=utf-8; header=present"
}

// Headers are the file's first line.
func (m *Mapping) Headers() []string {
	all := make([]string, len(m.Columns))
	for i, c := range m.Columns {
		all[i] = c.Header
	}
	return all
}

// Write writes the file of a mapping: the rows that have what the mapping asks for,
// and no others. Those that are held back are in the report.
//
// CSV is written as it comes, in the form of [WriteISO16054] but for its delimiter;
// a workbook has its bounds ([sheet.Workbook]) and is written when it is whole. When procedures
// give an error, or more rows than o.Held are held back, the file is cut: a CSV
// ends with a line that says so, and of a workbook nothing is written.
func (m *Mapping) Write(w io.Writer, procedures iter.Seq2[Case, error], o MappedOptions) (MappedReport, error) {
	if m.Format == formatXLSX {
		return m.writeWorkbook(w, procedures, o)
	}
	out := newCSVFile(w, m.Headers())
	out.delimiter = m.Delimiter
	report, err := m.each(procedures, o, out.begin, func(r MappedRow) error {
		if r.Held() {
			return nil
		}
		return out.row(r.values())
	})
	if err != nil {
		return report, out.cut("the file of "+m.Name, report.Rows, err)
	}
	return report, out.finish()
}

func (m *Mapping) writeWorkbook(w io.Writer, procedures iter.Seq2[Case, error], o MappedOptions) (report MappedReport, err error) {
	book, err := sheet.NewWorkbook("Rows", o.Generated)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	if err := book.Row(m.Headers()); err != nil {
		return report, err
	}
	report, err = m.each(procedures, o, func() {}, func(r MappedRow) error {
		if r.Held() {
			return nil
		}
		err := book.Row(r.values())
		if errors.Is(err, sheet.ErrTooLarge) {
			return trace.Errorf(trace.TooLarge, "This is too much for a workbook: %w. Choose a shorter period, or format: csv.", err)
		}
		return err
	})
	if err != nil {
		return report, err
	}
	return report, book.Finish(w)
}

func (r MappedRow) values() []string {
	all := make([]string, len(r.Cells))
	for i, c := range r.Cells {
		all[i] = c.Value
	}
	return all
}

// Preview gives the first rows, held back or not, with what each cell was made
// from, and a report of all.
func (m *Mapping) Preview(procedures iter.Seq2[Case, error], first int, o MappedOptions) ([]MappedRow, MappedReport, error) {
	rows := []MappedRow{}
	o.Held = -1
	report, err := m.each(procedures, o, func() {}, func(r MappedRow) error {
		if len(rows) < first {
			rows = append(rows, r)
		}
		return nil
	})
	return rows, report, err
}

// WriteHeld writes all rows that are held back as a CSV, a line for each reason.
func (m *Mapping) WriteHeld(w io.Writer, procedures iter.Seq2[Case, error], o MappedOptions) (MappedReport, error) {
	out := newCSVFile(w, []string{"procedure_id", "usage_id", "day", "column", "state", "why"})
	o.Held = -1
	report, err := m.each(procedures, o, out.begin, func(r MappedRow) error {
		usage := ""
		if !r.Usage.IsZero() {
			usage = r.Usage.String()
		}
		for _, p := range r.Problems {
			cells := []string{r.Procedure.String(), usage, r.Day, p.Header, string(p.State), p.Why}
			for i, c := range cells {
				cells[i], _, _ = safeCell(c)
			}
			if err := out.row(cells); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return report, out.cut("the list of what is held back", report.Rows, err)
	}
	return report, out.finish()
}

// each makes every row of the procedures and counts it. begin is called with the
// first procedure that can be read.
func (m *Mapping) each(procedures iter.Seq2[Case, error], o MappedOptions, begin func(), take func(MappedRow) error) (MappedReport, error) {
	report := MappedReport{Held: []MappedRow{}, LackingBy: map[string]int{}, Left: map[string]int{}}
	for c, err := range procedures {
		if err != nil {
			return report, err
		}
		begin()
		report.Procedures++
		for _, of := range m.of(c, report.Left) {
			of.number, of.exported = report.Rows+1, o.Generated
			r := m.row(of)
			if r.Held() {
				report.HeldBack++
				if len(report.Held) < IncompleteMost {
					named := r
					named.Cells = nil
					report.Held = append(report.Held, named)
				}
				if o.Held >= 0 && report.HeldBack > o.Held {
					return report, trace.Errorf(trace.Conflict, "More than %d rows are held back, and would be missing from the file. Look at the preview: it names them. "+
						"Then say how many may be missing (held).", o.Held)
				}
			} else {
				report.Rows++
				if len(r.Lacking) > 0 {
					report.Lacking++
				}
				for _, h := range r.Lacking {
					report.LackingBy[h]++
				}
				if r.Guarded {
					report.Guarded++
				}
				if len(of.flags) > 0 && !m.flagged() {
					report.Unmarked++
				}
			}
			if err := take(r); err != nil {
				return report, err
			}
		}
	}
	return report, nil
}

// of are the rows that a procedure makes; what makes none is counted in left.
func (m *Mapping) of(c Case, left map[string]int) []*mappedRow {
	if c.Procedure.Withdrawn {
		left[LeftProcedureWithdrawn]++
		return nil
	}
	var devices []trace.UsageInFull
	for _, u := range c.Usages {
		switch {
		case u.Usage.Withdrawn:
			left[LeftWithdrawn]++
		case len(m.Outcomes) > 0 && !slices.Contains(m.Outcomes, u.Usage.Status):
			left[leftAs(u.Usage.Status)]++
		default:
			devices = append(devices, u)
		}
	}
	switch {
	case m.Row == perProcedure && len(devices) == 0 && len(m.Outcomes) > 0:
		left[LeftNoDevice]++
		return nil
	case m.Row == perProcedure:
		return []*mappedRow{{Case: c, devices: devices, without: len(devices) == 0}}
	case len(devices) == 0 && m.Without:
		return []*mappedRow{{Case: c, without: true}}
	case len(devices) == 0:
		left[LeftNoDevice]++
	}
	var rows []*mappedRow
	for _, u := range devices {
		rows = append(rows, &mappedRow{Case: c, usage: u})
	}
	return rows
}

// leftAs says why a device of this status is no row.
func leftAs(s trace.Status) string {
	switch s {
	case trace.Checked:
		return LeftChecked
	case trace.Opened:
		return LeftOpened
	case "":
		return LeftNothingSaid
	}
	return s.String()
}

// row makes a row's cells. The flags come last, because they say what had to be done to the
// others.
func (m *Mapping) row(of *mappedRow) MappedRow {
	r := MappedRow{Procedure: of.Procedure.ID, Usage: of.usage.Usage.ID, Patient: of.Procedure.Patient, Cells: make([]MappedCell, len(m.Columns))}
	if !of.Procedure.Start.IsZero() {
		r.Day = of.Procedure.Start.In(of.zone()).Format(time.DateOnly)
	}
	damaged := of.look()
	if damaged && m.Damaged == policyHold {
		r.Problems = append(r.Problems, MappedProblem{State: Incorrect, Fix: FixProcedure,
			Why: "The code of the device was damaged, and what was recorded may be wrong. Compare it with the label and put it right."})
	}
	var guarded []string
	for _, flags := range []bool{false, true} {
		if flags && len(guarded) > 0 {
			of.flags, r.Guarded = append(of.flags, "guarded: "+strings.Join(guarded, ", ")), true
		}
		for i := range m.Columns {
			c := &m.Columns[i]
			if (c.From == fieldFlags) != flags {
				continue
			}
			cell, wasGuarded := c.cell(of, m.Format)
			r.Cells[i] = cell
			if wasGuarded {
				guarded = append(guarded, c.Header)
				r.Guarded = true
			}
			asked := c.field == nil || !c.field.OfDevice || !of.without
			switch {
			case cell.State == Incorrect, cell.State == Absent && asked && c.Required == dictionary.Mandatory:
				r.Problems = append(r.Problems, MappedProblem{c.Header, cell.State, cell.Why, c.fix()})
			case cell.State == Absent && asked && c.Required == dictionary.Required:
				r.Lacking = append(r.Lacking, c.Header)
			}
		}
	}
	return r
}

func (c *MappedColumn) fix() Fix {
	if c.field == nil {
		return ""
	}
	return c.field.fix
}

// look flags what a person must know of a row, takes a sealed identity out of it,
// and reports whether the code of one of its devices was damaged.
func (r *mappedRow) look() (damaged bool) {
	of := r.devices
	if len(of) == 0 {
		of = []trace.UsageInFull{r.usage}
	}
	for _, u := range of {
		one := row{usage: u.Usage, procedure: r.Procedure, identity: r.Identity, product: u.Product}
		one.quality()
		one.patient()
		one.staff()
		one.device()
		if p := u.Usage.Provenance; p == trace.Imported || p == trace.Typed {
			one.flag("%s", provenance(p))
		}
		for _, f := range pickedFlags(u.Usage) {
			one.flag("%s", f)
		}
		if d := u.Usage.Device; d.Lot == "" && d.Serial != "" && len(r.devices) == 0 {
			one.flag("no lot is recorded, only a serial number")
		}
		for _, f := range one.flags {
			if !slices.Contains(r.flags, f) {
				r.flags = append(r.flags, f)
			}
		}
		damaged = damaged || u.Usage.Damaged
	}
	if r.Identity.Sealed {
		r.Identity = trace.Identity{Sealed: true}
		r.Postcode = ""
	}
	return damaged
}

// cell makes one cell of a row.
func (c *MappedColumn) cell(of *mappedRow, format string) (cell MappedCell, guarded bool) {
	if c.field == nil {
		if cell = (MappedCell{Value: c.Constant, State: Present}); c.Constant == "" {
			cell.State, cell.Why = Absent, "The mapping says nothing."
		}
		return cell, false
	}
	v := c.field.get(of)
	var err error
	switch c.field.Kind {
	case FieldDay, FieldTime:
		if cell.Record = v.day.String(); c.field.Kind == FieldTime && !v.at.IsZero() {
			cell.Record = v.at.In(of.zone()).Format(time.RFC3339)
		}
		cell.Value, err = c.written(v, of.zone())
	default:
		cell.Record, cell.Value, err = v.text, v.text, v.wrong
	}
	if strings.TrimSpace(cell.Value) == "" {
		cell.Value = ""
	}
	if err == nil && c.values != nil {
		theirs, ok := c.values[cell.Value]
		switch {
		case ok:
			cell.Value = theirs
		case cell.Value != "" && !c.keep:
			err = fmt.Errorf("the mapping has no value for %q", clipped(cell.Value))
		}
	}
	if err == nil && cell.Value != "" {
		err = c.fitting(cell.Value)
	}
	if err == nil && cell.Value != "" {
		safe, replaced, wasGuarded := safeCell(cell.Value)
		switch {
		case replaced:
			err = errors.New("it has a character that no file of text can hold")
		case format == formatCSV && wasGuarded: // a workbook says itself that a cell is text
			cell.Value, guarded = safe, true
			if c.Longest > 0 && utf8.RuneCountInString(safe) > c.Longest {
				err = fmt.Errorf("a spreadsheet takes it for a formula, and with the apostrophe that guards it it is longer than %d characters", c.Longest)
			}
		}
	}
	switch {
	case err != nil:
		cell.Value, cell.State, cell.Why, guarded = "", Incorrect, sentence(err), false
	case cell.Value == "":
		cell.State, cell.Why = Absent, c.absent(of)
	default:
		cell.State = Present
	}
	return cell, guarded
}

// absent says why there is nothing.
func (c *MappedColumn) absent(of *mappedRow) string {
	switch {
	case of.without && c.field.OfDevice:
		return "The row is of a procedure without a device."
	case of.Identity.Sealed && c.field.fix == FixPatient:
		return "The patient's identity is sealed."
	case c.field.fix == FixCatalogue:
		return fmt.Sprintf("The catalogue does not say it: %s.", c.field.Words)
	case c.field.fix == FixDirectory:
		return fmt.Sprintf("The directory does not say it: %s.", c.field.Words)
	}
	return fmt.Sprintf("The record does not have it: %s.", c.field.Words)
}

// fitting holds a value against what the column may have.
func (c *MappedColumn) fitting(v string) error {
	switch n := utf8.RuneCountInString(v); {
	case c.Longest > 0 && n > c.Longest:
		return fmt.Errorf("it has %d characters, and the column takes %d", n, c.Longest)
	case c.pattern != nil && !c.pattern.MatchString(v):
		return errors.New("it does not have the pattern that the mapping asks for")
	}
	return nil
}
