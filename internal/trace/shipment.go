package trace

import "time"

// Shipment is a stretch of a node's log as it is kept, with the keys of what
// it seals, for another place to keep too.
type Shipment struct {
	Node  NodeID       `cbor:"1,keyasint"`
	First uint64       `cbor:"2,keyasint"`           // the place of the first row
	Rows  [][]byte     `cbor:"3,keyasint"`           // as a store keeps them: leaf, and sealed part
	Root  Hash         `cbor:"4,keyasint"`           // of the log up to the last row
	Until time.Time    `cbor:"5,keyasint"`           // when the last row was recorded
	Keys  []SubjectKey `cbor:"6,keyasint,omitempty"` // those of the rows' sealed parts that are not erased
}

// Next is the place behind the last row.
func (s Shipment) Next() uint64 { return s.First + uint64(len(s.Rows)) }

// Head is the log up to the last row.
func (s Shipment) Head() TreeHead { return TreeHead{Node: s.Node, Size: s.Next(), Root: s.Root} }

// SubjectKey is a subject's data key, wrapped by a node's key.
type SubjectKey struct {
	Subject [16]byte `cbor:"1,keyasint"`
	Node    NodeID   `cbor:"2,keyasint"` // that sealed with it: two nodes that met one subject have a key each
	Wrapped []byte   `cbor:"3,keyasint"`
}
