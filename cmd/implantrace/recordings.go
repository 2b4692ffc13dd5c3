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
	"time"

	"implantrace/api"
	"implantrace/internal/app"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

func recordingsCommand() subcommand {
	return subcommand{
		name: "recordings", args: "[start SCANNER | stop ID | get ID | delete ID]", summary: "record what a handheld sends",
		help: `
Records every byte that a handheld sends to the running node, with its time, to find out why it is misread. Without an
argument it lists the recordings. A recording ends by itself, after --minutes or 1 MB, and with the node.

Whatever is scanned meanwhile is in it, wristbands too. It is kept encrypted under the node's keys, in recordings/ of the data
folder; it is no part of the record, and in no backup. get writes it, readable, to the standard output; delete takes it away
for good. The audit says who did either.

Examples:
  implantrace recordings start desk --minutes 10
  implantrace recordings
  implantrace recordings get 0192f0c1-7a3e-7c4e-9a58-3f1f0e6a2b10 > desk.jsonl
  implantrace replay desk.jsonl`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			minutes := fs.Int("minutes", 10, "start: for how many `MINUTES`, 1 to 60")
			return func(ctx context.Context, s streams, args []string) error {
				const path = "/api/v1/scanners/recordings"
				if len(args) == 0 {
					var all struct{ Items []api.Recorded }
					if err := ask(ctx, c, "GET", path, "", nil, asJSON(&all)); err != nil {
						return err
					}
					for _, r := range all.Items {
						printRecorded(s.out, r)
					}
					return nil
				}
				if len(args) != 2 {
					return usagef("say start and a scanner; or stop, get or delete and a recording's id")
				}
				if args[0] == "start" {
					body, err := json.Marshal(map[string]any{"id": trace.NewEventID(), "scanner": args[1], "minutes": *minutes})
					if err != nil {
						return err
					}
					return recorded(ctx, c, s, "POST", path, bytes.NewReader(body))
				}
				id, err := trace.ParseID[trace.OfEvent](args[1])
				if err != nil {
					return usagef("%q is no recording's id", args[1])
				}
				one := path + "/" + id.String()
				switch args[0] {
				case "stop":
					return recorded(ctx, c, s, "POST", one+"/stop", nil)
				case "get":
					return ask(ctx, c, "GET", one, "", nil, func(r io.Reader) error {
						_, err := io.Copy(s.out, r)
						return err
					})
				case "delete":
					return ask(ctx, c, "DELETE", one, "", nil, func(io.Reader) error { return nil })
				}
				return usagef("%q is nothing that is done with a recording: say start, stop, get or delete", args[0])
			}
		},
	}
}

// recorded asks for something that is answered with a recording, and prints it.
func recorded(ctx context.Context, c *app.Config, s streams, method, path string, body io.Reader) error {
	var r api.Recorded
	if err := ask(ctx, c, method, path, "application/json", body, asJSON(&r)); err != nil {
		return err
	}
	printRecorded(s.out, r)
	return nil
}

func printRecorded(w io.Writer, r api.Recorded) {
	how := "goes on until " + r.Until.Local().Format("15:04:05") + " at the latest"
	switch {
	case r.Locked:
		how = "cannot be opened: the node's keys were changed since, or the file is damaged"
	case r.Ended != "":
		how = "ended: " + r.Ended
	}
	fmt.Fprintf(w, "%s  %s  %s  %d bytes  %s\n", r.ID, r.Started.Local().Format("2006-01-02 15:04:05"), r.Scanner, r.Bytes, how)
}

func replayCommand() subcommand {
	return subcommand{
		name: "replay", args: "FILE", summary: "say what is made of the recording of a handheld",
		help: `
Cuts a recording (implantrace recordings get) into readings as the node did, and says what each means. Nothing is recorded.
A recording is played into a practice store with implantrace practice --replay FILE, and into no other.

Exit code 1 when a reading is not understood, is damaged or was cut off, or noise was dropped.

Examples:
  implantrace replay desk.jsonl`,
		setup: func(*flag.FlagSet) func(context.Context, streams, []string) error {
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) != 1 {
					return usagef("name the file of the recording")
				}
				rec, err := readRecording(args[0])
				if err != nil && !errors.Is(err, scanner.ErrRecordingCutOff) {
					return err
				}
				fmt.Fprintf(s.out, "What %s sent from %s: %d bytes in %s.\n", rec.Scanner, rec.Started.UTC().Format(time.RFC3339), rec.Bytes(), rec.Length)
				bad := err != nil
				if bad {
					fmt.Fprintln(s.out, "The file is cut off: what came behind is not known.")
				}
				made, err := rec.Replay(ctx, nil, func(r scanner.Reading) {
					m := udi.Understand(r.ScanData(), r.At)
					bad = bad || m.Kind == udi.KindText || m.Damaged()
					fmt.Fprintf(s.out, "\nafter %s: %q\n", r.At.Sub(rec.Started), r.Text)
					printMeaning(s.out, m)
				})
				if err != nil {
					return err
				}
				fmt.Fprintf(s.out, "\n%d readings; %d cut off; %d dropped for their length; %d without their prefix or suffix.\n", made.Readings, made.CutOff, made.Overlong, made.Unmarked)
				if bad || made.CutOff > 0 || made.Overlong > 0 {
					return errNegative
				}
				return nil
			}
		},
	}
}

func readRecording(file string) (rec scanner.Recording, err error) {
	f, err := os.Open(file)
	if err != nil {
		return rec, err
	}
	rec, err = scanner.ReadRecording(f)
	return rec, errors.Join(err, f.Close())
}
