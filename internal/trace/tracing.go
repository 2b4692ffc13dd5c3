package trace

// TracingFact is what a tracing service, such as the Personal Demographics
// Service, said of a patient on a day. Address, general practitioner and date of
// death are in the entry's Secret.
type TracingFact struct {
	Patient PatientID `json:"patient" cbor:"1,keyasint"`
	Day     string    `json:"day" cbor:"2,keyasint"`    // YYYY-MM-DD, of the trace
	Source  string    `json:"source" cbor:"3,keyasint"` // who traced
	Died    bool      `json:"died,omitempty" cbor:"4,keyasint,omitempty"`
	Address bool      `json:"address,omitempty" cbor:"5,keyasint,omitempty"` // one was found
	GP      bool      `json:"gp,omitempty" cbor:"6,keyasint,omitempty"`      // likewise
	// Confirmed: a person has asked elsewhere whether the patient lives, because
	// traces contradict each other.
	Confirmed bool `json:"confirmed,omitempty" cbor:"7,keyasint,omitempty"`
}

// Kind is KindTracing.
func (TracingFact) Kind() FactKind { return KindTracing }

// Object is the tracing of the patient: apart from the patient's own entries, and
// sealed under the patient's key.
func (f TracingFact) Object() [16]byte { return DeriveID[OfEvent](f.Patient, "tracing") }

// Tracing is what is known of a patient from traces: what the one of the latest
// day said.
type Tracing struct {
	TracingFact
	Stamp Stamp `json:"stamp" cbor:"20,keyasint"`
	// Contradicted: an earlier trace, or another of that day, said that the patient
	// had died; this one does not, and no person has confirmed it.
	Contradicted bool    `json:"contradicted,omitempty" cbor:"21,keyasint,omitempty"`
	History      []Stamp `json:"history" cbor:"22,keyasint"`
}

// Where is what a trace says that is sealed.
type Where struct {
	Address string `json:"address,omitempty"` // its lines, postcode last
	GP      string `json:"gp,omitempty"`      // name, then lines of the address
	Died    string `json:"died,omitempty"`    // YYYY-MM-DD; "" where the day is not known
}
