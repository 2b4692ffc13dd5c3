package bounds

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// told keeps what a broken bound says.
type told []string

func (t *told) Helper()                           {}
func (t *told) Errorf(format string, args ...any) { *t = append(*t, fmt.Sprintf(format, args...)) }

func TestABrokenBoundIsTold(t *testing.T) {
	var said told
	hold(&said, func() {
		for before := busy(); busy() < before+20*time.Millisecond; {
		}
	}, 10*time.Millisecond, 1<<40)
	if len(said) != 1 || !strings.Contains(said[0], "busy") {
		t.Errorf("of time: %q", said)
	}

	said = nil
	var held []byte
	before := peak()
	hold(&said, func() {
		held = make([]byte, 64<<20)
		for i := 0; i < len(held); i += 512 {
			held[i] = 1
		}
		for before := busy(); busy() < before+2*time.Millisecond; { // so that its memory is looked at
		}
	}, time.Hour, before+32<<20)
	if len(said) != 1 || !strings.Contains(said[0], "memory") || len(held) == 0 {
		t.Errorf("of memory: %q", said)
	}

	said = nil
	for range 2 * seldom {
		hold(&said, func() {}, time.Hour, 1<<40)
	}
	if len(said) != 0 {
		t.Errorf("of nothing: %q", said)
	}
}
