package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"implantrace/internal/udi"
	"implantrace/scanner"
)

// Decode is how a folder of pictures was read.
type Decode struct {
	Bench     string   `json:"bench"`
	Dir       string   `json:"dir"`
	Engine    string   `json:"engine"` // zxing-cpp's build, or "gozxing alone"
	Turned    int      `json:"turned_degrees"`
	Workers   int      `json:"workers"` // pictures read at the same time
	Without   []string `json:"without"` // passes that were left out
	Pictures  int      `json:"pictures"`
	Failed    int      `json:"failed"` // pictures that gave an error
	Symbols   int      `json:"symbols"`
	Read      int      `json:"read"` // for sure, with the text of the truth
	Rate      float64  `json:"read_rate"`
	Misread   int      `json:"misread"`      // sure, with a text that is not in the truth
	Unsure    int      `json:"unsure"`       // of the truth, found and not sure
	Doubtful  int      `json:"doubtful"`     // not sure, with a text that is not in the truth
	Beside    int      `json:"beside"`       // sure, not in the truth, and no misreading: see [RunDecode]
	Unread    int      `json:"unread"`       // told to be located and not read
	FalseCall int      `json:"false_unread"` // the same on pictures of which all was read
	MedianMs  float64  `json:"median_ms"`
	P95Ms     float64  `json:"p95_ms"`
	MaxMs     float64  `json:"max_ms"`
	FirstMs   float64  `json:"first_ms"`            // of the first picture, with the start of the engine
	CPUMs     float64  `json:"cpu_ms"`              // of the processors for a picture, on average: what other work on the machine hardly touches; 0 where the system does not say
	PeakAnon  int64    `json:"peak_rss_anon_bytes"` // looked up every few milliseconds; 0 where the system does not say

	Kinds    []DecodeKind `json:"by_degradation"`
	Passes   []DecodePass `json:"by_pass"`
	Misreads []string     `json:"misreads"`
	Besides  []string     `json:"besides"`
	Missed   []string     `json:"missed"`
}

// DecodeKind is how pictures of one kind were read.
type DecodeKind struct {
	Kind    string `json:"kind"`
	Symbols int    `json:"symbols"`
	Read    int    `json:"read"`
}

// DecodePass is what one pass has read first, and cost.
type DecodePass struct {
	Pass      string  `json:"pass"`
	Pictures  int     `json:"pictures"` // over which it was run
	Read      int     `json:"read"`
	MsPicture float64 `json:"ms"` // in the middle, over which it was run
}

// truth is what stands on a picture.
type truth struct {
	file    string
	texts   []string
	formats []string // "" where the truth does not say
	kinds   []string
	typed   bool        // it says what sorts of symbols it names
	beside  [][2]string // what else stands there
}

// RunDecode reads the pictures of a folder, and of folders in it, whose truth is
// known: from truth.jsonl ({"file","symbols":[[format,text]],"kinds"}), or from a
// .txt file beside a picture.
//
// What is sure and not in the truth is a misreading, but for what stands beside:
// what the line lists ("beside":[[format,text]]), and, where it says what sorts
// of symbols it names ("types", device identifications), a symbol that is none
// of them: of a format that no truth of the folder has, and without a claim to
// identify a device (no GS1 identifier, no HIBC or ISBT flag). Such are the shop
// codes and leaflets printed to distract. Each is listed, to be compared with
// its picture. Each is turned clockwise by so many degrees, a multiple of 90,
// first. So many workers read pictures at the same time; times are of one
// picture all the same, from when its file is in memory. The options bound the
// search and leave passes out; who proves content and reads it is set here.
func RunDecode(ctx context.Context, dir string, turned, workers int, o scanner.ImageOptions) (Decode, error) {
	if turned%90 != 0 {
		return Decode{}, fmt.Errorf("pictures are turned by 90, 180 or 270 degrees, not %d", turned)
	}
	for _, name := range o.Without {
		if !slices.Contains(scanner.PassNames(), name) {
			return Decode{}, fmt.Errorf("there is no pass called %q; there are: %s", name, strings.Join(scanner.PassNames(), ", "))
		}
	}
	all, err := truths(dir)
	if err != nil {
		return Decode{}, err
	}
	if len(all) == 0 {
		return Decode{}, fmt.Errorf("there are no pictures with a truth.jsonl or .txt truth in %s", dir)
	}
	d := Decode{Bench: "decode", Dir: dir, Turned: turned, Workers: max(workers, 1), Without: append([]string{}, o.Without...), Engine: "gozxing alone", Misreads: []string{}, Besides: []string{}, Missed: []string{}}
	if name, there := scanner.EngineVersion(); there {
		d.Engine = name
	}
	named := map[string]bool{}
	for _, t := range all {
		for _, f := range t.formats {
			named[f] = true
		}
	}
	var ms []float64
	kinds, passes := map[string]*DecodeKind{}, map[string]*DecodePass{}
	begun := cpuTime()
	peak := watchMemory()
	defer peak()
	for read := range readAll(ctx, all, turned, d.Workers, o) {
		if read.failed != nil {
			return d, read.failed
		}
		if d.Pictures == 0 {
			d.FirstMs = read.ms
		}
		d.Pictures++
		ms = append(ms, read.ms)
		if read.err != nil {
			d.Failed++
		}
		for _, q := range read.Passes {
			pass(passes, q.Name).Pictures++
			pass(passes, q.Name).MsPicture += float64(q.Elapsed.Microseconds()) / 1000
		}
		d.count(read.truth, read.Picture, named, kinds, passes)
	}
	d.PeakAnon = peak()
	if ctx.Err() != nil {
		return d, ctx.Err()
	}
	d.CPUMs = float64((cpuTime() - begun).Milliseconds()) / float64(d.Pictures)
	slices.Sort(ms)
	d.MedianMs, d.P95Ms, d.MaxMs = ms[len(ms)/2], ms[(len(ms)-1)*95/100], ms[len(ms)-1]
	if d.Symbols > 0 {
		d.Rate = float64(d.Read) / float64(d.Symbols)
	}
	for _, k := range kinds {
		d.Kinds = append(d.Kinds, *k)
	}
	for _, p := range passes {
		if p.Pictures > 0 {
			p.MsPicture /= float64(p.Pictures)
		}
		d.Passes = append(d.Passes, *p)
	}
	slices.SortFunc(d.Kinds, func(a, b DecodeKind) int { return cmp.Compare(a.Kind, b.Kind) })
	slices.SortFunc(d.Passes, func(a, b DecodePass) int {
		return cmp.Or(cmp.Compare(b.Read, a.Read), cmp.Compare(a.Pass, b.Pass))
	})
	return d, nil
}

// readPicture is a picture that was read.
type readPicture struct {
	truth
	scanner.Picture
	ms     float64
	err    error // of the picture
	failed error // of the benchmark
}

// readAll reads the pictures, so many at the same time, and yields them in
// order.
func readAll(ctx context.Context, all []truth, turned, workers int, o scanner.ImageOptions) iter.Seq[readPicture] {
	return func(yield func(readPicture) bool) {
		ctx, cancel := context.WithCancel(ctx)
		pool := scanner.NewWorkers(workers)
		now := time.Now()
		o.Workers, o.Proves = pool, func(scan string) bool { return udi.Proves(scan, now) }
		ends := make([]chan readPicture, len(all))
		for i := range ends {
			ends[i] = make(chan readPicture, 1)
		}
		var running sync.WaitGroup
		defer func() {
			cancel()
			running.Wait()
			_ = pool.Close() // nothing is read any more
		}()
		next := atomic.Int64{}
		for range workers {
			running.Go(func() {
				for i := int(next.Add(1)) - 1; i < len(all) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
					ends[i] <- readOne(ctx, all[i], turned, o)
				}
			})
		}
		for i := range ends {
			select {
			case r := <-ends[i]:
				if !yield(r) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func readOne(ctx context.Context, t truth, turned int, o scanner.ImageOptions) readPicture {
	r := readPicture{truth: t}
	data, err := os.ReadFile(t.file)
	if err == nil && turned%360 != 0 {
		if data, err = turnPicture(data, turned); err != nil {
			err = fmt.Errorf("%s: %w", t.file, err)
		}
	}
	if r.failed = err; err != nil {
		return r
	}
	start := time.Now()
	r.Picture, r.err = scanner.DecodeImage(ctx, data, o)
	r.ms = float64(time.Since(start).Microseconds()) / 1000
	return r
}

// watchMemory looks how much anonymous memory this process has, until it is
// asked for the most it saw, in bytes.
func watchMemory() (peak func() int64) {
	end, ended := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		most := int64(0)
		for {
			most = max(most, rss("RssAnon:"))
			select {
			case <-tick.C:
			case <-end:
				ended <- most
				return
			}
		}
	}()
	return sync.OnceValue(func() int64 {
		close(end)
		return <-ended
	})
}

// cpuTime is what this process has had of the processors; 0 where the system
// does not say.
func cpuTime() time.Duration {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	// The name of the program, in brackets, may hold anything (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system, tick = 11, 12, 10 * time.Millisecond
	if len(fields) <= system {
		return 0
	}
	total := time.Duration(0)
	for _, field := range [2]string{fields[user], fields[system]} {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		total += time.Duration(ticks) * tick
	}
	return total
}

func pass(all map[string]*DecodePass, name string) *DecodePass {
	if all[name] == nil {
		all[name] = &DecodePass{Pass: name}
	}
	return all[name]
}

// count compares what was read in a picture with its truth.
func (d *Decode) count(t truth, p scanner.Picture, named map[string]bool, kinds map[string]*DecodeKind, passes map[string]*DecodePass) {
	missed := 0
	for i, text := range t.texts {
		d.Symbols++
		read, unsure := false, false
		for _, s := range p.Symbols {
			if s.Text != text || t.formats[i] != "" && s.Format != t.formats[i] {
				continue
			}
			unsure = true
			if s.Sure && !read {
				read = true
				pass(passes, s.Pass).Read++
			}
		}
		for _, kind := range t.kinds {
			if kinds[kind] == nil {
				kinds[kind] = &DecodeKind{Kind: kind}
			}
			kinds[kind].Symbols++
			if read {
				kinds[kind].Read++
			}
		}
		switch {
		case read:
			d.Read++
			continue
		case unsure:
			d.Unsure++
		}
		missed++
		d.Missed = append(d.Missed, fmt.Sprintf("%s: %s", t.file, shown(text)))
	}
	for _, s := range p.Symbols {
		if t.has(s) {
			continue
		}
		switch {
		case !s.Sure:
			d.Doubtful++
		case t.hasBeside(s, named):
			d.Beside++
			d.Besides = append(d.Besides, fmt.Sprintf("%s: %s %s by %s", t.file, s.Format, shown(s.Text), s.Pass))
		default:
			d.Misread++
			d.Misreads = append(d.Misreads, fmt.Sprintf("%s: %s %s by %s", t.file, s.Format, shown(s.Text), s.Pass))
		}
	}
	d.Unread += len(p.Unread)
	if missed == 0 {
		d.FalseCall += len(p.Unread)
	}
}

// has says whether the truth has a symbol with its text, in its format where the
// truth says one.
func (t truth) has(s scanner.Symbol) bool {
	for i, text := range t.texts {
		if s.Text == text && (t.formats[i] == "" || t.formats[i] == s.Format) {
			return true
		}
	}
	return false
}

// hasBeside says whether a symbol that is not in the truth may stand there all
// the same. named are the formats that the folder's truth has.
func (t truth) hasBeside(s scanner.Symbol, named map[string]bool) bool {
	if slices.Contains(t.beside, [2]string{s.Format, s.Text}) {
		return true
	}
	return t.typed && !named[s.Format] && !named[""] && !claims(s)
}

// claims says whether a symbol claims to identify a device, as GS1, HIBC and
// ISBT 128 mark it.
func claims(s scanner.Symbol) bool {
	switch s.AIM {
	case "]C1", "]d2", "]Q3", "]J1":
		return true
	}
	return strings.HasPrefix(s.AIM, "]e") || strings.HasPrefix(s.Text, "+") || strings.HasPrefix(s.Text, "=")
}

func shown(text string) string { return strings.ReplaceAll(text, "\x1d", "<GS>") }

// Print writes the result as tables for people.
func (d Decode) Print(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "%s, %s, turned by %d degrees, %d at the same time, %d processors\n", d.Dir, d.Engine, d.Turned, d.Workers, runtime.GOMAXPROCS(0))
	if len(d.Without) > 0 {
		fmt.Fprintf(out, "without\t%s\n", strings.Join(d.Without, ", "))
	}
	fmt.Fprintf(out, "read\t%d of %d symbols in %d pictures, %.1f %%\n", d.Read, d.Symbols, d.Pictures, 100*d.Rate)
	fmt.Fprintf(out, "misread\t%d\n", d.Misread)
	fmt.Fprintf(out, "unsure\t%d, and %d that the truth does not know\n", d.Unsure, d.Doubtful)
	fmt.Fprintf(out, "beside\t%d that the truth leaves aside, listed below\n", d.Beside)
	fmt.Fprintf(out, "located, not read\t%d, of which %d on pictures that were read whole\n", d.Unread, d.FalseCall)
	fmt.Fprintf(out, "errors\t%d\n", d.Failed)
	fmt.Fprintf(out, "time\tmedian %.0f ms, 95th percentile %.0f ms, maximum %.0f ms, first %.0f ms\n", d.MedianMs, d.P95Ms, d.MaxMs, d.FirstMs)
	if d.CPUMs > 0 {
		fmt.Fprintf(out, "processors\t%.0f ms a picture on average\n", d.CPUMs)
	}
	if d.PeakAnon > 0 {
		fmt.Fprintf(out, "memory\t%d MB anonymous at most\n", d.PeakAnon>>20)
	}
	fmt.Fprintf(out, "\ndegradation\tread\tof\n")
	for _, k := range d.Kinds {
		fmt.Fprintf(out, "%s\t%d\t%d\n", k.Kind, k.Read, k.Symbols)
	}
	fmt.Fprintf(out, "\npass\tread first\trun on\tms each\n")
	for _, p := range d.Passes {
		fmt.Fprintf(out, "%s\t%d\t%d\t%.1f\n", p.Pass, p.Read, p.Pictures, p.MsPicture)
	}
	for _, m := range d.Misreads {
		fmt.Fprintf(out, "\nmisread\t%s", m)
	}
	for _, m := range d.Besides {
		fmt.Fprintf(out, "\nbeside\t%s", m)
	}
	fmt.Fprintln(out)
	return out.Flush()
}

// truths finds the pictures with a truth in a folder and below it, by name.
func truths(dir string) ([]truth, error) {
	var all []truth
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if e.Name() == "truth.jsonl" {
			of, err := truthLines(path)
			all = append(all, of...)
			return err
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".png", ".jpg", ".jpeg", ".webp":
		default:
			return nil
		}
		text, err := os.ReadFile(strings.TrimSuffix(path, filepath.Ext(path)) + ".txt")
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		all = append(all, truth{file: path, texts: []string{string(text)}, formats: []string{""}, kinds: []string{filepath.Base(filepath.Dir(path))}})
		return err
	})
	slices.SortFunc(all, func(a, b truth) int { return strings.Compare(a.file, b.file) })
	return all, err
}

func truthLines(path string) (all []truth, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var l struct {
			File    string      `json:"file"`
			Symbols [][2]string `json:"symbols"`
			Kinds   []string    `json:"kinds"`
			Types   []string    `json:"types"`
			Beside  [][2]string `json:"beside"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		t := truth{file: filepath.Join(filepath.Dir(path), l.File), kinds: l.Kinds, typed: len(l.Types) > 0, beside: l.Beside}
		for _, s := range l.Symbols {
			t.formats, t.texts = append(t.formats, s[0]), append(t.texts, s[1])
		}
		all = append(all, t)
	}
	return all, nil
}
