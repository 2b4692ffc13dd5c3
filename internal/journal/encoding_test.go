package journal_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"implantrace/internal/bounds"
	"implantrace/internal/journal"
	"implantrace/internal/trace"
)

// reencoded is an entry's bytes as a map, changed, and encoded again.
func reencoded(t *testing.T, e trace.Entry, change func(map[int]any)) []byte {
	t.Helper()
	b, err := journal.NewCodec().Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	var m map[int]any
	if err := cbor.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = enc.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsNoEntryOfAKnownVersionIsRefused(t *testing.T) {
	c := journal.NewCodec()
	good, err := c.Encode(golden()["usage"])
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(map[int]any)) []byte { return reencoded(t, golden()["least"], f) }
	if e, err := c.Decode(change(func(map[int]any) {})); err != nil || !reflect.DeepEqual(e, golden()["least"]) {
		t.Fatalf("unchanged: %+v, %v", e, err)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "no map": {0x80}, "an empty map": {0xa0}, "cut short": good[:len(good)-1], "something behind": append(bytes.Clone(good), 0),
		"version 0":                             change(func(m map[int]any) { delete(m, 0) }),
		"version 2":                             change(func(m map[int]any) { m[0] = 2 }),
		"kind 0":                                change(func(m map[int]any) { delete(m, 12) }),
		"kind 200":                              change(func(m map[int]any) { m[12] = 200 }),
		"no fact":                               change(func(m map[int]any) { delete(m, 13) }),
		"another fact":                          change(func(m map[int]any) { m[13] = "text" }),
		"a short node":                          change(func(m map[int]any) { m[1] = []byte{1, 2} }),
		"a short id":                            change(func(m map[int]any) { m[4] = make([]byte, 15) }),
		"a long id":                             change(func(m map[int]any) { m[4] = make([]byte, 17) }),
		"a field of a later program":            change(func(m map[int]any) { m[15] = 1 }),
		"a field of a later program, in a fact": change(func(m map[int]any) { m[13] = map[int]any{1: make([]byte, 16), 77: "new"} }),
		"a negative place":                      change(func(m map[int]any) { m[2] = -1 }),
		"a part too large":                      change(func(m map[int]any) { m[6] = 1 << 16 }),
		"a key twice":                           {0xa2, 0x00, 0x01, 0x00, 0x01},
		"no definite length":                    {0xbf, 0x00, 0x01, 0xff},
		"a tag":                                 append([]byte{0xc1}, good...),
		"deep":                                  bytes.Repeat([]byte{0x81}, 10000),
		"a huge announced length":               {0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if e, err := c.Decode(b); !errors.Is(err, journal.ErrEncoding) || !reflect.DeepEqual(e, trace.Entry{}) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	if _, err := c.Decode(change(func(m map[int]any) { m[0] = 2 })); !strings.Contains(err.Error(), "version 2") {
		t.Errorf("the message does not name the version: %v", err)
	}
}

func TestAnEntryIsKeptToTheMillisecondInUTC(t *testing.T) {
	c := journal.NewCodec()
	e := golden()["least"]
	e.Recorded = time.Date(2026, 7, 1, 10, 0, 0, 123456789, time.FixedZone("BST", 3600))
	b, err := c.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Decode(b)
	if want := time.Date(2026, 7, 1, 9, 0, 0, 123e6, time.UTC); err != nil || got.Recorded != want {
		t.Errorf("%v, want %v", got.Recorded, want)
	}
}

func TestTheSealedPartIsBesideTheLeaf(t *testing.T) {
	c := journal.NewCodec()
	e := golden()["patient"]
	bare, err := c.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	e.Sealed = []byte("sealed part")
	e.Secret = &trace.Secret{Family: "Okonkwo"}
	row, leaf, err := c.EncodeRow(e)
	if err != nil || !bytes.Equal(leaf, bare) || bytes.Contains(row, []byte("Okonkwo")) {
		t.Fatalf("leaf %x, want %x, %v", leaf, bare, err)
	}
	got, again, err := c.DecodeRow(row)
	e.Secret = nil
	if err != nil || !bytes.Equal(again, leaf) || !reflect.DeepEqual(got, e) {
		t.Errorf("%+v, %v", got, err)
	}
	for name, b := range map[string][]byte{"nothing": nil, "one element": {0x81, 0x40}, "three elements": {0x83, 0x40, 0x40, 0x40}, "no leaf": {0x82, 0x40, 0x40}, "a leaf alone": leaf} {
		if _, _, err := c.DecodeRow(b); !errors.Is(err, journal.ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEntriesComeBackAndHaveOneEncoding(t *testing.T) {
	c := journal.NewCodec()
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		b, err := c.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Decode(b)
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		if !reflect.DeepEqual(got, e) {
			t.Fatalf("decoded\n%+v, want\n%+v", got, e)
		}
		if again, err := c.Encode(got); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("encoded again\n%x, first\n%x", again, b)
		}
	})
}

func TestEveryBitOfAnEntryCounts(t *testing.T) {
	c := journal.NewCodec()
	b, err := c.Encode(golden()["usage"])
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		for bit := range 8 {
			flipped := bytes.Clone(b)
			flipped[i] ^= 1 << bit
			if e, err := c.Decode(flipped); err == nil && reflect.DeepEqual(e, golden()["usage"]) {
				t.Errorf("bit %d of byte %d is not read", bit, i)
			}
		}
	}
}

// Hostile bytes give an error or an entry that has one encoding, never a panic.
func FuzzDecode(f *testing.F) {
	c := journal.NewCodec()
	for _, e := range golden() {
		row, leaf, err := c.EncodeRow(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(leaf)
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var e trace.Entry
		var err error
		bounds.Hold(t, func() {
			_, _, _ = c.DecodeRow(b)
			e, err = c.Decode(b)
		})
		if err != nil {
			if !errors.Is(err, journal.ErrEncoding) {
				t.Fatalf("%v", err)
			}
			return
		}
		canonical, err := c.Encode(e)
		if err != nil {
			t.Fatalf("%+v cannot be encoded: %v", e, err)
		}
		again, err := c.Decode(canonical)
		if err != nil {
			t.Fatalf("%x is not read again: %v", canonical, err)
		}
		if twice, err := c.Encode(again); err != nil || !bytes.Equal(twice, canonical) {
			t.Fatalf("encoded again\n%x, first\n%x", twice, canonical)
		}
	})
}
