package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"implantrace/api"
)

// Defaults of the scheduled backups.
const (
	backupEvery = 24 * time.Hour
	backupKeep  = 14
	backupRetry = 10 * time.Minute // after one that failed
)

// schedule makes a backup at intervals. Its files are numbered, so that a clock
// that jumps changes neither their order nor which of them are removed.
type schedule struct {
	node *Node
	to   string

	mu    sync.Mutex
	state api.ScheduledBackup
}

// scheduled is one backup in the folder.
type scheduled struct {
	name   string
	number uint64
	made   time.Time
}

const stampLayout = "20060102T150405Z"

func (s *schedule) prefix() string { return "implantrace-" + s.node.Store.Node().String() + "-" }

// list gives this node's backups in the folder, oldest first. A file has its
// name only when it was proved.
func (s *schedule) list() (all []scheduled, err error) {
	files, err := os.ReadDir(s.to)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name, ok := strings.CutPrefix(strings.TrimSuffix(f.Name(), ".age"), s.prefix())
		if !ok || !strings.HasSuffix(f.Name(), ".age") {
			continue
		}
		number, stamp, _ := strings.Cut(name, "-")
		n, err := strconv.ParseUint(number, 10, 64)
		made, terr := time.Parse(stampLayout, stamp)
		if err == nil && terr == nil {
			all = append(all, scheduled{f.Name(), n, made})
		}
	}
	slices.SortFunc(all, func(a, b scheduled) int { return int(int64(a.number) - int64(b.number)) })
	return all, nil
}

// wait is how long until the next is due. A last one that seems to be of the
// future was made by a clock that has been put back: the next is due now.
func (s *schedule) wait(now time.Time, every time.Duration) (time.Duration, error) {
	all, err := s.list()
	if err != nil || len(all) == 0 {
		return 0, err
	}
	age := now.Sub(all[len(all)-1].made)
	if age < 0 || age >= every {
		return 0, nil
	}
	return every - age, nil
}

// run makes backups until ctx is done. Between two it goes by a clock that does
// not jump.
func (s *schedule) run(ctx context.Context) {
	every := s.node.Config.BackupEvery
	wait, err := s.wait(s.node.clock(), every)
	s.note(err)
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		err := s.make(ctx)
		if ctx.Err() != nil {
			return
		}
		s.note(err)
		if wait = every; err != nil {
			s.node.log.Error("the scheduled backup failed", "error", err.Error())
			wait = min(every, backupRetry)
		}
	}
}

// make makes one, proves it, and only then removes those that are too many.
func (s *schedule) make(ctx context.Context) (err error) {
	all, err := s.list()
	if err != nil {
		return err
	}
	unfinished := "." + s.prefix() + "*.part"
	old, err := filepath.Glob(filepath.Join(s.to, unfinished))
	if err != nil {
		return err
	}
	for _, path := range old { // of a process that was killed
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(s.to, unfinished)
	if err != nil {
		return err
	}
	defer func() {
		if rerr := os.Remove(f.Name()); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}()
	err = s.node.Backup(ctx, f, nil)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if _, err := Restore(ctx, s.node.Config, Version(s.node.version), RestoreFrom{File: f.Name(), Check: true}); err != nil {
		return fmt.Errorf("what was written is no good backup, and was removed: %w", err)
	}
	next := uint64(1)
	if len(all) > 0 {
		next = all[len(all)-1].number + 1
	}
	made := s.node.clock().UTC()
	name := fmt.Sprintf("%s%06d-%s.age", s.prefix(), next, made.Format(stampLayout))
	if err := os.Rename(f.Name(), filepath.Join(s.to, name)); err != nil {
		return err
	}
	if err := syncDir(s.to); err != nil {
		return err
	}
	all = append(all, scheduled{name, next, made})
	for len(all) > s.node.Config.BackupKeep {
		if err := os.Remove(filepath.Join(s.to, all[0].name)); err != nil {
			return err
		}
		all = all[1:]
	}
	return nil
}

// note says how the last attempt ended, and what is in the folder.
func (s *schedule) note(err error) {
	all, lerr := s.list()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Fault = ""
	if err = errors.Join(err, lerr); err != nil {
		s.state.Fault = err.Error()
	}
	if s.state.Kept = len(all); len(all) > 0 {
		s.state.Last = all[len(all)-1].made
	}
}

// scheduledBackup is how the scheduled backups do; nil where there are none.
func (n *Node) scheduledBackup() *api.ScheduledBackup {
	if n.schedule == nil {
		return nil
	}
	n.schedule.mu.Lock()
	defer n.schedule.mu.Unlock()
	state := n.schedule.state
	return &state
}
