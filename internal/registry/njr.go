package registry

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
)

// FormNJR names the answers to the National Joint Registry's questions.
const FormNJR = "njr"

// njrCommon is the data set whose elements every operation has.
const njrCommon = "njr-common"

// JointSection is one kind of operation on one joint: "HIP PRIMARY".
type JointSection struct {
	Name string
	Set  string // of the dictionary
}

// JointSections are the operations that the National Joint Registry records.
func JointSections() []JointSection {
	var all []JointSection
	for _, set := range dictionary.Sets() {
		if set.ID == njrCommon || !strings.HasPrefix(set.ID, "njr-") {
			continue
		}
		for _, e := range set.Elements {
			if s := (JointSection{e.Section, set.ID}); !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// Title is the section's name as a person reads it: "Hip, primary".
func (s JointSection) Title() string {
	joint, kind, _ := strings.Cut(strings.ToLower(s.Name), " ")
	return strings.ToUpper(joint[:1]) + joint[1:] + ", " + kind
}

// Elements are those of the operation, the common ones first.
func (s JointSection) Elements() []dictionary.Element {
	common, _ := dictionary.Set(njrCommon)
	set, _ := dictionary.Set(s.Set)
	return append(slices.Clone(common.Elements), set.Section(s.Name)...)
}

// SectionNamed is the section of that name.
func SectionNamed(name string) (JointSection, bool) {
	all := JointSections()
	if i := slices.IndexFunc(all, func(s JointSection) bool { return s.Name == name }); i >= 0 {
		return all[i], true
	}
	return JointSection{}, false
}

// SectionOf proposes the section for a procedure by the kinds of its components
// and what was taken out; ok is false where they tell nothing. A device of which
// nobody has said what became of it counts.
func SectionOf(usages []trace.UsageInFull) (s JointSection, ok bool) {
	joint, revision := "", false
	for _, u := range usages {
		if u.Usage.Withdrawn || u.Usage.Status.Outcome() && u.Usage.Status != trace.Implanted && u.Usage.Status != trace.Explanted {
			continue
		}
		of := ""
		switch u.Product.Attributes.Kind {
		case trace.KindStem, trace.KindHead, trace.KindCup, trace.KindLiner:
			of = "HIP"
		case trace.KindFemoral, trace.KindTibial, trace.KindInsert, trace.KindPatella:
			of = "KNEE"
		default:
			continue
		}
		if joint != "" && joint != of {
			return s, false
		}
		joint, revision = of, revision || u.Usage.Status == trace.Explanted
	}
	if joint == "" {
		return s, false
	}
	return SectionNamed(joint + map[bool]string{false: " PRIMARY", true: " REVISION"}[revision])
}

// State says how an element stands in a record.
type State string

// The states of an element.
const (
	Present       State = "present"
	Absent        State = "absent"
	Incorrect     State = "invalid"
	NotApplicable State = "not applicable" // it is not asked, and stays empty
)

// Fix says on which page something is put right.
type Fix string

// Where things are put right.
const (
	FixForm      Fix = "form"      // the registry's questions about the procedure
	FixProcedure Fix = "procedure" // the record of the procedure
	FixPatient   Fix = "patient"
	FixDirectory Fix = "directory" // who staff are, and which places
	FixCatalogue Fix = "catalogue" // what products are
	FixOutside   Fix = "outside"   // nowhere here: the record does not keep it, and whoever sends the file fills it in
)

// Item is one element of a record.
type Item struct {
	Element dictionary.Element
	Value   string
	Asked   bool // it is a question of the form: the record does not have it
	State   State
	Why     string // one sentence, where the state is absent, invalid or not applicable
	Fix     Fix    // where it is put right
}

// Fails reports whether the item keeps its record back: it is wrong, or it is
// mandatory and absent although the record could have it.
func (i Item) Fails() bool {
	return i.State == Incorrect || i.State == Absent && i.Element.Mandation == dictionary.Mandatory && i.Fix != FixOutside
}

// Component is one device of a record.
type Component struct {
	Usage     trace.UsageID
	DI        string
	Catalogue Item   // its catalogue number
	Lot       Item   // its lot
	Flag      string // what a person must know of it: a serial number stands for the lot
}

// JointRecord is what the registry is told of one side of a procedure.
type JointRecord struct {
	Procedure  trace.ProcedureID
	Side       trace.Side
	Section    JointSection // zero: nobody has said which operation it was
	Items      []Item       // in the order of the dictionary, without the components'
	Components []Component
	Problems   []Item // what of the items, the components and the record as a whole keeps it back
}

// Held reports whether the record is kept back.
func (r JointRecord) Held() bool { return len(r.Problems) > 0 }

// Keys of elements that this program fills in from the record.
const (
	keyConsent    = "patient_consent_obtained_indicator__national_joint_registry_recording_data_"
	keyGiven      = "person_given_name"
	keyFamily     = "person_family_name"
	keyLocal      = "local_patient_identifier__national_joint_registry_"
	keyBirth      = "person_birth_date"
	keyPostcode   = "postcode_of_usual_address"
	keyNHS        = "nhs_number"
	keySite       = "organisation_site_identifier__of_treatment_"
	keyDate       = "procedure_date"
	keyConsultant = "consultant_code__responsible_consultant_"
	keySurgeon    = "care_professional_code__operating_surgeon_"
	keySide       = "anatomical_side__national_joint_registry_"
	keyCatalogue  = "implant_catalogue_number"
	keyLot        = "implant_batch_or_lot_number"

	groupIdentifiers = "Patient Identifiers"
	groupOperation   = "Operation Details"
	consented        = "1"
)

// source is a value that the record gives, and where it is put right.
type source struct {
	value string
	fix   Fix
	why   string // why it is not there
	final bool   // the form cannot say it: only the record can
}

// sources are the values that the record gives for one side, by key. The
// operation's site is in the group of operation details; the site of an earlier
// operation has the same key.
func (c Case) sources(side trace.Side) map[string]source {
	zone := c.Location
	if zone == nil {
		zone = time.UTC
	}
	day := ""
	if !c.Procedure.Start.IsZero() {
		day = c.Procedure.Start.In(zone).Format(time.DateOnly)
	}
	who := c.Identity
	return map[string]source{
		keyGiven:      {who.Given, FixPatient, "The record has no given name.", true},
		keyFamily:     {who.Family, FixPatient, "The record has no family name.", true},
		keyLocal:      {who.LocalNumber, FixPatient, "The record has no local number of the patient.", true},
		keyBirth:      {who.Birth, FixPatient, "The record has no date of birth.", true},
		keyNHS:        {who.NHSNumber, FixPatient, "The record has no NHS number.", true},
		keyPostcode:   {c.Postcode, FixForm, "No trace has given an address.", false},
		keySite:       {c.Site, FixDirectory, "The directory has no organisation code for the place of the procedure.", false},
		keyDate:       {day, FixProcedure, "The procedure has no start.", true},
		keySurgeon:    {c.Surgeon, FixDirectory, "The directory has no GMC number for the surgeon of this procedure.", false},
		keyConsultant: {c.Consultant, FixDirectory, "The directory has no GMC number for a consultant of this procedure.", false},
		keySide:       {map[trace.Side]string{trace.SideLeft: "L", trace.SideRight: "R"}[side], FixProcedure, "The procedure has no side.", true},
	}
}

// Records makes one record a side.
func (c Case) Records() []JointRecord {
	var all []JointRecord
	for _, side := range c.Sides() {
		all = append(all, c.record(side))
	}
	return all
}

func (c Case) record(side trace.Side) JointRecord {
	form := c.Forms[side]
	r := JointRecord{Procedure: c.Procedure.ID, Side: side}
	section, ok := SectionNamed(form.Section)
	if !ok {
		r.Problems = append(r.Problems, Item{State: Absent, Fix: FixForm,
			Why: "Nobody has said which joint was operated on, and whether it was the first time."})
		return r
	}
	r.Section = section
	from := c.sources(side)
	for _, e := range section.Elements() {
		if e.Key == keyCatalogue || e.Key == keyLot {
			continue
		}
		i := c.item(e, from, form.Answers)
		r.Items = append(r.Items, i)
		if i.Fails() {
			r.Problems = append(r.Problems, i)
		}
	}
	if looks, ok := SectionOf(c.Usages); ok && looks.Set != section.Set {
		r.Problems = append(r.Problems, Item{State: Incorrect, Fix: FixForm,
			Why: fmt.Sprintf("The devices are of another joint: %s. Choose that operation, or put the devices right.", looks.Title())})
	}
	r.components(c, side)
	return r
}

// item is one element: what the record gives, or else what was answered.
func (c Case) item(e dictionary.Element, from map[string]source, answers map[string]string) Item {
	i := Item{Element: e, Asked: true, Fix: FixForm, Why: "It was not answered."}
	given, known := from[e.Key]
	if known && (e.Key != keySite || e.Group == groupOperation) {
		i.Asked = !given.final && given.value == ""
		i.Value, i.Fix, i.Why = given.value, given.fix, given.why
	}
	if i.Asked {
		i.Value = answers[AnswerKey(e)]
	}
	if why := notAsked(e, answers); why != "" {
		i.Value, i.State, i.Why = "", NotApplicable, why
		return i
	}
	switch err := e.Check(i.Value); {
	case i.Value == "":
		i.State = Absent
	case err != nil:
		i.State, i.Why = Incorrect, sentence(err)
	default:
		i.State, i.Why = Present, ""
	}
	return i
}

// AnswerKey is under which key an element is answered. One key of the dictionary
// stands in a revision twice: for the site of this operation and for that of the
// first.
func AnswerKey(e dictionary.Element) string {
	if e.Key == keySite && e.Group != groupOperation {
		return "primary_" + e.Key
	}
	return e.Key
}

// notAsked says why an element does not apply after what was answered to others,
// or "". That the day of an assessment is asked only where a score was taken is
// our reading of the data set; so are the questions that follow from a yes.
func notAsked(e dictionary.Element, answers map[string]string) string {
	of := func(prefix, other string) bool {
		rest, ok := strings.CutPrefix(e.Key, prefix)
		return ok && answers[other+rest] != "1"
	}
	switch {
	case e.Group == groupIdentifiers && answers[keyConsent] == "":
		return "It is told only with the patient's consent."
	case e.Group == groupIdentifiers && answers[keyConsent] != consented:
		return "The patient has not consented, so the patient is not identified."
	case of("bone_graft_structure__", "bone_graft_indicator__"), of("bone_graft_source__", "bone_graft_indicator__"):
		return "No bone graft was used there."
	case of("rotator_cuff_repair_type__", "rotator_cuff_repaired_indicator__"):
		return "The rotator cuff was not repaired."
	case e.Key == "assessment_tool_completion_date" && !slices.ContainsFunc(keysOf(answers), func(k string) bool { return strings.HasPrefix(k, "oxford_") }):
		return "No score was taken."
	}
	return ""
}

func keysOf(m map[string]string) (ks []string) {
	for k, v := range m {
		if v != "" {
			ks = append(ks, k)
		}
	}
	return ks
}

func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// components adds the devices that were implanted on a side.
func (r *JointRecord) components(c Case, side trace.Side) {
	set, _ := dictionary.Set(r.Section.Set)
	catalogue, _ := set.Element(r.Section.Name, keyCatalogue)
	lot, _ := set.Element(r.Section.Name, keyLot)
	problem := func(i Item) { r.Problems = append(r.Problems, i) }
	for _, u := range c.Usages {
		if u.Usage.Withdrawn {
			continue
		}
		of := u.Usage.Side
		if of == "" || of == trace.SideNone {
			of = c.Procedure.Side
		}
		name := deviceName(u)
		switch {
		case !u.Usage.Status.Outcome():
			problem(Item{State: Absent, Fix: FixProcedure, Why: fmt.Sprintf("Nobody has recorded what became of %s.", name)})
			continue
		case u.Usage.Status != trace.Implanted:
			continue
		case of == trace.SideBilateral:
			problem(Item{State: Absent, Fix: FixProcedure, Why: fmt.Sprintf("Nobody has recorded into which side %s went.", name)})
			continue
		case of != side && side != "":
			continue
		}
		d := u.Usage.Device
		k := Component{Usage: u.Usage.ID, DI: d.DI,
			Catalogue: Item{Element: catalogue, Value: cmp.Or(d.CatalogueNo, u.Product.CatalogueNo), Fix: FixCatalogue, Why: fmt.Sprintf("Neither the label nor the catalogue gives a catalogue number of %s.", name)},
			Lot:       Item{Element: lot, Value: d.Lot, Fix: FixProcedure, Why: fmt.Sprintf("Neither a lot nor a serial number is recorded of %s.", name)},
		}
		if u.Usage.LotUnknown() {
			k.Lot.Why = fmt.Sprintf("The lot of %s is recorded as unknown: it was taken out of the set %s, and no code of it was read.", name, u.Usage.Picked.Name)
		}
		if d.Lot == "" && d.Serial != "" {
			k.Lot.Value, k.Flag = d.Serial, "its serial number stands in place of the lot, which is not recorded"
		}
		for _, i := range []*Item{&k.Catalogue, &k.Lot} {
			switch err := i.Element.Check(i.Value); {
			case i.Value == "":
				i.State = Absent
			case err != nil:
				i.State, i.Why = Incorrect, sentence(err)
			default:
				i.State, i.Why = Present, ""
			}
			if i.Fails() {
				problem(*i)
			}
		}
		if u.Usage.Damaged {
			problem(Item{State: Incorrect, Fix: FixProcedure, Why: fmt.Sprintf("The code of %s was damaged, and what was recorded may be wrong. Compare it with the label and put it right.", name)})
		}
		r.Components = append(r.Components, k)
	}
	if len(r.Components) == 0 && strings.HasSuffix(r.Section.Name, "PRIMARY") {
		problem(Item{State: Absent, Fix: FixProcedure, Why: "No device is recorded as implanted."})
	}
}

// ErrUnreadable is of answers whose bytes are not what this program writes.
var ErrUnreadable = errors.New("the answers to the form cannot be read")
