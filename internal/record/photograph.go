package record

import "implantrace/internal/trace"

// PhotographKey is the key of a photograph in Photographs.
func PhotographKey(p trace.ProcedureID, id trace.EventID) []byte { return join(p[:], id[:]) }
