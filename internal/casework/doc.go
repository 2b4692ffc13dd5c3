// Package casework is the work on recall notices: saving and amending them,
// opening a case for each patient they mean, and bringing every case to its end.
//
// A notice that was saved is searched for anew whenever its matches are asked
// for, so that new records, corrections and amendments count at once. Cases are
// recorded; a match that is in none is new, and stands out.
package casework
