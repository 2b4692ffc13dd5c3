package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// piped is a listener whose connections are in memory, where a test's clock holds.
type piped struct{ conns chan net.Conn }

func (p *piped) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p *piped) Close() error   { return nil }
func (p *piped) Addr() net.Addr { return &net.UnixAddr{Name: "test", Net: "pipe"} }

// paced runs a conversation with a node, by a clock that only waiting moves.
func paced(t *testing.T, talk func(t *testing.T, c net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		l := &piped{make(chan net.Conn, 1)}
		s := &http.Server{Handler: n.server, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		here, there := net.Pipe()
		l.conns <- there
		talk(t, here)
		here.Close()
		close(l.conns)
		s.Close()
		<-done
	})
}

// untilClosed gives how long a connection stays open.
func untilClosed(c net.Conn) time.Duration {
	began := time.Now()
	_, _ = io.Copy(io.Discard, c)
	return time.Since(began)
}

func TestABodyThatTricklesInEnds(t *testing.T) {
	// A request with a limit in time: its body may not take longer.
	paced(t, func(t *testing.T, c net.Conn) {
		fmt.Fprintf(c, "POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
		var drops sync.WaitGroup
		drops.Go(func() {
			for {
				if _, err := c.Write([]byte("{")); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		if took := untilClosed(c); took > 31*time.Second {
			t.Errorf("a body by drops keeps a connection for %s", took)
		}
		c.Close()
		drops.Wait()
	})
	// One without: it goes on while it moves, and ends when it does not.
	paced(t, func(t *testing.T, c net.Conn) {
		fmt.Fprintf(c, "POST /api/v1/imports?source=test HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n")
		moved := time.Now()
		for range 20 {
			time.Sleep(30 * time.Second)
			if _, err := c.Write([]byte(" ")); err != nil {
				t.Fatalf("an import that moves was cut off after %s: %v", time.Since(moved), err)
			}
		}
		if took := untilClosed(c); took > 61*time.Second {
			t.Errorf("an import that stopped keeps a connection for %s", took)
		}
	})
}

// A body that nobody asked for keeps no connection either.
func TestABodyThatNobodyReadsEnds(t *testing.T) {
	for _, target := range []string{"POST /nothing", "POST /healthz", "GET /theatre", "POST /api/v1/imports?wrong=1"} {
		paced(t, func(t *testing.T, c net.Conn) {
			fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", target)
			if took := untilClosed(c); took > 3*time.Minute+time.Second {
				t.Errorf("%s: its body is waited for for %s", target, took)
			}
		})
	}
}

func TestAnAnswerThatNobodyReadsEnds(t *testing.T) {
	paced(t, func(t *testing.T, c net.Conn) {
		fmt.Fprintf(c, "GET /api/v1/theatre/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		r := bufio.NewReaderSize(c, 16)
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 200") {
			t.Fatalf("%q, %v", line, err)
		}
		began := time.Now()
		for time.Since(began) < 10*time.Minute { // a page that reads stays
			if _, err := r.ReadString('\n'); err != nil {
				t.Fatalf("after %s: %v", time.Since(began), err)
			}
		}
		time.Sleep(62 * time.Second) // and does not read any more
		if took := untilClosed(c); took > 0 {
			t.Errorf("a page that does not read keeps its connection for %s more", took)
		}
	})
}
