package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"implantrace/internal/bolt"
	"implantrace/internal/fhir"
	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// Export is what taking the whole record out costs, in each of two forms.
type Export struct {
	Bench       string  `json:"bench"`
	Records     int     `json:"records"` // usages
	FillSeconds float64 `json:"fill_s"`
	CSV         Taken   `json:"csv"`    // ISO 16054: a row for each device that is or was in a patient
	NDJSON      Taken   `json:"ndjson"` // FHIR, as a bulk export: a Device for each usage, and what belongs to it
}

// Taken is one file, which a first run was killed while writing.
type Taken struct {
	KilledAt  int     `json:"killed_at_rows"` // the first run, by SIGKILL
	Left      int     `json:"files_after_kill"`
	Rows      int     `json:"rows"` // usages in the file of the second run
	Doubled   int     `json:"rows_doubled"`
	Lost      int     `json:"rows_lost"`
	Strange   int     `json:"rows_strange"` // of usages that the record does not have, or not so
	Lines     int     `json:"lines"`        // all of it: headers, and other resources
	Seconds   float64 `json:"export_s"`     // of the second run, until the file has its name
	RowsPerS  float64 `json:"rows_per_s"`
	Bytes     int64   `json:"file_bytes"`
	HalfAnon  int64   `json:"half_rss_anon_bytes"`   // the most until half of the rows
	AnonBytes int64   `json:"export_rss_anon_bytes"` // the most until the end
}

// form is one way in which the record goes out.
type form struct {
	file  string
	write func(io.Writer, iter.Seq2[trace.ProcedureInFull, error]) error
	count func([]byte) int // of usages in what is written at once
	read  func(io.Reader, func(uuid.UUID)) (lines int, err error)
	wants func(trace.Usage) bool
}

// forms by their names.
var forms = map[string]form{
	"csv": {
		file: "iso16054.csv",
		write: func(w io.Writer, all iter.Seq2[trace.ProcedureInFull, error]) error {
			_, err := registry.WriteISO16054(w, all, registry.Options{Generated: time.Now(), Location: time.UTC})
			return err
		},
		count: func(p []byte) int { return bytes.Count(p, []byte("\r\n")) },
		read:  readCSV,
		wants: func(u trace.Usage) bool { return u.Status == trace.Implanted || u.Status == trace.Explanted },
	},
	"ndjson": {
		file: "fhir.ndjson",
		write: func(w io.Writer, all iter.Seq2[trace.ProcedureInFull, error]) error {
			_, err := fhir.WriteLines(w, all, nil, fhir.Options{})
			return err
		},
		count: func(p []byte) int { return bytes.Count(p, []byte(`{"resourceType":"Device","id"`)) },
		read:  readNDJSON,
		wants: func(trace.Usage) bool { return true },
	},
}

// exporting is what the process of its own prints as it goes.
type exporting struct {
	Rows      int
	AnonBytes int64
	Done      bool
}

// Export fills a store and writes the ISO 16054 file and the FHIR lines of all of it,
// each in a process of its own that is killed half-way; then again to its end, and holds
// the file against the record, usage by usage.
func (b Bench) Export(ctx context.Context, records int) (e Export, err error) {
	t, err := b.bed(records)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	e.Bench = "export"
	took, err := timed(func() error { return t.fill(ctx, records) })
	if err != nil {
		return e, err
	}
	e.FillSeconds = took.Seconds()
	if e.CSV, err = t.take(ctx, "csv", records); err != nil {
		return e, err
	}
	if e.NDJSON, err = t.take(ctx, "ndjson", records); err != nil {
		return e, err
	}
	for p, err := range all(ctx, t.store) {
		if err != nil {
			return e, err
		}
		e.Records += len(p.Usages)
	}
	return e, nil
}

// take takes all of it out in one form. It closes the store meanwhile.
func (t *bed) take(ctx context.Context, name string, records int) (e Taken, err error) {
	if err := t.shut(); err != nil {
		return e, err
	}
	f := forms[name]
	file := filepath.Join(t.dir, f.file)
	killed, err := t.exporting(ctx, name, file, records, records/2, nil)
	if err != nil {
		return e, err
	}
	e.KilledAt = killed.Rows
	if _, err := os.Stat(file); err == nil {
		e.Left = 1
	}
	var last exporting
	took, err := timed(func() (err error) {
		last, err = t.exporting(ctx, name, file, records, 0, func(x exporting) {
			if x.Rows <= records/2 {
				e.HalfAnon = x.AnonBytes
			}
		})
		return err
	})
	if err != nil {
		return e, err
	}
	e.Seconds, e.AnonBytes = took.Seconds(), last.AnonBytes
	info, err := os.Stat(file)
	if err != nil {
		return e, err
	}
	e.Bytes = info.Size()
	if err := t.open(); err != nil {
		return e, err
	}
	if err := e.compare(ctx, t.store, f, file); err != nil {
		return e, err
	}
	e.RowsPerS = float64(e.Rows) / e.Seconds
	return e, nil
}

// exporting writes the file in a process of its own; with killAt, it is killed
// without notice when it has written so many rows.
func (t *bed) exporting(ctx context.Context, form, file string, n, killAt int, seen func(exporting)) (last exporting, err error) {
	cmd, failed, err := t.process(ctx, order{Export: file, Form: form, HaltAt: killAt})
	if err != nil {
		return last, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return last, err
	}
	if err := cmd.Start(); err != nil {
		return last, err
	}
	killed := false
	for lines := json.NewDecoder(out); ; {
		var one exporting
		if lines.Decode(&one) != nil {
			break // the end, or it was killed
		}
		t.progress("exporting", one.Rows, n)
		last = one
		if seen != nil {
			seen(one)
		}
		if killAt > 0 && one.Rows >= killAt && !killed {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				return last, err
			}
		}
	}
	err = cmd.Wait()
	switch {
	case killed && err != nil:
		return last, nil
	case killAt > 0 && err == nil:
		return last, errors.New("the export came to its end and was not killed: take more records")
	case err != nil:
		return last, fmt.Errorf("exporting in a process of its own: %w: %s", err, strings.TrimSpace(failed.String()))
	}
	return last, nil
}

// exportStep is after how many rows the process of its own says how far it is.
const exportStep = 500

// exportAll is that process. It writes under another name, and gives the file its
// own when every byte of it is on the disk.
func exportAll(ctx context.Context, s *bolt.Store, o order, out *json.Encoder) error {
	path, form := o.Export, forms[o.Form]
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer f.Close()
	var said exporting
	to := bufio.NewWriterSize(f, 1<<16)
	w := &rows{Writer: to, count: form.count, say: func(n int) error {
		if n < said.Rows+exportStep {
			return nil
		}
		said.Rows, said.AnonBytes = n, max(said.AnonBytes, rss("RssAnon:"))
		if err := to.Flush(); err != nil { // what is cut lies on the disk
			return err
		}
		if err := out.Encode(said); err != nil || o.HaltAt == 0 || n < o.HaltAt {
			return err
		}
		select { // the kill is on its way
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
			return errors.New("nobody has killed this process")
		}
	}}
	if err := form.write(w, all(ctx, s)); err != nil {
		return err
	}
	if err := errors.Join(to.Flush(), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return out.Encode(exporting{Rows: w.n, AnonBytes: max(said.AnonBytes, rss("RssAnon:")), Done: true})
}

func all(ctx context.Context, s *bolt.Store) iter.Seq2[trace.ProcedureInFull, error] {
	return trace.ProceduresInFull(ctx, s, trace.ProcedureID{}, trace.ProcedureQuery{})
}

// rows counts the usages that go through it.
type rows struct {
	io.Writer
	n     int
	count func([]byte) int
	say   func(int) error
}

func (r *rows) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	r.n += r.count(p[:n])
	if err == nil {
		err = r.say(r.n)
	}
	return n, err
}

// compare counts which usages of the record the file lacks, and which it has more
// than once.
func (e *Taken) compare(ctx context.Context, s *bolt.Store, f form, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	found := map[uuid.UUID]bool{}
	e.Lines, err = f.read(bufio.NewReaderSize(file, 1<<20), func(id uuid.UUID) {
		e.Rows++
		if found[id] {
			e.Doubled++
		}
		found[id] = true
	})
	if err != nil {
		return err
	}
	for p, err := range all(ctx, s) {
		if err != nil {
			return err
		}
		for _, u := range p.Usages {
			if !f.wants(u.Usage) {
				continue
			}
			if !found[uuid.UUID(u.Usage.ID)] {
				e.Lost++
			}
			delete(found, uuid.UUID(u.Usage.ID))
		}
	}
	e.Strange = len(found)
	return nil
}

func readCSV(r io.Reader, usage func(uuid.UUID)) (lines int, err error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	for ; ; lines++ {
		record, err := in.Read()
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		if lines == 0 {
			continue // the header
		}
		id, err := uuid.Parse(record[0])
		if err != nil {
			return lines, err
		}
		usage(id)
	}
}

func readNDJSON(r io.Reader, usage func(uuid.UUID)) (lines int, err error) {
	for in := json.NewDecoder(r); ; lines++ {
		var one struct {
			ResourceType string `json:"resourceType"`
			ID           string `json:"id"`
		}
		if err := in.Decode(&one); err == io.EOF {
			return lines, nil
		} else if err != nil {
			return lines, err
		}
		if one.ResourceType != "Device" {
			continue
		}
		id, err := uuid.Parse(one.ID)
		if err != nil {
			return lines, err
		}
		usage(id)
	}
}
