// Package practice is what people learn the theatre page with: labels to print of a
// hospital that does not exist, a store that is filled with its products and lists,
// and a first case that says step by step what to scan.
//
// It knows nothing of how a practice store is kept apart from the record: package
// app sees to that.
package practice
