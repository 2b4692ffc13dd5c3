package practice

import (
	"fmt"
	"strings"
	"time"

	"implantrace/gs1"
	"implantrace/internal/demo"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

var noTime time.Time // for texts whose meaning has no date

// written is how people write GS1 data.
func written(elements string) string {
	return gs1.Parse("]d2"+elements, gs1.Options{Now: noTime}).HRI()
}

// Steps is how many steps the first case has.
const Steps = 7

// Step says what comes next in the first case.
type Step struct {
	Number int    // 1 to Steps; Steps+1: it is over
	Title  string // what to scan or do
	Why    string
	Label  Label    // what to scan; zero: nothing
	Over   []string // what was done, when it is over
}

// Count is "1 of 7".
func (s Step) Count() string { return fmt.Sprintf("%d of %d", s.Number, Steps) }

// Guide says what comes next at a desk; last is the procedure that was closed last,
// nil: none was. It goes by what is recorded, and not by what the page has said before:
// whoever does something else is told what is still to do.
func Guide(sheets []Sheet, st theatre.State, last *trace.ProcedureInFull) Step {
	step := func(n int, key, title, why string) Step {
		l, _ := ByKey(sheets, key)
		return Step{Number: n, Title: title, Why: why, Label: l}
	}
	switch {
	case st.Procedure != nil:
		return inside(step, *st.Procedure)
	case st.Identity == nil && last != nil: // where it was stays at the desk for the next patient
		return over(*last)
	case st.Identity == nil:
		return step(1, Wristband, "Scan the practice wristband", "The page shows whose it is. In a real case compare name and date of birth aloud.")
	case len(st.People) == 0:
		return step(2, Badge, "Scan the badge", "So that the record says who was there.")
	case st.Place.GLN == "":
		return step(3, Place, "Scan the label of the theatre", "So that the record says where.")
	case st.Code.Code == "":
		return step(4, Procedure, "Scan the procedure's code", "What is implanted is held against it.")
	}
	return step(4, "", "Choose a side and press Open procedure", "From now on every device belongs to this patient.")
}

func inside(step func(n int, key, title, why string) Step, p trace.ProcedureInFull) Step {
	products := demo.Practise()
	expired, good := found(p, products.Shell.DI, expiredLot), found(p, products.Stem.DI, lot)
	switch {
	case expired == nil:
		return step(5, Expired, "Scan the shell that is past its expiry", "A device is scanned before it is opened. This one the page stops.")
	case !expired.Status.Outcome():
		return step(5, Returned, "Stop: put it aside, and scan Returned", "Or press Returned unopened below. It stays in the record, and in nobody.")
	case good == nil:
		return step(6, Stem, "Scan the stem that is in date", "Read what the page could not check: grey is not green.")
	case good.Status == trace.Checked:
		return step(6, Opened, "Open the pack, and scan Opened", "Or press Opened below. If the page does not take it, scan the stem again first.")
	case good.Status == trace.Opened:
		return step(6, Implanted, "Implant it, and scan Implanted", "Only now the stem is in the patient. If the page does not take it, scan the stem again first.")
	case !good.Status.Outcome():
		return step(6, Stem, "Say what became of the stem", "No device is left without an outcome.")
	}
	return step(Steps, "", "Press Close procedure", "The page would say if a device were without an outcome.")
}

// found is the device of a lot in a procedure, nil if there is none.
func found(p trace.ProcedureInFull, di, lot string) *trace.Usage {
	for _, u := range p.Usages {
		if !u.Usage.Withdrawn && u.Usage.Device.DI == di && u.Usage.Device.Lot == lot {
			return &u.Usage
		}
	}
	return nil
}

// over says what was done in a case.
func over(p trace.ProcedureInFull) Step {
	s := Step{Number: Steps + 1, Title: "The practice case is over", Why: "Scan the practice wristband to do it again, or try the other labels: two codes on one pack, a recalled lot, another patient's wristband."}
	for _, u := range p.Usages {
		if u.Usage.Withdrawn {
			continue
		}
		name := u.Product.Description
		if name == "" {
			name = "Device " + u.Usage.Device.DI
		}
		s.Over = append(s.Over, fmt.Sprintf("%s: %s, %s", name, strings.ReplaceAll(string(u.Usage.Verdict.Level), "-", " "), u.Usage.Status))
	}
	if len(s.Over) == 0 {
		s.Over = []string{"No device was recorded."}
	}
	return s
}
