package scanner

import (
	"fmt"
)

// Signal is what a person at the scanner is told by its beep or light: the
// verdict on what was read, not that something was read.
type Signal string

// The signals, as the colours of a verdict.
const (
	SignalGreen Signal = "green" // checked, and nothing is wrong
	SignalGrey  Signal = "grey"  // could not be checked
	SignalAmber Signal = "amber"
	SignalRed   Signal = "red"
)

// Signals are the bytes that a scanner takes for each, by its maker's manual. One
// that is empty is not sent.
type Signals struct{ Green, Grey, Amber, Red string }

// of gives the bytes of a signal.
func (s Signals) of(v Signal) string {
	switch v {
	case SignalGreen:
		return s.Green
	case SignalGrey:
		return s.Grey
	case SignalAmber:
		return s.Amber
	case SignalRed:
		return s.Red
	}
	return ""
}

func (s Signals) check(name string) error {
	const longest = 64
	for _, v := range []Signal{SignalGreen, SignalGrey, SignalAmber, SignalRed} {
		if len(s.of(v)) > longest {
			return fmt.Errorf("scanner %q: the signal %s has more than %d bytes", name, v, longest)
		}
	}
	return nil
}

// signalsWaiting bounds the signals that a scanner has not taken yet.
const signalsWaiting = 8

// Signal sends the scanner what is configured for a signal. It does not wait:
// a scanner that takes nothing holds up no reading, and what it has not taken
// when it is unplugged it never gets, because a late beep would speak of another
// scan. Signal reports whether there was something to send and a connected
// scanner with room for it.
func (s *Serial) Signal(v Signal) bool {
	if s.cfg.Signals.of(v) == "" || !s.State().Connected {
		return false
	}
	select {
	case s.signals <- v:
		return true
	default:
		return false
	}
}

// signalling sends signals to an open port until stop is called.
func (s *Serial) signalling(p port) (stop func()) {
	done := make(chan struct{})
	if s.cfg.Signals == (Signals{}) {
		return func() {}
	}
	go func() {
		for {
			select {
			case <-done:
				return
			case v := <-s.signals:
				text := s.cfg.Signals.of(v)
				if n, err := p.Write([]byte(text)); err != nil || n < len(text) {
					continue // whoever reads the port finds out what is wrong with it
				}
				s.mu.Lock()
				s.state.Signals++
				s.mu.Unlock()
			}
		}
	}()
	return func() {
		close(done)
		for {
			select {
			case <-s.signals:
			default:
				return
			}
		}
	}
}
