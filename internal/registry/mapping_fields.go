package registry

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"implantrace/gs1"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// FieldKind says what the values of a field are like.
type FieldKind string

// The kinds of field.
const (
	FieldText FieldKind = "text"
	FieldCode FieldKind = "code" // one of a few words of ours
	FieldDay  FieldKind = "day"
	FieldTime FieldKind = "time"
)

// MappedField is something that the record says of a row, by the name under which
// a mapping asks for it.
type MappedField struct {
	Name        string
	Words       string // what it is
	Kind        FieldKind
	Codes       []string // of FieldCode: all that it may be
	OfDevice    bool     // it is of the one device that a row is of
	OfProcedure bool     // it is of all devices of the procedure that a row is of
	fix         Fix
	get         func(*mappedRow) recorded
}

// recorded is what the record has: a text, a day or a time.
type recorded struct {
	text  string
	day   udi.Date
	at    time.Time
	wrong error // it is there, and must not go out
}

// mappedRow is what the cells of a row are made of.
type mappedRow struct {
	Case
	usage    trace.UsageInFull   // of a row of a device
	devices  []trace.UsageInFull // of a row of a procedure
	without  bool                // the row is of a procedure without a device
	number   int
	exported time.Time
	flags    []string
}

func (r *mappedRow) zone() *time.Location {
	if r.Location == nil {
		return time.UTC
	}
	return r.Location
}

// Names of fields that the mapping as a whole is held against.
const (
	fieldFlags    = "row.flags"
	fieldNumber   = "row.number"
	fieldExported = "row.exported"
	fieldEither   = "device.lot_or_serial"
)

// MappedFields is every field that a mapping may ask for, in the order of
// docs/mapping.md.
func MappedFields() []MappedField { return slices.Clone(mappedFields) }

var mappedFields = fieldList()

func mappedField(name string) (*MappedField, bool) {
	i := slices.IndexFunc(mappedFields, func(f MappedField) bool { return f.Name == name })
	if i < 0 {
		return nil, false
	}
	return &mappedFields[i], true
}

// nearest names the fields that may have been meant.
func nearest(name string) string {
	group, _, _ := strings.Cut(name, ".")
	var of, groups []string
	for _, f := range mappedFields {
		g, _, _ := strings.Cut(f.Name, ".")
		if g == group {
			of = append(of, f.Name)
		}
		if !slices.Contains(groups, g+".") {
			groups = append(groups, g+".")
		}
	}
	if len(of) == 0 {
		return "; names begin with " + strings.Join(groups, ", ")
	}
	return "; there are " + strings.Join(of, ", ")
}

func fieldList() []MappedField {
	var all []MappedField
	add := func(f MappedField) { all = append(all, f) }
	text := func(fix Fix, name, words string, get func(*mappedRow) string) {
		add(MappedField{Name: name, Words: words, Kind: FieldText, fix: fix, get: func(r *mappedRow) recorded { return recorded{text: get(r)} }})
	}
	checked := func(fix Fix, name, words string, get func(*mappedRow) string, wrong func(string) error) {
		add(MappedField{Name: name, Words: words, Kind: FieldText, fix: fix, get: func(r *mappedRow) recorded {
			v := recorded{text: get(r)}
			if v.text != "" {
				v.wrong = wrong(v.text)
			}
			return v
		}})
	}
	code := func(fix Fix, name, words string, codes []string, get func(*mappedRow) string) {
		add(MappedField{Name: name, Words: words, Kind: FieldCode, Codes: codes, fix: fix, get: func(r *mappedRow) recorded { return recorded{text: get(r)} }})
	}
	clock := func(name, words string, get func(*mappedRow) time.Time) {
		add(MappedField{Name: name, Words: words, Kind: FieldTime, fix: FixProcedure, get: func(r *mappedRow) recorded { return recorded{at: get(r)} }})
	}
	sides := listOf(trace.Sides())

	checked(FixPatient, "patient.nhs_number", "NHS number, ten digits", func(r *mappedRow) string { return r.Identity.NHSNumber }, func(v string) error {
		if _, err := udi.ParseNHSNumber(v); err != nil {
			return errors.New("it is no NHS number: its check digit does not hold")
		}
		return nil
	})
	code(FixPatient, "patient.nhs_number_status", "01 traced, 02 not traced, 03 no number", []string{"01", "02", "03"}, func(r *mappedRow) string { return (&mdorRow{Case: r.Case}).numberStatus() })
	text(FixPatient, "patient.local_number", "the hospital's own number", func(r *mappedRow) string { return r.Identity.LocalNumber })
	text(FixPatient, "patient.local_issuer", "organisation code of whoever gave that number", func(r *mappedRow) string { return r.Identity.LocalIssuer })
	text(FixPatient, "patient.family", "family name", func(r *mappedRow) string { return r.Identity.Family })
	text(FixPatient, "patient.given", "given names", func(r *mappedRow) string { return r.Identity.Given })
	text(FixPatient, "patient.initials", "initials of the given names", func(r *mappedRow) string { return initials(r.Identity.Given) })
	add(MappedField{Name: "patient.birth", Words: "date of birth", Kind: FieldDay, fix: FixPatient, get: func(r *mappedRow) recorded {
		return recorded{day: udi.Date{Day: r.Identity.Birth, Precision: udi.PrecisionDay}}
	}})
	text(FixPatient, "patient.age", "whole years on the day of the procedure", func(r *mappedRow) string {
		if r.Procedure.Start.IsZero() {
			return ""
		}
		return age(r.Identity.Birth, r.Procedure.Start.In(r.zone()))
	})
	text(FixPatient, "patient.postcode", "postcode of the last address that a trace gave", func(r *mappedRow) string { return r.Postcode })
	text(FixPatient, "patient.id", "the record's own id of the patient", func(r *mappedRow) string {
		if r.Procedure.Patient.IsZero() {
			return ""
		}
		return r.Procedure.Patient.String()
	})

	text(FixProcedure, "procedure.id", "the record's own id of the procedure", func(r *mappedRow) string { return r.Procedure.ID.String() })
	clock("procedure.start", "when it began, in the hospital's own time", func(r *mappedRow) time.Time { return r.Procedure.Start })
	clock("procedure.end", "when it ended", func(r *mappedRow) time.Time { return r.Procedure.End })
	text(FixProcedure, "procedure.code_system", "system of its code, such as OPCS-4", func(r *mappedRow) string { return r.Procedure.Code.System })
	text(FixProcedure, "procedure.code", "its code", func(r *mappedRow) string { return r.Procedure.Code.Code })
	text(FixProcedure, "procedure.text", "what it is in words", func(r *mappedRow) string { return r.Procedure.Code.Text })
	code(FixProcedure, "procedure.side", "side of the procedure", sides, func(r *mappedRow) string { return string(r.Procedure.Side) })
	text(FixProcedure, "procedure.indication", "indication", func(r *mappedRow) string { return r.Procedure.Indication })
	code(FixProcedure, "procedure.latex_allergy", "whether the patient has a latex allergy", listOf([]trace.Answer{trace.Yes, trace.No}), func(r *mappedRow) string { return string(r.Procedure.LatexAllergy) })

	text(FixProcedure, "place.name", "name of the place", func(r *mappedRow) string { return r.Procedure.Place.Name })
	checked(FixProcedure, "place.gln", "global location number of the place", func(r *mappedRow) string { return r.Procedure.Place.GLN }, func(v string) error {
		if _, err := gs1.ParseGLN(v); err != nil {
			return errors.New("it is no GLN: its check digit does not hold")
		}
		return nil
	})
	text(FixProcedure, "place.gln_extension", "extension of that number", func(r *mappedRow) string { return r.Procedure.Place.Extension })
	text(FixDirectory, "place.site_ods", "organisation code of the site, from the directory", func(r *mappedRow) string { return r.Site })

	for _, role := range []string{"surgeon", "consultant", "anaesthetist", "scrub"} {
		text(FixProcedure, "people."+role, "everybody with the role "+role+", parted by \"; \"", func(r *mappedRow) string {
			var names []string
			for _, p := range r.Procedure.People {
				if strings.EqualFold(strings.TrimSpace(p.Role), role) {
					names = append(names, cmp.Or(p.Name, p.Code))
				}
			}
			return strings.Join(names, "; ")
		})
	}
	text(FixDirectory, "people.surgeon_gmc", "C and the GMC number of the first surgeon whom the directory gives one", func(r *mappedRow) string { return r.Surgeon })
	text(FixDirectory, "people.consultant_gmc", "the same of a consultant", func(r *mappedRow) string { return r.Consultant })

	procedure := len(all)
	text(FixProcedure, "device.id", "the record's own id of the device's use", func(r *mappedRow) string { return r.usage.Usage.ID.String() })
	checked(FixProcedure, "device.di", "device identifier of the UDI", func(r *mappedRow) string { return r.usage.Usage.Device.DI }, func(v string) error {
		switch udi.AgencyOf(v) {
		case "":
			return errors.New("it is a device identifier of no known agency")
		case udi.AgencyGS1:
			if _, err := gs1.ParseGTIN(v); err != nil {
				return errors.New("it is no GTIN: its check digit does not hold")
			}
		}
		return nil
	})
	code(FixProcedure, "device.agency", "who issues it", listOf([]udi.Agency{udi.AgencyGS1, udi.AgencyHIBCC, udi.AgencyICCBBA}), func(r *mappedRow) string { return string(r.usage.Usage.Device.Agency) })
	text(FixProcedure, "device.lot", "lot", func(r *mappedRow) string { return r.usage.Usage.Device.Lot })
	text(FixProcedure, "device.serial", "serial number", func(r *mappedRow) string { return r.usage.Usage.Device.Serial })
	text(FixProcedure, fieldEither, "the lot, or the serial number where there is no lot; the row is flagged then", func(r *mappedRow) string {
		return cmp.Or(r.usage.Usage.Device.Lot, r.usage.Usage.Device.Serial)
	})
	day := func(name, words string, get func(udi.Device) udi.Date) {
		add(MappedField{Name: name, Words: words, Kind: FieldDay, fix: FixProcedure, get: func(r *mappedRow) recorded { return recorded{day: get(r.usage.Usage.Device)} }})
	}
	day("device.expiry", "expiry date of the label", func(d udi.Device) udi.Date { return d.Expiry })
	day("device.manufactured", "date of manufacture of the label", func(d udi.Device) udi.Date { return d.Manufactured })
	text(FixProcedure, "device.udi", "UDI in its human readable form", func(r *mappedRow) string { return r.usage.Usage.Device.HRF() })
	text(FixCatalogue, "device.catalogue_number", "the label's catalogue number, or the catalogue's", func(r *mappedRow) string {
		return cmp.Or(r.usage.Usage.Device.CatalogueNo, r.usage.Product.CatalogueNo)
	})
	text(FixProcedure, "device.quantity", "quantity that the label gives", func(r *mappedRow) string { return r.usage.Usage.Device.Quantity })
	text(FixProcedure, "device.donation_id", "donation identification number (ISBT 128)", func(r *mappedRow) string { return r.usage.Usage.Device.DonationID })
	code(FixProcedure, "device.outcome", "what became of it", listOf(trace.Statuses()), func(r *mappedRow) string { return string(r.usage.Usage.Status) })
	code(FixProcedure, "device.side", "side it went into, or else the procedure's", sides, func(r *mappedRow) string {
		return string(cmp.Or(r.usage.Usage.Side, r.Procedure.Side))
	})
	text(FixProcedure, "device.location", "anatomical location", func(r *mappedRow) string { return r.usage.Usage.Location })
	clock("device.used", "when it was scanned", func(r *mappedRow) time.Time { return r.usage.Usage.Occurred })
	code(FixProcedure, "device.provenance", "how its identity came into the record", listOf([]trace.Provenance{trace.Scanned, trace.Typed, trace.Imported, trace.System}), func(r *mappedRow) string { return string(r.usage.Usage.Provenance) })
	code(FixProcedure, "device.damaged", "whether its code was damaged", []string{wordYes, wordNo}, func(r *mappedRow) string { return yesNo(r.usage.Usage.Damaged) })

	text(FixCatalogue, "product.maker", "maker", func(r *mappedRow) string { return r.usage.Product.Maker })
	text(FixCatalogue, "product.maker_address", "the maker's address", func(r *mappedRow) string { return r.usage.Product.MakerAddress })
	text(FixCatalogue, "product.brand", "brand", func(r *mappedRow) string { return r.usage.Product.Brand })
	text(FixCatalogue, "product.description", "description", func(r *mappedRow) string { return r.usage.Product.Description })
	text(FixCatalogue, "product.name", "brand, or description where there is none", func(r *mappedRow) string { return cmp.Or(r.usage.Product.Brand, r.usage.Product.Description) })
	for _, f := range trace.Fields() {
		kind := FieldText
		if f.Choice != nil {
			kind = FieldCode
		}
		add(MappedField{Name: "product." + f.Name, Words: f.Words, Kind: kind, Codes: f.Choice, fix: FixCatalogue, get: func(r *mappedRow) recorded {
			return recorded{text: f.Get(r.usage.Product.Attributes)}
		}})
	}

	code(FixProcedure, "verdict.level", "the verdict of its check", listOf([]trace.Level{trace.Pass, trace.Note, trace.NotChecked, trace.Warn, trace.Stop}), func(r *mappedRow) string { return string(r.usage.Usage.Verdict.Level) })
	text(FixProcedure, "verdict.reasons", "what the check warned of or stopped, parted by \"; \"", func(r *mappedRow) string { return strings.Join(reasons(r.usage.Usage.Verdict), "; ") })
	code(FixProcedure, "verdict.overridden", "whether it was used in spite of a warning", []string{wordYes, wordNo}, func(r *mappedRow) string { return yesNo(r.usage.Usage.Override) })
	for i := procedure; i < len(all); i++ {
		all[i].OfDevice = true
	}

	devices := len(all)
	text(FixProcedure, "devices.count", "how many devices the procedure has, of the outcomes that the mapping names", func(r *mappedRow) string { return strconv.Itoa(len(r.devices)) })
	joined := func(name, words string, get func(trace.UsageInFull) string) {
		text(FixProcedure, name, words+", of each device, parted by \"; \"", func(r *mappedRow) string {
			var each []string
			for _, u := range r.devices {
				each = append(each, cmp.Or(get(u), "not known"))
			}
			return strings.Join(each, "; ")
		})
	}
	joined("devices.udi", "UDI", func(u trace.UsageInFull) string { return u.Usage.Device.HRF() })
	joined("devices.names", "brand or description", func(u trace.UsageInFull) string { return cmp.Or(u.Product.Brand, u.Product.Description) })
	joined("devices.outcomes", "outcome", func(u trace.UsageInFull) string { return string(u.Usage.Status) })
	for i := devices; i < len(all); i++ {
		all[i].OfProcedure = true
	}

	text("", fieldNumber, "the row's number in the file", func(r *mappedRow) string { return strconv.Itoa(r.number) })
	code("", "row.without_device", "whether the row is of a procedure without a device", []string{wordYes, wordNo}, func(r *mappedRow) string { return yesNo(r.without) })
	text("", fieldFlags, "what a person must know of the row: damaged, typed or imported, corrected, guarded", func(r *mappedRow) string { return strings.Join(r.flags, "; ") })
	add(MappedField{Name: fieldExported, Words: "when the file was made", Kind: FieldTime, get: func(r *mappedRow) recorded { return recorded{at: r.exported} }})
	return all
}

func listOf[T ~string](of []T) []string {
	all := make([]string, len(of))
	for i, v := range of {
		all[i] = string(v)
	}
	return all
}

func yesNo(b bool) string {
	if b {
		return wordYes
	}
	return wordNo
}

// reasons are what a verdict warned of or stopped.
func reasons(v trace.Verdict) (all []string) {
	for _, c := range v.Checks {
		if c.Level == trace.Warn || c.Level == trace.Stop {
			all = append(all, c.Message)
		}
	}
	return all
}

// written is a day or time as a column asks for it; "" for none.
func (c *MappedColumn) written(v recorded, zone *time.Location) (string, error) {
	if c.field.Kind == FieldTime {
		if v.at.IsZero() {
			return "", nil
		}
		return v.at.In(zone).Format(c.layout), nil
	}
	if v.day.IsZero() {
		return "", nil
	}
	day, err := time.Parse(time.DateOnly, v.day.Day)
	if err != nil {
		return "", fmt.Errorf("%q is no whole day", clipped(v.day.Day))
	}
	if v.day.Precision == udi.PrecisionMonth && strings.Contains(c.Date, "DD") {
		switch c.monthOnly {
		case policyMonth:
			return day.Format("2006-01"), nil
		case policyLastDay: // which is what the label means by a month
		default:
			return "", fmt.Errorf("the label gives the month only, %s: say in the mapping what is to be written, with month_only", v.day)
		}
	}
	return day.Format(c.layout), nil
}

// Describe is what a field is, with the words that it may be.
func (f MappedField) Describe() string {
	switch f.Kind {
	case FieldDay:
		return f.Words + " (a day)"
	case FieldTime:
		return f.Words + " (a time)"
	case FieldCode:
		return f.Words + " (" + strings.Join(f.Codes, ", ") + ")"
	}
	return f.Words
}

// What is what the column's field is; "" for a constant.
func (c MappedColumn) What() string {
	if c.field == nil {
		return ""
	}
	return c.field.Describe()
}
