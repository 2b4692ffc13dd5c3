package command

import (
	"context"
	"strings"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// MoveStock says what happened to devices on a shelf. The device is given as the
// text of its carriers, or in fields; a place as the text of its barcode, or its name.
type MoveStock struct {
	Meta
	Move     trace.StockMove `json:"move"` // "moved": from one place to another
	Carriers []trace.Carrier `json:"carriers,omitempty"`
	Device   udi.Device      `json:"device,omitzero"`
	Place    string          `json:"place"`
	To       string          `json:"to,omitempty"`       // of a move: the other place; of a return: to whom
	Quantity *int            `json:"quantity,omitempty"` // nil: 1
	Who      string          `json:"who,omitempty"`
	Witness  string          `json:"witness,omitempty"`  // wanted when devices are put aside or destroyed
	Evidence string          `json:"evidence,omitempty"` // number of the return note or certificate; wanted of a return or destruction
	Notice   trace.NoticeID  `json:"notice,omitzero"`
	Supply   trace.Supply    `json:"supply,omitzero"` // whose it is until it is used
}

// StockMoved is a move from one place to another: two steps, of two lines.
const StockMoved trace.StockMove = "moved"

// piecesMost bounds one move.
const piecesMost = 100_000

// MoveStock carries the command out and gives the lines that it changed.
func (r Recorder) MoveStock(ctx context.Context, c MoveStock) ([]trace.StockLine, error) {
	canon, receipt, done, err := r.Before(ctx, c.ID, "move stock", c)
	if err != nil {
		return nil, err
	}
	if !done {
		drafts, err := r.stockDrafts(ctx, c)
		if err != nil {
			return nil, err
		}
		if receipt, err = r.record(ctx, c.Meta, canon, drafts...); err != nil {
			return nil, err
		}
	}
	return r.stockOf(ctx, receipt)
}

// stockOf are the lines that a command changed, as they are now.
func (r Recorder) stockOf(ctx context.Context, at trace.Receipt) (all []trace.StockLine, err error) {
	for e, err := range r.Store.Entries(ctx, trace.Position{Node: at.Node, Seq: at.Seq}) {
		if err != nil {
			return nil, err
		}
		f, ok := e.Fact.(trace.StockFact)
		if !ok || e.Command != at.Command {
			break
		}
		l, err := r.Store.StockLine(ctx, f.Device.DI, f.Line)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	if len(all) == 0 {
		return nil, trace.Errorf(trace.Conflict, "the id %s was used for something that is no move of stock", at.Command)
	}
	return all, nil
}

func (r Recorder) stockDrafts(ctx context.Context, c MoveStock) ([]trace.Draft, error) {
	if c.Move != StockMoved {
		if err := oneOf("the move", c.Move, trace.StockMoves()); err != nil {
			return nil, err
		}
	}
	if c.Move == trace.StockMovedIn || c.Move == trace.StockMovedOut {
		return nil, trace.Errorf(trace.Invalid, `A move between places is one step: "moved", with both places.`)
	}
	if err := carriers(c.Carriers); err != nil {
		return nil, err
	}
	if len(c.Carriers) == 0 && c.Device.IsZero() {
		return nil, trace.Errorf(trace.Invalid, "Scan the device, or type what its label says.")
	}
	now := r.Clock()
	m, err := Understood(c.Carriers, c.Device, now)
	if err != nil {
		return nil, err
	}
	if m.Device.DI == "" && m.Device.Lot == "" && m.Device.Serial == "" && m.Device.DonationID == "" {
		return nil, trace.Errorf(trace.Invalid, "The code was not understood: nothing of it names a device. Scan again, or type what the label says.")
	}
	if err := lines("the name", c.Who, "the witness", c.Witness, "the evidence", c.Evidence); err != nil {
		return nil, err
	}
	if c.Supply, err = supply(c.Supply); err != nil {
		return nil, err
	}
	place, err := r.placeOf(c.Place)
	if err != nil {
		return nil, err
	}
	if place == (trace.Place{}) {
		return nil, trace.Errorf(trace.Invalid, "Scan the place, or type its name.")
	}
	other, err := r.placeOf(c.To)
	if err != nil {
		return nil, err
	}
	n := 1
	if c.Quantity != nil {
		n = *c.Quantity
	}
	c.Who, c.Witness, c.Evidence = strings.TrimSpace(c.Who), strings.TrimSpace(c.Witness), strings.TrimSpace(c.Evidence)
	switch {
	case n < 0 || n > piecesMost || n == 0 && c.Move != trace.StockCounted && c.Move != trace.StockWithdrawn:
		return nil, trace.Errorf(trace.Invalid, "The number of pieces is from 1 to %d; a count may be 0.", piecesMost)
	case m.Device.Serial != "" && n > 1:
		return nil, trace.Errorf(trace.Invalid, "There is one piece of a serial number.")
	case c.Move == StockMoved && other == (trace.Place{}):
		return nil, trace.Errorf(trace.Invalid, "Say where to it is moved.")
	case c.Move == StockMoved && other == place:
		return nil, trace.Errorf(trace.Invalid, "It is moved from a place to itself.")
	case (c.Move == trace.StockPutAside || c.Move == trace.StockDestroyed) && (c.Witness == "" || c.Who == ""):
		return nil, trace.Errorf(trace.Invalid, "Two people put devices aside or destroy them: say who did it, and who saw it.")
	case c.Witness != "" && trace.FoldName(c.Witness) == trace.FoldName(c.Who):
		return nil, trace.Errorf(trace.Invalid, "The witness is somebody else than who did it.")
	case (c.Move == trace.StockDestroyed || c.Move == trace.StockReturned) && c.Evidence == "":
		return nil, trace.Errorf(trace.Invalid, "A return or destruction wants its evidence: the number of the return note or certificate.")
	}
	if !c.Notice.IsZero() {
		if _, err := r.Store.Notice(ctx, c.Notice); err != nil {
			return nil, err
		}
	}
	if c.Provenance == trace.Typed && len(c.Carriers) > 0 {
		c.Provenance = trace.Scanned
	}
	step := func(at trace.Place, move trace.StockMove, other trace.Place) (trace.Draft, error) {
		device, err := r.lineAt(ctx, m.Device, at)
		return trace.Draft{Occurred: c.Occurred, Provenance: c.Provenance, Fact: trace.StockFact{Line: trace.StockLineID(device, at), Device: device, Place: at, Move: move, Quantity: n, Other: other,
			Who: c.Who, Witness: c.Witness, Evidence: c.Evidence, Notice: c.Notice, Damaged: m.Damaged(), Supply: c.Supply}}, err
	}
	if c.Move != StockMoved {
		d, err := step(place, c.Move, other)
		return []trace.Draft{d}, err
	}
	out, err := step(place, trace.StockMovedOut, other)
	if err != nil {
		return nil, err
	}
	in, err := step(other, trace.StockMovedIn, place)
	return []trace.Draft{out, in}, err
}

// lineAt is the device under which its line at a place goes: its own, unless that
// has none there and another has, of the same identifier, lot and serial number, of
// which no other expiry is known, as of a list that gives none.
func (r Recorder) lineAt(ctx context.Context, d udi.Device, at trace.Place) (udi.Device, error) {
	own := trace.StockLineID(d, at)
	var found *udi.Device
	for h, err := range r.Store.Stock(ctx, d.DI, false, nil) {
		if err != nil {
			return d, err
		}
		l := h.Line
		switch {
		case l.ID == own:
			return d, nil
		case l.ID != trace.StockLineID(l.Device, at) || l.Device.Lot != d.Lot || l.Device.Serial != d.Serial:
		case l.Device.Expiry.IsZero() || d.Expiry.IsZero():
			found = &l.Device
		}
	}
	if found != nil {
		return *found, nil
	}
	return d, nil
}

// placeOf reads a place: the text of its barcode, or its name.
func (r Recorder) placeOf(s string) (trace.Place, error) {
	if s = strings.TrimSpace(s); s == "" {
		return trace.Place{}, nil
	}
	if m := r.Rules.Understand(s, r.Clock()); m.Kind == udi.KindPlace {
		if m.Damaged() {
			return trace.Place{}, trace.Errorf(trace.Invalid, "The code of the place is damaged. Scan it again, or type the name.")
		}
		return trace.Place{GLN: m.Place.GLN, Extension: m.Place.Extension}, nil
	}
	return trace.Place{Name: s}, line("the place", s)
}

// StockRow is one row of a list of stock, or why it was refused.
type StockRow struct {
	Line    int    `json:"line"` // from 1; the heading is 1
	Refused string `json:"refused"`
}

// StockReport is what became of a list of stock.
type StockReport struct {
	Rows     int        `json:"rows"`
	Recorded int        `json:"recorded"`
	Refused  []StockRow `json:"refused"`
}

// StockColumns are the columns of a list of stock.
func StockColumns() []string {
	return []string{"di", "lot", "serial", "expiry", "quantity", "place", "gln", "code", "supply", "supplier", "reference"}
}

// ListStock records a list of what lies on shelves: each row is a count, or what was
// received. The list's id and a row make the row's id: the same list again records
// nothing twice. A row that makes no sense is refused, and the others are recorded.
func (r Recorder) ListStock(ctx context.Context, m Meta, move trace.StockMove, rows [][]string) (report StockReport, err error) {
	report.Refused = []StockRow{}
	if move != trace.StockCounted && move != trace.StockReceived {
		return report, trace.Errorf(trace.Invalid, `A list is of what was "counted" or "received".`)
	}
	if len(rows) < 2 {
		return report, trace.Errorf(trace.Invalid, "The list has no rows. Its columns are %s.", strings.Join(StockColumns(), ", "))
	}
	columns := make([]string, len(rows[0]))
	for i, h := range rows[0] {
		columns[i] = strings.ToLower(strings.TrimSpace(h))
		if err := oneOf("a column", columns[i], StockColumns()); err != nil {
			return report, err
		}
	}
	m.Provenance = trace.Imported
	for i, cells := range rows[1:] {
		if strings.Join(cells, "") == "" {
			continue
		}
		report.Rows++
		q, err := stockRow(columns, cells)
		if err == nil {
			q.Meta, q.Move, q.Who = m, move, m.By.Name
			q.ID = trace.DeriveID[trace.OfEvent](m.ID, string(move)+"\x00"+strings.Join(cells, "\x00"))
			_, err = r.MoveStock(ctx, q)
		}
		switch k := trace.KindOf(err); {
		case err == nil:
			report.Recorded++
		case k == trace.Invalid || k == trace.Conflict:
			report.Refused = append(report.Refused, StockRow{i + 2, err.Error()})
		default:
			return report, err
		}
	}
	return report, nil
}

// stockRow reads one row.
func stockRow(columns, cells []string) (c MoveStock, err error) {
	for i, cell := range cells {
		if cell = strings.TrimSpace(cell); cell == "" || i >= len(columns) {
			continue
		}
		switch columns[i] {
		case "di":
			if c.Device.DI, err = udi.ParseDI(cell); err != nil {
				return c, trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
			}
			c.Device.Agency = udi.AgencyOf(c.Device.DI)
		case "supply":
			c.Supply.Kind = trace.SupplyKind(strings.ToLower(cell))
		case "supplier":
			c.Supply.Supplier = cell
		case "reference":
			c.Supply.Reference = cell
		case "lot":
			c.Device.Lot = cell
		case "serial":
			c.Device.Serial = cell
		case "expiry":
			if err := date("The expiry", cell); err != nil {
				return c, err
			}
			c.Device.Expiry = udi.Date{Day: cell, Precision: udi.PrecisionDay}
		case "quantity":
			n := 0
			for _, d := range cell {
				if d < '0' || d > '9' || n > piecesMost {
					return c, trace.Errorf(trace.Invalid, "The quantity is no number of pieces.")
				}
				n = 10*n + int(d-'0')
			}
			c.Quantity = &n
		case "place":
			c.Place = cell
		case "gln":
			if c.Place == "" {
				c.Place = "(414)" + cell
			}
		case "code":
			c.Carriers = append(c.Carriers, trace.Carrier{Text: cell})
		}
	}
	return c, nil
}
