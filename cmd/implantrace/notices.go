package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"text/tabwriter"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/casework"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

func noticesCommand() subcommand {
	return subcommand{
		name: "notices", args: "list | save FILE | evidence ID | sign ID | take FILE | trace FILE", summary: "keep recall notices, prove and carry them",
		help: `
list shows every notice that is kept, and how its cases stand.

save keeps a notice as docs/notice.schema.json describes it, and opens a case for everybody it means. From then on a scan
of its devices stops.

evidence makes an evidence pack: a ZIP file with matches, actions, criteria, coverage, a summary, and for each entry of the
journal that they rest on its proof against a signed checkpoint. implantrace verify --evidence checks it without the
database. With --names it names patients, and is encrypted to each --recipient (age public keys).

sign writes a notice as a file that this node signs; take takes such a file in on a node that no network reaches. It wants
the verifier key of the node that signed, as you noted it (implantrace checkpoint --key prints it there). A version that was
taken in before, or an older one, changes nothing.

trace takes a trace file (CSV or XLSX) with addresses, GPs and deaths. No letter is made of a patient before.

Examples:
  implantrace notices list
  implantrace notices save fsn.json
  implantrace notices evidence 0193f0c1-0000-7000-8000-000000000021 --out evidence.zip
  implantrace notices evidence 0193f0c1-0000-7000-8000-000000000021 --names --recipient age1... --out evidence.zip.age
  implantrace notices sign 0193f0c1-0000-7000-8000-000000000021 --out fsn.note
  implantrace notices take fsn.note --key office.vkey
  implantrace notices trace traced.csv --day 2026-03-19 --source PDS`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			fs.StringVar(&c.Zone, "zone", "Europe/London", "the site's time `ZONE`, in which days are printed")
			out := fs.String("out", "", "`FILE` to write (default: standard output)")
			names := fs.Bool("names", false, "evidence: name patients, and take their notes along")
			var recipients several
			fs.Var(&recipients, "recipient", "evidence: age public `KEY` to which it is encrypted; may be given more than once")
			key := fs.String("key", "", "take: verifier `KEY` of the node that signed, or a file with it")
			day := fs.String("day", "", "trace: `DAY` of the trace (YYYY-MM-DD)")
			source := fs.String("source", "", "trace: `NAME` of who traced")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) == 1 && args[0] == "list" {
					return listNotices(ctx, c, s)
				}
				if len(args) != 2 {
					return usagef("say list; or save, take or trace and a file; or evidence or sign and the id of a notice")
				}
				switch verb, what := args[0], args[1]; verb {
				case "save":
					n, err := readNotice(what, s.in)
					if err != nil {
						return err
					}
					return postNotice(ctx, c, s, "/api/v1/notices", struct {
						ID trace.EventID `json:"id"`
						recall.Notice
					}{trace.NewEventID(), n})
				case "take":
					b, err := readAll(what, s.in)
					if err != nil {
						return err
					}
					keys, err := trusted([]string{*key}, nil)
					if err != nil || len(keys.Keys) != 1 {
						return usagef("name the verifier key of the node that signed, with --key")
					}
					return postNotice(ctx, c, s, "/api/v1/notices/carried", map[string]string{"signed": string(b), "key": keys.Keys[0]})
				case "evidence":
					body, err := json.Marshal(map[string]any{"names": *names, "recipients": append([]string{}, recipients...)})
					if err != nil {
						return err
					}
					use, size := into(*out, s.out)
					if err := ask(ctx, c, "POST", "/api/v1/notices/"+url.PathEscape(what)+"/evidence", "application/json", bytes.NewReader(body), use); err != nil {
						return err
					}
					fmt.Fprintf(s.err, "%s written.\n", bytesOf(*size))
					return nil
				case "sign":
					use, _ := into(*out, s.out)
					return ask(ctx, c, "GET", "/api/v1/notices/"+url.PathEscape(what)+"/signed", "", nil, use)
				case "trace":
					return traceFile(ctx, c, s, what, url.Values{"id": {trace.NewEventID().String()}, "day": {*day}, "source": {*source}})
				}
				return usagef("say list, save, evidence, sign, take or trace")
			}
		},
	}
}

func postNotice(ctx context.Context, c *app.Config, s streams, path string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var n trace.Notice
	if err := ask(ctx, c, "POST", path, "application/json", bytes.NewReader(b), asJSON(&n)); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s %s\n", n.ID, n.Name)
	for _, t := range n.Traced {
		fmt.Fprintf(s.out, "Traced: %d people in %s.\n", t.People, t.Took.Round(time.Millisecond))
	}
	return nil
}

func traceFile(ctx context.Context, c *app.Config, s streams, path string, q url.Values) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var r casework.TraceReport
	if err := ask(ctx, c, "POST", "/api/v1/tracings?"+q.Encode(), "application/octet-stream", io.Reader(f), asJSON(&r)); err != nil {
		return err
	}
	for _, row := range r.Refused {
		fmt.Fprintf(s.err, "refused, line %d: %s\n", row.Line, row.Refused)
	}
	fmt.Fprintf(s.out, "%d rows: %d patients recorded, of whom %d died; %d of nobody in this record; %d refused.\n", r.Rows, r.Recorded, r.Died, r.Unknown, len(r.Refused))
	if len(r.Refused) > 0 {
		return errNegative
	}
	return nil
}

func listNotices(ctx context.Context, c *app.Config, s streams) error {
	client, err := app.Connect(ctx, *c, app.Version(version))
	if err != nil {
		return err
	}
	defer client.Close()
	get := func(path string, v any) error {
		r, err := client.Do(ctx, "GET", path, "", nil)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		return json.NewDecoder(r.Body).Decode(v)
	}
	var all struct{ Items []trace.Notice }
	if err := get("/api/v1/notices", &all); err != nil {
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tSTATE\tOPEN\tLATE\tSETTLED\tNEW\tON SHELVES\tNOTICE")
	for _, n := range all.Items {
		var b casework.Board
		if err := get("/api/v1/notices/"+n.ID.String()+"/board", &b); err != nil {
			return err
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", n.ID, n.State, b.Open, b.Late, b.Settled, len(b.New), b.OnShelf, n.Name)
	}
	return t.Flush()
}
