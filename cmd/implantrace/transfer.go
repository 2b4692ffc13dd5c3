package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"

	"implantrace/internal/fhir"
	"implantrace/internal/history"
)

func exportCommand() subcommand {
	return subcommand{
		name: "export", args: "iso16054|fhir|njr|mdor|deplcm|mapped [flags] | run | runs | file | report | accept | refuse | cancel", summary: "write the record out for other systems",
		help: `
Writes the record for other systems: iso16054 is a CSV of the ISO 16054 minimum set, one row for each device implanted or
explanted; fhir is a FHIR R4 Bundle of patients, procedures, devices and their use. All procedures, those of a period, or
one.

Three are drafts, because what the registry takes is not published or is not all in the record: njr (National Joint Registry) is a
CSV of the whole records of one kind of operation, named with --section; mdor (Medical Device Outcome Registry) has procedures without
a device too; deplcm (Devices Patient Level Contract Monitoring) is of the month that --month names. njr-report says as JSON which
records are kept back, and why.

mapped is a file for any other registry: --mapping names the file that says what its columns are (docs/mapping.md). --preview shows what each
column comes from, the first rows, and what is held back and why. Without it the same is told first, and exit code 1 says that rows
were held back; --held writes all of them to a file.

run makes a run for a --registry (iso16054, njr, mdor, deplcm, mapped, fhir-bundle or fhir-ndjson): its file is kept, sealed, with its SHA-256, records that lack a
mandatory element are kept back, and with --changes it has only what is new or otherwise than in the runs that the registry accepted.
runs lists them. file and report give a run's file, and every record of it with what kept it back or that it was withdrawn. accept
and refuse say what the registry answered; cancel stops a run that is being made.

Examples:
  implantrace export mapped --mapping registry.yaml --preview
  implantrace export mapped --mapping registry.yaml --from 2026-07-01 --to 2026-09-30 --out quarter.csv
  implantrace export iso16054 --from 2026-01-01 --to 2026-03-31 --out quarter.csv
  implantrace export fhir --procedure 0192f0c1-7a3e-7c4e-9a58-3f1f0e6a2b10
  implantrace export njr-report --from 2026-01-01 --to 2026-03-31
  implantrace export njr --section "HIP PRIMARY" --from 2026-01-01 --to 2026-03-31 --out hips.csv
  implantrace export deplcm --month 2026-07 --out july.csv
  implantrace export run --registry mapped --mapping quarter --from 2026-07-01 --to 2026-09-30 --out quarter.csv
  implantrace export run --registry njr --section "HIP PRIMARY" --from 2026-01-01 --to 2026-03-31 --changes --out hips.csv
  implantrace export refuse 0193f0c1-0000-7000-8000-000000000071 --reason "Column 12 is not a date"`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			procedure := fs.String("procedure", "", "only the procedure with this `ID`")
			from := fs.String("from", "", "procedures from this `DAY` on (YYYY-MM-DD)")
			to := fs.String("to", "", "procedures until this `DAY`, included")
			section := fs.String("section", "", "njr: the `OPERATION`, such as \"HIP PRIMARY\"")
			month := fs.String("month", "", "deplcm: the `MONTH` (YYYY-MM)")
			mapping := fs.String("mapping", "", "mapped: the `FILE` that says what the columns are; run: its name in the node's folder of mappings")
			preview := fs.Bool("preview", false, "mapped: show what the file would be, and write none")
			rows := fs.Int("rows", 5, "mapped: how many `ROWS` a preview shows")
			held := fs.String("held", "", "mapped: `FILE` to write what is held back to")
			out := fs.String("out", "", "`FILE` to write (default: standard output)")
			registry := fs.String("registry", "", "run: the `NAME` of the registry")
			gln := fs.String("gln", "", "run: only procedures at the place with this `NUMBER`")
			changes := fs.Bool("changes", false, "run: only what is new or changed since the runs that the registry accepted")
			reason := fs.String("reason", "", "refuse, accept: `WHY`, as the registry says it")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) > 0 {
					r := exportRuns{config: c, streams: s, out: *out}
					switch verb := args[0]; {
					case verb == "run" && len(args) == 1:
						return r.run(ctx, map[string]any{"registry": *registry, "section": *section, "from": *from, "to": *to, "month": *month, "gln": *gln, "procedure": *procedure, "changes": *changes, "mapping": *mapping})
					case verb == "runs" && len(args) == 1:
						return r.list(ctx)
					case slices.Contains(runVerbs, verb):
						if len(args) != 2 {
							return usagef("say the id of one run: implantrace export runs lists them")
						}
						return r.about(ctx, verb, args[1], *reason)
					}
				}
				const all = "iso16054, fhir, njr, njr-report, mdor, deplcm or mapped; or run, runs, file, report, accept, refuse or cancel"
				if len(args) != 1 {
					return usagef("say which export: %s", all)
				}
				path, ok := map[string]string{
					"iso16054": "iso16054.csv", "fhir": "fhir.json", "njr": "njr.csv", "njr-report": "njr/report", "mdor": "mdor.csv", "deplcm": "deplcm.csv", "mapped": "mapped",
				}[args[0]]
				if !ok {
					return usagef("there is no export %q: it is %s", args[0], all)
				}
				q := url.Values{}
				for name, v := range map[string]string{"procedure": *procedure, "from": *from, "to": *to, "section": *section, "month": *month} {
					if v != "" {
						q.Set(name, v)
					}
				}
				if args[0] == "mapped" {
					if *preview {
						q.Set("rows", strconv.Itoa(*rows))
					}
					return exportMapped(ctx, s, c, *mapping, q, *preview, *held, *out)
				}
				if *mapping != "" || *preview || *held != "" {
					return usagef("--mapping, --preview and --held belong to export mapped")
				}
				use, _ := into(*out, s.out)
				return ask(ctx, c, "GET", "/api/v1/exports/"+path+"?"+q.Encode(), "", nil, use)
			}
		},
	}
}

// fhirRows gives the import rows that FHIR resources come to, and says what of them
// comes to none once all of them were taken.
func fhirRows(in io.Reader, says io.Writer) (rows *io.PipeReader, tell func()) {
	r, w := io.Pipe()
	done := make(chan struct{})
	var report fhir.RowsReport
	go func() {
		defer close(done)
		var err error
		report, err = fhir.Rows(in, w)
		w.CloseWithError(err)
	}()
	return r, func() {
		<-done
		for _, left := range []struct {
			n    int
			says string
		}{
			{report.InError, "%d procedures and devices were withdrawn there, and are left out.\n"},
			{report.Adrift, "%d devices belong to no procedure of the file, and are left out.\n"},
			{report.Others, "%d resources are of types that no import takes, and are left out.\n"},
		} {
			if left.n > 0 {
				fmt.Fprintf(says, left.says, left.n)
			}
		}
	}
}

func importCommand() subcommand {
	return subcommand{
		name: "import", args: "--source NAME --jsonl FILE | --table FILE --mapping FILE | --fhir FILE", summary: "bring in history from another system",
		help: `
Brings in patients, products, procedures, usages and corrections from a file of JSON lines (docs/import.md describes
them), marked "imported, unverified". The same file again changes nothing. Every refused row is printed with its line and
its reason.

--table takes an extract of a register or theatre system, CSV or XLSX, of which each row is one device of one procedure.
--mapping is a file that says what its columns mean; --new-mapping prints one to begin with, which a person completes and keeps.

--fhir takes what another implantrace wrote: a bundle, or the files of a bulk export one after the other. Each barcode is read
again; what was withdrawn there is left out.

Exit code 1 when a row was refused; all others are recorded.

Examples:
  implantrace import --table njr.xlsx --new-mapping
  implantrace import --source NJR --table njr.xlsx --mapping njr.json
  implantrace import --source theatreman --jsonl history.jsonl
  implantrace import --source northmoor --fhir bundle.json
  zcat history.jsonl.gz | implantrace import --source theatreman --jsonl -`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			file := fs.String("jsonl", "", "`FILE` of JSON lines; - for standard input")
			source := fs.String("source", "import", "`NAME` of the system the rows come from, the same each time")
			raw := fs.Bool("json", false, "print the report as JSON")
			sheetFile := fs.String("table", "", "`FILE` with a table: CSV, or the first sheet of an XLSX workbook")
			bundle := fs.String("fhir", "", "`FILE` of FHIR R4 that another node wrote; - for standard input")
			mapping := fs.String("mapping", "", "`FILE` with the mapping of the table's columns")
			fresh := fs.Bool("new-mapping", false, "print a mapping for the table, to be completed, and import nothing")
			return func(ctx context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				switch {
				case *sheetFile != "" && *fresh:
					return newMapping(s, *sheetFile)
				case *sheetFile != "" && *mapping != "":
					return importTable(ctx, s, c, *source, *sheetFile, *mapping, *raw)
				case *sheetFile != "":
					return usagef("name the mapping of the table's columns with --mapping; --new-mapping prints one to begin with")
				}
				if *bundle != "" && (*file != "" || *sheetFile != "") || *file != "" && *sheetFile != "" {
					return usagef("name one file: --jsonl, --table or --fhir")
				}
				if *bundle != "" {
					*file = *bundle
				}
				if *file == "" {
					return usagef("name the file with --jsonl, --table or --fhir")
				}
				in := s.in
				if *file != "-" {
					f, err := os.Open(*file)
					if err != nil {
						return err
					}
					defer f.Close()
					in = f
				}
				tell := func() {}
				if *bundle != "" {
					var rows *io.PipeReader
					rows, tell = fhirRows(in, s.err)
					defer rows.Close()
					in = rows
				}
				var a struct {
					Report   history.Report    `json:"report"`
					Refusals []history.Refusal `json:"refusals"`
					Notices  []history.Notice  `json:"notices"`
				}
				err := ask(ctx, c, "POST", "/api/v1/imports?source="+url.QueryEscape(*source), "application/jsonl", io.NopCloser(in), asJSON(&a))
				if err != nil {
					return err
				}
				tell()
				if *raw {
					err = printJSON(s.out, a)
				} else {
					for _, r := range a.Refusals {
						fmt.Fprintf(s.err, "refused, line %d: %s %s: %s\n", r.Line, r.Type, r.Ref, r.Reason)
					}
					for _, n := range a.Notices {
						fmt.Fprintf(s.err, "recorded, worth a second look, line %d: %s %s: %s\n", n.Line, n.Type, n.Ref, n.Text)
					}
					if more := a.Report.Refused - len(a.Refusals); more > 0 {
						fmt.Fprintf(s.err, "and %d more refused rows\n", more)
					}
					fmt.Fprintf(s.out, "%d rows: %d recorded, %d there already, %d refused.\n", a.Report.Lines, a.Report.Recorded, a.Report.Repeated, a.Report.Refused)
				}
				if err == nil && a.Report.Refused > 0 {
					err = errNegative
				}
				return err
			}
		},
	}
}
