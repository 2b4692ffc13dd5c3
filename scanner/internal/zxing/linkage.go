package zxing

import (
	"bytes"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// zxing-cpp calls functions through pointers some hundred thousand times a
// picture, each time through an invoke_ import that would catch an exception.
// Answered in Go, those calls take a third of the time, though hardly any
// picture makes one throw. So a sandbox is linked from three modules:
//
//   - the gate is the module "a" that zxing-cpp imports. It has a table of
//     functions of its own. Its invoke_ functions call straight into that table
//     and catch nothing; the other imports it passes on to Go.
//   - the reader is zxing-cpp itself.
//   - the key is linked last. On its start it copies the reader's table into the
//     gate's, since neither of the two can see the other's while it is linked.
//     It exports functions with which Go calls what is in the table.
//
// When an exception is thrown behind such a gate, the call is given up, and the
// picture is read again behind a careful gate: one whose invoke_ functions are
// those of Go.
const (
	hostModule = "host"
	gateModule = importModule
	readModule = "reader"

	gateTable = "table"

	hostCareful = "careful "
)

// isInvoke says that an import calls a function pointer.
func isInvoke(name string) bool { return hostFunctions[name] == nil }

func signatureOf(f api.FunctionDefinition) signature {
	return signature{f.ParamTypes(), f.ResultTypes()}
}

// pointee is the type of what an invoke_ import calls, whose own first
// parameter is the pointer.
func pointee(name string, s signature) signature {
	letters, long := longCalls[name]
	if !long {
		return signature{s.params[1:], s.results}
	}
	return letterSignature(letters)
}

// letterSignature is the type that emscripten writes as letters, result first.
func letterSignature(letters string) signature {
	var s signature
	for i, c := range letters {
		t := api.ValueTypeI32 // a pointer (p), too
		switch c {
		case 'j':
			t = api.ValueTypeI64
		case 'f':
			t = api.ValueTypeF32
		case 'd':
			t = api.ValueTypeF64
		}
		switch {
		case i > 0:
			s.params = append(s.params, t)
		case c != 'v':
			s.results = []api.ValueType{t}
		}
	}
	return s
}

// gateFile is the module "a" for the imports of the reader.
func gateFile(imports []api.FunctionDefinition, careful bool) []byte {
	var f wasmFile
	index := map[string]uint32{}
	for _, d := range imports {
		_, name, _ := d.Import()
		switch {
		case !isInvoke(name):
			index[name] = f.importFunc(hostModule, name, signatureOf(d))
		case careful:
			index[name] = f.importFunc(hostModule, hostCareful+name, signatureOf(d))
		}
	}
	f.tables.add(typeFuncRef, 0, 0)
	for _, d := range imports {
		_, name, _ := d.Import()
		i, passedOn := index[name]
		if !passedOn {
			i = f.define(signatureOf(d), invokeBody(&f, name, signatureOf(d)))
		}
		f.export(name, kindFunc, i)
	}
	f.export(gateTable, kindTable, 0)
	return f.bytes()
}

// invokeBody calls the pointer.
func invokeBody(f *wasmFile, name string, s signature) []byte {
	var body []byte
	to := pointee(name, s)
	from := 1
	for _, t := range to.params {
		body = append(body, localGet(from)...)
		from++
		if t == api.ValueTypeI64 && s.params[from-1] == api.ValueTypeI32 {
			body = append(body, opI64ExtendU)
			body = append(body, localGet(from)...)
			body = append(body, opI64ExtendU, opI64Const, 32, opI64Shl, opI64Or)
			from++
		}
	}
	body = append(body, localGet(0)...)
	return append(append(append(body, opCallIndirect), leb(f.typeOf(to))...), 0)
}

// keyFile is the module that fills the gate's table and calls into it. Its
// exports have the keys of signatures for names; the pointer is the last
// parameter.
func keyFile(called []signature) []byte {
	var f wasmFile
	f.importTable(gateModule, gateTable)
	f.importTable(readModule, exportTable)
	for _, s := range called {
		var body []byte
		for i := range len(s.params) + 1 {
			body = append(body, localGet(i)...)
		}
		body = append(append(append(body, opCallIndirect), leb(f.typeOf(s))...), 0)
		f.export(s.key(), kindFunc, f.define(signature{slices.Concat(s.params, []api.ValueType{api.ValueTypeI32}), s.results}, body))
	}
	const gate, reader = 0, 1
	f.start = leb(f.define(signature{}, []byte{
		opRefNull, typeFuncRef, opMore, moreTableSize, reader, opMore, moreTableGrow, gate, opDrop,
		opI32Const, 0, opI32Const, 0, opMore, moreTableSize, reader, opMore, moreTableCopy, gate, reader,
	}))
	return f.bytes()
}

// calledSignatures are the types of all that Go calls through pointers: what
// invoke_ imports call, and the bindings, whose parameters are 32 bits wide.
func calledSignatures(reader wazero.CompiledModule) []signature {
	byKey := map[string]signature{}
	for _, d := range reader.ImportedFunctions() {
		if _, name, _ := d.Import(); isInvoke(name) {
			s := pointee(name, signatureOf(d))
			byKey[s.key()] = s
		}
	}
	for letters := "v"; len(letters) < 10; letters += "i" {
		for _, result := range "vi" {
			s := letterSignature(string(result) + letters[1:])
			byKey[s.key()] = s
		}
	}
	var all []signature
	for _, s := range byKey {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b signature) int { return bytes.Compare([]byte(a.key()), []byte(b.key())) })
	return all
}

// sleb is LEB128 for a signed number that is not negative.
func sleb(n uint32) []byte {
	var out []byte
	for n > 0x3f {
		out = append(out, byte(n)|0x80)
		n >>= 7
	}
	return append(out, byte(n))
}
