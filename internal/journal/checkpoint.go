package journal

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"implantrace/internal/trace"
)

// Checkpoint is what a node says of a log: that it had this size and this root.
// Signed, it is a note as c2sp.org/tlog-checkpoint has it: whoever keeps one can
// tell later whether the log still begins with the same entries.
type Checkpoint struct {
	Log    trace.NodeID // whose log
	Size   uint64       // entries
	Root   trace.Hash   // RFC 6962
	Signed time.Time    // the signer's clock, UTC, whole seconds; zero where the note does not say
}

// Errors of [OpenCheckpoint].
var (
	// ErrCheckpoint means that a text is no checkpoint of an implantrace log.
	ErrCheckpoint = errors.New("not a checkpoint of an implantrace journal")
	// ErrSignature means that none of the keys at hand signed a checkpoint.
	ErrSignature = errors.New("not signed by a key at hand")
)

const (
	originPrefix = "implantrace/node/"
	signedPrefix = "signed " // an extension line
	// checkpointMost is far more than a checkpoint with many signatures has.
	checkpointMost = 64 << 10
)

// Origin names a log on the first line of its checkpoints, and the key of the
// node that writes it.
func Origin(log trace.NodeID) string { return originPrefix + log.String() }

// Text is what is signed.
func (c Checkpoint) Text() string {
	text := fmt.Sprintf("%s\n%d\n%s\n", Origin(c.Log), c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
	if !c.Signed.IsZero() {
		text += signedPrefix + c.Signed.UTC().Format(time.RFC3339) + "\n"
	}
	return text
}

// parseCheckpoint reads the text of a checkpoint. Extension lines that this
// program does not know are passed over, as the format wants it.
func parseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" {
		return c, fmt.Errorf("%w: it has too few lines", ErrCheckpoint)
	}
	name, ok := strings.CutPrefix(lines[0], originPrefix)
	if !ok || c.Log.UnmarshalText([]byte(name)) != nil || c.Log.String() != name {
		return c, fmt.Errorf("%w: its first line is not that of a node", ErrCheckpoint)
	}
	c.Size, err = strconv.ParseUint(lines[1], 10, 63)
	if err != nil || strconv.FormatUint(c.Size, 10) != lines[1] {
		return c, fmt.Errorf("%w: its size is no number", ErrCheckpoint)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return c, fmt.Errorf("%w: its root is no hash", ErrCheckpoint)
	}
	c.Root = trace.Hash(root)
	for _, line := range lines[3 : len(lines)-1] {
		at, ok := strings.CutPrefix(line, signedPrefix)
		if !ok || !c.Signed.IsZero() {
			continue
		}
		if c.Signed, err = time.Parse(time.RFC3339, at); err != nil {
			return c, fmt.Errorf("%w: its time is none", ErrCheckpoint)
		}
	}
	return c, nil
}

// Signer signs a node's checkpoints.
type Signer struct {
	note.Signer
	// Key is the verifier key: the text by which others check the signatures.
	Key string
}

// NewSigner makes the signer of a node.
func NewSigner(node trace.NodeID, key ed25519.PrivateKey) (Signer, error) {
	public, err := note.NewEd25519VerifierKey(Origin(node), key.Public().(ed25519.PublicKey))
	if err != nil {
		return Signer{}, fmt.Errorf("journal: %w", err)
	}
	// NAME+HASH+KEY; the private form has the same hash, and 1 for Ed25519 before
	// the seed.
	hash := strings.Split(public, "+")[1]
	seed := append([]byte{1}, key.Seed()...)
	s, err := note.NewSigner("PRIVATE+KEY+" + Origin(node) + "+" + hash + "+" + base64.StdEncoding.EncodeToString(seed))
	if err != nil {
		return Signer{}, fmt.Errorf("journal: %w", err)
	}
	return Signer{s, public}, nil
}

// Sign gives the signed note of a checkpoint.
func (s Signer) Sign(c Checkpoint) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: c.Text()}, s.Signer)
	if err != nil {
		return nil, fmt.Errorf("journal: sign checkpoint: %w", err)
	}
	return b, nil
}

// ParseKey reads a verifier key.
func ParseKey(key string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return nil, fmt.Errorf("not a verifier key (NAME+HASH+KEY, as implantrace checkpoint --key prints it): %w", err)
	}
	return v, nil
}

// OpenCheckpoint reads a signed checkpoint. It gives what the note says even
// when none of the keys signed it; the error is then [ErrSignature]. signer is
// the name of the key that did.
func OpenCheckpoint(signed []byte, keys ...note.Verifier) (c Checkpoint, signer string, err error) {
	if len(signed) > checkpointMost {
		return c, "", fmt.Errorf("%w: it is too long", ErrCheckpoint)
	}
	// A note that went through an editor or a mail on Windows.
	text := strings.ReplaceAll(string(signed), "\r\n", "\n")
	n, err := note.Open([]byte(text), note.VerifierList(keys...))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case err == nil:
		c, err = parseCheckpoint(n.Text)
		return c, n.Sigs[0].Name, err
	case errors.As(err, &unverified):
		if c, err = parseCheckpoint(unverified.Note.Text); err == nil {
			err = ErrSignature
		}
		return c, "", err
	case errors.As(err, &invalid):
		// A key at hand has the name and hash of the signature, and did not make
		// it: the text was changed after it was signed.
		body, _, _ := strings.Cut(text, "\n\n")
		if c, err = parseCheckpoint(body + "\n"); err == nil {
			err = fmt.Errorf("%w: it was changed after %s signed it", ErrSignature, invalid.Name)
		}
		return c, "", err
	}
	return c, "", fmt.Errorf("%w: %v", ErrCheckpoint, err)
}
