package registry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"implantrace/gs1"
	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Export is one that is made in runs. Each has its file; what is common to all
// (which records a run has, what keeps one back, what is new) is asked here.
type Export struct {
	ID    string // "njr"
	Title string
	Draft bool // the registry's own format is not published: nothing conforms to it yet
	// Sections are the parts of which a run chooses one; nil: there are none.
	Sections []string
	Monthly  bool // it is told by months, and not by periods
	Mapped   bool // its columns are those of a mapping, which each run names

	form    fileForm
	header  func(of exportScope) []string
	records func(of exportScope, c Case) []Record
	varying []int // the columns that differ from run to run and say nothing of the record
}

// ContentType is that of its files.
func (f Export) ContentType() string { return f.form.contentType }

// exportScope is what the rows of a form depend on beside the record.
type exportScope struct {
	section JointSection
	month   Month
	now     time.Time
	zone    *time.Location
}

// Record is what a registry is told of one device or one operation.
type Record struct {
	Procedure trace.ProcedureID
	Patient   trace.PatientID
	Usage     trace.UsageID // zero where it is of the whole procedure
	Side      trace.Side
	Start     time.Time // of the procedure
	Day       string    // likewise, in the hospital's calendar
	Name      string    // what it is of, as a person reads it
	Items     []Item    // every element, as it stands
	Problems  []Item    // what keeps the record back
	Lines     [][]string

	once     []string               // of each line a name, where a file has that line once only; "": always. nil: always, all
	numbered func(n int) [][]string // the lines, where the first says that it is the n-th of the file; nil: none says it
}

// Held reports whether the record is kept back.
func (r Record) Held() bool { return len(r.Problems) > 0 }

// Said is what the record says, without what differs from run to run.
func (f Export) said(r Record) string {
	var b strings.Builder
	for _, line := range r.Lines {
		for i, cell := range line {
			if !slices.Contains(f.varying, i) {
				b.WriteString(cell)
			}
			b.WriteByte(0)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Exports are the exports that are made in runs.
func Exports() []Export {
	return append([]Export{isoExport(), jointExport(), mdorExport(), deplcmExport(), mappedExport(nil)}, fhirExports()...)
}

// ExportNamed is the form of that id.
func ExportNamed(id string) (Export, bool) {
	all := Exports()
	if i := slices.IndexFunc(all, func(f Export) bool { return f.ID == id }); i >= 0 {
		return all[i], true
	}
	return Export{}, false
}

// newRecord is of one device; what only its form knows is added to it.
func newRecord(c Case, u trace.UsageInFull, zone *time.Location) Record {
	r := Record{Procedure: c.Procedure.ID, Patient: c.Procedure.Patient, Usage: u.Usage.ID, Start: c.Procedure.Start, Name: deviceName(u)}
	if !r.Start.IsZero() {
		r.Day = r.Start.In(zone).Format(time.DateOnly)
	}
	return r
}

func deviceName(u trace.UsageInFull) string {
	return cmp.Or(u.Product.Brand, u.Product.Description, u.Usage.Device.DI, "a device without an identifier")
}

// add takes an item in, and what it keeps back.
func (r *Record) add(i Item) {
	r.Items = append(r.Items, i)
	if i.Fails() {
		r.Problems = append(r.Problems, i)
	}
}

// damaged keeps back what a damaged code gave: a value that looks right may be
// wrong.
func (r *Record) damaged(u trace.UsageInFull) {
	if u.Usage.Damaged {
		r.Problems = append(r.Problems, Item{State: Incorrect, Fix: FixProcedure,
			Why: fmt.Sprintf("The code of %s was damaged, and what was recorded may be wrong. Compare it with the label and put it right.", deviceName(u))})
	}
}

// stands is an item that is there, is wrong, or is absent for the reason given.
func stands(e dictionary.Element, value string, err error, fix Fix, absent string) Item {
	i := Item{Element: e, Value: value, Fix: fix, State: Present}
	switch {
	case value == "":
		i.State, i.Why = Absent, absent
	case err != nil:
		i.State, i.Why = Incorrect, sentence(err)
	}
	return i
}

// numbered says why a value cannot be the identifier that it stands for.
func numbered(key, value string) (err error) {
	if value == "" {
		return nil
	}
	switch key {
	case keyNHS:
		if _, perr := udi.ParseNHSNumber(value); perr != nil {
			err = fmt.Errorf("it is no NHS number: its check digit does not hold")
		}
	case "device_identifier":
		if udi.AgencyOf(value) == udi.AgencyGS1 {
			if _, perr := gs1.ParseGTIN(value); perr != nil {
				err = fmt.Errorf("the device identifier fails its check")
			}
		}
	case "place_gln":
		if _, perr := gs1.ParseGLN(value); perr != nil {
			err = fmt.Errorf("the location number (GLN) fails its check")
		}
	}
	return err
}

// isoExport is ISO 16054. Its minimum data set tells no mandation apart: what it asks
// is required, and an identifier that fails its check keeps the record back.
func isoExport() Export {
	varying := slices.IndexFunc(columns, func(c struct {
		name string
		cell func(*row) string
	}) bool {
		return c.name == "exported_at"
	})
	return Export{ID: "iso16054", Title: "ISO 16054 minimum data set", form: csvForm(','), varying: []int{varying},
		header: func(exportScope) []string { return header() },
		records: func(of exportScope, c Case) (all []Record) {
			for _, u := range c.Usages {
				if leftOut(c.Procedure, u.Usage) != "" {
					continue
				}
				line := newRow(c.ProcedureInFull, u, Options{Generated: of.now, Location: of.zone})
				r := newRecord(c, u, of.zone)
				for _, a := range line.asked() {
					e := dictionary.Element{Key: strings.NewReplacer(" ", "_", "'", "").Replace(a.name), Name: a.name, Mandation: dictionary.Required}
					r.add(stands(e, a.value, nil, a.fix, "The record does not have it."))
				}
				for _, n := range []struct {
					key, name, value string
					fix              Fix
				}{
					{keyNHS, "NHS number", c.Identity.NHSNumber, FixPatient},
					{"device_identifier", "device identifier", u.Usage.Device.DI, FixProcedure},
					{"place_gln", "location number of the place", c.Procedure.Place.GLN, FixProcedure},
				} {
					r.add(stands(dictionary.Element{Key: n.key, Name: n.name, Mandation: dictionary.Optional}, n.value, numbered(n.key, n.value), n.fix, "The record does not have it."))
				}
				r.damaged(u)
				r.Lines = [][]string{line.cells()}
				all = append(all, r)
			}
			return all
		}}
}

// mdorExport is the Medical Device Outcome Registry's draft. The registry has
// published no mandation: what the categories of its notice need is required.
func mdorExport() Export {
	return Export{ID: "mdor", Title: "Medical Device Outcome Registry", Draft: true, form: csvForm(','),
		header: func(exportScope) []string { return mdorHeader() },
		records: func(of exportScope, c Case) (all []Record) {
			for _, u := range c.Usages {
				if leftOut(c.Procedure, u.Usage) == "" {
					all = append(all, mdorRecord(of, c, mdorRow{Case: c, usage: u}))
				}
			}
			if len(all) == 0 && !c.Procedure.Withdrawn {
				all = append(all, mdorRecord(of, c, mdorRow{Case: c, without: true}))
			}
			return all
		}}
}

func mdorRecord(of exportScope, c Case, line mdorRow) Record {
	r := newRecord(c, line.usage, of.zone)
	if line.without {
		r.Name = "no device"
	}
	for _, column := range mdorColumns {
		e := dictionary.Element{Key: column.name, Name: strings.ReplaceAll(column.name, "_", " "), Mandation: dictionary.Optional}
		if column.needed != 0 {
			e.Mandation = dictionary.Required
		}
		v := column.cell(&line)
		i := stands(e, v, numbered(column.name, v), mdorFix(column.name), "The record does not have it.")
		if v == "" && line.without && column.needed == 'd' {
			i.State, i.Why = NotApplicable, "No device went in."
		}
		r.add(i)
	}
	r.damaged(line.usage)
	cells, _ := line.cells()
	r.Lines = [][]string{cells}
	return r
}

// mdorFix says where a column is put right.
func mdorFix(column string) Fix {
	switch column {
	case keyNHS, "nhs_number_status", "local_patient_id", "family_name", "given_name", "birth_date", "postcode":
		return FixPatient
	case "site_ods", "operating_surgeon", "consultant":
		return FixDirectory
	case "manufacturer", "catalogue_number", "device_name":
		return FixCatalogue
	}
	return FixProcedure
}

// deplcmExport is a month of the Devices Patient Level Contract Monitoring. Of what
// the record never holds nothing keeps a record back.
func deplcmExport() Export {
	elements := deplcmElements()
	varying := len(deplcmBefore) + slices.IndexFunc(elements, func(e dictionary.Element) bool { return e.Key == keyCreated })
	return Export{ID: "deplcm", Title: "Devices Patient Level Contract Monitoring", Draft: true, Monthly: true, form: csvForm(','), varying: []int{varying},
		header: func(exportScope) []string { return deplcmHeader(elements) },
		records: func(of exportScope, c Case) (all []Record) {
			for _, u := range c.Usages {
				if leftOutOfMonth(of.month, c.Procedure, u.Usage) != "" {
					continue
				}
				r := newRecord(c, u, of.zone)
				values := deplcmValues(c, u, of.month, of.now)
				for _, e := range elements {
					v, kept := values[e.Key]
					fix, absent := FixPatient, "The record does not have it."
					switch {
					case !kept:
						fix, absent = FixOutside, "The record does not hold it: whoever holds the contract fills it in."
					case strings.HasPrefix(e.Key, "medical_device_serial"), strings.HasPrefix(e.Key, "medical_device_quantity"), strings.HasPrefix(e.Key, "clinical_intervention"):
						fix = FixProcedure
					case strings.HasPrefix(e.Key, "medical_device"):
						fix = FixCatalogue
					}
					r.add(stands(e, v, e.Check(v), fix, absent))
				}
				r.damaged(u)
				cells, _ := deplcmCells(elements, c, u, of.month, of.now)
				r.Lines = [][]string{cells}
				all = append(all, r)
			}
			return all
		}}
}

// jointExport is the National Joint Registry. Of a procedure of which nobody has said
// which operation it was, the run that its devices belong to says so; where they
// tell nothing, every run does.
func jointExport() Export {
	f := Export{ID: FormNJR, Title: "National Joint Registry", Draft: true, form: csvForm(','),
		header: func(of exportScope) []string { _, h := jointHeader(of.section); return h },
		records: func(of exportScope, c Case) (all []Record) {
			if c.Procedure.Withdrawn || !c.ofJoint() {
				return nil
			}
			elements, _ := jointHeader(of.section)
			looks, known := SectionOf(c.Usages)
			for _, j := range c.Records() {
				if j.Section.Name == "" && known && looks != of.section || j.Section.Name != "" && j.Section != of.section {
					continue
				}
				r := newRecord(c, trace.UsageInFull{}, of.zone)
				r.Side, r.Name, r.Items, r.Problems = j.Side, j.Section.Name, j.Items, j.Problems
				if r.Name == "" {
					r.Name = "an operation that nobody has named"
				}
				for _, k := range j.Components {
					r.Items = append(r.Items, k.Catalogue, k.Lot)
				}
				if !r.Held() {
					r.Lines = j.rows(elements)
				}
				all = append(all, r)
			}
			return all
		}}
	for _, s := range JointSections() {
		f.Sections = append(f.Sections, s.Name)
	}
	return f
}
