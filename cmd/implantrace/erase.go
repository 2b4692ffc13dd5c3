package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"

	"implantrace/api"
	"implantrace/internal/app"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

func eraseCommand() subcommand {
	return subcommand{
		name: "erase", args: "PATIENT --reason TEXT", summary: "make a patient's identity unreadable, for good",
		help: `
Takes away the keys of a patient's identity: name, numbers, date of birth, wristbands and notes cannot be read by anybody
any more. The devices and procedures stay, as those of somebody unknown, and the journal verifies as before. It cannot be
undone. PATIENT is the id in the address of the patient's page, never a number or a name.

It is refused for a patient who may have an implant from the last 30 years (serve --keep-identities-years), because who has it
must be known if it is recalled. It says which copies still hold the identity, and for how long.

Exit code 1 when it is refused.

Examples:
  implantrace erase 0192f0c1-7a3e-7c4e-9a58-3f1f0e6a2b10 --reason "asked for in writing, agreed by the records manager"`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			reason := fs.String("reason", "", "`TEXT`: who asked for it, and who decided it; it is recorded, sealed")
			fs.IntVar(&c.KeepYears, "keep-identities-years", 0, "how many `YEARS` an identity is kept, where no node runs that says it (default 30)")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) != 1 {
					return usagef("name the patient's id")
				}
				if *reason == "" {
					return usagef("say why with --reason")
				}
				q := command.ErasePatient{Meta: command.Meta{ID: trace.NewEventID()}, Reason: *reason}
				if err := q.Patient.UnmarshalText([]byte(args[0])); err != nil {
					return usagef("%q is no patient's id (the last part of the address of the patient's page)", args[0])
				}
				body, err := json.Marshal(q)
				if err != nil {
					return err
				}
				var done api.Erased
				if err := ask(ctx, c, "POST", "/api/v1/operator/erase", "application/json", bytes.NewReader(body), asJSON(&done)); err != nil {
					var p *app.Problem
					if errors.As(err, &p) && p.Status == http.StatusConflict {
						fmt.Fprintf(s.err, "Not erased: %s\n", p.Detail)
						return errNegative
					}
					return err
				}
				for _, id := range done.Patients {
					fmt.Fprintf(s.out, "The identity of patient %s is erased.\n", id)
				}
				if done.RunParts > 0 {
					fmt.Fprintf(s.out, "So are %d parts of files that were made for registries: those files cannot be given any more.\n", done.RunParts)
				}
				if done.Readings > 0 {
					fmt.Fprintf(s.out, "So are %d readings of the same procedures that nobody understood.\n", done.Readings)
				}
				for _, where := range done.Copies {
					fmt.Fprintln(s.out, where)
				}
				return nil
			}
		},
	}
}
