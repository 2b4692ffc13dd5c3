package main

import (
	"context"
	"encoding/json"
	"flag"
	"strings"
	"time"

	"implantrace/internal/bench"
	"implantrace/scanner"
)

func benchCommand() subcommand {
	return subcommand{
		name: "bench", args: "append|find|recall|open|check|scan|catalogue|decode [flags] [DIR]", summary: "measure this machine",
		help: `
append, find, recall and open build a hospital's record in a temporary folder (400 products, lots of 5 to 500 pieces, serial numbers,
procedures of 1 to 8 devices with patients, places and people), measure the store, and print a JSON line. On a terminal a bar shows how
far they are. Field names carry their units: _ms, _s, _bytes, _per_s. Compare the figures of one run with one another, and not those of
two runs.

In each line, in turns with what it is compared to:
  append_median_ms         one durable append, from the call to the receipt
  two_fsyncs_median_ms     the raw cost: as many pages as that append wrote, written to the same disk and synced, and one more
  append_over_fsyncs_ms    the difference
  pages_per_append, pages_per_commit   pages of 4096 bytes
  update_median_ms         the same append in a bbolt Update of its own, with Merkle tree and all indexes
  append_to_update_median  the first through the last
append: writers record usages for some seconds, in turns with as many that make an Update for each, and with as many while a second
  copy is kept (in --copy-to; without it on the same disk, whose time it then shares).
  appends_per_s, updates_per_s, appends_to_updates, commits, append_p95_ms, records_before, file_bytes
  append_with_copy_median_ms, appends_with_copy_per_s, with_copy_to_median (of the medians), copy_behind (entries, at the end)
find: looks up all patients with a DI and a lot of about 20 pieces, in a process of its own; with 10,000 usages ("small") and with
  --records ("large").
  open_ms, open_rss_anon_bytes, open_rss_file_bytes    when the store is open: anonymous memory, and mapped file pages
  lookups, rows_per_lookup, lookup_first_ms, lookup_median_ms (warm), lookup_p95_ms, rss_anon_bytes, rss_file_bytes (afterwards)
  usages_median_ms         the same lookup with all that is recorded of each usage
  scan_rss_anon_bytes      after a pass over 10,000 entries of the journal
  verify_s, verify_rows, verify_rss_anon_bytes         everything worked out anew and compared, in a process of its own: the most memory
  compact_bytes, compact_s, bytes_per_record, compact_per_record, fill_s, lookup_large_to_small, append_large_to_small
recall: searches for notices of one product, 50 lots and a range of serial numbers, which 200 patients have, to the complete list; with
  10,000 usages ("small") and with --records ("large"). Then streams a notice of a family, in a process of its own.
  recall_median_ms, recall_p95_ms, recall_max_ms, usages_looked_at_median, patients_median, searches, fill_s, recall_large_to_small
  family_usages, family_first_ms (to the first row), family_ms, family_rss_anon_bytes (the most seen while it streamed)
check: all checks of one scan, of the head of a hip whose other components were scanned, against a plan, 20 open recall notices, --records
  usages and a catalogue of --products: facts gathered and rules asked.
  check_first_ms, check_median_ms, check_p95_ms, check_max_ms, rules_median_ms (the rules alone), rules (that answered), fill_s
scan: serves a node on a store with --records usages and 20 open recall notices, with a theatre page open, and scans over a pseudo-terminal,
  8 devices in a procedure: from the last byte on the serial line, the reading durable.
  event_median_ms, event_p99_ms (until the page hears that something changed), verdict_median_ms, verdict_p99_ms, verdict_max_ms (until
  it has fetched what it shows, with the verdict), two_fsyncs_median_ms, two_fsyncs_p99_ms (two bare syncs of a page on the same disk,
  after each scan: a commit makes two), fill_s
catalogue: imports an invented release of --products in AccessGUDID's format, in a process of its own that is killed after a third, then
  again to its end; then looks --lookups products up twice, in a process of its own.
  killed_at_rows, unchanged, recorded, refused, import_s, rows_per_s, import_rss_anon_bytes, release_bytes, store_bytes,
  product_cold_median_us (each for the first time), product_median_us (again), product_p95_us, product_rss_anon_bytes
open: opens the store in a process of its own, nine times.
  open_median_ms, open_max_ms, open_rss_anon_bytes, open_rss_file_bytes (the most of any), opens, file_bytes
export: writes --records usages as the ISO 16054 file ("csv": a row for each device that was implanted or explanted) and as FHIR lines
  ("ndjson": a Device for each usage, and what belongs to it), each in a process of its own that is killed half-way; then again to its
  end, and holds the file against the record, usage by usage.
  fill_s; of each file: killed_at_rows, files_after_kill (that have the export's name), rows (usages), rows_doubled, rows_lost, rows_strange
  (of usages that are not in the record, or belong in no such file), lines, export_s, rows_per_s, file_bytes, half_rss_anon_bytes (the
  most until half of the rows), export_rss_anon_bytes (until the end)

decode: reads the pictures in DIR whose truth is known, from truth.jsonl or from .txt files beside them, and prints how many symbols
were read, how many misread, times, memory, by degradation and by pass. Exit code 1 when a symbol was misread. It reads as many at the
same time as --workers says; times are then longer.

A line of truth.jsonl is {"file","symbols":[[format,text]],"kinds":[...],"types":[...],"beside":[[format,text]]}; the first two are
needed. What is sure and not among the symbols is a misreading, but for what stands beside and is listed by itself: what "beside"
names, and, on pictures with "types" (which say that the truth names device identifications only), a symbol of a format that the
folder's truth never has and that claims to be no GS1, HIBC or ISBT 128 code, as a shop's code or a leaflet's.

Examples:
  implantrace bench append --writers 64 --seconds 10
  implantrace bench find --records 1000000 --lookups 1000
  implantrace bench recall --records 100000
  implantrace bench check --records 100000 --products 100000
  implantrace bench scan --records 100000
  implantrace bench catalogue --products 1000000
  implantrace bench export --records 1000000
  implantrace bench open --records 100000 --dir /srv/implantrace
  implantrace bench decode ../shared/images/labels
  implantrace bench decode --turn 90 --json ../shared/images/labels
  implantrace bench decode --workers 2 photographs`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			writers := fs.Int("writers", 1, "append: `NUMBER` of writers")
			seconds := fs.Float64("seconds", 5, "append: for how many `SECONDS`")
			records := fs.Int("records", 10000, "find, recall, open, check, scan, export: `NUMBER` of usages")
			lookups := fs.Int("lookups", 1000, "find, catalogue: `NUMBER` of lookups")
			productsMost := fs.Int("products", 10000, "check, catalogue: `NUMBER` of products")
			scans := fs.Int("scans", 1000, "check, scan: `NUMBER` of scans")
			searches := fs.Int("searches", 200, "recall: `NUMBER` of searches")
			dir := fs.String("dir", "", "`FOLDER` on the disk to measure (default: the system's temporary folder)")
			copyTo := fs.String("copy-to", "", "append: `FOLDER` for the second copy, on another disk (default: on the disk that is measured)")
			turn := fs.Int("turn", 0, "decode: turn every picture clockwise by so many `DEGREES` first: 90, 180 or 270")
			workers := fs.Int("workers", 1, "decode: `NUMBER` of pictures read at the same time")
			deadline := fs.Duration("deadline", 10*time.Second, "decode: `TIME` for one picture; on a busy machine longer, so that the budget ends a search and not the clock")
			without := fs.String("without", "", "decode: leave out `PASSES` (names as printed, with commas between), to see what they are worth")
			asJSON := fs.Bool("json", false, "decode: print a JSON line")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) >= 1 && args[0] == "decode" {
					if len(args) != 2 {
						return usagef("name the folder of pictures")
					}
					if *turn%90 != 0 {
						return usagef("pictures are turned by 90, 180 or 270 degrees")
					}
					if *workers < 1 || *workers > 64 {
						return usagef("from 1 to 64 pictures are read at the same time")
					}
					o := scanner.ImageOptions{Deadline: *deadline}
					if *without != "" {
						o.Without = strings.Split(*without, ",")
					}
					return benchDecode(ctx, s, args[1], *turn, *workers, o, *asJSON)
				}
				if len(args) != 1 {
					return usagef("say what to measure: append, find, recall, open, check, scan, catalogue, export or decode")
				}
				if *writers < 1 || *seconds <= 0 || *records < 1 || *lookups < 1 || *searches < 1 || *productsMost < 8 || *scans < 1 {
					return usagef("the numbers are 1 or more, and products 8 or more")
				}
				bar := progressBar{out: s.err}
				b := bench.Bench{Dir: *dir}
				if terminal(s.err) {
					b.Progress = bar.show
				}
				var line any
				var err error
				switch args[0] {
				case "append":
					line, err = b.Append(ctx, *writers, time.Duration(*seconds*float64(time.Second)), *copyTo)
				case "find":
					line, err = b.Find(ctx, *records, *lookups)
				case "recall":
					line, err = b.Recall(ctx, *records, *searches)
				case "open":
					line, err = b.Open(ctx, *records)
				case "check":
					line, err = b.Check(ctx, *records, *productsMost, *scans)
				case "scan":
					line, err = b.Scan(ctx, *records, *scans)
				case "catalogue":
					line, err = b.Catalogue(ctx, *productsMost, *lookups)
				case "export":
					line, err = b.Export(ctx, *records)
				case bench.ProcessArgument:
					return bench.Process(ctx, json.NewDecoder(s.in), json.NewEncoder(s.out))
				default:
					return usagef("there is nothing called %q to measure: it is append, find, recall, open, check, scan, catalogue, export or decode", args[0])
				}
				bar.clear()
				if err != nil {
					return err
				}
				return json.NewEncoder(s.out).Encode(line)
			}
		},
	}
}

func benchDecode(ctx context.Context, s streams, dir string, turn, workers int, o scanner.ImageOptions, asJSON bool) error {
	d, err := bench.RunDecode(ctx, dir, turn, workers, o)
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
