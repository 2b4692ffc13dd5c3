// Package docs holds what is published of the product in forms that programs
// read.
package docs

import _ "embed"

// NoticeSchema is the JSON Schema of a notice, as recall --notice and the API
// take it.
//
//go:embed notice.schema.json
var NoticeSchema []byte
