package zxing

import "errors"

// exceptions is the host's part in C++ exceptions, after the Itanium C++ ABI as
// emscripten keeps it. An exception is known by the address of the object
// thrown; its header stands in front of it. As in JavaScript, an exception
// unwinds what runs in the reader by ending the calls of the host that stand
// between: here, by a panic with errThrown.
type exceptions struct {
	careful bool     // the gate catches
	caught  []uint32 // being handled, the innermost last
	last    uint32   // thrown last and not yet handled, or 0
}

// Of the header of an exception, by their distance from the object thrown.
const (
	headerSize      = 24
	headerType      = 4
	headerDestroy   = 8
	headerCaught    = 12
	headerRethrown  = 13
	headerAdjusted  = 16
	fromHeader      = ^uint32(headerSize) + 1 // minus headerSize
	addressType     = fromHeader + headerType
	addressDestroy  = fromHeader + headerDestroy
	addressCaught   = fromHeader + headerCaught
	addressRethrown = fromHeader + headerRethrown
	addressAdjusted = fromHeader + headerAdjusted
)

func (s *sandbox) raise(object uint32) {
	if !s.exceptions.careful {
		panic(errUncared)
	}
	s.exceptions.last = object
	panic(errThrown)
}

// throw (object, type, destructor).
func (s *sandbox) throw(stack []uint64) {
	object := uint32(stack[0])
	s.putUint32(object+addressAdjusted, 0)
	s.putUint32(object+addressType, uint32(stack[1]))
	s.putUint32(object+addressDestroy, uint32(stack[2]))
	if s.exceptions.careful {
		s.export(exportIncrementRefcount, uint64(object))
	}
	s.raise(object)
}

func (s *sandbox) rethrow([]uint64) {
	object := s.popCaught()
	if rethrown := s.bytes(object+addressRethrown, 1); rethrown[0] == 0 {
		s.exceptions.caught = append(s.exceptions.caught, object)
		rethrown[0] = 1
		s.bytes(object+addressCaught, 1)[0] = 0
	}
	s.export(exportIncrementRefcount, uint64(object))
	s.raise(object)
}

// resume (object) goes on unwinding after a clean-up.
func (s *sandbox) resume(stack []uint64) {
	if s.exceptions.last == 0 {
		s.exceptions.last = uint32(stack[0])
	}
	s.raise(s.exceptions.last)
}

// beginCatch (object) answers the address that the handler sees.
func (s *sandbox) beginCatch(stack []uint64) {
	object := uint32(stack[0])
	s.bytes(object+addressCaught, 1)[0] = 1
	s.bytes(object+addressRethrown, 1)[0] = 0
	s.exceptions.caught = append(s.exceptions.caught, object)
	stack[0] = s.export(exportGetExceptionPtr, uint64(object))
}

func (s *sandbox) endCatch([]uint64) {
	s.export(exportSetThrew, 0, 0)
	s.export(exportDecrementRefcount, uint64(s.popCaught()))
	s.exceptions.last = 0
}

func (s *sandbox) popCaught() uint32 {
	caught := s.exceptions.caught
	if len(caught) == 0 {
		panic(errors.New("it handles an exception, but none was thrown"))
	}
	s.exceptions.caught = caught[:len(caught)-1]
	return caught[len(caught)-1]
}

func (s *sandbox) findCatchAll(stack []uint64) { stack[0] = s.findCatch() }
func (s *sandbox) findCatch1(stack []uint64)   { stack[0] = s.findCatch(uint32(stack[0])) }
func (s *sandbox) findCatch2(stack []uint64) {
	stack[0] = s.findCatch(uint32(stack[0]), uint32(stack[1]))
}

// findCatch answers the exception under way, and in the second result, which
// has a register of its own, the first of the types that catches it.
func (s *sandbox) findCatch(types ...uint32) uint64 {
	object := s.exceptions.last
	if object == 0 {
		s.export(exportSetTempRet, 0)
		return 0
	}
	s.putUint32(object+addressAdjusted, object)
	thrown := s.uint32(object + addressType)
	catches := thrown
	if thrown != 0 {
		for _, t := range types {
			if t == 0 || t == thrown {
				break
			}
			if s.export(exportCanCatch, uint64(t), uint64(thrown), uint64(object+addressAdjusted)) != 0 {
				catches = t
				break
			}
		}
	}
	s.export(exportSetTempRet, uint64(catches))
	return uint64(object)
}

// typeID (type) answers the number by which a handler knows a type: its address.
// Type 0 is a tick.
func (s *sandbox) typeID(stack []uint64) {
	if stack[0] == 0 {
		s.tick()
	}
}

// invokeCarefully is an invoke_ import that catches: the function pointer is the
// first in stack, and to its type.
func (s *sandbox) invokeCarefully(to signature, long bool, params int, stack []uint64) {
	args := make([]uint64, 0, 24)
	args = append(args, stack[1:params]...)
	if long {
		args = joinHalves(to, args)
	}
	top := s.export(exportStackSave)
	result, err := s.tryPointer(to, uint32(stack[0]), args...)
	if err != nil {
		if !errors.Is(err, errThrown) {
			panic(err)
		}
		s.export(exportStackRestore, top)
		s.export(exportSetThrew, 1, 0)
	}
	if len(to.results) > 0 {
		stack[0] = result
	}
}

// joinHalves makes one argument of the two halves of each that is 64 bits wide.
func joinHalves(to signature, halves []uint64) []uint64 {
	var args []uint64
	for _, t := range to.params {
		v := halves[0]
		halves = halves[1:]
		if t == i64 {
			v = uint64(uint32(v)) | halves[0]<<32
			halves = halves[1:]
		}
		args = append(args, v)
	}
	return args
}
