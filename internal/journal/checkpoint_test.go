package journal_test

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"implantrace/internal/bounds"
	"implantrace/internal/journal"
	"implantrace/internal/trace"
)

func signer(t testing.TB, node byte) (journal.Signer, note.Verifier) {
	t.Helper()
	s, err := journal.NewSigner(trace.NodeID{node}, ed25519.NewKeyFromSeed(append(make([]byte, 31), node)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := journal.ParseKey(s.Key + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

var one = journal.Checkpoint{Log: trace.NodeID{1, 2, 3}, Size: 1045, Root: trace.Hash{9, 8, 7}, Signed: time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)}

func TestACheckpointComesBack(t *testing.T) {
	s, v := signer(t, 1)
	_, other := signer(t, 2)
	for _, c := range []journal.Checkpoint{one, {Log: one.Log, Size: 1, Root: one.Root}} {
		signed, err := s.Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		if got, by, err := journal.OpenCheckpoint(signed, other, v); err != nil || got != c || by != "implantrace/node/0100000000000000" {
			t.Errorf("%+v by %q, %v", got, by, err)
		}
		// As Windows keeps it.
		if got, _, err := journal.OpenCheckpoint([]byte(strings.ReplaceAll(string(signed), "\n", "\r\n")), v); err != nil || got != c {
			t.Errorf("%+v, %v", got, err)
		}
		if got, by, err := journal.OpenCheckpoint(signed, other); !errors.Is(err, journal.ErrSignature) || got != c || by != "" {
			t.Errorf("under another key: %+v by %q, %v", got, by, err)
		}
	}
}

// Keys and signatures of Ed25519 are the same each time: what is kept today has
// to be readable for ever.
func TestTheFormOfACheckpointDoesNotChange(t *testing.T) {
	s, v := signer(t, 1)
	signed, err := s.Sign(one)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "v1", "checkpoint.txt")
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Key + "\n" + string(signed); got != string(want) {
		t.Errorf("the checkpoint is now\n%s\nand was\n%s", got, want)
	}
	_, kept, _ := strings.Cut(string(want), "\n")
	if c, _, err := journal.OpenCheckpoint([]byte(kept), v); err != nil || c != one {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestACheckpointThatWasChangedIsNotSigned(t *testing.T) {
	s, v := signer(t, 1)
	signed, err := s.Sign(one)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Index(string(signed), "\n\n")
	for bit := range 8 * text {
		b := []byte(string(signed))
		b[bit/8] ^= 1 << (bit % 8)
		if _, _, err := journal.OpenCheckpoint(b, v); err == nil {
			t.Errorf("bit %d of the text is another, and it is signed", bit)
		}
	}
	longer := strings.Replace(string(signed), "\n1045\n", "\n1046\n", 1)
	if c, _, err := journal.OpenCheckpoint([]byte(longer), v); !errors.Is(err, journal.ErrSignature) || c.Size != 1046 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestWhatIsNoCheckpointIsRefused(t *testing.T) {
	s, v := signer(t, 1)
	good := one.Text()
	for _, text := range []string{
		"", "\n", "implantrace/node/0102030000000000\n", strings.Replace(good, "node", "nodes", 1), strings.Replace(good, "1045", "01045", 1),
		strings.Replace(good, "1045", "-1", 1), strings.Replace(good, "1045", "9223372036854775808", 1), strings.Replace(good, "1045", "", 1),
		strings.Replace(good, "CQgH", "CQg", 1), strings.Replace(good, "CQgH", "!!!!", 1), strings.Replace(good, "0102030000000000", "0102030000000A00", 1),
		strings.Replace(good, "2026-03-14T", "yesterday ", 1), strings.TrimSuffix(good, "\n"),
	} {
		signed, err := note.Sign(&note.Note{Text: text}, s.Signer)
		if err != nil {
			signed = []byte(text)
		}
		if _, _, err := journal.OpenCheckpoint(signed, v); !errors.Is(err, journal.ErrCheckpoint) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, _, err := journal.OpenCheckpoint(make([]byte, 1<<20), v); !errors.Is(err, journal.ErrCheckpoint) {
		t.Errorf("a megabyte: %v", err)
	}
	signed, err := note.Sign(&note.Note{Text: good + "another's extension\n"}, s.Signer)
	if err != nil {
		t.Fatal(err)
	}
	if c, _, err := journal.OpenCheckpoint(signed, v); err != nil || c != one {
		t.Errorf("an extension line that nobody knows: %+v, %v", c, err)
	}
	for _, key := range []string{"", "x", "implantrace/node/0100000000000000+00000000+AQ=="} {
		if _, err := journal.ParseKey(key); err == nil {
			t.Errorf("%q is taken for a key", key)
		}
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	s, v := signer(f, 1)
	signed, err := s.Sign(one)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte("implantrace/node/0102030000000000\n0\n\n\n\n— x AAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounds.Hold(t, func() {
			if c, _, err := journal.OpenCheckpoint(b, v); err == nil && c != one {
				t.Errorf("%q is signed", b)
			}
		})
	})
}
