package registry

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"implantrace/gs1"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// row is one usage with what its cells are made from.
type row struct {
	usage       trace.Usage
	procedure   trace.Procedure
	identity    trace.Identity
	product     trace.Product
	clinician   trace.Person
	catalogueNo string
	day         string // of the usage, in the site's calendar; "" when not known
	exported    string
	flags       []string
	missing     []string
}

func newRow(p trace.ProcedureInFull, u trace.UsageInFull, o Options) *row {
	r := &row{usage: u.Usage, procedure: p.Procedure, identity: p.Identity, product: u.Product}
	if !o.Generated.IsZero() {
		r.exported = o.Generated.UTC().Format(time.RFC3339)
	}
	r.quality()
	r.date(o.Location)
	r.patient()
	r.staff()
	r.device()
	r.findMissing()
	return r
}

func (r *row) flag(format string, args ...any) {
	r.flags = append(r.flags, fmt.Sprintf(format, args...))
}

// quality flags what was wrong when the usage was recorded.
func (r *row) quality() {
	if r.usage.Damaged {
		r.flag("damaged reading: a value may be wrong or missing")
	}
	if r.usage.Override {
		r.flag("override: used in spite of a warning")
	}
	for _, s := range r.usage.History {
		if !s.Corrects.IsZero() {
			r.flag("corrected")
			break
		}
	}
}

func (r *row) date(at *time.Location) {
	when := r.procedure.Start
	if when.IsZero() {
		if when = r.usage.Occurred; when.IsZero() {
			return
		}
		r.flag("start of the procedure not recorded: the date is that of the usage")
	}
	r.day = when.In(at).Format(time.DateOnly)
}

// dateIf is the day when the usage's outcome is s.
func (r *row) dateIf(s trace.Status) string {
	if r.usage.Status == s {
		return r.day
	}
	return ""
}

func (r *row) patient() {
	if r.procedure.Patient.IsZero() {
		r.flag("patient not recorded")
	}
	if r.identity.Sealed {
		r.identity = trace.Identity{Sealed: true}
		r.flag("identity sealed")
	}
	if n := r.identity.NHSNumber; n != "" {
		if _, err := udi.ParseNHSNumber(n); err != nil {
			r.flag("NHS number fails its check")
		}
	}
}

// clinicianRoles are the roles of a responsible clinician, best first.
var clinicianRoles = []string{"surgeon", "consultant", "clinician"}

func (r *row) staff() {
	for _, role := range clinicianRoles {
		n := 0
		for _, p := range r.procedure.People {
			if !strings.EqualFold(strings.TrimSpace(p.Role), role) {
				continue
			}
			if n++; n == 1 {
				r.clinician = p
			}
		}
		if n > 1 {
			r.flag("responsible clinician is the first of %d with the role %s", n, role)
		}
		if n > 0 {
			return
		}
	}
}

func (r *row) device() {
	d := r.usage.Device
	r.catalogueNo = r.product.CatalogueNo
	if d.CatalogueNo != "" {
		if r.catalogueNo != "" && r.catalogueNo != d.CatalogueNo {
			r.flag("catalogue number on the label differs from the product list")
		}
		r.catalogueNo = d.CatalogueNo
	}
	if r.product.Withdrawn {
		r.flag("entry of the product list withdrawn")
	}
	if d.Agency == udi.AgencyGS1 && d.DI != "" {
		if _, err := gs1.ParseGTIN(d.DI); err != nil {
			r.flag("device identifier fails its check")
		}
	}
	if gln := r.procedure.Place.GLN; gln != "" {
		if _, err := gs1.ParseGLN(gln); err != nil {
			r.flag("GLN fails its check")
		}
	}
	if r.procedure.Side == trace.SideBilateral {
		r.flag("procedure on both sides: the side of this device is not recorded apart")
	}
}

// findMissing lists what ISO 16054 asks for and the record does not have. An
// item that does not apply (storage of a device that is implanted) is not
// missing; a side that does not apply is recorded as such.
func (r *row) findMissing() {
	for _, i := range r.asked() {
		if i.value == "" {
			r.missing = append(r.missing, i.name)
		}
	}
}

// askedItem is an item of ISO 16054 with the first value that the record has of it.
type askedItem struct {
	name  string // it begins with the letter of its item
	value string
	fix   Fix
}

// asked are the items that ISO 16054 asks of the row.
func (r *row) asked() (all []askedItem) {
	ask := func(item string, fix Fix, values ...string) {
		i := askedItem{name: item, fix: fix}
		for _, v := range values {
			if strings.TrimSpace(v) != "" {
				i.value = v
				break
			}
		}
		all = append(all, i)
	}
	explant := r.usage.Status == trace.Explanted
	ask("a place", FixProcedure, r.procedure.Place.Name, r.procedure.Place.GLN)
	if explant {
		ask("b date of explantation", FixProcedure, r.day)
	} else {
		ask("b date of implantation", FixProcedure, r.day)
	}
	ask("c responsible clinician", FixProcedure, r.clinician.Name)
	ask("d patient's family name", FixPatient, r.identity.Family)
	ask("d patient's initials", FixPatient, initials(r.identity.Given))
	ask("e supplier's name", FixCatalogue, r.product.Maker)
	ask("e supplier's address", FixCatalogue, r.product.MakerAddress)
	ask("f device name or description", FixCatalogue, r.product.Brand, r.product.Description)
	ask("f catalogue number", FixCatalogue, r.catalogueNo)
	ask("g serial or lot number", FixProcedure, r.usage.Device.Serial, r.usage.Device.Lot)
	ask("h indication", FixProcedure, r.procedure.Indication)
	ask("i anatomical location", FixProcedure, r.usage.Location)
	ask("i side", FixProcedure, string(r.procedure.Side))
	if explant {
		ask("j storage of the explanted device", FixOutside)
	}
	return all
}

// cells are the row's cells, fit for a file. What had to be done to one of
// them is added to the flags.
func (r *row) cells() []string {
	cells := make([]string, len(columns))
	var replaced, guarded []string
	flagsAt := 0
	for i, c := range columns {
		if c.name == columnFlags {
			flagsAt = i
			continue
		}
		var wasReplaced, wasGuarded bool
		cells[i], wasReplaced, wasGuarded = safeCell(c.cell(r))
		if wasReplaced {
			replaced = append(replaced, c.name)
		}
		if wasGuarded {
			guarded = append(guarded, c.name)
		}
	}
	if len(replaced) > 0 {
		r.flag("characters replaced: %s", strings.Join(replaced, " "))
	}
	if len(guarded) > 0 {
		r.flag("guarded: %s", strings.Join(guarded, " "))
	}
	cells[flagsAt], _, _ = safeCell(columns[flagsAt].cell(r))
	return cells
}

// provenance spells out how far the device's identity can be trusted.
func provenance(p trace.Provenance) string {
	switch p {
	case trace.Imported:
		return "imported, unverified"
	case "":
		return "not recorded"
	}
	return string(p)
}

// initials are the first letters of the given names: "Mary Jane" gives "MJ".
func initials(given string) string {
	var b strings.Builder
	for _, name := range strings.Fields(given) {
		first, _ := utf8.DecodeRuneInString(name)
		b.WriteRune(first)
	}
	return b.String()
}
