package backup_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"implantrace/internal/backup"
	"implantrace/internal/bounds"
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

// encrypted is an archive of whatever content: anybody can make one who knows a
// public recovery key.
func encrypted(t testing.TB, keys *seal.Keyring, content []byte) []byte {
	t.Helper()
	_, public, err := seal.NewRecovery()
	if err != nil {
		t.Fatal(err)
	}
	to, err := keys.Recipients([]trace.Recipient{{Key: public}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed is a tar of the parts of an archive, each as the test wants it.
func packed(t testing.TB, headers []*tar.Header, contents ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, h := range headers {
		h.Mode, h.Size = 0o600, int64(len(contents[i]))
		if h.Typeflag != tar.TypeReg {
			h.Size, contents[i] = 0, nil
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(contents[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What an archive holds has four names and no others; nothing in it says where
// anything is written.
func TestAnArchiveSaysNothingOfWhereItGoes(t *testing.T) {
	keys := seal.NewKeyring()
	manifest := []byte(`{"format":"implantrace-backup/1","bytes":5}`)
	store := []byte("store")
	sum := fmt.Appendf(nil, "%x  implantrace.db\n", sha256.Sum256(store))
	whole := func() []*tar.Header {
		return []*tar.Header{{Name: "manifest.json"}, {Name: "keys.json"}, {Name: "implantrace.db"}, {Name: "implantrace.db.sha256"}}
	}
	open := func(headers []*tar.Header, parts ...[]byte) (int, error) {
		for _, h := range headers {
			if h.Typeflag == 0 {
				h.Typeflag = tar.TypeReg
			}
		}
		a, err := backup.Open(bytes.NewReader(encrypted(t, keys, packed(t, headers, parts...))), keys.Age())
		if err != nil {
			return 0, err
		}
		var out bytes.Buffer
		err = a.Store(&out)
		return out.Len(), err
	}
	if n, err := open(whole(), manifest, keys.Bytes(), store, sum); err != nil || n != len(store) {
		t.Fatalf("as it should be: %d bytes, %v", n, err)
	}
	for _, name := range []string{"../implantrace.db", "/etc/cron.d/implantrace.db", "./implantrace.db", "..\\implantrace.db", "a/../implantrace.db", "IMPLANTRACE.DB"} {
		for part := range 4 {
			headers := whole()
			headers[part].Name = name
			if n, err := open(headers, manifest, keys.Bytes(), store, sum); err == nil || n > 0 && part < 3 {
				t.Errorf("part %d is named %q: %d bytes, %v", part, name, n, err)
			}
		}
	}
	for _, kind := range []byte{tar.TypeSymlink, tar.TypeLink, tar.TypeChar, tar.TypeFifo} {
		headers := whole()
		headers[2].Typeflag, headers[2].Linkname = kind, "/etc/passwd"
		if n, err := open(headers, manifest, keys.Bytes(), store, sum); !errors.Is(err, backup.ErrNotArchive) || n > 0 {
			t.Errorf("a store that is a link of kind %c: %d bytes, %v", kind, n, err)
		}
	}
	// A store of a terabyte in a few hundred bytes, by GNU's sparse format 1.0.
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, c := range [][]byte{[]byte(`{"format":"implantrace-backup/1","bytes":1099511627776}`), keys.Bytes()} {
		if err := w.WriteHeader(&tar.Header{Name: whole()[i].Name, Mode: 0o600, Size: int64(len(c)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	pax := ""
	for _, record := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=implantrace.db", "GNU.sparse.realsize=1099511627776"} {
		pax += fmt.Sprintf("%d %s\n", len(record)+4, record)
	}
	block := func(name string, kind byte, content string) {
		h := make([]byte, 512)
		copy(h, name)
		copy(h[100:], "0000600\x000000000\x000000000\x00")
		copy(h[124:], fmt.Sprintf("%011o\x00%011o\x00", len(content), 0))
		h[156] = kind
		copy(h[257:], "ustar\x0000")
		copy(h[148:], "        ")
		total := 0
		for _, c := range h {
			total += int(c)
		}
		copy(h[148:], fmt.Sprintf("%06o\x00 ", total))
		b.Write(h)
		b.WriteString(content)
		b.Write(make([]byte, (512-len(content)%512)%512))
	}
	block("x", 'x', pax)
	block("implantrace.db", '0', "0\n"+strings.Repeat("\x00", 510))
	b.Write(make([]byte, 1024))
	a, err := backup.Open(bytes.NewReader(encrypted(t, keys, b.Bytes())), keys.Age())
	if err != nil {
		t.Fatal(err)
	}
	var out counter
	if err := a.Store(&out); !errors.Is(err, backup.ErrNotArchive) || !strings.Contains(err.Error(), "no plain file") || out > 0 {
		t.Errorf("a sparse store: %d bytes, %v", out, err)
	}
}

// counter counts what is written, and takes a gigabyte at most.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	if *c += counter(len(p)); *c > 1<<30 {
		return 0, errors.New("more than a gigabyte")
	}
	return len(p), nil
}

// What stands in an archive that opens.
func FuzzContent(f *testing.F) {
	keys := seal.NewKeyring()
	f.Add(packed(f, []*tar.Header{{Name: "manifest.json", Typeflag: tar.TypeReg}, {Name: "keys.json", Typeflag: tar.TypeReg}}, []byte(`{"format":"implantrace-backup/1","bytes":5}`), keys.Bytes()))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounds.Hold(t, func() {
			a, err := backup.Begin(bytes.NewReader(b)) // what encryption adds is another each time, and would lead a fuzzer astray
			if err != nil {
				return
			}
			var out counter
			if err := a.Store(&out); err == nil && int64(out) != a.Manifest.Bytes {
				t.Errorf("%d bytes, and %d were said", out, a.Manifest.Bytes)
			}
		})
	})
}

func FuzzOpen(f *testing.F) {
	keys := seal.NewKeyring()
	f.Add([]byte("age-encryption.org/v1\n-> X25519 \n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		bounds.Hold(t, func() {
			if _, _, err := read(b, keys.Age()); err == nil {
				t.Error("it opens")
			}
		})
	})
}
