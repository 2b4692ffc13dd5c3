package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/trace"
)

// socketKey marks requests that came through the node's own socket.
type socketKey struct{}

// FromSocket marks a context as that of a connection through the node's own
// socket, which only its operator can open.
func FromSocket(ctx context.Context) context.Context {
	return context.WithValue(ctx, socketKey{}, true)
}

func fromSocket(ctx context.Context) bool { return ctx.Value(socketKey{}) != nil }

// limited bounds a request in size and time, in who may send it, and in what its
// address may say.
func (s *Server) limited(r route) echo.HandlerFunc {
	size, limit := r.body, r.time
	if size == 0 {
		size = bodyMost
	}
	if limit == 0 {
		limit = timeMost
	}
	return func(c echo.Context) error {
		req := c.Request()
		if err := pace(c, limit); err != nil {
			return err
		}
		req.Body = http.MaxBytesReader(c.Response(), req.Body, size)
		if limit > 0 {
			ctx, cancel := context.WithTimeout(req.Context(), limit)
			defer cancel()
			c.SetRequest(req.WithContext(ctx))
		}
		if err := s.admit(c, r.may); err != nil {
			return err
		}
		if strings.HasPrefix(r.path, "/api/v1/") {
			if err := known(c, r.query); err != nil {
				return err
			}
		}
		said := ""
		if r.form {
			if err := form(c); err != nil {
				return err
			}
			said = field(c, formField)
		}
		if !r.streamed {
			if err := s.proved(c, r.may, said); err != nil {
				return err
			}
		}
		if r.audited() != "" {
			if err := s.audit(c, r); err != nil {
				return err
			}
		}
		return r.handler(c)
	}
}

// contained turns a panic into an error, so that one request harms no other.
func contained(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
					panic(p)
				}
				err = fmt.Errorf("panic: %T at %s", p, debug.Stack())
			}
		}()
		return next(c)
	}
}

// policy is what a page may load: its own host's files, nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// cameraWorker reads a camera's pictures with WebAssembly, which a browser compiles
// only where 'wasm-unsafe-eval' is said. A worker has the policy of its own file, so
// that no page says so: this file alone may compile, and only what the node serves.
const (
	cameraWorker = "camera_worker.js"
	workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
)

// secured keeps other people's pages away from the node: a page of another
// host may make a browser on this machine send requests here, in the name of
// whoever has signed in. It also sets the headers every answer carries.
func (s *Server) secured(next echo.HandlerFunc) echo.HandlerFunc {
	cross := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r := c.Request()
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", transportSecurity)
		}
		if fromSocket(r.Context()) {
			return next(c)
		}
		if !s.ownName(r) {
			return trace.Errorf(trace.Forbidden, "This node does not answer to the name in this address. It answers to names of its own machine, those in its TLS certificate, the address at which it is reached, and what serve --host names.")
		}
		if err := cross.Check(r); err != nil {
			return trace.Errorf(trace.Forbidden, "This request comes from a page of another host.")
		}
		return next(c)
	}
}

// transportSecurity has browsers use TLS with this name for a year, whatever a
// link or a person says.
const transportSecurity = "max-age=31536000; includeSubDomains"

// ownName reports whether a request's Host header names this node. A page of
// another host whose name was made to lead here (DNS rebinding) has another one.
func (s *Server) ownName(r *http.Request) bool {
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	if strings.EqualFold(name, "localhost") || s.AnswersTo != nil && name != "" && s.AnswersTo(name) {
		return true
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	// The address at which it was reached cannot be another host's name.
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap().WithZone("") == ip.Unmap()
}
