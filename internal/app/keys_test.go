package app_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/app"
	"implantrace/internal/bolt"
	"implantrace/internal/seal"
)

// opens opens the node of a data folder and closes it again.
func opens(t *testing.T, data string) {
	t.Helper()
	n, err := app.Open(t.Context(), app.Config{Data: data}, "test", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// Keys without a store mean that the store was lost. An empty one in its place
// would answer every recall with nobody.
func TestKeysWithoutTheirStoreMakeNoNewOne(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	store, keys := filepath.Join(data, bolt.FileName), data+".keys"
	opens(t, data)
	if bolt.Exists(keys + ".new") {
		t.Error("the keys of the first start lie about")
	}
	move(t, store, store+".away")
	for range 2 {
		err := openErr(t, app.Config{Data: data}).Error()
		for _, part := range []string{"the keys in " + keys + " are there, but the store in " + data + " is not", "Put the store back", "move the key file away"} {
			if !strings.Contains(err, part) {
				t.Errorf("no store: %s", err)
			}
		}
		if bolt.Exists(store) {
			t.Fatal("a new store was made")
		}
	}
	move(t, store+".away", store)
	opens(t, data)
	// With the key file moved away as well, a new store begins.
	move(t, store, store+".away")
	move(t, keys, keys+".away")
	opens(t, data)
}

// The first start may end anywhere: the next one finishes it, with the same
// keys.
func TestAFirstStartThatWasCutShortIsFinished(t *testing.T) {
	finished := func(t *testing.T, data string, want [8]byte) {
		t.Helper()
		opens(t, data)
		opens(t, data)
		got, err := seal.LoadKeyring(data + ".keys")
		if err != nil || got.Fingerprint() != want || bolt.Exists(data+".keys.new") {
			t.Errorf("%v", err)
		}
	}
	saved := func(t *testing.T, data string) *seal.Keyring {
		t.Helper()
		keys := seal.NewKeyring()
		if err := errors.Join(keys.Save(data+".keys.new"), os.MkdirAll(data, 0o700)); err != nil {
			t.Fatal(err)
		}
		return keys
	}
	t.Run("with the keys saved", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		keys := saved(t, data)
		finished(t, data, keys.Fingerprint())
	})
	t.Run("with a file for the store and nothing in it", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		keys := saved(t, data)
		if err := os.WriteFile(filepath.Join(data, bolt.FileName), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		finished(t, data, keys.Fingerprint())
	})
	t.Run("with the store made", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		opens(t, data)
		keys, err := seal.LoadKeyring(data + ".keys")
		if err != nil {
			t.Fatal(err)
		}
		move(t, data+".keys", data+".keys.new")
		finished(t, data, keys.Fingerprint())
	})
	t.Run("and another store put there", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		opens(t, data)
		if err := os.Remove(data + ".keys"); err != nil {
			t.Fatal(err)
		}
		saved(t, data)
		if err := openErr(t, app.Config{Data: data}); !strings.Contains(err.Error(), "are missing") {
			t.Error(err)
		}
		if bolt.Exists(data + ".keys") {
			t.Error("the wrong keys got the name")
		}
	})
	t.Run("with half a key file", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		if err := os.WriteFile(data+".keys.new", []byte(`{"about":`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openErr(t, app.Config{Data: data}); !strings.Contains(err.Error(), "cut short") || !strings.Contains(err.Error(), "remove that file") {
			t.Error(err)
		}
	})
}

// What was told wrongly is told apart from what could not be done.
func TestSettingsThatMakeNoSense(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for name, c := range map[string]app.Config{
		"an address of others": {Data: data, Listen: "0.0.0.0:8080"},
		"no address":           {Data: data, Listen: "8080"},
		"no port":              {Data: data, Listen: "127.0.0.1:99999"},
		"no zone":              {Data: data, Zone: "Europe/Camelot"},
	} {
		if err := openErr(t, c); !errors.Is(err, app.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := openErr(t, app.Config{Data: filepath.Join(os.DevNull, "data")}); errors.Is(err, app.ErrConfig) {
		t.Errorf("a folder that cannot be made: %v", err)
	}
	if bolt.Exists(data) {
		t.Error("a folder was made")
	}
}
