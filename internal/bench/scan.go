package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/demo"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// Scan is how long a scan takes from the last byte on the serial line to the
// verdict on the theatre page, which is there only when the reading is durable.
type Scan struct {
	Bench       string  `json:"bench"`
	Records     int     `json:"records"` // usages in the store
	Notices     int     `json:"notices"` // open
	Scans       int     `json:"scans"`
	FillSeconds float64 `json:"fill_s"`
	// EventMs is until the page's event stream says that something has changed;
	// VerdictMs until the page has fetched what it then shows, with this verdict.
	EventMs    float64 `json:"event_median_ms"`
	EventP99Ms float64 `json:"event_p99_ms"`
	MedianMs   float64 `json:"verdict_median_ms"`
	P99Ms      float64 `json:"verdict_p99_ms"`
	MaxMs      float64 `json:"verdict_max_ms"`
	// TwoFsyncsMs is what two bare syncs of a page cost on the same disk, after
	// each scan: a commit makes two.
	TwoFsyncsMs    float64 `json:"two_fsyncs_median_ms"`
	TwoFsyncsP99Ms float64 `json:"two_fsyncs_p99_ms"`
}

// scansEach is how many devices are scanned in one procedure before it is closed.
const scansEach = 8

// Scan fills a store, serves a node on it, and scans over a pseudo-terminal with
// an open theatre page.
func (b Bench) Scan(ctx context.Context, records, scans int) (s Scan, err error) {
	t, err := b.bed(records)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	s = Scan{Bench: "scan", Records: records, Notices: noticesOpen, Scans: scans}
	start := time.Now()
	if err := t.fill(ctx, records); err != nil {
		return s, err
	}
	r := command.Recorder{Store: t.store, Clock: time.Now}
	for i := range noticesOpen {
		if err := t.notice(ctx, &casework.Office{Recorder: r}, i); err != nil {
			return s, err
		}
	}
	s.FillSeconds = time.Since(start).Seconds()
	if err := t.shut(); err != nil {
		return s, err
	}
	master, slave, err := demo.OpenLine()
	if err != nil {
		return s, err
	}
	defer master.Close()
	defer slave.Close()
	go io.Copy(io.Discard, master) // until the node has set the line, it sends back what it gets
	c := app.Config{Data: t.dir, Keys: t.keyFile(), Listen: "127.0.0.1:0", Name: "bench", NoSignIn: true, CompactAt: "never", FindScanners: app.FindNone,
		Scanners: []scanner.SerialConfig{{Name: "bench", Device: slave.Name()}}}
	n, err := app.Open(ctx, c, "bench", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return s, err
	}
	serving, stop := context.WithCancel(ctx)
	ready, over := make(chan string, 1), make(chan error, 1)
	go func() { over <- n.Serve(serving, func(address string) { ready <- address }) }()
	defer func() {
		stop()
		err = errors.Join(err, <-over)
	}()
	var p *page
	select {
	case address := <-ready:
		if p, err = openPage(serving, "http://"+address); err != nil {
			return s, err
		}
	case err := <-over:
		over <- nil
		return s, err
	}
	for !n.Scanners()[0].Connected {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		time.Sleep(time.Millisecond)
	}
	var events, verdicts, raw []time.Duration
	for i := range scans {
		t.progress("scanning", i, scans)
		if i%scansEach == 0 {
			if err := nextProcedure(ctx, n, i/scansEach); err != nil {
				return s, err
			}
			p.settle()
		}
		serial := fmt.Sprintf("BENCH%07d", i)
		text := fmt.Sprintf("]d201%s17310101"+"10LOT%d\x1d21%s\r", di(i%products), i%500, serial)
		if _, err := io.WriteString(master, text); err != nil {
			return s, err
		}
		event, verdict, err := p.wait(ctx, serial)
		if err != nil {
			return s, err
		}
		events, verdicts = append(events, event), append(verdicts, verdict)
		bare, err := t.disk.commit(1)
		if err != nil {
			return s, err
		}
		raw = append(raw, bare)
	}
	s.EventMs, s.EventP99Ms = median(events), quantile(events, 99)
	s.MedianMs, s.P99Ms, s.MaxMs = median(verdicts), quantile(verdicts, 99), quantile(verdicts, 100)
	s.TwoFsyncsMs, s.TwoFsyncsP99Ms = median(raw), quantile(raw, 99)
	return s, nil
}

// nextProcedure closes what is open at the desk and opens a procedure of another
// patient.
func nextProcedure(ctx context.Context, n *app.Node, i int) error {
	st, err := n.Desk.State(ctx)
	if err != nil {
		return err
	}
	meta := func() command.Meta {
		return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Via: "bench"}}
	}
	if st.Procedure != nil {
		if err := n.Desk.Close(ctx, command.CloseProcedure{Meta: meta(), Procedure: st.Procedure.Procedure.ID}); err != nil {
			return err
		}
	}
	_, err = n.Desk.Open(ctx, command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: nhsNumber(i)}, Code: trace.Code{System: trace.SystemOPCS4, Code: "W37.1"}, Side: trace.SideLeft})
	return err
}

// page is an open theatre page: its event stream, and what it fetches when that
// says that something changed.
type page struct {
	url     string
	changed chan time.Time
	ended   chan error
}

func openPage(ctx context.Context, url string) (*page, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/theatre/events", nil)
	if err != nil {
		return nil, err
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("the page's events: %s", r.Status), r.Body.Close())
	}
	p := &page{url: url, changed: make(chan time.Time, 100), ended: make(chan error, 1)}
	go func() {
		defer r.Body.Close()
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			if strings.TrimSpace(strings.TrimPrefix(lines.Text(), "event:")) == "changed" {
				p.changed <- time.Now()
			}
		}
		p.ended <- errors.Join(errors.New("the page's events ended"), lines.Err())
	}()
	return p, nil
}

// settle lets go of events of what was done before, once none has come for a while.
func (p *page) settle() {
	for {
		select {
		case <-p.changed:
		case <-time.After(20 * time.Millisecond):
			return
		}
	}
}

// wait waits until the page shows a text, from now on, which is when its last byte
// was written.
func (p *page) wait(ctx context.Context, text string) (event, verdict time.Duration, err error) {
	start := time.Now()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	for {
		select {
		case at := <-p.changed:
			if at.Before(start) { // of the scan before
				continue
			}
			shown, err := p.board(ctx)
			if err != nil {
				return 0, 0, err
			}
			if bytes.Contains(shown, []byte(text)) {
				return at.Sub(start), time.Since(start), nil
			}
		case err := <-p.ended:
			return 0, 0, err
		case <-late.C:
			return 0, 0, fmt.Errorf("no verdict on %s in 30 seconds: %w", text, errNothing)
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		}
	}
}

// board fetches what the page shows, as a browser does.
func (p *page) board(ctx context.Context) (shown []byte, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/theatre/board", nil)
	if err != nil {
		return nil, err
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the theatre page: %s", r.Status)
	}
	return io.ReadAll(r.Body)
}
