package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"time"

	"implantrace/api"
	"implantrace/internal/app"
	"implantrace/internal/trace"
)

func compactCommand() subcommand {
	return subcommand{
		name: "compact", summary: "write the store anew into as small a file as it can",
		help: `
Writes the store of the data folder to a new file, with full pages and no free ones, and puts that in its place: after an
update that built indexes anew, for instance. Nothing that was recorded changes, and no proof. It wants as much room on the
disk as the store will have.

A node that runs goes on recording and answering meanwhile; the program can be ended, and the machine can lose its power,
at any moment. serve does it by itself at a quiet hour when much of the file is free (--compact-at, --compact-free).

Exit code 3 when it could not be done now: the store is then what it was.

Examples:
  implantrace compact
  implantrace compact --data /var/lib/implantrace`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			return func(ctx context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				return compact(ctx, s, c)
			}
		},
	}
}

// compactLook is how often it is asked how far it has come.
const compactLook = 200 * time.Millisecond

func compact(ctx context.Context, s streams, c *app.Config) (err error) {
	client, err := app.Connect(ctx, *c, app.Version(version))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	over, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		showCompacting(ctx, s.err, client, over)
	}()
	r, err := client.Do(ctx, http.MethodPost, "/api/v1/operator/compact", "", nil)
	close(over)
	<-stopped
	if err != nil {
		return err
	}
	var done trace.Compaction
	if err := errors.Join(asJSON(&done)(r.Body), r.Body.Close()); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "The store has %s, and had %s.\n", bytesOf(done.After), bytesOf(done.Before))
	return nil
}

// showCompacting draws how far it has come, on a terminal, until it is over.
func showCompacting(ctx context.Context, w io.Writer, client *app.Client, over <-chan struct{}) {
	if !terminal(w) {
		return
	}
	bar := barOfBytes(w, "writing")
	defer bar.clear()
	for {
		select {
		case <-over:
			return
		case <-time.After(compactLook):
		}
		r, err := client.Do(ctx, http.MethodGet, "/api/v1/operator/compact", "", nil)
		if err != nil {
			return // the answer itself says what is wrong
		}
		var at api.Compacting
		if errors.Join(asJSON(&at)(r.Body), r.Body.Close()) == nil {
			bar.show(at.Done, at.Total)
		}
	}
}
