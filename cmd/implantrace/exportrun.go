package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// runVerbs are what is said of one run.
var runVerbs = []string{"file", "report", "accept", "refuse", "cancel"}

// exportRuns speaks of runs with the node.
type exportRuns struct {
	config *app.Config
	streams
	out string // the file to write
}

// shownRun is what the node answers of a run.
type shownRun struct {
	ID       trace.RunID        `json:"id"`
	State    string             `json:"state"`
	Title    string             `json:"title"`
	Section  string             `json:"section"`
	Begun    time.Time          `json:"begun"`
	Reason   string             `json:"reason"`
	Result   *trace.RunResult   `json:"result"`
	Progress *registry.Progress `json:"progress"`
}

func (r shownRun) String() string {
	s := r.ID.String() + " " + r.State
	if r.Reason != "" {
		s += ": " + r.Reason
	}
	if r.Result != nil {
		s += fmt.Sprintf("\n%s: %d records in %d rows (%d new, %d changed, %d unchanged), %d kept back, %d withdrawn\nsha256 %x", r.Result.Name, r.Result.Records, r.Result.Rows,
			r.Result.New, r.Result.Changed, r.Result.Unchanged, r.Result.Held, r.Result.Withdrawals, r.Result.SHA256)
	}
	return s
}

// pollEvery is how often a run is asked for how far it has come.
const pollEvery = 200 * time.Millisecond

// run makes a run and waits for it: without a running node this process makes it,
// and must not end before. Interrupted, it cancels the run.
func (e exportRuns) run(ctx context.Context, asks map[string]any) (err error) {
	body := map[string]any{"id": trace.NewEventID()}
	for name, v := range asks {
		if v != "" && v != false {
			body[name] = v
		}
	}
	client, err := app.Connect(ctx, *e.config, app.Version(version))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	var run shownRun
	if err := send(ctx, client, "POST", "/api/v1/exports/runs", body, asJSON(&run)); err != nil {
		return err
	}
	bar := progressBar{out: e.err}
	for at := runPath(run.ID.String()); run.State == string(trace.RunBegun); {
		if terminal(e.err) && run.Progress != nil {
			fmt.Fprintf(e.err, "\r\x1b[K%d procedures read, %d records, %d kept back", run.Progress.Procedures, run.Progress.Records, run.Progress.Held)
			bar.shown = true
		}
		select {
		case <-ctx.Done():
			stop, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer done()
			return errors.Join(ctx.Err(), send(stop, client, "POST", at+"/cancel", map[string]any{"id": trace.NewEventID()}, asJSON(&run)))
		case <-time.After(pollEvery):
		}
		if err := send(ctx, client, "GET", at, nil, asJSON(&run)); err != nil && ctx.Err() == nil {
			return err
		}
	}
	bar.clear()
	if run.State == "failed" || run.State == "cancelled" {
		fmt.Fprintln(e.streams.out, run)
		return errUndone
	}
	if e.out == "" {
		fmt.Fprintln(e.streams.out, run)
		return nil
	}
	fmt.Fprintln(e.err, run)
	use, _ := into(e.out, e.streams.out)
	return send(ctx, client, "GET", runPath(run.ID.String())+"/file", nil, use)
}

func runPath(id string) string { return "/api/v1/exports/runs/" + url.PathEscape(id) }

func send(ctx context.Context, client *app.Client, method, path string, body any, use func(io.Reader) error) error {
	var in io.Reader
	kind := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in, kind = bytes.NewReader(b), "application/json"
	}
	r, err := client.Do(ctx, method, path, kind, in)
	if err != nil {
		return err
	}
	return errors.Join(use(r.Body), r.Body.Close())
}

func (e exportRuns) list(ctx context.Context) error {
	var all struct {
		Items []shownRun
		Total int
	}
	if err := ask(ctx, e.config, "GET", "/api/v1/exports/runs?limit=500", "", nil, asJSON(&all)); err != nil {
		return err
	}
	t := tabwriter.NewWriter(e.streams.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tBEGUN\tSTATE\tRECORDS\tKEPT BACK\tWITHDRAWN\tREGISTRY")
	for _, r := range all.Items {
		records, held, gone := "", "", ""
		if r.Result != nil {
			records, held, gone = fmt.Sprint(r.Result.Records), fmt.Sprint(r.Result.Held), fmt.Sprint(r.Result.Withdrawals)
		}
		of := r.Title
		if r.Section != "" {
			of += ", " + r.Section
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Begun.Format(time.RFC3339), r.State, records, held, gone, of)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if all.Total > len(all.Items) {
		fmt.Fprintf(e.err, "The newest %d of %d runs.\n", len(all.Items), all.Total)
	}
	return nil
}

func (e exportRuns) about(ctx context.Context, verb, id, reason string) error {
	at := runPath(id)
	use, _ := into(e.out, e.streams.out)
	switch verb {
	case "file":
		return ask(ctx, e.config, "GET", at+"/file", "", nil, use)
	case "report":
		return ask(ctx, e.config, "GET", at+"/report.csv", "", nil, use)
	}
	body := map[string]any{"id": trace.NewEventID()}
	if verb == "cancel" {
		at += "/cancel"
	} else {
		at += "/answer"
		body["accepted"] = verb == "accept"
		if reason != "" {
			body["reason"] = reason
		}
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var run shownRun
	if err := ask(ctx, e.config, "POST", at, "application/json", bytes.NewReader(b), asJSON(&run)); err != nil {
		return err
	}
	fmt.Fprintln(e.streams.out, run)
	return nil
}
