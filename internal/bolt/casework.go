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

// Tracing is trace.Finder's.
func (s *Store) Tracing(ctx context.Context, id trace.PatientID) (trace.Tracing, error) {
	return load[trace.Tracing](ctx, s, record.Tracings, id[:], "trace of the patient")
}

// Stock is trace.StockFinder's.
func (s *Store) Stock(ctx context.Context, di string, all bool, after []byte) iter.Seq2[trace.StockHit, error] {
	r := keyRange{table: record.Stock, after: after}
	if !all {
		r.prefix = record.DIPrefix(di)
	}
	return walk(ctx, s, r, func(_ *transaction, key, value []byte) (h trace.StockHit, ok bool, err error) {
		h.Key = key
		return h, true, s.codec.Unmarshal(value, &h.Line)
	})
}

// StockLine is trace.StockFinder's.
func (s *Store) StockLine(ctx context.Context, di string, id trace.StockID) (trace.StockLine, error) {
	return load[trace.StockLine](ctx, s, record.Stock, record.StockKey(di, id), "line of stock")
}
