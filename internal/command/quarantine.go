package command

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Quarantine keeps devices out of use: all of a device identifier, or those of
// some lots, serials or a range of serials of it. Its id becomes the
// quarantine's. It is in force with the next scan.
type Quarantine struct {
	Meta
	DI         string   `json:"di"`
	Lots       []string `json:"lots,omitempty"`
	Serials    []string `json:"serials,omitempty"`
	SerialFrom string   `json:"serial_from,omitempty"` // a range, both ends in it
	SerialTo   string   `json:"serial_to,omitempty"`
	Reason     string   `json:"reason"`
	Who        string   `json:"who,omitempty"`
}

// listedMost bounds the lots and serials of one quarantine.
const listedMost = 10_000

// Quarantine carries the command out.
func (r Recorder) Quarantine(ctx context.Context, c Quarantine) (trace.QuarantineID, error) {
	id := trace.QuarantineID(c.ID)
	canon, err := canonical("quarantine", c)
	if err != nil {
		return id, err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return id, err
	}
	di, err := udi.ParseDI(c.DI)
	if err != nil {
		return id, trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
	}
	if c.Reason = strings.TrimSpace(c.Reason); c.Reason == "" {
		return id, trace.Errorf(trace.Invalid, "A quarantine wants a reason: whoever scans the device reads it.")
	}
	if len(c.Lots)+len(c.Serials) > listedMost {
		return id, trace.Errorf(trace.Invalid, "More than %d lots and serials are too many for one quarantine.", listedMost)
	}
	if (c.SerialFrom == "") != (c.SerialTo == "") {
		return id, trace.Errorf(trace.Invalid, "A range of serials wants both of its ends.")
	}
	if err := lines("the reason", c.Reason, "the name", c.Who, "a serial", c.SerialFrom, "a serial", c.SerialTo); err != nil {
		return id, err
	}
	for _, v := range append(append([]string(nil), c.Lots...), c.Serials...) {
		if v == "" || strings.TrimSpace(v) != v {
			return id, trace.Errorf(trace.Invalid, "A lot or serial is empty, or begins or ends with a space.")
		}
		if err := line("a lot or serial", v); err != nil {
			return id, err
		}
	}
	_, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: trace.QuarantineFact{Quarantine: id, DI: di, Lots: c.Lots, Serials: c.Serials,
		SerialFrom: c.SerialFrom, SerialTo: c.SerialTo, Reason: c.Reason, Who: c.Who}})
	return id, err
}

// Release lets the devices of a quarantine go.
type Release struct {
	Meta
	Quarantine trace.QuarantineID `json:"quarantine"`
	Reason     string             `json:"reason"`
	Who        string             `json:"who,omitempty"`
}

// Release carries the command out.
func (r Recorder) Release(ctx context.Context, c Release) error {
	canon, err := canonical("release", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	q, err := r.Store.Quarantine(ctx, c.Quarantine)
	if err != nil {
		return err
	}
	if q.Released {
		return trace.Errorf(trace.Conflict, "This quarantine was released already.")
	}
	if c.Reason = strings.TrimSpace(c.Reason); c.Reason == "" {
		return trace.Errorf(trace.Invalid, "Say why the devices may be used again.")
	}
	if err := lines("the reason", c.Reason, "the name", c.Who); err != nil {
		return err
	}
	_, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: trace.QuarantineFact{Quarantine: c.Quarantine, Released: true, Reason: c.Reason, Who: c.Who}})
	return err
}

// QuarantineRow is one row of a list of quarantines, or why it was refused.
type QuarantineRow struct {
	Line       int                `json:"line"`
	Quarantine trace.QuarantineID `json:"quarantine,omitzero"`
	Refused    string             `json:"refused,omitempty"`
}

// QuarantineCSV records a list of quarantines: CSV with a header line and the
// columns di, lot, serial, serial_from, serial_to and reason, one quarantine a
// row. The list's id and a row's line make the row's id: the same list again
// records nothing twice. A row that makes no sense is refused, and the others
// are recorded.
func (r Recorder) QuarantineCSV(ctx context.Context, m Meta, list io.Reader) (rows []QuarantineRow, err error) {
	in := csv.NewReader(list)
	header, err := in.Read()
	if err != nil {
		return nil, trace.Errorf(trace.Invalid, "The list wants a header line: di, lot, serial, serial_from, serial_to, reason.")
	}
	columns := make([]string, len(header))
	for i, h := range header {
		columns[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		switch columns[i] {
		case "di", "lot", "serial", "serial_from", "serial_to", "reason":
		default:
			return nil, trace.Errorf(trace.Invalid, "There is no column %q; the columns are di, lot, serial, serial_from, serial_to, reason.", columns[i])
		}
	}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			rows = append(rows, QuarantineRow{Line: parse.StartLine, Refused: parse.Err.Error()})
			continue
		}
		if err != nil {
			return rows, err
		}
		at, _ := in.FieldPos(0)
		q := Quarantine{Meta: m}
		q.ID = trace.DeriveID[trace.OfEvent](m.ID, strings.Join(cells, "\x00"))
		for i, cell := range cells {
			if cell = strings.TrimSpace(cell); cell == "" {
				continue
			}
			switch columns[i] {
			case "di":
				q.DI = cell
			case "lot":
				q.Lots = []string{cell}
			case "serial":
				q.Serials = []string{cell}
			case "serial_from":
				q.SerialFrom = cell
			case "serial_to":
				q.SerialTo = cell
			case "reason":
				q.Reason = cell
			}
		}
		row := QuarantineRow{Line: at}
		row.Quarantine, err = r.Quarantine(ctx, q)
		switch k := trace.KindOf(err); {
		case err == nil:
		case k == trace.Invalid || k == trace.Conflict:
			row.Quarantine, row.Refused = trace.QuarantineID{}, err.Error()
		default:
			return rows, err
		}
		rows = append(rows, row)
	}
}
