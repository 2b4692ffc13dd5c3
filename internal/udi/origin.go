package udi

// Certainty says how sure a value is.
type Certainty string

// How a value was come by.
const (
	CertaintyRead     Certainty = "read"     // it stands in the carrier
	CertaintyRepaired Certainty = "repaired" // it stands there, once a listed repair is undone
	CertaintyInferred Certainty = "inferred" // it follows from what stands there, as the last day of a month
)

// Origin says where a value of a Device comes from.
type Origin struct {
	Field   string    `json:"field"`   // the JSON name of the Device's field
	Carrier int       `json:"carrier"` // which of the carriers of a pack, from 0
	Offset  int       `json:"offset"`  // bytes in the carrier's text
	Length  int       `json:"length"`
	How     Certainty `json:"how"`
}
