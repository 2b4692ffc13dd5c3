package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// order is what a process of its own is asked to measure.
type order struct {
	Store, Keys string
	Lots        [][2]string // DI and lot, each looked up in turn
	Lookups     int
	Family      string // a family of products, to be streamed
	Release     string // a release of a catalogue, to be imported; nothing else is measured
	Export      string // a file for the whole record; nothing else is measured
	Form        string // of that file: one of forms
	HaltAt      int    // rows of that file after which the process waits to be killed; 0: none
	Products    int    // of a catalogue, to be looked up
	Verify      bool
}

// Fresh is what a process of its own has measured: nothing is in its memory but
// what the measured calls left there.
type Fresh struct {
	OpenMs        float64  `json:"open_ms"`
	OpenAnonBytes int64    `json:"open_rss_anon_bytes"` // anonymous memory when the store is open; 0 where the system does not say
	OpenFileBytes int64    `json:"open_rss_file_bytes"` // mapped file pages in memory, which the system takes back at need
	Lookups       int      `json:"lookups"`             // all patients with a DI and a lot
	LookupRows    float64  `json:"rows_per_lookup"`
	FirstMs       float64  `json:"lookup_first_ms"`
	MedianMs      float64  `json:"lookup_median_ms"` // warm: each lot was looked up before
	P95Ms         float64  `json:"lookup_p95_ms"`
	RowsMs        float64  `json:"usages_median_ms"`    // the same, with all that is recorded of each usage
	AnonBytes     int64    `json:"rss_anon_bytes"`      // after the lookups
	FileRssBytes  int64    `json:"rss_file_bytes"`      // likewise
	ScanAnonBytes int64    `json:"scan_rss_anon_bytes"` // after one pass over 10,000 entries of the journal
	Stream        Stream   `json:"-"`
	Found         Found    `json:"-"`
	Verified      Verified `json:"-"`
}

// Verified is what proving a store costs.
type Verified struct {
	Seconds   float64 `json:"verify_s"`
	AnonBytes int64   `json:"verify_rss_anon_bytes"` // the most seen meanwhile
	Rows      uint64  `json:"verify_rows"`           // that were worked out anew and compared
}

// answered is what a process of its own prints.
type answered struct {
	Fresh
	Stream   Stream
	Found    Found
	Verified Verified
}

// ProcessArgument is the word behind "bench" with which this program measures in
// a process of its own.
const ProcessArgument = "process"

// process is a process of its own that carries an order out on the bed's store. What
// it says to its standard error is gathered in failed.
func (t *bed) process(ctx context.Context, o order) (cmd *exec.Cmd, failed *bytes.Buffer, err error) {
	o.Store, o.Keys = t.file(), t.keyFile()
	request, err := json.Marshal(o)
	if err != nil {
		return nil, nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd = exec.CommandContext(ctx, program, "bench", ProcessArgument)
	cmd.Args[0] = os.Args[0] // as this one was called
	failed = new(bytes.Buffer)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(request), failed
	return cmd, failed, nil
}

// fresh measures in a process of its own.
func (t *bed) fresh(ctx context.Context, o order) (f Fresh, err error) {
	cmd, failed, err := t.process(ctx, o)
	if err != nil {
		return f, err
	}
	out, err := cmd.Output()
	if err != nil {
		return f, fmt.Errorf("measuring in a process of its own: %w: %s", err, strings.TrimSpace(failed.String()))
	}
	var a answered
	err = json.Unmarshal(out, &a)
	a.Fresh.Stream, a.Fresh.Found, a.Fresh.Verified = a.Stream, a.Found, a.Verified
	return a.Fresh, err
}

// Process is the process of its own: it reads what to measure and prints what it
// measured.
func Process(ctx context.Context, in *json.Decoder, out *json.Encoder) (err error) {
	var o order
	if err := in.Decode(&o); err != nil {
		return fmt.Errorf("this is for bench's own use: %w", err)
	}
	keys, err := seal.LoadKeyring(o.Keys)
	if err != nil {
		return err
	}
	var f Fresh
	start := time.Now()
	s, err := bolt.Open(o.Store, bolt.Options{Keys: keys})
	if err != nil {
		return err
	}
	f.OpenMs = float64(time.Since(start).Nanoseconds()) / 1e6
	defer func() { err = errors.Join(err, s.Close()) }()
	f.OpenAnonBytes, f.OpenFileBytes = rss("RssAnon:"), rss("RssFile:")
	if len(o.Lots) > 0 {
		if err := f.look(ctx, s, o); err != nil {
			return err
		}
	}
	if o.Release != "" {
		return importRelease(ctx, s, o.Release, out)
	}
	if o.Export != "" {
		return exportAll(ctx, s, o, out)
	}
	if o.Products > 0 {
		if err := f.Found.find(ctx, s, o.Products, o.Lookups); err != nil {
			return err
		}
	}
	if o.Family != "" {
		if err := f.Stream.run(ctx, s, o.Family); err != nil {
			return err
		}
	}
	if o.Verify {
		if err := f.Verified.run(ctx, s, filepath.Dir(o.Store)); err != nil {
			return err
		}
	}
	return out.Encode(answered{f, f.Stream, f.Found, f.Verified})
}

// run proves a store that is open, and watches its memory.
func (v *Verified) run(ctx context.Context, s *bolt.Store, dir string) error {
	over, most := make(chan struct{}), make(chan int64)
	go func() {
		n := rss("RssAnon:")
		for {
			select {
			case <-over:
				most <- max(n, rss("RssAnon:"))
				return
			case <-time.After(10 * time.Millisecond):
				n = max(n, rss("RssAnon:"))
			}
		}
	}()
	var report trace.Verification
	took, err := timed(func() (err error) { report, err = s.Verify(ctx, dir); return err })
	close(over)
	v.Seconds, v.AnonBytes, v.Rows = took.Seconds(), <-most, report.Rows
	if err == nil && len(report.Findings) > 0 {
		err = fmt.Errorf("verify finds %+v", report.Findings[0])
	}
	return err
}

func (f *Fresh) look(ctx context.Context, s *bolt.Store, o order) error {
	var took, rows []time.Duration
	found := 0
	for i := range len(o.Lots) + o.Lookups {
		q := trace.Query{DI: o.Lots[i%len(o.Lots)][0], Lot: o.Lots[i%len(o.Lots)][1]}
		n := 0
		one, err := timed(func() (err error) { n, err = patientsWith(ctx, s, q); return err })
		switch {
		case err != nil:
			return err
		case i == 0:
			f.FirstMs = float64(one.Nanoseconds()) / 1e6
		case i >= len(o.Lots):
			took, found = append(took, one), found+n
		}
	}
	for i := range o.Lookups {
		q := trace.Query{DI: o.Lots[i%len(o.Lots)][0], Lot: o.Lots[i%len(o.Lots)][1]}
		one, err := timed(func() error {
			for _, err := range s.Candidates(ctx, q) {
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		rows = append(rows, one)
	}
	f.Lookups, f.LookupRows = o.Lookups, float64(found)/float64(o.Lookups)
	f.MedianMs, f.P95Ms, f.RowsMs = median(took), quantile(took, 95), median(rows)
	f.AnonBytes, f.FileRssBytes = rss("RssAnon:"), rss("RssFile:")
	n := 0
	for _, err := range s.Entries(ctx, trace.Position{Node: s.Node()}) {
		if err != nil {
			return err
		}
		if n++; n == 10_000 {
			break
		}
	}
	f.ScanAnonBytes = rss("RssAnon:")
	return nil
}

// rss reads one line of this process's memory, in bytes; 0 where the system does
// not say.
func rss(line string) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(l, line); ok {
			var kb int64
			if _, err := fmt.Sscan(rest, &kb); err == nil {
				return kb << 10
			}
		}
	}
	return 0
}

// quiet gives back what filling left in memory, so that what follows is measured
// without it.
func quiet() { debug.FreeOSMemory() }
