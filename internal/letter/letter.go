package letter

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"implantrace/internal/casework"
	"implantrace/internal/document"
	"implantrace/internal/recall"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// Ask says which letters are wanted.
type Ask struct {
	Notice   trace.NoticeID
	Cases    []trace.CaseID // none: all that are open
	Template string         // simple HTML; "": the standard letter
	Explain  string         // what has happened, in plain words
	Hospital string
	Phone    string
	Signed   string
	Large    bool // large print
	Copies   bool // sheets for GP and consultant
	Drill    bool
}

// Letter is a letter that may be made.
type Letter struct {
	Case       trace.CaseID
	Seen       trace.EventID // the last change of the case
	Identity   trace.Identity
	Where      casework.Whereabouts
	Consultant string
	Certain    bool
	Devices    []string
	CopyTo     []string
}

// Held is a case of which no letter may be made, and why.
type Held struct {
	Case     trace.CaseID   `json:"case"`
	Identity trace.Identity `json:"identity,omitzero"`
	Why      string         `json:"why"`
}

// Set is what was asked for, ready to be printed.
type Set struct {
	Letters []Letter
	Held    []Held
	ask     Ask
	name    string // of the notice
	today   time.Time
}

// TraceDays is how many days a trace is good for: whoever was alive then is taken
// to be alive.
const TraceDays = 28

// Prepare says of which cases letters may be made.
func Prepare(ctx context.Context, o *casework.Office, q Ask) (s Set, err error) {
	s = Set{ask: q, today: o.Clock().In(o.Zone())}
	if _, err := parse(q.Template); err != nil {
		return s, err
	}
	n, err := o.Store.Notice(ctx, q.Notice)
	if err != nil {
		return s, err
	}
	s.name = n.Name
	body, err := o.Body(ctx, n)
	if err != nil {
		return s, err
	}
	if len(body.References) > 0 {
		s.name = body.References[0].String()
	}
	wanted := make(map[trace.CaseID]bool)
	for _, c := range q.Cases {
		wanted[c] = true
	}
	dead, err := dead(ctx, o)
	if err != nil {
		return s, err
	}
	written := make(map[trace.PatientID]bool) // everybody to whom there is a letter already
	for c, err := range o.Store.Cases(ctx, q.Notice) {
		if err != nil {
			return s, err
		}
		if len(wanted) > 0 && !wanted[c.ID] || len(wanted) == 0 && c.Status.Settled() {
			continue
		}
		delete(wanted, c.ID)
		l, why, err := s.prepare(ctx, o, c, dead)
		if err != nil {
			return s, err
		}
		if why == "" && written[c.Patient] {
			why = "The same person as in another case of this notice, to whom a letter is made."
		}
		if why != "" {
			s.Held = append(s.Held, Held{c.ID, l.Identity, why})
			continue
		}
		s.Letters = append(s.Letters, l)
		_, same, err := o.Store.Person(ctx, c.Patient)
		if err != nil {
			return s, err
		}
		for _, p := range same {
			written[p] = true
		}
	}
	for c := range wanted {
		return s, trace.Errorf(trace.NotFound, "the notice has no case %s", c)
	}
	return s, nil
}

// dead are the people of whom a case of any notice says that they died.
func dead(ctx context.Context, o *casework.Office) (map[trace.PatientID]bool, error) {
	dead := make(map[trace.PatientID]bool)
	for n, err := range o.Store.Notices(ctx) {
		if err != nil {
			return nil, err
		}
		for c, err := range o.Store.Cases(ctx, n.ID) {
			if err != nil {
				return nil, err
			}
			if c.Status != trace.CaseDied || c.Patient.IsZero() {
				continue
			}
			_, same, err := o.Store.Person(ctx, c.Patient)
			if err != nil {
				return nil, err
			}
			for _, p := range same {
				dead[p] = true
			}
		}
	}
	return dead, nil
}

// prepare gathers what one letter says; why is why it may not be made.
func (s Set) prepare(ctx context.Context, o *casework.Office, c trace.Case, dead map[trace.PatientID]bool) (l Letter, why string, err error) {
	l = Letter{Case: c.ID, Seen: c.Last(), Certain: c.Tier == string(recall.Confirmed)}
	if c.Patient.IsZero() {
		return l, "The patient is not recorded.", nil
	}
	if l.Identity, _, err = o.Store.Person(ctx, c.Patient); err != nil {
		return l, "", err
	}
	switch {
	case l.Identity.Erased || l.Identity.Sealed:
		return l, "The identity cannot be read.", nil
	case dead[c.Patient]:
		return l, "A case of this patient says: died.", nil
	case c.Status == trace.CaseNotAffected:
		return l, "The case says: not affected.", nil
	case l.Identity.Family == "" || l.Identity.Given == "":
		return l, "The name is not whole.", nil
	}
	l.Where, err = o.Whereabouts(ctx, c.Patient)
	switch {
	case trace.KindOf(err) == trace.NotFound:
		return l, "Death and address were not checked: no trace file has this patient.", nil
	case err != nil:
		return l, "", err
	}
	traced, err := time.ParseInLocation(time.DateOnly, l.Where.Day, o.Zone())
	if err != nil {
		return l, "", err
	}
	switch {
	case l.Where.Tracing.Died:
		return l, "The trace says: died.", nil
	case l.Where.Contradicted:
		return l, "Traces contradict each other: one said that the patient died. A person has to confirm (column confirmed of a trace file).", nil
	case s.today.Sub(traced) > (TraceDays+1)*24*time.Hour:
		return l, fmt.Sprintf("The trace is of %s, more than %d days ago: trace again.", l.Where.Day, TraceDays), nil
	case l.Where.Where.Address == "":
		return l, "No address was found.", nil
	}
	for _, u := range c.Usages {
		usage, err := o.Store.Usage(ctx, u)
		if err != nil {
			return l, "", err
		}
		full, err := trace.InFull(ctx, o.Store, usage)
		if err != nil {
			return l, "", err
		}
		if _, same, err := o.Store.Person(ctx, c.Patient); err != nil {
			return l, "", err
		} else if !slices.Contains(same, full.Patient) {
			// The record was put right since the case was opened: the device is
			// another patient's.
			return l, "A device of the case is not recorded as this patient's any more.", nil
		}
		l.Devices = append(l.Devices, deviceWords(full, o.Zone()))
		for _, p := range full.Procedure.People {
			if role := strings.ToLower(p.Role); l.Consultant == "" && p.Name != "" && (strings.Contains(role, "consultant") || strings.Contains(role, "surgeon")) {
				l.Consultant = p.Name
			}
		}
	}
	if gp, _, _ := strings.Cut(l.Where.Where.GP, "\n"); gp != "" {
		l.CopyTo = append(l.CopyTo, "your GP, "+gp)
	}
	if l.Consultant != "" {
		l.CopyTo = append(l.CopyTo, "your consultant, "+l.Consultant)
	}
	return l, "", nil
}

func deviceWords(u trace.UsageInFull, zone *time.Location) string {
	name := u.Product.Description
	if u.Product.Brand != "" {
		name = strings.TrimSpace(u.Product.Brand + " " + name)
	}
	if name == "" {
		name = "an implant"
	}
	for _, x := range [][2]string{{"lot", u.Usage.Device.Lot}, {"serial number", u.Usage.Device.Serial}} {
		if x[1] != "" {
			name += ", " + x[0] + " " + x[1]
		}
	}
	if side := u.Procedure.Side; side != "" && side != trace.SideNone {
		name += ", " + string(side)
	}
	return name + ", used on " + u.When().In(zone).Format("2 January 2006")
}

// checked says what is missing for letters to be printed.
func (s Set) checked() error {
	for _, f := range [][2]string{{s.ask.Explain, "what has happened, in plain words"}, {s.ask.Hospital, "the hospital"}, {s.ask.Phone, "a telephone number"}, {s.ask.Signed, "who signs"}} {
		if strings.TrimSpace(f[0]) == "" {
			return trace.Errorf(trace.Invalid, "A letter wants %s.", f[1])
		}
		if len(f[0]) > 4000 {
			return trace.Errorf(trace.Invalid, "A field of the letter has more than 4000 characters.")
		}
	}
	if len(s.Letters) == 0 {
		return trace.Errorf(trace.Conflict, "No letter can be made: each of the %d cases is held back.", len(s.Held))
	}
	return nil
}

// Words say what was made, for the history of a case.
func (s Set) Words(form string) string {
	words := "letter to the patient, " + form
	if s.ask.Large {
		words += ", large print"
	}
	if s.ask.Copies {
		words += ", with copies"
	}
	if s.ask.Drill {
		words += " (drill)"
	}
	return words
}

// Touched are the cases of the letters as they were when they were made.
func (s Set) Touched() (all []casework.Touched) {
	for _, l := range s.Letters {
		all = append(all, casework.Touched{Case: l.Case, Seen: l.Seen})
	}
	return all
}

func (s Set) fields(l Letter) Fields {
	return Fields{Today: s.today.Format("2 January 2006"), Name: l.Identity.Given + " " + l.Identity.Family, To: l.Identity.Given + " " + l.Identity.Family, AddressLines: strings.Split(l.Where.Where.Address, "\n"), NHSNumber: spaced(l.Identity.NHSNumber),
		Certain: l.Certain, Devices: l.Devices, Explain: s.ask.Explain, Reference: s.name, Hospital: s.ask.Hospital, Phone: s.ask.Phone, Signed: s.ask.Signed, CopyTo: l.CopyTo, Drill: s.ask.Drill}
}

func spaced(nhs string) string {
	if len(nhs) != 10 {
		return nhs
	}
	return nhs[:3] + " " + nhs[3:6] + " " + nhs[6:]
}

// Unprintable are letters whose names or addresses the fonts do not have; they are
// taken out of the set and held back.
func (s *Set) Unprintable() error {
	var kept []Letter
	for _, l := range s.Letters {
		missing, err := document.Missing(l.Identity.Given + l.Identity.Family + l.Where.Where.Address + l.Where.Where.GP + strings.Join(l.Devices, ""))
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			s.Held = append(s.Held, Held{l.Case, l.Identity, fmt.Sprintf("The fonts lack %q: use the table for mail merge.", string(missing))})
			continue
		}
		kept = append(kept, l)
	}
	s.Letters = kept
	return nil
}

// PDF sets all letters in one file.
func (s Set) PDF() ([]byte, error) {
	if err := s.checked(); err != nil {
		return nil, err
	}
	return s.set(s.Letters)
}

// ZIP sets each letter in a file of its own, which has the case's id for its name.
func (s Set) ZIP() ([]byte, error) {
	if err := s.checked(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, l := range s.Letters {
		pdf, err := s.set([]Letter{l})
		if err != nil {
			return nil, err
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: "letter-" + l.Case.String() + ".pdf", Method: zip.Deflate, Modified: s.today})
		if err == nil {
			_, err = w.Write(pdf)
		}
		if err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

func (s Set) set(letters []Letter) ([]byte, error) {
	t, err := parse(s.ask.Template)
	if err != nil {
		return nil, err
	}
	style := document.Style{Title: "Letter", Made: s.today, Large: s.ask.Large, Window: true, Footer: s.ask.Hospital}
	if s.ask.Drill {
		style.Mark = "DRILL: do not send"
	}
	d := document.New(style)
	for _, l := range letters {
		sheets := []Fields{s.fields(l)}
		if s.ask.Copies {
			if gp := l.Where.Where.GP; gp != "" {
				f := s.fields(l)
				lines := strings.Split(gp, "\n")
				f.CopyFor, f.To, f.AddressLines = "the GP of "+f.Name, lines[0], lines[1:]
				sheets = append(sheets, f)
			}
			if l.Consultant != "" {
				f := s.fields(l)
				f.CopyFor, f.To, f.AddressLines = "the consultant of "+f.Name, l.Consultant, []string{s.ask.Hospital}
				sheets = append(sheets, f)
			}
		}
		for _, f := range sheets {
			html, err := fill(t, f)
			if err != nil {
				return nil, err
			}
			d.Restart()
			if err := d.Page(html); err != nil {
				return nil, trace.Errorf(trace.Invalid, "The letter cannot be printed: %w.", err)
			}
		}
	}
	return d.PDF()
}

// Table is what a mail merge wants, one row a letter.
func (s Set) Table() ([][]string, error) {
	if err := s.checked(); err != nil {
		return nil, err
	}
	rows := [][]string{{"Case id", "Name", "Address 1", "Address 2", "Address 3", "Address 4", "Address 5", "Address 6", "NHS number", "Certain", "Devices", "Explanation", "Reference", "Hospital", "Telephone", "Signed",
		"GP", "Consultant", "Copies to", "Traced on", "Date"}}
	for _, l := range s.Letters {
		f := s.fields(l)
		address := make([]string, 6)
		copy(address, f.AddressLines)
		if n := len(f.AddressLines); n > 6 {
			address[5] = strings.Join(f.AddressLines[5:], ", ")
		}
		certain := "no"
		if f.Certain {
			certain = "yes"
		}
		row := append([]string{l.Case.String(), f.Name}, address...)
		rows = append(rows, append(row, f.NHSNumber, certain, strings.Join(f.Devices, "; "), f.Explain, f.Reference, f.Hospital, f.Phone, f.Signed, strings.ReplaceAll(l.Where.Where.GP, "\n", ", "), l.Consultant,
			strings.Join(f.CopyTo, "; "), l.Where.Day, f.Today))
	}
	return rows, nil
}

// CSV and XLSX are the table as a file; no cell is a formula.
func (s Set) CSV() ([]byte, error) {
	rows, err := s.Table()
	if err != nil {
		return nil, err
	}
	return sheet.CSV(rows)
}

// XLSX is likewise.
func (s Set) XLSX() ([]byte, error) {
	rows, err := s.Table()
	if err != nil {
		return nil, err
	}
	return sheet.XLSX("Letters", rows, s.today)
}
