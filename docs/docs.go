// Package docs holds what is published of the product in forms that programs
// read.
package docs

import _ "embed"

// NoticeSchema is the JSON Schema of a notice, as recall --notice and the API
// take it.
//
//go:embed notice.schema.json
var NoticeSchema []byte

// MappingExample is a mapping to begin with, as export mapped and the page take
// it.
//
//go:embed mapping-example.yaml
var MappingExample string
