// Package web holds the pages' templates and assets. Third-party assets are
// fetched from npm when the product is built and lie in assets/vendor; a build
// without them works, and says that its pages are bare.
package web

import "embed"

// Files are the templates and assets.
//
//go:embed templates assets
var Files embed.FS
