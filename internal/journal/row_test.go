package journal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/journal"
)

// Rows that were written need the dictionary they were written with.
func TestTheDictionariesNeverChange(t *testing.T) {
	for file, want := range map[string]string{
		"dictionary1": "3c0c106df274bdccadfee5212087ea5a020ac6bcc63967c318e50b9aa51283fd",
		"dictionary2": "a991eb161a84fcea7c815f30b0c5105a84571472b2db2bedac7eb3c8c578fa0a",
	} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := sha256.Sum256(b); hex.EncodeToString(got[:]) != want {
			t.Errorf("%s is another: %x", file, got)
		}
	}
}

func TestRowsOfAllFormsComeBack(t *testing.T) {
	c := journal.NewCodec()
	read := 0
	for name, e := range golden() {
		e.Sealed = []byte("sealed")
		leaf, err := c.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"plain", "packed", "short"} {
			path := filepath.Join("testdata", "rows", file, name+".hex")
			if _, err := os.Stat(path); err != nil && *update && file == "short" { // nothing writes the earlier forms any more
				row, _, err := c.EncodeRow(e)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(hex.EncodeToString(row)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(path)
			if errors.Is(err, os.ErrNotExist) {
				continue // a kind of fact that is younger than these rows
			}
			if err != nil {
				t.Fatal(err)
			}
			read++
			row, err := hex.DecodeString(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			got, again, err := c.DecodeRow(row)
			if err != nil || !bytes.Equal(again, leaf) || !reflect.DeepEqual(got, e) || !c.Canonical(row, got, leaf) {
				t.Errorf("%s, %s: %+v, %v", file, name, got, err)
			}
		}
	}
	if read < 40 {
		t.Errorf("%d rows were read", read)
	}
}

func TestEveryBitOfARowCounts(t *testing.T) {
	c := journal.NewCodec()
	e := golden()["usage"]
	e.Sealed = []byte("sealed")
	row, _, err := c.EncodeRow(e)
	if err != nil {
		t.Fatal(err)
	}
	for i := range row {
		for bit := range 8 {
			flipped := bytes.Clone(row)
			flipped[i] ^= 1 << bit
			if got, _, err := c.DecodeRow(flipped); !errors.Is(err, journal.ErrEncoding) {
				t.Fatalf("bit %d of byte %d: %+v, %v", bit, i, got, err)
			}
		}
	}
	for n := range row {
		if _, _, err := c.DecodeRow(row[:n]); !errors.Is(err, journal.ErrEncoding) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

// Packing beforehand comes to the leaf that encoding at once comes to.
func TestAPackedFactMakesTheSameRow(t *testing.T) {
	c := journal.NewCodec()
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		e.Sealed = rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "sealed")
		leaf, err := c.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Pack(e)
		if err != nil || !reflect.DeepEqual(p.Fact, e.Fact) {
			t.Fatalf("%+v, %v", p.Fact, err)
		}
		row, again, err := c.EncodePacked(e, p)
		if err != nil || !bytes.Equal(again, leaf) {
			t.Fatalf("%x, want %x, %v", again, leaf, err)
		}
		got, back, err := c.DecodeRow(row)
		if err != nil || !bytes.Equal(back, leaf) || !reflect.DeepEqual(got, e) {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func BenchmarkPack(b *testing.B) {
	c := journal.NewCodec()
	e := golden()["usage"]
	for b.Loop() {
		if _, err := c.Pack(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeRow(b *testing.B) {
	c := journal.NewCodec()
	row, _, err := c.EncodeRow(golden()["usage"])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := c.DecodeRow(row); err != nil {
			b.Fatal(err)
		}
	}
}
