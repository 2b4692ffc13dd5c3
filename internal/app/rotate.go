package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// nextKeys stands behind the name of the key file while it is exchanged. Both
// files are there until the store has changed, and its fingerprint tells which is
// the right one: so a change that was cut short anywhere is finished, or was
// never made.
const nextKeys = ".next"

// RotateKeys gives the node a fresh key and wraps every subject's key anew.
func (n *Node) RotateKeys(ctx context.Context) error {
	keys, err := n.keysInFile()
	if err != nil {
		return err
	}
	next := keys.Rotated()
	if err := n.saveNext(next.Settled()); err != nil {
		return err
	}
	if err := n.Store.Rotate(ctx, next); err != nil {
		return err // both files stay: the next start finds out which is right
	}
	if err := n.nameNext(); err != nil {
		return err
	}
	return n.Store.Settle(ctx, next.Settled())
}

// RotateLookup adds a version of the look-up key: patients are written under it
// from now on, and looked for under all.
func (n *Node) RotateLookup(ctx context.Context) error {
	keys, err := n.keysInFile()
	if err != nil {
		return err
	}
	next, err := keys.WithLookupKey()
	if err != nil {
		return trace.Errorf(trace.Conflict, "%w", err)
	}
	if err := errors.Join(n.saveNext(next), n.nameNext()); err != nil {
		return err
	}
	return n.Store.Settle(ctx, next)
}

// keysInFile are the node's keys where they can be exchanged.
func (n *Node) keysInFile() (*seal.Keyring, error) {
	if where := n.Config.elsewhere(); where != "" {
		return nil, trace.Errorf(trace.Conflict, "the keys come from %s, which the node cannot change. Start it once with the keys in a file (--keys), change them, and put the file's content back where it came from", where)
	}
	keys := n.Store.Keys()
	if keys == nil {
		return nil, trace.Errorf(trace.ReadOnly, "the store is open without its keys: start the node anew")
	}
	return keys, nil
}

func (n *Node) saveNext(keys *seal.Keyring) error {
	if err := os.Remove(n.Config.Keys + nextKeys); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return keys.Save(n.Config.Keys + nextKeys)
}

func (n *Node) nameNext() error {
	if err := os.Rename(n.Config.Keys+nextKeys, n.Config.Keys); err != nil {
		return fmt.Errorf("the new key file cannot be named: %w", err)
	}
	return syncDir(filepath.Dir(n.Config.Keys))
}

// dropNext removes a key file that was to come next and never did.
func dropNext(c Config) error {
	if err := os.Remove(c.Keys + nextKeys); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// finishRotation opens a store whose keys were being changed when the process
// ended: with the keys of the file that is next, if these are the store's.
func finishRotation(c Config, path string, o bolt.Options, err error) (*bolt.Store, error) {
	next := c.Keys + nextKeys
	if c.elsewhere() != "" || !bolt.Exists(next) {
		return nil, err
	}
	keys, kerr := seal.LoadKeyring(next)
	if kerr != nil {
		return nil, errors.Join(err, kerr)
	}
	o.Keys = keys
	s, oerr := bolt.Open(path, o)
	if oerr != nil {
		return nil, err
	}
	if err := errors.Join(os.Rename(next, c.Keys), syncDir(filepath.Dir(c.Keys))); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
