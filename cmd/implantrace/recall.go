package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

func recallCommand() subcommand {
	return subcommand{
		name: "recall", args: "--di DI [--lot LOT] [--serial SERIAL] [flags]", summary: "find every patient with a device",
		help: `
Finds every patient who has or had a device, every one of whom that cannot be excluded (no lot recorded, written another
way, another pack level, code damaged, product not recorded), and says what the answer rests on.

--di, --lot and --serial may be given more than once. A device is meant when its DI is named and, where lots or serial
numbers are given, its lot or its serial number is named. Without both, every device of the product is meant.

Exit code 1 when nobody is affected and everybody can be excluded.

Examples:
  implantrace recall --di 07611994064584 --lot 90M4GRUBJJGA
  implantrace recall --di 07611994064584 --lot A17 --lot A18 --from 2024-01-01 --json`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			fs.StringVar(&c.Zone, "zone", "Europe/London", "the site's time `ZONE`, in which days are printed")
			var dis, lots, serials several
			fs.Var(&dis, "di", "device `IDENTIFIER`: a GTIN, or one of HIBC or ISBT 128")
			fs.Var(&lots, "lot", "`LOT` number")
			fs.Var(&serials, "serial", "`SERIAL` number")
			from := fs.String("from", "", "used from this `DAY` on (YYYY-MM-DD)")
			to := fs.String("to", "", "used until this `DAY`, included")
			raw := fs.Bool("json", false, "print the answer as JSON")
			return func(ctx context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				if len(dis) == 0 {
					return usagef("name the device with --di")
				}
				zone, err := time.LoadLocation(c.Zone)
				if err != nil {
					return usagef("there is no time zone %q", c.Zone)
				}
				q := map[string]any{"di": []string(dis)}
				for name, v := range map[string]several{"lot": lots, "serial": serials} {
					if len(v) > 0 {
						q[name] = []string(v)
					}
				}
				for name, v := range map[string]string{"from": *from, "to": *to} {
					if v != "" {
						q[name] = v
					}
				}
				body, err := json.Marshal(q)
				if err != nil {
					return err
				}
				var a recall.Answer
				if err := ask(ctx, c, "POST", "/api/v1/recalls/search", "application/json", bytes.NewReader(body), asJSON(&a)); err != nil {
					return err
				}
				if *raw {
					err = printJSON(s.out, a)
				} else {
					err = printRecall(s.out, a, zone)
				}
				if err == nil && a.Nobody() {
					err = errNegative
				}
				return err
			}
		},
	}
}

// printRecall is the answer for people, in the site's time.
func printRecall(w io.Writer, a recall.Answer, zone *time.Location) error {
	day := func(t time.Time) string { return t.In(zone).Format(time.DateOnly) }
	minute := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04 MST") }
	have := "patients have"
	if a.Patients == 1 {
		have = "patient has"
	}
	fmt.Fprintf(w, "%d %s or had the device; of %d more it cannot be excluded.\n", a.Patients, have, a.PatientsMay)
	for _, g := range []struct {
		title string
		list  []recall.Match
	}{
		{"Affected: the identifiers are those of the notice", a.Confirmed},
		{"Cannot be excluded", a.Possible},
		{"Named, but recorded as not left in the patient, or withdrawn", a.NotInPatient},
	} {
		fmt.Fprintf(w, "\n%s (%d)\n", g.title, len(g.list))
		t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		if len(g.list) > 0 {
			fmt.Fprintln(t, "  PATIENT\tNUMBER\tDAY ("+zone.String()+")\tPROCEDURE\tPLACE\tPEOPLE\tDI\tLOT\tSERIAL\tOUTCOME\tWHY")
		}
		for _, m := range g.list {
			fmt.Fprintln(t, "  "+strings.Join(row(m, day(m.When())), "\t"))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	if len(a.Unlinked) > 0 {
		fmt.Fprintf(w, "\nRead here while no procedure was open, and linked to nobody (%d)\n", len(a.Unlinked))
		for _, u := range a.Unlinked {
			fmt.Fprintf(w, "  %s  %s  %s\n", minute(u.Occurred), u.Device.HRF(), strings.Join(u.Why, "; "))
		}
	}
	c := a.Coverage
	fmt.Fprintf(w, "\nUsages held against the notice: %d, of which %d without a recorded product. As of %s.\n", c.Looked, c.NoProduct, minute(c.AsOf))
	fmt.Fprintf(w, "Matches without a recorded outcome: %d. Withdrawn usages: %d.\n", c.NoOutcome, c.Withdrawn)
	for _, n := range c.Nodes {
		fmt.Fprintf(w, "Node %s (%s): recording since %s, last entry %s, %d entries", n.Name, n.Node, minute(n.RecordedSince), minute(n.RecordedUntil), n.Entries)
		if !n.UsagesFrom.IsZero() {
			fmt.Fprintf(w, ", devices used from %s to %s", day(n.UsagesFrom), day(n.UsagesTo))
		}
		fmt.Fprintln(w)
	}
	if c.NotUnderstood > 0 {
		fmt.Fprintf(w, "Codes read in procedures and not understood: %d. No search finds them.\n", c.NotUnderstood)
	}
	_, err := fmt.Fprintln(w, "Devices that were never scanned or imported are not known here.")
	return err
}

func row(m recall.Match, day string) []string {
	who := strings.Trim(m.Identity.Family+", "+m.Identity.Given, ", ")
	switch {
	case m.Identity.Sealed:
		who = "identity sealed"
	case m.Patient.IsZero():
		who = "patient not recorded"
	case who == "":
		who = "name not recorded"
	}
	number := m.Identity.NHSNumber
	if number == "" && m.Identity.LocalNumber != "" {
		number = m.Identity.LocalNumber + " (" + m.Identity.LocalIssuer + ")"
	}
	people := make([]string, len(m.Procedure.People))
	for i, p := range m.Procedure.People {
		people[i] = p.String()
	}
	outcome := "none recorded"
	if m.Usage.Status.Outcome() {
		outcome = m.Usage.Status.String()
	}
	procedure := m.Procedure.Code.String()
	if m.Procedure.Side != "" && m.Procedure.Side != trace.SideNone {
		procedure += ", " + string(m.Procedure.Side)
	}
	return []string{who, number, day, procedure, m.Procedure.Place.String(), strings.Join(people, ", "),
		m.Usage.Device.DI, m.Usage.Device.Lot, m.Usage.Device.Serial, outcome, strings.Join(m.Why, "; ")}
}
