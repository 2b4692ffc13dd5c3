//go:build linux

package scanner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"implantrace/scanner"
)

func TestSerialEndsReadingsAsItIsTold(t *testing.T) {
	const scan = "]d20109506000134352\x1d10AB"
	for name, c := range map[string]struct {
		cfg    scanner.SerialConfig
		around [2]string
	}{
		"ETX":               {scanner.SerialConfig{Terminator: scanner.EndETX}, [2]string{"\x02", "\x03"}},
		"CRLF":              {scanner.SerialConfig{Terminator: scanner.EndCRLF}, [2]string{"", "\r\n"}},
		"prefix and suffix": {scanner.SerialConfig{Prefix: "#", Suffix: "$"}, [2]string{"#", "$\r"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.cfg)
			b.plug()
			framed := c.around[0] + scan + c.around[1]
			b.send(framed, framed[:9])
			b.until("the first", func() bool { return len(b.texts()) == 1 })
			b.send(framed[9:] + framed)
			b.until("all", func() bool { return len(b.texts()) == 3 })
			if got := b.texts(); !slices.Equal(got, []string{scan, scan, scan}) {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestSerialTakesSilenceForTheEndWhereNothingElseComes(t *testing.T) {
	t.Parallel()
	b := newBench(t, scanner.SerialConfig{Terminator: scanner.EndIdle, Idle: 100 * time.Millisecond})
	b.plug()
	for _, text := range []string{"one", "two"} {
		b.send(text)
		b.until(text, func() bool { return slices.Contains(b.texts(), text) })
	}
	// What an unplug cut off is no reading, however long nothing comes behind it.
	b.send("three", "\rhalf")
	b.until("three", func() bool { return slices.Contains(b.texts(), "three") })
	b.unplug()
	b.plug()
	b.send("four")
	b.until("four", func() bool { return slices.Contains(b.texts(), "four") })
	if got := b.texts(); !slices.Equal(got, []string{"one", "two", "three", "four"}) {
		t.Errorf("%q", got)
	}
	if st := b.serial.State(); st.CutOff != 1 {
		t.Errorf("%+v", st)
	}
}

func TestSerialCountsReadingsWithoutTheirPrefix(t *testing.T) {
	t.Parallel()
	b := newBench(t, scanner.SerialConfig{Prefix: "#"})
	b.plug()
	b.send("#one\rtwo\r")
	b.until("both", func() bool { return len(b.texts()) == 2 })
	if got := b.texts(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("%q", got)
	}
	b.until("it is told", func() bool { return slices.Contains(b.kinds(), scanner.EventUnmarked) })
	if st := b.serial.State(); st.Unmarked != 1 {
		t.Errorf("%+v", st)
	}
}

// A byte that fails its parity has to be seen: the line is told to check it, and
// to leave nothing out.
func TestSerialHasTheLineCheckItsParity(t *testing.T) {
	t.Parallel()
	b := newBench(t, scanner.SerialConfig{Parity: scanner.ParityEven, Bits: 7})
	b.plug()
	fd := int(b.handheld.Fd())
	line, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if line.Iflag&unix.INPCK == 0 || line.Iflag&(unix.IGNPAR|unix.PARMRK|unix.ICRNL|unix.ISTRIP) != 0 {
		t.Errorf("the line's input flags are %#x", line.Iflag)
	}
	b.send("]d20109506000134352\x1d10AB\x00\r") // as the line gives it
	b.wants("]d20109506000134352\x1d10AB\x1a")
}

func TestSerialSendsTheVerdictBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, scanner.SerialConfig{Signals: scanner.Signals{Green: "\x06", Red: "\x15\x15"}})
	if b.serial.Signal(scanner.SignalGreen) {
		t.Error("a scanner that is not there took a signal")
	}
	b.plug()
	heard := make([]byte, 3)
	for _, v := range []scanner.Signal{scanner.SignalGreen, scanner.SignalRed} {
		if !b.serial.Signal(v) {
			t.Fatalf("%s was not sent", v)
		}
	}
	for n := 0; n < len(heard); {
		m, err := b.handheld.Read(heard[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	if string(heard) != "\x06\x15\x15" {
		t.Errorf("the scanner heard %q", heard)
	}
	if b.serial.Signal(scanner.SignalAmber) || b.serial.Signal("purple") {
		t.Error("a signal without bytes was sent")
	}
	b.until("both are counted", func() bool { return b.serial.State().Signals == 2 })
	b.wants()
}

// A handheld that takes nothing holds up no reading.
func TestSerialReadsOnWhenTheScannerTakesNoSignals(t *testing.T) {
	t.Parallel()
	b := newBench(t, scanner.SerialConfig{Signals: scanner.Signals{Green: strings.Repeat("g", 64)}})
	b.plug()
	refused := false
	for range 100_000 { // until the line is full
		if refused = !b.serial.Signal(scanner.SignalGreen); refused {
			break
		}
	}
	if !refused {
		t.Error("a hundred thousand signals were taken by a scanner that reads none")
	}
	b.wants()
}

func TestTenThousandReadingsAMinuteFromTwoScanners(t *testing.T) {
	t.Parallel()
	const each = 2000 // in well below the twelve seconds that they would take
	start := time.Now()
	var benches []*bench
	for range 2 {
		b := newBench(t, scanner.SerialConfig{})
		b.plug()
		benches = append(benches, b)
		go func() {
			for range each {
				b.handheld.WriteString("]d20109506000134352\x1d10AB\r\n")
			}
		}()
	}
	for _, b := range benches {
		b.until("all", func() bool { return len(b.texts()) == each })
		if got := slices.Compact(b.texts()); len(got) != 1 {
			t.Errorf("%d different texts", len(got))
		}
	}
	t.Logf("%d readings of each in %s", each, time.Since(start))
}

func TestNewSerialRefusesALineThatCannotBe(t *testing.T) {
	for name, cfg := range map[string]scanner.SerialConfig{
		"no such parity":     {Parity: "mark"},
		"nine bits":          {Bits: 9},
		"a prefix with CR":   {Prefix: "\r"},
		"no such terminator": {Terminator: "tab"},
		"too short a time":   {Terminator: scanner.EndIdle, Idle: time.Millisecond},
		"a long signal":      {Signals: scanner.Signals{Amber: strings.Repeat("x", 65)}},
	} {
		cfg.Device = "/dev/ttyACM0"
		if _, err := scanner.NewSerial(cfg); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}
