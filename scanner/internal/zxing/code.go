package zxing

import (
	"context"
	"fmt"
	"runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const pageSize = 64 << 10 // of WebAssembly memory

// code is the compiled modules, which all sandboxes share.
type code struct {
	runtime                        wazero.Runtime
	cache                          wazero.CompilationCache
	reader, gate, carefulGate, key wazero.CompiledModule
}

// compile compiles the modules, or takes them out of the cache in a folder. A
// cache that cannot be used is done without; one that is damaged is made anew.
func compile(wasm []byte, memoryLimit int64, cacheDir string) (*code, error) {
	if dir, ok := cacheFolder(cacheDir); ok {
		for range 2 {
			cache, err := wazero.NewCompilationCacheWithDir(dir)
			if err != nil {
				break
			}
			c, err := compileWith(cache, wasm, memoryLimit)
			if err == nil {
				return c, nil
			}
			if emptyCache(dir) != nil {
				break
			}
		}
	}
	return compileWith(wazero.NewCompilationCache(), wasm, memoryLimit)
}

func compileWith(cache wazero.CompilationCache, wasm []byte, memoryLimit int64) (c *code, err error) {
	ctx := experimental.WithCompilationWorkers(context.Background(), runtime.GOMAXPROCS(0))
	made := &code{cache: cache}
	c = made
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
		if err != nil {
			made.close()
			c, err = nil, fmt.Errorf("%w: %w", ErrSandbox, err)
		}
	}()
	c.runtime = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCompilationCache(cache).
		WithMemoryLimitPages(uint32(memoryLimit/pageSize)).
		WithDebugInfoEnabled(false))
	ticking, err := withTicks(wasm)
	if err != nil {
		return nil, err
	}
	if c.reader, err = c.runtime.CompileModule(ctx, ticking); err != nil {
		return nil, err
	}
	imports := c.reader.ImportedFunctions()
	if err = c.host(ctx, imports); err != nil {
		return nil, err
	}
	if c.gate, err = c.runtime.CompileModule(ctx, gateFile(imports, false)); err != nil {
		return nil, err
	}
	if c.carefulGate, err = c.runtime.CompileModule(ctx, gateFile(imports, true)); err != nil {
		return nil, err
	}
	c.key, err = c.runtime.CompileModule(ctx, keyFile(calledSignatures(c.reader)))
	return c, err
}

// host makes the module of the functions in Go that gates import. They find the
// sandbox they work for in the context of the call.
func (c *code) host(ctx context.Context, imports []api.FunctionDefinition) error {
	host := c.runtime.NewHostModuleBuilder(hostModule)
	add := func(name string, s signature, f func(s *sandbox, stack []uint64)) {
		host.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
			clean(stack, s.params)
			f(ctx.Value(sandboxKey{}).(*sandbox), stack)
			clean(stack, s.results)
		}), s.params, s.results).Export(name)
	}
	for _, d := range imports {
		_, name, _ := d.Import()
		s := signatureOf(d)
		if !isInvoke(name) {
			add(name, s, hostFunctions[name])
			continue
		}
		to := pointee(name, s)
		_, long := longCalls[name]
		add(hostCareful+name, s, func(box *sandbox, stack []uint64) {
			box.invokeCarefully(to, long, len(s.params), stack)
		})
	}
	_, err := host.Instantiate(ctx)
	return err
}

// clean takes out of the values on a stack what is not of them: wazero leaves in
// the upper half of one of 32 bits whatever stood there, and takes the upper half
// of a result for its own. As a part of an address it would lie outside of the
// sandbox.
func clean(stack []uint64, types []api.ValueType) {
	for i, t := range types {
		if t == api.ValueTypeI32 || t == api.ValueTypeF32 {
			stack[i] = uint64(uint32(stack[i]))
		}
	}
}

func (c *code) close() {
	ctx := context.Background()
	if c.runtime != nil {
		_ = c.runtime.Close(ctx) // nothing in it is open to the system
	}
	_ = c.cache.Close(ctx)
}
