package bolt

import (
	"context"

	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// Reveal is trace.Prover's.
func (s *Store) Reveal(ctx context.Context, at trace.Position) (o *trace.Opening, err error) {
	err = s.view(ctx, func(t *transaction) error {
		e, err := t.Entry(at)
		if err != nil || len(e.Sealed) == 0 {
			return err
		}
		ring := t.store.keys()
		if coming := t.store.coming.Load(); coming != nil {
			ring = coming
		}
		if ring == nil {
			return nil
		}
		subject, err := seal.Subject(e.Sealed)
		if err != nil {
			return err
		}
		w := t.tx.Bucket(bucketKeys).Get(keyName(subject, e.Node, t.store.node))
		if len(w) == 0 {
			return nil // erased, or never at hand
		}
		key, err := ring.DataKey(subject, w)
		if err != nil {
			return err
		}
		opening, err := seal.Reveal(key, e.Sealed, e.ID, e.Commitment)
		o = &opening
		return err
	})
	return o, err
}

// Attest is trace.Prover's.
func (s *Store) Attest(kind string, body []byte) ([]byte, error) {
	signer, ok := s.signer()
	if !ok {
		return nil, trace.Errorf(trace.ReadOnly, "this store is open without its keys, and cannot sign")
	}
	return signer.Attest(kind, body)
}
