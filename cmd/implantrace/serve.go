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

func serveCommand() subcommand {
	return subcommand{
		name: "serve", args: "[flags]", summary: "serve a node: pages, API and scanners",
		help: `
Serves a node on this machine: the theatre, recall and patient pages, the API, and the handhelds that are named. The
store is made when there is none. SIGTERM or Ctrl-C finishes what was accepted and closes it.

People sign in. The first start prints a set-up code, with which the first administrator makes an account at /sign-in/first;
there is no password to begin with. With --no-sign-in nobody is asked who they are, and whoever reaches the machine may do
everything: for trying it out, on loopback addresses only.
Other machines reach it only by TLS (--tls-cert, --tls-key; implantrace help tls), and only by the names in the certificate,
by the address at which they reach it, and by those of --host. Without a certificate it listens on loopback only.

The keys of the store lie beside the data folder, in a file with .keys behind its name, or come from a vault (implantrace
help keys). Make a recovery key on the first day and keep it away from this machine: without it there are no backups, and
without keys nobody can read the patients' names.

With --copy-to, everything that is recorded is also written, encrypted, to a folder on another disk or share; no answer
waits for it. The theatre page says when it is behind, and implantrace restore --from-copy brings the node back from it.

Examples:
  implantrace serve
  implantrace serve --copy-to /mnt/share
  implantrace serve --data /var/lib/implantrace --scanner /dev/ttyACM0
  implantrace serve --listen 0.0.0.0:8443 --tls-cert tls/server.crt --tls-key tls/server.key
  implantrace serve --scanner desk=/dev/serial/by-id/usb-Honeywell-if00@115200
  implantrace serve --checkpoint-to /mnt/audit/checkpoints --checkpoint-to https://audit.example.nhs.uk/implantrace/
  implantrace serve --config /etc/implantrace.toml

The file knows listen, tls_cert, tls_key, without_tls, hosts (a list), requests_from_address, requests_of_session, no_sign_in, data, keys, keys_command, copy_to, backup_to, backup_every, backup_keep, compact_at, compact_free, keep_identities_years, name, zone, wristband_delimiter, badge, checkpoint_to (a list), checkpoint_every, scanners (auto, none), and for each handheld [[scanner]] with name, device, baud, parity (odd, even), bits (7, 8), end (cr, lf, crlf, etx, idle; unless said CR, LF or CRLF), idle (such as 200ms), prefix, suffix, and what is sent back for a verdict: green, grey, amber, red. [sign_on] names the trust's own directory (OpenID Connect): name, issuer, client_id,
client_secret_file, claim (preferred_username unless said), redirect. For each export that is made and brought at intervals [[export]] has name,
registry, section, gln, every (such as 168h), period (all, last-month), full, to (a folder or an https address), method (PUT, POST), token_file and
accepted_when_delivered (docs/exports.md). Flags go
before the file.`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			var c app.Config
			var scanners, checkpointTo, hosts several
			data := fs.String("data", "", "`FOLDER` of the store (default ./data)")
			keyFlags(fs, &c)
			fs.BoolVar(&c.NewStore, "new-store", false, "make a store for keys that are there already: only the first time")
			fs.StringVar(&c.BackupTo, "backup-to", "", "`FOLDER` on another disk or share, into which a backup is made at intervals")
			fs.DurationVar(&c.BackupEvery, "backup-every", 0, "`TIME` between two of them (default 24h)")
			fs.IntVar(&c.BackupKeep, "backup-keep", 0, "how `MANY` of them are kept (default 14)")
			fs.StringVar(&c.CompactAt, "compact-at", "", "`HOUR` of the site from which the store is compacted when much of its file is free and nobody works, or never (default 03:30)")
			fs.IntVar(&c.CompactFree, "compact-free", 0, "how many `PERCENT` of the file are much (default 30)")
			fs.IntVar(&c.KeepYears, "keep-identities-years", 0, "how many `YEARS` after the procedure the identity of a patient with an implant is kept (default 30)")
			fs.StringVar(&c.CopyTo, "copy-to", "", "`FOLDER` on another disk or share, to which everything is copied as it is recorded")
			fs.BoolVar(&c.CopyNew, "copy-new", false, "begin the second copy anew where the one that was there is gone: only once")
			fs.StringVar(&c.Listen, "listen", "", "`ADDRESS` (default 127.0.0.1:8080); one that other machines reach wants a certificate")
			fs.StringVar(&c.TLSCert, "tls-cert", "", "PEM `FILE` of the node's certificate and those that lead to its authority; read again when it changes")
			fs.StringVar(&c.TLSKey, "tls-key", "", "PEM `FILE` of its key")
			fs.StringVar(&c.WithoutTLS, "without-tls", "", "`WORDS` that let other machines reach the node without TLS: \""+app.InPlainWords+"\"")
			fs.Var(&hosts, "host", "`NAME` by which browsers reach the node beside those of its certificate (of a proxy before it); may be given more than once")
			fs.BoolVar(&c.NoSignIn, "no-sign-in", false, "ask nobody who they are: for trying it out, on a loopback address")
			fs.StringVar(&c.Name, "name", "", "what people call this node (default: the machine's name)")
			fs.StringVar(&c.Hospital, "hospital", "", "`NAME` of the hospital, as it stands on what patients are given")
			fs.BoolVar(&c.KeepPictures, "keep-pictures", false, "keep photographs of labels with their procedures, encrypted under the patient's key")
			fs.StringVar(&c.HospitalAddress, "hospital-address", "", "its `ADDRESS`, likewise")
			fs.StringVar(&c.Zone, "zone", "", "the site's time `ZONE` (default Europe/London)")
			fs.StringVar(&c.WristbandDelimiter, "wristband-delimiter", "", "`TEXT` between the fields inside AIs 91, 92 and 93 of wristbands (default ,)")
			fs.StringVar(&c.Badge, "badge", "", "regular `EXPRESSION` for the whole text of a local staff badge; its first group is the code (default: badges have AI 8017)")
			fs.Var(&scanners, "scanner", "serial handheld, `[NAME=]DEVICE[@BAUD]`; may be given more than once")
			fs.StringVar(&c.FindScanners, "scanners", "", "auto: handhelds of known makers in USB-COM mode are found when they are plugged in; none: only those named are used (default auto)")
			fs.Var(&checkpointTo, "checkpoint-to", "`PLACE` outside this machine where signed checkpoints of the journal go: a folder or an https address; may be given more than once")
			fs.DurationVar(&c.CheckpointEvery, "checkpoint-every", 0, "`TIME` between two checkpoints (default 5m)")
			config := fs.String("config", "", "TOML `FILE` with these settings")
			logs := fs.String("log", "text", "log `FORMAT`: text or json")
			return func(ctx context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				c.Data, c.CheckpointTo, c.Hosts = *data, checkpointTo, hosts
				for _, text := range scanners {
					sc, err := app.ParseScanner(text)
					if err != nil {
						return usagef("--scanner %s: %v", text, err)
					}
					c.Scanners = append(c.Scanners, sc)
				}
				if *config != "" {
					from, err := app.ReadConfig(*config)
					if err != nil {
						return err
					}
					c = merge(c, from)
				}
				log, err := logger(s.err, *logs)
				if err != nil {
					return err
				}
				return serve(ctx, s, c, log)
			}
		},
	}
}

// merge lays the flags over the file.
func merge(flags, file app.Config) app.Config {
	for _, f := range []struct{ flag, file *string }{
		{&flags.Data, &file.Data}, {&flags.CopyTo, &file.CopyTo}, {&flags.BackupTo, &file.BackupTo}, {&flags.CompactAt, &file.CompactAt}, {&flags.Listen, &file.Listen}, {&flags.WithoutTLS, &file.WithoutTLS}, {&flags.Name, &file.Name}, {&flags.Zone, &file.Zone},
		{&flags.Hospital, &file.Hospital}, {&flags.HospitalAddress, &file.HospitalAddress},
		{&flags.FindScanners, &file.FindScanners},
		{&flags.WristbandDelimiter, &file.WristbandDelimiter}, {&flags.Badge, &file.Badge},
	} {
		if *f.flag == "" {
			*f.flag = *f.file
		}
	}
	if flags.TLSCert == "" && flags.TLSKey == "" {
		flags.TLSCert, flags.TLSKey = file.TLSCert, file.TLSKey
	}
	flags.RequestsFromAddress, flags.RequestsOfSession = file.RequestsFromAddress, file.RequestsOfSession
	if len(flags.Hosts) == 0 {
		flags.Hosts = file.Hosts
	}
	if flags.Keys == "" && flags.KeysCommand == "" {
		flags.Keys, flags.KeysCommand = file.Keys, file.KeysCommand
	}
	flags.NoSignIn = flags.NoSignIn || file.NoSignIn
	flags.KeepPictures = flags.KeepPictures || file.KeepPictures
	flags.SignOn, flags.Exports = file.SignOn, file.Exports
	if len(flags.CheckpointTo) == 0 {
		flags.CheckpointTo = file.CheckpointTo
	}
	if flags.CheckpointEvery == 0 {
		flags.CheckpointEvery = file.CheckpointEvery
	}
	if flags.BackupEvery == 0 {
		flags.BackupEvery = file.BackupEvery
	}
	if flags.BackupKeep == 0 {
		flags.BackupKeep = file.BackupKeep
	}
	if flags.CompactFree == 0 {
		flags.CompactFree = file.CompactFree
	}
	if flags.KeepYears == 0 {
		flags.KeepYears = file.KeepYears
	}
	flags.Checks, flags.FromFile = file.Checks, file.FromFile
	if len(flags.Scanners) == 0 {
		flags.Scanners = file.Scanners
	}
	return flags
}

func logger(w io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, usagef("the log is text or json, not %q", format)
}

func serve(ctx context.Context, s streams, c app.Config, log *slog.Logger) error {
	n, err := app.Open(ctx, c, app.Version(version), log, nil)
	if errors.Is(err, scanner.ErrSerialUnsupported) {
		return fmt.Errorf("%w. Leave --scanner out: typing and photographs work", err)
	}
	if err != nil {
		return err
	}
	return n.Serve(ctx, func(address string) {
		at := n.Address(address)
		fmt.Fprintf(s.out, `implantrace %s, node %s

  Open     %s/theatre   and scan, type or photograph
  Recall   %s/recall
  API      %s/api/docs
  Store    %s
  Keys     %s   (keep a copy off this machine)
  Proof    %s   (checks its checkpoints; note it elsewhere)
`, version, n.Config.Name, at, at, at, n.Store.Path(), n.KeysFrom(), n.Store.VerifierKey())
		switch {
		case n.Staff == nil:
			fmt.Fprintln(s.out, "  Sign-in  nobody is asked: whoever reaches this machine may do everything")
		case n.Staff.SetUpCode() != "":
			fmt.Fprintf(s.out, "  Set up   %s/sign-in/first with the code %s   (makes the first administrator; good until then)\n", at, n.Staff.SetUpCode())
		}
		for _, to := range n.Config.CheckpointTo {
			fmt.Fprintf(s.out, "  Checkpoints leave for %s, every %s\n", to, n.Config.CheckpointEvery)
		}
		if n.Config.CopyTo != "" {
			fmt.Fprintf(s.out, "  Copy     %s\n", n.Config.CopyTo)
		}
		for _, w := range n.Warnings(ctx) {
			fmt.Fprintf(s.out, "  Warning  %s\n", w)
		}
		if !scanner.SerialSupported {
			fmt.Fprintln(s.out, "  Serial handhelds are not supported in this build; typing and photographs work.")
		} else if n.Config.FindScanners != app.FindNone {
			fmt.Fprintln(s.out, "  Handhelds in USB-COM mode are found when they are plugged in; --scanner DEVICE names another.")
		} else if len(n.Config.Scanners) == 0 {
			fmt.Fprintln(s.out, "  No handheld is configured: --scanner DEVICE adds one.")
		}
		fmt.Fprintln(s.out, "\nNot yet approved for clinical use: synthetic patients only. Ctrl-C stops.")
	})
}
