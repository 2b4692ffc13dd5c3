package history

import "sync"

// heldBack remembers the things of which a correction waits for the end of the
// file.
type heldBack struct {
	mu    sync.Mutex
	names map[string]bool
}

func (h *heldBack) has(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.names[name]
}

func (h *heldBack) add(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.names == nil {
		h.names = make(map[string]bool)
	}
	h.names[name] = true
}
