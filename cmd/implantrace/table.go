package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"

	"implantrace/internal/app"
	"implantrace/internal/history"
	"implantrace/internal/sheet"
)

// newMapping prints a mapping of a table's columns, for a person to complete.
func newMapping(s streams, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	rows, err := sheet.Read(b)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 {
		return fmt.Errorf("%s: the table is empty", path)
	}
	fmt.Fprintf(s.err, "Columns of the table: %s.\nFields of a mapping: %s.\n", strings.Join(rows[0], ", "), strings.Join(history.TableFields(), ", "))
	return printJSON(s.out, history.GuessMapping(rows[0]))
}

// importTable sends a table with its mapping, and prints what became of it.
func importTable(ctx context.Context, s streams, c *app.Config, source, path, mapping string, raw bool) error {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	err := w.WriteField("source", source)
	for _, f := range [][2]string{{"mapping", mapping}, {"file", path}} {
		b, rerr := os.ReadFile(f[1])
		if rerr != nil {
			return rerr
		}
		part, perr := w.CreateFormFile(f[0], filepath.Base(f[1]))
		if perr == nil {
			_, perr = part.Write(b)
		}
		err = errors.Join(err, perr)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	var a struct {
		history.TableReport
		Refusals []history.Refusal `json:"refusals"`
		Notices  []history.Notice  `json:"notices"`
	}
	if err := ask(ctx, c, "POST", "/api/v1/imports/table", w.FormDataContentType(), &body, asJSON(&a)); err != nil {
		return err
	}
	if raw {
		if err := printJSON(s.out, a); err != nil {
			return err
		}
	} else {
		for _, r := range a.Refusals {
			fmt.Fprintf(s.err, "refused, line %d: %s\n", r.Line, r.Reason)
		}
		for _, n := range a.Notices {
			fmt.Fprintf(s.err, "recorded, worth a second look, line %d: %s\n", n.Line, n.Text)
		}
		if len(a.Unused) > 0 {
			fmt.Fprintf(s.err, "columns that the mapping leaves out: %s\n", strings.Join(a.Unused, ", "))
		}
		fmt.Fprintf(s.out, "%d rows of the table; %d procedures and devices recorded, %d there already, %d refused.\n", a.Rows, a.Report.Recorded, a.Report.Repeated, a.Report.Refused)
	}
	if a.Report.Refused > 0 {
		return errNegative
	}
	return nil
}
