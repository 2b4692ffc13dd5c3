package scanner_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"implantrace/scanner"
)

func TestFramingEndsAReadingAsItIsTold(t *testing.T) {
	for _, tt := range []struct {
		name    string
		framing scanner.Framing
		stream  string
		want    []string
	}{
		{"CR alone keeps LF inside", scanner.Framing{Terminator: scanner.EndCR}, "a\nb\rc\r", []string{"a\nb", "c"}},
		{"CR alone, from a scanner that sends CRLF", scanner.Framing{Terminator: scanner.EndCR}, "a\r\nb\r\n", []string{"a", "b"}},
		{"LF alone keeps CR inside", scanner.Framing{Terminator: scanner.EndLF}, "a\rb\nc\n", []string{"a\rb", "c"}},
		{"LF alone, from a scanner that sends CRLF", scanner.Framing{Terminator: scanner.EndLF}, "a\r\nb\r\n", []string{"a", "b"}},
		{"CRLF keeps either alone", scanner.Framing{Terminator: scanner.EndCRLF}, "a\rb\nc\r\r\nd\r\n", []string{"a\rb\nc\r", "d"}},
		{"ETX", scanner.Framing{Terminator: scanner.EndETX}, "\x02a\r\nb\x03\x02c\x03", []string{"a\r\nb", "c"}},
		{"ETX without STX", scanner.Framing{Terminator: scanner.EndETX}, "a\x03b\x03", []string{"a", "b"}},
		{"ETX and a line's end", scanner.Framing{Terminator: scanner.EndETX}, "\x02a\x03\r\n\x02b\x03\r\n", []string{"a", "b"}},
		{"half a reading is not joined to the next", scanner.Framing{Terminator: scanner.EndETX}, "\x02half\x02whole\x03", []string{"whole"}},
		{"prefix and suffix", scanner.Framing{Prefix: "<<", Suffix: ">>"}, "<<a>>\r<<b>>\r", []string{"a", "b"}},
		{"what lacks them is handed on", scanner.Framing{Prefix: "<<", Suffix: ">>"}, "<<a\rb>>\r", []string{"<<a", "b>>"}},
		{"nothing between them", scanner.Framing{Prefix: "<<", Suffix: ">>"}, "<<>>\r<<a>>\r", []string{"a"}},
		{"GS is kept", scanner.Framing{Prefix: "*"}, "*]d201\x1d10A\r", []string{"]d201\x1d10A"}},
		{"NULs are kept", scanner.Framing{}, "\x00a\x00b\x00\r\x00\r", []string{"\x00a\x00b\x00", "\x00"}},
		{"idle ends nothing by itself", scanner.Framing{Terminator: scanner.EndIdle}, "a\rb", []string{"a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.framing.Check(); err != nil {
				t.Fatal(err)
			}
			if got := tt.framing.Framer().Feed([]byte(tt.stream)); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSilenceEndsAReadingOnlyWhereItIsToldTo(t *testing.T) {
	for _, end := range scanner.Terminators() {
		f := scanner.Framing{Terminator: end}.Framer()
		f.Feed([]byte("text"))
		want := []string(nil)
		if end == scanner.EndIdle {
			want = []string{"text"}
		}
		if got := f.Idle(); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", end, got, want)
		}
		if got := f.Idle(); got != nil {
			t.Errorf("%q: a second silence ends %q", end, got)
		}
	}
}

func TestFramingCountsWhatIsNotAsItWasSet(t *testing.T) {
	f := scanner.Framing{Terminator: scanner.EndETX, Prefix: "<"}.Framer()
	f.Feed([]byte("\x02<half\x02<a\x03\x02b\x03"))
	if f.Begun() != 1 || f.Unmarked() != 1 {
		t.Errorf("begun %d, unmarked %d", f.Begun(), f.Unmarked())
	}
}

func TestFramingRefusesWhatCannotWork(t *testing.T) {
	for _, f := range []scanner.Framing{
		{Terminator: "tab"}, {Max: -1}, {Prefix: "\r"}, {Suffix: "a\n"}, {Terminator: scanner.EndETX, Suffix: "\x03"}, {Prefix: strings.Repeat("x", 33)},
	} {
		if f.Check() == nil {
			t.Errorf("%+v passes", f)
		}
	}
	if err := (scanner.Framing{Terminator: scanner.EndETX, Suffix: "\r\n"}).Check(); err != nil {
		t.Error(err)
	}
}

// modelOf cuts a whole stream by regular expressions, one for each terminator: texts
// and what is left without an end.
func modelOf(end scanner.Terminator, stream string, max int) (texts []string, rest string) {
	ends := map[scanner.Terminator]*regexp.Regexp{
		scanner.EndAny: regexp.MustCompile(`[\r\n]`), scanner.EndIdle: regexp.MustCompile(`[\r\n]`), scanner.EndCR: regexp.MustCompile(`\r`),
		scanner.EndLF: regexp.MustCompile(`\n`), scanner.EndCRLF: regexp.MustCompile(`\r\n`), scanner.EndETX: regexp.MustCompile(`\x03`),
	}[end]
	lines := ends.Split(stream, -1)
	for i, line := range lines {
		switch end {
		case scanner.EndETX:
			line = line[strings.LastIndexByte(line, 2)+1:]
			line = strings.TrimLeft(line, "\r\n")
		case scanner.EndCR:
			line = strings.TrimLeft(line, "\n")
		}
		switch last := i == len(lines)-1; {
		case last && len(line) <= max:
			rest = line
		case last, len(line) > max:
		default:
			if end == scanner.EndLF {
				line = strings.TrimSuffix(line, "\r")
			}
			if line != "" {
				texts = append(texts, line)
			}
		}
	}
	return texts, rest
}

// However a stream is split, its readings are those that the model gives of the
// whole of it: none lost, joined or doubled.
func FuzzFramingSplitAnyhow(f *testing.F) {
	f.Add([]byte("]d20101234567890128\x1d10LOT\r\n]C1...\r"), []byte{3, 1, 9}, uint8(0), uint8(60))
	f.Add([]byte("\x02half\x02whole\x03\r\n\x02next\x03"), []byte{1}, uint8(4), uint8(60))
	f.Add([]byte("a\r\r\nb\n\r\n\x00\x00c\r"), []byte{2, 5}, uint8(3), uint8(9))
	f.Add([]byte("a\nb\r\nc\r\n\nd\r"), []byte{1, 2}, uint8(1), uint8(9))
	f.Add(bytes.Repeat([]byte("\x00\xff\r"), 9), []byte{}, uint8(2), uint8(1))
	f.Fuzz(func(t *testing.T, stream, splits []byte, which, limit uint8) {
		end := scanner.Terminators()[int(which)%len(scanner.Terminators())]
		framing := scanner.Framing{Terminator: end, Max: int(limit) + 1}
		framer := framing.Framer()
		var got []string
		for i, rest := 0, stream; len(rest) > 0; i++ {
			n := len(rest)
			if len(splits) > 0 {
				n = min(int(splits[i%len(splits)])+1, n)
			}
			got = append(got, framer.Feed(rest[:n])...)
			rest = rest[n:]
		}
		once := framing.Framer()
		if want := once.Feed(stream); !slices.Equal(got, want) {
			t.Fatalf("%q split: %q, whole: %q", end, got, want)
		}
		if once.Overlong() != framer.Overlong() || once.Begun() != framer.Begun() {
			t.Fatal("the counts depend on how the stream was split")
		}
		left := framer.Cut()
		if once.Cut() != left {
			t.Fatal("what is left depends on how the stream was split")
		}
		// A text that was at its limit when the byte that is not of it came is a
		// matter of its own: FuzzFramer has it.
		if once.Overlong() > 0 || len(stream) > int(limit) {
			return
		}
		want, rest := modelOf(end, string(stream), int(limit)+1)
		if !slices.Equal(got, want) || left != len(rest) {
			t.Fatalf("%q: got %q and %d left, want %q and %q left", end, got, left, want, rest)
		}
	})
}
