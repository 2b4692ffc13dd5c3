package app_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/bolt/faulty"
)

// child names the data folder that the test binary, run again, serves.
const child = "IMPLANTRACE_TEST_SERVE"

// copyBeside stands behind the data folder's name: a child whose folder has it
// keeps its second copy there.
const copyBeside = "-copy"

func TestMain(m *testing.M) {
	faulty.Main()
	if dir := os.Getenv(child); dir != "" {
		serveChild(dir)
	}
	if dir := os.Getenv(watched); dir != "" {
		serveWatched(dir)
	}
	os.Exit(m.Run())
}

// serveChild serves until it is told to stop, and prints the address it
// serves on, or what is wrong.
func serveChild(dir string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c := app.Config{Data: dir, Listen: "127.0.0.1:0", Name: "child", NoSignIn: true}
	if _, err := os.Stat(dir + copyBeside); err == nil {
		c.CopyTo = dir + copyBeside
	}
	n, err := app.Open(ctx, c, "test", slog.New(slog.DiscardHandler), nil)
	if err == nil {
		err = n.Serve(ctx, func(address string) { fmt.Println("serves", address) })
	}
	if err != nil {
		fmt.Println("error", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	os.Exit(0)
}

// process is a node in a process of its own.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
	url   string
	ended bool
}

// start starts a node over a data folder; what it says first is its address or
// an error.
func start(t *testing.T, dir string) (*process, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), child+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, lines: bufio.NewScanner(out)}
	t.Cleanup(func() {
		if !p.ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	if !p.lines.Scan() {
		t.Fatalf("the child says nothing: %v", p.lines.Err())
	}
	line := p.lines.Text()
	if address, ok := strings.CutPrefix(line, "serves "); ok {
		p.url = "http://" + address
	}
	return p, line
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait gives how the child ended, and what else it said.
func (p *process) wait() (said string, err error) {
	p.t.Helper()
	slow := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer slow.Stop()
	for p.lines.Scan() {
		said += p.lines.Text() + "\n"
	}
	p.ended = true
	return said, p.cmd.Wait()
}
