package main

import (
	"context"
	"flag"
	"net/url"
)

func suppliedCommand() subcommand {
	return subcommand{
		name: "supplied", args: "[--from DATE] [--to DATE] [--out FILE]", summary: "list what was used of loan kits and consignment stock",
		help: `
Writes the devices of suppliers that were scanned or taken out of a set in a period, as CSV in the order of their suppliers: what has
to be told to them. Nothing of a patient is in it. A device of which nobody said the supplier is among them, with that
column empty.

Examples:
  implantrace supplied --from 2026-03-01 --to 2026-03-31 --out march.csv`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			from := fs.String("from", "", "first `DATE` (default: a month ago)")
			to := fs.String("to", "", "last `DATE`, included (default: today)")
			out := fs.String("out", "", "`FILE` to write (default: standard output)")
			return func(ctx context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				q := url.Values{}
				for name, v := range map[string]string{"from": *from, "to": *to} {
					if v != "" {
						q.Set(name, v)
					}
				}
				use, _ := into(*out, s.out)
				return ask(ctx, c, "GET", "/api/v1/exports/supplied.csv?"+q.Encode(), "", nil, use)
			}
		},
	}
}
