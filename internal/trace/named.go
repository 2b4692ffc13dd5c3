package trace

import (
	"context"

	"implantrace/internal/udi"
)

// NamedBy is a kind of list that can keep a device out of use.
type NamedBy string

// The kinds of list.
const (
	ByRecall     NamedBy = "recall"     // recall and field safety notices
	ByQuarantine NamedBy = "quarantine" // what the site itself has put aside
)

// Named is one finding: a list names this device, or may.
type Named struct {
	By NamedBy `json:"by"`
	// Title is what people call the notice or the reason of the quarantine, for
	// the person who scans.
	Title string `json:"title"`
	// Possible: the device cannot be excluded, because what the list goes by is
	// not known of it, or is written otherwise. Else its identifiers match.
	Possible bool `json:"possible,omitempty"`
	// Link is the page of this product on which more is said; "" for none.
	Link string `json:"link,omitempty"`
}

// Namer answers for one list whether it names a device. It is asked at every
// scan: within a millisecond, and from many goroutines.
type Namer interface {
	// By says which kind of list it is. Kinds that nobody answers for are said
	// to the person who scans as not checked.
	By() NamedBy
	// Named gives everything on the list that names d or cannot be excluded from
	// naming it. An error means that nobody knows; it is never "not named".
	Named(ctx context.Context, d udi.Device) ([]Named, error)
}
