// Package trace is the domain: what is recorded, in which words, and the small
// interfaces that the rest of the house asks a store for.
//
// A fact is an [Entry] in the journal of one node. It is never changed; what
// puts it right is a later entry that names it. What the entries come to is a
// [Patient], a [Procedure], a [Usage], a [Product]. A caller writes by handing
// a [Command] to a [Journal] and reads through a [Finder].
//
// Nothing here does input or output; time, ids and keys are handed in.
package trace
