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
	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// Export is what taking the whole record out costs.
type Export struct {
	Bench       string  `json:"bench"`
	Records     int     `json:"records"` // usages
	FillSeconds float64 `json:"fill_s"`
	KilledAt    int     `json:"killed_at_rows"` // the first run, by SIGKILL
	Left        int     `json:"files_after_kill"`
	Rows        int     `json:"rows"` // of the file of the second run
	Doubled     int     `json:"rows_doubled"`
	Lost        int     `json:"rows_lost"`
	Seconds     float64 `json:"export_s"` // of the second run, until the file has its name
	RowsPerS    float64 `json:"rows_per_s"`
	Bytes       int64   `json:"file_bytes"`
	HalfAnon    int64   `json:"half_rss_anon_bytes"`   // the most until half of the rows
	AnonBytes   int64   `json:"export_rss_anon_bytes"` // the most until the end
}

// exporting is what the process of its own prints as it goes.
type exporting struct {
	Rows      int
	AnonBytes int64
	Done      bool
}

// Export fills a store and writes the ISO 16054 file of all of it, in a process of
// its own that is killed half-way; then again to its end, and holds the file
// against the record, usage by usage.
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
	if err := t.shut(); err != nil {
		return e, err
	}
	file := filepath.Join(t.dir, "iso16054.csv")
	killed, err := t.exporting(ctx, file, records, records/2, nil)
	if err != nil {
		return e, err
	}
	e.KilledAt = killed.Rows
	if _, err := os.Stat(file); err == nil {
		e.Left = 1
	}
	var last exporting
	took, err = timed(func() (err error) {
		last, err = t.exporting(ctx, file, records, 0, func(x exporting) {
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
	if err := e.compare(ctx, t.store, file); err != nil {
		return e, err
	}
	e.RowsPerS = float64(e.Rows) / e.Seconds
	return e, nil
}

// exporting writes the file in a process of its own; with killAt, it is killed
// without notice when it has written so many rows.
func (t *bed) exporting(ctx context.Context, file string, n, killAt int, seen func(exporting)) (last exporting, err error) {
	cmd, failed, err := t.process(ctx, order{Export: file, HaltAt: killAt})
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
	path := o.Export
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer f.Close()
	var said exporting
	w := &rows{Writer: f, say: func(n int) error {
		if n < said.Rows+exportStep {
			return nil
		}
		said.Rows, said.AnonBytes = n, max(said.AnonBytes, rss("RssAnon:"))
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
	report, err := registry.WriteISO16054(w, all(ctx, s), registry.Options{Generated: time.Now(), Location: time.UTC})
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return out.Encode(exporting{Rows: report.Rows, AnonBytes: max(said.AnonBytes, rss("RssAnon:")), Done: true})
}

func all(ctx context.Context, s *bolt.Store) iter.Seq2[trace.ProcedureInFull, error] {
	return trace.ProceduresInFull(ctx, s, trace.ProcedureID{}, trace.ProcedureQuery{})
}

// rows counts the lines that go through it.
type rows struct {
	io.Writer
	n   int
	say func(int) error
}

func (r *rows) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	r.n += bytes.Count(p[:n], []byte("\r\n"))
	if err == nil {
		err = r.say(r.n)
	}
	return n, err
}

// compare counts which usages of the record the file lacks, and which it has more
// than once.
func (e *Export) compare(ctx context.Context, s *bolt.Store, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	in.ReuseRecord = true
	if _, err := in.Read(); err != nil {
		return err
	}
	found := map[uuid.UUID]bool{}
	for {
		record, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		id, err := uuid.Parse(record[0])
		if err != nil {
			return err
		}
		e.Rows++
		if found[id] {
			e.Doubled++
		}
		found[id] = true
	}
	for p, err := range all(ctx, s) {
		if err != nil {
			return err
		}
		for _, u := range p.Usages {
			e.Records++
			if st := u.Usage.Status; (st == trace.Implanted || st == trace.Explanted) && !found[uuid.UUID(u.Usage.ID)] {
				e.Lost++
			}
		}
	}
	return nil
}
