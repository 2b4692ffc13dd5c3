package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"implantrace/internal/app"
	"implantrace/scanner"
)

// served is a node that serves on a free port, with a handheld on a pty.
type served struct {
	asks    bool // who people are
	t       *testing.T
	node    *app.Node
	url     string
	line    *os.File // what is written here, the handheld "scans"
	stop    context.CancelFunc
	stopped chan error
}

func serve(t *testing.T, c app.Config) *served {
	t.Helper()
	return begin(&served{t: t, stopped: make(chan error, 1)}, c)
}

// begin serves a node, with a line for its handheld unless s has one.
func begin(s *served, c app.Config) *served {
	t := s.t
	t.Helper()
	if scanner.SerialSupported && s.line == nil {
		master, slave, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { master.Close(); slave.Close() })
		s.line = master
		c.Scanners = []scanner.SerialConfig{{Name: "handheld", Device: slave.Name()}}
	}
	if c.Data == "" {
		c.Data = filepath.Join(t.TempDir(), "data")
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	c.Name = "test"
	c.NoSignIn = !s.asks && strings.HasPrefix(c.Listen, "127.0.0.1:") && len(c.Hosts) == 0
	n, err := app.Open(t.Context(), c, "test", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.node = n
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	ready := make(chan string, 1)
	go func() { s.stopped <- n.Serve(ctx, func(a string) { ready <- a }) }()
	select {
	case a := <-ready:
		s.url = "http://" + a
	case err := <-s.stopped:
		t.Fatal(err)
	}
	t.Cleanup(func() { s.end() })
	return s
}

// end stops the node and waits until it has closed its store.
func (s *served) end() {
	s.stop()
	select {
	case err := <-s.stopped:
		s.stopped <- nil // once more, for the clean-up
		if err != nil {
			s.t.Error(err)
		}
	case <-time.After(30 * time.Second):
		s.t.Error("the node does not stop")
	}
}

// scan lets the handheld read a text.
func (s *served) scan(text string) {
	s.t.Helper()
	if _, err := s.line.WriteString(text + "\r\n"); err != nil {
		s.t.Fatal(err)
	}
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal("never came true: " + what)
}

func status(t *testing.T, url string) int {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}
