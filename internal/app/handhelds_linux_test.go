package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"

	"implantrace/internal/app"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// socket is a place where handhelds are plugged in: pseudo-terminals, behind files
// as the kernel and udev make them.
type socket struct {
	t       *testing.T
	root    string
	tty, at string // ttyACM0, 1-1

	master, slave *os.File
}

func (k *socket) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// plug puts a handheld with a number of its own into the socket.
func (k *socket) plug(vendor, serial string) {
	k.t.Helper()
	var err error
	k.master, k.slave, err = pty.Open()
	k.must(err)
	device := filepath.Join(k.root, "sys/devices", k.at)
	face := filepath.Join(device, k.at+":1.0")
	k.must(os.MkdirAll(face, 0o700))
	for name, text := range map[string]string{"idVendor": vendor, "idProduct": "0001", "serial": serial, "product": "Gun"} {
		k.must(os.WriteFile(filepath.Join(device, name), []byte(text+"\n"), 0o600))
	}
	k.must(os.MkdirAll(filepath.Join(k.root, "dev"), 0o700))
	k.must(os.Symlink(k.slave.Name(), filepath.Join(k.root, "dev", k.tty)))
	class := filepath.Join(k.root, "sys/class/tty", k.tty)
	k.must(os.MkdirAll(class, 0o700))
	k.must(os.Symlink(face, filepath.Join(class, "device")))
}

func (k *socket) unplug() {
	k.t.Helper()
	k.must(os.RemoveAll(filepath.Join(k.root, "sys/class/tty", k.tty)))
	k.must(os.Remove(filepath.Join(k.root, "dev", k.tty)))
	k.must(os.RemoveAll(filepath.Join(k.root, "sys/devices", k.at)))
	k.slave.Close()
	k.master.Close()
}

func (s *served) scannerNamed(name string) (found scanner.SerialState) {
	s.t.Helper()
	var a struct{ Items []scanner.SerialState }
	s.get("/api/v1/scanners", &a)
	for _, st := range a.Items {
		if st.Name == name {
			return st
		}
	}
	return found
}

// readBy are the readings in the record, as scanner and text.
func (s *served) readBy() (all []string) {
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
			all = append(all, f.Scanner+": "+text)
		}
	}
	return all
}

// Two handhelds are found when they are plugged in, and each keeps its name when
// they come back in each other's socket. A port of anything else is left alone.
func TestHandheldsAreFoundAndKeepTheirNames(t *testing.T) {
	needSerial(t)
	root := t.TempDir()
	n := serve(t, app.Config{ScannersIn: root})
	left, right := &socket{t: t, root: root, tty: "ttyACM0", at: "1-1"}, &socket{t: t, root: root, tty: "ttyACM1", at: "1-2"}
	supply := &socket{t: t, root: root, tty: "ttyUSB0", at: "1-3"}
	supply.plug("051d", "UPS")
	defer supply.unplug()
	left.plug("0c2e", "A1")
	right.plug("05e0", "B2")
	const a, b = "Honeywell Gun A1", "Zebra Gun B2"
	both := func() bool { return n.scannerNamed(a).Connected && n.scannerNamed(b).Connected }
	until(t, "both are found", both)
	if !n.scannerNamed(a).Found || n.scannerNamed("handheld").Found {
		t.Error("it is not said which of them were found")
	}
	left.master.WriteString(stem + "\r")
	until(t, "the first is recorded", func() bool { return len(n.readBy()) == 1 })
	left.unplug()
	right.unplug()
	until(t, "both are gone", func() bool { return !n.scannerNamed(a).Connected && !n.scannerNamed(b).Connected })
	left.plug("05e0", "B2")
	right.plug("0c2e", "A1")
	defer left.unplug()
	defer right.unplug()
	until(t, "both are back", both)
	right.master.WriteString(stem + "\r")
	until(t, "the second is recorded", func() bool { return len(n.readBy()) == 2 })
	left.master.WriteString(head + "\r")
	until(t, "the third is recorded", func() bool { return len(n.readBy()) == 3 })
	if got := n.readBy(); !slices.Equal(got, []string{a + ": " + stem, a + ": " + stem, b + ": " + head}) {
		t.Errorf("%q", got)
	}
	var list struct{ Items []scanner.SerialState }
	n.get("/api/v1/scanners", &list)
	if len(list.Items) != 3 {
		t.Errorf("%+v", list)
	}
}

func TestHandheldsAreNotLookedForWhereNobodyWantsIt(t *testing.T) {
	needSerial(t)
	root := t.TempDir()
	k := &socket{t: t, root: root, tty: "ttyACM0", at: "1-1"}
	k.plug("0c2e", "A1")
	defer k.unplug()
	n := serve(t, app.Config{ScannersIn: root, FindScanners: app.FindNone})
	n.scan(stem)
	until(t, "the named one is heard", func() bool { return len(n.readBy()) == 1 })
	if st := n.scannerNamed("Honeywell Gun A1"); st.Name != "" {
		t.Errorf("%+v", st)
	}
}

func TestTwoHandheldsCannotHaveOneName(t *testing.T) {
	needSerial(t)
	c := app.Config{Data: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", NoSignIn: true}
	for _, c.Scanners = range [][]scanner.SerialConfig{{{Name: "x", Device: "/dev/a"}, {Name: "x", Device: "/dev/b"}}, {{Name: "x", Device: "/dev/a"}, {Name: "y", Device: "/dev/a"}}} {
		if n, err := app.Open(t.Context(), c, "test", slog.New(slog.DiscardHandler), nil); err == nil {
			n.Close()
			t.Errorf("%+v was taken", c.Scanners)
		}
	}
}

// The beep says the verdict, and comes when the reading is in the record.
func TestTheHandheldHearsTheVerdictThatIsRecorded(t *testing.T) {
	needSerial(t)
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	s := begin(&served{t: t, line: master, stopped: make(chan error, 1)}, app.Config{
		Scanners: []scanner.SerialConfig{{Name: "handheld", Device: slave.Name(), Signals: scanner.Signals{Green: "g", Grey: "n", Amber: "a", Red: "r"}}}})
	until(t, "it is connected", func() bool { return s.scannerState().Connected })
	hear := func() byte {
		t.Helper()
		one := make([]byte, 1)
		if _, err := master.Read(one); err != nil {
			t.Fatal(err)
		}
		return one[0]
	}
	colours := map[trace.Level]byte{trace.Pass: 'g', trace.Note: 'g', trace.NotChecked: 'n', trace.Warn: 'a', trace.Stop: 'r'}
	heard := make(map[byte]bool)
	for _, text := range []string{stem, "]d2010952014000101", "something of nobody's", stem, strings.Replace(stem, "]d201", "]d20109", 1), "]d2" + "8017" + "999900000000000001"} {
		before := len(s.readBy())
		s.scan(text)
		got := hear()
		if now := len(s.readBy()); now != before+1 {
			t.Errorf("%q: %c was heard with %d readings recorded, %d before", text, got, now, before)
		}
		st, err := s.node.Desk.State(t.Context())
		if err != nil || len(st.Recent) == 0 {
			t.Fatal(err)
		}
		if want := colours[st.Recent[0].Verdict.Level]; got != want {
			t.Errorf("%q: heard %c, and the page shows %c", text, got, want)
		}
		heard[got] = true
	}
	if len(heard) < 2 {
		t.Errorf("all readings had one verdict: %v", heard)
	}
}

// Four handhelds, pulled out at any moment: what was read to its end is recorded,
// once and in order, and nothing else is.
func TestHandheldsPulledOutAtAnyMoment(t *testing.T) { pulledOut(t, 1000) }

func TestSoakHandheldsPulledOutAtAnyMoment(t *testing.T) {
	if os.Getenv("IMPLANTRACE_SOAK") == "" {
		t.Skip("make soak runs it")
	}
	pulledOut(t, 100_000)
}

// stateOf is a handheld's state without a word over HTTP.
func (s *served) stateOf(name string) (found scanner.SerialState) {
	for _, st := range s.node.Scanners() {
		if st.Name == name {
			return st
		}
	}
	return found
}

func pulledOut(t *testing.T, readings int) {
	needSerial(t)
	root := t.TempDir()
	n := serve(t, app.Config{ScannersIn: root})
	const guns = 4
	var busy sync.WaitGroup
	var all [guns]int // written whole, of each
	unplugs := atomic.Int64{}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Hour)
	defer cancel()
	for i := range guns {
		k := &socket{t: t, root: root, tty: fmt.Sprintf("ttyACM%d", i), at: fmt.Sprintf("1-%d", i+1)}
		name := fmt.Sprintf("Zebra Gun S%d", i)
		k.plug("05e0", fmt.Sprintf("S%d", i))
		until(t, name+" is found", func() bool { return n.scannerNamed(name).Connected })
		busy.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			pull := 20 + r.IntN(readings/4)
			for j := 0; j < readings/guns && ctx.Err() == nil; j++ {
				for n.node.Floor.Waiting() > 500 && ctx.Err() == nil { // a hand is slower than the disk
					time.Sleep(time.Millisecond)
				}
				text := fmt.Sprintf("soak %d %06d\r\n", i, j)
				cut := len(text)
				if pull--; pull == 0 { // in the middle of this one, or behind it
					cut = r.IntN(len(text) + 1)
				}
				for rest := text[:cut]; rest != ""; { // in as many writes as it likes
					m := 1 + r.IntN(len(rest))
					if _, err := k.master.WriteString(rest[:m]); err != nil {
						t.Error(err)
						return
					}
					rest = rest[m:]
				}
				if cut >= len(text)-1 {
					all[i]++ // its terminator was sent; whether it was read, the scanner counts
				}
				if pull == 0 {
					was := n.stateOf(name)
					k.unplug()
					unplugs.Add(1)
					for n.stateOf(name).Connected && ctx.Err() == nil {
						time.Sleep(time.Millisecond)
					}
					k.plug("05e0", fmt.Sprintf("S%d", i))
					for n.stateOf(name).Reconnects == was.Reconnects && ctx.Err() == nil {
						time.Sleep(time.Millisecond)
					}
					pull = 20 + r.IntN(readings/4)
				}
			}
		})
		t.Cleanup(k.unplug)
	}
	busy.Wait()
	// What was written last is read, and what was read is recorded.
	last := uint64(0)
	until(t, "the lines are quiet", func() bool {
		var sum uint64
		for i := range guns {
			sum += n.stateOf(fmt.Sprintf("Zebra Gun S%d", i)).Readings
		}
		quiet := sum == last && n.node.Floor.Waiting() == 0
		last = sum
		if !quiet {
			time.Sleep(500 * time.Millisecond)
		}
		return quiet
	})
	recorded, before := make(map[string]int), make(map[string]string)
	for _, line := range n.readBy() {
		name, text, _ := strings.Cut(line, ": ")
		recorded[name]++
		if text <= before[name] {
			t.Errorf("%s: %q after %q: doubled, or out of its order", name, text, before[name])
		}
		var of, number int
		if _, err := fmt.Sscanf(text, "soak %d %06d", &of, &number); err != nil || text != fmt.Sprintf("soak %d %06d", of, number) || name != fmt.Sprintf("Zebra Gun S%d", of) {
			t.Errorf("%s: %q is half a reading, or two joined", name, text)
		}
		before[name] = text
	}
	lost, cut := 0, uint64(0)
	for i := range guns {
		name := fmt.Sprintf("Zebra Gun S%d", i)
		st := n.stateOf(name)
		if uint64(recorded[name]) != st.Readings {
			t.Errorf("%s: %d readings whose terminator was read, %d recorded", name, st.Readings, recorded[name])
		}
		lost += all[i] - recorded[name]
		cut += st.CutOff
	}
	t.Logf("%d readings recorded, %d unplugged; %d that were sent never left the line, %d were cut off in the middle", last, unplugs.Load(), lost, cut)
	if lost < 0 || unplugs.Load() == 0 {
		t.Errorf("%d lost, %d unplugged", lost, unplugs.Load())
	}
}
