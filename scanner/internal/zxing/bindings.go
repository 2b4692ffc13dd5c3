package zxing

import (
	"fmt"

	"github.com/tetratelabs/wazero/api"
)

const (
	i32 = api.ValueTypeI32
	i64 = api.ValueTypeI64
)

// bindings are what the reader registers about itself when it starts:
// emscripten's embind. Types are known by their addresses.
type bindings struct {
	types     map[uint32]wireType
	functions map[string]method
	methods   map[string]method // of its one class, the vector of results
	destroy   function          // a vector of results
	invokers  []invoker
}

// wireKind is how a value crosses between the reader and the host.
type wireKind uint8

const (
	wireUnknown wireKind = iota
	wireVoid
	wireBool
	wireSigned   // of 32 bits or fewer
	wireUnsigned // of 32 bits or fewer
	wireFloat
	wireString // address of a length and bytes; whoever takes it frees it
	wireValue  // handle
	wireView   // address of a length and an address
	wireObject // address; whoever takes it destroys it
	wireClass
)

type wireType struct {
	kind   wireKind
	size   uint32 // of a number in memory, in bytes
	object *objectType
}

// function is a function pointer and the letters of its type.
type function struct {
	to signature
	p  uint32
}

// method is a function that takes a context of its own first.
type method struct {
	types   []uint32 // the result's first
	invoker function
	context uint32
}

// objectType is a struct of C++ that crosses as its fields.
type objectType struct {
	name            string
	create, destroy function
	fields          []field
}

type field struct {
	name                   string
	getType, setType       uint32
	get, set               function
	getContext, setContext uint32
}

func (s *sandbox) functionAt(letters, p uint64) function {
	return function{letterSignature(s.cString(uint32(letters))), uint32(p)}
}

func (s *sandbox) callFunction(f function, args ...uint64) uint64 {
	return s.pointer(f.to, f.p, args...)
}

func (s *sandbox) register(address uint64, t wireType) {
	if s.bindings.types == nil {
		s.bindings.types = map[uint32]wireType{}
	}
	s.bindings.types[uint32(address)] = t
}

func (s *sandbox) typeAt(address uint32) wireType {
	if t := s.bindings.types[address]; t.kind != wireUnknown {
		return t
	}
	panic(fmt.Errorf("it uses a type at %#x that it has not registered", address))
}

func (s *sandbox) registerVoid(stack []uint64) { s.register(stack[0], wireType{kind: wireVoid}) }
func (s *sandbox) registerBool(stack []uint64) {
	s.register(stack[0], wireType{kind: wireBool, size: 1})
}
func (s *sandbox) registerValue(stack []uint64) { s.register(stack[0], wireType{kind: wireValue}) }

// registerInteger (type, name, size, least, greatest).
func (s *sandbox) registerInteger(stack []uint64) {
	kind := wireUnsigned
	if int32(stack[3]) < 0 {
		kind = wireSigned
	}
	s.register(stack[0], wireType{kind: kind, size: uint32(stack[2])})
}

// registerFloat (type, name, size).
func (s *sandbox) registerFloat(stack []uint64) {
	s.register(stack[0], wireType{kind: wireFloat, size: uint32(stack[2])})
}

// registerString (type, name).
func (s *sandbox) registerString(stack []uint64) { s.register(stack[0], wireType{kind: wireString}) }

// registerMemoryView (type, kind of element, name).
func (s *sandbox) registerMemoryView(stack []uint64) {
	if size := []uint32{1, 1, 2, 2, 4, 4, 4, 8}; stack[1] < uint64(len(size)) {
		s.register(stack[0], wireType{kind: wireView, size: size[stack[1]]})
	}
}

// registerObject (type, name, letters of create, create, letters of destroy,
// destroy).
func (s *sandbox) registerObject(stack []uint64) {
	o := &objectType{
		name:    s.cString(uint32(stack[1])),
		create:  s.functionAt(stack[2], stack[3]),
		destroy: s.functionAt(stack[4], stack[5]),
	}
	s.register(stack[0], wireType{kind: wireObject, object: o})
}

// registerField (object, name, type, letters, getter and its context, type,
// letters, setter and its context).
func (s *sandbox) registerField(stack []uint64) {
	o := s.typeAt(uint32(stack[0])).object
	if o == nil {
		panic(fmt.Errorf("it registers a field of what is no object"))
	}
	o.fields = append(o.fields, field{
		name:       s.cString(uint32(stack[1])),
		getType:    uint32(stack[2]),
		get:        s.functionAt(stack[3], stack[4]),
		getContext: uint32(stack[5]),
		setType:    uint32(stack[6]),
		set:        s.functionAt(stack[7], stack[8]),
		setContext: uint32(stack[9]),
	})
}

// registerClass (type, ..., letters of destroy, destroy).
func (s *sandbox) registerClass(stack []uint64) {
	for _, t := range stack[:3] { // itself, a pointer to it, a constant pointer
		s.register(t, wireType{kind: wireClass})
	}
	s.bindings.destroy = s.functionAt(stack[11], stack[12])
}

// registerMethod (class, name, count, types, letters, invoker, context...).
func (s *sandbox) registerMethod(stack []uint64) {
	if s.bindings.methods == nil {
		s.bindings.methods = map[string]method{}
	}
	s.bindings.methods[s.cString(uint32(stack[1]))] = method{
		s.list(uint32(stack[2]), uint32(stack[3])), s.functionAt(stack[4], stack[5]), uint32(stack[6])}
}

// registerFunction (name, count, types, letters, invoker, context...).
func (s *sandbox) registerFunction(stack []uint64) {
	if s.bindings.functions == nil {
		s.bindings.functions = map[string]method{}
	}
	s.bindings.functions[s.cString(uint32(stack[0]))] = method{
		s.list(uint32(stack[1]), uint32(stack[2])), s.functionAt(stack[3], stack[4]), uint32(stack[5])}
}

// object is an object's fields by name.
type object map[string]any

// value is what the reader has handed over as v: nil, bool, int, string,
// *byteArray or object. What v owns is freed.
func (s *sandbox) value(t wireType, v uint32) any {
	switch t.kind {
	case wireBool:
		return v != 0
	case wireSigned:
		return int(int32(v))
	case wireUnsigned:
		return int(v)
	case wireString:
		text := string(s.bytes(v+4, s.uint32(v)))
		s.free(v)
		return text
	case wireValue:
		return s.values.take(v)
	case wireObject:
		o := object{}
		for _, f := range t.object.fields {
			o[f.name] = s.value(s.typeAt(f.getType), uint32(s.callFunction(f.get, uint64(f.getContext), uint64(v))))
		}
		s.callFunction(t.object.destroy, uint64(v))
		return o
	}
	panic(fmt.Errorf("it hands over a value of kind %d, which the pinned file does not", t.kind))
}

// valueAt is the value of an argument that stands in the reader's memory. A view
// is a part of that memory, and stands until the next call.
func (s *sandbox) valueAt(t wireType, p uint32) any {
	if t.kind == wireView && t.size == 1 {
		return s.bytes(s.uint32(p+4), s.uint32(p))
	}
	return s.value(t, s.uint32(p))
}

// setField sets one field of an object that create has made.
func (s *sandbox) setField(f field, o uint32, value any) {
	var v, owned uint32
	switch value := value.(type) {
	case bool:
		if value {
			v = 1
		}
	case int:
		v = uint32(value)
	case string:
		owned = s.malloc(4 + uint32(len(value)) + 1)
		s.putUint32(owned, uint32(len(value)))
		copy(s.bytes(owned+4, uint32(len(value))), value)
		v = owned
	default:
		panic(fmt.Errorf("its option %q has no value", f.name))
	}
	s.callFunction(f.set, uint64(f.setContext), uint64(o), uint64(v))
	if owned != 0 {
		s.free(owned)
	}
}
