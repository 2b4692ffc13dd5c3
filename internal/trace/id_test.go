package trace_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/trace"
)

func drawID(t *rapid.T) (id trace.EventID) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	id[0] |= 1
	return id
}

func TestIDsSurviveTextAndBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := drawID(t)
		if got, err := trace.ParseID[trace.OfEvent](id.String()); err != nil || got != id {
			t.Fatalf("%s is read as %s, %v", id, got, err)
		}
		if got, err := trace.ParseID[trace.OfEvent](strings.ToUpper(id.String())); err != nil || got != id {
			t.Fatalf("%s in capitals is read as %s, %v", id, got, err)
		}
		b, _ := json.Marshal(id)
		var fromJSON, fromBytes trace.EventID
		if err := json.Unmarshal(b, &fromJSON); err != nil || fromJSON != id {
			t.Fatalf("JSON %s is read as %s, %v", b, fromJSON, err)
		}
		b, _ = id.MarshalBinary()
		if err := fromBytes.UnmarshalBinary(b); err != nil || fromBytes != id || len(b) != 16 {
			t.Fatalf("%x is read as %s, %v", b, fromBytes, err)
		}
	})
}

func TestWhatIsNoIDIsInvalid(t *testing.T) {
	for _, s := range []string{"", "x", "0192f0c1", "00000000-0000-0000-0000-000000000000", "0192f0c1-0000-7000-8000-00000000000g",
		"{0192f0c1-0000-7000-8000-00000000000}", "0192f0c100007000800000000000000a", "urn:uuid:0192f0c1-0000-7000-8000-000", strings.Repeat("9", 5000)} {
		if id, err := trace.ParseID[trace.OfUsage](s); trace.KindOf(err) != trace.Invalid || !id.IsZero() || len(err.Error()) > 200 {
			t.Errorf("%.40q: %s, %v", s, id, err)
		}
	}
	kept := trace.NewEventID()
	was := kept
	if err := kept.UnmarshalText([]byte("nonsense")); err == nil || kept != was {
		t.Errorf("a failed read left %s, %v", kept, err)
	}
	if err := kept.UnmarshalBinary([]byte{1, 2}); err == nil || kept != was {
		t.Errorf("a failed read left %s, %v", kept, err)
	}
}

func TestDerivedIDsAreStableAndApart(t *testing.T) {
	from, err := trace.ParseID[trace.OfEvent]("0192f0c1-0000-7000-8000-000000000001")
	if err != nil {
		t.Fatal(err)
	}
	// Written down: entries in journals are found by these for ever.
	for what, c := range map[string]struct{ got, want string }{
		"patient": {trace.DeriveID[trace.OfPatient](from, "patient").String(), "f4c2866b-4be6-882d-8174-0c8b780f9759"},
		"part 1":  {trace.PartID(from, 1).String(), "faeb1531-85f8-8613-b159-0fbe0262c653"},
		"named":   {trace.NamedID[trace.OfUsage]("space", "name").String(), "2145d3bd-8a61-816c-8697-560c311f294e"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", what, c.got, c.want)
		}
	}
	if trace.PartID(from, 0) != from {
		t.Error("the first part has another id than its command")
	}
	if a, b := trace.NamedID[trace.OfUsage]("a", "bc"), trace.NamedID[trace.OfUsage]("ab", "c"); a == b {
		t.Error("space and name run together")
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawID(t), drawID(t)
		x, y := rapid.String().Draw(t, "x"), rapid.String().Draw(t, "y")
		same := trace.DeriveID[trace.OfUsage](a, x) == trace.DeriveID[trace.OfUsage](b, y)
		if same != (a == b && x == y) {
			t.Fatalf("%s %q and %s %q: same %v", a, x, b, y, same)
		}
	})
}

func TestNewIDsAreVersion7AndInOrder(t *testing.T) {
	last := trace.NewEventID()
	for range 100 {
		id := trace.NewEventID()
		if id.String() <= last.String() || id.String()[14] != '7' {
			t.Fatalf("%s after %s", id, last)
		}
		last = id
	}
}

func TestNodeIDs(t *testing.T) {
	n := trace.NodeID{1, 2, 3, 4, 5, 6, 7, 255}
	if n.String() != "01020304050607ff" {
		t.Errorf("%s", n)
	}
	b, _ := n.MarshalText()
	var m trace.NodeID
	if err := m.UnmarshalText(b); err != nil || m != n {
		t.Errorf("%s, %v", m, err)
	}
	b, _ = n.MarshalBinary()
	m = trace.NodeID{}
	if err := m.UnmarshalBinary(b); err != nil || m != n {
		t.Errorf("%s, %v", m, err)
	}
	for _, s := range []string{"", "01", "01020304050607fg", "01020304050607ff00"} {
		if err := m.UnmarshalText([]byte(s)); trace.KindOf(err) != trace.Invalid || m != n {
			t.Errorf("%q: %v, %s", s, err, m)
		}
	}
	if err := m.UnmarshalBinary(b[:7]); err == nil || m != n {
		t.Errorf("seven bytes: %v", err)
	}
}

func TestHashesAndLookups(t *testing.T) {
	h := trace.Hash{1, 31: 2}
	b, _ := h.MarshalText()
	var g trace.Hash
	if err := g.UnmarshalText(b); err != nil || g != h || len(b) != 64 {
		t.Errorf("%s, %v", b, err)
	}
	for _, s := range []string{"", "00", string(b) + "00", strings.Repeat("x", 64)} {
		if err := g.UnmarshalText([]byte(s)); trace.KindOf(err) != trace.Invalid || g != h {
			t.Errorf("%q: %v", s, err)
		}
	}
	l := trace.LookupHash{3, trace.LookupLocal, 9}
	b, _ = l.MarshalBinary()
	var k trace.LookupHash
	if err := k.UnmarshalBinary(b); err != nil || k != l || k.Kind() != trace.LookupLocal {
		t.Errorf("%x, %v", k, err)
	}
	if err := k.UnmarshalBinary(b[1:]); err == nil || k != l {
		t.Errorf("seventeen bytes: %v", err)
	}
}
