package seal

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"implantrace/internal/trace"
)

const keySize = 32

// Keyring holds a node's keys. It never changes, so it is safe for concurrent
// use.
type Keyring struct {
	node    []byte          // wraps the data keys of subjects
	former  []byte          // the node key before, while data keys are wrapped anew; nil else
	trust   map[byte][]byte // look-up keys by version
	signing []byte          // seed of the Ed25519 key that signs checkpoints
}

type keyFile struct {
	About string          `json:"about"`
	Node  []byte          `json:"node_key"`
	Trust map[byte][]byte `json:"trust_lookup_keys"`
	// Signing is left out of the files of earlier versions: see signingSeed.
	Signing []byte `json:"signing_key,omitempty"`
}

const about = "implantrace keys: who has this file and the store can read every patient's name. " +
	"Without it nobody can. Keep a copy off this machine, apart from the backups."

// NewKeyring makes fresh keys.
func NewKeyring() *Keyring {
	k := &Keyring{node: make([]byte, keySize), trust: map[byte][]byte{1: make([]byte, keySize)}, signing: make([]byte, keySize)}
	rand.Read(k.node)     // never fails (crypto/rand)
	rand.Read(k.trust[1]) // likewise
	rand.Read(k.signing)  // likewise
	return k
}

// ErrNoKeys means that there is no key file where one was looked for.
var ErrNoKeys = errors.New("seal: no key file")

// LoadKeyring reads a key file. [ErrNoKeys] when there is none.
func LoadKeyring(path string) (*Keyring, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s", ErrNoKeys, path)
	}
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return ParseKeyring(b, path)
}

// ParseKeyring reads the content of a key file; from names where it comes from
// in errors, which never show a key.
func ParseKeyring(b []byte, from string) (*Keyring, error) {
	var f keyFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("seal: %s is not a key file: %w", from, err)
	}
	if len(f.Node) != keySize || len(f.Trust) == 0 {
		return nil, fmt.Errorf("seal: %s is not a whole key file", from)
	}
	for v, k := range f.Trust {
		if len(k) != keySize {
			return nil, fmt.Errorf("seal: look-up key %d in %s has %d bytes, not %d", v, from, len(k), keySize)
		}
	}
	if f.Signing == nil {
		f.Signing = signingSeed(f.Node)
	}
	if len(f.Signing) != keySize {
		return nil, fmt.Errorf("seal: the signing key in %s has %d bytes, not %d", from, len(f.Signing), keySize)
	}
	return &Keyring{node: f.Node, trust: f.Trust, signing: f.Signing}, nil
}

// signingSeed is the signing key of a key file that was made before there was
// one. It comes from the node's key, so that it is the same at every start and
// the file need not be written again.
func signingSeed(node []byte) []byte {
	m := hmac.New(sha256.New, node)
	m.Write([]byte("implantrace checkpoint signing key"))
	return m.Sum(nil)
}

// SigningKey signs the node's checkpoints.
func (k *Keyring) SigningKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.signing) }

// Bytes is the content of a key file: whoever has it has the keys.
func (k *Keyring) Bytes() []byte {
	b, err := json.MarshalIndent(keyFile{About: about, Node: k.node, Trust: k.trust, Signing: k.signing}, "", "  ")
	if err != nil {
		panic("seal: " + err.Error()) // bytes and a map of bytes; cannot happen at run time
	}
	return append(b, '\n')
}

// Save writes the key file, readable by its owner only, and makes it durable.
// It never overwrites one.
func (k *Keyring) Save(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	_, err = f.Write(k.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return errors.Join(fmt.Errorf("seal: write key file: %w", err), os.Remove(path))
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		// The name must be as durable as the bytes; a file system that cannot
		// sync a folder (Windows) keeps names by itself.
		_ = dir.Sync()
		return dir.Close()
	}
	return nil
}

// CopyKey is what the second copy of the node's logs is encrypted with. It stays
// the same when the node's key is another, so that what was copied before stays
// readable.
func (k *Keyring) CopyKey() []byte {
	m := hmac.New(sha256.New, k.signing)
	m.Write([]byte("implantrace second copy"))
	return m.Sum(nil)
}

// Fingerprint tells key files apart without telling a key.
func (k *Keyring) Fingerprint() [8]byte {
	m := hmac.New(sha256.New, k.node)
	m.Write([]byte("implantrace fingerprint"))
	return [8]byte(m.Sum(nil)[:8])
}

func (k *Keyring) versions() []byte {
	vs := make([]byte, 0, len(k.trust))
	for v := range k.trust {
		vs = append(vs, v)
	}
	slices.Sort(vs)
	slices.Reverse(vs)
	return vs
}

// Lookups are the hashes by which a patient with this identifier is found, one
// for each version of the trust's key, newest first.
func (k *Keyring) Lookups(kind byte, value string) []trace.LookupHash {
	var out []trace.LookupHash
	for _, v := range k.versions() {
		m := hmac.New(sha256.New, k.trust[v])
		m.Write([]byte("implantrace lookup\x00"))
		m.Write([]byte{kind})
		m.Write([]byte(value))
		h := trace.LookupHash{v, kind}
		copy(h[2:], m.Sum(nil))
		out = append(out, h)
	}
	return out
}

// Digest is the keyed digest of a command's canonical bytes, under the newest
// key: a command may name a patient, and a plain hash could be tried out.
func (k *Keyring) Digest(canonical []byte) []byte { return k.digest(k.versions()[0], canonical) }

func (k *Keyring) digest(version byte, canonical []byte) []byte {
	m := hmac.New(sha256.New, k.trust[version])
	m.Write([]byte("implantrace command\x00"))
	m.Write(canonical)
	return append([]byte{version}, m.Sum(nil)[:16]...)
}

// SameDigest reports whether a digest is that of these canonical bytes, under
// whichever version of the key it was made.
func (k *Keyring) SameDigest(digest, canonical []byte) bool {
	if len(digest) == 0 || k.trust[digest[0]] == nil {
		return false
	}
	return hmac.Equal(digest, k.digest(digest[0], canonical))
}
