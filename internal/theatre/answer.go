package theatre

import (
	"context"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Answer is what the screen says to a reading.
type Answer struct {
	Reading   trace.EventID     `json:"reading"`
	At        time.Time         `json:"at"`
	Source    string            `json:"source"`
	Scanner   string            `json:"scanner,omitempty"`
	Symbology string            `json:"symbology,omitempty"`
	Means     udi.Kind          `json:"means"`
	Shown     string            `json:"shown"` // what was read, as people say it; no identity
	Verdict   trace.Verdict     `json:"verdict"`
	Issues    []udi.Issue       `json:"issues"`
	Device    *udi.Device       `json:"device,omitempty"`
	Readings  []udi.Reading     `json:"readings,omitempty"` // ways to read a code whose separators were lost; none is chosen
	Product   *trace.Product    `json:"product,omitempty"`
	Patient   trace.PatientID   `json:"patient,omitzero"`
	Procedure trace.ProcedureID `json:"procedure,omitzero"`
	Usage     trace.UsageID     `json:"usage,omitzero"`
	Status    trace.Status      `json:"status,omitempty"`
	Repeated  bool              `json:"repeated"` // this very reading was recorded before
	// Unconfirmed is set where nobody was signed in, or the page was locked: who
	// scanned it is not confirmed.
	Unconfirmed bool `json:"unconfirmed,omitempty"`
	// Unrecorded says why the reading is not in the record yet, as far as the
	// node knows: only the verdict stands. "" when it is recorded.
	Unrecorded string `json:"unrecorded,omitempty"`
}

// answer puts a recorded reading into words.
func (d *Desk) answer(ctx context.Context, f trace.ReadingFact, at time.Time) (Answer, error) {
	a := Answer{Reading: f.Reading, At: at, Source: f.Source, Scanner: f.Scanner, Symbology: f.Symbology, Means: f.Means,
		Verdict: f.Verdict, Issues: f.Issues, Patient: f.Patient, Procedure: f.Procedure, Usage: f.Usage}
	if a.Issues == nil {
		a.Issues = []udi.Issue{}
	}
	switch f.Means {
	case udi.KindDevice:
		m := udi.Understand(f.Symbology+f.Text, at)
		a.Device, a.Readings = &m.Device, m.Readings
		a.Shown = m.Device.HRF()
		if a.Shown == "" && m.Device.Agency == udi.AgencyICCBBA {
			a.Shown = m.HRF() // a symbol of a label that says nothing of the device by itself
		}
		if a.Shown == "" {
			a.Shown = "a device's code that could not be read whole"
		}
		if p, err := trace.ProductOf(ctx, d.recorder.Store, m.Device.DI); err == nil {
			a.Product = &p
		} else if trace.KindOf(err) != trace.NotFound {
			return a, err
		}
		if !f.Usage.IsZero() {
			u, err := d.recorder.Store.Usage(ctx, f.Usage)
			if err != nil {
				return a, err
			}
			a.Status = u.Status
		}
	case udi.KindSet:
		a.Shown = "the barcode of a set, " + f.Text
	case udi.KindPatient:
		a.Shown = "a patient's wristband"
	case udi.KindStaff:
		who, err := trace.Person{Code: d.recorder.Rules.Understand(f.Symbology+f.Text, at).Staff}.In(ctx, d.recorder.Store)
		if err != nil {
			return a, err
		}
		a.Shown = "staff badge " + who.Code
		if who.Name != "" {
			a.Shown = who.String()
		}
	case udi.KindPlace:
		p := udi.Understand(f.Symbology+f.Text, at).Place
		where, err := trace.Place{GLN: p.GLN, Extension: p.Extension}.In(ctx, d.recorder.Store)
		if err != nil {
			return a, err
		}
		a.Shown = where.String()
	case udi.KindProcedure:
		p := udi.Understand(f.Symbology+f.Text, at).Procedure
		code, err := trace.Code{System: p.System, Code: p.Code}.In(ctx, d.recorder.Store)
		if err != nil {
			return a, err
		}
		a.Shown = "procedure code " + code.String() + " (" + trace.CodeSystem(p.System) + ")"
	case udi.KindAction:
		a.Shown = "code for the action " + string(udi.Understand(f.Symbology+f.Text, at).Action)
	default:
		a.Shown = "a code that is none of ours"
		if f.Source == "picture" && f.Symbology == "" && f.Format == "" {
			a.Shown = "a picture without a readable code"
		}
	}
	return a, nil
}
