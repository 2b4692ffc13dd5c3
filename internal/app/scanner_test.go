package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/creack/pty"

	"implantrace/internal/app"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// texts are the readings of devices that are recorded, in order.
func (s *served) texts() (all []string) {
	s.t.Helper()
	for e, err := range s.node.Store.Entries(s.t.Context(), trace.Position{Node: s.node.Store.Node()}) {
		if err != nil {
			s.t.Fatal(err)
		}
		if f, ok := e.Fact.(trace.ReadingFact); ok {
			text := f.Text
			if e.Secret != nil {
				text = e.Secret.Raw
			}
			all = append(all, text)
		}
	}
	return all
}

func (s *served) scannerState() scanner.SerialState {
	s.t.Helper()
	var a struct{ Items []scanner.SerialState }
	s.get("/api/v1/scanners", &a)
	if len(a.Items) != 1 {
		s.t.Fatalf("%+v", a)
	}
	return a.Items[0]
}

func needSerial(t *testing.T) {
	t.Helper()
	if scanner.SerialSupported {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("this build cannot read serial scanners")
	}
	t.Skip("this build cannot read serial scanners")
}

func TestTwoIdenticalScansAreTwoReadings(t *testing.T) {
	needSerial(t)
	n := serve(t, app.Config{})
	n.scan(stem)
	n.scan(stem)
	until(t, "both are recorded", func() bool { return len(n.texts()) == 2 })
	if got := n.texts(); got[0] != stem || got[1] != stem {
		t.Errorf("%q", got)
	}
}

func TestNoiseDoesNotHarmTheReadingBehindIt(t *testing.T) {
	needSerial(t)
	n := serve(t, app.Config{})
	noise := "\xff\xfe\x80garbage\x01\xf7"
	n.scan(noise)
	n.scan(stem)
	until(t, "both are recorded", func() bool { return len(n.texts()) == 2 })
	if got := n.texts(); !strings.HasSuffix(got[0], "garbage\x01\xf7") || got[1] != stem {
		t.Errorf("%q", got)
	}
	// Without end it is dropped, counted and shown.
	if _, err := n.line.WriteString(strings.Repeat("\xaa", 2*scanner.DefaultMaxReading)); err != nil {
		t.Fatal(err)
	}
	until(t, "the noise is counted", func() bool { return n.scannerState().Overlong == 1 })
	n.scan("")
	n.scan(head)
	until(t, "the next is recorded", func() bool { return slices.Contains(n.texts(), head) })
	if got := n.texts(); len(got) != 3 {
		t.Errorf("%d readings", len(got))
	}
}

// A handheld is pulled out in the middle of a reading and put into another
// socket: the half makes no reading, and the next scan comes whole.
func TestScannerUnpluggedMidReading(t *testing.T) {
	needSerial(t)
	dir := t.TempDir()
	link := filepath.Join(dir, "handheld")
	plug := func() (master, slave *os.File) {
		t.Helper()
		master, slave, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(slave.Name(), link+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+".new", link); err != nil {
			t.Fatal(err)
		}
		return master, slave
	}
	master, slave := plug()
	s := begin(&served{t: t, line: master, stopped: make(chan error, 1)}, app.Config{Scanners: []scanner.SerialConfig{{Name: "handheld", Device: link}}})
	until(t, "it is connected", func() bool { return s.scannerState().Connected })

	// One reading, and the beginning of another that would pass for a device.
	if _, err := master.WriteString(stem + "\r\n" + "010952014000101517"); err != nil {
		t.Fatal(err)
	}
	until(t, "the first is recorded", func() bool { return len(s.texts()) == 1 })
	slave.Close()
	master.Close()
	until(t, "the page says that it is gone", func() bool { st := s.scannerState(); return !st.Connected && st.LastError != "" })
	if st := s.scannerState(); st.CutOff != 1 || st.Readings != 1 {
		t.Errorf("%+v", st)
	}
	master, slave = plug()
	defer master.Close()
	defer slave.Close()
	until(t, "it is connected again", func() bool { return s.scannerState().Connected })
	s.line = master
	s.scan(head)
	until(t, "the next is recorded", func() bool { return len(s.texts()) == 2 })
	if got := s.texts(); got[0] != stem || got[1] != head {
		t.Errorf("%q", got)
	}
	if st := s.scannerState(); st.Reconnects != 1 || st.Readings != 2 || st.CutOff != 1 || st.LastError != "" || st.Name != "handheld" || st.LastReading.IsZero() {
		t.Errorf("%+v", st)
	}
}
