package trace

// PhotographFact says that a picture of what was scanned in a procedure is kept.
// The picture, a JPEG, is in the entry's Secret (Raw), sealed under the patient's
// key.
type PhotographFact struct {
	Photograph EventID     `json:"photograph" cbor:"1,keyasint"`
	Procedure  ProcedureID `json:"procedure" cbor:"2,keyasint"`
	Size       int         `json:"size" cbor:"3,keyasint"` // bytes
	SHA256     Hash        `json:"sha256" cbor:"4,keyasint"`
}

// Kind is KindPhotograph.
func (PhotographFact) Kind() FactKind { return KindPhotograph }

// Object is the photograph of the procedure.
func (f PhotographFact) Object() [16]byte {
	return DeriveID[OfEvent](f.Procedure, "photograph/"+f.Photograph.String())
}

// Photograph is a photograph that is kept, and where it stands: [Finder].Secret
// opens it.
type Photograph struct {
	PhotographFact
	Stamp Stamp `json:"stamp" cbor:"20,keyasint"`
}
