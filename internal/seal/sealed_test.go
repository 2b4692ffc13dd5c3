package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

var secret = trace.Secret{NHSNumber: "9990000018", Family: "Okonkwo", Given: "Ada", Birth: "1980-02-29", Note: "why"}

func TestSealedIdentityOpensOnlyWithItsKey(t *testing.T) {
	k := seal.NewKeyring()
	subject, entry := [16]byte{1, 2, 3}, trace.NewEventID()
	key, wrapped := k.NewDataKey(subject)
	sealed, commitment, err := seal.Seal(key, subject, entry, secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("Okonkwo")) || bytes.Contains(wrapped, key) || bytes.Contains(commitment, []byte("Ada")) {
		t.Error("the sealed part shows what it seals")
	}
	if s, err := seal.Subject(sealed); err != nil || s != subject {
		t.Errorf("subject %x, %v", s, err)
	}
	if got, err := seal.Open(key, sealed, entry, commitment); err != nil || got != secret {
		t.Errorf("%+v, %v", got, err)
	}
	other, _ := k.NewDataKey(subject)
	moved := append([]byte{9}, sealed[1:]...)
	for name, c := range map[string]struct {
		key, sealed, commitment []byte
		entry                   trace.EventID
		err                     error
	}{
		"another key":           {other, sealed, commitment, entry, seal.ErrSealed},
		"another entry":         {key, sealed, commitment, trace.NewEventID(), seal.ErrSealed},
		"another subject":       {key, moved, commitment, entry, seal.ErrSealed},
		"cut short":             {key, sealed[:len(sealed)-1], commitment, entry, seal.ErrSealed},
		"the subject alone":     {key, sealed[:16], commitment, entry, seal.ErrSealed},
		"less than a subject":   {key, sealed[:15], commitment, entry, seal.ErrSealed},
		"nothing":               {key, nil, commitment, entry, seal.ErrSealed},
		"another commitment":    {key, sealed, seal.Commit(make([]byte, 32), nil), entry, seal.ErrCommitment},
		"no commitment":         {key, sealed, nil, entry, seal.ErrCommitment},
		"a commitment's prefix": {key, sealed, commitment[:31], entry, seal.ErrCommitment},
	} {
		if got, err := seal.Open(c.key, c.sealed, c.entry, c.commitment); !errors.Is(err, c.err) || got != (trace.Secret{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for i := range sealed {
		for bit := range 8 {
			flipped := bytes.Clone(sealed)
			flipped[i] ^= 1 << bit
			if _, err := seal.Open(key, flipped, entry, commitment); !errors.Is(err, seal.ErrSealed) {
				t.Fatalf("bit %d of byte %d: %v", bit, i, err)
			}
		}
	}
}

func TestADataKeyOpensOnlyForItsSubjectAndNode(t *testing.T) {
	k := seal.NewKeyring()
	subject := [16]byte{1}
	key, wrapped := k.NewDataKey(subject)
	if got, err := k.DataKey(subject, wrapped); err != nil || !bytes.Equal(got, key) || len(key) != 32 {
		t.Errorf("%v", err)
	}
	if _, err := k.DataKey([16]byte{2}, wrapped); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("another subject: %v", err)
	}
	if _, err := seal.NewKeyring().DataKey(subject, wrapped); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("another node: %v", err)
	}
	for i := range wrapped {
		flipped := bytes.Clone(wrapped)
		flipped[i] ^= 0x10
		if _, err := k.DataKey(subject, flipped); !errors.Is(err, seal.ErrSealed) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if _, err := k.DataKey(subject, nil); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("nothing: %v", err)
	}
}

func TestEqualSecretsAreSealedAndCommittedApart(t *testing.T) {
	k := seal.NewKeyring()
	key, _ := k.NewDataKey([16]byte{1})
	entry := trace.NewEventID()
	a, ca, _ := seal.Seal(key, [16]byte{1}, entry, secret)
	b, cb, _ := seal.Seal(key, [16]byte{1}, entry, secret)
	if bytes.Equal(a[16:], b[16:]) || bytes.Equal(ca, cb) {
		t.Error("who has two can see that they are of one identity")
	}
}

func TestSecretsComeBackByteForByte(t *testing.T) {
	k := seal.NewKeyring()
	key, _ := k.NewDataKey([16]byte{1})
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes")) })
		s := trace.Secret{NHSNumber: word.Draw(t, "nhs"), LocalIssuer: word.Draw(t, "issuer"), LocalNumber: word.Draw(t, "number"), Family: word.Draw(t, "family"),
			Given: word.Draw(t, "given"), Birth: word.Draw(t, "birth"), Raw: word.Draw(t, "raw"), Note: word.Draw(t, "note")}
		entry := trace.NewEventID()
		sealed, commitment, err := seal.Seal(key, [16]byte{1}, entry, s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := seal.Open(key, sealed, entry, commitment); err != nil || got != s {
			t.Fatalf("%q came back as %q, %v", s, got, err)
		}
	})
}

// Each field of a Secret has a number of its own: of two with the same, neither
// would be kept.
func TestEveryFieldOfASecretIsKept(t *testing.T) {
	var s trace.Secret
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.String {
			v.Field(i).SetString(fmt.Sprint("field ", i))
		}
	}
	k := seal.NewKeyring()
	subject, entry := [16]byte{1}, trace.NewEventID()
	key, _ := k.NewDataKey(subject)
	sealed, commitment, err := seal.Seal(key, subject, entry, s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := seal.Open(key, sealed, entry, commitment); err != nil || got != s {
		t.Errorf("%+v, %v, want %+v", got, err, s)
	}
}
