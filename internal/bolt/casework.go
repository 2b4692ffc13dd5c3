package bolt

import (
	"context"
	"iter"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// rows walks the rows of a table with a prefix and reads each.
func rows[V any](ctx context.Context, s *Store, table record.Table, prefix []byte) iter.Seq2[V, error] {
	return walk(ctx, s, keyRange{table: table, prefix: prefix}, func(_ *transaction, _, value []byte) (v V, ok bool, err error) {
		return v, true, s.codec.Unmarshal(value, &v)
	})
}

// Notices is trace.Finder's.
func (s *Store) Notices(ctx context.Context) iter.Seq2[trace.Notice, error] {
	return rows[trace.Notice](ctx, s, record.Notices, nil)
}

// Notice is trace.Finder's.
func (s *Store) Notice(ctx context.Context, id trace.NoticeID) (trace.Notice, error) {
	return load[trace.Notice](ctx, s, record.Notices, id[:], "notice")
}

// NoticeBody is trace.Finder's.
func (s *Store) NoticeBody(ctx context.Context, at trace.Position) (body []byte, err error) {
	err = s.view(ctx, func(t *transaction) error {
		e, err := t.Entry(at)
		if err != nil {
			return err
		}
		f, ok := e.Fact.(trace.NoticeFact)
		if !ok || len(f.Body) == 0 {
			return trace.Errorf(trace.NotFound, "entry %d of node %s has no notice", at.Seq, at.Node)
		}
		body = f.Body
		return nil
	})
	return body, err
}

// Cases is trace.Finder's.
func (s *Store) Cases(ctx context.Context, n trace.NoticeID) iter.Seq2[trace.Case, error] {
	return rows[trace.Case](ctx, s, record.Cases, n[:])
}

// Case is trace.Finder's.
func (s *Store) Case(ctx context.Context, n trace.NoticeID, id trace.CaseID) (trace.Case, error) {
	return load[trace.Case](ctx, s, record.Cases, record.CaseKey(n, id), "case")
}

// Attachments is trace.Finder's.
func (s *Store) Attachments(ctx context.Context, n trace.NoticeID) iter.Seq2[trace.Attachment, error] {
	return rows[trace.Attachment](ctx, s, record.Attachments, n[:])
}
