package api

import (
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// moveStock records what happened to devices on a shelf.
func (s *Server) moveStock(c echo.Context) error {
	var q command.MoveStock
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	ls, err := s.Recorder.MoveStock(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]any{"lines": ls})
}

// listStock records a list of what lies on shelves.
func (s *Server) listStock(c echo.Context) error {
	b, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return unread(err)
	}
	var m command.Meta
	if m.ID, err = trace.ParseID[trace.OfEvent](c.QueryParam("id")); err != nil {
		return err
	}
	by(c, &m, viaAPI)
	rows, err := table(b)
	if err != nil {
		return err
	}
	r, err := s.Recorder.ListStock(c.Request().Context(), m, trace.StockMove(c.QueryParam("move")), rows)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

// stock lists what lies on shelves.
func (s *Server) stock(c echo.Context) error {
	most, cur, err := s.listed(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	di := c.QueryParam("di")
	p, err := collect(ctx, s.store.Stock(ctx, di, di == "", cur.After), cur, most, func(h trace.StockHit) ([]byte, trace.Position, trace.StockLine, error) {
		return h.Key, h.Line.Steps[0].Stamp.Position, h.Line, nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

// stockMove is a move as the page words it.
type stockMove struct {
	Value, Words string
}

// stockWords are the moves that the page offers.
var stockWords = []stockMove{
	{string(trace.StockReceived), "Received"}, {string(command.StockMoved), "Moved to another place"}, {string(trace.StockCounted), "Counted"}, {string(trace.StockTaken), "Taken for use"},
	{string(trace.StockPutAside), "Put aside (quarantine)"}, {string(trace.StockLetGo), "Let go out of quarantine"}, {string(trace.StockReturned), "Returned to maker or supplier"}, {string(trace.StockDestroyed), "Destroyed"},
	{string(trace.StockWithdrawn), "Recorded by mistake: nothing lies there"},
}

type stockPage struct {
	frame
	Moves   []stockMove
	Fields  map[string]string
	Problem string
	Done    []trace.StockLine
	Lines   []trace.StockLine
	More    bool
	Next    bool // the place is there, and the device comes next
	Report  *command.StockReport
	Columns []string
	Notices []trace.Notice // open ones
}

// stockShown is how many lines the page lists.
const stockShown = 200

func (s *Server) pageStock(c echo.Context) error {
	return s.stockPage(c, http.StatusOK, stockPage{Fields: map[string]string{"move": string(trace.StockReceived), "quantity": "1", "notice": c.QueryParam("notice")}})
}

func (s *Server) stockPage(c echo.Context, status int, p stockPage) (err error) {
	ctx := c.Request().Context()
	if p.frame, err = s.frame(c, "Stock"); err != nil {
		return err
	}
	p.Moves, p.Columns = stockWords, command.StockColumns()
	for h, err := range s.store.Stock(ctx, "", true, nil) {
		if err != nil {
			return whole(err)
		}
		if h.Line.OnHand == 0 {
			continue
		}
		if p.More = len(p.Lines) == stockShown; p.More {
			break
		}
		p.Lines = append(p.Lines, h.Line)
	}
	for n, err := range s.store.Notices(ctx) {
		if err != nil {
			return err
		}
		if n.State == trace.NoticeOpen {
			p.Notices = append(p.Notices, n)
		}
	}
	return s.render(c, status, "stock", "layout", p)
}

// formStock records one scan and gives the form back with everything but the scan,
// ready for the next; or it takes a list.
func (s *Server) formStock(c echo.Context) error {
	p := stockPage{Fields: make(map[string]string)}
	for _, name := range []string{"move", "place", "to", "quantity", "who", "witness", "evidence", "notice", "code", "di", "lot", "serial", "supply", "supplier", "reference"} {
		p.Fields[name] = field(c, name)
	}
	err := s.stockForm(c, &p)
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		p.Problem = problem.Detail
		return s.stockPage(c, problem.Status, p)
	}
	for _, name := range []string{"code", "di", "lot", "serial"} {
		p.Fields[name] = ""
	}
	return s.stockPage(c, http.StatusOK, p)
}

func (s *Server) stockForm(c echo.Context, p *stockPage) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	ctx, f := c.Request().Context(), p.Fields
	if field(c, "action") == "list" {
		file, _, err := c.Request().FormFile("file")
		if err != nil {
			return trace.Errorf(trace.Invalid, "Choose the file with the list.")
		}
		defer file.Close()
		b, err := io.ReadAll(io.LimitReader(file, sheet.BytesMost+1))
		if err != nil {
			return unread(err)
		}
		rows, err := table(b)
		if err != nil {
			return err
		}
		m := command.Meta{ID: id}
		by(c, &m, "page")
		r, err := s.Recorder.ListStock(ctx, m, trace.StockMove(f["move"]), rows)
		p.Report = &r
		return err
	}
	q := command.MoveStock{Move: trace.StockMove(f["move"]), Place: f["place"], To: f["to"], Who: f["who"], Witness: f["witness"], Evidence: f["evidence"],
		Supply: trace.Supply{Kind: trace.SupplyKind(f["supply"]), Supplier: f["supplier"], Reference: f["reference"]}}
	q.ID = id
	by(c, &q.Meta, "page")
	// A scanner that types leaves FNC1 where a field cannot have it; the text is kept
	// as it came.
	if code := c.Request().PostFormValue("code"); code != "" {
		q.Carriers = []trace.Carrier{{Text: code, Source: "keyboard"}}
	}
	q.Device.DI, q.Device.Lot, q.Device.Serial = f["di"], f["lot"], f["serial"]
	if len(q.Carriers) == 0 && q.Device.DI+q.Device.Lot+q.Device.Serial == "" && q.Place != "" {
		p.Next = true // the place was scanned, and the device comes next
		return nil
	}
	n, err := strconv.Atoi(f["quantity"])
	if err != nil && f["quantity"] != "" {
		return trace.Errorf(trace.Invalid, "The number of pieces is a whole number.")
	}
	if f["quantity"] != "" {
		q.Quantity = &n
	}
	if f["notice"] != "" {
		if q.Notice, err = trace.ParseID[trace.OfNotice](f["notice"]); err != nil {
			return err
		}
	}
	p.Done, err = s.Recorder.MoveStock(ctx, q)
	return err
}
