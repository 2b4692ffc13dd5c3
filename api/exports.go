package api

import (
	"bufio"
	"io"
	"iter"

	"github.com/labstack/echo/v4"

	"implantrace/internal/fhir"
	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// exported gives the procedures that an export asks for: one, or a period. It
// answers errors that are known before the first byte.
func (s *Server) exported(c echo.Context) (iter.Seq2[trace.ProcedureInFull, error], error) {
	return s.proceduresOf(c, map[string]string{"procedure": c.QueryParam("procedure"), "from": c.QueryParam("from"), "to": c.QueryParam("to")})
}

// proceduresOf is exported for what a form says as well as a query: procedure, from
// and to.
func (s *Server) proceduresOf(c echo.Context, q map[string]string) (iter.Seq2[trace.ProcedureInFull, error], error) {
	ctx := c.Request().Context()
	from, to, err := periodOf(q["from"], q["to"], s.Recorder.Zone())
	if err != nil {
		return nil, err
	}
	var one trace.ProcedureID
	if p := q["procedure"]; p != "" {
		if one, err = trace.ParseID[trace.OfProcedure](p); err != nil {
			return nil, err
		}
		if !from.IsZero() || !to.IsZero() {
			return nil, trace.Errorf(trace.Invalid, "An export is of one procedure or of a period, not of both.")
		}
		if _, err := s.store.Procedure(ctx, one); err != nil {
			return nil, err
		}
	}
	return trace.ProceduresInFull(ctx, s.store, one, trace.ProcedureQuery{From: from, To: to}), nil
}

func (s *Server) exportISO16054(c echo.Context) error {
	rows, err := s.exported(c)
	if err != nil {
		return err
	}
	return send(c, "text/csv; charset=utf-8; header=present", "iso16054.csv", func(w io.Writer) error {
		_, err := registry.WriteISO16054(w, rows, registry.Options{Generated: s.Recorder.Clock(), Location: s.Recorder.Zone()})
		return err
	})
}

func (s *Server) exportFHIR(c echo.Context) error {
	rows, err := s.exported(c)
	if err != nil {
		return err
	}
	return send(c, "application/fhir+json; charset=utf-8", "bundle.json", func(w io.Writer) error {
		_, err := fhir.WriteBundle(w, rows, fhir.Options{Generated: s.Recorder.Clock()})
		return err
	})
}

// send answers with what write writes, as it comes. What fails before the first
// byte is answered as a problem; what breaks off later cuts the connection:
// half an export never looks whole.
func send(c echo.Context, contentType, name string, write func(io.Writer) error) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, contentType)
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	w := bufio.NewWriterSize(c.Response(), 1<<16)
	// Only its Write is handed on: whoever flushes does not send it off.
	err := write(struct{ io.Writer }{w})
	switch {
	case err == nil:
		return w.Flush()
	case !c.Response().Committed:
		h.Del(echo.HeaderContentDisposition)
	default:
		_ = w.Flush() // the export's own last word, that it is cut off; then so is the connection
	}
	return whole(err)
}
