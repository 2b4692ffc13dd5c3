package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

func patientCommand() subcommand {
	return subcommand{
		name: "patient", args: "links [PATIENT] | link PATIENT OTHER --reason TEXT | unlink LINK --reason TEXT", summary: "say which records are of one person, and take that back",
		help: `
With link, says that two records are of one person: PATIENT is the one that is shown as the person. Neither record is changed;
both are read together from then on. With unlink it takes a link back, and each record stands alone again, with what was
recorded in it since. With links it lists them, with who said each and why. A patient is named by the id in the address of the
patient's page, never by a number or a name.

Where both have an NHS number, and not the same one, it is refused unless --two-numbers says that somebody has looked at both.

Exit code 1 when it is refused.

Examples:
  implantrace patient links
  implantrace patient link 0192f0c1-7a3e-7c4e-9a58-3f1f0e6a2b10 0192f0c1-7a3e-7c4e-9a58-3f1f0e6a2b11 --reason "her sister brought her card"
  implantrace patient unlink e30cbc66-fa2b-8959-9de9-e1e7b7716f8d --reason "they are two sisters"`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			reason := fs.String("reason", "", "`TEXT`: how it is known, with link and unlink; it is recorded, sealed")
			sure := fs.Bool("two-numbers", false, "with link: both NHS numbers were looked at, and they are one person all the same")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) == 0 {
					return usagef("say links, link or unlink")
				}
				ids := make([]trace.PatientID, len(args)-1)
				for i, arg := range args[1:] {
					if err := ids[i].UnmarshalText([]byte(arg)); err != nil {
						return usagef("%q is no id", arg)
					}
				}
				switch {
				case args[0] == "links" && len(ids) < 2:
					return listLinks(ctx, s, c, ids)
				case args[0] == "link" && len(ids) == 2, args[0] == "unlink" && len(ids) == 1:
				case args[0] == "link":
					return usagef("name the two patients' ids, first the one that is shown as the person")
				case args[0] == "unlink":
					return usagef("name the link's id; links lists them")
				default:
					return usagef("say links, link or unlink")
				}
				if *reason == "" {
					return usagef("say why with --reason")
				}
				meta := command.Meta{ID: trace.NewEventID()}
				path, q := "/api/v1/links", any(nil)
				if args[0] == "link" {
					q = command.LinkPatients{Meta: meta, Survives: ids[0], Other: ids[1], Reason: *reason, TwoNumbers: *sure}
				} else {
					path += "/" + ids[0].String() + "/withdraw"
					q = command.UnlinkPatients{Meta: meta, Link: trace.LinkID(ids[0]), Reason: *reason}
				}
				body, err := json.Marshal(q)
				if err != nil {
					return err
				}
				var done command.Linked
				if err := ask(ctx, c, "POST", path, "application/json", bytes.NewReader(body), asJSON(&done)); err != nil {
					var p *app.Problem
					if errors.As(err, &p) && p.Status == http.StatusConflict {
						fmt.Fprintf(s.err, "Nothing was changed: %s\n", p.Detail)
						return errNegative
					}
					return err
				}
				switch {
				case done.Still:
					fmt.Fprintf(s.out, "Link %s is taken back. The records are one person all the same: they share a number, or other links join them.\n", done.Link.ID)
				case !done.Link.Stands():
					fmt.Fprintf(s.out, "Link %s is taken back. Each record stands alone again.\n", done.Link.ID)
				default:
					fmt.Fprintf(s.out, "Linked: %s. %d records are one person, shown as %s.\n", done.Link.ID, len(done.Same), done.Shown)
				}
				return nil
			}
		},
	}
}

func listLinks(ctx context.Context, s streams, c *app.Config, of []trace.PatientID) error {
	path := "/api/v1/links"
	if len(of) > 0 {
		path += "?patient=" + of[0].String()
	}
	var all struct{ Items []command.LinkTold }
	if err := ask(ctx, c, "GET", path, "", nil, asJSON(&all)); err != nil {
		return err
	}
	if len(all.Items) == 0 {
		fmt.Fprintln(s.out, "No two records are linked.")
	}
	for _, l := range all.Items {
		state := "linked"
		if !l.Stands {
			state = "not linked any more"
		}
		fmt.Fprintf(s.out, "%s  %s and %s: %s\n", l.ID, l.Survives, l.Other, state)
		for _, w := range l.History {
			did, by := "linked", w.Stamp.By.Name
			if w.Withdraw {
				did = "taken back"
			}
			if by == "" {
				by = w.Stamp.By.Via
			}
			fmt.Fprintf(s.out, "  %s %s by %s: %s\n", did, w.Stamp.Recorded.UTC().Format(time.RFC3339), by, w.Reason)
		}
	}
	return nil
}
