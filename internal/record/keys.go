package record

import (
	"encoding/binary"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// TimeKey makes a time's eight bytes: milliseconds since 1970, offset so that
// earlier times sort first.
func TimeKey(t time.Time) []byte {
	var ms int64
	if !t.IsZero() {
		ms = t.UnixMilli()
	}
	return binary.BigEndian.AppendUint64(nil, uint64(ms)^1<<63)
}

// PositionKey makes a position's sixteen bytes.
func PositionKey(p trace.Position) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(nil), p.Node[:]...), p.Seq)
}

// PositionOf reads the last sixteen bytes of a key.
func PositionOf(key []byte) trace.Position {
	k := key[len(key)-16:]
	return trace.Position{Node: trace.NodeID(k[:8]), Seq: binary.BigEndian.Uint64(k[8:])}
}

// ID reads the last sixteen bytes of a key.
func ID[T any](key []byte) trace.ID[T] { return trace.ID[T](key[len(key)-16:]) }

func join(parts ...[]byte) []byte {
	var k []byte
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

// numberPrefix begins the keys of ByLot and BySerial: of a DI; or of a DI and
// all writing variants of a number.
func numberPrefix(di string, number ...string) []byte {
	k := append([]byte(di), 0)
	for _, n := range number {
		k = append(append(k, udi.Fold(n)...), 0)
	}
	return k
}

// DIPrefix begins the rows of all usages of a device identifier; with an empty
// one, of those without.
func DIPrefix(di string) []byte { return numberPrefix(di) }

// NumberPrefix begins the rows of a device identifier and a lot (in ByLot) or
// serial (in BySerial), and of all writing variants of that number.
func NumberPrefix(di, number string) []byte { return numberPrefix(di, number) }

func numberKey(di, number string, id trace.UsageID) []byte {
	return join(numberPrefix(di, number), []byte(number), []byte{0}, id[:])
}

// LotKey is the key of a usage in ByLot under what is recorded of it now.
func LotKey(u trace.Usage) []byte { return numberKey(u.Device.DI, u.Device.Lot, u.ID) }

// SerialKey is the key of a usage in BySerial under what is recorded of it now.
func SerialKey(u trace.Usage) []byte { return numberKey(u.Device.DI, u.Device.Serial, u.ID) }

// LabelNumberPrefix begins the rows of a catalogue number and all its writing
// variants.
func LabelNumberPrefix(number string) []byte { return append([]byte(udi.Fold(number)), 0) }
