package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/demo"
	"implantrace/scanner"
)

func demoCommand() subcommand {
	return subcommand{
		name: "demo", args: "[flags]", summary: "serve a hospital that does not exist",
		help: `
Serves a node on a temporary store filled with invented patients, products and 200 procedures over five years, and a
simulated handheld that scans a label every few seconds: wristband, place, badge, devices, one of them expired and one
damaged. Nobody is asked to sign in. Nothing is kept when it ends.

Examples:
  implantrace demo
  implantrace demo --every 2s --listen 127.0.0.1:9090`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			listen := fs.String("listen", "127.0.0.1:8080", "loopback `ADDRESS`")
			every := fs.Duration("every", 4*time.Second, "`TIME` between two scans")
			seed := fs.Int64("seed", 1, "`NUMBER` that the hospital is made from")
			return func(ctx context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				dir, err := os.MkdirTemp("", "implantrace-demo-")
				if err != nil {
					return err
				}
				err = runDemo(ctx, s, dir, *listen, *seed, *every)
				return errors.Join(err, os.RemoveAll(dir))
			}
		},
	}
}

func runDemo(ctx context.Context, s streams, dir, listen string, seed int64, every time.Duration) error {
	c := app.Config{Data: filepath.Join(dir, "data"), Listen: listen, Name: "demonstration", NoSignIn: true,
		Hospital: "Eskmere Hospital", HospitalAddress: "Eskmere EK1 1AA"}
	handheld, err := demo.NewScanner(demo.ScannerOptions{Seed: seed, Every: every})
	switch {
	case err == nil && scanner.SerialSupported:
		defer handheld.Close()
		c.Scanners = []scanner.SerialConfig{{Name: "simulated", Device: handheld.Device()}}
	case err == nil:
		handheld.Close()
		fallthrough
	case errors.Is(err, demo.ErrUnsupported):
		fmt.Fprintln(s.out, "This system has no simulated handheld; type or photograph instead.")
		handheld = nil
	default:
		return err
	}
	n, err := app.Open(ctx, c, app.Version(version), slog.New(slog.NewTextHandler(io.Discard, nil)), nil)
	if err != nil {
		return err
	}
	r, err := demo.Fill(ctx, n.Recorder, seed, time.Now(), func(what string) { fmt.Fprintln(s.err, "demonstration,", what) })
	if err != nil {
		return errors.Join(err, n.Close())
	}
	var scanning sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	err = n.Serve(ctx, func(address string) {
		fmt.Fprintf(s.out, `A hospital that does not exist: %d patients, %d products, %d procedures, %d devices.

  Scans    http://%s/theatre   a wristband, then devices, every %s
  Recall   http://%s/recall    DI %s, lot %s
  Or       implantrace recall --data %s --di %s --lot %s

Nothing is kept when this ends. Ctrl-C stops.
`, r.ByType["patient"], r.ByType["product"], r.ByType["procedure"], r.ByType["usage"], address, every, address, demo.RecallDI, demo.RecallLot,
			n.Config.Data, demo.RecallDI, demo.RecallLot)
		if handheld != nil {
			scanning.Go(func() {
				if err := handheld.Run(ctx); err != nil && ctx.Err() == nil {
					fmt.Fprintln(s.err, "the simulated handheld stopped:", err)
				}
			})
		}
	})
	stop()
	scanning.Wait()
	return err
}
