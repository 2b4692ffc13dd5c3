package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Web sends checkpoints to a server: by PUT, each under its own name, where the
// address ends in a slash; by POST to the address itself where it does not.
type Web struct {
	address *url.URL
	client  *http.Client
}

const (
	webTime    = 20 * time.Second // a request may take
	answerMost = 4 << 10          // bytes of an answer that are read
)

// NewWeb takes an https address, or an http one of this machine. The address
// comes from the operator's settings alone, never from a request; redirections
// are not followed, and addresses that only the machine's own surroundings
// answer to (link-local ones, which cloud metadata services use) are refused.
func NewWeb(address string) (*Web, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is no address", address)
	case u.User != nil:
		return nil, errors.New("an address with a name or password in it would be seen in logs: leave them out")
	case u.Host == "" || u.Fragment != "":
		return nil, fmt.Errorf("%q is no address to send to", address)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, fmt.Errorf("%s: checkpoints are sent by https", u.Redacted())
	}
	own := loopback(u.Hostname())
	dialer := &net.Dialer{Timeout: webTime, Control: func(_, address string, _ syscall.RawConn) error { return reachable(address, own) }}
	return &Web{address: u, client: &http.Client{
		Timeout: webTime,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: webTime,
			ResponseHeaderTimeout: webTime, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// reachable refuses addresses that a name should not lead to.
func reachable(address string, own bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || ip.IsLoopback() && !own {
		return fmt.Errorf("the address leads to %s, where no checkpoint is sent", ip)
	}
	return nil
}

// Name is the address without its query, which may hold a secret.
func (w *Web) Name() string { return w.address.Scheme + "://" + w.address.Host + w.address.Path }

// Put sends a checkpoint. A server that has it already may say so (409, 412).
func (w *Web) Put(ctx context.Context, s Signed) error {
	method, to := http.MethodPost, *w.address
	if strings.HasSuffix(to.Path, "/") {
		method = http.MethodPut
		to = *to.JoinPath(FileName(s.Checkpoint, s.Signer))
	}
	req, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(s.Note))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("User-Agent", "implantrace")
	if method == http.MethodPut {
		req.Header.Set("If-None-Match", "*") // nothing is overwritten
	}
	r, err := w.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address and its query
		}
		return err
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(r.Body, answerMost)); err != nil {
		return err
	}
	there := method == http.MethodPut && (r.StatusCode == http.StatusPreconditionFailed || r.StatusCode == http.StatusConflict)
	if r.StatusCode/100 != 2 && !there {
		return fmt.Errorf("the server answered %s", r.Status)
	}
	return nil
}
