package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"implantrace/internal/outward"
)

// Web sends checkpoints to a server: by PUT, each under its own name, where the
// address ends in a slash; by POST to the address itself where it does not.
type Web struct {
	address *url.URL
	client  *http.Client
}

const answerMost = 4 << 10 // bytes of an answer that are read

// NewWeb takes an address that package outward lets requests go to. It comes from
// the operator's settings alone, never from a request.
func NewWeb(address string) (*Web, error) {
	u, err := outward.Address(address)
	if err != nil {
		return nil, err
	}
	return &Web{address: u, client: outward.Client()}, nil
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
