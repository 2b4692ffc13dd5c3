package check

import (
	"fmt"

	"implantrace/internal/trace"
)

// reuse: a serial number names one piece; a piece is used once.
func reuse(f Facts) trace.Check {
	const rule = "reuse"
	if f.Meaning.Device.DI == "" || f.Meaning.Device.Serial == "" {
		return answer(rule, trace.NotChecked, "Without a serial number nobody can tell whether this piece was used before.")
	}
	worst := answer(rule, trace.Pass, "This piece is not recorded as used before.")
	for _, e := range f.Earlier {
		var c trace.Check
		on := e.When().In(f.Now.Location()).Format("2 January 2006")
		switch {
		case e.Usage.Procedure == f.Procedure && !f.Procedure.IsZero():
			c = answer(rule, trace.Warn, "This piece was scanned in this procedure already.")
		case e.Usage.Status == trace.Trial:
			c = answer(rule, trace.Stop, fmt.Sprintf("The record says that this piece was tried in a patient on %s.", on))
		case e.Usage.Status.InPatient() == "yes" || e.Usage.Status.InPatient() == "was":
			c = answer(rule, trace.Stop, fmt.Sprintf("The record says that this piece was implanted on %s.", on))
		default:
			c = answer(rule, trace.Warn, fmt.Sprintf("This piece was scanned in another procedure on %s (%s).", on, e.Usage.Status))
		}
		if worst.Level.Worse(c.Level) != worst.Level {
			worst = c
		}
	}
	return worst
}
