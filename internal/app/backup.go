package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"implantrace/internal/backup"
	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// Recovery lists who can open the node's backups beside the holder of its keys.
func (n *Node) Recovery(ctx context.Context) ([]trace.Recipient, error) {
	return n.Store.Recovery(ctx)
}

// AddRecovery adds a recipient. One that is there already gets the new name.
func (n *Node) AddRecovery(ctx context.Context, r trace.Recipient) error {
	r.Key, r.Name = strings.TrimSpace(r.Key), strings.TrimSpace(r.Name)
	if _, err := seal.ParseRecipient(r.Key); err != nil {
		return trace.Errorf(trace.Invalid, "%w", err)
	}
	if len(r.Name) > 200 {
		return trace.Errorf(trace.Invalid, "the name of a recovery key has at most 200 characters")
	}
	r.Added = n.clock().UTC()
	return n.Store.SetRecovery(ctx, func(all []trace.Recipient) ([]trace.Recipient, error) {
		if i := slices.IndexFunc(all, func(o trace.Recipient) bool { return o.Key == r.Key }); i >= 0 {
			all[i].Name = r.Name
			return all, nil
		}
		return append(all, r), nil
	})
}

// RemoveRecovery takes a recipient out: later backups do not open for it. The
// last one stays, because nobody could open a backup then.
func (n *Node) RemoveRecovery(ctx context.Context, key string) error {
	return n.Store.SetRecovery(ctx, func(all []trace.Recipient) ([]trace.Recipient, error) {
		i := slices.IndexFunc(all, func(o trace.Recipient) bool { return o.Key == strings.TrimSpace(key) })
		switch {
		case i < 0:
			return nil, trace.Errorf(trace.NotFound, "there is no recovery key %s here", key)
		case len(all) == 1:
			return nil, trace.Errorf(trace.Conflict, "this is the only recovery key, and without one there are no backups: add another first")
		}
		return slices.Delete(all, i, i+1), nil
	})
}

// Backup writes an archive of the store while it goes on working. size is
// called before the first byte, with the size of the store.
func (n *Node) Backup(ctx context.Context, w io.Writer, size func(int64)) error {
	_, err := n.backup(ctx, w, size)
	return err
}

func (n *Node) backup(ctx context.Context, w io.Writer, size func(int64)) (m backup.Manifest, err error) {
	recovery, err := n.Store.Recovery(ctx)
	if err != nil {
		return m, err
	}
	if len(recovery) == 0 {
		return m, trace.Errorf(trace.Conflict, "%w", backup.ErrNoRecovery)
	}
	err = n.Store.Copy(ctx, func(s bolt.Snapshot) error {
		m = backup.Manifest{Node: n.Store.Node(), Name: n.Config.Name, Version: n.version, Made: n.clock().UTC(), Until: s.Until,
			Bytes: s.Size, Heads: s.Heads, Checkpoints: s.Checkpoints, Recovery: recovery}
		if size != nil {
			size(s.Size)
		}
		return backup.Write(w, m, n.Store.Keys(), s)
	})
	return m, err
}

// Restored says what a restore brought back.
type Restored struct {
	Manifest     backup.Manifest
	Verification trace.Verification
	Node         trace.NodeID // the restored store's own log, which begins now
	Store, Keys  string       // where they are; "" after a check
}

// RestoreFrom says where a restore reads from.
type RestoreFrom struct {
	File     string // an archive
	Identity string // file with an age identity; "": the node's own keys open it
	Check    bool   // prove that it could be restored, and leave nothing behind
	Progress func(done, total int64)
}

// Restore brings a node back from an archive: it opens it, proves it whole, and
// works everything out again from its journal, before anything gets its name.
// A folder that has a store is refused, and so is a key file of other keys.
func Restore(ctx context.Context, c Config, v Version, from RestoreFrom) (r Restored, err error) {
	c, err = c.withDefaults()
	if err != nil {
		return r, err
	}
	place, err := c.place(ctx, from)
	if err != nil {
		return r, err
	}
	in, err := os.Open(from.File)
	if err != nil {
		return r, err
	}
	defer in.Close()
	a, err := backup.Open(in, place.identities...)
	if err != nil {
		return r, fmt.Errorf("%s: %w", from.File, err)
	}
	r.Manifest = a.Manifest
	if err := place.accepts(a.Keys); err != nil {
		return r, err
	}
	err = place.build(func(path string) error {
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		err = a.Store(&counted{out: out, total: a.Manifest.Bytes, tell: from.Progress, ctx: ctx})
		if err == nil {
			err = out.Sync()
		}
		if err = errors.Join(err, out.Close()); err != nil {
			return fmt.Errorf("%s: %w", from.File, err)
		}
		if r.Verification, err = verified(ctx, path, a.Keys, a.Manifest.Heads); err != nil {
			return fmt.Errorf("%s: %w", from.File, err)
		}
		return nil
	}, func(path string) error {
		name := c.Name
		if a.Manifest.Name != "" {
			name = a.Manifest.Name
		}
		r.Node, err = refound(path, a.Keys, name, v)
		return err
	}, a.Keys)
	if err == nil && !from.Check {
		r.Store, r.Keys = place.store, place.keys
	}
	return r, err
}

// verified works everything out again from a store's journal, and holds its
// logs against the heads they are to have.
func verified(ctx context.Context, path string, keys *seal.Keyring, heads []trace.TreeHead) (v trace.Verification, err error) {
	s, err := bolt.Open(path, bolt.Options{Keys: keys, ReadOnly: true})
	if err != nil {
		return v, err
	}
	v, err = s.Verify(ctx, filepath.Dir(path))
	if err = errors.Join(err, s.Close()); err != nil {
		return v, err
	}
	if len(v.Findings) > 0 {
		return v, fmt.Errorf("what it holds is not what was recorded: %d things are wrong, the first: %s %s", len(v.Findings), v.Findings[0].Where, v.Findings[0].What)
	}
	for _, h := range heads {
		if !slices.Contains(v.Heads, h) {
			return v, fmt.Errorf("the log of node %s does not end where it is said to end, at %d entries", h.Node, h.Size)
		}
	}
	return v, nil
}

func refound(path string, keys *seal.Keyring, name string, v Version) (trace.NodeID, error) {
	s, err := bolt.Open(path, bolt.Options{Keys: keys, Name: name, Version: string(v), Refound: true})
	if err != nil {
		return trace.NodeID{}, err
	}
	return s.Node(), s.Close()
}

// counted tells how much was written, and stops when its context is done.
type counted struct {
	out         io.Writer
	done, total int64
	tell        func(done, total int64)
	ctx         context.Context
}

func (c *counted) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.out.Write(b)
	c.done += int64(n)
	if c.tell != nil {
		c.tell(c.done, c.total)
	}
	return n, err
}
