package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"implantrace/internal/bolt"
)

// Client asks a node: the running one through its socket, or one that was
// opened for the purpose. The answers are the same.
type Client struct {
	// Running says whether a running node answers.
	Running bool
	http    *http.Client
	close   func() error
}

// Connect reaches the node of a data folder. Where none runs, it opens the
// store itself; a store that is not there is an error.
func Connect(ctx context.Context, c Config, v Version) (*Client, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if conn, err := dialSocket(ctx, c.Data); err == nil {
		conn.Close()
		t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialSocket(ctx, c.Data) }}
		return &Client{Running: true, http: &http.Client{Transport: t}, close: func() error { t.CloseIdleConnections(); return nil }}, nil
	}
	if err := c.storeThere(); err != nil {
		return nil, err
	}
	n, err := Open(ctx, Config{Data: c.Data, Keys: c.Keys, KeysCommand: c.KeysCommand, KeepYears: c.KeepYears, NoSignIn: c.NoSignIn, Name: c.Name, Zone: c.Zone}, v, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, err
	}
	return n.client(), nil
}

func (c Config) storeThere() error {
	if _, err := os.Stat(filepath.Join(c.Data, bolt.FileName)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no store in %s (name its folder with --data, or make one with implantrace serve)", c.Data)
	}
	return nil
}

// client asks this node without a network.
func (n *Node) client() *Client {
	l := newPipeListener()
	s := n.server(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // ends with Close
	}()
	t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.dial(ctx) }}
	return &Client{http: &http.Client{Transport: t}, close: func() error {
		t.CloseIdleConnections()
		err := s.Close()
		<-done
		return errors.Join(err, n.Close())
	}}
}

// Close lets go of the node.
func (c *Client) Close() error { return c.close() }

// Problem is an error that the node answered.
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string { return p.Detail }

// Do sends a request and gives its answer, whose body the caller closes. An
// answer that is a problem becomes a [*Problem].
func (c *Client) Do(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	r, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the node did not answer: %w", err)
	}
	if r.StatusCode < 400 {
		return r, nil
	}
	defer r.Body.Close()
	p := &Problem{Status: r.StatusCode}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(p); err != nil {
		p.Detail = "the node answered " + r.Status
	}
	return nil, p
}

// pipeListener takes connections from within the process.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept is net.Listener's.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close is net.Listener's.
func (l *pipeListener) Close() error { l.once.Do(func() { close(l.done) }); return nil }

// Addr is net.Listener's.
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "within the process", Net: "pipe"} }
