package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/recall"
	"implantrace/internal/strict"
	"implantrace/internal/trace"
)

func recallCommand() subcommand {
	return subcommand{
		name: "recall", args: "--di DI [--lot LOT] [--serial SERIAL] | --notice FILE [flags]", summary: "find every patient with a device",
		help: `
Finds every patient who has or had a device, every one of whom that cannot be excluded (no lot recorded, written another
way, another pack level, code damaged, product not recorded), and says what the answer rests on.

--di, --lot and --serial may be given more than once. A device is meant when its DI is named and, where lots or serial
numbers are given, its lot or its serial number is named. Without both, every device of the product is meant.

--notice takes a notice as docs/notice.schema.json describes it, with catalogue numbers, product families, ranges, dates,
places, and, or and except; "-" reads it from the input. --jsonl prints a line for each match as it is found,
{"tier","usage","patient","why","state"}; what the answer rests on is then printed on the error output.

--store names a data folder or a backup file, and may be given more than once: all are asked, and what is in several is
listed once. A backup is opened elsewhere, and not changed; its keys are those of --keys, or lie beside it under its name
with .keys behind.

Exit code 1 when nobody is affected and everybody can be excluded.

Examples:
  implantrace recall --di 07611994064584 --lot 90M4GRUBJJGA
  implantrace recall --di 07611994064584 --lot A17 --lot A18 --from 2024-01-01 --json
  implantrace recall --notice fsn.json --jsonl
  implantrace recall --notice fsn.json --store ./theatre4 --store theatre7-backup.age`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			fs.StringVar(&c.Zone, "zone", "Europe/London", "the site's time `ZONE`, in which days are printed")
			var dis, lots, serials, stores several
			fs.Var(&dis, "di", "device `IDENTIFIER`: a GTIN, or one of HIBC or ISBT 128")
			fs.Var(&lots, "lot", "`LOT` number")
			fs.Var(&serials, "serial", "`SERIAL` number")
			from := fs.String("from", "", "used from this `DAY` on (YYYY-MM-DD)")
			to := fs.String("to", "", "used until this `DAY`, included")
			file := fs.String("notice", "", "the notice in a `FILE`; - is the input")
			fs.Var(&stores, "store", "`FOLDER` of a store, or backup file, to be asked")
			raw := fs.Bool("json", false, "print the answer as JSON")
			lines := fs.Bool("jsonl", false, "print a line of JSON for each match")
			return func(ctx context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				given := len(dis)+len(lots)+len(serials) > 0 || *from+*to != ""
				switch {
				case *file == "" && len(dis) == 0:
					return usagef("name the device with --di, or the notice with --notice")
				case *file != "" && given:
					return usagef("a search is for a notice or for identifiers, not for both")
				case *raw && *lines:
					return usagef("--json and --jsonl are two ways to print one answer")
				}
				zone, err := time.LoadLocation(c.Zone)
				if err != nil {
					return usagef("there is no time zone %q", c.Zone)
				}
				n := recall.Notice{Criteria: recall.Criteria{DIs: recall.Texts(dis), Lots: recall.Named(lots...), Serials: recall.Named(serials...),
					Implanted: recall.Period{From: *from, To: *to}}}
				if *file != "" {
					if n, err = readNotice(*file, s.in); err != nil {
						return err
					}
				}
				asked, err := connectAll(ctx, *c, stores)
				if err != nil {
					return err
				}
				nobody := true
				if *lines {
					nobody, err = printLines(ctx, s, asked, n, zone)
				} else {
					nobody, err = printAnswer(ctx, s, asked, n, zone, *raw)
				}
				if err = errors.Join(err, asked.close()); err == nil && nobody {
					err = errNegative
				}
				return err
			}
		},
	}
}

// readNotice reads a notice out of a file, as strictly as the API.
func readNotice(path string, in io.Reader) (n recall.Notice, err error) {
	b, err := readAll(path, in)
	if err != nil {
		return n, err
	}
	err = strict.Fields(b, nil)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err == nil {
		err = d.Decode(&n)
	}
	if err == nil && d.More() {
		err = errors.New("more than one value")
	}
	if err != nil {
		return n, usagef("%s is no notice as docs/notice.schema.json describes it: %v", path, err)
	}
	return n, nil
}

func readAll(path string, in io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(in)
	}
	return os.ReadFile(path)
}

// askedStore is one store that a recall asks.
type askedStore struct {
	name   string // as it was given; "" for the only one
	client *app.Client
	remove func() error
}

type askedStores []askedStore

// connectAll reaches the stores, or the one of the configuration where none is
// named.
func connectAll(ctx context.Context, c app.Config, stores []string) (all askedStores, err error) {
	if len(stores) == 0 {
		client, err := app.Connect(ctx, c, app.Version(version))
		return askedStores{{client: client, remove: func() error { return nil }}}, err
	}
	for _, path := range stores {
		one, err := connectStore(ctx, c, path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, err), all.close())
		}
		all = append(all, one)
	}
	return all, nil
}

// connectStore reaches a data folder, or a backup through a copy of it: what is
// kept is never written to.
func connectStore(ctx context.Context, c app.Config, path string) (one askedStore, err error) {
	one = askedStore{name: path, remove: func() error { return nil }}
	info, err := os.Stat(path)
	if err != nil {
		return one, err
	}
	beside := filepath.Clean(path) + ".keys"
	if _, err := os.Stat(beside); err == nil {
		c.Keys = beside
	}
	c.Data = path
	if !info.IsDir() {
		if c.Keys == "" {
			return one, fmt.Errorf("a backup wants the keys of its node: name them with --keys, or put them beside it as %s", beside)
		}
		dir, err := os.MkdirTemp("", "implantrace-recall-*")
		if err != nil {
			return one, err
		}
		one.remove = func() error { return os.RemoveAll(dir) }
		c.Data = dir
		if _, err := app.Restore(ctx, c, app.Version(version), app.RestoreFrom{File: path, Read: true}); err != nil {
			return one, errors.Join(err, one.remove())
		}
	}
	if one.client, err = app.Connect(ctx, c, app.Version(version)); err != nil {
		return one, errors.Join(err, one.remove())
	}
	return one, nil
}

func (all askedStores) close() (err error) {
	for _, s := range all {
		err = errors.Join(err, s.client.Close(), s.remove())
	}
	return err
}

// post sends a request to one store and hands its answer to use.
func (s askedStore) post(ctx context.Context, path string, body any, use func(io.Reader) error) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := s.client.Do(ctx, "POST", path, "application/json", bytes.NewReader(b))
	if err != nil {
		return err
	}
	return errors.Join(use(r.Body), r.Body.Close())
}

func printAnswer(ctx context.Context, s streams, asked askedStores, n recall.Notice, zone *time.Location, raw bool) (nobody bool, err error) {
	answers := make([]recall.Answer, len(asked))
	for i, store := range asked {
		if err := store.post(ctx, "/api/v1/recalls/search", n.Criteria, asJSON(&answers[i])); err != nil {
			return false, err
		}
	}
	a := recall.Together(answers...)
	if raw {
		return a.Nobody(), printJSON(s.out, a)
	}
	return a.Nobody(), printRecall(s.out, a, zone)
}

// printLines prints each match as it comes, and what the answers rest on at the
// end, on the error output.
func printLines(ctx context.Context, s streams, asked askedStores, n recall.Notice, zone *time.Location) (nobody bool, err error) {
	nobody = true
	given := make(map[string]bool)
	out := json.NewEncoder(s.out)
	out.SetEscapeHTML(false)
	for _, store := range asked {
		err := store.post(ctx, "/api/v1/recalls/matches", n, func(r io.Reader) error {
			coverage, err := readLines(r, func(l recall.Line) error {
				key := l.Usage + l.Reading + l.Shelf
				if given[key] {
					return nil
				}
				given[key] = true
				l.Store = store.name
				nobody = nobody && (l.State == recall.StateWithdrawn || l.State == recall.StateNotUsed || l.State == recall.StateWasted || l.State == recall.StateReturned || l.State == recall.StateLeftShelf)
				return out.Encode(l)
			})
			if err == nil {
				printCoverage(s.err, coverage, zone)
			}
			return err
		})
		if err != nil {
			return false, err
		}
	}
	return nobody, nil
}

// readLines reads a stream of matches to its last line, which has the coverage.
func readLines(r io.Reader, each func(recall.Line) error) (recall.Coverage, error) {
	for d := json.NewDecoder(r); ; {
		var l struct {
			recall.Line
			recall.Last
		}
		switch err := d.Decode(&l); {
		case err != nil:
			return l.Coverage, fmt.Errorf("the list broke off before its end, and nobody who is not on it is cleared: %w", err)
		case l.Tier == "":
			return l.Coverage, nil
		}
		if err := each(l.Line); err != nil {
			return l.Coverage, err
		}
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
	if a.PatientsPrecaution > 0 {
		fmt.Fprintf(w, "%d more are to be looked at as a precaution.\n", a.PatientsPrecaution)
	}
	for _, g := range []struct {
		title string
		list  []recall.Match
	}{
		{"Affected: the identifiers are those of the notice", a.Confirmed},
		{"Cannot be excluded", a.Possible},
		{"As a precaution: of a family that the notice names", a.Precautionary},
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
	if len(a.Shelf) > 0 {
		fmt.Fprintf(w, "\nOn shelves (%d)\n", len(a.Shelf))
		t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		fmt.Fprintln(t, "  PLACE\tPIECES\tPUT ASIDE\tDEVICE\tTIER\tLAST HEARD OF\tWHY")
		for _, on := range a.Shelf {
			fmt.Fprintf(t, "  %s\t%d\t%d\t%s\t%s\t%s\t%s\n", on.Line.Place, on.Line.OnHand, on.Line.PutAside, on.Line.Device.HRF(), on.Tier, day(on.Line.Heard()), strings.Join(on.Why, "; "))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	printCoverage(w, a.Coverage, zone)
	return err
}

// printCoverage says what an answer rests on.
func printCoverage(w io.Writer, c recall.Coverage, zone *time.Location) {
	for _, line := range c.Words(zone) {
		fmt.Fprintln(w, line)
	}
}

func row(m recall.Match, day string) []string {
	who := strings.Trim(m.Identity.Family+", "+m.Identity.Given, ", ")
	switch {
	case m.Identity.Sealed:
		who = "identity sealed"
	case m.Patient.IsZero():
		who = "patient not recorded"
	case m.Identity.Provisional != "":
		who = m.Identity.Provisional + " (provisional: not identified)"
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
