package bolt

import (
	"bytes"
	"context"
	"iter"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// Identifiers is trace.Finder's. It leaps from one identifier to the next, past
// all the rows between.
func (s *Store) Identifiers(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var at []byte
		for more := true; more; {
			var page []string
			more = false
			err := s.view(ctx, func(t *transaction) error {
				c := t.bucket(record.Numbers).Cursor()
				for k, _ := c.Seek(at); k != nil; k, _ = c.Seek(at) {
					if len(page) == pageRows {
						more = true
						break
					}
					di, _, _ := bytes.Cut(k, []byte{0})
					at = append(bytes.Clone(di), 1)
					if len(di) > 0 {
						page = append(page, string(di))
					}
				}
				return nil
			}, record.Numbers)
			for _, di := range page {
				if !yield(di, nil) {
					return
				}
			}
			if err != nil {
				yield("", err)
				return
			}
		}
	}
}

// Numbers is trace.Finder's.
func (s *Store) Numbers(ctx context.Context, di string) iter.Seq2[trace.Numbered, error] {
	r := keyRange{table: record.Numbers, prefix: record.NumbersPrefix(di)}
	return walk(ctx, s, r, func(_ *transaction, key, value []byte) (trace.Numbered, bool, error) {
		_, n := record.NumbersRow(key, value)
		return n, true, nil
	})
}
