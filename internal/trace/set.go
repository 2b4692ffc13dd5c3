package trace

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// OfSet is what an id of a set names.
type OfSet struct{}

// SetID names a set: a tray with pieces that have no code of their own.
type SetID = ID[OfSet]

// SupplyKind is whose a device is until it is used.
type SupplyKind string

// The kinds of supply that are not the site's own stock.
const (
	SupplyLoan        SupplyKind = "loan"        // a kit that the supplier lends and takes back
	SupplyConsignment SupplyKind = "consignment" // the supplier's stock at the site, invoiced when used
)

// Supply says that a device is the supplier's until it is used. The zero value: it
// is the site's own, or nobody said.
type Supply struct {
	Kind      SupplyKind `json:"kind,omitempty" cbor:"1,keyasint,omitempty"`
	Supplier  string     `json:"supplier,omitempty" cbor:"2,keyasint,omitempty"`  // "": not said yet
	Reference string     `json:"reference,omitempty" cbor:"3,keyasint,omitempty"` // of the loan or consignment, as the supplier numbers it
}

// String is kind, supplier and reference.
func (s Supply) String() string {
	words := map[SupplyKind]string{SupplyLoan: "loan kit", SupplyConsignment: "consignment"}[s.Kind]
	if words == "" {
		return ""
	}
	if s.Supplier == "" {
		words += ", supplier not said"
	} else {
		words += " of " + s.Supplier
	}
	if s.Reference != "" {
		words += ", " + s.Reference
	}
	return words
}

// SetItem is one kind of piece in a set.
type SetItem struct {
	DI          string `json:"di,omitempty" cbor:"1,keyasint,omitempty"`
	CatalogueNo string `json:"catalogue_no,omitempty" cbor:"2,keyasint,omitempty"`
	Description string `json:"description,omitempty" cbor:"3,keyasint,omitempty"`
	Size        string `json:"size,omitempty" cbor:"4,keyasint,omitempty"`
	Quantity    int    `json:"quantity" cbor:"5,keyasint"` // pieces in a full set
}

// Words is what the piece is called.
func (i SetItem) Words() string {
	return cmp.Or(strings.TrimSpace(i.Description+" "+i.Size), i.CatalogueNo, i.DI)
}

// SetFact says what a set is, whole: a later one takes the place of an earlier.
type SetFact struct {
	Set     SetID     `json:"set" cbor:"1,keyasint"`
	Name    string    `json:"name" cbor:"2,keyasint"`
	Code    string    `json:"code" cbor:"3,keyasint"` // the text of the barcode on the tray, as udi.PlainText has it
	Items   []SetItem `json:"items,omitempty" cbor:"4,keyasint,omitempty"`
	Supply  Supply    `json:"supply,omitzero" cbor:"5,keyasint,omitzero"`
	Removed bool      `json:"removed,omitempty" cbor:"6,keyasint,omitempty"` // there is no such set any more
}

// Kind is KindSet.
func (SetFact) Kind() FactKind { return KindSet }

// Object is the set.
func (f SetFact) Object() [16]byte { return f.Set }

// Set is what is known of a set.
type Set struct {
	SetFact
	History []Stamp `json:"history" cbor:"20,keyasint"`
}

// ItemKey names a kind of piece of a set by what it is: a code that was printed for
// one names no other, however the list is changed.
func (s SetFact) ItemKey(i SetItem) string {
	h := sha256.Sum256([]byte("implantrace set item\x00" + s.Set.String() + "\x00" + i.DI + "\x00" + i.CatalogueNo + "\x00" + i.Description + "\x00" + i.Size))
	return hex.EncodeToString(h[:8])
}

// Item finds a kind of piece by its key.
func (s SetFact) Item(key string) (SetItem, bool) {
	for _, i := range s.Items {
		if s.ItemKey(i) == key {
			return i, true
		}
	}
	return SetItem{}, false
}

// Picked says that a device was taken out of a set, by choosing it in a list: no code
// of the piece itself was read.
type Picked struct {
	Set  SetID  `json:"set" cbor:"1,keyasint"`
	Name string `json:"name" cbor:"2,keyasint"` // of the set, then
	Item string `json:"item" cbor:"3,keyasint"` // its key
	// LotUnknown: nobody knows the lot, which is not the same as nobody having
	// recorded it. It ends where a lot is recorded.
	LotUnknown bool `json:"lot_unknown,omitempty" cbor:"4,keyasint,omitempty"`
}

// LotUnknown reports whether it is recorded of the device that its lot is not known.
func (u Usage) LotUnknown() bool { return u.Picked.LotUnknown && u.Device.Lot == "" }

// LotWords is the lot as it is shown: what is recorded, that it is unknown, or that
// nobody recorded it.
func (u Usage) LotWords() string {
	switch {
	case u.Device.Lot != "":
		return u.Device.Lot
	case u.Picked.LotUnknown:
		return "unknown"
	case u.Device.Serial != "":
		return ""
	}
	return "not recorded"
}
