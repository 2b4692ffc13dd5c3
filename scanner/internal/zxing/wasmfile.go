package zxing

import "github.com/tetratelabs/wazero/api"

// wasmFile puts a small WebAssembly module together. Indexes are those of the
// WebAssembly specification, 2.5.1: imports come before definitions.
type wasmFile struct {
	types, imports, functions, tables, exports, code wasmVector
	start                                            []byte

	typeIndex map[string]uint32
	imported  uint32 // functions
}

// wasmVector is a section's content: a count and the entries.
type wasmVector struct {
	n       uint32
	entries []byte
}

func (v *wasmVector) add(entry ...byte) (index uint32) {
	v.entries = append(v.entries, entry...)
	v.n++
	return v.n - 1
}

// signature is the type of a function.
type signature struct{ params, results []api.ValueType }

func (s signature) key() string { return string(s.params) + ">" + string(s.results) }

const (
	typeFunc    = 0x60
	typeFuncRef = 0x70

	kindFunc  = 0
	kindTable = 1
)

func (f *wasmFile) typeOf(s signature) uint32 {
	if i, ok := f.typeIndex[s.key()]; ok {
		return i
	}
	entry := append([]byte{typeFunc}, leb(uint32(len(s.params)))...)
	entry = append(entry, s.params...)
	entry = append(entry, leb(uint32(len(s.results)))...)
	entry = append(entry, s.results...)
	if f.typeIndex == nil {
		f.typeIndex = map[string]uint32{}
	}
	f.typeIndex[s.key()] = f.types.add(entry...)
	return f.typeIndex[s.key()]
}

// importFunc returns the index of the function. All imports stand before the
// first call to define.
func (f *wasmFile) importFunc(module, name string, s signature) uint32 {
	entry := append(wasmName(module), wasmName(name)...)
	entry = append(entry, kindFunc)
	f.imports.add(append(entry, leb(f.typeOf(s))...)...)
	f.imported++
	return f.imported - 1
}

func (f *wasmFile) importTable(module, name string) {
	entry := append(wasmName(module), wasmName(name)...)
	f.imports.add(append(entry, kindTable, typeFuncRef, 0, 0)...) // of at least no entries
}

// define adds a function without local variables and returns its index.
func (f *wasmFile) define(s signature, body []byte) uint32 {
	f.functions.add(leb(f.typeOf(s))...)
	body = append([]byte{0}, append(body, opEnd)...)
	n := f.code.add(append(leb(uint32(len(body))), body...)...)
	return f.imported + n
}

func (f *wasmFile) export(name string, kind byte, index uint32) {
	f.exports.add(append(append(wasmName(name), kind), leb(index)...)...)
}

func (f *wasmFile) bytes() []byte {
	out := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	section := func(id byte, content []byte) {
		out = append(out, id)
		out = append(out, leb(uint32(len(content)))...)
		out = append(out, content...)
	}
	vector := func(id byte, v wasmVector) {
		if v.n > 0 {
			section(id, append(leb(v.n), v.entries...))
		}
	}
	vector(1, f.types)
	vector(2, f.imports)
	vector(3, f.functions)
	vector(4, f.tables)
	vector(7, f.exports)
	if f.start != nil {
		section(8, f.start)
	}
	vector(10, f.code)
	return out
}

// leb is LEB128 for an unsigned number.
func leb(n uint32) []byte {
	var out []byte
	for n > 0x7f {
		out = append(out, byte(n)|0x80)
		n >>= 7
	}
	return append(out, byte(n))
}

func wasmName(s string) []byte { return append(leb(uint32(len(s))), s...) }

// Instructions, by their codes.
const (
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opCall         = 0x10
	opCallIndirect = 0x11
	opLocalGet     = 0x20
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opI32Const     = 0x41
	opI64Const     = 0x42
	opI32Eqz       = 0x45
	opI32Sub       = 0x6b
	opI64Or        = 0x84
	opI64Shl       = 0x86
	opI64ExtendU   = 0xad
	opRefNull      = 0xd0
	opDrop         = 0x1a
	opMore         = 0xfc
	moreTableCopy  = 14
	moreTableGrow  = 15
	moreTableSize  = 16
	blockEmpty     = 0x40
)

func localGet(i int) []byte { return append([]byte{opLocalGet}, leb(uint32(i))...) }
