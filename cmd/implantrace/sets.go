package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

func setsCommand() subcommand {
	return subcommand{
		name: "sets", args: "import [--preview] FILE | export [--out FILE]", summary: "bring in what trays of screws and plates hold",
		help: `
A set is a tray with pieces that have no code of their own. In theatre the barcode of the tray opens its list.

import takes a CSV or XLSX with one row for each kind of piece: set (its name), code (the text of the tray's barcode), di or
catalogue_no, description, size, quantity; and where the set is the supplier's: supply (loan or consignment), supplier and
reference. A set that the record has as it is changes nothing. A set with a row that is refused is left out whole. Every
refused row is printed with its line and its reason. With --preview nothing is recorded.

export writes all sets as import takes them.

Exit code 1 when a row was refused.

Examples:
  implantrace sets import --preview trays.csv
  implantrace sets import trays.csv
  implantrace sets export --out trays.csv`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			preview := fs.Bool("preview", false, "record nothing, and say what would be recorded")
			out := fs.String("out", "", "`FILE` to write (default: standard output)")
			return func(ctx context.Context, s streams, args []string) error {
				switch {
				case len(args) == 2 && args[0] == "import":
					body, err := os.Open(args[1])
					if err != nil {
						return err
					}
					defer body.Close()
					q := url.Values{"id": {trace.NewEventID().String()}, "preview": {fmt.Sprint(*preview)}}
					var r command.SetReport
					if err := ask(ctx, c, "POST", "/api/v1/sets/imports?"+q.Encode(), "text/csv", body, func(b io.Reader) error { return json.NewDecoder(b).Decode(&r) }); err != nil {
						return err
					}
					for _, one := range r.Refused {
						fmt.Fprintf(s.err, "refused, line %d: %s\n", one.Line, one.Refused)
					}
					word := "recorded"
					if *preview {
						word = "would be recorded"
					}
					fmt.Fprintf(s.out, "%d rows: %d sets %s, %d there already, %d refused\n", r.Rows, r.Recorded, word, r.Same, len(r.Refused))
					if len(r.Refused) > 0 {
						return errNegative
					}
					return nil
				case len(args) == 1 && args[0] == "export":
					use, _ := into(*out, s.out)
					return ask(ctx, c, "GET", "/api/v1/exports/sets.csv", "", nil, use)
				}
				return usagef("say import and a file, or export")
			}
		},
	}
}
