package fhir

import (
	"fmt"
	"io"
	"iter"

	"implantrace/internal/trace"
)

// WriteLines writes what [Of] gives of each procedure as NDJSON, one resource a line, as
// they come; keep says which of them. Each line is one call of w's Write, and nothing is
// kept but the counts. A file of lines that is cut looks whole: whoever hands it on must
// see to it that only a whole one is delivered.
func WriteLines(w io.Writer, procedures iter.Seq2[trace.ProcedureInFull, error], keep func(Resource) bool, o Options) (Report, error) {
	report := Report{Resources: map[string]int{}, Usages: map[string]int{}}
	for p, err := range procedures {
		if err != nil {
			return report, err
		}
		all, err := Of(p, o)
		if err != nil {
			return report, err
		}
		report.Procedures++
		for _, u := range p.Usages {
			report.count(u.Usage)
		}
		for _, r := range all {
			if keep != nil && !keep(r) {
				continue
			}
			if _, err := w.Write(append(r.JSON, '\n')); err != nil {
				return report, fmt.Errorf("FHIR lines: %w", err)
			}
			report.Resources[r.Type]++
		}
	}
	return report, nil
}

func (r Report) count(u trace.Usage) {
	if u.Withdrawn {
		r.Usages["withdrawn"]++
	} else {
		r.Usages[u.Status.String()]++
	}
}
