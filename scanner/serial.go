package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// ErrSerialUnsupported is returned by [NewSerial] in a build that cannot talk
// to serial ports; [SerialSupported] says which.
var ErrSerialUnsupported = errors.New("this build of the program cannot read serial scanners")

// SerialConfig says which handheld to listen to.
type SerialConfig struct {
	// Name is what people call the scanner; by default the last element of
	// Device.
	Name string

	// Device is the port: /dev/ttyACM0, /dev/serial/by-id/..., COM3. A name
	// under by-id stays with the scanner when it is put into another socket;
	// where two scanners share that name, one under by-path stays with the
	// socket.
	Device string

	// Baud is the speed of the line, by default 9600. USB scanners ignore it.
	Baud int

	// MaxReading is the longest text in bytes, by default 8191. Anything
	// longer without a terminator is noise: it is dropped, counted and shown.
	MaxReading int
}

// SerialState says how a handheld is doing.
type SerialState struct {
	Name        string    `json:"name"`
	Device      string    `json:"device"`
	Connected   bool      `json:"connected"`
	Since       time.Time `json:"since"`      // since when it is connected, or is not
	Readings    uint64    `json:"readings"`   // handed on, since the start
	CutOff      uint64    `json:"cut_off"`    // readings that an unplug, or the end of Run, cut off
	Overlong    uint64    `json:"overlong"`   // texts dropped for their length
	Reconnects  uint64    `json:"reconnects"` // times the port was opened again
	LastReading time.Time `json:"last_reading,omitzero"`
	LastError   string    `json:"last_error,omitempty"` // why it is not connected, in words for a person; empty while it is
}

// EventKind says what happened to a handheld.
type EventKind string

const (
	EventConnected    EventKind = "connected"    // the port is open
	EventDisconnected EventKind = "disconnected" // it was open, and the scanner went away
	EventWaiting      EventKind = "waiting"      // it cannot be opened; told once for each reason
	EventCutOff       EventKind = "cut-off"      // a reading was cut off: it must be scanned again
	EventOverlong     EventKind = "overlong"     // a text was dropped for its length: noise, or the wrong speed
)

// Event is something that a person at the scanner ought to see. It never holds
// what was read.
type Event struct {
	Kind    EventKind
	Scanner string
	Device  string
	At      time.Time
	Bytes   int    // of a cut-off reading: how many bytes had come
	Detail  string // one plain sentence
}

// A SerialOption changes how a [Serial] works.
type SerialOption func(*Serial)

// OnEvent has f called for every event, on the goroutine of Run and before the
// next byte is read; f must return soon.
func OnEvent(f func(Event)) SerialOption { return func(s *Serial) { s.onEvent = f } }

// Clock has readings and events stamped by now instead of time.Now.
func Clock(now func() time.Time) SerialOption { return func(s *Serial) { s.now = now } }

// port is an open serial port whose Read waits at most readTimeout.
type port interface {
	io.Reader
	io.Closer
}

const (
	// readTimeout bounds every read, so that the end of ctx is seen soon. The
	// driver counts in tenths of a second.
	readTimeout = 200 * time.Millisecond

	// A read that ends empty long before its timeout says that the scanner is
	// gone. On Linux that looks like any timeout (0, io.EOF) but for its haste.
	hastyRead   = readTimeout / 4
	hastyReads  = 3
	firstWait   = 200 * time.Millisecond
	longestWait = 2 * time.Second

	// steadyFor is how long a port must have stayed open for the next wait to
	// be a short one again; a port that opens and fails at once is not a cure.
	steadyFor = 5 * time.Second

	slowOpen = 3 * time.Second // an open that takes longer is reported
)

// Serial listens to one handheld.
type Serial struct {
	cfg     SerialConfig
	now     func() time.Time
	onEvent func(Event)
	open    func(SerialConfig) (port, error)

	mu    sync.Mutex
	state SerialState
}

// NewSerial checks cfg. It opens nothing; the device need not exist yet.
func NewSerial(cfg SerialConfig, opts ...SerialOption) (*Serial, error) {
	if !SerialSupported {
		return nil, ErrSerialUnsupported
	}
	if cfg.Device == "" {
		return nil, errors.New("a serial scanner needs the name of its device, such as /dev/ttyACM0 or COM3")
	}
	if cfg.Name == "" {
		cfg.Name = filepath.Base(cfg.Device)
	}
	if cfg.Baud == 0 {
		cfg.Baud = 9600
	}
	if !slices.Contains(speeds, cfg.Baud) {
		return nil, fmt.Errorf("scanner %q: %d baud is not a speed that serial ports have", cfg.Name, cfg.Baud)
	}
	if cfg.MaxReading < 0 {
		return nil, fmt.Errorf("scanner %q: the longest reading cannot be %d bytes", cfg.Name, cfg.MaxReading)
	}
	if cfg.MaxReading == 0 {
		cfg.MaxReading = DefaultMaxReading
	}
	s := &Serial{cfg: cfg, now: time.Now, onEvent: func(Event) {}, open: openPort}
	for _, opt := range opts {
		opt(s)
	}
	s.state = SerialState{Name: cfg.Name, Device: cfg.Device, Since: s.now(), LastError: "not opened yet"}
	return s, nil
}

// State may be called at any time, from any goroutine.
func (s *Serial) State() SerialState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Run listens until ctx is done and then returns nil. It opens the port, hands
// every reading to emit in the order of arrival, and when the scanner goes away
// waits for it and opens the port again.
//
// A reading whose terminator arrived is handed on once: never lost, doubled, or
// joined to another. emit is called on Run's goroutine, and nothing is read
// until it returns; it should only pass the reading on. Run may be called once
// at a time.
func (s *Serial) Run(ctx context.Context, emit func(Reading)) error {
	wait := firstWait
	for opened := false; ctx.Err() == nil; {
		p, err := s.openOrGiveUp(ctx)
		if err == nil {
			start := time.Now()
			s.connected(opened)
			opened = true
			err = s.listen(ctx, p, emit)
			p.Close() // it was only read from; there is nothing to lose
			s.disconnected(err)
			if time.Since(start) >= steadyFor {
				wait = firstWait
			}
		} else if ctx.Err() == nil {
			s.waiting(err)
		}
		pause(ctx, wait)
		wait = min(2*wait, longestWait)
	}
	return nil
}

// openOrGiveUp opens the port, and returns when it is open or ctx is done: an
// open that a driver holds up must hold up nobody else.
func (s *Serial) openOrGiveUp(ctx context.Context) (port, error) {
	type result struct {
		p   port
		err error
	}
	done := make(chan result, 1)
	go func() {
		p, err := s.open(s.cfg)
		done <- result{p, err}
	}()
	slow := time.NewTimer(slowOpen)
	defer slow.Stop()
	for {
		select {
		case r := <-done:
			return r.p, r.err
		case <-slow.C:
			s.waiting(errors.New("the port has been opening for a long time"))
		case <-ctx.Done():
			go func() { // whenever it opens after all, let go of it
				if r := <-done; r.err == nil {
					r.p.Close()
				}
			}()
			return nil, ctx.Err()
		}
	}
}

var errUnplugged = errors.New("the scanner was unplugged")

// listen reads until ctx is done or the scanner has gone, and says which.
func (s *Serial) listen(ctx context.Context, p port, emit func(Reading)) error {
	framer := NewFramer(s.cfg.MaxReading)
	defer func() { s.cutOff(framer.Cut()) }()
	buf := make([]byte, 4096)
	for hasty := 0; ctx.Err() == nil; {
		start := time.Now()
		n, err := p.Read(buf)
		quick := time.Since(start) < hastyRead
		if n > 0 {
			before := framer.Overlong()
			for _, text := range framer.Feed(buf[:n]) {
				s.reading(text, emit)
			}
			s.overlong(framer.Overlong() - before)
		}
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return err
		case n > 0 || !quick:
			hasty = 0
		default:
			if hasty++; hasty == hastyReads {
				return errUnplugged
			}
		}
	}
	return ctx.Err()
}

func (s *Serial) reading(text string, emit func(Reading)) {
	at := s.now()
	s.mu.Lock()
	s.state.Readings++
	s.state.LastReading = at
	s.mu.Unlock()
	emit(Reading{Text: text, Source: SourceSerial, Scanner: s.cfg.Name, At: at})
}

func (s *Serial) connected(again bool) {
	at := s.now()
	s.mu.Lock()
	s.state.Connected = true
	s.state.Since = at
	s.state.LastError = ""
	if again {
		s.state.Reconnects++
	}
	s.mu.Unlock()
	s.tell(Event{Kind: EventConnected, At: at, Detail: "The scanner is connected."})
}

func (s *Serial) disconnected(err error) {
	at := s.now()
	why := "the program stopped listening"
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		why = s.explain(err)
	}
	s.mu.Lock()
	s.state.Connected = false
	s.state.Since = at
	s.state.LastError = why
	s.mu.Unlock()
	s.tell(Event{Kind: EventDisconnected, At: at, Detail: "The scanner is disconnected: " + why + "."})
}

func (s *Serial) waiting(err error) {
	why := s.explain(err)
	s.mu.Lock()
	known := s.state.LastError == why
	s.state.LastError = why
	s.mu.Unlock()
	if !known {
		s.tell(Event{Kind: EventWaiting, At: s.now(), Detail: "Waiting for the scanner: " + why + "."})
	}
}

func (s *Serial) cutOff(bytes int) {
	if bytes == 0 {
		return
	}
	s.mu.Lock()
	s.state.CutOff++
	s.mu.Unlock()
	s.tell(Event{Kind: EventCutOff, At: s.now(), Bytes: bytes,
		Detail: "The connection ended in the middle of a reading; scan it again."})
}

func (s *Serial) overlong(texts uint64) {
	if texts == 0 {
		return
	}
	s.mu.Lock()
	s.state.Overlong += texts
	s.mu.Unlock()
	s.tell(Event{Kind: EventOverlong, At: s.now(),
		Detail: "The scanner sent noise, or its speed is set wrong; scan again."})
}

func (s *Serial) tell(e Event) {
	e.Scanner, e.Device = s.cfg.Name, s.cfg.Device
	s.onEvent(e)
}

// explain says in words for a person why the port is not open.
func (s *Serial) explain(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no scanner is plugged in at " + s.cfg.Device
	case errors.Is(err, fs.ErrPermission):
		return "the program is not allowed to open " + s.cfg.Device
	case errors.Is(err, syscall.ENOTTY):
		return s.cfg.Device + " is not a serial port"
	default:
		return err.Error()
	}
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
