package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"implantrace/internal/trace"
)

// journalAnswer is what a node says of its journal.
type journalAnswer struct {
	Key        string            `json:"key"`
	Departures []trace.Departure `json:"departures"`
}

func checkpointCommand() subcommand {
	return subcommand{
		name: "checkpoint", args: "[--key | --send | --print]", summary: "sign how far the journal has come, for others to keep",
		help: `
Signs the journal as it is now: a checkpoint of five lines, which stands for every entry so far. Kept away from this
machine it shows later that nothing was rewritten (implantrace verify --checkpoint). It names no patient.

--key prints the verifier key of the node, which checks its signatures: note it once, and keep it where you keep the
checkpoints. --print adds it, the time and what to do with them, as a page to print and file. --send lets checkpoints
leave at once for the places that serve --checkpoint-to names, and says how old the last ones there are.

Exit code 1 when --send does not reach a place.

Examples:
  implantrace checkpoint > /mnt/usb/theatre-4-today.checkpoint
  implantrace checkpoint --key > /mnt/usb/theatre-4.vkey
  implantrace checkpoint --print | lp
  implantrace checkpoint --send`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			key := fs.Bool("key", false, "print the verifier key of the node")
			send := fs.Bool("send", false, "let checkpoints leave at once")
			page := fs.Bool("print", false, "print a page for the files")
			log := fs.String("log", "", "the `NODE` whose log it is, by its id (default: this node)")
			return func(ctx context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				if *key && (*send || *page) || *send && *page {
					return usagef("one of --key, --send and --print at a time")
				}
				var j journalAnswer
				if *send {
					if err := ask(ctx, c, "POST", "/api/v1/operator/checkpoints", "", nil, asJSON(&j)); err != nil {
						return err
					}
					return printDepartures(s.out, j.Departures)
				}
				if *key || *page {
					if err := ask(ctx, c, "GET", "/api/v1/journal", "", nil, asJSON(&j)); err != nil {
						return err
					}
				}
				if *key {
					_, err := fmt.Fprintln(s.out, j.Key)
					return err
				}
				path := "/api/v1/journal/checkpoint"
				if *log != "" {
					var node trace.NodeID
					if err := node.UnmarshalText([]byte(*log)); err != nil {
						return usagef("--log: %v", err)
					}
					path += "?log=" + node.String()
				}
				return ask(ctx, c, "GET", path, "", nil, func(r io.Reader) error {
					note, err := io.ReadAll(r)
					if err != nil {
						return err
					}
					if *page {
						fmt.Fprintf(s.out, "implantrace checkpoint, printed %s\n\n", time.Now().Format(time.DateTime))
					}
					if _, err := s.out.Write(note); err != nil || !*page {
						return err
					}
					_, err = fmt.Fprintf(s.out, `
Verifier key:
%s

Lines one to four say whose journal this is, how many entries it had, their root
hash, and when it was signed; the last is the signature. Keep this page away from
the machine. To check the journal against it, type the five lines (with the empty
one) into a file, and the key into another:

  implantrace verify --checkpoint FILE --key KEYFILE
`, j.Key)
					return err
				})
			}
		},
	}
}

// printDepartures says how old the checkpoints are that left.
func printDepartures(w io.Writer, all []trace.Departure) error {
	if len(all) == 0 {
		return errors.New("this node lets no checkpoints leave: start it with serve --checkpoint-to FOLDER, or print one with implantrace checkpoint")
	}
	var err error
	for _, d := range all {
		switch {
		case d.Contradiction != "":
			fmt.Fprintf(w, "%s: WRONG: %s\n", d.To, d.Contradiction)
		case d.Trouble != "":
			fmt.Fprintf(w, "%s: not reached: %s\n", d.To, d.Trouble)
		}
		if d.Contradiction != "" || d.Trouble != "" {
			err = errNegative
		}
		if d.Left != nil {
			fmt.Fprintf(w, "%s: the last checkpoint there is of %s, for %d entries; %d are younger.\n", d.To, d.Left.Local().Format(time.DateTime), d.Size, d.Behind)
		} else {
			fmt.Fprintf(w, "%s: no checkpoint is there yet.\n", d.To)
		}
	}
	return err
}
