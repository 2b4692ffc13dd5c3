package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/casework"
	"implantrace/internal/trace"
)

func drillCommand() subcommand {
	return subcommand{
		name: "drill", args: "new FOLDER | report", summary: "try a recall on a copy of the record",
		help: `
new makes a copy of the record in FOLDER, with its keys beside it. It is marked for good: every page, letter and evidence
pack of it says DRILL, scanners stay off, and the care of patients cannot be recorded there. Nothing of it comes back to
the node, which goes on working. Serve it on another address, and do what you would do in a recall.

report says of every notice that was kept during the drill how long it took to the complete list, to the first contact and to
the last case, and what was left undone.

A copy for drills holds the same identities as the record: keep it as you keep that, and remove folder and keys afterwards.

Examples:
  implantrace drill new ./drill-march
  implantrace serve --data ./drill-march --listen 127.0.0.1:8090
  implantrace drill report --data ./drill-march`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			raw := fs.Bool("json", false, "print the report as JSON")
			return func(ctx context.Context, s streams, args []string) error {
				switch {
				case len(args) == 2 && args[0] == "new":
					d, err := app.MakeDrill(ctx, *c, app.Version(version), args[1])
					if err != nil {
						return err
					}
					fmt.Fprintf(s.out, "%s is a copy of %s (%s) for drills.\nimplantrace serve --data %s --listen 127.0.0.1:8090\n", args[1], d.Name, d.Node, args[1])
					return nil
				case len(args) == 1 && args[0] == "report":
					return drillReport(ctx, c, s, *raw)
				}
				return usagef("say new and a folder, or report")
			}
		},
	}
}

// drillReport says how the drills on a copy went.
func drillReport(ctx context.Context, c *app.Config, s streams, raw bool) error {
	d, ok, err := app.Drill(c.Data)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s is no copy for drills: implantrace drill new makes one", c.Data)
	}
	var all struct{ Items []trace.Notice }
	if err := ask(ctx, c, "GET", "/api/v1/notices", "", nil, asJSON(&all)); err != nil {
		return err
	}
	var times []casework.Times
	for _, n := range all.Items {
		var t casework.Times
		if err := ask(ctx, c, "GET", "/api/v1/notices/"+n.ID.String()+"/times", "", nil, asJSON(&t)); err != nil {
			return err
		}
		if t.Here {
			times = append(times, t)
		}
	}
	if raw {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"drill": d, "notices": append([]casework.Times{}, times...)})
	}
	fmt.Fprintf(s.out, "DRILL on a copy of %s (%s), made %s.\n", d.Name, d.Node, d.Made.Local().Format("2006-01-02 15:04 MST"))
	if len(times) == 0 {
		fmt.Fprintln(s.out, "No notice was kept during the drill.")
		return errNegative
	}
	for _, t := range times {
		printTimes(s.out, t)
	}
	return nil
}

func printTimes(w io.Writer, t casework.Times) {
	since := func(at *time.Time) string {
		if at == nil {
			return "not yet"
		}
		return at.Sub(t.Kept).Round(time.Second).String() + " after the list"
	}
	fmt.Fprintf(w, "\n%s\n", t.Name)
	fmt.Fprintf(w, "  time to trace: %s from the notice to the complete list of %d people\n", t.Trace.Round(time.Millisecond), t.People)
	fmt.Fprintf(w, "  cases: %d, of which %d were begun with and %d are settled\n", t.Cases, t.Touched, t.Settled)
	fmt.Fprintf(w, "  first contact: %s\n  first letter: %s (%d cases)\n  last case settled: %s\n  closed: %s\n", since(t.FirstTouch), since(t.FirstLetter), t.Letters, since(t.LastSettled), since(t.Closed))
	fmt.Fprintf(w, "  on shelves: %d devices, of which %d are put aside\n  required actions without an answer: %d\n", t.OnShelf, t.PutAside, t.Unanswered)
}
