package record_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

func TestTimeKeysSortAsTimesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := time.UnixMilli(rapid.Int64Range(-1e14, 1e14).Draw(t, "a"))
		b := time.UnixMilli(rapid.Int64Range(-1e14, 1e14).Draw(t, "b"))
		if got := bytes.Compare(record.TimeKey(a), record.TimeKey(b)); got != a.Compare(b) {
			t.Fatalf("%v and %v: %d", a, b, got)
		}
	})
}

func TestPositionsSurviveTheirKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := trace.Position{Node: trace.NodeID{rapid.Byte().Draw(t, "node")}, Seq: rapid.Uint64().Draw(t, "seq")}
		k := append([]byte("in front"), record.PositionKey(p)...)
		if got := record.PositionOf(k); got != p {
			t.Fatalf("%v, want %v", got, p)
		}
		if id := record.ID[trace.OfUsage](k); !bytes.Equal(id[:], record.PositionKey(p)) {
			t.Fatalf("%s", id)
		}
	})
}

func TestPrefixesPartDevices(t *testing.T) {
	within := func(prefix []byte, di, number string) bool {
		return bytes.HasPrefix(append(record.NumberPrefix(di, number), number...), prefix)
	}
	for _, c := range []struct {
		prefix     []byte
		di, number string
		want       bool
	}{
		{record.DIPrefix("1"), "1", "A", true}, {record.DIPrefix("1"), "1", "", true}, {record.DIPrefix("1"), "11", "A", false}, {record.DIPrefix(""), "1", "A", false},
		{record.DIPrefix(""), "", "A", true}, {record.NumberPrefix("1", "A"), "1", "0a", true}, {record.NumberPrefix("1", "A"), "1", "AB", false},
		{record.NumberPrefix("1", "O1"), "1", "l", true}, {record.NumberPrefix("1", ""), "1", "A", false},
	} {
		if within(c.prefix, c.di, c.number) != c.want {
			t.Errorf("%q, %q %q: %v", c.prefix, c.di, c.number, !c.want)
		}
	}
}

func TestTablesHaveOneLetterEach(t *testing.T) {
	seen := make(map[record.Table]bool)
	for _, p := range record.Tables() {
		if seen[p.Table] || strings.ContainsRune(record.Retired, rune(p.Table)) || p.Version == 0 || p.Name == "" {
			t.Errorf("table %c: %+v", p.Table, p)
		}
		seen[p.Table] = true
	}
}
