package zxing

import (
	"errors"
	"math"
)

// values are what the reader holds of JavaScript, by handles: emscripten's
// emval. They are few here: the constructors of byte arrays, byte arrays, and
// results as they are taken out of a vector.
type values struct {
	held map[uint32]*held
	next uint32
	free []uint32
}

type held struct {
	value any
	count int
}

// Handles of values that are always there. They are not counted.
const (
	handleUndefined = 2
	handleNull      = 4
	handleTrue      = 6
	handleFalse     = 8
	firstHandle     = 10
)

func (v *values) init() { v.held, v.next = map[uint32]*held{}, firstHandle }

// put returns a new handle.
func (v *values) put(value any) uint32 {
	switch value {
	case nil:
		return handleUndefined
	case true:
		return handleTrue
	case false:
		return handleFalse
	}
	var h uint32
	if n := len(v.free); n > 0 {
		h, v.free = v.free[n-1], v.free[:n-1]
	} else {
		h = v.next
		v.next += 2
	}
	v.held[h] = &held{value, 1}
	return h
}

func (v *values) get(h uint32) any {
	switch h {
	case handleUndefined, handleNull:
		return nil
	case handleTrue, handleFalse:
		return h == handleTrue
	}
	if held := v.held[h]; held != nil {
		return held.value
	}
	panic(errors.New("it uses a value that it has given back"))
}

func (v *values) drop(h uint32) {
	held := v.held[h]
	if held == nil {
		return
	}
	if held.count--; held.count == 0 {
		delete(v.held, h)
		v.free = append(v.free, h)
	}
}

// take returns the value of a handle and gives the handle back.
func (v *values) take(h uint32) any {
	value := v.get(h)
	v.drop(h)
	return value
}

func (s *sandbox) keepValue(stack []uint64) {
	if held := s.values.held[uint32(stack[0])]; held != nil {
		held.count++
	}
}

func (s *sandbox) dropValue(stack []uint64) { s.values.drop(uint32(stack[0])) }

// constructor is a constructor of JavaScript, by its name.
type constructor string

// global (name) answers a handle for a name of JavaScript's global object.
func (s *sandbox) global(stack []uint64) {
	stack[0] = uint64(s.values.put(constructor(s.cString(uint32(stack[0])))))
}

// invoker is a way to call JavaScript: with values of these types.
type invoker struct {
	result wireType
	params []wireType
	kind   uint32
}

// The kinds of invokers that the reader has.
const (
	invokeConstructor = 2
	invokeCast        = 3
)

// makeInvoker (count, types, kind) answers the number of an invoker. The first
// type is that of its result.
func (s *sandbox) makeInvoker(stack []uint64) {
	types := s.list(uint32(stack[0]), uint32(stack[1]))
	if len(types) == 0 {
		panic(errors.New("it asks for an invoker without a result"))
	}
	v := invoker{result: s.typeAt(types[0]), kind: uint32(stack[2])}
	for _, t := range types[1:] {
		v.params = append(v.params, s.typeAt(t))
	}
	s.bindings.invokers = append(s.bindings.invokers, v)
	stack[0] = uint64(len(s.bindings.invokers) - 1)
}

// invoke (invoker, value, method, destructors, arguments) calls JavaScript. The
// reader calls it in two ways: it makes an array of a part of its memory, and it
// turns a result into a value.
func (s *sandbox) invoke(stack []uint64) {
	n := uint32(stack[0])
	if n >= uint32(len(s.bindings.invokers)) {
		panic(errors.New("it uses an invoker that it has not made"))
	}
	v := s.bindings.invokers[n]
	if len(v.params) != 1 || v.result.kind != wireValue || v.kind != invokeConstructor && v.kind != invokeCast {
		panic(errors.New("it calls JavaScript in a way that the pinned file does not"))
	}
	value := s.valueAt(v.params[0], uint32(stack[4]))
	s.putUint32(uint32(stack[3]), 0) // nothing to destroy afterwards
	if view, ok := value.([]byte); ok && v.kind == invokeConstructor {
		value = &byteArray{append([]byte(nil), view...)}
	}
	stack[0] = math.Float64bits(float64(s.values.put(value)))
}

// byteArray is an array of JavaScript: a copy of its own.
type byteArray struct{ bytes []byte }

// runDestructors would end what an invoker left to destroy, which is nothing.
func (s *sandbox) runDestructors(stack []uint64) { s.values.drop(uint32(stack[0])) }
