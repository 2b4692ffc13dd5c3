package trace

// PlanItem is one device that is planned: by its identifier, or by what it is to
// be.
type PlanItem struct {
	DI         string     `json:"di,omitempty" cbor:"1,keyasint,omitempty"`
	Maker      string     `json:"maker,omitempty" cbor:"2,keyasint,omitempty"`
	Side       Side       `json:"side,omitempty" cbor:"3,keyasint,omitempty"` // it is to go into
	Attributes Attributes `json:"attributes,omitzero" cbor:"4,keyasint,omitzero"`
}

// StaysItem is a component that stays in the patient and is in no record here:
// entered by hand, so that what goes in can be held against it.
type StaysItem struct {
	DI         string     `json:"di,omitempty" cbor:"1,keyasint,omitempty"`
	Maker      string     `json:"maker,omitempty" cbor:"2,keyasint,omitempty"`
	Side       Side       `json:"side,omitempty" cbor:"3,keyasint,omitempty"`
	Attributes Attributes `json:"attributes,omitzero" cbor:"4,keyasint,omitzero"`
}

// Plan is what is planned for a procedure, and what stays in from before.
type Plan struct {
	Procedure ProcedureID `json:"procedure" cbor:"1,keyasint"`
	Items     []PlanItem  `json:"items" cbor:"2,keyasint"`
	Stays     []StaysItem `json:"stays,omitempty" cbor:"3,keyasint,omitempty"`
	History   []Stamp     `json:"history" cbor:"4,keyasint"`
	ToConfirm bool        `json:"to_confirm,omitempty" cbor:"5,keyasint,omitempty"`
	Who       string      `json:"who,omitempty" cbor:"6,keyasint,omitempty"`
	Confirmed string      `json:"confirmed,omitempty" cbor:"7,keyasint,omitempty"` // by whom; "": by nobody yet
	Entry     EventID     `json:"entry,omitzero" cbor:"8,keyasint,omitzero"`       // that says it, for whoever confirms it
}

// Open reports whether an item is planned by what it is to be rather than by
// its identifier.
func (p Plan) Open() bool {
	for _, i := range p.Items {
		if i.DI == "" {
			return true
		}
	}
	return false
}
