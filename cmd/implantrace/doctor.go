package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"implantrace/internal/app"
	"implantrace/internal/bolt"
	"implantrace/internal/trace"
)

func doctorCommand() subcommand {
	return subcommand{
		name: "doctor", args: "FILE --to NEWFILE|FOLDER", summary: "recover what a damaged store still holds",
		help: `
Makes a new store of what a damaged one still holds, and never writes to the damaged file. It copes with a file that was
cut off, with broken meta, branch and leaf pages, and with sectors that cannot be read: it searches the whole file for
entries, and takes in those that a hash of the Merkle tree proves. Nothing is overwritten.

Every entry keeps its place. The place of one that is gone is kept too, so that checkpoints which left the machine still
hold where its hash is left. Where anything is lost, the new store begins a log of its own, and its first entries say
what is lost; verify goes on saying it, and so do answers that rest on it. Entries that can be read and that nothing is
left to prove by are listed and left out; --unproved takes them in. A checkpoint that was kept elsewhere (--checkpoint)
proves all entries before it, if they are all left, and tells how many there were.

Stop the node first. Keep the damaged file: a copy or a backup may have what is missing in it, and it can be put back.
Try verify and restore too: a backup that is older and whole may be worth more.

Exit code 1 when anything is lost.

Examples:
  implantrace doctor data/implantrace.db --to recovered.db
  implantrace doctor data/implantrace.db --to /srv/new-data --keys data.keys
  implantrace doctor data/implantrace.db --to recovered.db --checkpoint /mnt/audit/checkpoints
  implantrace verify recovered.db --checkpoint /mnt/audit/checkpoints`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			to := fs.String("to", "", "new `FILE`, or a folder in which implantrace.db is made")
			unproved := fs.Bool("unproved", false, "take in entries that nothing is left to prove by, too")
			var verifiers, checkpoints several
			fs.Var(&checkpoints, "checkpoint", "checkpoint `FILE` that was kept elsewhere, or a folder of them: it proves entries, and tells how many there were")
			fs.Var(&verifiers, "key", "verifier `KEY` that signed the checkpoints, or a file with it")
			raw := fs.Bool("json", false, "print the report as JSON")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) != 1 {
					return usagef("name the damaged file")
				}
				if *to == "" {
					return usagef("name the new file, or a folder for it, with --to")
				}
				path := *to
				if info, err := os.Stat(path); err == nil && info.IsDir() {
					path = filepath.Join(path, bolt.FileName)
				}
				trust, err := trusted(verifiers, checkpoints)
				if err != nil {
					return err
				}
				searching := barOfBytes(s.err, "searching")
				r, keys, err := app.Recover(ctx, *c, app.Version(version), args[0], path, *unproved, trust, searching.show)
				searching.clear()
				if errors.Is(err, bolt.ErrWrongKeys) {
					return fmt.Errorf("%w: name the key file that belongs to it with --keys, or one that is not there to go without", err)
				}
				if err != nil {
					return err
				}
				if *raw {
					err = printJSON(s.out, r)
				} else {
					printDoctor(s.out, r, args[0], path, keys)
				}
				if err == nil && (r.Lost > 0 || len(r.Unproved) > 0 || len(r.KeysGone) > 0 || bare(r) > 0) {
					err = errNegative
				}
				return err
			}
		},
	}
}

func bare(r trace.Recovery) (n uint64) {
	for _, log := range r.Logs {
		n += trace.Spanned(log.Bare)
	}
	return n
}

func printDoctor(w io.Writer, r trace.Recovery, from, to string, keys bool) {
	for i, d := range r.Damage {
		if i == 20 {
			fmt.Fprintf(w, "and %d more; --json lists them\n", len(r.Damage)-i)
			break
		}
		fmt.Fprintf(w, "damaged: %s %s\n", d.Where, d.What)
	}
	for _, log := range r.Logs {
		fmt.Fprintf(w, "node %s: %d entries of %d\n", log.Node, log.Entries-trace.Spanned(log.Lost), log.Entries)
		for _, s := range log.Lost {
			fmt.Fprintf(w, "LOST: %s of node %s\n", spanned(s), log.Node)
		}
		for _, s := range log.Bare {
			fmt.Fprintf(w, "LOST: what was sealed in %s of node %s\n", spanned(s), log.Node)
		}
	}
	if n := len(r.Unproved); n > 0 {
		fmt.Fprintf(w, "%d entries can be read, and no hash is left to prove them by; --json lists them.\n", n)
	}
	for _, subject := range r.KeysGone {
		fmt.Fprintf(w, "LOST: the key of subject %s: the identity that it seals cannot be read\n", subject)
	}
	if !keys {
		fmt.Fprintln(w, "The keys are not at hand: nothing that is sealed was looked at. The new store is for reading until they are.")
	}
	switch {
	case r.Whole:
		fmt.Fprintf(w, "%s: all %d entries. Nothing is lost, and the node can go on with it.\n", to, r.Recovered)
	case r.Lost > 0:
		fmt.Fprintf(w, "%s: %d entries, and %d are lost. Keep %s: a copy may have what is missing.\n", to, r.Recovered, r.Lost, from)
	default:
		fmt.Fprintf(w, "%s: %d entries. Whether more stood behind the last of them, the file does not tell. Keep %s.\n", to, r.Recovered, from)
	}
	if keys && !r.Whole {
		fmt.Fprintf(w, "This store is node %s from now on.\n", r.Node)
	}
}

func spanned(s trace.Span) string {
	if s.First == s.Last {
		return fmt.Sprintf("entry %d", s.First)
	}
	return fmt.Sprintf("entries %d to %d", s.First, s.Last)
}
