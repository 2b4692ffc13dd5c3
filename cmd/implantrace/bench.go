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
		name: "bench", args: "append|recall|decode [flags] [DIR]", summary: "measure this machine",
		help: `
append and recall measure the store in a temporary folder and print a JSON line. Field names carry their units.

append: writers record usages for some seconds; beside their times stands the raw cost of two fsyncs on the same disk.
recall: fills a store with patients, procedures and usages, and searches for a lot.
decode: reads the pictures in DIR whose truth is known, from truth.jsonl or from .txt files beside them, and prints how many symbols
were read, how many misread, times, memory, by degradation and by pass. Exit code 1 when a symbol was misread.

A line of truth.jsonl is {"file","symbols":[[format,text]],"kinds":[...],"types":[...],"beside":[[format,text]]}; the first two are
needed. What is sure and not among the symbols is a misreading, but for what stands beside and is listed by itself: what "beside"
names, and, on pictures with "types" (which say that the truth names device identifications only), a symbol of a format that the
folder's truth never has and that claims to be no GS1, HIBC or ISBT 128 code, as a shop's code or a leaflet's.

Examples:
  implantrace bench append --writers 4 --seconds 5
  implantrace bench recall --records 10000
  implantrace bench decode ../shared/images/labels
  implantrace bench decode --turn 90 --json ../shared/images/labels`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			writers := fs.Int("writers", 1, "append: `NUMBER` of writers")
			seconds := fs.Float64("seconds", 5, "append: for how many `SECONDS`")
			records := fs.Int("records", 10000, "recall: `NUMBER` of usages")
			searches := fs.Int("searches", 200, "recall: `NUMBER` of searches")
			dir := fs.String("dir", "", "`FOLDER` on the disk to measure (default: the system's temporary folder)")
			turn := fs.Int("turn", 0, "decode: turn every picture clockwise by so many `DEGREES` first: 90, 180 or 270")
			asJSON := fs.Bool("json", false, "decode: print a JSON line")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) >= 1 && args[0] == "decode" {
					if len(args) != 2 {
						return usagef("name the folder of pictures")
					}
					if *turn%90 != 0 {
						return usagef("pictures are turned by 90, 180 or 270 degrees")
					}
					return benchDecode(ctx, s, args[1], *turn, *asJSON)
				}
				if len(args) != 1 {
					return usagef("say what to measure: append, recall or decode")
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
					return usagef("there is nothing called %q to measure: it is append, recall or decode", args[0])
				}
				if err != nil {
					return err
				}
				return json.NewEncoder(s.out).Encode(line)
			}
		},
	}
}

func benchDecode(ctx context.Context, s streams, dir string, turn int, asJSON bool) error {
	d, err := bench.RunDecode(ctx, dir, turn)
	if err != nil {
		return err
	}
	if asJSON {
		err = json.NewEncoder(s.out).Encode(d)
	} else {
		err = d.Print(s.out)
	}
	if err == nil && d.Misread > 0 {
		err = errNegative
	}
	return err
}
