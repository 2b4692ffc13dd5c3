package history

import "slices"

// touches says which things a row reads and which it may change. Rows that
// touch nothing in common may be recorded at the same time; all others are
// recorded in the order of their lines.
type touches struct {
	reads, writes []string
}

func (t *touches) read(kind, name string) {
	if name != "" {
		t.reads = append(t.reads, kind+"\x00"+name)
	}
}

func (t *touches) write(kind, name string) {
	if name != "" {
		t.writes = append(t.writes, kind+"\x00"+name)
	}
}

// before reports whether a row that touches t has to be done before a later
// one that touches u begins.
func (t touches) before(u touches) bool {
	for _, w := range t.writes {
		if slices.Contains(u.writes, w) || slices.Contains(u.reads, w) {
			return true
		}
	}
	for _, r := range t.reads {
		if slices.Contains(u.writes, r) {
			return true
		}
	}
	return false
}
