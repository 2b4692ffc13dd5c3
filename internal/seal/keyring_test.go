package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

func saved(t *testing.T) (*seal.Keyring, string) {
	t.Helper()
	k, path := seal.NewKeyring(), filepath.Join(t.TempDir(), "deep", "keys.json")
	if err := k.Save(path); err != nil {
		t.Fatal(err)
	}
	return k, path
}

func TestAKeyFileComesBackAndIsItsOwnersOnly(t *testing.T) {
	k, path := saved(t)
	again, err := seal.LoadKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	if again.Fingerprint() != k.Fingerprint() || again.Lookups(1, "x")[0] != k.Lookups(1, "x")[0] || !again.SameDigest(k.Digest([]byte("c")), []byte("c")) {
		t.Error("the keys that were loaded are others")
	}
	subject := [16]byte{1}
	key, wrapped := k.NewDataKey(subject)
	if got, err := again.DataKey(subject, wrapped); err != nil || !bytes.Equal(got, key) {
		t.Errorf("a data key does not open: %v", err)
	}
	for _, p := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v, %v", filepath.Base(p), info.Mode(), err)
		}
	}
}

func TestAKeyFileIsNeverOverwritten(t *testing.T) {
	_, path := saved(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := seal.NewKeyring().Save(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("saved over another: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

func TestWhatIsNoWholeKeyFileIsRefused(t *testing.T) {
	if _, err := seal.LoadKeyring(filepath.Join(t.TempDir(), "none")); !errors.Is(err, seal.ErrNoKeys) {
		t.Errorf("no file: %v", err)
	}
	_, good := saved(t)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(map[string]any)) []byte {
		var m map[string]any
		if err := json.Unmarshal(whole, &m); err != nil {
			t.Fatal(err)
		}
		f(m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "cut short": whole[:len(whole)/2], "another document": []byte("{}"),
		"no node key":     change(func(m map[string]any) { delete(m, "node_key") }),
		"short node key":  change(func(m map[string]any) { m["node_key"] = []byte("short") }),
		"no trust keys":   change(func(m map[string]any) { m["trust_lookup_keys"] = map[string]any{} }),
		"short trust key": change(func(m map[string]any) { m["trust_lookup_keys"] = map[string]any{"1": []byte("short")} }),
		"long trust key":  change(func(m map[string]any) { m["trust_lookup_keys"] = map[string]any{"1": make([]byte, 33)} }),
		"version 256":     change(func(m map[string]any) { m["trust_lookup_keys"] = map[string]any{"256": make([]byte, 32)} }),
		"something after": append(bytes.Clone(whole), "{}"...),
	} {
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := seal.LoadKeyring(path)
		if err == nil || k != nil || errors.Is(err, seal.ErrNoKeys) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && len(b) > 0 && strings.Contains(err.Error(), "AAAAAAAA") {
			t.Errorf("%s: the error shows a key", name)
		}
	}
}

// two is a keyring with look-up keys 1 and 2, and one that has key 1 only.
func two(t *testing.T) (both, old *seal.Keyring) {
	t.Helper()
	old, path := saved(t)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	m["trust_lookup_keys"].(map[string]any)["2"] = bytes.Repeat([]byte{7}, 32)
	if b, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	path += "2"
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if both, err = seal.LoadKeyring(path); err != nil {
		t.Fatal(err)
	}
	return both, old
}

func TestLookupsComeNewestFirstAndFindOldOnes(t *testing.T) {
	both, old := two(t)
	hs := both.Lookups(trace.LookupNHS, "9990000018")
	if len(hs) != 2 || hs[0][0] != 2 || hs[1][0] != 1 || hs[0].Kind() != trace.LookupNHS {
		t.Fatalf("%x", hs)
	}
	if was := old.Lookups(trace.LookupNHS, "9990000018"); len(was) != 1 || was[0] != hs[1] {
		t.Errorf("an old hash is not among them: %x, %x", was, hs)
	}
	seen := map[trace.LookupHash]string{}
	for _, value := range []string{"9990000018", "9990000026", "", "RJC|1", "RJC|11"} {
		for _, kind := range []byte{trace.LookupNHS, trace.LookupLocal} {
			for _, h := range both.Lookups(kind, value) {
				if other, ok := seen[h]; ok {
					t.Errorf("%q and %q have one hash", value, other)
				}
				seen[h] = value
				if strings.Contains(string(h[:]), "99900000") {
					t.Error("the hash holds the value")
				}
			}
		}
	}
	if stranger := seal.NewKeyring().Lookups(trace.LookupNHS, "9990000018"); stranger[0] == hs[1] {
		t.Error("another trust's key makes the same hash")
	}
}

func TestDigestsTellCommandsApart(t *testing.T) {
	both, old := two(t)
	d := old.Digest([]byte("command"))
	for name, c := range map[string]struct {
		keys   *seal.Keyring
		digest []byte
		of     string
		want   bool
	}{
		"the same":               {old, d, "command", true},
		"after a new key":        {both, d, "command", true},
		"under the new key":      {both, both.Digest([]byte("command")), "command", true},
		"a key it does not have": {old, both.Digest([]byte("command")), "command", false},
		"another command":        {old, d, "commanD", false},
		"cut short":              {old, d[:len(d)-1], "command", false},
		"none":                   {old, nil, "command", false},
		"another trust":          {seal.NewKeyring(), d, "command", false},
	} {
		if c.keys.SameDigest(c.digest, []byte(c.of)) != c.want {
			t.Errorf("%s: %v", name, !c.want)
		}
	}
	if old.Fingerprint() == seal.NewKeyring().Fingerprint() {
		t.Error("two keyrings have one fingerprint")
	}
}

// A key file of before there were checkpoints signs them too, with the same key
// at every start, and so does the file that is saved from it.
func TestAnOldKeyFileHasASigningKey(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old")
	node, look := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32)
	b, err := json.Marshal(map[string]any{"about": "", "node_key": node, "trust_lookup_keys": map[byte][]byte{1: look}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, b, 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := seal.LoadKeyring(old)
	if err != nil {
		t.Fatal(err)
	}
	again, err := seal.LoadKeyring(old)
	if err != nil || !k.SigningKey().Equal(again.SigningKey()) {
		t.Errorf("another key at the next start: %v", err)
	}
	if err := k.Save(filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	saved, err := seal.LoadKeyring(filepath.Join(dir, "new"))
	if err != nil || !k.SigningKey().Equal(saved.SigningKey()) {
		t.Errorf("another key once saved: %v", err)
	}
	if bytes.Contains(k.SigningKey().Seed(), node[:8]) || seal.NewKeyring().SigningKey().Equal(k.SigningKey()) {
		t.Error("the signing key is the node's, or everybody's")
	}
}

func TestANodesSigningKeyComesBack(t *testing.T) {
	k, path := saved(t)
	again, err := seal.LoadKeyring(path)
	if err != nil || !k.SigningKey().Equal(again.SigningKey()) {
		t.Errorf("%v", err)
	}
}
