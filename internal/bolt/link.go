package bolt

import (
	"context"
	"iter"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// Links is trace.Links's.
func (s *Store) Links(ctx context.Context, id trace.PatientID) iter.Seq2[trace.Link, error] {
	r := keyRange{table: record.Links}
	if !id.IsZero() {
		r.prefix = id[:]
	}
	return walk(ctx, s, r, func(t *transaction, key, value []byte) (l trace.Link, ok bool, err error) {
		if err = s.codec.Unmarshal(value, &l); err != nil {
			return l, false, err
		}
		// Of all links, each is taken where it stands first.
		return l, !id.IsZero() || string(key[:16]) <= string(key[16:]), nil
	})
}

// Link is trace.Links's.
func (s *Store) Link(ctx context.Context, id trace.LinkID) (l trace.Link, err error) {
	err = s.view(ctx, func(t *transaction) error {
		found, ok, err := s.fold.Link(t, id)
		l, err = there(found, ok, err, "link")
		return err
	})
	return l, err
}
