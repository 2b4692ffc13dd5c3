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

	// Parity of the line, by default none; Bits of a character, by default 8. USB
	// scanners ignore both. A byte that fails its parity is SUB (0x1A) in the text
	// where the system can say so (Linux), and as it came elsewhere.
	Parity Parity
	Bits   int

	// MaxReading is the longest text in bytes, by default 8191. Anything
	// longer without a terminator is noise: it is dropped, counted and shown.
	MaxReading int

	// Terminator is what ends a reading, by default CR, LF or CRLF.
	Terminator Terminator

	// Idle is how long the line is silent behind a reading that nothing else ends
	// ([EndIdle]): 100 ms to 1 s, by default 200 ms. Two scans within that time
	// would be one reading: a terminator is better.
	Idle time.Duration

	// Prefix and Suffix are what the scanner is set to send around a reading.
	// They are taken off.
	Prefix, Suffix string

	// Signals are sent to the scanner by [Serial.Signal]; nothing by default.
	Signals Signals
}

// Parity is a serial line's parity. The zero value is none.
type Parity string

// The parities.
const (
	ParityNone Parity = ""
	ParityOdd  Parity = "odd"
	ParityEven Parity = "even"
)

// framing is how the bytes of this scanner are cut into readings.
func (c SerialConfig) framing() Framing {
	return Framing{Terminator: c.Terminator, Prefix: c.Prefix, Suffix: c.Suffix, Max: c.MaxReading}
}

// patience is how long a read of this scanner waits.
func (c SerialConfig) patience() time.Duration {
	if c.Terminator == EndIdle {
		return c.Idle
	}
	return readTimeout
}

// check fills in what is not said, and says what cannot work.
func (c *SerialConfig) check() error {
	if c.Name == "" {
		c.Name = filepath.Base(c.Device)
	}
	if c.Baud == 0 {
		c.Baud = 9600
	}
	if c.Bits == 0 {
		c.Bits = 8
	}
	if c.Idle == 0 {
		c.Idle = readTimeout
	}
	if c.MaxReading == 0 {
		c.MaxReading = DefaultMaxReading
	}
	switch {
	case !slices.Contains(speeds, c.Baud):
		return fmt.Errorf("scanner %q: %d baud is not a speed that serial ports have", c.Name, c.Baud)
	case c.Parity != ParityNone && c.Parity != ParityOdd && c.Parity != ParityEven:
		return fmt.Errorf("scanner %q: the parity is odd, even or none, not %q", c.Name, string(c.Parity))
	case c.Bits != 7 && c.Bits != 8:
		return fmt.Errorf("scanner %q: a character has 7 or 8 bits, not %d", c.Name, c.Bits)
	case c.Idle < 100*time.Millisecond || c.Idle > time.Second || c.Idle%(100*time.Millisecond) != 0:
		return fmt.Errorf("scanner %q: the silence that ends a reading is 100 ms to 1 s, in steps of 100 ms, not %s", c.Name, c.Idle)
	}
	if err := c.framing().Check(); err != nil {
		return fmt.Errorf("scanner %q: %w", c.Name, err)
	}
	return c.Signals.check(c.Name)
}

// SerialState says how a handheld is doing.
type SerialState struct {
	Name        string     `json:"name"`
	Device      string     `json:"device"`
	Connected   bool       `json:"connected"`
	Since       time.Time  `json:"since"`           // since when it is connected, or is not
	Readings    uint64     `json:"readings"`        // handed on, since the start
	CutOff      uint64     `json:"cut_off"`         // readings that an unplug, or the end of Run, cut off
	Overlong    uint64     `json:"overlong"`        // texts dropped for their length
	Unmarked    uint64     `json:"unmarked"`        // readings without their prefix or suffix, handed on as they came
	Reconnects  uint64     `json:"reconnects"`      // times the port was opened again
	Signals     uint64     `json:"signals"`         // sent back to the scanner
	Found       bool       `json:"found"`           // it was found, and not named by anybody
	Label       *LabelTest `json:"label,omitempty"` // what it made of the test label, the last time
	LastReading time.Time  `json:"last_reading,omitzero"`
	LastError   string     `json:"last_error,omitempty"` // why it is not connected, in words for a person; empty while it is
}

// EventKind says what happened to a handheld.
type EventKind string

const (
	EventConnected    EventKind = "connected"    // the port is open
	EventDisconnected EventKind = "disconnected" // it was open, and the scanner went away
	EventWaiting      EventKind = "waiting"      // it cannot be opened; told once for each reason
	EventCutOff       EventKind = "cut-off"      // a reading was cut off: it must be scanned again
	EventUnmarked     EventKind = "unmarked"     // a reading came without its prefix or suffix
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

// Heard has f called with all bytes that come, as they come and before they are
// cut into readings, on the goroutine of Run; f must not keep them. It is for
// recordings.
func Heard(f func(p []byte)) SerialOption { return func(s *Serial) { s.heard = f } }

// At has the port looked up by find each time before it is opened, in the place
// of the configuration's Device, which stays as the name of what is looked for.
// It is opened only when find gives it without an error.
func At(find func() (device string, err error)) SerialOption {
	return func(s *Serial) { s.find, s.state.Found = find, true }
}

// port is an open serial port whose Read waits at most for a while.
type port interface {
	io.Reader
	io.Writer
	io.Closer
}

const (
	// readTimeout bounds every read, so that the end of ctx is seen soon. The
	// driver counts in tenths of a second.
	readTimeout = 200 * time.Millisecond

	// A read that ends empty long before its timeout says that the scanner is
	// gone. On Linux that looks like any timeout (0, io.EOF) but for its haste.
	hastyPart   = 4                     // of the time it may wait
	slack       = 10 * time.Millisecond // by which a timer of the system may be early
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
	heard   func([]byte)
	find    func() (string, error)
	open    func(SerialConfig) (port, error)
	signals chan Signal

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
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Serial{cfg: cfg, now: time.Now, onEvent: func(Event) {}, heard: func([]byte) {}, open: openPort, signals: make(chan Signal, signalsWaiting)}
	s.find = func() (string, error) { return cfg.Device, nil }
	for _, opt := range opts {
		opt(s)
	}
	s.state.Name, s.state.Device, s.state.Since, s.state.LastError = cfg.Name, cfg.Device, s.now(), "not opened yet"
	return s, nil
}

// Config is how the handheld is set, with what was not said filled in.
func (s *Serial) Config() SerialConfig { return s.cfg }

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
			stop := s.signalling(p)
			err = s.listen(ctx, p, emit)
			stop()
			p.Close() // what was to be read has been; there is nothing to lose
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
		cfg := s.cfg
		var r result
		if cfg.Device, r.err = s.find(); r.err == nil {
			r.p, r.err = s.open(cfg)
		}
		done <- r
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
	framer := s.cfg.framing().Framer()
	defer func() { s.cutOff(framer.Cut()) }()
	buf := make([]byte, 4096)
	for hasty := 0; ctx.Err() == nil; {
		start := time.Now()
		n, err := p.Read(buf)
		waited := time.Since(start)
		if n > 0 {
			if s.cfg.Parity != ParityNone {
				struck(buf[:n])
			}
			s.heard(buf[:n])
			overlong, begun, unmarked := framer.Overlong(), framer.Begun(), framer.Unmarked()
			s.readings(framer.Feed(buf[:n]), emit)
			s.overlong(framer.Overlong() - overlong)
			for range framer.Begun() - begun {
				s.cutOff(1)
			}
			s.unmarked(framer.Unmarked() - unmarked)
		}
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return err
		case n > 0:
			hasty = 0
		case waited >= s.cfg.patience()-slack: // silence, and not the haste of a port that is going
			hasty = 0
			unmarked := framer.Unmarked()
			s.readings(framer.Idle(), emit)
			s.unmarked(framer.Unmarked() - unmarked)
		case waited >= s.cfg.patience()/hastyPart:
			hasty = 0
		default:
			if hasty++; hasty == hastyReads {
				return errUnplugged
			}
		}
	}
	return ctx.Err()
}

// struck puts SUB, which stands for a character that cannot be read (ISO 646),
// in the place of NUL, by which a line with parity says so: NULs at the end of a
// text may be taken for padding.
func struck(p []byte) {
	for i, b := range p {
		if b == 0 {
			p[i] = 0x1a
		}
	}
}

func (s *Serial) readings(texts []string, emit func(Reading)) {
	for _, text := range texts {
		s.reading(text, emit)
	}
}

func (s *Serial) reading(text string, emit func(Reading)) {
	at := s.now()
	s.mu.Lock()
	s.state.Readings++
	s.state.LastReading = at
	if test, ok := JudgeTestLabel(text, at); ok {
		s.state.Label = &test
	}
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
	if bytes > 0 {
		s.count(&s.state.CutOff, 1, Event{Kind: EventCutOff, Bytes: bytes, Detail: "The connection ended in the middle of a reading; scan it again."})
	}
}

func (s *Serial) overlong(texts uint64) {
	s.count(&s.state.Overlong, texts, Event{Kind: EventOverlong, Detail: "The scanner sent noise, or its speed is set wrong; scan again."})
}

func (s *Serial) unmarked(texts uint64) {
	s.count(&s.state.Unmarked, texts, Event{Kind: EventUnmarked,
		Detail: "A reading came without the prefix or suffix that is set for this scanner; it was taken as it came."})
}

// count adds to a counter of the state, and tells of it; nothing is no news.
func (s *Serial) count(counter *uint64, n uint64, e Event) {
	if n == 0 {
		return
	}
	s.mu.Lock()
	*counter += n
	s.mu.Unlock()
	e.At = s.now()
	s.tell(e)
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
