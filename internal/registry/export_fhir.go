package registry

import (
	"implantrace/internal/fhir"
	"implantrace/internal/trace"
)

// fhirExport is the record as FHIR R4, in one of two forms. A record is a procedure
// with all that it refers to. Nothing is kept back: what is doubtful is marked in the
// resources, and what was withdrawn goes out as entered-in-error.
func fhirExport(id, title string, f fileForm, of func(trace.ProcedureInFull, fhir.Options) ([]fhir.Piece, error)) Export {
	return Export{ID: id, Title: title, form: f, header: func(exportScope) []string { return nil },
		records: func(s exportScope, c Case) []Record {
			r := newRecord(c, trace.UsageInFull{}, s.zone)
			r.Name = "a procedure and its devices"
			pieces, err := of(c.ProcedureInFull, fhir.Options{})
			if err != nil {
				r.Problems = append(r.Problems, Item{State: Incorrect, Why: "It cannot be written as FHIR: " + sentence(err), Fix: FixProcedure})
				return []Record{r}
			}
			for _, p := range pieces {
				name := ""
				if p.Shared {
					name = p.Name
				}
				r.Lines, r.once = append(r.Lines, []string{string(p.JSON)}), append(r.once, name)
			}
			return []Record{r}
		}}
}

func fhirExports() []Export {
	return []Export{
		fhirExport("fhir-bundle", "FHIR R4, a Bundle", fileForm{
			extension: "json", contentType: "application/fhir+json",
			head: func(s exportScope, _ []string) string { return fhir.BundleHead(s.now) },
			line: func(before int, cells []string) string { return fhir.BundleBefore(before) + cells[0] },
			end:  fhir.BundleEnd,
		}, fhir.Entries),
		fhirExport("fhir-ndjson", "FHIR R4, a resource a line (NDJSON)", fileForm{
			extension: "ndjson", contentType: "application/fhir+ndjson",
			head: func(exportScope, []string) string { return "" },
			line: func(_ int, cells []string) string { return cells[0] + "\n" },
			end:  func(int) string { return "" },
		}, fhir.Lines),
	}
}
