package zxing

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestManyReadAtOnce(t *testing.T) {
	e := opened(t, Options{Instances: 2})
	want := map[string]string{
		"datamatrix-gs1": "01095060001343521727123110LOT-42\x1d217",
		"code128-gs1":    "010950600013435210LOT-42\x1d217",
		"qrcode":         "https://ifu.example.com/9506000134352",
		"ean13":          "9506000134352",
	}
	var all sync.WaitGroup
	for name, text := range want {
		g := sheet(t, name)
		for range 2 {
			all.Go(func() {
				for range 5 {
					if results, err := e.Read(t.Context(), g, Defaults()); err != nil || len(results) != 1 || results[0].Text != text {
						t.Errorf("%s: read %+v, %v", name, results, err)
					}
				}
			})
		}
	}
	all.Wait()
}

// A picture that takes seconds is given up when its context is cancelled, and
// the engine reads the next.
func TestCancelEndsARead(t *testing.T) {
	e := opened(t, Options{})
	big := noise(4000, 3000, 1)
	small := sheet(t, "datamatrix")
	one(t, e, small, Defaults()) // compiled

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := e.Read(ctx, big, Defaults())
		ended <- err
	}()
	for len(e.places) > 0 { // until the only place is taken
		runtime.Gosched()
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read gave %v, want %v", err, context.Canceled)
	}
	if _, err := e.Read(ctx, small, Defaults()); !errors.Is(err, context.Canceled) {
		t.Errorf("a read with a cancelled context gave %v", err)
	}
	one(t, e, small, Defaults())
}

// It is the code of zxing-cpp that notices, once it runs: a cancelled context ends
// a search that has begun, in either kind of sandbox.
func TestCancelEndsASearchThatHasBegun(t *testing.T) {
	e := opened(t, Options{})
	one(t, e, sheet(t, "datamatrix"), Defaults())
	big := noise(2000, 1500, 1)
	for _, careful := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		s, err := e.code.newSandbox(ctx, careful)
		if err != nil {
			t.Fatal(err)
		}
		searched := false
		err = s.guard(ctx, func() { // which has looked at ctx by now
			cancel()
			_, _ = s.read(big, Defaults())
			searched = true
		})
		s.close()
		if !errors.Is(err, context.Canceled) || searched {
			t.Errorf("careful %v: %v, and the search came to its end: %v", careful, err, searched)
		}
	}
}

// While the only instance is busy, whoever waits for it may go.
func TestWaitingForAPlaceEndsWithItsContext(t *testing.T) {
	e := opened(t, Options{})
	one(t, e, sheet(t, "datamatrix"), Defaults())
	s := <-e.places
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := e.Read(ctx, sheet(t, "datamatrix"), Defaults())
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	e.places <- s
}

func TestReadAfterCloseIsRefused(t *testing.T) {
	for _, used := range []bool{false, true} {
		e := opened(t, Options{})
		if used {
			one(t, e, sheet(t, "datamatrix"), Defaults())
		}
		for range 2 {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := e.Read(t.Context(), sheet(t, "datamatrix"), Defaults()); !errors.Is(err, ErrClosed) {
			t.Errorf("used %v: %v, want %v", used, err, ErrClosed)
		}
	}
}

func TestReadRefusesPicturesThatCannotBe(t *testing.T) {
	e := opened(t, Options{MemoryLimit: LeastMemoryLimit})
	for name, c := range map[string]struct {
		g    *image.Gray
		want error
	}{
		"none":            {nil, ErrPicture},
		"empty":           {image.NewGray(image.Rect(0, 0, 0, 0)), ErrPicture},
		"no height":       {image.NewGray(image.Rect(0, 0, 100, 0)), ErrPicture},
		"negative":        {&image.Gray{Pix: make([]byte, 9), Stride: 3, Rect: image.Rectangle{Min: image.Pt(3, 3)}}, ErrPicture},
		"short":           {&image.Gray{Pix: make([]byte, 99), Stride: 10, Rect: image.Rect(0, 0, 10, 10)}, ErrPicture},
		"narrow":          {&image.Gray{Pix: make([]byte, 100), Stride: 5, Rect: image.Rect(0, 0, 10, 10)}, ErrPicture},
		"negative stride": {&image.Gray{Pix: make([]byte, 100), Stride: -10, Rect: image.Rect(0, 0, 10, 10)}, ErrPicture},
		"endless stride":  {&image.Gray{Pix: make([]byte, 100), Stride: 1 << 62, Rect: image.Rect(0, 0, 10, 10)}, ErrPicture},
		"long":            {image.NewGray(image.Rect(0, 0, 40000, 1)), ErrPicture},
		"beyond all":      {&image.Gray{Pix: make([]byte, 9), Stride: 1 << 40, Rect: image.Rect(0, 0, 1<<40, 1<<40)}, ErrPicture},
		"too large":       {image.NewGray(image.Rect(0, 0, 8000, 8000)), ErrMemory},
		"large in use":    {noise(4500, 4000, 1), ErrMemory},
	} {
		if results, err := e.Read(t.Context(), c.g, Defaults()); !errors.Is(err, c.want) {
			t.Errorf("%s: read %v, %v, want %v", name, results, err, c.want)
		}
	}
	for _, r := range []image.Rectangle{image.Rect(0, 0, 1, 1), image.Rect(0, 0, 3, 1), image.Rect(0, 0, 1, 3000), image.Rect(0, 0, 32767, 2)} {
		if results, err := e.Read(t.Context(), image.NewGray(r), Defaults()); err != nil || len(results) > 0 {
			t.Errorf("%v: read %v, %v", r, results, err)
		}
	}
	one(t, e, sheet(t, "datamatrix"), Defaults())
}

// What goes wrong in a sandbox is an error of one call, and the next call has
// another sandbox.
func TestASandboxThatFailsIsThrownAway(t *testing.T) {
	e := opened(t, Options{})
	g := sheet(t, "datamatrix")
	one(t, e, g, Defaults())

	for name, spoil := range map[string]func(s *sandbox){
		"a pointer that no function has": func(s *sandbox) {
			f := s.bindings.functions[readFunction]
			f.invoker.p = 1 << 20
			s.bindings.functions[readFunction] = f
		},
		"an address outside the memory": func(s *sandbox) {
			f := s.bindings.functions[readFunction]
			f.context = 1<<32 - 8
			s.bindings.functions[readFunction] = f
		},
		"a panic in Go": func(s *sandbox) { s.bindings.types = nil; s.bindings.invokers = nil },
	} {
		s := <-e.places
		if s == nil {
			t.Fatal("no sandbox was kept")
		}
		spoil(s)
		e.places <- s
		if results, err := e.Read(t.Context(), g, Defaults()); !errors.Is(err, ErrSandbox) {
			t.Errorf("%s: read %v, %v, want %v", name, results, err, ErrSandbox)
		}
		one(t, e, g, Defaults())
	}
}

// Reading takes nothing that is not given back: no handle, no memory.
func TestReadLeavesNothingBehind(t *testing.T) {
	e := opened(t, Options{})
	g := paper(400, 300, 240)
	drawSymbol(g, symbol(t, "datamatrix-gs1"), 60, 50, 3, 20)
	drawSymbol(g, symbol(t, "qrcode"), 240, 160, 3, 20)
	o := Defaults()
	o.ReturnErrors = true
	n := 1000
	if testing.Short() || underRace {
		n = 100
	}
	var size uint32
	var heap uint32
	var held int
	var kept *sandbox
	for i := range n {
		if results, err := e.Read(t.Context(), g, o); err != nil || len(results) != 2 {
			t.Fatalf("read %+v, %v", results, err)
		}
		s := <-e.places
		if i == 1 { // what is made once is made
			p := s.malloc(1 << 16)
			s.free(p)
			size, heap, held, kept = s.memory.Size(), p, len(s.values.held), s
		}
		e.places <- s
	}
	s := <-e.places
	p := s.malloc(1 << 16)
	s.free(p)
	e.places <- s
	if s != kept {
		t.Error("another sandbox was made")
	}
	if s.memory.Size() != size || p != heap {
		t.Errorf("memory was %d bytes, %d after %d reads; a block lay at %#x, and then at %#x", size, s.memory.Size(), n, heap, p)
	}
	if len(s.values.held) != held {
		t.Errorf("%d values were held, %d after %d reads", held, len(s.values.held), n)
	}
}

// Sandboxes that are thrown away leave nothing behind, either.
func TestSandboxesAreFreed(t *testing.T) {
	e := opened(t, Options{})
	g := sheet(t, "datamatrix")
	one(t, e, g, Defaults())
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	remake := func(n int) {
		for range n {
			s := <-e.places
			if s != nil {
				s.close()
			}
			e.places <- nil
			one(t, e, g, Defaults())
		}
	}
	remake(10)
	before := live()
	remake(60)
	if after := live(); after > before+60*10<<10 {
		t.Errorf("%d bytes before, %d after 60 more sandboxes", before, after)
	}
}

// Two photographs of 12 million pixels at a time, and the process stays below the
// 300 MB that the product may have. What is read of them is no longer held
// afterwards.
func TestMemoryStaysBelowItsBound(t *testing.T) {
	if runtime.GOOS != "linux" || underRace {
		t.Skip("what a process holds is counted on Linux, without the race detector")
	}
	e := opened(t, Options{Instances: 2})
	one(t, e, sheet(t, "datamatrix"), Defaults())
	g := sheetOf12MP(t)
	before := anonymous(t)
	reading := make(chan error, 2)
	for range 2 {
		go func() {
			results, err := e.Read(t.Context(), g, Defaults())
			if err == nil && len(results) != 3 {
				err = fmt.Errorf("read %+v", results)
			}
			reading <- err
		}()
	}
	most := 0
	for ended := 0; ended < 2; {
		most = max(most, anonymous(t))
		select {
		case err := <-reading:
			if err != nil {
				t.Error(err)
			}
			ended++
		default:
			runtime.Gosched()
		}
	}
	after := anonymous(t)
	t.Logf("RssAnon %d MB before, at most %d MB, %d MB after", before>>10, most>>10, after>>10)
	if most > 300_000_000>>10 {
		t.Errorf("RssAnon was up to %d kB", most)
	}
	if after > before+20_000 {
		t.Errorf("RssAnon was %d kB before and is %d kB", before, after)
	}
}

// anonymous is the memory that the process holds and no file backs, in kB.
func anonymous(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	kB, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kB
}

func TestCodeIsKeptFromOneProcessToTheNext(t *testing.T) {
	needed(t)
	dir := filepath.Join(t.TempDir(), "a", "folder")
	g := sheet(t, "datamatrix")
	read := func() {
		e, err := Open(Options{CacheDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		one(t, e, g, Defaults())
	}
	files := func() (found []string) {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if _, err := os.Stat(dir); err == nil {
		t.Fatal("the folder is there before anything was read")
	}
	read()
	first := files()
	if runtime.GOARCH == "amd64" && len(first) == 0 {
		t.Fatal("nothing was kept")
	}
	read()
	if again := files(); len(again) != len(first) {
		t.Errorf("%d files after the first engine, %d after the second", len(first), len(again))
	}

	// What is damaged is made anew.
	for _, file := range first {
		if err := os.WriteFile(file, []byte("cut off"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read()
	for _, file := range first {
		if info, err := os.Stat(file); err != nil || info.Size() == int64(len("cut off")) {
			t.Errorf("%s stays damaged: %v", file, err)
		}
	}
}

// A service has no home folder as a rule.
func TestWithoutAHomeCodeIsKeptInATemporaryFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it cannot be told there whose a folder is")
	}
	temporary := t.TempDir()
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("TMPDIR", temporary)
	dir, ok := cacheFolder("")
	if !ok || filepath.Dir(dir) != temporary {
		t.Fatalf("kept in %q, %v", dir, ok)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// A link that somebody else has laid there is not followed.
	if err := errors.Join(os.Remove(dir), os.Symlink(t.TempDir(), dir)); err != nil {
		t.Fatal(err)
	}
	if dir, ok := cacheFolder(""); ok {
		t.Errorf("%s is used, which is a link", dir)
	}
	if dir, ok := cacheFolder("-"); ok {
		t.Errorf("%s is used, though none is wanted", dir)
	}
}

func TestACacheThatCannotBeUsedIsDoneWithout(t *testing.T) {
	needed(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e := opened(t, Options{CacheDir: filepath.Join(file, "below")})
	one(t, e, sheet(t, "datamatrix"), Defaults())

	if runtime.GOOS == "windows" {
		return
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if dir, ok := cacheFolder(open); ok {
		t.Errorf("%s is used, though anybody may write there", dir)
	}
}
