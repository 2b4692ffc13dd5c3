package theatre

import "implantrace/internal/trace"

// awaited says in one line what a desk awaits.
func awaited(s State) string {
	switch {
	case s.Procedure == nil && s.Identity == nil:
		return "Scan the patient's wristband"
	case s.Procedure == nil && s.Place.String() == "":
		return "Compare the patient. Then scan the theatre's label, or open the procedure"
	case s.Procedure == nil:
		return "Compare the patient. Then open the procedure"
	case s.Asks != nil && s.Asks.Kind == AskSame:
		return "Compare the wristband. Answer yes or no"
	case s.Stranger:
		return "Scan the wristband of this patient"
	case s.Asks != nil && s.Asks.Kind == AskOutcome:
		return "Say what became of it"
	case s.Asks != nil:
		return "Answer yes or no"
	case s.Procedure.Procedure.Side == trace.SideBilateral && s.Side == "":
		return "Say which side is scanned for"
	}
	devices, missing := 0, len(Unresolved(s.Procedure.Usages))
	for _, u := range s.Procedure.Usages {
		if !u.Usage.Withdrawn {
			devices++
		}
	}
	switch {
	case devices == 0:
		return "Scan the first device, before it is opened"
	case missing > 0:
		return "Scan the next device, or say what became of those below"
	}
	return "Scan the next device, or close the procedure"
}
