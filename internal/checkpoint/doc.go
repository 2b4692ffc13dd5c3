// Package checkpoint carries a node's signed checkpoints off its machine: into
// a folder elsewhere, or to a URL.
//
// A checkpoint that stays on the machine proves nothing to whoever doubts the
// machine: with the store and its keys, history can be rewritten and signed
// anew. One that has left cannot be called back.
package checkpoint
