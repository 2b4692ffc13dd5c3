package record

import (
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// looseReading reports whether a reading may be of a device that is in no usage,
// and under which device identifier: a device read while no procedure was open,
// or a code read in a procedure that was not understood (then under none).
func looseReading(f trace.ReadingFact, at time.Time) (di string, loose bool) {
	switch {
	case !f.Usage.IsZero():
		return "", false
	case f.Means == udi.KindDevice:
		return udi.Understand(f.Symbology+f.Text, at).Device.DI, true
	}
	return "", f.Means == udi.KindText && !f.Procedure.IsZero()
}
