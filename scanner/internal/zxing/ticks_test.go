package zxing

import (
	"errors"
	"testing"

	"implantrace/internal/bounds"
)

func TestTicksAreAddedToLoopsOnly(t *testing.T) {
	loop := func(body ...byte) []byte {
		return append(append([]byte{0, opLoop, blockEmpty}, body...), opEnd, opEnd)
	}
	long := make([]byte, longLoop+1)
	for i := range long {
		long[i] = 0x01 // no operation
	}
	for name, c := range map[string]struct {
		body []byte
		want int
	}{
		"no loop":               {[]byte{0, opCall, 5, opEnd}, 0},
		"a short loop":          {loop(0x01), 0},
		"a long loop":           {loop(long...), 1},
		"a loop with a call":    {loop(opCall, 5), 1},
		"a loop in a loop":      {loop(opLoop, blockEmpty, 0x01, opEnd), 1},
		"a call in a block":     {loop(opBlock, blockEmpty, opCall, 5, opEnd), 1},
		"a call after the loop": {[]byte{0, opLoop, blockEmpty, opEnd, opCall, 5, opEnd}, 0},
		"constants like code":   {loop(opI32Const, opLoop, opDrop, opI64Const, opCall, opDrop), 0},
		"a negative constant":   {loop(opI64Const, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f, opDrop), 0},
		"local variables":       {[]byte{1, 2, i32, opLoop, blockEmpty, opCall, 5, opEnd, opEnd}, 1},
	} {
		if got := tickingLoops(c.body); len(got) != c.want {
			t.Errorf("%s: %d loops tick, want %d", name, len(got), c.want)
		}
	}
}

func TestADamagedFileIsAnError(t *testing.T) {
	needed(t)
	whole := WASM()
	if out, err := withTicks(whole); err != nil || len(out) <= len(whole) {
		t.Fatalf("%d bytes became %d, %v", len(whole), len(out), err)
	}
	for _, n := range []int{0, 5, 9, 1000, 5000, len(whole) / 2, len(whole) - 1} {
		if _, err := withTicks(whole[:n]); !errors.Is(err, errWasm) && n > 8 || n < 8 && err == nil {
			t.Errorf("the first %d bytes: %v, want %v", n, err, errWasm)
		}
	}
}

func FuzzTicks(f *testing.F) {
	f.Add([]byte{0, 'a', 's', 'm', 1, 0, 0, 0, 10, 6, 1, 4, 0, opLoop, blockEmpty, opEnd})
	f.Fuzz(func(t *testing.T, wasm []byte) {
		bounds.Hold(t, func() {
			if _, err := withTicks(wasm); err != nil && !errors.Is(err, errWasm) {
				t.Error(err)
			}
		})
	})
}
