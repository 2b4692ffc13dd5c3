package zxing

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// Compiled WebAssembly cannot be stopped from outside, neither by a context nor
// by Go's scheduler, which waits for it whenever it collects garbage: a picture
// of 12 million pixels would hold up the whole process for half a second at a
// time. wazero can have every loop look whether it shall stop, but it leaves the
// compiled code for that at every turn, which takes twenty times as long.
//
// So the reader's code is changed before it is compiled. Loops count down, and
// every tickEvery turns they call an import that does nothing else:
// llvm_eh_typeid_for, of type 0. Short loops without a loop or a call in them do
// not count: they would take half as long again, and go over a line of the
// picture or, a few of them, once over all of it. Measured on 12 million pixels,
// the longest time between two ticks is 30 ms on labels and 50 ms on noise, and
// ticking costs 3 % of the time.
const (
	tickImport = "v"
	tickEvery  = 1 << 10
	longLoop   = 60 // bytes of code
)

// WebAssembly sections, by their numbers.
const (
	sectionImport = 2
	sectionGlobal = 6
	sectionCode   = 10
)

var errWasm = errors.New("the file is not laid out as WebAssembly")

// withTicks is a WebAssembly file that does the same, and ticks.
func withTicks(wasm []byte) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // a reader's panic
			out, err = nil, fmt.Errorf("%w: %v", errWasm, r)
		}
	}()
	r := &wasmReader{b: wasm}
	out = append(make([]byte, 0, len(wasm)*5/4), r.take(8)...)
	tick, counter := -1, -1
	for len(r.b) > 0 {
		id := r.take(1)[0]
		content := r.take(int(r.uint()))
		switch id {
		case sectionImport:
			tick = importedFunction(content, tickImport)
		case sectionGlobal:
			content, counter = withGlobal(content)
		case sectionCode:
			if tick < 0 || counter < 0 {
				panic("there is no import to tick with, or no global")
			}
			content = withTicksInLoops(content, tickCode(uint32(tick), uint32(counter)))
		}
		out = append(out, id)
		out = append(out, leb(uint32(len(content)))...)
		out = append(out, content...)
	}
	return out, nil
}

// importedFunction is the index of the function of that name, or -1.
func importedFunction(section []byte, name string) int {
	r := &wasmReader{b: section}
	for i := range int(r.uint()) {
		r.take(int(r.uint())) // module
		this := r.take(int(r.uint()))
		if kind := r.take(1)[0]; kind != kindFunc {
			panic("it imports more than functions")
		}
		r.uint() // type
		if string(this) == name {
			return i
		}
	}
	return -1
}

// withGlobal adds a counter to the globals. Since it is the last, the others
// keep their indexes.
func withGlobal(section []byte) (changed []byte, index int) {
	r := &wasmReader{b: section}
	n := r.uint()
	return slices.Concat(leb(n+1), r.b, []byte{i32, 1, opI32Const}, sleb(tickEvery), []byte{opEnd}), int(n)
}

// tickCode counts down, and ticks at zero.
func tickCode(tick, counter uint32) []byte {
	global := leb(counter)
	return slices.Concat(
		[]byte{opGlobalGet}, global, []byte{opI32Const, 1, opI32Sub, opGlobalSet}, global,
		[]byte{opGlobalGet}, global, []byte{opI32Eqz, opIf, blockEmpty, opI32Const, 0, opCall}, leb(tick),
		[]byte{opDrop, opI32Const}, sleb(tickEvery), []byte{opGlobalSet}, global, []byte{opEnd})
}

func withTicksInLoops(section, code []byte) []byte {
	r := &wasmReader{b: section}
	n := r.uint()
	out := append(make([]byte, 0, len(section)*5/4), leb(n)...)
	for range n {
		body := r.take(int(r.uint()))
		var ticking []byte
		from := 0
		for _, at := range tickingLoops(body) {
			ticking = append(append(ticking, body[from:at]...), code...)
			from = at
		}
		ticking = append(ticking, body[from:]...)
		out = append(append(out, leb(uint32(len(ticking)))...), ticking...)
	}
	return out
}

// tickingLoops are the places in a function's body at which the code of the loops
// begins that are to tick, in ascending order.
func tickingLoops(body []byte) []int {
	type block struct {
		loop  bool
		at    int
		outer bool
	}
	var open []block
	var found []int
	mark := func() {
		for i := range open {
			open[i].outer = true
		}
	}
	r := &wasmReader{b: body}
	for range r.uint() { // local variables
		r.uint()
		r.take(1)
	}
	for len(r.b) > 0 {
		op := r.instruction()
		switch op {
		case opBlock, opIf:
			open = append(open, block{})
		case opLoop:
			mark()
			open = append(open, block{loop: true, at: len(body) - len(r.b)})
		case opCall, opCallIndirect:
			mark()
		case opEnd:
			if len(open) == 0 {
				if len(r.b) > 0 {
					panic("a function goes on after its end")
				}
				break
			}
			last := open[len(open)-1]
			open = open[:len(open)-1]
			if end := len(body) - len(r.b); last.loop && (last.outer || end-last.at > longLoop) {
				found = append(found, last.at)
			}
		}
	}
	slices.Sort(found)
	return found
}

// wasmReader reads what it is given from its start. It panics at the end, and
// at what it does not know.
type wasmReader struct{ b []byte }

func (r *wasmReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		panic("it ends too early")
	}
	taken := r.b[:n:n]
	r.b = r.b[n:]
	return taken
}

// uint reads LEB128. Of what is signed or has more than 32 bits only the length
// counts.
func (r *wasmReader) uint() uint32 {
	var v uint32
	for shift := 0; ; shift += 7 {
		b := r.take(1)[0]
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

func (r *wasmReader) uints(n int) {
	for range n {
		r.uint()
	}
}

// instruction reads one instruction with all that belongs to it and returns its
// first byte. The numbers are those of the WebAssembly specification, 5.4.
func (r *wasmReader) instruction() byte {
	op := r.take(1)[0]
	switch {
	case op == opBlock, op == opLoop, op == opIf: // type
		r.uint()
	case op == 0x0c, op == 0x0d: // branches
		r.uint()
	case op == 0x0e: // table of branches
		r.uints(int(r.uint()) + 1)
	case op == opCall:
		r.uint()
	case op == opCallIndirect:
		r.uints(2)
	case op == 0x1c: // select with types
		r.take(int(r.uint()))
	case op >= 0x20 && op <= 0x26: // variables and tables
		r.uint()
	case op >= 0x28 && op <= 0x3e: // loads and stores
		r.uints(2)
	case op == 0x3f, op == 0x40: // memory size and grow
		r.uint()
	case op == opI32Const, op == opI64Const:
		r.uint()
	case op == 0x43:
		r.take(4)
	case op == 0x44:
		r.take(8)
	case op == opRefNull, op == 0xd2:
		r.uint()
	case op == opMore:
		switch sub := r.uint(); {
		case sub <= 7: // conversions
		case sub == 8, sub == 10, sub == 12, sub == moreTableCopy:
			r.uints(2)
		case sub <= 17:
			r.uint()
		default:
			panic(fmt.Sprintf("instruction fc %d", sub))
		}
	case op == 0xfd: // vectors
		switch sub := r.uint(); {
		case sub <= 11, sub == 92, sub == 93:
			r.uints(2)
		case sub == 12, sub == 13:
			r.take(16)
		case sub >= 21 && sub <= 34:
			r.take(1)
		case sub >= 84 && sub <= 91:
			r.uints(2)
			r.take(1)
		case sub > 275:
			panic(fmt.Sprintf("instruction fd %d", sub))
		}
	case bytes.IndexByte([]byte{0x00, 0x01, opElse, opEnd, 0x0f, opDrop, 0x1b, 0xd1}, op) >= 0:
	case op >= 0x45 && op <= 0xc4: // numbers
	default:
		panic(fmt.Sprintf("instruction %02x", op))
	}
	return op
}
