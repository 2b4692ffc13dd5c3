package zxing

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// A sandbox is one instance of the reader with the modules linked to it. One
// goroutine at a time may use it. After an error it is of no further use.
type sandbox struct {
	gate, reader, key api.Module
	memory            api.Memory
	ctx               context.Context // carries the sandbox to the functions of the host
	done              <-chan struct{} // of the call under way
	ready             map[string][]api.Function
	memoryRefused     bool

	bindings   bindings
	values     values
	exceptions exceptions
}

// sandboxKey is the key under which a call's context carries its sandbox.
type sandboxKey struct{}

// Reasons to give up a call, raised as panics by functions of the host.
var (
	errCancelled = errors.New("cancelled")
	errThrown    = errors.New("a C++ exception that nothing caught")
	errUncared   = errors.New("a C++ exception behind a gate that does not catch")
)

// newSandbox links the modules and runs what the reader does on its start.
// Errors are those of guard.
func (c *code) newSandbox(ctx context.Context, careful bool) (*sandbox, error) {
	s := &sandbox{ready: map[string][]api.Function{}}
	s.values.init()
	s.exceptions.careful = careful
	s.ctx = context.WithValue(context.Background(), sandboxKey{}, s)
	gate := c.gate
	if careful {
		gate = c.carefulGate
	}
	err := s.guard(ctx, func() {
		s.gate = s.link(c.runtime, gate)
		s.reader = s.link(c.runtime, c.reader)
		s.key = s.link(c.runtime, c.key)
		s.memory = s.reader.ExportedMemory(exportMemory)
		s.export(exportConstructors)
	})
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// link makes an instance of a module, which finds those linked before.
func (s *sandbox) link(r wazero.Runtime, module wazero.CompiledModule) api.Module {
	ctx := experimental.WithMemoryAllocator(s.ctx, experimental.MemoryAllocatorFunc(s.allocate))
	ctx = experimental.WithImportResolver(ctx, func(name string) api.Module {
		switch {
		case name == gateModule && s.gate != nil:
			return s.gate
		case name == readModule && s.reader != nil:
			return s.reader
		}
		return nil // the host, which all sandboxes share
	})
	// Modules without a name do not see one another but through the resolver.
	m, err := r.InstantiateModule(ctx, module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		panic(err)
	}
	return m
}

// allocate reserves the memory of an instance, up to its limit.
func (s *sandbox) allocate(_, limit uint64) experimental.LinearMemory {
	m, err := reserve(limit)
	if err != nil {
		s.memoryRefused = true
		panic(err)
	}
	return m
}

// close frees the memory. No call may be under way.
func (s *sandbox) close() {
	for _, m := range []api.Module{s.key, s.reader, s.gate} {
		if m != nil {
			_ = m.Close(context.Background()) // it has nothing open that could fail to close
		}
	}
}

// guard runs f, in which calls into the sandbox end by panics when they fail.
// It gives back the error with which they did. When ctx is done, f ends soon.
func (s *sandbox) guard(ctx context.Context, f func()) (err error) {
	s.done, s.memoryRefused = ctx.Done(), false
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = r
		default:
			err = fmt.Errorf("%v", r)
		}
		switch {
		case err == nil:
		case errors.Is(err, errCancelled):
			err = ctx.Err()
		case s.memoryRefused:
			err = ErrMemory
		case !errors.Is(err, errUncared):
			err = fmt.Errorf("%w: %w", ErrSandbox, err)
		}
	}()
	s.tick()
	f()
	return nil
}

// tick ends the call under way if its context is done.
func (s *sandbox) tick() {
	select {
	case <-s.done:
		panic(errCancelled)
	default:
	}
}

// export calls what the reader exports.
func (s *sandbox) export(name string, args ...uint64) uint64 {
	result, err := s.call(s.reader, name, args...)
	if err != nil {
		panic(err)
	}
	return result
}

// pointer calls a function pointer of the reader.
func (s *sandbox) pointer(to signature, p uint32, args ...uint64) uint64 {
	result, err := s.tryPointer(to, p, args...)
	if err != nil {
		panic(err)
	}
	return result
}

func (s *sandbox) tryPointer(to signature, p uint32, args ...uint64) (uint64, error) {
	return s.call(s.key, to.key(), append(args[:len(args):len(args)], uint64(p))...)
}

// call calls an exported function. An api.Function may not be called again
// while it runs, and the reader calls the host, which calls the reader. So each
// call takes one that is not running, and makes one if there is none.
func (s *sandbox) call(m api.Module, name string, args ...uint64) (uint64, error) {
	var f api.Function
	if idle := s.ready[name]; len(idle) > 0 {
		f = idle[len(idle)-1]
		s.ready[name] = idle[:len(idle)-1]
	} else if f = m.ExportedFunction(name); f == nil {
		return 0, fmt.Errorf("it exports no function %q", name)
	}
	var space [24]uint64
	stack := space[:]
	copy(stack, args)
	d := f.Definition()
	if len(args) != len(d.ParamTypes()) {
		return 0, fmt.Errorf("%q takes %d parameters, not %d", name, len(d.ParamTypes()), len(args))
	}
	if err := f.CallWithStack(s.ctx, stack); err != nil {
		if !errors.Is(err, errThrown) {
			return 0, err // f may hold what is left of the call
		}
		s.ready[name] = append(s.ready[name], f)
		return 0, err
	}
	s.ready[name] = append(s.ready[name], f)
	if len(d.ResultTypes()) == 0 {
		return 0, nil
	}
	clean(stack, d.ResultTypes())
	return stack[0], nil
}

// malloc returns the address of n bytes in the reader's memory.
func (s *sandbox) malloc(n uint32) uint32 {
	p := uint32(s.export(exportMalloc, uint64(n)))
	if p == 0 {
		s.memoryRefused = true
		panic(ErrMemory)
	}
	return p
}

func (s *sandbox) free(p uint32) { s.export(exportFree, uint64(p)) }

// bytes are n bytes of the reader's memory, as they stand until the next call.
func (s *sandbox) bytes(p, n uint32) []byte {
	b, ok := s.memory.Read(p, n)
	if !ok {
		panic(fmt.Errorf("it names %d bytes at %#x, which is outside its memory", n, p))
	}
	return b
}

func (s *sandbox) uint32(p uint32) uint32 { return binary.LittleEndian.Uint32(s.bytes(p, 4)) }

func (s *sandbox) putUint32(p, v uint32) { binary.LittleEndian.PutUint32(s.bytes(p, 4), v) }

func (s *sandbox) list(n, p uint32) []uint32 {
	all := make([]uint32, 0, min(n, 64))
	for i := range n {
		all = append(all, s.uint32(p+4*i))
	}
	return all
}

// cString is the text at p, up to its zero byte.
func (s *sandbox) cString(p uint32) string {
	var text []byte
	for ; len(text) < 4096; p++ {
		c := s.bytes(p, 1)[0]
		if c == 0 {
			break
		}
		text = append(text, c)
	}
	return string(text)
}

// growMemory is asked for so many bytes of memory altogether, and answers
// whether there are.
func (s *sandbox) growMemory(stack []uint64) {
	const page = 64 << 10
	have, want := uint64(s.memory.Size()), uint64(uint32(stack[0]))
	stack[0] = 1
	if want <= have {
		return
	}
	if _, ok := s.memory.Grow(uint32((want - have + page - 1) / page)); !ok {
		s.memoryRefused = true
		stack[0] = 0
	}
}

func (s *sandbox) abort([]uint64) { panic(errors.New("it aborted")) }
