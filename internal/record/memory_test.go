package record_test

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/trace"
)

var fold = record.Fold{Codec: journal.NewCodec()}

// memory is a record.Prior in memory, with the rows that the fold writes.
type memory struct {
	rows    map[record.Table]map[string][]byte
	entries map[trace.Position]trace.Entry
}

func newMemory() *memory {
	m := &memory{rows: make(map[record.Table]map[string][]byte), entries: make(map[trace.Position]trace.Entry)}
	for _, p := range record.Tables() {
		m.rows[p.Table] = make(map[string][]byte)
	}
	return m
}

func (m *memory) Get(t record.Table, key []byte) []byte { return m.rows[t][string(key)] }

func (m *memory) Scan(t record.Table, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for _, k := range slices.Sorted(maps.Keys(m.rows[t])) {
			if strings.HasPrefix(k, string(prefix)) && !yield([]byte(k), m.rows[t][k]) {
				return
			}
		}
	}
}

func (m *memory) Entry(at trace.Position) (trace.Entry, error) {
	e, ok := m.entries[at]
	if !ok {
		return e, fmt.Errorf("no entry at %v", at)
	}
	return e, nil
}

// apply carries an entry's mutations out. Each must change something, or say
// again what is there; none may be for a table that is not listed.
func (m *memory) apply(e trace.Entry) error {
	mutations, err := fold.Apply(e, m)
	if err != nil {
		return err
	}
	m.entries[e.Position] = e
	for _, mu := range mutations {
		rows, ok := m.rows[mu.Table]
		switch {
		case !ok:
			return fmt.Errorf("table %c is not listed", mu.Table)
		case mu.Delete && rows[string(mu.Key)] == nil:
			return fmt.Errorf("table %c: a row that is not there is deleted: %x", mu.Table, mu.Key)
		case mu.Delete:
			delete(rows, string(mu.Key))
		default:
			rows[string(mu.Key)] = append([]byte{}, mu.Value...)
		}
	}
	return nil
}

// differs names the first row in which two memories differ.
func (m *memory) differs(o *memory) string {
	for _, p := range record.Tables() {
		for k, v := range m.rows[p.Table] {
			if w, ok := o.rows[p.Table][k]; !ok || !bytes.Equal(v, w) {
				return fmt.Sprintf("%s: %x is %x there and %x here", p.Name, k, w, v)
			}
		}
		if len(m.rows[p.Table]) != len(o.rows[p.Table]) {
			return fmt.Sprintf("%s: %d rows here, %d there", p.Name, len(m.rows[p.Table]), len(o.rows[p.Table]))
		}
	}
	return ""
}

func (m *memory) read(t record.Table, key []byte, v any) bool {
	b := m.Get(t, key)
	return b != nil && fold.Codec.Unmarshal(b, v) == nil
}
