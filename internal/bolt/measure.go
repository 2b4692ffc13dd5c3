package bolt

import (
	"errors"

	"go.etcd.io/bbolt"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// Written is how much a store has written: differences of two count.
type Written struct {
	Commits int64
	Bytes   int64 // of pages, without the one that ends each commit
}

// Written says how much was written.
func (s *Store) Written() Written {
	st := s.db.Stats()
	w := Written{Bytes: st.TxStats.GetPageAlloc()}
	_ = s.db.View(func(tx *bbolt.Tx) error { w.Commits = int64(tx.ID()); return nil })
	return w
}

// AppendAlone is Append without the committer: each call makes a transaction of
// its own, on its caller's goroutine. It is what bench measures Append against.
func (s *Store) AppendAlone(commands ...trace.Command) ([]trace.Result, error) {
	r := &request{commands: commands, ready: s.prepareAll(commands)}
	err := s.db.Update(func(tx *bbolt.Tx) error { return s.carryOut(&transaction{store: s, tx: tx}, r) })
	return r.results, err
}

// Room is what the rows of one bucket take up in a file.
type Room struct {
	Name  string `json:"name"`
	Rows  int    `json:"rows"`
	Bytes int    `json:"bytes"` // of pages
	Used  int    `json:"used"`  // of them, by keys, values and their headers
}

// Rooms says where the bytes of a store's file are. It reads every page.
func Rooms(path string) (all []Room, err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	names := make(map[string]string)
	for _, p := range record.Tables() {
		names[string(p.Table)] = p.Name
	}
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			st := b.Stats()
			r := Room{Name: names[string(name[:1])], Rows: st.KeyN, Bytes: st.BranchAlloc + st.LeafAlloc, Used: st.BranchInuse + st.LeafInuse}
			if len(name) > 2 {
				r.Name = string(name)
			}
			all = append(all, r)
			return nil
		})
	})
	return all, err
}
