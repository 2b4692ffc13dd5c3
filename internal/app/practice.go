package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// Errors that keep practice and record apart.
var (
	// ErrPractice means that a practice store was to be opened for something else.
	ErrPractice = errors.New("this is a practice store: nothing in it is real, and it is used with implantrace practice alone")
	// ErrNotPractice means that a store other than a practice store was to be
	// practised on.
	ErrNotPractice = errors.New("this is no practice store: practise in a folder of its own")
)

// apart refuses a practice store for anything but practice, and any other store for
// that. What a store is stands in the first entry of each log in it, so that no copy
// of it becomes something else.
func (c Config) apart(ctx context.Context, store *bolt.Store) error {
	is, err := ofPractice(ctx, store)
	switch {
	case err != nil:
		return err
	case is && !c.Practice:
		return fmt.Errorf("%s: %w", c.Data, ErrPractice)
	case !is && c.Practice:
		return fmt.Errorf("%s: %w", c.Data, ErrNotPractice)
	}
	return nil
}

// ofPractice reports whether a log in a store was begun for practice.
func ofPractice(ctx context.Context, store *bolt.Store) (bool, error) {
	nodes, err := store.Coverage(ctx)
	if err != nil {
		return false, err
	}
	for _, n := range nodes {
		for e, err := range store.Entries(ctx, trace.Position{Node: n.Node}) {
			if err != nil {
				return false, err
			}
			if f, ok := e.Fact.(trace.NodeFact); ok && f.Practice {
				return true, nil
			}
			break
		}
	}
	return false, nil
}

// practising is the settings of a node for practice. Nothing of it leaves the
// machine, and its keys are its own.
func practising(c Config) (Config, error) {
	if os.Getenv(KeysVariable) != "" {
		return c, configf("%s is set: a practice store has keys of its own. Unset it", KeysVariable)
	}
	c.Practice, c.NoSignIn = true, true
	c.Keys, c.KeysCommand, c.CopyTo, c.BackupTo, c.CheckpointTo, c.Exports = "", "", "", "", nil, nil
	if _, drill, err := Drill(c.Data); err != nil || drill {
		return c, errors.Join(err, fmt.Errorf("%s: %w", c.Data, ErrNotPractice))
	}
	return c, nil
}

// Replay plays what a handheld sent into a practice store, as if it were scanned now:
// as fast as it was recorded, or as fast as it is taken. No other store takes one
// ([ErrNotPractice]): what was scanned then was not scanned now.
func (n *Node) Replay(ctx context.Context, r scanner.Recording, inTime bool) (scanner.Replayed, error) {
	if !n.Config.Practice {
		return scanner.Replayed{}, ErrNotPractice
	}
	wait := func(ctx context.Context, silent time.Duration) error {
		for first := true; first || n.Floor.Waiting() > 100; first = false {
			if !inTime {
				silent = 0
			}
			select {
			case <-time.After(max(silent, time.Millisecond)):
			case <-ctx.Done():
				return ctx.Err()
			}
			silent = 0
		}
		return nil
	}
	return r.Replay(ctx, wait, func(o scanner.Reading) {
		o.Scanner, o.At = "recording of "+o.Scanner, n.clock()
		n.fed(o)
	})
}

// OpenPractice opens a node to practise on, and makes and fills its store when there
// is none. With again, the store that is there is removed first, with its keys.
func OpenPractice(ctx context.Context, c Config, v Version, log *slog.Logger, clock trace.Clock, again bool) (*Node, error) {
	c, err := practising(c)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(c.Data, bolt.FileName)
	if again && bolt.Exists(path) {
		n, err := Open(ctx, c, v, log, clock) // it is a practice store, and nobody has it open
		if err != nil {
			return nil, err
		}
		keys := n.Config.Keys
		if err := n.Close(); err != nil {
			return nil, err
		}
		if err := errors.Join(os.Remove(path), os.Remove(keys)); err != nil {
			return nil, err
		}
	}
	return Open(ctx, c, v, log, clock)
}
