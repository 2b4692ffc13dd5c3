package scanner_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"implantrace/internal/bounds"
	"implantrace/scanner"
)

func TestFramerEndsAReadingAtAnyTerminator(t *testing.T) {
	for _, tt := range []struct {
		name, stream string
		want         []string
	}{
		{"CR", "one\rtwo\r", []string{"one", "two"}},
		{"LF", "one\ntwo\n", []string{"one", "two"}},
		{"CRLF", "one\r\ntwo\r\n", []string{"one", "two"}},
		{"a mixture", "one\r\ntwo\nthree\r", []string{"one", "two", "three"}},
		{"empty lines are no readings", "\r\n\r\n\n\rone\r\r\r", []string{"one"}},
		{"the same scan twice is two readings", "one\rone\r", []string{"one", "one"}},
		{"no terminator, no reading", "one\rtw", []string{"one"}},
		{"GS and AIM identifier kept", "]d2010123\x1d10A\r", []string{"]d2010123\x1d10A"}},
		{"nothing trimmed", " one\t\x00 \r", []string{" one\t\x00 "}},
		{"bytes that are not UTF-8", "\xff\xf3\r", []string{"\xff\xf3"}},
		{"as long as allowed", "0123456789\r", []string{"0123456789"}},
		{"too long, to its terminator", "0123456789A\rone\r", []string{"one"}},
		{"much too long", strings.Repeat("x", 35) + "\rone\r", []string{"one"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := scanner.NewFramer(10 + 10*strings.Count(tt.stream, "]d2")).Feed([]byte(tt.stream))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFramerCountsATextTooLongOnce(t *testing.T) {
	f := scanner.NewFramer(4)
	f.Feed(bytes.Repeat([]byte("x"), 1000))
	f.Feed([]byte("y\rabcd\rabcde\r"))
	if got := f.Overlong(); got != 2 {
		t.Errorf("Overlong() = %d, want 2", got)
	}
}

func TestFramerCutJoinsNothing(t *testing.T) {
	f := scanner.NewFramer(0)
	f.Feed([]byte("half"))
	if n := f.Cut(); n != 4 {
		t.Errorf("Cut() = %d, want 4", n)
	}
	if got := f.Feed([]byte("whole\r")); !slices.Equal(got, []string{"whole"}) {
		t.Errorf("after a cut: %q", got)
	}
	if n := f.Cut(); n != 0 {
		t.Errorf("Cut() with nothing pending = %d", n)
	}
}

// However a stream is split, its readings are the same; and they are what
// splitting at terminators by hand gives.
func FuzzFramer(f *testing.F) {
	f.Add([]byte("]d20101234567890128\x1d10LOT\r\n]C1...\r"), uint8(3), uint8(30))
	f.Add([]byte("\r\n\r\nabc\n\n"), uint8(1), uint8(2))
	f.Add(bytes.Repeat([]byte{0xff}, 100), uint8(7), uint8(10))
	f.Fuzz(func(t *testing.T, stream []byte, step, limit uint8) {
		max := int(limit) + 1
		var want []string
		isEnd := func(r rune) bool { return r == '\r' || r == '\n' }
		lines := bytes.FieldsFunc(stream, isEnd)
		whole := len(stream) > 0 && isEnd(rune(stream[len(stream)-1]))
		for i, line := range lines {
			if len(line) <= max && (whole || i < len(lines)-1) {
				want = append(want, string(line))
			}
		}

		framer := scanner.NewFramer(max)
		var got []string
		for rest := stream; len(rest) > 0; {
			n := min(int(step)+1, len(rest))
			got = append(got, framer.Feed(rest[:n])...)
			rest = rest[n:]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("steps of %d, limit %d, %q: got %q, want %q", int(step)+1, max, stream, got, want)
		}
		once := scanner.NewFramer(max)
		bounds.Hold(t, func() { once.Feed(stream) })
		if once.Overlong() != framer.Overlong() || once.Cut() != framer.Cut() {
			t.Fatal("the counts depend on how the stream was split")
		}
	})
}

func ExampleFramer() {
	f := scanner.NewFramer(0)
	for _, chunk := range []string{"]d20109506", "000134352\x1d10A", "BC\r", "\n]C1"} {
		for _, text := range f.Feed([]byte(chunk)) {
			fmt.Printf("%q\n", text)
		}
	}
	fmt.Println("left without a terminator:", f.Cut(), "bytes")
	// Output:
	// "]d20109506000134352\x1d10ABC"
	// left without a terminator: 3 bytes
}

func ExampleReading_ScanData() {
	r := scanner.Reading{Symbology: "]d2", Text: "0109506000134352", Source: scanner.SourcePicture}
	fmt.Println(r.ScanData())
	// Output: ]d20109506000134352
}
