// Package journal gives entries their bytes and their place in a Merkle tree.
//
// The bytes of an entry are CBOR (RFC 8949) in core deterministic encoding,
// with small integers as keys and the number of the encoding in front. They are
// the leaf of the node's tree (RFC 6962, through golang.org/x/mod/sumdb/tlog).
// The sealed part is not in the leaf: its salted commitment is, so that erasing
// a key leaves every proof whole, and showing a salt proves a name.
package journal
