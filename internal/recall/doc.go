// Package recall answers the question of a recall: who has this device, and of
// whom can it not be excluded?
//
// [Criteria] say what a notice names. Compiled, they are a [Matcher], whose
// answer about a usage is pure and final. Each question of them is answered with
// yes, no or maybe, since much may not have been recorded; "maybe" never excludes
// anybody, nor does "maybe" of an exception.
//
// [Matches] streams what a record has: it goes through an index of what a notice
// can name, and reads only the usages that these values leave open. [Search]
// gathers the stream into one answer. Both say what the answer rests on.
package recall
