package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"implantrace/internal/seal"
)

func TestASecretIsNeverTakenForAPublicKeyNorShown(t *testing.T) {
	identity, public, err := seal.NewRecovery()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.ParseRecipient(" " + public + "\n"); err != nil {
		t.Error(err)
	}
	for name, key := range map[string]string{"the identity": identity, "in small letters": strings.ToLower(identity), "cut short": public[:40], "nothing": "", "text": "x"} {
		if _, err := seal.ParseRecipient(key); err == nil || strings.Contains(strings.ToUpper(err.Error()), "AGE-SECRET") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{"cut short": identity[:60], "the public key": public, "nothing": "", "mistyped": strings.Replace(identity, "Q", "P", 1)[:70] + "8888"} {
		if _, err := seal.ParseIdentities(strings.NewReader(text)); err == nil || strings.Contains(err.Error(), identity[20:40]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysThatOthersCanReadAreSaid(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode][2]bool{0o600: {}, 0o400: {}, 0o640: {false, true}, 0o440: {false, true}, 0o644: {true, false}, 0o602: {true, false}, 0o660: {true, false}, 0o777: {true, false}} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if refuse, warn := seal.Exposed(path); (refuse != "") != want[0] || (warn != "") != want[1] {
			t.Errorf("%04o: %q, %q", mode, refuse, warn)
		}
	}
	if refuse, warn := seal.Exposed(path + ".none"); refuse != "" || warn != "" {
		t.Errorf("no file: %q, %q", refuse, warn)
	}
}

// While data keys are wrapped anew, both keys open; then only the new one.
func TestARotatedKeyringOpensWhatTheOneBeforeWrapped(t *testing.T) {
	subject := [16]byte{1}
	old := seal.NewKeyring()
	key, wrapped := old.NewDataKey(subject)
	both := old.Rotated()
	if got, err := both.DataKey(subject, wrapped); err != nil || !bytes.Equal(got, key) {
		t.Errorf("%v", err)
	}
	again, err := both.Rewrap(subject, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	settled := both.Settled()
	if got, err := settled.DataKey(subject, again); err != nil || !bytes.Equal(got, key) {
		t.Errorf("%v", err)
	}
	if _, err := settled.DataKey(subject, wrapped); err == nil {
		t.Error("the settled keyring opens what the old key wrapped")
	}
	if _, err := old.DataKey(subject, again); err == nil {
		t.Error("the old key opens what the new one wrapped")
	}
	if old.Fingerprint() == both.Fingerprint() || both.Fingerprint() != settled.Fingerprint() {
		t.Error("the fingerprints are not those of the node keys")
	}
	if old.Lookups(1, "x")[0] != settled.Lookups(1, "x")[0] || !bytes.Equal(old.SigningKey(), settled.SigningKey()) {
		t.Error("other keys changed with it")
	}
	saved, err := seal.ParseKeyring(both.Bytes(), "test")
	if err != nil || !bytes.Equal(saved.SigningKey(), old.SigningKey()) {
		t.Errorf("%v", err)
	}
	if _, err := saved.DataKey(subject, wrapped); err == nil {
		t.Error("the old key was saved with the new one")
	}
}

func TestALookupKeyIsAddedAndNoneIsLost(t *testing.T) {
	keys := seal.NewKeyring()
	first := keys.Lookups(1, "9990000018")
	for v := 2; v <= 255; v++ {
		var err error
		if keys, err = keys.WithLookupKey(); err != nil {
			t.Fatal(err)
		}
	}
	all := keys.Lookups(1, "9990000018")
	if len(all) != 255 || all[0][0] != 255 || all[254] != first[0] || keys.LookupVersion() != 255 {
		t.Errorf("%d hashes, the newest version %d", len(all), all[0][0])
	}
	if _, err := keys.WithLookupKey(); err == nil {
		t.Error("a version 256")
	}
}
