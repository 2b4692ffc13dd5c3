package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

func keysCommand() subcommand {
	return subcommand{
		name: "keys", args: "new | rotate | rotate-lookup | recovery new|add KEY|list|remove KEY", summary: "the node's keys, and who can recover",
		help: `
The node's keys open every patient's name. Normally serve makes them, in a file beside the data folder. They can also come
from the variable IMPLANTRACE_KEYS or from a command (serve --keys-command), for a vault.

  rotate              give the node a fresh key: every patient's key is wrapped anew, and the old key opens nothing any more
  rotate-lookup       add a version of the key by which patients are found; all versions are looked for
  new                 print fresh keys, for a vault; serve wants --new-store the first time
  recovery new        make a recovery key: it is shown once, and opens every backup that is made from now on
  recovery add KEY    let an age key that exists already (age1...) open backups
  recovery list       who can open backups
  recovery remove KEY later backups do not open for it; older ones still do

Print the recovery key or write it to a stick (--out), and keep it away from this machine: in the safe of two people, for
instance. Whoever has it and a backup can read every name; whoever has neither it nor the key file, none.

Examples:
  implantrace keys recovery new --name "safe of the pharmacy"
  implantrace keys recovery new --out /media/stick/recovery.txt
  implantrace keys recovery list`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			c := storeFlags(fs)
			name := fs.String("name", "", "`TEXT` that says who has the recovery key, and where")
			out := fs.String("out", "", "`FILE` to write a new key to, in place of the screen")
			return func(ctx context.Context, s streams, args []string) error {
				switch what := strings.Join(args[:min(2, len(args))], " "); {
				case what == "new" && len(args) == 1:
					return show(s, *out, string(seal.NewKeyring().Bytes()))
				case what == "rotate" && len(args) == 1:
					return rotate(ctx, s, c, "/api/v1/operator/keys/rotate", "The node has a fresh key. The key file has changed: copies of it that are kept elsewhere open older backups only.")
				case what == "rotate-lookup" && len(args) == 1:
					return rotate(ctx, s, c, "/api/v1/operator/keys/rotate-lookup", "Patients are found by a fresh key from now on, and by the ones before. The key file has changed: copy it anew where copies are kept.")
				case what == "recovery new" && len(args) == 2:
					return newRecovery(ctx, s, c, *name, *out)
				case what == "recovery add" && len(args) == 3:
					return printRecovery(ctx, s, c, "POST", "", recipient{args[2], *name})
				case what == "recovery list" && len(args) == 2:
					return printRecovery(ctx, s, c, "GET", "", nil)
				case what == "recovery remove" && len(args) == 3:
					return printRecovery(ctx, s, c, "POST", "/remove", recipient{Key: args[2]})
				}
				return usagef("say what: new, rotate, rotate-lookup, recovery new, recovery add KEY, recovery list or recovery remove KEY")
			}
		},
	}
}

// show prints a secret, or writes it to a new file of its owner only.
func show(s streams, path, secret string) error {
	if path == "" {
		_, err := fmt.Fprint(s.out, secret)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(secret)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func rotate(ctx context.Context, s streams, c *app.Config, path, done string) error {
	if err := ask(ctx, c, "POST", path, "", nil, func(io.Reader) error { return nil }); err != nil {
		return err
	}
	fmt.Fprintln(s.out, done)
	return nil
}

type recipient struct {
	Key  string `json:"key"`
	Name string `json:"name,omitempty"`
}

// recoveryText is what is kept of a recovery key: a file that age reads, and a
// person too.
func recoveryText(node, name, identity, recipient string) string {
	if name != "" {
		name = "# for " + name + "\n"
	}
	return fmt.Sprintf(`# implantrace recovery key of node %s, made %s
%s# Whoever has this and a backup can read every patient's name. Keep it in a safe, away from the machine.
# To bring the node back: implantrace restore BACKUP --identity THIS-FILE
# public key: %s
%s
`, node, time.Now().Format(time.DateOnly), name, recipient, identity)
}

// newRecovery makes a recovery key. The secret is safe, on paper or in its
// file, before the node lets it open anything.
func newRecovery(ctx context.Context, s streams, c *app.Config, name, out string) error {
	var n struct {
		Name string       `json:"name"`
		Node trace.NodeID `json:"node"`
	}
	if err := ask(ctx, c, "GET", "/api/v1/node", "", nil, asJSON(&n)); err != nil {
		return err
	}
	identity, public, err := seal.NewRecovery()
	if err != nil {
		return err
	}
	if err := show(s, out, recoveryText(n.Name+" ("+n.Node.String()+")", name, identity, public)); err != nil {
		return err
	}
	body, err := json.Marshal(recipient{public, name})
	if err != nil {
		return err
	}
	if err := ask(ctx, c, "POST", "/api/v1/operator/recovery", "application/json", strings.NewReader(string(body)), asJSON(&struct{}{})); err != nil {
		return fmt.Errorf("the key above was not added, and opens nothing: %w", err)
	}
	if out != "" {
		fmt.Fprintf(s.out, "The recovery key is in %s. Take it away from this machine, and keep it safe.\n", out)
	} else {
		fmt.Fprintln(s.err, "\nThe recovery key is shown this once: print the lines above, or copy them to a stick as recovery.txt, and keep them away from this machine.")
	}
	fmt.Fprintln(s.err, "Every backup from now on opens for it. Make one, and try it: implantrace backup FILE, then implantrace restore FILE --identity recovery.txt --check")
	return nil
}

// printRecovery asks for the list, or changes it, and prints it.
func printRecovery(ctx context.Context, s streams, c *app.Config, method, path string, body any) error {
	var in *strings.Reader
	kind := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in, kind = strings.NewReader(string(b)), "application/json"
	} else {
		in = strings.NewReader("")
	}
	var all struct {
		Items []trace.Recipient `json:"items"`
	}
	if err := ask(ctx, c, method, "/api/v1/operator/recovery"+path, kind, in, asJSON(&all)); err != nil {
		return err
	}
	if len(all.Items) == 0 {
		fmt.Fprintln(s.out, "There is no recovery key, and so no backup can be made: implantrace keys recovery new")
		return nil
	}
	for _, r := range all.Items {
		fmt.Fprintf(s.out, "%s  added %s  %s\n", r.Key, r.Added.Local().Format(time.DateOnly), r.Name)
	}
	return nil
}
