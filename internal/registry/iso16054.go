package registry

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"implantrace/internal/trace"
)

// Options are what an export must be told.
type Options struct {
	// Generated is written into each row as exported_at; zero leaves it empty.
	Generated time.Time
	// Location is where the site's calendar days begin and end. Nil is
	// Europe/London, which needs the time zone data to be at hand.
	Location *time.Location
}

// Report says what became of every usage that was handed in.
type Report struct {
	Procedures int            // procedures handed in
	Rows       int            // usages that are rows
	Lacking    int            // of them, those that lack an item
	Incomplete []Incomplete   // the first [IncompleteMost] of these, in the order of the rows; each row names in the file what it lacks
	Left       map[string]int // usages that are not rows, counted by why; see the constants Left...
}

// IncompleteMost is how many rows a [Report] names: it is kept in memory, and an
// export of a million rows must not need more of it than one of a thousand.
const IncompleteMost = 1000

// Incomplete is a row that lacks something.
type Incomplete struct {
	Usage   trace.UsageID
	Missing []string // each begins with the letter of its item in ISO 16054, "g serial or lot number"
}

// Why a usage is no row. One that has another outcome than implanted or
// explanted is counted under the name of that status.
const (
	LeftWithdrawn          = "withdrawn"
	LeftProcedureWithdrawn = "withdrawn with its procedure"
	LeftChecked            = "no outcome recorded: checked"
	LeftOpened             = "no outcome recorded: opened"
	LeftNothingSaid        = "no outcome recorded"
)

// cutLine is the last line of a file that is cut. It has one cell, so a reader
// that holds to RFC 4180 (section 2, item 4: the same number of fields
// throughout) refuses the file, and a person sees why.
const cutLine = "EXPORT CUT HERE: ROWS ARE MISSING\r\n"

// WriteISO16054 writes the minimum data set of ISO 16054 (items a to j) as CSV:
// one row for each usage whose outcome is implanted or explanted, in the order
// in which they come. Rows are written as they come and nothing is kept but
// the report.
//
// # Form
//
// RFC 4180 with a header, CRLF line ends and UTF-8 without a byte order mark.
// Days are YYYY-MM-DD in o.Location; an expiry date is YYYY-MM where the label
// gives no day. Identifiers keep their leading zeros: open the file with its
// columns as text.
//
// A cell that begins with = + - @ TAB or CR, or with white space and then one of
// = + - @, gets a leading apostrophe, so that no spreadsheet takes it for a
// formula; so does one that begins with apostrophes and then one of these. To have the value back, take one
// apostrophe from a cell that begins with apostrophes and then one of these.
// Such rows have the flag "guarded". Control characters other than TAB, CR and
// LF, and bytes that are no UTF-8, are written as U+FFFD and flagged
// "characters replaced": the record still has them byte for byte.
//
// # Where the items come from
//
//   - a: the procedure's place. b: the day of its start, as the date of
//     implantation or of explantation according to the outcome; where no start
//     is recorded, the day of the usage, flagged.
//   - c: the first person whose role is surgeon; without one consultant;
//     without one clinician. Nobody else is taken for it.
//   - d: the family name and the initials of the given names, with the NHS
//     number and the local number beside them.
//   - e: maker and address from the product list, the only supplier the record knows.
//   - f: brand, description and catalogue number; the number on the label goes
//     before the one in the product list.
//   - g: serial and lot; beside them the DI, the expiry date and the UDI's
//     human readable form. h: the procedure's indication.
//   - i: the usage's anatomical location and the procedure's side.
//   - j: where an explanted device is kept. The record has no such field:
//     the column is empty and each explanted row lists item j as missing.
//
// A row says what happened in its own procedure. A device that was implanted
// and in a later procedure explanted is two rows.
//
// # Errors
//
// When the first thing that procedures gives is an error, nothing is written.
// A later one cuts the file: the rows before it stand, and a last line of a
// single cell says that it is cut. An error of w leaves whatever w took. In
// each case the error is returned with a report of the rows up to there;
// errors of procedures keep their [trace.ErrorKind]. Only a nil error means a
// whole file.
func WriteISO16054(w io.Writer, procedures iter.Seq2[trace.ProcedureInFull, error], o Options) (Report, error) {
	report := Report{Left: map[string]int{}}
	if o.Location == nil {
		london, err := time.LoadLocation("Europe/London")
		if err != nil {
			return report, fmt.Errorf("ISO 16054 export: the site's time zone is not known: %w", err)
		}
		o.Location = london
	}
	out := newCSVFile(w, header())
	for p, err := range procedures {
		if err != nil {
			return report, out.cut("ISO 16054 export", report.Rows, err)
		}
		out.begin()
		report.Procedures++
		for _, u := range p.Usages {
			if why := leftOut(p.Procedure, u.Usage); why != "" {
				report.Left[why]++
				continue
			}
			r := newRow(p, u, o)
			if err := out.row(r.cells()); err != nil {
				return report, fmt.Errorf("ISO 16054 export: %w", err)
			}
			report.Rows++
			if len(r.missing) > 0 {
				report.Lacking++
			}
			if len(r.missing) > 0 && len(report.Incomplete) < IncompleteMost {
				report.Incomplete = append(report.Incomplete, Incomplete{Usage: u.Usage.ID, Missing: r.missing})
			}
		}
	}
	if err := out.finish(); err != nil {
		return report, fmt.Errorf("ISO 16054 export: %w", err)
	}
	return report, nil
}

// leftOut says why a usage is no row, or "".
func leftOut(p trace.Procedure, u trace.Usage) string {
	switch {
	case u.Withdrawn:
		return LeftWithdrawn
	case p.Withdrawn:
		return LeftProcedureWithdrawn
	}
	switch u.Status {
	case trace.Implanted, trace.Explanted:
		return ""
	case trace.Checked:
		return LeftChecked
	case trace.Opened:
		return LeftOpened
	case "":
		return LeftNothingSaid
	}
	return u.Status.String()
}

// columns are the cells of a row and where each comes from, in their order.
var columns = []struct {
	name string
	cell func(*row) string
}{
	{"usage_id", func(r *row) string { return r.usage.ID.String() }},
	{"procedure_id", func(r *row) string { return r.procedure.ID.String() }},
	{"outcome", func(r *row) string { return string(r.usage.Status) }},
	// a
	{"place_name", func(r *row) string { return r.procedure.Place.Name }},
	{"place_gln", func(r *row) string { return r.procedure.Place.GLN }},
	{"place_gln_extension", func(r *row) string { return r.procedure.Place.Extension }},
	// b
	{"date_of_implantation", func(r *row) string { return r.dateIf(trace.Implanted) }},
	{"date_of_explantation", func(r *row) string { return r.dateIf(trace.Explanted) }},
	// c
	{"responsible_clinician", func(r *row) string { return r.clinician.Name }},
	{"responsible_clinician_code", func(r *row) string { return r.clinician.Code }},
	// d
	{"patient_family_name", func(r *row) string { return r.identity.Family }},
	{"patient_initials", func(r *row) string { return initials(r.identity.Given) }},
	{"patient_nhs_number", func(r *row) string { return r.identity.NHSNumber }},
	{"patient_local_number", func(r *row) string { return r.identity.LocalNumber }},
	{"patient_local_number_issuer", func(r *row) string { return r.identity.LocalIssuer }},
	// e
	{"supplier_name", func(r *row) string { return r.product.Maker }},
	{"supplier_address", func(r *row) string { return r.product.MakerAddress }},
	// f
	{"device_name", func(r *row) string { return r.product.Brand }},
	{"device_description", func(r *row) string { return r.product.Description }},
	{"catalogue_number", func(r *row) string { return r.catalogueNo }},
	// g
	{"device_identifier", func(r *row) string { return r.usage.Device.DI }},
	{"serial_number", func(r *row) string { return r.usage.Device.Serial }},
	{"lot_number", func(r *row) string { return r.usage.Device.Lot }},
	{"expiry_date", func(r *row) string { return r.usage.Device.Expiry.String() }},
	{"udi_human_readable", func(r *row) string { return r.usage.Device.HRF() }},
	// h
	{"indication", func(r *row) string { return r.procedure.Indication }},
	// i
	{"anatomical_location", func(r *row) string { return r.usage.Location }},
	{"side", func(r *row) string { return string(r.procedure.Side) }},
	// j
	{"explant_storage_location", func(*row) string { return "" }},
	// how far the row can be trusted
	{"provenance", func(r *row) string { return provenance(r.usage.Provenance) }},
	{columnFlags, func(r *row) string { return strings.Join(r.flags, "; ") }},
	{"missing", func(r *row) string { return strings.Join(r.missing, "; ") }},
	{"exported_at", func(r *row) string { return r.exported }},
}

const columnFlags = "flags"

func header() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}
