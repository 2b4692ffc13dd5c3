package bolt

import (
	"context"
	"iter"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// StaffMember is trace.Directory's.
func (s *Store) StaffMember(ctx context.Context, badge string) (trace.Listed[trace.StaffFact], error) {
	return load[trace.Listed[trace.StaffFact]](ctx, s, record.Staff, []byte(badge), "member of staff with this badge")
}

// StaffMembers is trace.Directory's.
func (s *Store) StaffMembers(ctx context.Context) iter.Seq2[trace.Listed[trace.StaffFact], error] {
	return listing[trace.StaffFact](ctx, s, record.Staff)
}

// ListedPlace is trace.Directory's.
func (s *Store) ListedPlace(ctx context.Context, gln, extension string) (trace.Listed[trace.PlaceFact], error) {
	return load[trace.Listed[trace.PlaceFact]](ctx, s, record.Places, record.PlaceKey(gln, extension), "place with this location number")
}

// ListedPlaces is trace.Directory's.
func (s *Store) ListedPlaces(ctx context.Context) iter.Seq2[trace.Listed[trace.PlaceFact], error] {
	return listing[trace.PlaceFact](ctx, s, record.Places)
}

// ListedCode is trace.Directory's.
func (s *Store) ListedCode(ctx context.Context, system, code string) (trace.Listed[trace.CodeFact], error) {
	return load[trace.Listed[trace.CodeFact]](ctx, s, record.Codes, []byte(trace.CodeKey(system, code)), "procedure code of this kind")
}

// ListedCodes is trace.Directory's.
func (s *Store) ListedCodes(ctx context.Context) iter.Seq2[trace.Listed[trace.CodeFact], error] {
	return listing[trace.CodeFact](ctx, s, record.Codes)
}

func listing[F trace.StaffFact | trace.PlaceFact | trace.CodeFact](ctx context.Context, s *Store, table record.Table) iter.Seq2[trace.Listed[F], error] {
	return walk(ctx, s, keyRange{table: table}, func(t *transaction, _, value []byte) (l trace.Listed[F], ok bool, err error) {
		return l, true, s.codec.Unmarshal(value, &l)
	})
}
