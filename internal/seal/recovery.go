package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"implantrace/internal/trace"
)

// NewRecovery makes an age identity. The text is shown once, to be kept
// elsewhere; the recipient stays.
func NewRecovery() (identity, recipient string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", fmt.Errorf("seal: %w", err)
	}
	return id.String(), id.Recipient().String(), nil
}

// ParseRecipient reads a public key, age1... An identity in its place is
// refused without being shown again.
func ParseRecipient(key string) (age.Recipient, error) {
	key = strings.TrimSpace(key)
	if strings.HasPrefix(strings.ToUpper(key), "AGE-SECRET-KEY-") {
		return nil, errors.New("this is the secret identity, which belongs nowhere near the node; its public key begins with age1")
	}
	r, err := age.ParseX25519Recipient(key)
	if err != nil {
		return nil, fmt.Errorf("this is no public key of age (age1...): %w", err)
	}
	return r, nil
}

// ParseIdentities reads age identities, one on a line, with # comments: a file
// that age-keygen or "implantrace keys recovery new" made.
func ParseIdentities(r io.Reader) ([]age.Identity, error) {
	ids, err := age.ParseIdentities(r)
	if err != nil {
		return nil, fmt.Errorf("this holds no age identity (AGE-SECRET-KEY-1...): %w", errors.New(withoutSecrets(err.Error())))
	}
	return ids, nil
}

// withoutSecrets keeps a mistyped identity out of logs and screens.
func withoutSecrets(s string) string {
	if i := strings.Index(strings.ToUpper(s), "AGE-SECRET-KEY"); i >= 0 {
		return s[:i] + "(an identity that is not whole)"
	}
	return s
}

// Recipients are all who can open what is encrypted to them: the holder of the
// node's keys, and each recovery recipient.
func (k *Keyring) Recipients(recovery []trace.Recipient) ([]age.Recipient, error) {
	all := []age.Recipient{k.Age()}
	for _, r := range recovery {
		a, err := ParseRecipient(r.Key)
		if err != nil {
			return nil, fmt.Errorf("recovery recipient %s: %w", r.Name, err)
		}
		all = append(all, a)
	}
	return all, nil
}

// stanza is the name under which age finds what the node's key opens.
const stanza = "implantrace-keys"

// keyholder is who has a node's keys, as age knows recipients and identities.
type keyholder struct{ keys *Keyring }

// Age is the keyring as a recipient and an identity of age.
func (k *Keyring) Age() interface {
	age.Recipient
	age.Identity
} {
	return keyholder{k}
}

// Wrap is age.Recipient's.
func (h keyholder) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	print := h.keys.Fingerprint()
	return []*age.Stanza{{Type: stanza, Args: []string{hex.EncodeToString(print[:])}, Body: lock(h.keys.node, fileKey, []byte("implantrace age file key\x00"))}}, nil
}

// Unwrap is age.Identity's.
func (h keyholder) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	print := h.keys.Fingerprint()
	for _, s := range stanzas {
		if s.Type != stanza || len(s.Args) != 1 || s.Args[0] != hex.EncodeToString(print[:]) {
			continue
		}
		key, err := unlock(h.keys.node, s.Body, []byte("implantrace age file key\x00"))
		if err != nil {
			return nil, err
		}
		return key, nil
	}
	return nil, age.ErrIncorrectIdentity
}

// Unsealed explains why what was encrypted to recipients does not open.
func Unsealed(err error) error {
	var no *age.NoIdentityMatchError
	if errors.As(err, &no) {
		return errors.New("these keys do not open it: it was made with another key file, or for other recovery recipients")
	}
	return err
}

// Encrypted reports whether bytes begin as an age file does.
func Encrypted(head []byte) bool { return bytes.HasPrefix(head, []byte("age-encryption.org/v1")) }
