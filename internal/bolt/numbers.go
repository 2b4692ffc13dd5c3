package bolt

import (
	"bytes"
	"context"
	"iter"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// Identifiers is trace.Finder's. GTINs stand in other keys than the rest: it goes
// through both at once.
func (s *Store) Identifiers(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		gtin, stop := iter.Pull2(s.identifiers(ctx, record.DIPrefix("00000000000000")[:1]))
		defer stop()
		other, stop := iter.Pull2(s.identifiers(ctx, record.DIPrefix("any")[:1]))
		defer stop()
		a, aerr, aok := gtin()
		b, berr, bok := other()
		for aok || bok {
			var di string
			var err error
			if aok && (!bok || aerr != nil || a < b) {
				di, err = a, aerr
				a, aerr, aok = gtin()
			} else {
				di, err = b, berr
				b, berr, bok = other()
			}
			if !yield(di, err) || err != nil {
				return
			}
		}
	}
}

// identifiers gives the device identifiers whose keys begin so, in their order. It
// leaps from one to the next, past all the rows between.
func (s *Store) identifiers(ctx context.Context, kind []byte) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		at := kind
		for more := true; more; {
			var page []string
			more = false
			err := s.view(ctx, func(t *transaction) error {
				c := t.bucket(record.ByLot).Cursor()
				for k, _ := c.Seek(at); bytes.HasPrefix(k, kind); k, _ = c.Seek(at) {
					if len(page) == pageRows {
						more = true
						break
					}
					di, ok := record.DIOf(k)
					if !ok {
						return ErrDamaged
					}
					at = behind(record.DIPrefix(di))
					page = append(page, di)
				}
				return nil
			}, record.ByLot)
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

// behind is the first key behind all that begin with a prefix.
func behind(prefix []byte) []byte {
	k := bytes.Clone(prefix)
	for i := len(k) - 1; i >= 0; i-- {
		if k[i]++; k[i] != 0 {
			break
		}
	}
	return k
}

// Numbers is trace.Finder's.
func (s *Store) Numbers(ctx context.Context, di string) iter.Seq2[trace.Numbered, error] {
	return func(yield func(trace.Numbered, error) bool) {
		r := keyRange{table: record.ByLot, prefix: record.DIPrefix(di)}
		for row, err := range walk(ctx, s, r, func(_ *transaction, key, value []byte) ([]trace.Numbered, bool, error) {
			all, err := record.NumbersOf(key, value)
			return all, true, err
		}) {
			if err != nil {
				yield(trace.Numbered{}, err)
				return
			}
			for _, n := range row {
				if !yield(n, nil) {
					return
				}
			}
		}
	}
}
