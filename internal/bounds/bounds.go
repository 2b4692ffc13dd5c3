// Package bounds holds the fuzz targets of what reads outside data to what one input may take: time and memory that a
// stranger cannot make this program spend.
package bounds

import (
	"flag"
	"time"
)

const (
	// Time is how long one input may keep a processor busy. It is processor
	// time where the system tells it: a busy machine then fails nobody, and what
	// waits for ever is ended by the fuzzer itself after 10 s.
	Time = 2 * time.Second

	// Memory is how many bytes of memory the process that reads may have held
	// at any time.
	Memory = 512 << 20
)

// seldom is how many quick inputs pass between two looks at the memory, which
// cost more than most inputs do. The peak is remembered by the system, so a later
// look misses nothing.
const seldom = 64

// Failer is what a broken bound is told to: a *testing.T.
type Failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// Hold runs the reading of one input and fails the test where it broke a bound.
// It holds only what a fuzzer runs: the seeds of an ordinary test run beside
// others in one process and under the race detector, where both figures say
// nothing of the input.
func Hold(t Failer, read func()) {
	t.Helper()
	if !fuzzing() {
		read()
		return
	}
	hold(t, read, Time, Memory)
}

var looked int

func hold(t Failer, read func(), most time.Duration, bytes uint64) {
	t.Helper()
	before := busy()
	read()
	took := busy() - before
	if took > most {
		t.Errorf("one input kept the processor busy for %v; at most %v is allowed", took, most)
	}
	if looked++; looked%seldom != 0 && took < time.Millisecond {
		return
	}
	if p := peak(); p > bytes {
		t.Errorf("the process held %d MB of memory; at most %d MB is allowed (this input, or one of the %d before it)", p>>20, bytes>>20, seldom)
	}
}

// fuzzing says whether this process runs inputs for a fuzzer.
func fuzzing() bool {
	for _, name := range []string{"test.fuzz", "test.fuzzworker"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" && f.Value.String() != "false" {
			return true
		}
	}
	return false
}
