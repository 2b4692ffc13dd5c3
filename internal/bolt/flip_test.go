package bolt

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// filled makes a store with entries of every kind that has an identity, or an
// index, or a state that later entries change, and gives its bytes.
func filled(t testing.TB, path string, keys *seal.Keyring, entries int) []byte {
	t.Helper()
	s, err := Open(path, Options{Name: "test", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	append1 := func(drafts ...trace.Draft) {
		t.Helper()
		id := trace.NewEventID()
		rs, err := s.Append(context.Background(), trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: drafts})
		if err != nil || rs[0].Err != nil {
			t.Fatal(rs, err)
		}
	}
	var procedure trace.ProcedureID
	for n := 1; n < entries; {
		if n%9 == 1 && n+2 <= entries {
			patient := trace.PatientID(trace.NewEventID())
			procedure = trace.ProcedureID(trace.NewEventID())
			nhs := fmt.Sprintf("999000%04d", random.IntN(10000))
			append1(trace.Draft{Fact: trace.PatientFact{Patient: patient, Lookups: s.Lookups(trace.LookupNHS, nhs)}, Subject: patient,
				Secret: &trace.Secret{NHSNumber: nhs, Family: "Zellweger-Quist", Given: "Ottoline"}},
				trace.Draft{Fact: trace.ProcedureFact{Procedure: procedure, Patient: patient, Indication: "osteoarthritis"}})
			n += 2
			continue
		}
		usage := trace.UsageFact{Usage: trace.UsageID(trace.NewEventID()), Procedure: procedure}
		usage.Device.DI = fmt.Sprintf("0952014000%04d", random.IntN(400))
		usage.Device.Lot = fmt.Sprintf("K%d", random.IntN(1000))
		append1(trace.Draft{Fact: usage})
		n++
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// place is a stretch of a file whose bytes are in use.
type place struct {
	at, size int64
	page     uint64
}

// inUse asks bbolt which pages can be reached from the newest meta page, that
// page among them.
func inUse(t testing.TB, path string) (all []place, total int64) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	size := int64(db.Info().PageSize)
	if err := db.View(func(tx *bbolt.Tx) error {
		for id := tx.ID() % 2; ; {
			p, err := tx.Page(id)
			if err != nil || p == nil {
				return err
			}
			pages := int64(p.OverflowCount) + 1
			if p.Type != "free" && (p.Type != "meta" || id == tx.ID()%2) {
				all = append(all, place{int64(id) * size, pages * size, uint64(id)})
				total += pages * size
			} else {
				pages = 1
			}
			id += int(pages)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return all, total
}

// chart knows which bucket each page of a sound file belongs to.
type chart struct {
	survey *survey
	bucket map[uint64]string
}

func charted(t testing.TB, f *pageFile) chart {
	t.Helper()
	c := chart{take(f, true, func(where, what string) { t.Fatal(where, what) }), make(map[uint64]string)}
	var below func(bucket string, id uint64)
	below = func(bucket string, id uint64) {
		p, err := f.read(id)
		if err != nil {
			t.Fatal(err)
		}
		c.bucket[id] = bucket
		if all, _ := elements(p.data, p.flags, p.count); p.flags == branchPage {
			for _, e := range all {
				below(bucket, e.child)
			}
		}
	}
	below("", f.meta.root)
	for name, b := range c.survey.buckets {
		if b.root != 0 {
			below(name, b.root)
		}
	}
	return c
}

// hit names what stands at a place of the file: the page, and the row.
func (c chart) hit(t testing.TB, page uint64, at int64) (names []string) {
	t.Helper()
	if page < 2 {
		return []string{fmt.Sprintf("meta page %d", page)}
	}
	f := c.survey.file
	names = append(names, fmt.Sprintf("page %d", page))
	inside := at - int64(page)*int64(f.meta.pageSize)
	p, err := f.read(page)
	if err != nil {
		t.Fatal(err)
	}
	if p.flags == freelistPage {
		return append(names, "the freelist")
	}
	all, err := elements(p.data, p.flags, p.count)
	if err != nil {
		t.Fatal(err)
	}
	bucket := c.bucket[page]
	for i, e := range all {
		header := int64(pageHeader + i*leafElement)
		begin := header + int64(order.Uint32(p.data[header+4:]))
		if p.flags == branchPage {
			begin = header + int64(order.Uint32(p.data[header:]))
		}
		if inside >= header && inside < header+leafElement || inside >= begin && inside < begin+int64(len(e.key)+len(e.value)) {
			names = append(names, describe(bucket, e.key))
			if in := inside - begin - int64(len(e.key)); len(e.key) == tileKeySize && in >= 0 { // a tile's hash may be named by itself, or by its entry
				node, level, n := tileOf(e.key)
				n = n*journal.TileWidth + uint64(in)/tlog.HashSize
				names = append(names, hashName(node, uint64(tlog.StoredHashIndex(journal.TileHeight*level, int64(n)))))
				if level == 0 {
					names = append(names, fmt.Sprintf("entry %d of node %s", n, node))
				}
			}
			if bucket == "" { // a small bucket lies within the element that names it
				for _, in := range c.survey.buckets[string(e.key)].inline {
					names = append(names, describe(string(e.key), in.key))
				}
			}
		}
	}
	return names
}

// flips changes one bit after another of those in use, and looks whether verify
// says so and names what was hit.
func flips(t *testing.T, entries, many int, seed uint64) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	whole := filled(t, path, keys, entries)
	places, total := inUse(t, path)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f, err := newest(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	sound := charted(t, f)
	verify := func() trace.Verification {
		t.Helper()
		v, err := VerifyFile(context.Background(), path, keys, t.TempDir(), trace.Trust{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := verify(); len(v.Findings) > 0 || v.Entries < uint64(entries) || v.Rows == 0 {
		t.Fatalf("before anything was changed: %+v", v)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	silent, unnamed, start := 0, 0, time.Now()
	for n := range many {
		bit := random.Int64N(total * 8)
		at, page := bit/8, uint64(0)
		for _, p := range places {
			if at < p.size {
				at, page = p.at+at, p.page
				break
			}
			at -= p.size
		}
		changed := []byte{whole[at] ^ 1<<(bit%8)}
		if _, err := file.WriteAt(changed, at); err != nil {
			t.Fatal(err)
		}
		v := verify()
		if _, err := file.WriteAt(whole[at:at+1], at); err != nil {
			t.Fatal(err)
		}
		names := sound.hit(t, page, at)
		named := false
		for _, f := range v.Findings {
			for _, name := range names {
				named = named || regexp.MustCompile(regexp.QuoteMeta(name)+`\b`).MatchString(f.Where+" "+f.What)
			}
		}
		if n%500 == 499 {
			t.Logf("%d flips in %v", n+1, time.Since(start).Round(time.Second))
		}
		switch {
		case len(v.Findings) == 0:
			silent++
			t.Errorf("flip %d: bit %d of byte %d (page %d, %q): nothing is said", n, bit%8, at, page, names)
		case !named:
			unnamed++
			t.Errorf("flip %d: bit %d of byte %d is in %q, and what is said is %+v", n, bit%8, at, names, v.Findings)
		}
	}
	t.Logf("%d entries, %d bytes in use of %d; %d flips in %v: %d not reported, %d reported as something else", entries, total, len(whole), many,
		time.Since(start).Round(time.Second), silent, unnamed)
}

func TestEveryFlippedBitIsReportedAndNamed(t *testing.T) { flips(t, 300, 300, 1) }

func TestSoakFlippedBits(t *testing.T) {
	if os.Getenv("IMPLANTRACE_SOAK") == "" {
		t.Skip("IMPLANTRACE_SOAK is not set: make soak runs this")
	}
	flips(t, 5000, 10_000, uint64(time.Now().UnixNano()))
}
