//go:build linux

package scanner_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"implantrace/scanner"
)

// A bench is a handheld on a pseudo-terminal, and a Serial that listens to it.
// The device is a symbolic link, as under /dev/serial/by-id, so that a
// replugged scanner comes back by the same name on another terminal.
type bench struct {
	t        *testing.T
	device   string
	handheld *os.File
	serial   *scanner.Serial
	cancel   context.CancelFunc
	done     chan error

	mu       sync.Mutex
	readings []scanner.Reading
	events   []scanner.Event
}

func newBench(t *testing.T, cfg scanner.SerialConfig) *bench {
	t.Helper()
	b := &bench{t: t, device: filepath.Join(t.TempDir(), "usb-handheld"), done: make(chan error, 1)}
	cfg.Device = b.device
	var err error
	b.serial, err = scanner.NewSerial(cfg,
		scanner.Clock(func() time.Time { return noon }),
		scanner.OnEvent(func(e scanner.Event) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.events = append(b.events, e)
		}))
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, b.cancel = context.WithCancel(context.Background())
	go func() {
		b.done <- b.serial.Run(ctx, func(r scanner.Reading) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.readings = append(b.readings, r)
		})
	}()
	t.Cleanup(func() {
		b.cancel()
		if b.handheld != nil {
			b.handheld.Close()
		}
	})
	return b
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func (b *bench) plug() {
	b.t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		b.t.Fatal(err)
	}
	b.handheld = master
	fresh := b.device + ".new"
	if err := os.Symlink(slave.Name(), fresh); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Rename(fresh, b.device); err != nil {
		b.t.Fatal(err)
	}
	b.until("connected", func() bool { return b.serial.State().Connected })
	slave.Close() // Serial holds it now; closed before, the terminal would hang up
}

func (b *bench) unplug() {
	b.t.Helper()
	os.Remove(b.device)
	b.handheld.Close()
	b.handheld = nil
	b.until("disconnected", func() bool { return !b.serial.State().Connected })
}

func (b *bench) send(parts ...string) {
	b.t.Helper()
	for _, p := range parts {
		if _, err := b.handheld.WriteString(p); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) texts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var texts []string
	for _, r := range b.readings {
		texts = append(texts, r.Text)
	}
	return texts
}

func (b *bench) kinds() []scanner.EventKind {
	b.mu.Lock()
	defer b.mu.Unlock()
	var kinds []scanner.EventKind
	for _, e := range b.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// wants waits for a last reading that no test sends before its end, and then
// compares all readings before it: nothing missing, nothing more.
func (b *bench) wants(want ...string) {
	b.t.Helper()
	b.send("the last one\r")
	b.until("the last reading", func() bool { return slices.Contains(b.texts(), "the last one") })
	if got := b.texts(); !slices.Equal(got, append(want, "the last one")) {
		b.t.Errorf("got  %q\nwant %q and the last one", got, want)
	}
}

func (b *bench) until(what string, holds func() bool) {
	b.t.Helper()
	for start := time.Now(); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			b.t.Fatalf("waited in vain: %s; state %+v, events %v, readings %q",
				what, b.serial.State(), b.kinds(), b.texts())
		}
	}
}

func TestSerialFrames(t *testing.T) {
	const scan = "]d20109506000134352\x1d10AB,c\x1d21 S"
	for name, end := range map[string]string{"CR": "\r", "LF": "\n", "CRLF": "\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, scanner.SerialConfig{Name: "left"})
			b.plug()
			b.send(scan+end, scan+end)
			for c := range strings.SplitSeq("]C10109506000134369"+end, "") {
				b.send(c)
			}
			b.wants(scan, scan, "]C10109506000134369")
			b.mu.Lock()
			first := b.readings[0]
			b.mu.Unlock()
			want := scanner.Reading{Text: scan, Source: scanner.SourceSerial, Scanner: "left", At: noon}
			if first != want {
				t.Errorf("got %+v, want %+v", first, want)
			}
		})
	}
}

func TestSerialLosesNothingInABurst(t *testing.T) {
	t.Parallel()
	b := newBench(t, scanner.SerialConfig{})
	b.plug()
	var want []string
	for i := range 1000 {
		want = append(want, fmt.Sprintf("]d2010950600013435221S%04d\x1d10LOT", i))
	}
	for chunk := range slices.Chunk(want, 17) {
		b.send(strings.Join(chunk, "\r") + "\r")
	}
	b.wants(want...)
	if n := b.serial.State().Readings; n != 1001 {
		t.Errorf("State counts %d readings, want 1001", n)
	}
}

func TestSerialGoesOnAfterNoise(t *testing.T) {
	t.Parallel()
	b := newBench(t, scanner.SerialConfig{MaxReading: 64})
	b.plug()
	noise := make([]byte, 256) // every byte there is, terminators too
	for i := range noise {
		noise[i] = byte(i)
	}
	b.send(string(noise), "\r", "good\r")
	b.wants(string(noise[:10]), "\x0b\x0c", "good")
	b.until("an overlong event", func() bool { return slices.Contains(b.kinds(), scanner.EventOverlong) })
	if n := b.serial.State().Overlong; n != 1 {
		t.Errorf("State counts %d overlong texts, want 1", n)
	}
}

func TestSerialUnpluggedInMidReading(t *testing.T) {
	t.Parallel()
	b := newBench(t, scanner.SerialConfig{})
	b.until("waiting for a device that is not there", func() bool {
		return strings.HasPrefix(b.serial.State().LastError, "no scanner is plugged in at ")
	})
	b.plug()
	// One write is one read: when the first reading is there, so is the half of
	// the second, and the pty has nothing left to drop when it is closed.
	b.send("before\r]d2010950600013")
	b.until("the first reading", func() bool { return len(b.texts()) == 1 })
	b.unplug()
	b.until("waiting", func() bool { return strings.HasPrefix(b.serial.State().LastError, "no scanner") })
	b.plug()
	b.send("4352\r") // the tail of something else, and never joined
	b.wants("before", "4352")

	if got := b.serial.State(); got.CutOff != 1 || got.Reconnects != 1 || got.LastError != "" {
		t.Errorf("state %+v: want one cut-off, one reconnect, no error", got)
	}
	want := []scanner.EventKind{
		scanner.EventWaiting, scanner.EventConnected, scanner.EventCutOff,
		scanner.EventDisconnected, scanner.EventWaiting, scanner.EventConnected,
	}
	if got := b.kinds(); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.events[2]; e.Bytes != len("]d2010950600013") || !e.At.Equal(noon) || e.Device != b.device {
		t.Errorf("cut-off event %+v", e)
	}
}

func TestSerialRunEndsWithItsContext(t *testing.T) {
	for name, plugged := range map[string]bool{"listening": true, "waiting": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, scanner.SerialConfig{})
			if plugged {
				b.plug()
			}
			b.cancel()
			select {
			case err := <-b.done:
				if err != nil {
					t.Errorf("Run returned %v", err)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("Run went on after its context was cancelled")
			}
			if b.serial.State().Connected {
				t.Error("State still says connected")
			}
		})
	}
}

func TestSerialSaysWhatIsNotASerialPort(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := scanner.NewSerial(scanner.SerialConfig{Device: file})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go s.Run(ctx, func(scanner.Reading) {})
	for start := time.Now(); s.State().LastError != file+" is not a serial port"; time.Sleep(time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("LastError = %q", s.State().LastError)
		}
	}
}

func TestNewSerialRefusesWhatCannotWork(t *testing.T) {
	for name, cfg := range map[string]scanner.SerialConfig{
		"no device":      {},
		"no such speed":  {Device: "/dev/ttyACM0", Baud: 9601},
		"negative limit": {Device: "/dev/ttyACM0", MaxReading: -1},
	} {
		if _, err := scanner.NewSerial(cfg); err == nil || errors.Is(err, scanner.ErrSerialUnsupported) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	s, err := scanner.NewSerial(scanner.SerialConfig{Device: "/dev/serial/by-id/usb-x"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.State(); got.Name != "usb-x" || got.Connected {
		t.Errorf("state before Run: %+v", got)
	}
}
