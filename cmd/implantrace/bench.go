package main

import (
	"context"
	"encoding/json"
	"flag"
	"time"

	"implantrace/internal/bench"
)

func benchCommand() subcommand {
	return subcommand{
		name: "bench", args: "append|recall [flags]", summary: "measure this machine",
		help: `
Measures the store in a temporary folder and prints a JSON line. Field names carry their units.

append: writers record usages for some seconds; beside their times stands the raw cost of two fsyncs on the same disk.
recall: fills a store with patients, procedures and usages, and searches for a lot.

Examples:
  implantrace bench append --writers 4 --seconds 5
  implantrace bench recall --records 10000`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			writers := fs.Int("writers", 1, "append: `NUMBER` of writers")
			seconds := fs.Float64("seconds", 5, "append: for how many `SECONDS`")
			records := fs.Int("records", 10000, "recall: `NUMBER` of usages")
			searches := fs.Int("searches", 200, "recall: `NUMBER` of searches")
			dir := fs.String("dir", "", "`FOLDER` on the disk to measure (default: the system's temporary folder)")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) != 1 {
					return usagef("say what to measure: append or recall")
				}
				if *writers < 1 || *seconds <= 0 || *records < 1 || *searches < 1 {
					return usagef("the numbers are 1 or more")
				}
				var line any
				var err error
				switch args[0] {
				case "append":
					line, err = bench.RunAppend(ctx, *dir, *writers, time.Duration(*seconds*float64(time.Second)))
				case "recall":
					line, err = bench.RunRecall(ctx, *dir, *records, *searches)
				default:
					return usagef("there is nothing called %q to measure: it is append or recall", args[0])
				}
				if err != nil {
					return err
				}
				return json.NewEncoder(s.out).Encode(line)
			}
		},
	}
}
