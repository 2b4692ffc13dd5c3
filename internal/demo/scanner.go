package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"implantrace/internal/trace"
)

// ErrUnsupported means that this system has no pseudo-terminals to put a
// simulated scanner on.
var ErrUnsupported = errors.New("this system has no pseudo-terminals: the demonstration runs without its simulated scanner")

// ScannerOptions say how the simulated scanner scans.
type ScannerOptions struct {
	Seed  int64         // of [Rows]: the same patients
	Every time.Duration // between two scans; 0: four seconds
	Clock trace.Clock   // nil: time.Now
}

// Scanner is a handheld on a serial line that does not exist: a pseudo-terminal.
type Scanner struct {
	o             ScannerOptions
	master, slave *os.File
}

// NewScanner opens the line. The error wraps [ErrUnsupported] where there can
// be none.
func NewScanner(o ScannerOptions) (*Scanner, error) {
	if o.Every <= 0 {
		o.Every = 4 * time.Second
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	master, slave, err := OpenLine()
	if err != nil {
		return nil, err
	}
	// The slave stays open here: a line that nobody has open is hung up.
	return &Scanner{o, master, slave}, nil
}

// Device is the path of the line, for scanner.SerialConfig.
func (s *Scanner) Device() string { return s.slave.Name() }

// Run scans until ctx is done, and returns nil then. The first scan comes one
// interval after the start, so that a listener that starts at the same time has
// opened the line. Each label ends in CR. Where nobody reads, Run waits.
// Run may be called once.
func (s *Scanner) Run(ctx context.Context) error {
	// Until a listener has set the line, it sends back what it gets.
	go io.Copy(io.Discard, s.master) // ends when the line is closed
	// A write to a full line is let go when ctx ends.
	stop := context.AfterFunc(ctx, func() { _ = s.master.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	for text := range labels(s.o.Seed, s.o.Clock) {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, err := io.WriteString(s.master, text+"\r"); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("the simulated scanner: %w", err)
		}
	}
	return nil
}

// Close takes the line away; a listener sees the scanner unplugged.
func (s *Scanner) Close() error { return errors.Join(s.slave.Close(), s.master.Close()) }
