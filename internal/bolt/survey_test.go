package bolt

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// What the survey asks of pages is what bbolt writes, whatever is put, taken
// away and put again: a sound file never looks damaged.
func TestASoundFileHasNoFlaws(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	random := rand.New(rand.NewPCG(3, 4))
	key := func() []byte { return fmt.Appendf(nil, "%0*d", 1+random.IntN(40), random.IntN(4000)) }
	for round := range 150 {
		if err := db.Update(func(tx *bbolt.Tx) error {
			for _, name := range buckets() {
				b, err := tx.CreateBucketIfNotExists(name)
				if err != nil {
					return err
				}
				for range random.IntN(60) {
					value := make([]byte, random.IntN(300))
					if random.IntN(50) == 0 {
						value = make([]byte, random.IntN(20000))
					}
					for i := range value {
						value[i] = byte(random.Uint32())
					}
					if err := b.Put(key(), value); err != nil {
						return err
					}
				}
				// Whole stretches go, so that pages are merged and given back.
				c := b.Cursor()
				k, _ := c.Seek(key())
				for range random.IntN(80) {
					if k == nil {
						break
					}
					if err := c.Delete(); err != nil {
						return err
					}
					if random.IntN(3) == 0 {
						k, _ = c.Seek(key())
					} else {
						k, _ = c.Next()
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if round%5 == 0 {
			soundFile(t, path)
		}
	}
	// As a backup writes it, and as compacting does.
	for name, write := range map[string]func(path string) error{
		"copy": func(path string) error {
			return db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(path, 0o600) })
		},
		"compacted": func(path string) error {
			to, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				return err
			}
			defer to.Close()
			return bbolt.Compact(to, db, 1<<16)
		},
	} {
		other := filepath.Join(t.TempDir(), name)
		if err := write(other); err != nil {
			t.Fatal(err)
		}
		soundFile(t, other)
	}
}

func soundFile(t *testing.T, path string) {
	t.Helper()
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := newest(r, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	take(f, true, func(where, what string) { t.Errorf("%s: %s %s", filepath.Base(path), where, what) })
}
