package api

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// stalled is how long one end may keep the other waiting for the next piece of a
// body or an answer that has no limit of its own.
const stalled = time.Minute

// sendingAfter is how long an answer may take to be taken after the time of its
// request.
const sendingAfter = 30 * time.Second

// pace bounds how long a connection is kept by one who sends or reads slowly. What
// has a limit in time has it in sending and reading too; what has none (an import,
// an export) goes on for as long as each piece of it moves. Where there is no
// connection (a test's recorder) there is nothing to bound.
func pace(c echo.Context, limit time.Duration) error {
	w := c.Response()
	rc := http.NewResponseController(w.Writer)
	if limit > 0 {
		return supported(errors.Join(rc.SetReadDeadline(time.Now().Add(limit)), rc.SetWriteDeadline(time.Now().Add(limit+sendingAfter))))
	}
	w.Writer = &pacedWriter{w.Writer, rc, c.Request().ProtoMajor == 2}
	var readBy time.Time
	if c.Request().Body != http.NoBody {
		readBy = time.Now().Add(stalled)
		c.Request().Body = &pacedBody{c.Request().Body, rc}
	}
	return supported(errors.Join(rc.SetReadDeadline(readBy), rc.SetWriteDeadline(time.Time{})))
}

func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

type pacedBody struct {
	io.ReadCloser
	rc *http.ResponseController
}

// Read is io.Reader's. Between two reads there is no deadline: the server would
// take one that passes for a caller who hung up. One that has passed stays: after
// the handler, the server reads the rest of a body.
func (b *pacedBody) Read(p []byte) (int, error) {
	if err := supported(b.rc.SetReadDeadline(time.Now().Add(stalled))); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	if err == nil || err == io.EOF {
		if cerr := supported(b.rc.SetReadDeadline(time.Time{})); cerr != nil {
			err = cerr
		}
	}
	return n, err
}

type pacedWriter struct {
	http.ResponseWriter
	rc     *http.ResponseController
	stream bool // of HTTP/2, which a deadline ends even while nothing is written
}

// Write is io.Writer's.
func (w *pacedWriter) Write(p []byte) (int, error) {
	if err := supported(w.rc.SetWriteDeadline(time.Now().Add(stalled))); err != nil {
		return 0, err
	}
	n, err := w.ResponseWriter.Write(p)
	if err == nil && w.stream {
		err = supported(w.rc.SetWriteDeadline(time.Time{}))
	}
	return n, err
}

// Unwrap is what http.ResponseController asks for by this name.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
