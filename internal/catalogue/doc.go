// Package catalogue brings in what makers and registers say of products, and
// gives it out again: the product's own CSV ([ReadCSV], [WriteCSV]) and FDA's
// AccessGUDID delimited release ([ReadGUDID]).
//
// Readers give [Line] after [Line] in the order of their device identifiers,
// with the memory of a few megabytes whatever the size of the file: what has to
// be sorted is sorted on the disk. [Import] records them in batches. It writes
// only what is not in the record already, so that an import that was killed goes
// on where it stopped when it is started again.
package catalogue
