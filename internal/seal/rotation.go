package seal

import (
	"crypto/rand"
	"errors"
	"maps"
)

// Rotated gives the keyring with a fresh node key. It still opens what the key
// before wrapped, until [Keyring.Settled]; all other keys stay.
func (k *Keyring) Rotated() *Keyring {
	next := &Keyring{node: make([]byte, keySize), former: k.node, trust: k.trust, signing: k.signing}
	rand.Read(next.node)
	return next
}

// Settled gives the keyring without the node key before: nothing is wrapped
// under it any more.
func (k *Keyring) Settled() *Keyring {
	return &Keyring{node: k.node, trust: k.trust, signing: k.signing}
}

// ErrNoVersions means that the look-up keys have used up their numbers.
var ErrNoVersions = errors.New("seal: there are 255 versions of the look-up key already")

// WithLookupKey gives the keyring with one more version of the trust's look-up
// key, under which new patients are written. All versions are looked for.
func (k *Keyring) WithLookupKey() (*Keyring, error) {
	newest := k.LookupVersion()
	if newest == 255 {
		return nil, ErrNoVersions
	}
	next := &Keyring{node: k.node, former: k.former, trust: maps.Clone(k.trust), signing: k.signing}
	next.trust[newest+1] = make([]byte, keySize)
	rand.Read(next.trust[newest+1])
	return next, nil
}

// LookupVersion is the newest version of the trust's look-up key.
func (k *Keyring) LookupVersion() byte { return k.versions()[0] }
