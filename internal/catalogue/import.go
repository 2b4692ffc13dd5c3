package catalogue

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Options say how a catalogue comes in.
type Options struct {
	// Source names the catalogue, the same each time: "AccessGUDID". A later row
	// of one source takes the place of its earlier one; rows of several sources
	// lie over each other, the latest on top.
	Source string
	// Authority is whose database of UDIs the catalogue is an extract of; "": of none,
	// or the file itself shows it, as AccessGUDID's does.
	Authority trace.Authority
	By        trace.Actor
	Refused   func(Refusal) // nil: refusals are counted only
	Progress  func(Report)  // called every few thousand rows; nil: not
}

// Refusal is a row that did not come in, and why.
type Refusal struct {
	Line   int    `json:"line"`
	DI     string `json:"di,omitempty"`
	Reason string `json:"reason"`
}

// Report counts what became of the rows.
type Report struct {
	Rows      int           `json:"rows"`
	Recorded  int           `json:"recorded"`  // new, or other than before
	Unchanged int           `json:"unchanged"` // in the record already, as they are
	Refused   int           `json:"refused"`
	Entries   int           `json:"entries"` // of the journal, for all of them
	Seconds   float64       `json:"seconds"`
	Judged    int           `json:"judged"` // devices of the record that were checked again, because their product became known or changed
	Worse     int           `json:"worse"`  // of them, those whose verdict is worse than it was
	Took      time.Duration `json:"-"`
}

// batchRows is how many rows are one entry: few enough that an entry stays well
// under a megabyte, many enough that a disk's sync is shared.
const batchRows = 500

// tries bounds how often a write whose outcome is unknown is repeated.
const tries = 5

// Import records the rows that the record does not have as they are. It stops at
// the first error of the file or the store; what was recorded before that stays,
// and is passed over next time.
func Import(ctx context.Context, r command.Recorder, lines iter.Seq2[Line, error], o Options) (report Report, err error) {
	o.Source = strings.TrimSpace(o.Source)
	if o.Source == "" || len(o.Source) > 100 || strings.ContainsFunc(o.Source, func(c rune) bool { return c < ' ' }) {
		return report, trace.Errorf(trace.Invalid, "The catalogue wants a name of up to 100 characters, the same each time.")
	}
	if o.Authority != "" && !slices.Contains(trace.Authorities(), o.Authority) {
		return report, trace.Errorf(trace.Invalid, "The authority %q is not known: it is fda (GUDID) or eu-ec (EUDAMED).", o.Authority)
	}
	began := time.Now()
	defer func() {
		report.Took = time.Since(began)
		report.Seconds = report.Took.Seconds()
	}()
	im := importer{recorder: r, options: o, report: &report}
	if im.used, err = usedHere(ctx, r.Store); err != nil {
		return report, err
	}
	for l, err := range lines {
		if err != nil {
			return report, err
		}
		if err := ctx.Err(); err != nil {
			return report, err
		}
		report.Rows++
		if report.Rows%5000 == 0 && o.Progress != nil {
			report.Took = time.Since(began)
			report.Seconds = report.Took.Seconds()
			o.Progress(report)
		}
		if l.Err != nil {
			report.Refused++
			if o.Refused != nil {
				o.Refused(Refusal{Line: l.Number, DI: l.DI, Reason: l.Err.Error()})
			}
			continue
		}
		if o.Authority != "" && l.Row.Authority != "" && l.Row.Authority != o.Authority {
			return report, trace.Errorf(trace.Invalid, "The file is the database of %s, and not of %s.", l.Row.Authority, o.Authority)
		}
		l.Row.Authority = cmp.Or(l.Row.Authority, o.Authority)
		if err := im.take(ctx, l.Row); err != nil {
			return report, err
		}
	}
	return report, im.flush(ctx)
}

type importer struct {
	recorder command.Recorder
	options  Options
	report   *Report
	batch    []trace.CatalogueRow
	used     map[string]bool // device identifiers of the record's devices
}

func usedHere(ctx context.Context, f trace.Finder) (map[string]bool, error) {
	used := make(map[string]bool)
	for di, err := range f.Identifiers(ctx) {
		if err != nil {
			return nil, err
		}
		used[di] = true
	}
	return used, nil
}

func (im *importer) take(ctx context.Context, row trace.CatalogueRow) error {
	old, err := im.recorder.Store.CatalogueRow(ctx, im.options.Source, row.DI)
	switch {
	case err == nil && old.Equal(row):
		im.report.Unchanged++
		return nil
	case err != nil && trace.KindOf(err) != trace.NotFound:
		return err
	}
	if im.batch = append(im.batch, row); len(im.batch) < batchRows {
		return nil
	}
	return im.flush(ctx)
}

func (im *importer) flush(ctx context.Context) error {
	if len(im.batch) == 0 {
		return nil
	}
	id := trace.NewEventID()
	c := trace.Command{ID: id, Canonical: id[:], By: im.options.By, Drafts: []trace.Draft{{Provenance: trace.Imported,
		Fact: trace.CatalogueFact{Source: im.options.Source, Batch: id, Rows: im.batch}}}}
	for try := 1; ; try++ {
		results, err := im.recorder.Store.Append(ctx, c)
		if err == nil {
			err = results[0].Err
		}
		if err == nil {
			break
		}
		if trace.KindOf(err) != trace.OutcomeUnknown || try == tries {
			return err
		}
	}
	im.report.Recorded += len(im.batch)
	im.report.Entries++
	for _, row := range im.batch {
		for _, di := range row.Attributes.Named(row.DI) {
			if !im.used[di] {
				continue
			}
			again, err := im.recorder.JudgeAgain(ctx, di, trace.DeriveID[trace.OfEvent](id, di), im.options.By)
			if err != nil {
				return err
			}
			im.report.Judged += again.Judged
			im.report.Worse += again.Worse
		}
	}
	im.batch = nil
	return nil
}
