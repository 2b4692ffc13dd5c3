package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"implantrace/internal/trace"
)

// ErrSealed means that a sealed part does not open under the key at hand.
var ErrSealed = errors.New("seal: does not open under this key")

// ErrCommitment means that a sealed part opened, but is not what the journal
// committed to.
var ErrCommitment = errors.New("seal: not what the journal committed to")

// anyBytes reads strings that are no valid UTF-8 too: a reading is kept byte
// for byte, whatever the scanner sent.
var anyBytes = func() cbor.DecMode {
	m, err := cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid}.DecMode()
	if err != nil {
		panic("seal: " + err.Error()) // constants; cannot happen at run time
	}
	return m
}()

type envelope struct {
	_      struct{} `cbor:",toarray"`
	Salt   []byte
	Fields []byte
}

// WrappedSize is the length of a wrapped key: a nonce, the key and a tag.
const WrappedSize = 12 + keySize + 16

// NewDataKey makes a subject's key and wraps it under the node's.
func (k *Keyring) NewDataKey(subject [16]byte) (key, wrapped []byte) {
	key = make([]byte, keySize)
	rand.Read(key)
	return key, lock(k.node, key, append([]byte("implantrace data key\x00"), subject[:]...))
}

// DataKey unwraps a subject's key. [ErrSealed] under another node's key.
func (k *Keyring) DataKey(subject [16]byte, wrapped []byte) ([]byte, error) {
	name := append([]byte("implantrace data key\x00"), subject[:]...)
	key, err := unlock(k.node, wrapped, name)
	if err != nil && k.former != nil {
		return unlock(k.former, wrapped, name)
	}
	return key, err
}

// Rewrap wraps a subject's key under the node's present key, whichever of the
// two it was wrapped under.
func (k *Keyring) Rewrap(subject [16]byte, wrapped []byte) ([]byte, error) {
	key, err := k.DataKey(subject, wrapped)
	if err != nil {
		return nil, err
	}
	return lock(k.node, key, append([]byte("implantrace data key\x00"), subject[:]...)), nil
}

// Seal encrypts a secret for one entry of a subject and commits to it.
func Seal(key []byte, subject [16]byte, entry trace.EventID, s trace.Secret) (sealed, commitment []byte, err error) {
	fields, err := cbor.Marshal(s)
	if err != nil {
		return nil, nil, fmt.Errorf("seal: %w", err)
	}
	salt := make([]byte, keySize)
	rand.Read(salt)
	plain, err := cbor.Marshal(envelope{Salt: salt, Fields: fields})
	if err != nil {
		return nil, nil, fmt.Errorf("seal: %w", err)
	}
	// The subject stands in front, so that whoever opens knows whose key to ask for.
	sealed = append(bytes.Clone(subject[:]), lock(key, plain, associated(subject, entry))...)
	return sealed, Commit(salt, fields), nil
}

// Subject is whose key opens a sealed part.
func Subject(sealed []byte) ([16]byte, error) {
	if len(sealed) < 16 {
		return [16]byte{}, ErrSealed
	}
	return [16]byte(sealed[:16]), nil
}

// Open decrypts a sealed part and holds it against its commitment.
func Open(key, sealed []byte, entry trace.EventID, commitment []byte) (trace.Secret, error) {
	e, err := open(key, sealed, entry, commitment)
	if err != nil {
		return trace.Secret{}, err
	}
	var s trace.Secret
	if err := anyBytes.Unmarshal(e.Fields, &s); err != nil {
		return trace.Secret{}, fmt.Errorf("%w: %v", ErrSealed, err)
	}
	return s, nil
}

func open(key, sealed []byte, entry trace.EventID, commitment []byte) (e envelope, err error) {
	subject, err := Subject(sealed)
	if err != nil {
		return e, err
	}
	plain, err := unlock(key, sealed[16:], associated(subject, entry))
	if err != nil {
		return e, err
	}
	if err := cbor.Unmarshal(plain, &e); err != nil {
		return envelope{}, fmt.Errorf("%w: %v", ErrSealed, err)
	}
	// The salt has one length: or else a commitment could be shown to be of
	// other fields, with some of them counted to the salt.
	if len(e.Salt) != keySize || !bytes.Equal(Commit(e.Salt, e.Fields), commitment) {
		return envelope{}, ErrCommitment
	}
	return e, nil
}

// Reveal opens a sealed part and gives what its commitment was made of.
func Reveal(key, sealed []byte, entry trace.EventID, commitment []byte) (trace.Opening, error) {
	e, err := open(key, sealed, entry, commitment)
	return trace.Opening{Salt: e.Salt, Fields: e.Fields}, err
}

// Revealed reads what was revealed of a sealed part, and holds it against its
// commitment.
func Revealed(o trace.Opening, commitment []byte) (s trace.Secret, err error) {
	if len(o.Salt) != keySize || !bytes.Equal(Commit(o.Salt, o.Fields), commitment) {
		return s, ErrCommitment
	}
	if err := anyBytes.Unmarshal(o.Fields, &s); err != nil {
		return s, fmt.Errorf("%w: %v", ErrSealed, err)
	}
	return s, nil
}

// Commit is the commitment to fields under a salt.
func Commit(salt, fields []byte) []byte {
	h := sha256.New()
	h.Write([]byte("implantrace commitment\x00"))
	h.Write(salt)
	h.Write(fields)
	return h.Sum(nil)
}

func associated(subject [16]byte, entry trace.EventID) []byte {
	return append(append([]byte("implantrace sealed\x00"), subject[:]...), entry[:]...)
}

func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("seal: " + err.Error()) // keys are made and checked to be 32 bytes
	}
	g, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return g
}

func lock(key, plain, associated []byte) []byte { return aead(key).Seal(nil, nil, plain, associated) }

func unlock(key, locked, associated []byte) ([]byte, error) {
	plain, err := aead(key).Open(nil, nil, locked, associated)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
