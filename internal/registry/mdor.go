package registry

import (
	"cmp"
	"io"
	"iter"
	"strings"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// MDORDraft names the form of [WriteMDOR]. The Medical Device Outcome Registry's
// list of fields is not published: this one follows the categories of its
// transparency notice, and conforms to nothing yet.
const MDORDraft = "MDOR draft 1"

// mdorRow is what a line of the file is made of: a device of a procedure, or a
// procedure in which no device went in.
type mdorRow struct {
	Case
	usage   trace.UsageInFull
	without bool
	flags   []string
}

// mdorColumns are the cells of a line and where each comes from. What is needed
// is named in "missing" where it is empty: needed by the notice's categories, and
// of the device only where there is one.
var mdorColumns = []struct {
	name   string
	needed byte // 'a': always, 'd': of a device, 0: not
	cell   func(*mdorRow) string
}{
	{"procedure_id", 'a', func(r *mdorRow) string { return r.Procedure.ID.String() }},
	{"usage_id", 'd', func(r *mdorRow) string {
		if r.without {
			return ""
		}
		return r.usage.Usage.ID.String()
	}},
	{"no_device", 0, func(r *mdorRow) string { return map[bool]string{true: "Y", false: "N"}[r.without] }},
	{"site_ods", 'a', func(r *mdorRow) string { return r.Site }},
	{"nhs_number", 'a', func(r *mdorRow) string { return r.Identity.NHSNumber }},
	{"nhs_number_status", 'a', (*mdorRow).numberStatus},
	{"local_patient_id", 0, func(r *mdorRow) string { return r.Identity.LocalNumber }},
	{"family_name", 'a', func(r *mdorRow) string { return r.Identity.Family }},
	{"given_name", 'a', func(r *mdorRow) string { return r.Identity.Given }},
	{"birth_date", 'a', func(r *mdorRow) string { return r.Identity.Birth }},
	{"postcode", 'a', func(r *mdorRow) string { return r.Postcode }},
	{"procedure_date", 'a', func(r *mdorRow) string { return r.at(time.DateOnly) }},
	{"procedure_time", 0, func(r *mdorRow) string { return r.at("15:04") }},
	{"procedure_code_system", 'a', func(r *mdorRow) string { return r.Procedure.Code.System }},
	{"procedure_code", 'a', func(r *mdorRow) string { return r.Procedure.Code.Code }},
	{"procedure_text", 0, func(r *mdorRow) string { return r.Procedure.Code.Text }},
	{"side", 0, func(r *mdorRow) string { return string(cmp.Or(r.usage.Usage.Side, r.Procedure.Side)) }},
	{"operating_surgeon", 'a', func(r *mdorRow) string { return r.Surgeon }},
	{"consultant", 0, func(r *mdorRow) string { return r.Consultant }},
	{"indication", 0, func(r *mdorRow) string { return r.Procedure.Indication }},
	{"device_identifier", 'd', func(r *mdorRow) string { return r.usage.Usage.Device.DI }},
	{"issuing_agency", 'd', func(r *mdorRow) string { return string(r.usage.Usage.Device.Agency) }},
	{"lot", 0, func(r *mdorRow) string { return r.usage.Usage.Device.Lot }},
	{"serial", 0, func(r *mdorRow) string { return r.usage.Usage.Device.Serial }},
	{"lot_or_serial", 'd', func(r *mdorRow) string { return cmp.Or(r.usage.Usage.Device.Lot, r.usage.Usage.Device.Serial) }},
	{"manufacture_date", 0, func(r *mdorRow) string { return r.usage.Usage.Device.Manufactured.String() }},
	{"expiry_date", 0, func(r *mdorRow) string { return r.usage.Usage.Device.Expiry.String() }},
	{"manufacturer", 'd', func(r *mdorRow) string { return r.usage.Product.Maker }},
	{"catalogue_number", 'd', func(r *mdorRow) string { return cmp.Or(r.usage.Usage.Device.CatalogueNo, r.usage.Product.CatalogueNo) }},
	{"device_name", 'd', func(r *mdorRow) string { return cmp.Or(r.usage.Product.Brand, r.usage.Product.Description) }},
	{"quantity", 0, func(r *mdorRow) string { return r.usage.Usage.Device.Quantity }},
	{"outcome", 'd', func(r *mdorRow) string { return string(r.usage.Usage.Status) }},
	{"body_site", 0, func(r *mdorRow) string { return r.usage.Usage.Location }},
}

// numberStatus is the NHS number status indicator of the data dictionary: traced,
// present and not traced, or to be traced.
func (r *mdorRow) numberStatus() string {
	switch {
	case r.Identity.NHSNumber == "":
		return "03"
	case r.Traced:
		return "01"
	}
	return "02"
}

func (r *mdorRow) at(layout string) string {
	if r.Procedure.Start.IsZero() {
		return ""
	}
	zone := r.Location
	if zone == nil {
		zone = time.UTC
	}
	return r.Procedure.Start.In(zone).Format(layout)
}

// MDORReport says what became of every procedure that was handed in.
type MDORReport struct {
	Procedures int
	Rows       int
	Without    int            // rows of procedures in which no device went in
	Incomplete int            // rows that lack something
	Left       map[string]int // devices that are no rows, by why
}

// WriteMDOR writes a draft for the Medical Device Outcome Registry: a row for each
// device that was implanted or explanted, and one, marked, for each procedure
// without such a device. What a row lacks is named in "missing", what a person
// must know in "flags". The form is that of [WriteISO16054]; each row ends with
// [MDORDraft].
func WriteMDOR(w io.Writer, procedures iter.Seq2[Case, error]) (MDORReport, error) {
	report := MDORReport{Left: map[string]int{}}
	out := newCSVFile(w, mdorHeader())
	for c, err := range procedures {
		if err != nil {
			return report, out.cut("the Medical Device Outcome Registry's file", report.Rows, err)
		}
		out.begin()
		report.Procedures++
		rows := 0
		row := func(r mdorRow) error {
			cells, whole := r.cells()
			if !whole {
				report.Incomplete++
			}
			report.Rows++
			rows++
			return out.row(cells)
		}
		for _, u := range c.Usages {
			if why := leftOut(c.Procedure, u.Usage); why != "" {
				report.Left[why]++
				continue
			}
			if err := row(mdorRow{Case: c, usage: u}); err != nil {
				return report, err
			}
		}
		if rows == 0 && !c.Procedure.Withdrawn {
			report.Without++
			if err := row(mdorRow{Case: c, without: true}); err != nil {
				return report, err
			}
		}
	}
	return report, out.finish()
}

func mdorHeader() (header []string) {
	for _, c := range mdorColumns {
		header = append(header, c.name)
	}
	return append(header, columnFlags, "missing", "form")
}

// cells are a row's, guarded; whole is false where it lacks something.
func (r *mdorRow) cells() (cells []string, whole bool) {
	if r.usage.Usage.Damaged {
		r.flags = append(r.flags, "damaged reading: a value may be wrong or missing")
	}
	if p := r.usage.Usage.Provenance; p == trace.Imported || p == trace.Typed {
		r.flags = append(r.flags, provenance(p))
	}
	r.flags = append(r.flags, pickedFlags(r.usage.Usage)...)
	if r.usage.Usage.Device.DI != "" && udi.AgencyOf(r.usage.Usage.Device.DI) == "" {
		r.flags = append(r.flags, "the device identifier is of no known agency")
	}
	var missing []string
	guarded := false
	for _, c := range mdorColumns {
		v := c.cell(r)
		if v == "" && (c.needed == 'a' || c.needed == 'd' && !r.without) {
			missing = append(missing, c.name)
		}
		safe, _, g := safeCell(v)
		guarded = guarded || g
		cells = append(cells, safe)
	}
	if guarded {
		r.flags = append(r.flags, "guarded")
	}
	return append(cells, strings.Join(r.flags, "; "), strings.Join(missing, "; "), MDORDraft), len(missing) == 0
}
