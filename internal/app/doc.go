// Package app wires one node out of its parts: store, desk, scanners, API. The
// command serves it; end-to-end tests drive the same.
package app
