package trace

// AnswersFact is the whole of what was answered to a form's questions about one
// side of a procedure: a later one takes the place of an earlier. The answers are
// in the entry's Secret, sealed under the patient's key.
type AnswersFact struct {
	Procedure ProcedureID `json:"procedure" cbor:"1,keyasint"`
	Form      string      `json:"form" cbor:"2,keyasint"` // "njr"
	Side      Side        `json:"side,omitempty" cbor:"3,keyasint,omitempty"`
	Section   string      `json:"section,omitempty" cbor:"4,keyasint,omitempty"` // the part of the form that was filled in: "HIP PRIMARY"
}

// Kind is KindAnswers.
func (AnswersFact) Kind() FactKind { return KindAnswers }

// Object is the form of one side of the procedure.
func (f AnswersFact) Object() [16]byte {
	return DeriveID[OfEvent](f.Procedure, "answers/"+f.Form+"/"+string(f.Side))
}

// Answers is which form of a procedure was filled in last, and where the answers
// stand: [Finder].Secret opens them.
type Answers struct {
	AnswersFact
	Stamp   Stamp   `json:"stamp" cbor:"20,keyasint"`
	History []Stamp `json:"history" cbor:"21,keyasint"`
}
