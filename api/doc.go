// Package api is the record over HTTP: for pages and for programs.
//
// /api/v1 is described by openapi.yaml, which is served, rendered and enforced
// by the tests. Errors are problem details (RFC 9457). The pages are in
// page_*.go, with their templates and assets in web.
//
// There is no sign-in in this version: whoever reaches the node may do
// everything. It answers only to names of this machine, and the node listens
// on loopback only.
package api
