package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"implantrace/internal/transport"
)

func tlsCommand() subcommand {
	return subcommand{
		name: "tls", args: "init | renew | show FILE", summary: "certificates for a node that other machines reach",
		help: `
A node that other machines reach speaks TLS. Where the trust has its own authority, have it issue a certificate for the
node's name and give serve its two files:

  implantrace serve --listen 0.0.0.0:443 --tls-cert /etc/implantrace/tls/node.crt --tls-key /etc/implantrace/tls/node.key

The first file holds the node's certificate and behind it those that lead to the authority, both PEM.

Where there is none, make one:

  init         make an authority and a certificate for the node's names in a folder (--out)
  renew        make a new certificate for the same names, in the same folder, before the old one ends
  show FILE    what a certificate is for, and until when; exit code 1 when it has ended

Of what init makes, ca.crt goes to every machine that opens the pages, as a trusted authority (by group policy, for
instance). It can vouch for the names it was made for and for nothing else. ca.key is needed to renew only: keep it away
from the node. server.crt and server.key are for serve, which takes up new ones by itself.

Examples:
  implantrace tls init --out tls --name theatre4.trust.nhs.uk --name 10.20.30.40
  implantrace serve --listen 0.0.0.0:8443 --tls-cert tls/server.crt --tls-key tls/server.key
  implantrace tls renew --out tls
  implantrace tls show tls/server.crt`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			var hosts several
			fs.Var(&hosts, "name", "`NAME` or address by which browsers reach the node; may be given more than once (default: the machine's name)")
			out := fs.String("out", "tls", "`FOLDER` of the authority")
			return func(_ context.Context, s streams, args []string) error {
				switch what := strings.Join(args, " "); {
				case what == "init":
					return tlsInit(s, *out, hosts)
				case what == "renew" && len(hosts) == 0:
					return tlsRenew(s, *out)
				case what == "renew":
					return usagef("the names are those of the certificate that is there: for others, make a new authority with init and another --out")
				case len(args) == 2 && args[0] == "show":
					return tlsShow(s, args[1])
				}
				return usagef("say what: init, renew, or show FILE")
			}
		},
	}
}

func tlsInit(s streams, dir string, hosts []string) error {
	if len(hosts) == 0 {
		name, err := os.Hostname()
		if err != nil {
			return usagef("this machine has no name: give one with --name")
		}
		hosts = []string{name}
	}
	a, err := transport.Init(dir, hosts, time.Now())
	if err != nil {
		return err
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	fmt.Fprintf(s.out, `%s   the authority. Install it on every machine that opens the pages. It can vouch for the names below only.
%s
%s   its key. Keep it away from this machine: it is needed to renew only.
%s
%s
%s

Then: implantrace serve --listen 0.0.0.0:8443 --tls-cert %s --tls-key %s
`, at(transport.AuthorityFile), indented(transport.Describe(a.CA)), at(transport.AuthorityKeyFile), at(transport.ServerFile), indented(transport.Describe(a.Server)),
		at(transport.ServerKeyFile), at(transport.ServerFile), at(transport.ServerKeyFile))
	return nil
}

func tlsRenew(s streams, dir string) error {
	c, err := transport.Renew(dir, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s\n%s\nA node that serves with it takes it up by itself.\n", filepath.Join(dir, transport.ServerFile), indented(transport.Describe(c)))
	return nil
}

func tlsShow(s streams, path string) error {
	c, err := transport.ReadCertificate(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s\n%s\n", path, indented(transport.Describe(c)))
	if time.Now().After(c.NotAfter) {
		fmt.Fprintln(s.out, "It has ended.")
		return errNegative
	}
	return nil
}

func indented(lines []string) string { return "    " + strings.Join(lines, "\n    ") }
