package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"filippo.io/age"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
)

// place is where a restore puts the store and its keys.
type place struct {
	config      Config
	check       bool          // nothing is put anywhere
	store, keys string        // paths; keys is "" where they come from elsewhere
	own         *seal.Keyring // keys that are there already; nil: none
	identities  []age.Identity
}

// ErrNothingOpens means that there are neither the node's keys nor a recovery
// key.
var ErrNothingOpens = errors.New("nothing here opens the backup")

// place refuses what a restore could harm, before anything is read.
func (c Config) place(ctx context.Context, from RestoreFrom) (p place, err error) {
	p = place{config: c, check: from.Check, store: filepath.Join(c.Data, bolt.FileName), keys: c.Keys}
	if bolt.Exists(p.store) && !from.Check {
		return p, fmt.Errorf("there is a store in %s already, and it is not overwritten. Restore into another folder (--data), or move this one away", c.Data)
	}
	if p.own, err = c.loadKeys(ctx); err != nil && !errors.Is(err, seal.ErrNoKeys) {
		return p, err
	}
	if from.Identity != "" {
		f, err := os.Open(from.Identity)
		if err != nil {
			return p, err
		}
		defer f.Close()
		if p.identities, err = seal.ParseIdentities(f); err != nil {
			return p, fmt.Errorf("%s: %w", from.Identity, err)
		}
	}
	if p.own != nil {
		p.identities = append(p.identities, p.own.Age())
	}
	if len(p.identities) == 0 {
		return p, fmt.Errorf("%w: name the file with the recovery key (--identity FILE), or put the key file back as %s", ErrNothingOpens, c.Keys)
	}
	return p, nil
}

// accepts refuses keys other than those that are there already.
func (p place) accepts(keys *seal.Keyring) error {
	if p.check || p.own == nil || p.own.Fingerprint() == keys.Fingerprint() {
		return nil
	}
	if where := p.config.elsewhere(); where != "" {
		return fmt.Errorf("%s gives other keys than those of what is to be restored. Leave it unset, and the right keys are written to a file", where)
	}
	return fmt.Errorf("%s holds other keys than those of what is to be restored, and it is not overwritten. Move it away and keep it, or name another file with --keys", p.keys)
}

// restoring stands behind the name of a store that is not whole yet.
const restoring = ".restoring"

// build makes the store under a name of its own, proves it, and only then names
// it: keys first, so that a restore that was cut short can be repeated.
func (p place) build(keys *seal.Keyring, write func(path string) error) (err error) {
	dir := p.config.Data
	if p.check {
		if dir, err = os.MkdirTemp("", "implantrace-check-*"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the data folder cannot be made: %w", err)
	}
	path := filepath.Join(dir, bolt.FileName+restoring)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // of a restore that was cut short
	}
	if err = write(path); err != nil || p.check {
		if rerr := os.Remove(path); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
		return err
	}
	if p.own == nil {
		if err := keys.Save(p.keys); err != nil {
			return err
		}
	}
	if err := os.Rename(path, p.store); err != nil {
		return err
	}
	return syncDir(dir)
}
