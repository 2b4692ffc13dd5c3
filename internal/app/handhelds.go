package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"implantrace/scanner"
)

// FindNone has no handheld looked for: only those that are named are used.
const FindNone = "none"

// FindAuto has handhelds of known makers looked for, beside those that are named.
// It is what happens where nothing is said.
const FindAuto = "auto"

const (
	lookEvery      = time.Second
	handheldsMost  = 64 // that are found; more are none
	handheldsWhole = "more than 64 handhelds were plugged in since the start: restart the node, or name those that are used"
)

// handhelds are the scanners of a node: those that the settings name, and those
// that were found. One that was found stays in the list when it is pulled out, so
// that the page says that it is missing.
type handhelds struct {
	named  []scanner.SerialConfig
	finder *scanner.Finder // nil: none are looked for
	event  func(scanner.Event)
	fed    func(scanner.Reading)
	heard  func(name string, p []byte) // every byte, before it is a reading
	log    *slog.Logger

	mu     sync.Mutex
	all    []*scanner.Serial
	keys   map[string]bool // of those that were found
	fault  string          // why none can be looked for
	failed bool
}

// configure makes what the settings name. Names are unique: a page is bound to a
// handheld by its name.
func (h *handhelds) configure() error {
	h.keys = make(map[string]bool)
	devices := make(map[string]bool)
	for _, sc := range h.named {
		if devices[sc.Device] {
			return configf("the scanner %s is named twice", sc.Device)
		}
		devices[sc.Device] = true
		s, err := h.make(sc)
		if err != nil {
			err = fmt.Errorf("scanner %s: %w", sc.Device, err)
			if !errors.Is(err, scanner.ErrSerialUnsupported) {
				err = configError{err}
			}
			return err
		}
		if name := s.State().Name; h.by(name) != nil {
			return configf("two scanners are called %s: give each a name of its own", name)
		}
		h.all = append(h.all, s)
	}
	return nil
}

func (h *handhelds) make(sc scanner.SerialConfig, o ...scanner.SerialOption) (*scanner.Serial, error) {
	var s *scanner.Serial
	o = append(o, scanner.OnEvent(h.event), scanner.Heard(func(p []byte) { h.heard(s.State().Name, p) }))
	s, err := scanner.NewSerial(sc, o...)
	return s, err
}

// by finds a handheld by its name; nil: there is none.
func (h *handhelds) by(name string) *scanner.Serial {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.all {
		if s.State().Name == name {
			return s
		}
	}
	return nil
}

// config is how a handheld is set; false: there is none of that name.
func (h *handhelds) config(name string) (scanner.SerialConfig, bool) {
	if s := h.by(name); s != nil {
		return s.Config(), true
	}
	return scanner.SerialConfig{}, false
}

// states are how all handhelds do, the named ones first.
func (h *handhelds) states() []scanner.SerialState {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]scanner.SerialState, len(h.all))
	for i, s := range h.all {
		all[i] = s.State()
	}
	return all
}

// run listens to all handhelds, and to those that are found meanwhile, until ctx
// is done.
func (h *handhelds) run(ctx context.Context) {
	var listening sync.WaitGroup
	defer listening.Wait()
	listen := func(s *scanner.Serial) {
		listening.Go(func() {
			if err := s.Run(ctx, h.fed); err != nil && ctx.Err() == nil {
				h.log.Error("scanner given up", "device", s.State().Device, "error", err.Error())
			}
		})
	}
	for _, s := range slices.Clone(h.all) {
		listen(s)
	}
	if h.finder == nil || !scanner.SerialSupported {
		return
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		for _, s := range h.look() {
			listen(s)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// look gives the handhelds that have been plugged in since it was last asked.
func (h *handhelds) look() (found []*scanner.Serial) {
	ports, err := h.finder.Ports()
	if err != nil {
		h.failure(err)
		return nil
	}
	for _, p := range ports {
		if h.keys[p.Key] || h.isNamed(p) {
			continue
		}
		if len(h.keys) == handheldsMost {
			h.failure(errors.New(handheldsWhole))
			return found
		}
		h.keys[p.Key] = true
		name := p.Name
		for i := 2; h.by(name) != nil; i++ {
			name = fmt.Sprintf("%s (%d)", p.Name, i)
		}
		s, err := h.make(scanner.SerialConfig{Name: name, Device: p.Device}, scanner.At(func() (string, error) { return h.finder.Locate(p.Key) }))
		if err != nil {
			h.failure(err)
			continue
		}
		h.mu.Lock()
		h.all = append(h.all, s)
		h.mu.Unlock()
		h.log.Info("scanner", "event", "found", "scanner", name, "device", p.Device)
		found = append(found, s)
	}
	return found
}

// failure logs, once, why handhelds are not found.
func (h *handhelds) failure(err error) {
	h.mu.Lock()
	h.fault = err.Error()
	first := !h.failed
	h.failed = true
	h.mu.Unlock()
	if first && !errors.Is(err, scanner.ErrNoPorts) {
		h.log.Error("handhelds cannot be looked for", "error", err.Error())
	}
}

// isNamed reports whether the settings name a port already, by whichever of its
// names.
func (h *handhelds) isNamed(p scanner.Port) bool {
	file := whole(p.File)
	return slices.ContainsFunc(h.named, func(sc scanner.SerialConfig) bool {
		return strings.EqualFold(sc.Device, p.Device) || strings.EqualFold(strings.TrimPrefix(sc.Device, `\\.\`), p.File) || whole(sc.Device) == file
	})
}

// whole is the file that a name leads to.
func whole(name string) string {
	if file, err := filepath.EvalSymlinks(name); err == nil {
		return file
	}
	return name
}
