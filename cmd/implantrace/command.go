package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"implantrace/internal/app"
)

// Exit codes.
const (
	exitDone     = 0
	exitNegative = 1 // a negative answer: a recall that finds nobody, a text that is rejected, a store that is wrong
	exitUsage    = 2 // called the wrong way, or with a value that makes no sense
	exitUndone   = 3 // it could not be done, and there is no answer
)

type streams struct {
	in       io.Reader
	out, err io.Writer
}

// subcommand is one line of the table of commands.
type subcommand struct {
	name, args, summary string
	help                string // what it does, and examples
	// setup adds the command's flags and gives what runs it with the rest of
	// the arguments.
	setup func(*flag.FlagSet) func(context.Context, streams, []string) error
}

func commands() []subcommand {
	return []subcommand{
		serveCommand(), practiceCommand(), demoCommand(), parseCommand(), decodeCommand(), replayCommand(), recordingsCommand(), recallCommand(), noticesCommand(), drillCommand(), exportCommand(), importCommand(), catalogueCommand(), setsCommand(), suppliedCommand(),
		backupCommand(), restoreCommand(), keysCommand(), tlsCommand(), staffCommand(), patientCommand(), eraseCommand(), verifyCommand(), checkpointCommand(), compactCommand(), doctorCommand(), benchCommand(), versionCommand(),
	}
}

// errNegative is a negative answer: it has been printed, and only the exit
// code is left to say.
var errNegative = errors.New("negative answer")

// errUndone is what could not be done and has been said already.
var errUndone = errors.New("it could not be done")

// usageError is a call the wrong way.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// run carries out a command line and gives the exit code.
func run(args []string, s streams) int {
	if len(args) == 0 {
		overview(s.err)
		return exitUsage
	}
	name := args[0]
	switch name {
	case "help", "-h", "-help", "--help":
		return help(args[1:], s)
	case "-version", "--version":
		name = "version"
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(args[1:], s)
		}
	}
	fmt.Fprintf(s.err, "implantrace: there is no command %q. implantrace help lists them.\n", name)
	return exitUsage
}

func (c subcommand) flags() (*flag.FlagSet, func(context.Context, streams, []string) error) {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs, c.setup(fs)
}

func (c subcommand) run(args []string, s streams) int {
	fs, do := c.flags()
	rest, err := interleaved(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		c.explain(s.out)
		return exitDone
	}
	if err != nil {
		fmt.Fprintf(s.err, "implantrace %s: %v. implantrace help %s explains.\n", c.name, err, c.name)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = do(ctx, s, rest)
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errNegative):
		return exitNegative
	case errors.Is(err, errUndone):
		return exitUndone
	case errors.As(err, &usage):
		fmt.Fprintf(s.err, "implantrace %s: %v. implantrace help %s explains.\n", c.name, strings.TrimSuffix(err.Error(), "."), c.name)
		return exitUsage
	}
	fmt.Fprintf(s.err, "implantrace %s: %v\n", c.name, err)
	var p *app.Problem
	if errors.Is(err, app.ErrConfig) || errors.As(err, &p) && p.Status == http.StatusUnprocessableEntity {
		return exitUsage
	}
	return exitUndone
}

// interleaved parses flags wherever they stand among the arguments; behind
// "--" everything is an argument.
func interleaved(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		left := fs.Args()
		if len(left) == 0 {
			return rest, nil
		}
		if n := len(args) - len(left); n > 0 && args[n-1] == "--" {
			return append(rest, left...), nil
		}
		rest = append(rest, left[0])
		args = left[1:]
	}
}

func help(args []string, s streams) int {
	if len(args) == 0 {
		overview(s.out)
		return exitDone
	}
	for _, c := range commands() {
		if c.name == args[0] {
			c.explain(s.out)
			return exitDone
		}
	}
	fmt.Fprintf(s.err, "implantrace: there is no command %q. implantrace help lists them.\n", args[0])
	return exitUsage
}

func overview(w io.Writer) {
	fmt.Fprintln(w, "implantrace records implanted devices at the point of use and finds them again in a recall.")
	fmt.Fprintln(w, "\nUsage: implantrace COMMAND [flags] [arguments]")
	fmt.Fprintln(w)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, `
implantrace help COMMAND explains one, with examples.

Exit codes: 0 done; 1 a negative answer; 2 called the wrong way, or with a value that makes no sense; 3 it could not be
done.
Start with: implantrace demo
`)
}

func (c subcommand) explain(w io.Writer) {
	fmt.Fprintf(w, "Usage: implantrace %s %s\n\n%s\n", c.name, c.args, strings.TrimSpace(c.help))
	fs, _ := c.flags()
	first := true
	fs.VisitAll(func(f *flag.Flag) {
		if first {
			fmt.Fprint(w, "\nFlags:\n")
			first = false
		}
		value, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(w, "  --%s %s\n        %s", f.Name, value, usage)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			fmt.Fprintf(w, " (default %s)", f.DefValue)
		}
		fmt.Fprintln(w)
	})
}

// several is a flag that may be given more than once.
type several []string

func (l *several) String() string { return strings.Join(*l, ", ") }

func (l *several) Set(s string) error { *l = append(*l, s); return nil }

func noArguments(args []string) error {
	if len(args) > 0 {
		return usagef("%q is not expected here", args[0])
	}
	return nil
}
