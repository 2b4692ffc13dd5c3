package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"filippo.io/age"

	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// format names the layout of an archive. A program refuses one it does not know.
const format = "implantrace-backup/1"

// The files of an archive, in their order.
const (
	manifestName = "manifest.json"
	keysName     = "keys.json"
	storeName    = "implantrace.db"
	sumName      = storeName + ".sha256"
)

// smallMost bounds the files that are read into memory.
const smallMost = 16 << 20

// Manifest says what an archive holds.
type Manifest struct {
	Format      string            `json:"format"`
	Node        trace.NodeID      `json:"node"`
	Name        string            `json:"name"`    // of the node
	Version     string            `json:"version"` // of the program that wrote it
	Made        time.Time         `json:"made"`
	Until       time.Time         `json:"until"`                 // when the node's last entry in it was recorded
	Bytes       int64             `json:"bytes"`                 // of the store
	Heads       []trace.TreeHead  `json:"heads"`                 // of each log in the store
	Checkpoints []string          `json:"checkpoints,omitempty"` // the heads as signed notes
	Recovery    []trace.Recipient `json:"recovery"`              // who can open it beside the holder of the key file
}

// ErrNoRecovery means that nobody but the holder of the machine's own key file
// could open a backup: it would be lost together with that.
var ErrNoRecovery = errors.New("a backup that only this machine's key file opens is lost with the machine. Make a recovery key first, and keep it elsewhere: " +
	"implantrace keys recovery new")

// Write writes an archive: the store of m.Bytes bytes that store writes, with
// its keys. m.Recovery says who can open it; nobody is [ErrNoRecovery].
func Write(w io.Writer, m Manifest, keys *seal.Keyring, store io.WriterTo) error {
	if len(m.Recovery) == 0 {
		return ErrNoRecovery
	}
	m.Format = format
	recipients, err := keys.Recipients(m.Recovery)
	if err != nil {
		return err
	}
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	t := &packer{tar: tar.NewWriter(sealed), made: m.Made}
	about, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := t.small(manifestName, append(about, '\n')); err != nil {
		return err
	}
	if err := t.small(keysName, keys.Bytes()); err != nil {
		return err
	}
	if err := t.header(storeName, m.Bytes); err != nil {
		return err
	}
	sum := sha256.New()
	switch n, err := store.WriteTo(io.MultiWriter(t.tar, sum)); {
	case err != nil:
		return err
	case n != m.Bytes:
		return fmt.Errorf("backup: the store has %d bytes and was said to have %d", n, m.Bytes)
	}
	if err := t.small(sumName, []byte(sumLine(sum.Sum(nil)))); err != nil {
		return err
	}
	if err := t.tar.Close(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return sealed.Close()
}

func sumLine(sum []byte) string { return hex.EncodeToString(sum) + "  " + storeName + "\n" }

type packer struct {
	tar  *tar.Writer
	made time.Time
}

func (p *packer) header(name string, size int64) error {
	return p.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: p.made.UTC().Truncate(time.Second), Typeflag: tar.TypeReg})
}

func (p *packer) small(name string, b []byte) error {
	if err := p.header(name, int64(len(b))); err != nil {
		return err
	}
	_, err := p.tar.Write(b)
	return err
}

// Archive is an archive that has been opened as far as its store.
type Archive struct {
	Manifest Manifest
	Keys     *seal.Keyring
	tar      *tar.Reader
	opened   io.Reader // what the tar is read from
}

// ErrNotArchive means that a file is no archive, or one of a later program.
var ErrNotArchive = errors.New("not a backup of implantrace")

// Open begins to read an archive with any of the identities. What it gives is
// proved only when [Archive.Store] has come to its end.
func Open(r io.Reader, identities ...age.Identity) (*Archive, error) {
	head := make([]byte, 64)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if head = head[:n]; !seal.Encrypted(head) {
		return nil, fmt.Errorf("%w (it is not encrypted with age)", ErrNotArchive)
	}
	opened, err := age.Decrypt(io.MultiReader(bytes.NewReader(head), r), identities...)
	if err != nil {
		return nil, seal.Unsealed(err)
	}
	return begin(opened)
}

// begin reads an archive, decrypted, as far as its store.
func begin(opened io.Reader) (*Archive, error) {
	a := &Archive{tar: tar.NewReader(opened), opened: opened}
	about, err := a.small(manifestName)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(about, &a.Manifest); err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrNotArchive, err)
	}
	if a.Manifest.Format != format {
		return nil, fmt.Errorf("%w (format %q, this program knows %q)", ErrNotArchive, a.Manifest.Format, format)
	}
	keys, err := a.small(keysName)
	if err != nil {
		return nil, err
	}
	if a.Keys, err = seal.ParseKeyring(keys, "the backup's "+keysName); err != nil {
		return nil, err
	}
	return a, nil
}

// Store writes the store to w. An error means that what was written is not the
// store that was backed up, or not all of it.
func (a *Archive) Store(w io.Writer) error {
	h, err := a.next(storeName)
	if err != nil {
		return err
	}
	if h.Size != a.Manifest.Bytes {
		return fmt.Errorf("%w: its store has %d bytes and was said to have %d", ErrDamaged, h.Size, a.Manifest.Bytes)
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), a.tar); err != nil {
		return damaged(err)
	}
	want, err := a.small(sumName)
	if err != nil {
		return err
	}
	if string(want) != sumLine(sum.Sum(nil)) {
		return fmt.Errorf("%w: its checksum is another", ErrDamaged)
	}
	switch _, err := a.tar.Next(); {
	case err == nil:
		return fmt.Errorf("%w: there is more in it than a backup holds", ErrDamaged)
	case !errors.Is(err, io.EOF):
		return damaged(err)
	}
	// The tar ends before the encryption does, whose last piece shows that
	// nothing was cut off.
	switch n, err := io.Copy(io.Discard, a.opened); {
	case err != nil:
		return damaged(err)
	case n > 0:
		return fmt.Errorf("%w: there is more in it than a backup holds", ErrDamaged)
	}
	return nil
}

// ErrDamaged means that an archive is not whole.
var ErrDamaged = errors.New("the backup is damaged or cut off")

func damaged(err error) error { return fmt.Errorf("%w: %v", ErrDamaged, err) }

func (a *Archive) next(name string) (*tar.Header, error) {
	h, err := a.tar.Next()
	if err != nil {
		return nil, damaged(err)
	}
	if h.Name != name {
		return nil, fmt.Errorf("%w (it holds %q where %s is expected)", ErrNotArchive, strings.ToValidUTF8(h.Name, "?"), name)
	}
	// A sparse file of a few bytes unpacks to as many as it likes.
	sparse := h.Typeflag != tar.TypeReg
	for record := range h.PAXRecords {
		sparse = sparse || strings.HasPrefix(record, "GNU.sparse")
	}
	if sparse {
		return nil, fmt.Errorf("%w (%s in it is no plain file)", ErrNotArchive, name)
	}
	return h, nil
}

func (a *Archive) small(name string) ([]byte, error) {
	h, err := a.next(name)
	if err != nil {
		return nil, err
	}
	if h.Size > smallMost {
		return nil, fmt.Errorf("%w (%s is too large)", ErrNotArchive, name)
	}
	b, err := io.ReadAll(a.tar)
	if err != nil {
		return nil, damaged(err)
	}
	return b, nil
}
