package trace

// Went is where a device went that was taken out of a patient.
type Went string

// Where an explanted device goes.
const (
	WentPathology Went = "pathology"
	WentMaker     Went = "maker" // for its investigation
	WentKept      Went = "kept"  // by the hospital, as evidence
	WentPatient   Went = "patient"
	WentDestroyed Went = "destroyed"
)

// WentTo are the places in the order in which a page offers them.
func WentTo() []Went { return []Went{WentPathology, WentMaker, WentKept, WentPatient, WentDestroyed} }

func (w Went) String() string {
	switch w {
	case WentPathology:
		return "to pathology"
	case WentMaker:
		return "to the maker"
	case WentKept:
		return "kept by the hospital"
	case WentPatient:
		return "given to the patient"
	case WentDestroyed:
		return "destroyed"
	}
	return string(w)
}

// InPatient says whether the device of a usage is in the patient, as
// [Status.InPatient] does: one that was implanted, and taken out in another
// procedure since, was.
func (u Usage) InPatient() string {
	if in := u.Status.InPatient(); in != "yes" || u.ExplantedBy.IsZero() {
		return in
	}
	return "was"
}

// Became says what became of the device, in words.
func (u Usage) Became() string {
	switch {
	case u.Withdrawn:
		return "withdrawn"
	case u.Status == Implanted && !u.ExplantedBy.IsZero():
		return "implanted, and taken out since"
	case !u.Status.Outcome():
		return u.Status.String() + ", no outcome recorded"
	case u.Status == Explanted && u.Went != "":
		return "explanted, " + u.Went.String()
	}
	return u.Status.String()
}
