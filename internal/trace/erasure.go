package trace

import "slices"

// ErasureFact says that the keys of a patient's identity are taken away, for
// good: what was sealed with them cannot be read by anybody any more. Why is in
// the entry's Secret. It counts whenever it comes: a store that gets the keys
// later does not keep them.
type ErasureFact struct {
	Patient PatientID `json:"patient" cbor:"1,keyasint"`
	// Subjects are others whose keys go with it: readings in the patient's
	// procedures that were sealed under keys of their own.
	Subjects [][16]byte `json:"subjects,omitempty" cbor:"2,keyasint,omitempty"`
	// RunParts are parts of runs of exports that name the patient, likewise.
	RunParts [][16]byte `json:"run_parts,omitempty" cbor:"3,keyasint,omitempty"`
}

// Kind is KindErasure.
func (ErasureFact) Kind() FactKind { return KindErasure }

// Object is the patient.
func (f ErasureFact) Object() [16]byte { return f.Patient }

// Keys are all subjects whose keys are taken away.
func (f ErasureFact) Keys() [][16]byte {
	return slices.Concat([][16]byte{f.Patient}, f.Subjects, f.RunParts)
}
