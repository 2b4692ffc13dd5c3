package journal

import (
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/s2"

	"implantrace/internal/trace"
)

// Version is the number of the encoding that [Encode] writes. [Decode] reads
// this and every earlier one.
const Version = 1

// leaf is version 1 of an entry's bytes.
type leaf struct {
	Version    uint8           `cbor:"0,keyasint"`
	Node       trace.NodeID    `cbor:"1,keyasint"`
	Seq        uint64          `cbor:"2,keyasint"`
	Lamport    uint64          `cbor:"3,keyasint"`
	ID         trace.EventID   `cbor:"4,keyasint"`
	Command    trace.EventID   `cbor:"5,keyasint,omitzero"` // left out where it is the ID
	Part       uint16          `cbor:"6,keyasint,omitempty"`
	Digest     []byte          `cbor:"7,keyasint,omitempty"`
	Recorded   int64           `cbor:"8,keyasint"` // milliseconds since 1970 UTC
	Occurred   int64           `cbor:"9,keyasint"` // likewise
	By         trace.Actor     `cbor:"10,keyasint"`
	Provenance string          `cbor:"11,keyasint"`
	Kind       trace.FactKind  `cbor:"12,keyasint"`
	Fact       cbor.RawMessage `cbor:"13,keyasint"`
	Commitment []byte          `cbor:"14,keyasint,omitempty"`
}

// Codec holds the two modes of CBOR; it is safe for concurrent use.
type Codec struct {
	enc         cbor.EncMode
	dec         cbor.DecMode
	dictionary1 *s2.Dict
	dictionary2 *s2.Dict
}

// NewCodec makes the codec of the journal and of the record's state.
func NewCodec() Codec {
	o := cbor.CoreDetEncOptions()
	o.Time = cbor.TimeRFC3339NanoUTC
	o.BinaryMarshaler = cbor.BinaryMarshalerByteString
	enc, err := o.EncMode()
	if err != nil {
		panic(fmt.Sprintf("journal: encoding options: %v", err)) // constants; cannot happen at run time
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		BinaryUnmarshaler: cbor.BinaryUnmarshalerByteString,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, // what a later program added must not be dropped in silence
		UTF8:              cbor.UTF8DecodeInvalid,         // a reading is kept byte for byte, whatever the scanner sent
	}.DecMode()
	if err != nil {
		panic(fmt.Sprintf("journal: decoding options: %v", err))
	}
	return Codec{enc, dec, newDictionary(dictionary1), newDictionary(dictionary2)}
}

// Marshal gives v's deterministic bytes.
func (c Codec) Marshal(v any) ([]byte, error) { return c.enc.Marshal(v) }

// Unmarshal reads bytes of [Codec.Marshal].
func (c Codec) Unmarshal(b []byte, v any) error { return c.dec.Unmarshal(b, v) }

// ErrEncoding means that bytes are no entry of any known version.
var ErrEncoding = errors.New("journal: not an entry")

// Encode gives the bytes of an entry, without its sealed part.
func (c Codec) Encode(e trace.Entry) ([]byte, error) {
	fact, err := c.enc.Marshal(e.Fact)
	if err != nil {
		return nil, errFact(err)
	}
	l := leaf{
		Version: Version, Node: e.Node, Seq: e.Seq, Lamport: e.Lamport, ID: e.ID, Part: e.Part, Digest: e.Digest,
		Recorded: e.Recorded.UnixMilli(), Occurred: e.Occurred.UnixMilli(), By: e.By,
		Provenance: string(e.Provenance), Kind: e.Fact.Kind(), Fact: fact, Commitment: e.Commitment,
	}
	if e.Command != e.ID {
		l.Command = e.Command
	}
	return c.enc.Marshal(l)
}

func errFact(err error) error { return fmt.Errorf("journal: encode fact: %w", err) }

// Decode reads the bytes of an entry. The result has no sealed part yet.
func (c Codec) Decode(b []byte) (trace.Entry, error) {
	var l leaf
	if err := c.dec.Unmarshal(b, &l); err != nil {
		return trace.Entry{}, fmt.Errorf("%w: %v", ErrEncoding, err)
	}
	if l.Version != Version {
		return trace.Entry{}, fmt.Errorf("%w: version %d, and this program knows up to %d", ErrEncoding, l.Version, Version)
	}
	e := trace.Entry{
		Position: trace.Position{Node: l.Node, Seq: l.Seq}, Lamport: l.Lamport, ID: l.ID, Command: l.Command,
		Part: l.Part, Digest: l.Digest, Recorded: time.UnixMilli(l.Recorded).UTC(), Occurred: time.UnixMilli(l.Occurred).UTC(),
		By: l.By, Provenance: trace.Provenance(l.Provenance), Commitment: l.Commitment,
	}
	if e.Command.IsZero() {
		e.Command = e.ID
	}
	var err error
	if e.Fact, err = c.fact(l.Kind, l.Fact); err != nil {
		return trace.Entry{}, err
	}
	return e, nil
}

func (c Codec) fact(k trace.FactKind, b []byte) (trace.Fact, error) {
	switch k {
	case trace.KindNode:
		return decodeFact[trace.NodeFact](c, b)
	case trace.KindReading:
		return decodeFact[trace.ReadingFact](c, b)
	case trace.KindPatient:
		return decodeFact[trace.PatientFact](c, b)
	case trace.KindProcedure:
		return decodeFact[trace.ProcedureFact](c, b)
	case trace.KindUsage:
		return decodeFact[trace.UsageFact](c, b)
	case trace.KindProduct:
		return decodeFact[trace.ProductFact](c, b)
	case trace.KindApproval:
		return decodeFact[trace.ApprovalFact](c, b)
	case trace.KindErasure:
		return decodeFact[trace.ErasureFact](c, b)
	case trace.KindLink:
		return decodeFact[trace.LinkFact](c, b)
	case trace.KindRecovery:
		return decodeFact[trace.RecoveryFact](c, b)
	case trace.KindCatalogue:
		return decodeFact[trace.CatalogueFact](c, b)
	case trace.KindNotice:
		return decodeFact[trace.NoticeFact](c, b)
	case trace.KindAttachment:
		return decodeFact[trace.AttachmentFact](c, b)
	case trace.KindCase:
		return decodeFact[trace.CaseFact](c, b)
	case trace.KindCheckSetting:
		return decodeFact[trace.CheckSettingFact](c, b)
	case trace.KindQuarantine:
		return decodeFact[trace.QuarantineFact](c, b)
	case trace.KindAccount:
		return decodeFact[trace.AccountFact](c, b)
	case trace.KindCredential:
		return decodeFact[trace.CredentialFact](c, b)
	case trace.KindAudit:
		return decodeFact[trace.AuditFact](c, b)
	case trace.KindPlan:
		return decodeFact[trace.PlanFact](c, b)
	case trace.KindTracing:
		return decodeFact[trace.TracingFact](c, b)
	case trace.KindStock:
		return decodeFact[trace.StockFact](c, b)
	case trace.KindStaff:
		return decodeFact[trace.StaffFact](c, b)
	case trace.KindPlace:
		return decodeFact[trace.PlaceFact](c, b)
	case trace.KindCode:
		return decodeFact[trace.CodeFact](c, b)
	case trace.KindPhotograph:
		return decodeFact[trace.PhotographFact](c, b)
	case trace.KindSet:
		return decodeFact[trace.SetFact](c, b)
	case trace.KindRun:
		return decodeFact[trace.RunFact](c, b)
	case trace.KindRunPart:
		return decodeFact[trace.RunPartFact](c, b)
	case trace.KindAnswers:
		return decodeFact[trace.AnswersFact](c, b)
	}
	return nil, fmt.Errorf("%w: kind %d", ErrEncoding, k)
}

func decodeFact[F trace.Fact](c Codec, b []byte) (trace.Fact, error) {
	var f F
	if err := c.dec.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrEncoding, err)
	}
	return f, nil
}
