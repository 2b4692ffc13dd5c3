package trace

import (
	"context"
	"iter"
	"slices"
	"time"

	"implantrace/internal/udi"
)

// OfStock is what an id of a line of stock names.
type OfStock struct{}

// StockID names a line of stock: devices of one identity at one place.
type StockID = ID[OfStock]

// StockMove is what happened to devices on a shelf.
type StockMove string

// The moves. Each adds to what lies there, takes away from it, or says how many
// there are.
const (
	StockReceived  StockMove = "received"  // came in
	StockMovedIn   StockMove = "moved-in"  // from another place
	StockMovedOut  StockMove = "moved-out" // to another place
	StockReturned  StockMove = "returned"  // to the maker or supplier
	StockDestroyed StockMove = "destroyed" // here
	StockTaken     StockMove = "taken"     // for use
	StockCounted   StockMove = "counted"   // so many lie there
	StockPutAside  StockMove = "put-aside" // in quarantine: lies there still, and is not to be used
	StockLetGo     StockMove = "let-go"    // out of quarantine
	StockWithdrawn StockMove = "not-so"    // what was recorded of this line was a mistake: nothing lies there
)

// StockMoves lists them.
func StockMoves() []StockMove {
	return []StockMove{StockReceived, StockMovedIn, StockMovedOut, StockReturned, StockDestroyed, StockTaken, StockCounted, StockPutAside, StockLetGo, StockWithdrawn}
}

// StockFact says what happened to devices of one identity at one place.
type StockFact struct {
	Line     StockID    `json:"line" cbor:"1,keyasint"`
	Device   udi.Device `json:"device" cbor:"2,keyasint"`
	Place    Place      `json:"place" cbor:"3,keyasint"`
	Move     StockMove  `json:"move" cbor:"4,keyasint"`
	Quantity int        `json:"quantity" cbor:"5,keyasint"`
	Other    Place      `json:"other,omitzero" cbor:"6,keyasint,omitzero"` // it came from or went to
	Who      string     `json:"who,omitempty" cbor:"7,keyasint,omitempty"`
	Witness  string     `json:"witness,omitempty" cbor:"8,keyasint,omitempty"`  // who saw it put aside, returned or destroyed
	Evidence string     `json:"evidence,omitempty" cbor:"9,keyasint,omitempty"` // number of the return note or certificate
	Notice   NoticeID   `json:"notice,omitzero" cbor:"10,keyasint,omitzero"`    // because of which
	Damaged  bool       `json:"damaged,omitempty" cbor:"11,keyasint,omitempty"` // the code was not read whole
	Supply   Supply     `json:"supply,omitzero" cbor:"12,keyasint,omitzero"`    // whose it is until it is used
}

// Kind is KindStock.
func (StockFact) Kind() FactKind { return KindStock }

// Object is the line.
func (f StockFact) Object() [16]byte { return f.Line }

// StockLineID is the id of the line of devices of one identity at one place:
// the same whoever records it.
func StockLineID(d udi.Device, p Place) StockID {
	at := p.GLN + "\x00" + p.Extension + "\x00" + FoldName(p.Name)
	return NamedID[OfStock]("stock", d.DI+"\x00"+d.Lot+"\x00"+d.Serial+"\x00"+d.Expiry.String()+"\x00"+at)
}

// StockLine is what the record knows of devices of one identity at one place.
type StockLine struct {
	ID       StockID     `json:"id" cbor:"1,keyasint"`
	Device   udi.Device  `json:"device" cbor:"2,keyasint"`
	Place    Place       `json:"place" cbor:"3,keyasint"`
	OnHand   int         `json:"on_hand" cbor:"4,keyasint"`   // those in quarantine among them; below 0: more went than came
	PutAside int         `json:"put_aside" cbor:"5,keyasint"` // of them, in quarantine
	Damaged  bool        `json:"damaged,omitempty" cbor:"6,keyasint,omitempty"`
	From     Provenance  `json:"provenance" cbor:"7,keyasint"` // of the device's identity
	Counted  *Stamp      `json:"counted,omitempty" cbor:"8,keyasint,omitempty"`
	Steps    []StockStep `json:"steps" cbor:"9,keyasint"`
	Supply   Supply      `json:"supply,omitzero" cbor:"10,keyasint,omitzero"` // the last that was said
}

// Heard is when the last of its steps was recorded.
func (l StockLine) Heard() time.Time { return l.Steps[len(l.Steps)-1].Stamp.Recorded }

// StockStep is one thing that happened to a line.
type StockStep struct {
	Move     StockMove `json:"move" cbor:"1,keyasint"`
	Quantity int       `json:"quantity" cbor:"2,keyasint"`
	Other    Place     `json:"other,omitzero" cbor:"3,keyasint,omitzero"`
	Who      string    `json:"who,omitempty" cbor:"4,keyasint,omitempty"`
	Witness  string    `json:"witness,omitempty" cbor:"5,keyasint,omitempty"`
	Evidence string    `json:"evidence,omitempty" cbor:"6,keyasint,omitempty"`
	Notice   NoticeID  `json:"notice,omitzero" cbor:"7,keyasint,omitzero"`
	Stamp    Stamp     `json:"stamp" cbor:"8,keyasint"`
}

// Take lays one more step over a line.
func (l *StockLine) Take(f StockFact, s Stamp) {
	if l.ID.IsZero() {
		l.ID, l.Device, l.Place, l.From = f.Line, f.Device, f.Place, s.Provenance
	}
	l.Damaged = l.Damaged || f.Damaged
	if f.Supply != (Supply{}) {
		l.Supply = f.Supply
	}
	switch f.Move {
	case StockReceived, StockMovedIn:
		l.OnHand += f.Quantity
	case StockMovedOut, StockReturned, StockDestroyed, StockTaken:
		l.OnHand -= f.Quantity
		// What is returned or destroyed is first what was put aside for it.
		if f.Move != StockTaken {
			l.PutAside = max(0, l.PutAside-f.Quantity)
		}
	case StockCounted:
		l.OnHand, l.Counted = f.Quantity, &s
	case StockPutAside:
		l.PutAside += f.Quantity
	case StockLetGo:
		l.PutAside = max(0, l.PutAside-f.Quantity)
	case StockWithdrawn:
		l.OnHand, l.PutAside = 0, 0
	}
	l.PutAside = min(l.PutAside, max(0, l.OnHand))
	l.Steps = append(slices.Clip(l.Steps), StockStep{Move: f.Move, Quantity: f.Quantity, Other: f.Other, Who: f.Who, Witness: f.Witness, Evidence: f.Evidence, Notice: f.Notice, Stamp: s})
}

// StockFinder answers for what lies on shelves.
type StockFinder interface {
	// Stock gives the lines of a device identifier, those of which nothing lies
	// there any more among them, in the order of their keys, from behind one. The
	// empty identifier is of devices of which it was not recorded; all is of every.
	Stock(ctx context.Context, di string, all bool, after []byte) iter.Seq2[StockHit, error]
	StockLine(ctx context.Context, di string, id StockID) (StockLine, error)
}

// StockHit is a line of stock and the key it was found under.
type StockHit struct {
	Key  []byte
	Line StockLine
}
