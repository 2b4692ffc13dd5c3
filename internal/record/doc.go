// Package record is the one fold from entries to state.
//
// [Fold.Apply] takes an entry and what is there already, and says which rows to
// write: pure, the same for every store. What is known of a thing is worked out
// from all entries about it, in the order of their Lamport numbers, so that the
// logs of several nodes come to the same rows in whatever order they arrive.
//
// The tables are listed in [Tables], each with the version of the rules that
// fill it. A store keeps the versions beside the rows and builds everything
// anew from the journal when one has changed.
package record
