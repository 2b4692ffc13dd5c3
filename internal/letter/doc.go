// Package letter makes the letters of a recall: who may get one, and why somebody
// may not; the text, from a template in simple HTML; PDFs, and tables for mail merge.
//
// No letter is made until a trace of the last weeks has said of its patient that he
// or she lives, and where.
package letter
