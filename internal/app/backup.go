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
	"time"

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
	From         string // what it was read from
	Node         trace.NodeID
	Name         string    // of that node
	Made         time.Time // when the backup was made; zero without one
	Until        time.Time // when the last entry of the node was recorded that is here
	Verification trace.Verification
	Now          trace.NodeID      // the restored store's own log, which begins now; zero after a check
	Recovery     []trace.Recipient // who could have opened the backup
	Store, Keys  string            // where they are; "" after a check
}

// RestoreFrom says where a restore reads from: an archive, a second copy, or an
// archive and then what the second copy has beyond it.
type RestoreFrom struct {
	File     string // an archive
	Copy     string // folder of a second copy
	Identity string // file with an age identity; "": the node's own keys open it
	Check    bool   // prove that it could be restored, and leave nothing behind
	Read     bool   // of an archive: only to be read, so that the store keeps its node and begins no log
	Progress func(done, total int64)
}

// Restore brings a node back: it opens what it is given, proves it whole, and
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
	b := builder{ctx: ctx, config: c, version: v, from: from, place: place}
	if from.File != "" {
		err = b.archive()
	} else {
		err = b.copyAlone()
	}
	if err == nil && !from.Check {
		b.out.Store, b.out.Keys = place.store, place.keys
		if place.keys == "" {
			b.out.Keys = c.elsewhere()
		}
	}
	return b.out, err
}

// builder builds the store that a restore brings back.
type builder struct {
	ctx     context.Context
	config  Config
	version Version
	from    RestoreFrom
	place   place
	out     Restored
}

// archive builds it from an archive, and what the second copy has beyond it.
func (b *builder) archive() error {
	in, err := os.Open(b.from.File)
	if err != nil {
		return err
	}
	defer in.Close()
	a, err := backup.Open(in, b.place.identities...)
	if err != nil {
		return fmt.Errorf("%s: %w", b.from.File, err)
	}
	m := a.Manifest
	b.out = Restored{From: b.from.File, Node: m.Node, Name: m.Name, Made: m.Made, Until: m.Until, Recovery: m.Recovery}
	if err := b.place.accepts(a.Keys); err != nil {
		return err
	}
	return b.place.build(a.Keys, func(path string) error {
		if err := b.extract(a, path); err != nil {
			return fmt.Errorf("%s: %w", b.from.File, err)
		}
		if b.out.Verification, err = verified(b.ctx, path, a.Keys, m.Heads); err != nil {
			return fmt.Errorf("%s: %w", b.from.File, err)
		}
		if (b.from.Check || b.from.Read) && b.from.Copy == "" {
			return nil
		}
		s, err := bolt.Open(path, bolt.Options{Keys: a.Keys, Name: b.name(m.Name), Version: string(b.version), Refound: true})
		if err != nil {
			return err
		}
		b.out.Now = s.Node()
		if b.from.Copy == "" {
			return s.Close()
		}
		heads, err := b.receive(s, m.Node, a.Keys)
		if err = errors.Join(err, s.Close()); err != nil {
			return err
		}
		b.out.Verification, err = verified(b.ctx, path, a.Keys, heads)
		return err
	})
}

func (b *builder) extract(a *backup.Archive, path string) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = a.Store(&counted{out: out, total: a.Manifest.Bytes, tell: b.from.Progress, ctx: b.ctx})
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// copyAlone builds it from a second copy.
func (b *builder) copyAlone() error {
	second, err := backup.OpenCopy(b.from.Copy, b.place.identities...)
	if err != nil {
		return err
	}
	b.out = Restored{From: second.Dir, Node: second.Node, Name: second.Name, Recovery: second.Recovery}
	if err := b.place.accepts(second.Keys); err != nil {
		return err
	}
	return b.place.build(second.Keys, func(path string) error {
		s, err := bolt.Open(path, bolt.Options{Keys: second.Keys, Name: b.name(second.Name), Version: string(b.version)})
		if err != nil {
			return err
		}
		b.out.Now = s.Node()
		if err := s.SetRecovery(b.ctx, func([]trace.Recipient) ([]trace.Recipient, error) { return second.Recovery, nil }); err != nil {
			return errors.Join(err, s.Close())
		}
		heads, err := b.receive(s, second.Node, second.Keys)
		if err = errors.Join(err, s.Close()); err != nil {
			return err
		}
		b.out.Verification, err = verified(b.ctx, path, second.Keys, heads)
		return err
	})
}

// receive takes in what a second copy holds, and gives where its logs end.
func (b *builder) receive(s *bolt.Store, node trace.NodeID, keys *seal.Keyring) (heads []trace.TreeHead, err error) {
	second, err := backup.OpenCopy(b.from.Copy, append(slices.Clone(b.place.identities), keys.Age())...)
	if err != nil {
		return nil, err
	}
	if second.Node != node {
		return nil, fmt.Errorf("%s is the copy of node %s, and the backup is of node %s", second.Dir, second.Node, node)
	}
	if second.Keys.Fingerprint() != keys.Fingerprint() {
		return nil, fmt.Errorf("the node's key was changed between the backup and the second copy: restore from the copy alone")
	}
	if err := second.SubjectKeys(func(page []trace.SubjectKey) error { return s.ReceiveKeys(b.ctx, page) }); err != nil {
		return nil, err
	}
	ends := make(map[trace.NodeID]trace.TreeHead)
	err = second.Shipments(func(shipment trace.Shipment) error {
		if err := s.Receive(b.ctx, shipment); err != nil {
			return fmt.Errorf("%s: entries %d to %d of node %s: %w", second.Dir, shipment.First, shipment.Next()-1, shipment.Node, err)
		}
		if head := shipment.Head(); head.Size > ends[shipment.Node].Size {
			ends[shipment.Node] = head
		}
		if shipment.Node == node && shipment.Until.After(b.out.Until) {
			b.out.Until = shipment.Until
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// A log that the backup had further than the copy ends where the backup's did.
	now, err := s.Heads(b.ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range now {
		if end := ends[h.Node]; end.Size == h.Size {
			heads = append(heads, end)
		} else if end.Size > h.Size {
			return nil, fmt.Errorf("%s: the log of node %s ends early", second.Dir, h.Node)
		}
	}
	return heads, nil
}

// name is what people call the restored node: what they called the one before.
func (b *builder) name(old string) string {
	if old == "" {
		return b.config.Name
	}
	return old
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
