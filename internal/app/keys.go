package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
)

// notYet stands behind the name of the key file while the store is made for
// the first time. The keys are durable before anything is sealed with them, and
// have their name once the store is there: so keys without a store mean that
// the store was lost, and never that a first start was cut short.
const notYet = ".new"

// firstKeys gives the keys for a store whose key file is not there: those of a
// first start that was cut short, or fresh ones. A store without either lost
// its keys.
func firstKeys(c Config, path string) (*seal.Keyring, error) {
	keys, err := seal.LoadKeyring(c.Keys + notYet)
	none := errors.Is(err, seal.ErrNoKeys)
	switch {
	case none && bolt.Exists(path):
		return nil, noKeys(c)
	case none:
		keys = seal.NewKeyring()
		return keys, keys.Save(c.Keys + notYet)
	case err != nil:
		return nil, fmt.Errorf("the first start was cut short: %w. Where nothing was recorded yet, remove that file and start again", err)
	}
	// The start was cut short when the store had a name and no content yet.
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		return keys, os.Remove(path)
	}
	return keys, nil
}

// settleKeys gives the keys of a first start their name.
func settleKeys(c Config) error {
	if err := os.Rename(c.Keys+notYet, c.Keys); err != nil {
		return fmt.Errorf("the key file cannot be named: %w", err)
	}
	return syncDir(filepath.Dir(c.Keys))
}

// syncDir makes the names in a folder durable.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	// A file system that cannot sync a folder (Windows) keeps names by itself.
	_ = dir.Sync()
	return dir.Close()
}

func noKeys(c Config) error {
	if where := c.elsewhere(); where != "" {
		return fmt.Errorf("%s gives the keys of another store than the one in %s: %w", where, c.Data, bolt.ErrWrongKeys)
	}
	return fmt.Errorf("the keys of the store in %s are missing: %s is not there. Put the copy of that file back, or name it with --keys. "+
		"Where there is no copy, a backup and its recovery key bring the keys back: implantrace restore. "+
		"Without the keys the names of patients cannot be read by anybody, and nothing can be recorded in this store", c.Data, c.Keys)
}
