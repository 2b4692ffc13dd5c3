package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"implantrace/internal/app"
)

func backupCommand() subcommand {
	return subcommand{
		name: "backup", args: "FILE", summary: "an encrypted copy of the store with its keys",
		help: `
Writes a consistent copy of the whole store to FILE while the node goes on working: encrypted with age, with the node's
keys inside. It opens for whoever has the node's key file, or one of the recovery keys (implantrace keys recovery). When
it is written it is read again and proved: its checksum, and everything worked out anew from its journal. An existing
file is not overwritten.

Without a recovery key there is no backup: one that only this machine's key file opens is lost with the machine.

Restoring is tried best before it is needed: implantrace restore FILE --identity RECOVERY --check.

Examples:
  implantrace backup /mnt/backup/implantrace-2026-03-01.age
  implantrace backup --data /var/lib/implantrace /mnt/backup/today.age`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) != 1 {
					return usagef("name the file to write")
				}
				if args[0] == "-" {
					return usagef("a backup wants a file: it is read again and proved when it is written")
				}
				return backupTo(ctx, s, c, args[0])
			}
		},
	}
}

// backupTo writes a backup under a name of its own, proves it, and names it.
func backupTo(ctx context.Context, s streams, c *app.Config, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already and is not overwritten", path)
	}
	client, err := app.Connect(ctx, *c, app.Version(version))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	r, err := client.Do(ctx, http.MethodGet, "/api/v1/operator/backup", "", nil)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	total, _ := strconv.ParseInt(r.Header.Get("Implantrace-Store-Bytes"), 10, 64) // 0: nothing is drawn
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("%s was not written: %w", path, err)
	}
	defer func() {
		if rerr := os.Remove(f.Name()); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}()
	writing := barOfBytes(s.err, "writing")
	size, err := io.Copy(f, &metered{Reader: r.Body, total: total, show: writing.show})
	writing.clear()
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s was not written: %w", path, err)
	}
	proving := barOfBytes(s.err, "proving")
	made, err := app.Restore(ctx, *c, app.Version(version), app.RestoreFrom{File: f.Name(), Check: true, Progress: proving.show})
	proving.clear()
	unproved := errors.Is(err, app.ErrNothingOpens)
	if err != nil && !unproved {
		return fmt.Errorf("what was written is no good backup, and was removed: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("%s was not written: %w", path, err)
	}
	if unproved {
		return fmt.Errorf("%s was written and not proved, because the node's keys are not at hand: name them with --keys, or try it with the recovery key: "+
			"implantrace restore %s --identity FILE --check", path, path)
	}
	fmt.Fprintf(s.out, "%s: %s, everything until %s.\n", path, bytesOf(size), made.Until.Local().Format(time.DateTime))
	for _, k := range made.Recovery {
		fmt.Fprintf(s.out, "opens for the recovery key %s\n", named(k.Key, k.Name))
	}
	return printVerification(s.out, made.Verification)
}

// byteBar is a progress bar over bytes; it shows nothing but on a terminal.
type byteBar struct {
	bar  progressBar
	what string
}

func barOfBytes(w io.Writer, what string) *byteBar {
	s := &byteBar{what: what}
	if terminal(w) {
		s.bar.out = w
	}
	return s
}

func (s *byteBar) show(done, total int64) {
	if s.bar.out != nil && total > 0 {
		s.bar.show(s.what+" KiB", int(done>>10), int(total>>10))
	}
}

func (s *byteBar) clear() { s.bar.clear() }

// metered counts what is read.
type metered struct {
	io.Reader
	done, total int64
	show        func(done, total int64)
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.Reader.Read(b)
	m.done += int64(n)
	m.show(m.done, m.total)
	return n, err
}

// bytesOf is a size as people say it.
func bytesOf(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KiB", (n+1023)/1024)
}

func named(key, name string) string {
	if name == "" {
		return key
	}
	return key + " (" + name + ")"
}

func restoreCommand() subcommand {
	return subcommand{
		name: "restore", args: "[FILE] [--from-copy FOLDER] [--identity FILE] [--check]", summary: "bring a node back from a backup or second copy",
		help: `
Brings a node back on this machine from a backup, from the second copy (serve --copy-to), or from a backup and then what
the second copy has beyond it: opens it, proves it whole, works everything out anew from its journal, and only then puts
the store into the data folder and the keys beside it. A folder that has a store is refused, and so is a key file with
other keys. It asks nothing.

With the recovery key (--identity) nothing else is needed: an empty machine will do. Without it the node's own key file
opens the backup. With --check everything is proved and nothing is put anywhere: try it before it is needed.

The restored node begins a log of its own: what was recorded after the backup is not in it, and no number of the old log
is given twice.

Examples:
  implantrace restore today.age --identity recovery.txt
  implantrace restore today.age --identity recovery.txt --check
  implantrace restore --from-copy /mnt/share --identity recovery.txt
  implantrace restore today.age --data /var/lib/implantrace --keys /etc/implantrace.keys`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			from := app.RestoreFrom{}
			fs.StringVar(&from.Copy, "from-copy", "", "`FOLDER` of the second copy")
			fs.StringVar(&from.Identity, "identity", "", "`FILE` with the recovery key (default: the node's own keys open it)")
			fs.BoolVar(&from.Check, "check", false, "prove that it could be restored, and put nothing anywhere")
			return func(ctx context.Context, s streams, args []string) error {
				switch {
				case len(args) == 1:
					from.File = args[0]
				case len(args) > 1 || from.Copy == "":
					return usagef("name the backup to restore from, or the second copy with --from-copy")
				}
				reading := barOfBytes(s.err, "reading")
				from.Progress = reading.show
				r, err := app.Restore(ctx, *c, app.Version(version), from)
				reading.clear()
				if err != nil {
					return err
				}
				return tellRestored(s, r, from)
			}
		},
	}
}

func tellRestored(s streams, r app.Restored, from app.RestoreFrom) error {
	fmt.Fprintf(s.out, "%s: node %s (%s)", r.From, r.Name, r.Node)
	if !r.Made.IsZero() {
		fmt.Fprintf(s.out, ", written %s", r.Made.Local().Format(time.DateTime))
	}
	fmt.Fprintln(s.out, ".")
	if err := printVerification(s.out, r.Verification); err != nil {
		return err
	}
	until := r.Until.Local().Format(time.DateTime)
	if from.Check {
		fmt.Fprintf(s.out, "It can be restored, with everything until %s. Nothing was put anywhere.\n", until)
		return nil
	}
	fmt.Fprintf(s.out, "Restored: everything until %s. What was recorded later is not here.\nStore %s\nKeys  %s\nThis node is %s from now on. Start it: implantrace serve --data %s\n",
		until, r.Store, r.Keys, r.Now, filepath.Dir(r.Store))
	if from.Copy == "" {
		fmt.Fprintln(s.out, "Whose identity was erased later is readable in it again: restore with --from-copy as well, or erase them again.")
	}
	return nil
}
