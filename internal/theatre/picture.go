package theatre

import (
	"context"
	"fmt"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// TakePicture records every symbol of one photograph and answers each; two
// symbols that say the same of one device are one usage. A picture without a
// symbol that can be relied on is recorded as one reading without text. The
// picture itself, a JPEG, is kept with the procedure if there is one; nil: it is
// not.
func (d *Desk) TakePicture(ctx context.Context, id trace.EventID, symbols []scanner.Reading, procedure trace.ProcedureID, picture []byte) ([]Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(symbols) == 0 {
		symbols = []scanner.Reading{{Source: scanner.SourcePicture}}
	}
	var answers []Answer
	seen := map[udi.Device]trace.UsageID{}
	conflict := d.conflict(symbols)
	for i, r := range symbols {
		part := id
		if i > 0 {
			part = trace.DeriveID[trace.OfEvent](id, fmt.Sprint("symbol ", i))
		}
		device := udi.Understand(r.ScanData(), d.recorder.Clock()).Device
		a, err := d.take(ctx, part, r, procedure, pack{device, seen[device], conflict, picture})
		if err != nil {
			return answers, err
		}
		if !device.IsZero() && !a.Usage.IsZero() {
			seen[device] = a.Usage
		}
		picture = nil // the first reading's entry has it
		answers = append(answers, a)
	}
	return answers, nil
}

// conflict is what the device codes of one photograph say otherwise of one
// another; "" where they agree.
func (d *Desk) conflict(symbols []scanner.Reading) string {
	var read []udi.Meaning
	for _, r := range symbols {
		if m := udi.Understand(r.ScanData(), d.recorder.Clock()); m.Kind == udi.KindDevice {
			read = append(read, m)
		}
	}
	if len(read) < 2 {
		return ""
	}
	if i, ok := udi.Join(read...).Conflict(); ok {
		return "The codes in the picture do not agree: " + i.Message
	}
	return ""
}
