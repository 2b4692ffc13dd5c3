// Package api is the record over HTTP: for pages and for programs.
//
// /api/v1 is described by openapi.yaml, which is served, rendered and enforced
// by the tests. Errors are problem details (RFC 9457). The pages are in
// page_*.go, with their templates and assets in web.
//
// Every route stands under a line of the table of permissions (internal/staff),
// and gate.go lets through whom that line lets through.
package api
