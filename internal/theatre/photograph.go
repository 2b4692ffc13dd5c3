package theatre

import (
	"crypto/sha256"

	"implantrace/internal/trace"
)

// photograph keeps the picture that a reading comes from, sealed under the key of
// the patient whose procedure it was taken in. A picture of no procedure is not
// kept: nobody could say whose it is.
func (t *taking) photograph() []trace.Draft {
	if len(t.pack.picture) == 0 || t.procedure.ID.IsZero() {
		return nil
	}
	return []trace.Draft{{
		Fact: trace.PhotographFact{Photograph: trace.DeriveID[trace.OfEvent](t.id, "photograph"), Procedure: t.procedure.ID,
			Size: len(t.pack.picture), SHA256: sha256.Sum256(t.pack.picture)},
		Secret: &trace.Secret{Raw: string(t.pack.picture)}, Subject: t.procedure.Patient,
	}}
}
