package registry

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
)

// DePLCMDraft names the form of [WriteDePLCM].
const DePLCMDraft = "DePLCM draft 1"

// Month is a month of the calendar, in a site's time zone.
type Month struct{ begin time.Time }

// ParseMonth reads YYYY-MM. An error is [trace.Invalid].
func ParseMonth(text string, zone *time.Location) (Month, error) {
	t, err := time.ParseInLocation("2006-01", text, zone)
	if err != nil {
		return Month{}, trace.Errorf(trace.Invalid, "Say which month, as YYYY-MM.")
	}
	return Month{t}, nil
}

// Period is from the first moment of the month until the first of the next.
func (m Month) Period() (from, to time.Time) { return m.begin, m.begin.AddDate(0, 1, 0) }

// Financial is the month of the financial year, which begins with April as month
// 1, and the year as the data dictionary writes it: "202627".
func (m Month) Financial() (month, year string) {
	y, n := m.begin.Year(), int(m.begin.Month())-3
	if n < 1 {
		y, n = y-1, n+12
	}
	return strconv.Itoa(n), fmt.Sprintf("%04d%02d", y, (y+1)%100)
}

// LeftOtherMonth says of a device that its procedure began in another month, or
// that nobody knows when.
const LeftOtherMonth = "procedure not in this month"

// DePLCMReport says what became of every device that was handed in.
type DePLCMReport struct {
	Rows       int
	Incomplete int            // rows that lack a mandatory element or hold one that is wrong
	Left       map[string]int // devices that are no rows, by why
}

// deplcmElements are the data set's elements in its order.
func deplcmElements() []dictionary.Element {
	set, _ := dictionary.Set("deplcm")
	return set.Elements
}

// deplcmBefore are the columns before the data set's.
var deplcmBefore = []string{"procedure_id", "usage_id", "device_identifier", "lot"}

// WriteDePLCM writes a month of the Devices Patient Level Contract Monitoring data
// set: a row for each device that was implanted in a procedure of the month, with
// all elements of the data dictionary ([dictionary.Release]) by their keys.
//
// The record does not know prices, contracts, commissioners, practices, tariff codes, gender and
// spells, nor which devices the tariff excludes: those who hold the contract
// choose the rows and fill them in. So no row is ever whole, none is kept back, and
// each says what it lacks: "missing_mandatory", "missing_required", and in
// "invalid" which values do not have the dictionary's form or code; the file is a draft, and
// says so in each row. A text that is too long is named, not cut. A lot never stands for
// a serial number: it has a column of its own before the data set's.
//
// The quantity is what the label says; without it 1, because a row is one device.
// The form is that of [WriteISO16054]. An error of procedures cuts the file.
func WriteDePLCM(w io.Writer, month Month, created time.Time, procedures iter.Seq2[Case, error]) (DePLCMReport, error) {
	report := DePLCMReport{Left: map[string]int{}}
	elements := deplcmElements()
	out := newCSVFile(w, deplcmHeader(elements))
	for c, err := range procedures {
		if err != nil {
			return report, out.cut("the file of Devices Patient Level Contract Monitoring", report.Rows, err)
		}
		out.begin()
		for _, u := range c.Usages {
			if why := leftOutOfMonth(month, c.Procedure, u.Usage); why != "" {
				report.Left[why]++
				continue
			}
			cells, whole := deplcmCells(elements, c, u, month, created)
			if !whole {
				report.Incomplete++
			}
			report.Rows++
			if err := out.row(cells); err != nil {
				return report, err
			}
		}
	}
	return report, out.finish()
}

func deplcmHeader(elements []dictionary.Element) []string {
	header := slices.Clone(deplcmBefore)
	for _, e := range elements {
		header = append(header, e.Key)
	}
	return append(header, columnFlags, "missing_mandatory", "missing_required", "invalid", "form")
}

// keyCreated is the element that differs from file to file.
const keyCreated = "date_and_time_data_set_created"

// leftOutOfMonth says why a usage is no row of the month, or "".
func leftOutOfMonth(m Month, p trace.Procedure, u trace.Usage) string {
	if why := leftOut(p, u); why != "" {
		return why
	}
	if u.Status != trace.Implanted {
		return u.Status.String()
	}
	if from, to := m.Period(); p.Start.Before(from) || !p.Start.Before(to) {
		return LeftOtherMonth
	}
	return ""
}

// deplcmValues are what the record knows, by the element's key.
func deplcmValues(c Case, u trace.UsageInFull, m Month, created time.Time) map[string]string {
	zone := m.begin.Location()
	month, year := m.Financial()
	return map[string]string{
		"financial_month":                     month,
		"financial_year":                      year,
		keyCreated:                            created.In(zone).Format("2006-01-02T15:04:05"),
		keyNHS:                                c.Identity.NHSNumber,
		"local_patient_identifier__extended_": c.Identity.LocalNumber,
		keyPostcode:                           c.Postcode,
		keyBirth:                              c.Identity.Birth,
		"age_at_activity_date__contract_monitoring_":                      age(c.Identity.Birth, c.Procedure.Start.In(zone)),
		"clinical_intervention_date__medical_device_implementation_":      c.Procedure.Start.In(zone).Format(time.DateOnly),
		"medical_device_manufacturer__high_cost_tariff_excluded_device_":  u.Product.Maker,
		"medical_device_name__high_cost_tariff_excluded_device_":          cmp.Or(u.Product.Brand, u.Product.Description),
		"medical_device_serial_number__high_cost_tariff_excluded_device_": u.Usage.Device.Serial,
		"medical_device_size__high_cost_tariff_excluded_device_":          u.Product.Attributes.Size,
		"medical_device_quantity__high_cost_tariff_excluded_device_":      cmp.Or(u.Usage.Device.Quantity, "1"),
	}
}

// age is in whole years on a day; "" where either is not known.
func age(birth string, on time.Time) string {
	b, err := time.Parse(time.DateOnly, birth)
	if err != nil || on.IsZero() {
		return ""
	}
	years := on.Year() - b.Year()
	if on.Month() < b.Month() || on.Month() == b.Month() && on.Day() < b.Day() {
		years--
	}
	if years < 0 {
		return ""
	}
	return strconv.Itoa(years)
}

func deplcmCells(elements []dictionary.Element, c Case, u trace.UsageInFull, m Month, created time.Time) (cells []string, whole bool) {
	values := deplcmValues(c, u, m, created)
	mandatory, required, invalid := deplcmLacks(elements, values)
	cells = []string{c.Procedure.ID.String(), u.Usage.ID.String(), u.Usage.Device.DI, u.Usage.Device.Lot}
	for _, e := range elements {
		cells = append(cells, values[e.Key])
	}
	var flags []string
	if u.Usage.Damaged {
		flags = append(flags, "damaged reading: a value may be wrong or missing")
	}
	if p := u.Usage.Provenance; p == trace.Imported || p == trace.Typed {
		flags = append(flags, provenance(p))
	}
	flags = append(flags, pickedFlags(u.Usage)...)
	if c.Identity.Sealed {
		flags = append(flags, "identity sealed")
	}
	var replaced, guarded []string
	for i, v := range cells {
		safe, r, g := safeCell(v)
		cells[i] = safe
		name := ""
		if before := len(deplcmBefore); i < before {
			name = deplcmBefore[i]
		} else {
			name = elements[i-before].Key
		}
		if r {
			replaced = append(replaced, name)
		}
		if g {
			guarded = append(guarded, name)
		}
	}
	if replaced != nil {
		flags = append(flags, "characters replaced: "+strings.Join(replaced, " "))
	}
	if guarded != nil {
		flags = append(flags, "guarded: "+strings.Join(guarded, " "))
	}
	for _, list := range [][]string{flags, mandatory, required, invalid} {
		cell, _, _ := safeCell(strings.Join(list, "; "))
		cells = append(cells, cell)
	}
	return append(cells, DePLCMDraft), len(mandatory) == 0 && len(invalid) == 0
}

// deplcmLacks names what is absent, by its mandation, and what is there and wrong.
func deplcmLacks(elements []dictionary.Element, values map[string]string) (mandatory, required, invalid []string) {
	for _, e := range elements {
		v := values[e.Key]
		switch {
		case v == "" && e.Mandation == dictionary.Mandatory:
			mandatory = append(mandatory, e.Key)
		case v == "" && e.Mandation == dictionary.Required:
			required = append(required, e.Key)
		case v != "":
			if err := e.Check(v); err != nil {
				invalid = append(invalid, e.Key+": "+err.Error())
			}
		}
	}
	return mandatory, required, invalid
}
