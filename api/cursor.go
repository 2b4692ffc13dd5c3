package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"iter"
	"net/url"

	"github.com/labstack/echo/v4"

	"implantrace/internal/trace"
)

// cursor is where a list goes on: behind a key, and at the state that the first
// page saw. That state is a position for each node; what came in later is left
// out, so that pages neither repeat nor skip.
type cursor struct {
	After []byte            `json:"k,omitempty"`
	At    map[string]uint64 `json:"at"`
	Of    string            `json:"of"` // which list: a cursor is of no use in another
}

// page is one page of a list, as it is answered.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"` // the cursor of the next page; none: this was the last
}

// listed reads what every list is asked: how many rows, and from where on.
func (s *Server) listed(c echo.Context) (most int, cur cursor, err error) {
	if most, err = limit(c); err == nil {
		cur, err = s.cursor(c)
	}
	return most, cur, err
}

func (s *Server) cursor(c echo.Context) (cursor, error) {
	cur := cursor{Of: listOf(c)}
	if q := c.QueryParam("cursor"); q != "" {
		var given cursor
		b, err := base64.RawURLEncoding.DecodeString(q)
		if err != nil || unmarshalCursor(b, &given) != nil || given.At == nil {
			return cur, trace.Errorf(trace.Invalid, "The cursor is not one that this node gave.")
		}
		if given.Of != cur.Of {
			return cur, trace.Errorf(trace.Invalid, "The cursor is of another list: ask for the next page with what the first was asked with.")
		}
		return given, nil
	}
	nodes, err := s.store.Coverage(c.Request().Context())
	cur.At = make(map[string]uint64, len(nodes))
	for _, n := range nodes {
		cur.At[n.Node.String()] = n.Entries
	}
	return cur, err
}

func unmarshalCursor(b []byte, cur *cursor) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(cur)
}

// listOf tells one list from another: its address and what was asked of it, but
// for the page and its size.
func listOf(c echo.Context) string {
	q := c.QueryParams()
	asked := make(url.Values, len(q))
	for name, values := range q {
		if name != "cursor" && name != "limit" {
			asked[name] = values
		}
	}
	h := sha256.Sum256([]byte(c.Path() + "?" + asked.Encode()))
	return hex.EncodeToString(h[:8])
}

func (c cursor) String() string {
	b, err := json.Marshal(c)
	if err != nil {
		return "" // bytes and numbers; cannot happen
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// holds reports whether something whose first entry is at p was there when the
// first page was made.
func (c cursor) holds(p trace.Position) bool { return p.Seq < c.At[p.Node.String()] }

// collect fills a page from a search. row turns a hit into its key, where its
// first entry is, and what is shown of it.
func collect[H, T any](ctx context.Context, hits iter.Seq2[H, error], cur cursor, most int, row func(H) (key []byte, first trace.Position, item T, err error)) (page[T], error) {
	p := page[T]{Items: []T{}}
	for h, err := range hits {
		if err != nil {
			return p, whole(err)
		}
		key, first, item, err := row(h)
		if err != nil {
			return p, whole(err)
		}
		if !cur.holds(first) {
			continue
		}
		if len(p.Items) == most {
			p.Next = cur.String()
			return p, nil
		}
		p.Items = append(p.Items, item)
		cur.After = key
	}
	return p, ctx.Err()
}
