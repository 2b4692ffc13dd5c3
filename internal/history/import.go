package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"implantrace/gs1"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Options say how to import.
type Options struct {
	// Source names the system the rows come from. It is part of every id made
	// of a ref: one system has to be given the same name each time, and two
	// never the same. Required.
	Source string

	// Progress is called now and then, and once at the end. May be nil.
	Progress func(Report)

	// Notice is called for rows that were recorded and want a second look.
	// May be nil.
	Notice func(Notice)
}

// Refusal is a row that was not recorded. It holds nothing of a patient's
// identity.
type Refusal struct {
	Line   int    `json:"line"`
	Type   string `json:"type,omitempty"`
	Ref    string `json:"ref,omitempty"` // "" too where it looks like an NHS number
	Reason string `json:"reason"`
}

// Notice is a row that was recorded, and what is odd about it.
type Notice struct {
	Line int    `json:"line"`
	Type string `json:"type"`
	Ref  string `json:"ref,omitempty"`
	Text string `json:"text"`
}

// Report counts rows. When the import is done, Lines is the sum of Recorded,
// Repeated and Refused.
type Report struct {
	Lines    int            `json:"lines"` // that were read and are not blank
	Recorded int            `json:"recorded"`
	Repeated int            `json:"repeated"` // they were there already, with the same content
	Refused  int            `json:"refused"`
	Noticed  int            `json:"noticed"` // of Recorded, those with a [Notice]
	Open     int            `json:"open"`    // of Recorded, procedures without an end: they are open now
	ByType   map[string]int `json:"by_type"` // Recorded, by type
	Waiting  int            `json:"waiting"` // for a row they refer to, until the end of the file
}

const (
	// window is how many rows are under way at a time. The store commits what
	// waits in one transaction, so that rows under way share its cost.
	window = 64

	progressEvery = 200 // rows

	waitingMost      = 100_000  // rows that may wait for what they refer to
	waitingBytesMost = 64 << 20 // bytes of their lines
)

// Import records each row of in as a command of r. refused is told of every
// row that was not, in the order of the lines; rows that waited for another
// come last. All callbacks are called from the goroutine of Import. refused
// may be nil.
//
// When ctx ends, Import returns its error after the rows under way are done.
// Any other error means that reading failed, or that the store could not write;
// the report says how far it came. In each case the same file may be imported
// again: rows that were recorded are then repeated.
func Import(ctx context.Context, r command.Recorder, in io.Reader, o Options, refused func(Refusal)) (Report, error) {
	if err := source(o.Source); err != nil {
		return Report{}, err
	}
	if refused == nil {
		refused = func(Refusal) {}
	}
	im := &importer{r: r, o: o, refused: refused, report: Report{ByType: make(map[string]int)}}
	im.source = o.Source
	err := im.run(ctx, in)
	im.progress()
	return im.report, err
}

func source(s string) error {
	if s == "" {
		return trace.Errorf(trace.Invalid, "The import wants the name of the system the rows come from.")
	}
	if len(s) > 60 {
		return trace.Errorf(trace.Invalid, "The name of the source is longer than 60 bytes.")
	}
	return label("The name of the source", s)
}

// batch is what a row may know of the import without asking the store.
type batch struct {
	source string
	now    time.Time
}

// importer is one call of Import. Its fields belong to the goroutine of
// Import, but for those that guard themselves.
type importer struct {
	batch
	r       command.Recorder
	o       Options
	refused func(Refusal)
	report  Report

	patients patientCache // guards itself
	held     heldBack     // likewise

	flight       []*task // under way, in the order of their lines
	waiting      []*task
	waitingBytes int
	err          error // the first that stops the import
}

// task is one line on its way.
type task struct {
	line int
	size int
	typ  string
	ref  string
	row  row
	touches
	last bool // the second try
	done chan struct{}
	out  outcome
}

// outcome is what became of a task; it may be read when done is closed.
type outcome struct {
	err      error
	repeated bool
	notice   string
	open     bool
}

func (im *importer) run(ctx context.Context, in io.Reader) error {
	lines := newLines(in)
	for im.err == nil {
		if err := ctx.Err(); err != nil {
			im.err = err
			break
		}
		n, text, long, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			im.err = fmt.Errorf("reading line %d: %w", n+1, err)
			break
		}
		im.report.Lines++
		im.push(ctx, im.read(n, text, long))
	}
	im.drain()
	again := im.waiting
	im.waiting = nil
	slices.SortStableFunc(again, func(a, b *task) int { return slices.Index(types, a.typ) - slices.Index(types, b.typ) })
	for _, t := range again {
		if im.err == nil {
			im.err = ctx.Err()
		}
		if im.err != nil {
			break
		}
		im.report.Waiting--
		t.last = true
		im.push(ctx, t)
	}
	im.drain()
	return im.err
}

// read makes a task of a line. What is wrong with the line alone is its
// outcome already.
func (im *importer) read(n int, text []byte, long bool) *task {
	t := &task{line: n, size: len(text)}
	im.now = im.r.Clock()
	if long {
		t.out.err = trace.Errorf(trace.Invalid, "The line is longer than %d bytes.", lineMost)
		return t
	}
	if t.typ, t.ref, t.row, t.out.err = parse(text); t.out.err != nil {
		return t
	}
	h := t.row.name()
	if t.out.err = h.identify(im.source); t.out.err != nil {
		return t
	}
	if t.touches, t.out.err = t.row.prepare(im.batch); t.out.err != nil {
		return t
	}
	t.write(t.typ, string(h.id[:]))
	return t
}

// push sets a task on its way, behind those before it that touch the same.
func (im *importer) push(ctx context.Context, t *task) {
	if len(im.flight) == window {
		im.land()
	}
	t.done = make(chan struct{})
	if t.out.err != nil && !t.last {
		close(t.done)
		im.flight = append(im.flight, t)
		return
	}
	var first []<-chan struct{}
	for _, f := range im.flight {
		if f.before(t.touches) {
			first = append(first, f.done)
		}
	}
	im.flight = append(im.flight, t)
	a := &attempt{batch: im.batch, r: im.r, patients: &im.patients, held: &im.held, w: &witness{Store: im.r.Store}, last: t.last}
	go func() {
		defer close(t.done)
		for _, d := range first {
			<-d
		}
		t.out = a.try(ctx, t.row)
	}()
}

func (im *importer) drain() {
	for len(im.flight) > 0 {
		im.land()
	}
}

// land waits for the oldest task and counts what became of it.
func (im *importer) land() {
	t := im.flight[0]
	<-t.done
	im.flight = append(im.flight[:0], im.flight[1:]...)
	var missing *unknown
	switch err := t.out.err; {
	case err == nil:
		im.recorded(t)
	case errors.As(err, &missing) && !t.last && len(im.waiting) < waitingMost && im.waitingBytes+t.size <= waitingBytesMost:
		im.waiting = append(im.waiting, t)
		im.waitingBytes += t.size
		im.report.Waiting++
		return
	case errors.As(err, &missing) && !t.last:
		im.refuse(t, missing.what+" Too many rows wait for others: put the rows in order.")
	case errors.As(err, &missing):
		im.refuse(t, missing.what)
	case refusable(err):
		im.refuse(t, reason(err))
	default:
		if im.err == nil {
			im.err = stopped(t.line, err)
		}
		return
	}
	if (im.report.Recorded+im.report.Repeated+im.report.Refused)%progressEvery == 0 {
		im.progress()
	}
}

func (im *importer) recorded(t *task) {
	if t.out.repeated {
		im.report.Repeated++
		return
	}
	im.report.Recorded++
	im.report.ByType[t.typ]++
	if t.out.open {
		im.report.Open++
	}
	if t.out.notice != "" {
		im.report.Noticed++
		if im.o.Notice != nil {
			im.o.Notice(Notice{Line: t.line, Type: t.typ, Ref: shown(t.ref), Text: t.out.notice})
		}
	}
}

func (im *importer) refuse(t *task, reason string) {
	im.report.Refused++
	im.refused(Refusal{Line: t.line, Type: t.typ, Ref: shown(t.ref), Reason: reason})
}

func (im *importer) progress() {
	if im.o.Progress != nil {
		r := im.report
		r.ByType = maps.Clone(r.ByType)
		im.o.Progress(r)
	}
}

// refusable reports whether an error is about the row and not about the store.
func refusable(err error) bool {
	switch trace.KindOf(err) {
	case trace.Invalid, trace.NotFound, trace.Conflict, trace.TooLarge:
		return true
	}
	return false
}

// reason is an error in words, without the text of a key that is wrong: where
// the columns of a source have slipped, it may be a patient's number.
func reason(err error) string {
	var key *gs1.KeyError
	if errors.As(err, &key) {
		return strings.ReplaceAll(err.Error(), key.Error(), key.Err.Error())
	}
	return err.Error()
}

// stopped says where the import stopped, and keeps the end of a context as it
// is.
func stopped(line int, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return trace.Errorf(trace.KindOf(err), "the import stopped at line %d; import the file again: %w", line, err)
}

// attempt is one try at one row.
type attempt struct {
	batch
	r        command.Recorder
	patients *patientCache
	held     *heldBack
	w        *witness
	last     bool

	notice string
	open   bool
}

func (a *attempt) try(ctx context.Context, r row) outcome {
	if err := ctx.Err(); err != nil {
		return outcome{err: err}
	}
	err := r.record(ctx, a)
	switch {
	case err == nil:
		if a.w.receipt.Repeated {
			return outcome{repeated: true}
		}
		return outcome{notice: a.notice, open: a.open}
	case a.w.conflict:
		err = trace.Errorf(trace.Conflict, "The ref or id was used before with other content. What was recorded stays; a change is a correction.")
	case ctx.Err() != nil && trace.KindOf(err) == trace.Busy: // the store did not take it
		err = ctx.Err()
	}
	return outcome{err: err}
}

// recorder is the Recorder whose one command the attempt watches.
func (a *attempt) recorder() command.Recorder {
	r := a.r
	r.Store = a.w
	return r
}

func (a *attempt) meta(id trace.EventID) command.Meta {
	return command.Meta{ID: id, By: a.by(), Provenance: trace.Imported}
}

func (a *attempt) by() trace.Actor { return trace.Actor{Via: "import:" + strings.TrimSpace(a.source)} }
