package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// Copy is a second copy that is read.
type Copy struct {
	Node trace.NodeID
	Name string        // of the node
	Keys *seal.Keyring // the node's
	Dir  string
	// Recovery is who can open it beside the holder of the node's keys.
	Recovery []trace.Recipient

	ids  []age.Identity
	list listing
	at   uint64 // the generation of keys that counts
}

// Errors of [OpenCopy] and [Copy.Shipments].
var (
	ErrNoCopy = errors.New("there is no second copy of implantrace here")
	ErrGap    = errors.New("entries are missing in the second copy")
)

// OpenCopy opens the second copy in a folder, which is the one that serve
// --copy-to names, or the node's own folder in it. Where it holds copies of
// several nodes, the node's own has to be named.
func OpenCopy(path string, ids ...age.Identity) (*Copy, error) {
	dir, err := copyFolder(path)
	if err != nil {
		return nil, err
	}
	c := &Copy{Dir: dir, ids: ids}
	if err := c.Node.UnmarshalText([]byte(strings.TrimPrefix(filepath.Base(dir), copyPrefix))); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoCopy)
	}
	if c.list, err = list(dir); err != nil {
		return nil, err
	}
	// The last generation that was finished counts: the one before is removed only then.
	for _, at := range slices.Backward(c.list.keys) {
		if at[1] != 1 {
			continue
		}
		whole := false
		g, _, err := readKeys(keysPath(dir, at), ids, func(_ generation, f keysFrame) error {
			whole = whole || f.Whole
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		if !whole {
			continue
		}
		c.at, c.Name, c.Recovery = at[0], g.Name, g.Recovery
		if c.Keys, err = seal.ParseKeyring(g.Keyring, "the second copy"); err != nil {
			return nil, err
		}
		return c, nil
	}
	return nil, fmt.Errorf("%s: %w (no keys that are whole)", dir, ErrNoCopy)
}

func copyFolder(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(filepath.Base(path), copyPrefix) {
		if _, err := os.Stat(filepath.Join(path, markerName)); err == nil {
			return path, nil
		}
	}
	all, err := filepath.Glob(filepath.Join(path, copyPrefix+"*", markerName))
	if err != nil {
		return "", err
	}
	switch len(all) {
	case 0:
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		return "", fmt.Errorf("%s: %w", path, ErrNoCopy)
	case 1:
		return filepath.Dir(all[0]), nil
	}
	var names []string
	for _, m := range all {
		names = append(names, filepath.Base(filepath.Dir(m)))
	}
	return "", fmt.Errorf("%s holds the copies of %d nodes; name one of them: %s", path, len(all), strings.Join(names, ", "))
}

// SubjectKeys gives the wrapped keys in the copy, in pages.
func (c *Copy) SubjectKeys(use func([]trace.SubjectKey) error) error {
	for _, at := range c.list.keys {
		if at[0] != c.at {
			continue
		}
		// A part whose end is torn was not shipped to its end: no entry that needs
		// what is missing was shipped either.
		if _, _, err := readKeys(keysPath(c.Dir, at), c.ids, func(_ generation, f keysFrame) error {
			if len(f.Keys) == 0 {
				return nil
			}
			return use(f.Keys)
		}); err != nil {
			return err
		}
	}
	return nil
}

// Shipments gives what was shipped, in order. Stretches may overlap. Where
// entries are missing it ends with [ErrGap]: what stands behind cannot be taken.
func (c *Copy) Shipments(use func(trace.Shipment) error) error {
	next := make(map[trace.NodeID]uint64)
	for _, n := range c.list.logs {
		_, err := readLog(logPath(c.Dir, n), c.Keys.CopyKey(), func(f logFrame) error {
			s := f.Shipment
			if s == nil {
				return nil
			}
			if s.First > next[s.Node] {
				return fmt.Errorf("%w: entries %d to %d of node %s", ErrGap, next[s.Node], s.First-1, s.Node)
			}
			next[s.Node] = max(next[s.Node], s.Next())
			return use(*s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
