package bolt

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

// A setting that nothing else in the store tells is kept with its SHA-256
// behind it, so that a bit of it that changed is seen.

// summed lists the settings that are kept so.
func summed() [][]byte { return [][]byte{metaRecovery, metaCopies, metaKeyring} }

func (t *transaction) set(name, value []byte) error {
	sum := sha256.Sum256(value)
	return t.tx.Bucket(bucketMeta).Put(name, append(bytes.Clone(value), sum[:]...))
}

// setting gives what was set; nil where nothing was.
func (t *transaction) setting(name []byte) ([]byte, error) {
	kept := t.tx.Bucket(bucketMeta).Get(name)
	if kept == nil {
		return nil, nil
	}
	value, err := unsummed(kept)
	if err != nil {
		return nil, fmt.Errorf("%s %w", describe(string(bucketMeta), name), err)
	}
	return value, nil
}

func unsummed(kept []byte) ([]byte, error) {
	if n := len(kept) - sha256.Size; n >= 0 {
		if sum := sha256.Sum256(kept[:n]); bytes.Equal(sum[:], kept[n:]) {
			return kept[:n], nil
		}
	}
	return nil, fmt.Errorf("is not what was set: %w", ErrDamaged)
}
