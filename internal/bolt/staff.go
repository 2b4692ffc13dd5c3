package bolt

import (
	"context"
	"iter"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// Accounts is trace.Staff's.
func (s *Store) Accounts(ctx context.Context) iter.Seq2[trace.Account, error] {
	return rows[trace.Account](ctx, s, record.Accounts, nil)
}

// Credentials is trace.Staff's.
func (s *Store) Credentials(ctx context.Context, a trace.AccountID) iter.Seq2[trace.Credential, error] {
	return rows[trace.Credential](ctx, s, record.Credentials, a[:])
}

// Audits is trace.Staff's.
func (s *Store) Audits(ctx context.Context, about [16]byte, after []byte) iter.Seq2[trace.AuditHit, error] {
	r := keyRange{table: record.Audits, after: after, latest: true}
	if about != [16]byte{} {
		r = keyRange{table: record.AuditsOf, prefix: about[:], after: after, latest: true}
	}
	return walk(ctx, s, r, func(t *transaction, key, _ []byte) (trace.AuditHit, bool, error) {
		e, err := t.opened(record.PositionOf(key))
		if err != nil {
			return trace.AuditHit{}, false, err
		}
		f, ok := e.Fact.(trace.AuditFact)
		hit := trace.AuditHit{Key: key, Audited: trace.Audited{AuditFact: f, Stamp: trace.Stamp{Position: e.Position, Event: e.ID, Recorded: e.Recorded,
			Occurred: e.Occurred, By: e.By, Provenance: e.Provenance, Sealed: len(e.Commitment) > 0}}}
		if e.Secret != nil {
			hit.Audited.Note = e.Secret.Note
		}
		return hit, ok, nil
	})
}
