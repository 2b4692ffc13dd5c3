package registry

import (
	"io"
	"iter"
	"slices"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
)

// JointReport says what became of every procedure that was handed in.
type JointReport struct {
	Procedures int          // handed in
	Other      int          // of them, no operation on a joint to all appearance: without a form, and without a component of one
	Withdrawn  int          // of them, withdrawn
	Records    []JointEntry // one a side, in the order in which they came
}

// JointEntry is one record in the report.
type JointEntry struct {
	JointRecord
	Code  trace.Code // of the procedure
	Place trace.Place
	Day   string // of the procedure
}

// Held are the records that are kept back.
func (r JointReport) Held() (n int) {
	for _, e := range r.Records {
		if e.Held() {
			n++
		}
	}
	return n
}

// Joints looks which records of the National Joint Registry the procedures make,
// and what each lacks. An error of procedures is returned with the report up to
// there.
func Joints(procedures iter.Seq2[Case, error]) (JointReport, error) {
	report := JointReport{Records: []JointEntry{}}
	for c, err := range procedures {
		if err != nil {
			return report, err
		}
		report.Procedures++
		switch {
		case c.Procedure.Withdrawn:
			report.Withdrawn++
			continue
		case !c.ofJoint():
			report.Other++
			continue
		}
		day := c.sources("")[keyDate].value
		for _, r := range c.Records() {
			report.Records = append(report.Records, JointEntry{JointRecord: r, Code: c.Procedure.Code, Place: c.Procedure.Place, Day: day})
		}
	}
	return report, nil
}

// ofJoint reports whether a procedure belongs to the registry: a form says so, or
// a component of a joint.
func (c Case) ofJoint() bool {
	if len(c.Forms) > 0 {
		return true
	}
	return slices.ContainsFunc(c.Usages, func(u trace.UsageInFull) bool {
		_, ok := SectionOf([]trace.UsageInFull{u})
		return ok
	})
}

// WriteJoints writes the whole records of one section as CSV, a row for each
// component: what the operation as a whole has stands in each of its rows. Those
// that are kept back are not in it, and are named by [Joints].
//
// # Form
//
// The National Joint Registry's container is not published, so this file is a
// draft: its columns are the elements of the NHS Data Dictionary ([dictionary.Release])
// by their keys, with the values in the formats and codes that it asks for. Before
// them stand the procedure's and the device's identifiers, behind them what a
// person must know ("flags") and the word "draft". RFC 4180 with CRLF line ends,
// UTF-8; formulas are guarded as in [WriteISO16054].
//
// An error of procedures cuts the file, with a last line that says so.
func WriteJoints(w io.Writer, section JointSection, procedures iter.Seq2[Case, error]) (rows int, err error) {
	elements, header := jointHeader(section)
	out := newCSVFile(w, header)
	for c, err := range procedures {
		if err != nil {
			return rows, out.cut("the National Joint Registry's file", rows, err)
		}
		out.begin()
		if c.Procedure.Withdrawn {
			continue
		}
		for _, r := range c.Records() {
			if r.Section != section || r.Held() {
				continue
			}
			for _, cells := range r.rows(elements) {
				if err := out.row(cells); err != nil {
					return rows, err
				}
				rows++
			}
		}
	}
	return rows, out.finish()
}

// jointHeader gives the elements of a file's columns, and its heading.
func jointHeader(section JointSection) (elements []dictionary.Element, header []string) {
	header = []string{"procedure_id", "usage_id", "section", "device_identifier"}
	for _, e := range section.Elements() {
		if e.Key != keyCatalogue && e.Key != keyLot {
			elements = append(elements, e)
			header = append(header, AnswerKey(e))
		}
	}
	return elements, append(header, keyCatalogue, keyLot, columnFlags, "status")
}

// rows are a record's lines: one a component, and one where there is none.
func (r JointRecord) rows(elements []dictionary.Element) (all [][]string) {
	values := make([]string, len(elements))
	for i := range elements {
		values[i] = r.Items[i].Value
	}
	components := r.Components
	if len(components) == 0 {
		components = []Component{{}} // a revision may leave nothing in
	}
	for _, k := range components {
		usage := ""
		if !k.Usage.IsZero() {
			usage = k.Usage.String()
		}
		cells := append([]string{r.Procedure.String(), usage, r.Section.Name, k.DI}, values...)
		cells = append(cells, k.Catalogue.Value, k.Lot.Value)
		flag := k.Flag
		for i, c := range cells {
			safe, _, guarded := safeCell(c)
			if cells[i] = safe; guarded {
				flag += map[bool]string{true: "; "}[flag != ""] + "guarded"
			}
		}
		all = append(all, append(cells, flag, "draft"))
	}
	return all
}
