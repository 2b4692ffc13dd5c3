package zxing

import (
	"errors"
	"image"
	"reflect"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero/api"
)

// damaged is a QR code with some modules changed, at which zxing-cpp throws.
func damaged(t testing.TB) *image.Gray {
	g := sheet(t, "qrcode")
	at := uint32(12345)
	place := func(side int) int {
		at = at*1664525 + 1013904223
		return 40 + int(at>>16)%(side-80)/3*3
	}
	for range 20 {
		x, y := place(g.Rect.Dx()), place(g.Rect.Dy())
		for j := range 3 {
			for i := range 3 {
				p := &g.Pix[(y+j)*g.Stride+x+i]
				*p = 255 - *p
			}
		}
	}
	return g
}

func TestAnExceptionLeadsToACarefulRead(t *testing.T) {
	e := opened(t, Options{})
	g := paper(500, 300, 240)
	drawSymbol(g, symbol(t, "datamatrix"), 300, 100, 3, 20)
	one(t, e, g, Defaults())
	broken := damaged(t)
	for y := range broken.Rect.Dy() {
		copy(g.Pix[(y+20)*g.Stride+20:], broken.Pix[y*broken.Stride:][:broken.Rect.Dx()])
	}

	s, err := e.code.newSandbox(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	err = s.guard(t.Context(), func() { _, _ = s.read(g, Defaults()) })
	s.close()
	if !errors.Is(err, errUncared) {
		t.Fatalf("the picture makes no exception throw (%v), and does not test anything", err)
	}
	if r := one(t, e, g, Defaults()); r.Text != "+H123ABC01234567890D" {
		t.Errorf("read %+v beside a symbol at which zxing-cpp throws", r)
	}
}

// A careful sandbox gives back all that exceptions hold, too.
func TestACarefulSandboxLeavesNothingBehind(t *testing.T) {
	e := opened(t, Options{})
	one(t, e, sheet(t, "datamatrix"), Defaults())
	s, err := e.code.newSandbox(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	g := damaged(t)
	var heap, size uint32
	for i := range 100 {
		if err := s.guard(t.Context(), func() {
			_, err = s.read(g, Defaults())
			p := s.malloc(1 << 16)
			s.free(p)
			if i == 1 {
				heap, size = p, s.memory.Size()
			} else if i > 1 && (p != heap || s.memory.Size() != size) {
				t.Fatalf("a block lay at %#x of %d bytes, and at %#x of %d after %d reads", heap, size, p, s.memory.Size(), i)
			}
		}); err != nil {
			t.Fatal(err)
		}
		if len(s.exceptions.caught) > 0 || s.exceptions.last != 0 {
			t.Fatalf("after a read, exceptions are under way: %+v", s.exceptions)
		}
	}
}

// What a careful sandbox reads is what any other reads.
func TestACarefulSandboxReadsTheSame(t *testing.T) {
	e := opened(t, Options{})
	o := Defaults()
	o.ReturnErrors = true
	for _, name := range []string{"datamatrix-gs1", "code128-gs1", "ean13", "pdf417", "aztec", "databar-expanded"} {
		g := sheet(t, name)
		want, err := e.Read(t.Context(), g, o)
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.code.newSandbox(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		var got []Result
		var read error
		err = s.guard(t.Context(), func() { got, read = s.read(g, o) })
		s.close()
		if err != nil || read != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read carefully %+v (%v, %v), and otherwise %+v", name, got, err, read, want)
		}
	}
}

// What stands in the upper half of an argument of 32 bits is no part of the result.
// As one it came back into the sandbox as a part of an address, and the processor
// stopped the whole program.
func TestHalvesThatAreNotOfAValueStayOutside(t *testing.T) {
	e := opened(t, Options{})
	if err := e.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := e.code.newSandbox(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	const dirt = 0xdeadbeef << 32
	if err := s.guard(t.Context(), func() {
		p := s.export(exportMalloc, 60|dirt)
		if p == 0 || p>>32 != 0 {
			t.Errorf("60 bytes lie at %#x", p)
		}
		s.free(uint32(p))
	}); err != nil {
		t.Fatal(err)
	}
	stack := []uint64{1 | dirt, 2 | dirt, 3 | dirt, 4 | dirt}
	clean(stack, []api.ValueType{api.ValueTypeI32, api.ValueTypeI64, api.ValueTypeF32, api.ValueTypeF64})
	if want := []uint64{1, 2 | dirt, 3, 4 | dirt}; !slices.Equal(stack, want) {
		t.Errorf("%#x, want %#x", stack, want)
	}
}
