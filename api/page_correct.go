package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// correctionForm puts one thing right: the patient's record, the procedure or one of
// its devices.
type correctionForm struct {
	Of        string // "patient", "procedure", or the device's id
	Title     string
	Fields    []correctionField
	Damaged   bool // the code of the device was damaged: it can be said to be compared
	Withdrawn bool
	Reason    string // as typed
}

// correctionField is a value as it is recorded, and as it is to be.
type correctionField struct {
	Name    string // as [command.Correct] has it in Clear
	Label   string
	Type    string // of the input
	Options []string
	Was     string
	Value   string
}

// dayAndTime is how a form's field says a day and a time, in the hospital's zone.
const dayAndTime = "2006-01-02T15:04"

// dayAndTime reads such a field; what names it. The zero time where nothing is said.
func (s *Server) dayAndTime(text, what string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(dayAndTime, text, s.Recorder.Zone())
	if err != nil {
		return t, trace.Errorf(trace.Invalid, "%s is a day and a time.", what)
	}
	return t, nil
}

type correctionPage struct {
	frame
	Procedure trace.Procedure
	Problem   string
	Unknown   bool // nobody has identified the patient: a link says who it is, and no correction
	Forms     []correctionForm
}

func (s *Server) correctionPage(c echo.Context) (p correctionPage, err error) {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return p, err
	}
	if p.frame, err = s.frame(c, "Put the record right"); err != nil {
		return p, err
	}
	ctx := c.Request().Context()
	full, err := s.procedureInFull(ctx, id)
	if err != nil {
		return p, err
	}
	p.Procedure = full.Procedure
	if !p.Procedure.Patient.IsZero() && p.Can(string(staff.FindPatients)) {
		// Not who is shown of several linked records: this one is corrected.
		who, err := s.store.Identity(ctx, p.Procedure.Patient)
		if err != nil {
			return p, err
		}
		if err := s.saw(c, []trace.PatientID{p.Procedure.Patient}); err != nil {
			return p, err
		}
		switch {
		case who.Sealed, who.Erased:
		case who.Provisional != "":
			p.Unknown = true
		default:
			p.Forms = append(p.Forms, patientCorrection(who))
		}
	}
	p.Forms = append(p.Forms, s.procedureCorrection(p.Procedure))
	for _, u := range full.Usages {
		p.Forms = append(p.Forms, usageCorrection(u))
	}
	return p, nil
}

func patientCorrection(who trace.Identity) correctionForm {
	return correctionForm{Of: "patient", Title: "The patient", Fields: []correctionField{
		{Name: "nhs_number", Label: "NHS number", Was: who.NHSNumber},
		{Name: "local_number", Label: "Hospital number", Was: who.LocalNumber},
		{Name: "local_issuer", Label: "Code of the hospital that gave it", Was: who.LocalIssuer},
		{Name: "family", Label: "Family name", Was: who.Family},
		{Name: "given", Label: "Given name", Was: who.Given},
		{Name: "birth", Label: "Date of birth", Type: "date", Was: who.Birth},
	}}
}

func (s *Server) procedureCorrection(p trace.Procedure) correctionForm {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(s.Recorder.Zone()).Format(dayAndTime)
	}
	var sides []string
	for _, side := range trace.Sides() {
		sides = append(sides, string(side))
	}
	return correctionForm{Of: "procedure", Title: "The procedure", Withdrawn: p.Withdrawn, Fields: []correctionField{
		{Name: "code", Label: "Procedure code", Was: p.Code.Code},
		{Name: "text", Label: "Procedure name", Was: p.Code.Text},
		{Name: "side", Label: "Side", Options: sides, Was: string(p.Side)},
		{Name: "gln", Label: "Location number of the place (GLN)", Was: p.Place.GLN},
		{Name: "place", Label: "Name of the place", Was: p.Place.Name},
		{Name: "start", Label: "Start", Type: "datetime-local", Was: at(p.Start)},
		{Name: "end", Label: "End", Type: "datetime-local", Was: at(p.End)},
	}}
}

func usageCorrection(u trace.UsageInFull) correctionForm {
	var statuses []string
	for _, st := range trace.Statuses() {
		statuses = append(statuses, string(st))
	}
	d := u.Usage.Device
	return correctionForm{Of: u.Usage.ID.String(), Title: deviceWords(u), Damaged: u.Usage.Damaged, Withdrawn: u.Usage.Withdrawn, Fields: []correctionField{
		{Name: "di", Label: "Device identifier", Was: d.DI},
		{Name: "lot", Label: "Lot", Was: d.Lot},
		{Name: "serial", Label: "Serial number", Was: d.Serial},
		{Name: "expiry", Label: "Expiry date", Type: "date", Was: d.Expiry.Day},
		{Name: "manufactured", Label: "Date of manufacture", Type: "date", Was: d.Manufactured.Day},
		{Name: "status", Label: "What became of it", Options: statuses, Was: string(u.Usage.Status)},
		{Name: "location", Label: "Place in the body", Was: u.Usage.Location},
	}}
}

// pageCorrect is where a procedure, its patient and its devices are put right.
func (s *Server) pageCorrect(c echo.Context) error {
	p, err := s.correctionPage(c)
	if err != nil {
		return err
	}
	for i := range p.Forms {
		for j := range p.Forms[i].Fields {
			f := &p.Forms[i].Fields[j]
			f.Value = f.Was
		}
	}
	return s.render(c, http.StatusOK, "correct", "layout", p)
}

// formCorrect records one of the page's forms: what differs from what the page
// showed, and nothing else, so that what somebody else has put right meanwhile stays.
func (s *Server) formCorrect(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	p, err := s.correctionPage(c)
	if err != nil {
		return err
	}
	var sent *correctionForm
	for i := range p.Forms {
		f := &p.Forms[i]
		mine := f.Of == field(c, "of")
		for j := range f.Fields {
			x := &f.Fields[j]
			x.Value = x.Was
			if mine {
				x.Was, x.Value = field(c, "was-"+x.Name), field(c, x.Name)
			}
		}
		if mine {
			sent, f.Reason = f, field(c, "reason")
		}
	}
	if sent == nil {
		return trace.Errorf(trace.NotFound, "That is not in this procedure.")
	}
	q, err := s.correction(p.Procedure, *sent)
	if err == nil {
		q.ID, q.Withdraw, q.Restore = id, field(c, "withdraw") != "", field(c, "restore") != ""
		if field(c, "compared") != "" {
			q.Clear = append(q.Clear, "damaged")
		}
		by(c, &q.Meta, "page")
		err = s.Recorder.Correct(c.Request().Context(), q)
	}
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= http.StatusInternalServerError {
			return err
		}
		p.Problem = problem.Detail
		return s.render(c, problem.Status, "correct", "layout", p)
	}
	s.Desk.Changed()
	return settled(c, "/procedures/"+p.Procedure.ID.String())
}

// correction is the command that a form asks for.
func (s *Server) correction(p trace.Procedure, form correctionForm) (q command.Correct, err error) {
	to := make(map[string]string)
	differs := make(map[string]bool)
	for _, f := range form.Fields {
		to[f.Name], differs[f.Name] = f.Value, f.Value != f.Was
	}
	// set says a value that differs; one that is emptied is cleared.
	set := func(name string, into *string) {
		switch {
		case !differs[name]:
		case to[name] == "":
			q.Clear = append(q.Clear, name)
		default:
			*into = to[name]
		}
	}
	at := func(name, what string, into *time.Time) (err error) {
		var text string
		set(name, &text)
		*into, err = s.dayAndTime(text, what)
		return err
	}
	q.Reason = form.Reason
	switch form.Of {
	case "patient":
		q.Patient = p.Patient
		set("nhs_number", &q.Set.NHSNumber)
		for name, into := range map[string]*string{"family": &q.Set.Family, "given": &q.Set.Given, "birth": &q.Set.Birth} {
			set(name, into)
		}
		if set("local_number", &q.Set.LocalNumber); to["local_number"] != "" && (differs["local_number"] || differs["local_issuer"]) {
			q.Set.LocalNumber, q.Set.LocalIssuer = to["local_number"], to["local_issuer"]
		}
	case "procedure":
		q.Procedure = p.ID
		switch {
		case !differs["code"] && !differs["text"]:
		case to["code"] == "" && to["text"] == "":
			q.Clear = append(q.Clear, "code")
		default:
			q.Set.Code = trace.Code{Code: to["code"], Text: to["text"]}
			if q.Set.Code.Code != "" {
				if q.Set.Code.System = p.Code.System; q.Set.Code.System == "" {
					q.Set.Code.System = "OPCS-4"
				}
			}
		}
		switch {
		case !differs["gln"] && !differs["place"]:
		case to["gln"] == "" && to["place"] == "":
			q.Clear = append(q.Clear, "place")
		default:
			q.Set.Place = trace.Place{GLN: to["gln"], Name: to["place"]}
			if !differs["gln"] {
				q.Set.Place.Extension = p.Place.Extension
			}
		}
		set("side", (*string)(&q.Set.Side))
		if err := at("start", "The start", &q.Set.Start); err != nil {
			return q, err
		}
		if err := at("end", "The end", &q.Set.End); err != nil {
			return q, err
		}
	default:
		if q.Usage, err = trace.ParseID[trace.OfUsage](form.Of); err != nil {
			return q, err
		}
		for name, into := range map[string]*string{"di": &q.Set.DI, "lot": &q.Set.Lot, "serial": &q.Set.Serial, "expiry": &q.Set.Expiry,
			"manufactured": &q.Set.Manufactured, "status": (*string)(&q.Set.Status), "location": &q.Set.Location} {
			set(name, into)
		}
	}
	return q, nil
}
