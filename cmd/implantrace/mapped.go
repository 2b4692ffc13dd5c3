package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"implantrace/internal/app"
	"implantrace/internal/registry"
)

// mappedAnswer is the preview that a node gives of a mapping.
type mappedAnswer struct {
	Name, Version, Format, File string
	Columns                     []struct{ Header, From, Constant, What, Date, Required string }
	First, Held                 []mappedLine
	Procedures, Rows, Lacking   int
	HeldBack                    int            `json:"held_back"`
	LackingBy                   map[string]int `json:"lacking_by"`
	Unmarked, Guarded           int
	Left                        map[string]int
}

type mappedLine struct {
	Procedure, Usage, Day string
	Held                  bool
	Cells                 []struct{ Value, Record, State, Why string }
	Problems              []struct{ Header, Why string }
}

// exportMapped writes the file of a mapping, or shows what it would be. What is held
// back is told before the file is asked for.
func exportMapped(ctx context.Context, s streams, c *app.Config, path string, q url.Values, preview bool, held, out string) error {
	if path == "" {
		return usagef("name the file with the mapping with --mapping; docs/mapping.md describes it")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if _, err := registry.ReadMapping(text); err != nil {
		return usagef("%s: %v", path, err)
	}
	post := func(at string, q url.Values, use func(io.Reader) error) error {
		return ask(ctx, c, "POST", "/api/v1/exports/mapped"+at+"?"+q.Encode(), "text/plain; charset=utf-8", bytes.NewReader(text), use)
	}
	var p mappedAnswer
	if err := post("/preview", q, asJSON(&p)); err != nil {
		return err
	}
	if held != "" {
		of := maps.Clone(q)
		of.Del("rows")
		of.Set("of", "held")
		use, _ := into(held, s.out)
		if err := post("", of, use); err != nil {
			return err
		}
	}
	if preview {
		p.show(s.out)
		return nil
	}
	p.tell(s.err)
	q.Set("held", strconv.Itoa(p.HeldBack))
	use, _ := into(out, s.out)
	if err := post("", q, use); err != nil {
		return err
	}
	if p.HeldBack > 0 {
		return errNegative
	}
	return nil
}

// tell says what is not in the file.
func (p mappedAnswer) tell(w io.Writer) {
	fmt.Fprintf(w, "%s, version %s: %d rows of %d procedures, %d held back.\n", p.Name, p.Version, p.Rows, p.Procedures, p.HeldBack)
	for _, h := range p.Held {
		of := "procedure " + h.Procedure
		if h.Usage != "" {
			of += ", device " + h.Usage
		}
		for _, why := range h.Problems {
			fmt.Fprintf(w, "held back: %s (%s): %s\n", of, h.Day, strings.TrimPrefix(why.Header+": "+why.Why, ": "))
		}
	}
	if more := p.HeldBack - len(p.Held); more > 0 {
		fmt.Fprintf(w, "and %d more: --held FILE writes all of them\n", more)
	}
	for _, h := range slices.Sorted(maps.Keys(p.LackingBy)) {
		fmt.Fprintf(w, "required and empty: %s, in %d rows\n", h, p.LackingBy[h])
	}
	if p.Unmarked > 0 {
		fmt.Fprintf(w, "%d rows are typed, imported, corrected or otherwise of a kind that a person must know, and the file does not say so: a column from row.flags would\n", p.Unmarked)
	}
	if p.Guarded > 0 {
		fmt.Fprintf(w, "%d rows have a value that a spreadsheet would take for a formula: an apostrophe stands before it\n", p.Guarded)
	}
	for _, why := range slices.Sorted(maps.Keys(p.Left)) {
		fmt.Fprintf(w, "no row: %s (%d)\n", why, p.Left[why])
	}
}

// show says what the file would be.
func (p mappedAnswer) show(w io.Writer) {
	fmt.Fprintf(w, "File: %s\n", p.File)
	for i, c := range p.Columns {
		from := c.From + ": " + c.What
		if c.From == "" {
			from = fmt.Sprintf("the text %q", c.Constant)
		}
		if c.Date != "" {
			from += ", written as " + c.Date
		}
		fmt.Fprintf(w, "  %2d  %s (%s), from %s\n", i+1, c.Header, c.Required, from)
	}
	for i, r := range p.First {
		state := "written"
		if r.Held {
			state = "held back"
		}
		fmt.Fprintf(w, "\nRow %d, %s: procedure %s of %s\n", i+1, state, r.Procedure, r.Day)
		for j, cell := range r.Cells {
			switch {
			case cell.State == "absent":
				fmt.Fprintf(w, "  %s: empty. %s\n", p.Columns[j].Header, cell.Why)
			case cell.State == "invalid":
				fmt.Fprintf(w, "  %s: wrong, %q. %s\n", p.Columns[j].Header, cell.Record, cell.Why)
			case cell.Record != "":
				fmt.Fprintf(w, "  %s: %s (from %s)\n", p.Columns[j].Header, cell.Value, cell.Record)
			default:
				fmt.Fprintf(w, "  %s: %s\n", p.Columns[j].Header, cell.Value)
			}
		}
	}
	fmt.Fprintln(w)
	p.tell(w)
}
