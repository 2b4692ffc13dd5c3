package backup_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"implantrace/internal/backup"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// content is a store as far as an archive looks at it.
type content []byte

func (c content) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(c)
	return int64(n), err
}

// written is an archive, with the identity that recovers it.
func written(t *testing.T, store content, keys *seal.Keyring) (archive []byte, recovery []age.Identity) {
	t.Helper()
	identity, public, err := seal.NewRecovery()
	if err != nil {
		t.Fatal(err)
	}
	if recovery, err = seal.ParseIdentities(strings.NewReader("# a comment\n" + identity + "\n")); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	m := backup.Manifest{Node: trace.NodeID{1}, Name: "Theatre 4", Made: time.Now(), Bytes: int64(len(store)),
		Heads: []trace.TreeHead{{Node: trace.NodeID{1}, Size: 3}}, Recovery: []trace.Recipient{{Key: public, Name: "the safe"}}}
	if err := backup.Write(&b, m, keys, store); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), recovery
}

// read reads a whole archive.
func read(archive []byte, ids ...age.Identity) (*backup.Archive, []byte, error) {
	a, err := backup.Open(bytes.NewReader(archive), ids...)
	if err != nil {
		return nil, nil, err
	}
	var store bytes.Buffer
	err = a.Store(&store)
	return a, store.Bytes(), err
}

func TestAnArchiveOpensForItsKeysAndForTheRecoveryKey(t *testing.T) {
	keys := seal.NewKeyring()
	store := content(bytes.Repeat([]byte("the store "), 20000))
	archive, recovery := written(t, store, keys)
	for who, ids := range map[string][]age.Identity{"the recovery key": recovery, "the node's keys": {keys.Age()}, "both": {recovery[0], keys.Age()}} {
		a, got, err := read(archive, ids...)
		if err != nil || !bytes.Equal(got, store) {
			t.Fatalf("%s: %v", who, err)
		}
		if a.Keys.Fingerprint() != keys.Fingerprint() || a.Keys.Lookups(1, "x")[0] != keys.Lookups(1, "x")[0] || a.Manifest.Name != "Theatre 4" || a.Manifest.Heads[0].Size != 3 {
			t.Errorf("%s: %+v", who, a.Manifest)
		}
	}
	stranger, _, err := seal.NewRecovery()
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.ParseIdentities(strings.NewReader(stranger))
	if err != nil {
		t.Fatal(err)
	}
	for who, ids := range map[string][]age.Identity{"another recovery key": other, "another node's keys": {seal.NewKeyring().Age()}} {
		if _, _, err := read(archive, ids...); err == nil || !strings.Contains(err.Error(), "these keys do not open it") {
			t.Errorf("%s: %v", who, err)
		}
	}
	if bytes.Contains(archive, []byte("the store the store")) || bytes.Contains(archive, []byte("Theatre 4")) || bytes.Contains(archive, []byte("node_key")) {
		t.Error("it is not encrypted")
	}
}

func TestNoArchiveIsWrittenThatNobodyElseCouldOpen(t *testing.T) {
	var b bytes.Buffer
	if err := backup.Write(&b, backup.Manifest{}, seal.NewKeyring(), content(nil)); !errors.Is(err, backup.ErrNoRecovery) || b.Len() > 0 {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
	m := backup.Manifest{Recovery: []trace.Recipient{{Key: "age1nonsense"}}}
	if err := backup.Write(&b, m, seal.NewKeyring(), content(nil)); err == nil {
		t.Error("a recipient that is none is passed over")
	}
}

// A store that gives another number of bytes than it said is no backup.
func TestAnArchiveOfHalfAStoreIsAnError(t *testing.T) {
	_, public, err := seal.NewRecovery()
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{9, 11} {
		m := backup.Manifest{Bytes: size, Recovery: []trace.Recipient{{Key: public}}}
		if err := backup.Write(io.Discard, m, seal.NewKeyring(), content("0123456789")); err == nil {
			t.Errorf("%d bytes were said, and 10 written", size)
		}
	}
}

// Wherever an archive is cut off, or a bit of it changed, reading it says so.
func TestADamagedArchiveIsNeverTakenForWhole(t *testing.T) {
	keys := seal.NewKeyring()
	store := make(content, 150000)
	for i := range store {
		store[i] = byte(rand.Uint32())
	}
	archive, _ := written(t, store, keys)
	for n := 0; n < len(archive); n += 1 + rand.IntN(500) {
		if _, _, err := read(archive[:n], keys.Age()); err == nil {
			t.Fatalf("cut off at %d of %d, it reads as whole", n, len(archive))
		}
	}
	for range 300 {
		at := rand.IntN(len(archive))
		changed := bytes.Clone(archive)
		changed[at] ^= 1 << rand.IntN(8)
		if _, got, err := read(changed, keys.Age()); err == nil && !bytes.Equal(got, store) {
			t.Fatalf("byte %d changed, and another store comes out", at)
		} else if err == nil && at > 600 { // the header holds what is for others
			t.Fatalf("byte %d of %d changed, and nobody says so", at, len(archive))
		}
	}
	if _, _, err := read(append(bytes.Clone(archive), 'x'), keys.Age()); err == nil {
		t.Error("more behind the end goes unnoticed")
	}
}

func FuzzOpen(f *testing.F) {
	keys := seal.NewKeyring()
	f.Add([]byte("age-encryption.org/v1\n-> X25519 \n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := read(b, keys.Age()); err == nil {
			t.Error("it opens")
		}
	})
}
