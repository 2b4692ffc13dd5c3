package command_test

import (
	"strings"
	"testing"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// The identity of somebody who may have an implant is kept for the years that
// the site says; of anybody else it may go.
func TestAnIdentityIsKeptWhileAnImplantMayBeRecalled(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		status trace.Status
		age    int // years since the procedure
		keep   int
		open   bool
		says   string // "": it is erased
	}{
		"implanted lately":            {trace.Implanted, 1, 30, false, "until 2055-"},
		"implanted long ago":          {trace.Implanted, 31, 30, false, ""},
		"implanted 29 years ago":      {trace.Implanted, 29, 30, false, "is kept for 30 years"},
		"the site keeps 10 years":     {trace.Implanted, 11, 10, false, ""},
		"taken out again":             {trace.Explanted, 1, 30, false, "is kept for 30 years"},
		"without an outcome":          {trace.Opened, 1, 30, false, "may have"},
		"not used":                    {trace.NotUsed, 1, 30, false, ""},
		"only tried":                  {trace.Trial, 1, 30, false, ""},
		"with a procedure still open": {trace.NotUsed, 0, 30, true, "is open"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.now = now
			start := now.AddDate(-c.age, 0, -1)
			open := command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: "9990000018", Family: "Testwell"}, Code: trace.Code{Text: "Hip"}, Start: start, End: start.Add(time.Hour)}
			if c.open {
				open.End = time.Time{}
			}
			p, err := s.Recorder.OpenProcedure(t.Context(), open)
			if err != nil {
				t.Fatal(err)
			}
			u := command.RecordUsage{Meta: meta(), Procedure: p, Device: udi.Device{DI: di, Lot: "A1"}, Status: c.status, Reason: "nothing else was there"}
			u.Occurred = start
			if _, err := s.Recorder.RecordUsage(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			procedure, err := s.store.Procedure(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			erase := command.ErasePatient{Meta: meta(), Patient: procedure.Patient, Reason: "asked for in writing", KeepYears: c.keep}
			done, err := s.Recorder.ErasePatient(t.Context(), erase)
			who, ierr := s.store.Identity(t.Context(), procedure.Patient)
			if ierr != nil {
				t.Fatal(ierr)
			}
			if c.says != "" {
				if trace.KindOf(err) != trace.Conflict || !strings.Contains(err.Error(), c.says) || who.Family != "Testwell" {
					t.Errorf("%v, %+v", err, who)
				}
				return
			}
			if err != nil || len(done.Patients) != 1 || who.Family != "" || !who.Erased {
				t.Fatalf("%+v, %v, %+v", done, err, who)
			}
			if again, err := s.Recorder.ErasePatient(t.Context(), erase); err != nil || !again.Repeated || len(again.Patients) != 1 {
				t.Errorf("the same again: %+v, %v", again, err)
			}
			erase.ID = trace.NewEventID()
			if _, err := s.Recorder.ErasePatient(t.Context(), erase); trace.KindOf(err) != trace.Conflict {
				t.Errorf("another: %v", err)
			}
			// Who comes again is somebody new, and the erased one is linked to nobody.
			found, err := s.Recorder.RegisterPatient(t.Context(), command.RegisterPatient{Meta: meta(), Who: command.Who{NHSNumber: "9990000018", Family: "Testwell"}})
			if err != nil || !found.New || found.Patient == procedure.Patient {
				t.Errorf("%+v, %v", found, err)
			}
			if _, err := s.Recorder.RegisterPatient(t.Context(), command.RegisterPatient{Meta: meta(), Who: command.Who{Patient: procedure.Patient, Family: "Testwell"}}); trace.KindOf(err) != trace.Conflict {
				t.Errorf("the erased patient gets a name: %v", err)
			}
		})
	}
}

func TestAnErasureWantsAReasonAndAPatient(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct {
		erase command.ErasePatient
		kind  trace.ErrorKind
	}{
		"no reason": {command.ErasePatient{Meta: meta(), Patient: trace.PatientID(trace.NewEventID()), Reason: "  "}, trace.Invalid},
		"no id":     {command.ErasePatient{Reason: "x"}, trace.Invalid},
		"nobody":    {command.ErasePatient{Meta: meta(), Patient: trace.PatientID(trace.NewEventID()), Reason: "x"}, trace.NotFound},
	} {
		if _, err := s.Recorder.ErasePatient(t.Context(), c.erase); trace.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
}
