package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"implantrace/internal/trace"
)

func staffCommand() subcommand {
	return subcommand{
		name: "staff", args: "[add LOGIN --name NAME --role ROLE | code LOGIN]", summary: "list accounts, make one, or let somebody in again",
		help: `
Lists the accounts of the people who sign in at this node. With add it makes one, and with code it gives somebody who cannot
sign in (the only administrator, say) a new one-time code. The code is good for 72 hours: with it they choose password, PIN
and authenticator at /sign-in/first, which take the place of what they had. It is an entry of the journal.

The roles are theatre, clinician, recall, registry, catalogue, auditor, safety-officer and administrator.

Examples:
  implantrace staff
  implantrace staff add ada.admin --name "Ada Admin" --role administrator
  implantrace staff code ada.admin`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			var roles several
			name := fs.String("name", "", "`NAME` of the person, with add")
			badge := fs.String("badge", "", "`CODE` of the person's badge, with add")
			fs.Var(&roles, "role", "`ROLE` of the person, with add; may be given more than once")
			return func(ctx context.Context, s streams, args []string) error {
				switch {
				case len(args) == 0:
					var all struct {
						Items []struct {
							Login, Name string
							Roles       []string
							Left        bool
						}
					}
					if err := ask(ctx, c, "GET", "/api/v1/operator/staff", "", nil, asJSON(&all)); err != nil {
						return err
					}
					for _, a := range all.Items {
						state := strings.Join(a.Roles, ", ")
						if a.Left {
							state = "has left"
						}
						fmt.Fprintf(s.out, "%-20s %-30s %s\n", a.Login, a.Name, state)
					}
					if len(all.Items) == 0 {
						fmt.Fprintln(s.out, "Nobody has an account yet.")
					}
					return nil
				case len(args) != 2 || args[0] != "add" && args[0] != "code":
					return usagef("say nothing, add LOGIN or code LOGIN")
				case args[0] == "add" && (*name == "" || len(roles) == 0):
					return usagef("a new account wants --name and --role")
				}
				q := map[string]any{"id": trace.NewEventID(), "login": args[1]}
				path := "/api/v1/operator/staff/code"
				if args[0] == "add" {
					path = "/api/v1/operator/staff"
					q["name"], q["roles"] = *name, []string(roles)
					if *badge != "" {
						q["badge"] = *badge
					}
				}
				body, err := json.Marshal(q)
				if err != nil {
					return err
				}
				var done struct{ Name, Code string }
				if err := ask(ctx, c, "POST", path, "application/json", bytes.NewReader(body), asJSON(&done)); err != nil {
					return err
				}
				fmt.Fprintf(s.out, "One-time code for %s: %s\nIt is good for 72 hours, at /sign-in/first.\n", done.Name, done.Code)
				return nil
			}
		},
	}
}
