// Package bolt is the edge node's store: the journal and everything the fold
// makes of it, in one bbolt file.
//
// One goroutine commits. It takes whatever waits, applies it in one
// transaction, and answers only after the commit has been synced to disk. A
// read sees one state and holds no transaction longer than a page of rows.
package bolt
