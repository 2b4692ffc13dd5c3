package demo

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"implantrace/internal/catalogue"
	"implantrace/internal/command"
	"implantrace/internal/directory"
	"implantrace/internal/history"
	"implantrace/internal/trace"
)

// Fill records the whole hospital in an empty node: what a catalogue says of its
// products, who and what stands in its directory, and its history until now. refused
// is told of each row that did not go in, of which there should be none.
func Fill(ctx context.Context, r command.Recorder, seed int64, now time.Time, refused func(string)) (history.Report, error) {
	if err := FillLists(ctx, r, refused); err != nil {
		return history.Report{}, err
	}
	return history.Import(ctx, r, bytes.NewReader(Rows(seed, now)), history.Options{Source: Source}, func(row history.Refusal) {
		refused(fmt.Sprintf("row %d: %s", row.Line, row.Reason))
	})
}

// FillLists records the catalogue and the directory alone. What is recorded already
// is not recorded again.
func FillLists(ctx context.Context, r command.Recorder, refused func(string)) error {
	listed := AuthorityCSV()
	for _, a := range trace.Authorities() {
		lines := catalogue.ReadCSV(strings.NewReader(listed[a]), "")
		if _, err := catalogue.Import(ctx, r, lines, catalogue.Options{Source: CatalogueSource + " " + string(a), Authority: a}); err != nil {
			return err
		}
	}
	lines := catalogue.ReadCSV(strings.NewReader(CatalogueCSV()), "")
	if _, err := catalogue.Import(ctx, r, lines, catalogue.Options{Source: CatalogueSource}); err != nil {
		return err
	}
	for of, table := range DirectoryTables() {
		meta := command.Meta{ID: trace.NewEventID(), Provenance: trace.Imported, By: trace.Actor{Via: Source}}
		rows, err := directory.Import(ctx, r, directory.Of(of), meta, []byte(table))
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Refused != "" {
				refused(fmt.Sprintf("%s, line %d: %s", of, row.Line, row.Refused))
			}
		}
	}
	return nil
}
