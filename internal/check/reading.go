package check

import (
	"implantrace/gs1"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// reading: was the code read whole? A value of a damaged code may be wrong.
func reading(f Facts) trace.Check {
	const rule = "reading"
	level, message := trace.Pass, "The code was read without a fault."
	for _, i := range f.Meaning.Issues {
		switch {
		case i.Severity == gs1.Hard.String():
			return answer(rule, trace.Stop, i.Message+" Do not rely on this reading: scan again, or compare with the label.")
		case i.Code == udi.CodeSeparator:
			level, message = trace.Warn, i.Message
		case level == trace.Pass:
			level, message = trace.Note, i.Message
		}
	}
	return answer(rule, level, message)
}
