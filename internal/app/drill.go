package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/trace"
)

// drillMark is the file that makes a folder a copy for drills.
const drillMark = "DRILL.json"

// Drilled says what a copy for drills is a copy of.
type Drilled struct {
	Name string       `json:"name"` // of the node
	Node trace.NodeID `json:"node"`
	Made time.Time    `json:"made"`
	Now  trace.NodeID `json:"now"` // the copy's own log: what is recorded during drills
}

// MakeDrill makes a copy of a node's record in a folder of its own, for drills: it
// is marked for good, begins a log of its own, and its keys lie beside it. The node
// goes on working, and nothing of a drill comes back to it.
func MakeDrill(ctx context.Context, c Config, v Version, to string) (d Drilled, err error) {
	if c, err = c.withDefaults(); err != nil {
		return d, err
	}
	if entries, err := os.ReadDir(to); err == nil && len(entries) > 0 || err != nil && !errors.Is(err, os.ErrNotExist) {
		return d, errors.Join(fmt.Errorf("%s is not an empty folder: a drill is on a copy of its own", to), err)
	}
	copied := c
	copied.Data, copied.Keys = to, filepath.Clean(to)+".keys"
	if c.elsewhere() != "" {
		copied.Keys = ""
	} else if _, err := os.Lstat(copied.Keys); err == nil {
		return d, fmt.Errorf("%s is there already, and is not overwritten", copied.Keys)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(to)), 0o700); err != nil {
		return d, err
	}
	archive, err := os.CreateTemp(filepath.Dir(filepath.Clean(to)), ".drill-*.age")
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, archive.Close(), os.Remove(archive.Name())) }()
	client, err := Connect(ctx, c, v)
	if err != nil {
		return d, err
	}
	r, err := client.Do(ctx, http.MethodGet, "/api/v1/operator/backup", "", nil)
	if err == nil {
		_, err = io.Copy(archive, r.Body)
		err = errors.Join(err, r.Body.Close())
	}
	if err = errors.Join(err, client.Close()); err != nil {
		return d, err
	}
	if copied.Keys != "" {
		keys, err := os.ReadFile(c.Keys)
		if err != nil {
			return d, err
		}
		if err := os.WriteFile(copied.Keys, keys, 0o600); err != nil {
			return d, err
		}
	}
	restored, err := Restore(ctx, copied, v, RestoreFrom{File: archive.Name()})
	if err != nil {
		return d, err
	}
	d = Drilled{Name: restored.Name, Node: restored.Node, Made: time.Now().UTC(), Now: restored.Now}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return d, err
	}
	// Until it is marked it is a copy of the record like any other: without its mark
	// nothing is left of it.
	if err := os.WriteFile(filepath.Join(to, drillMark), b, 0o600); err != nil {
		return d, errors.Join(err, os.Remove(filepath.Join(to, bolt.FileName)))
	}
	return d, nil
}

// Drill reads the mark of a folder; ok is false for one that is no copy for drills.
func Drill(data string) (d Drilled, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(data, drillMark))
	if errors.Is(err, os.ErrNotExist) {
		return d, false, nil
	}
	if err != nil {
		return d, true, err
	}
	return d, true, json.Unmarshal(b, &d)
}
