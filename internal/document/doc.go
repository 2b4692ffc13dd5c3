// Package document sets simple HTML in print, as PDF:
//
//	d := document.New(document.Style{Title: "Letter", Made: now})
//	err := d.Page("<h1>Your hip implant</h1><p>Dear ...</p>")
//	pdf, err := d.PDF()
//
// It knows the elements that letters and summaries are made of, and refuses all
// others. Its fonts are embedded, so that a name comes out as it is written, and a
// letter that they do not have is told rather than left out.
package document
