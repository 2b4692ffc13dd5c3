package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"implantrace/internal/app"
	"implantrace/internal/checkpoint"
	"implantrace/internal/trace"
)

func verifyCommand() subcommand {
	return subcommand{
		name: "verify", args: "[FILE] [--checkpoint FILE|FOLDER]... [--key KEY|FILE]...", summary: "prove that the record is what was recorded",
		help: `
Works everything out again from the journal and compares: every page of the file, every entry's bytes, every hash of the
Merkle tree, every sealed identity against its commitment, every key, and every row of the record. Says which entry, row,
key or page is wrong.

Without a file it verifies the node of the data folder, running or not; with one, a backup or another store's file,
however damaged. Where the keys are not at hand, what is sealed is not opened, and all else is proved.

By itself this shows that the record agrees with itself: it rests on the node's own word. Checkpoints that were kept
elsewhere (implantrace checkpoint, serve --checkpoint-to) show that the record still begins as it did when they were
made: give one or a folder of them with --checkpoint, and the node's verifier key, as you noted it once, with --key. A
history that was rewritten is then told by the two checkpoints between which it was.

With --evidence it checks an evidence pack of a recall notice (implantrace notices evidence), without any database: no file
was changed, every entry stands in the journal, and matches and actions are what these entries say.

Exit code 1 when something is wrong.

Examples:
  implantrace verify
  implantrace verify --evidence evidence.zip.age --identity recovery.txt --key /safe/theatre-4.vkey
  implantrace verify --checkpoint /mnt/audit/checkpoints --key /safe/theatre-4.vkey
  implantrace verify /mnt/backup/today.age --identity recovery.txt
  implantrace verify /mnt/copies/implantrace.db --keys /safe/data.keys --json`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			file := fs.String("store", "", "`FILE` of a store or backup that no node has open; the same as the argument")
			identity := fs.String("identity", "", "`FILE` with the recovery key that opens a backup (default: the node's own keys open it)")
			var keys, checkpoints several
			fs.Var(&keys, "key", "verifier `KEY` that signed the checkpoints, or a file with it; may be given more than once")
			fs.Var(&checkpoints, "checkpoint", "checkpoint `FILE` that was kept elsewhere, or a folder of them; may be given more than once")
			raw := fs.Bool("json", false, "print the report as JSON")
			pack := fs.String("evidence", "", "evidence pack `FILE`, to be checked without a database")
			return func(ctx context.Context, s streams, args []string) error {
				if *pack != "" {
					if err := noArguments(args); err != nil {
						return err
					}
					if *file != "" || len(checkpoints) > 0 {
						return usagef("an evidence pack is checked by itself: leave the store and the checkpoints out")
					}
					return verifyEvidence(ctx, s, *pack, *identity, keys, *raw)
				}
				if len(args) == 1 && *file == "" {
					*file, args = args[0], nil
				}
				if err := noArguments(args); err != nil {
					return err
				}
				if len(keys) > 0 && len(checkpoints) == 0 {
					return usagef("a key says who signed a checkpoint: name the checkpoint too, with --checkpoint")
				}
				trust, err := trusted(keys, checkpoints)
				if err != nil {
					return err
				}
				var v trace.Verification
				if *file != "" {
					v, err = app.VerifyFile(ctx, *c, *file, *identity, trust)
				} else {
					v, err = app.Verify(ctx, *c, app.Version(version), trust)
				}
				if err != nil {
					return err
				}
				if *raw {
					if err := printJSON(s.out, v); err != nil {
						return err
					}
					if len(v.Findings) > 0 {
						return errNegative
					}
					return nil
				}
				return printVerification(s.out, v)
			}
		},
	}
}

// smallMost is more than a checkpoint or a key has.
const smallMost = 64 << 10

// trusted reads what was kept elsewhere. A folder of checkpoints has the keys
// too, for whoever names none.
func trusted(keys, checkpoints []string) (t trace.Trust, err error) {
	var beside []string
	for _, path := range checkpoints {
		info, err := os.Stat(path)
		if err != nil {
			return t, err
		}
		files := []string{path}
		if info.IsDir() {
			if files, err = filepath.Glob(filepath.Join(path, "*"+checkpoint.Suffix)); err != nil {
				return t, err
			}
			if len(files) == 0 {
				return t, fmt.Errorf("there is no checkpoint in %s (their names end in %s)", path, checkpoint.Suffix)
			}
			more, err := filepath.Glob(filepath.Join(path, "*"+checkpoint.KeySuffix))
			if err != nil {
				return t, err
			}
			beside = append(beside, more...)
		}
		for _, file := range files {
			b, err := small(file)
			if err != nil {
				return t, err
			}
			t.Checkpoints = append(t.Checkpoints, trace.Outside{Name: filepath.Base(file), Note: strings.ToValidUTF8(string(b), "?")})
		}
	}
	if len(keys) == 0 {
		keys = beside
	}
	for _, key := range keys {
		b, err := small(key)
		switch {
		case errors.Is(err, fs.ErrNotExist) && strings.Count(key, "+") >= 2:
			b = []byte(key)
		case err != nil:
			return t, err
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !slices.Contains(t.Keys, line) {
				t.Keys = append(t.Keys, strings.ToValidUTF8(line, "?"))
			}
		}
	}
	return t, nil
}

// small reads a file that is short.
func small(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, smallMost+1))
	if err == nil && len(b) > smallMost {
		err = fmt.Errorf("%s is too long for a checkpoint or a key", path)
	}
	return b, err
}

func printVerification(w io.Writer, v trace.Verification) error {
	for _, f := range v.Findings {
		fmt.Fprintf(w, "WRONG: %s %s\n", f.Where, f.What)
	}
	for _, h := range v.Heads {
		fmt.Fprintf(w, "node %s: %d entries, root %x\n", h.Node, h.Size, h.Root)
	}
	if n := len(v.Outside); n > 0 {
		hold := 0
		for _, h := range v.Outside {
			if h.Holds {
				hold++
			}
		}
		fmt.Fprintf(w, "%d of %d checkpoints from outside hold.\n", hold, n)
	}
	for _, n := range v.Notes {
		fmt.Fprintln(w, n)
	}
	sealed := fmt.Sprintf("%d sealed parts, %d opened", v.Sealed, v.Opened)
	if v.Erased > 0 {
		sealed += fmt.Sprintf(", %d without a key", v.Erased)
	}
	if len(v.Findings) > 0 {
		wrong := fmt.Sprintf("%d things are", len(v.Findings))
		if len(v.Findings) == 1 {
			wrong = "one thing is"
		}
		fmt.Fprintf(w, "%d pages, %d entries, %d rows, %s: %s wrong.\n", v.Pages, v.Entries, v.Rows, sealed, wrong)
		return errNegative
	}
	fmt.Fprintf(w, "%d pages, %d entries, %d rows, %s: all as recorded.\n", v.Pages, v.Entries, v.Rows, sealed)
	return nil
}
