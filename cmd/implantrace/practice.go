package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"implantrace/internal/app"
	"implantrace/scanner"
)

func practiceCommand() subcommand {
	return subcommand{
		name: "practice", args: "[flags]", summary: "learn the theatre page on invented patients",
		help: `
Serves a node to practise on, with a store and keys of its own: labels to print (wristbands, a badge, a place, packs, one
of them expired, one recalled, one with two codes), and a first case that says step by step what to scan. Every page says
that nothing on it is real. Nobody is asked to sign in, and only this machine reaches it.

A practice store is marked for good. No other command opens it, and this one opens no other store; it gives no exports,
no backups and no checkpoints, and takes nobody whose NHS number may be somebody's. Handhelds are used when they are named
(--scanner) or looked for (--scanners auto): what a handheld scans here is missing in theatre. --replay plays the recording of a
handheld in, as if it were scanned now; no other store takes one.

Examples:
  implantrace practice
  implantrace practice --scanners auto
  implantrace practice --replay desk.jsonl --pace fast
  implantrace practice --again`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := app.Config{}
			var scanners several
			fs.StringVar(&c.Data, "data", "practice", "`FOLDER` of the practice store")
			fs.StringVar(&c.Listen, "listen", "127.0.0.1:8088", "loopback `ADDRESS`")
			fs.Var(&scanners, "scanner", "serial handheld, `[NAME=]DEVICE[@BAUD]`; may be given more than once")
			fs.StringVar(&c.FindScanners, "scanners", app.FindNone, "auto: handhelds are found when they are plugged in; none: only those named are used")
			replay := fs.String("replay", "", "play the recording in `FILE` in, as a handheld")
			pace := fs.String("pace", "real", "real: as fast as it was recorded; fast: as fast as it is taken")
			again := fs.Bool("again", false, "remove the practice store that is there, and begin anew")
			return func(ctx context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				for _, text := range scanners {
					sc, err := app.ParseScanner(text)
					if err != nil {
						return usagef("--scanner %s: %v", text, err)
					}
					c.Scanners = append(c.Scanners, sc)
				}
				if *pace != "real" && *pace != "fast" {
					return usagef("--pace is real or fast, not %q", *pace)
				}
				var rec scanner.Recording
				if *replay != "" {
					var err error
					if rec, err = readRecording(*replay); err != nil && !errors.Is(err, scanner.ErrRecordingCutOff) {
						return err
					}
				}
				c.Name = "practice"
				n, err := app.OpenPractice(ctx, c, app.Version(version), slog.New(slog.NewTextHandler(io.Discard, nil)), nil, *again)
				if err != nil {
					return err
				}
				return n.Serve(ctx, func(address string) {
					fmt.Fprintf(s.out, `For practice: nothing here is real.

  Labels to print   http://%s/practice
  The first case    http://%s/theatre

Ctrl-C stops. What was practised is kept in %s; begin anew with implantrace practice --again.
`, address, address, n.Config.Data)
					if *replay != "" {
						go func() {
							made, err := n.Replay(ctx, rec, *pace == "real")
							if err != nil {
								fmt.Fprintf(s.err, "The recording was not played to its end: %v\n", err)
								return
							}
							fmt.Fprintf(s.out, "The recording has been played: %d readings.\n", made.Readings)
						}()
					}
				})
			}
		},
	}
}
