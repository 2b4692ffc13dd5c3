package bolt_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// first puts the store of the first program, and its keys, into a folder.
func first(t *testing.T) (path string, keys *seal.Keyring) {
	t.Helper()
	dir := t.TempDir()
	b, err := os.ReadFile("testdata/first/keys.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if keys, err = seal.LoadKeyring(filepath.Join(dir, "keys.json")); err != nil {
		t.Fatal(err)
	}
	packed, err := os.Open("testdata/first/implantrace.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	content, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	b, err = io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, bolt.FileName)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, keys
}

// A store of the first program opens, gets today's tables, verifies, says of
// everything what the first program said, and takes new entries.
func TestAStoreOfTheFirstProgramIsReadable(t *testing.T) {
	ctx := context.Background()
	path, keys := first(t)
	s, err := bolt.Open(path, bolt.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Verify(ctx, t.TempDir())
	if err != nil || len(r.Findings) > 0 || r.Entries != 29 || r.Opened == 0 || r.Opened != r.Sealed {
		t.Errorf("verify: %+v, %v", r, err)
	}
	b, err := os.ReadFile("testdata/first/answers.json")
	if err != nil {
		t.Fatal(err)
	}
	var questions []struct {
		Ask, ID string
		Query   trace.Query
		Answer  json.RawMessage
	}
	if err := json.Unmarshal(b, &questions); err != nil || len(questions) < 40 {
		t.Fatalf("%d questions, %v", len(questions), err)
	}
	for _, q := range questions {
		got, err := answer(ctx, s, q.Ask, q.ID, q.Query)
		if err != nil {
			t.Errorf("%s %s: %v", q.Ask, q.ID, err)
			continue
		}
		was, is := decoded(t, q.Answer), decoded(t, got)
		if q.Ask == "candidates" { // all of them, in whatever order today's keys have
			was, is = sorted(was), sorted(is)
		}
		if missing := lacks(was, is); missing != "" {
			t.Errorf("%s %s %+v: %s\nthe first program said %s\nthis one says %s", q.Ask, q.ID, q.Query, missing, q.Answer, got)
		}
	}
	// The tree goes on in tiles; the rows of single hashes stay.
	for n := uint64(30); n < 30+300; n++ {
		u := trace.UsageID(trace.NewEventID())
		append1(t, s, trace.UsageFact{Usage: u, Status: trace.Implanted}, &trace.Secret{Note: "new"})
		if n > 34 && n%64 != 0 {
			continue
		}
		if r, err := s.Verify(ctx, t.TempDir()); err != nil || len(r.Findings) > 0 || r.Entries != n {
			t.Errorf("verify with %d entries: %+v, %v", n, r.Findings, err)
		}
	}
}

// A copy of it that no program opens is proved as it is, whatever rows of it look like
// today's.
func TestAFileOfTheFirstProgramIsProved(t *testing.T) {
	path, keys := first(t)
	r, err := bolt.VerifyFile(context.Background(), path, keys, t.TempDir(), trace.Trust{})
	if err != nil || len(r.Findings) > 0 || r.Entries != 29 || r.Opened != r.Sealed {
		t.Errorf("%+v, %v", r, err)
	}
}

// A hash that changed is found and named, in a row of its own as the first program
// kept it, in a tile that goes on from such rows, and in one that does not.
func TestAChangedHashIsNamedWhereverItIsKept(t *testing.T) {
	ctx := context.Background()
	path, keys := first(t)
	s, err := bolt.Open(path, bolt.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		append1(t, s, trace.UsageFact{Usage: trace.UsageID(trace.NewEventID()), Status: trace.Implanted}, nil)
	}
	node := s.Node()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key   []byte
		at    int
		where string
	}{
		"a row of its own":      {binary.BigEndian.AppendUint64(node[:], 4), 0, "the hash of entry 3 of node "}, // 3 leaves and the hash over two of them stand before it
		"taken over by a tile":  {binary.BigEndian.AppendUint64(append(node[:], 0), 1), 2 * 32, "entry 18 of node "},
		"in a tile that is all": {binary.BigEndian.AppendUint64(append(node[:], 0), 2), 3 * 32, "entry 35 of node "},
	} {
		t.Run(name, func(t *testing.T) {
			flip := func() {
				t.Helper()
				db, err := bbolt.Open(path, 0o600, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if err := db.Update(func(tx *bbolt.Tx) error {
					b := tx.Bucket([]byte("tree"))
					v := bytes.Clone(b.Get(c.key))
					if len(v) <= c.at {
						return fmt.Errorf("%d bytes are there", len(v))
					}
					v[c.at] ^= 1
					return b.Put(c.key, v)
				}); err != nil {
					t.Fatal(err)
				}
			}
			flip()
			defer flip()
			r, err := bolt.VerifyFile(ctx, path, keys, t.TempDir(), trace.Trust{})
			if err != nil || len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Where, c.where) {
				t.Errorf("%+v, %v", r.Findings, err)
			}
		})
	}
}

// answer asks a store what the first program was asked.
func answer(ctx context.Context, s *bolt.Store, ask, id string, q trace.Query) (json.RawMessage, error) {
	var v any
	var err error
	switch ask {
	case "patient":
		v, err = byID(ctx, id, s.Patient)
	case "identity":
		v, err = byID(ctx, id, s.Identity)
	case "procedure":
		v, err = byID(ctx, id, s.Procedure)
	case "usage":
		v, err = byID(ctx, id, s.Usage)
	case "receipt":
		v, err = byID(ctx, id, func(ctx context.Context, id trace.EventID) (trace.Receipt, error) { return s.Find(ctx, id, id[:]) })
	case "product":
		v, err = s.Product(ctx, id)
	case "nhs":
		v, err = s.PatientsBy(ctx, s.Lookups(trace.LookupNHS, id)...)
	case "approval":
		v, err = s.Approval(ctx)
	case "heads":
		v, err = s.Heads(ctx)
	case "coverage":
		v, err = s.Coverage(ctx)
	case "candidates":
		var ids []trace.UsageID
		for h, herr := range s.Candidates(ctx, q) {
			if herr != nil {
				return nil, herr
			}
			ids = append(ids, h.Usage.ID)
		}
		v = ids
	default:
		return nil, fmt.Errorf("nobody knows how to ask for %q", ask)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func byID[T, V any](ctx context.Context, id string, ask func(context.Context, trace.ID[T]) (V, error)) (V, error) {
	parsed, err := trace.ParseID[T](id)
	if err != nil {
		var none V
		return none, err
	}
	return ask(ctx, parsed)
}

func decoded(t *testing.T, b []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// sorted is a list of ids in their own order.
func sorted(list any) any {
	ids, _ := list.([]any)
	slices.SortFunc(ids, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return list
}

// lacks says what of an old answer is not in the new one, which may say more.
func lacks(old, new any) string {
	switch o := old.(type) {
	case map[string]any:
		n, _ := new.(map[string]any)
		for k, v := range o {
			if why := lacks(v, n[k]); why != "" {
				return k + ": " + why
			}
		}
		return ""
	case []any:
		n, _ := new.([]any)
		if len(n) != len(o) {
			return fmt.Sprintf("%d in place of %d", len(n), len(o))
		}
		for i := range o {
			if why := lacks(o[i], n[i]); why != "" {
				return fmt.Sprintf("%d: %s", i, why)
			}
		}
		return ""
	}
	if !reflect.DeepEqual(old, new) {
		return fmt.Sprintf("%v in place of %v", new, old)
	}
	return ""
}
