package app

import (
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// plugIn makes the node's handhelds. Nothing is opened yet.
func (n *Node) plugIn() error {
	n.handhelds = &handhelds{named: n.Config.Scanners, event: n.scannerEvent, fed: n.fed, heard: func(name string, p []byte) { n.recordings.heard(name, p) }, log: n.log}
	if n.Config.FindScanners == FindAuto {
		n.handhelds.finder = &scanner.Finder{Root: n.Config.ScannersIn}
	}
	if err := n.handhelds.configure(); err != nil {
		return err
	}
	var err error
	n.recordings, err = newRecordings(n.Config.Data, n.Store.Keys, n.clock, n.handhelds.config, func(err error) { n.log.Error("recording", "error", err.Error()) })
	return err
}

// Scanners are the states of the node's handhelds.
func (n *Node) Scanners() []scanner.SerialState { return n.handhelds.states() }

// fed takes a reading of a handheld.
func (n *Node) fed(r scanner.Reading) {
	if !n.Floor.Feed(r) {
		n.log.Error("a reading was lost: too many wait to be recorded", "scanner", r.Scanner)
	}
}

// scannerEvent logs what happens to a handheld, and tells the pages.
func (n *Node) scannerEvent(e scanner.Event) {
	n.log.Info("scanner", "event", string(e.Kind), "scanner", e.Scanner, "device", e.Device, "bytes", e.Bytes, "detail", e.Detail)
	if e.Kind == scanner.EventDisconnected {
		n.recordings.gone(e.Scanner)
	}
	switch {
	case n.Floor == nil:
	case e.Kind == scanner.EventDisconnected: // another may come back in its place
		n.Floor.Disconnected(e.Scanner)
	default:
		n.Floor.Changed()
	}
}

// verdict tells a handheld what its reading was answered, when that is in the
// record. A reading that was refused, or that waits, is told to the page alone.
func (n *Node) verdict(a theatre.Answer) {
	if s := n.handhelds.by(a.Scanner); s != nil && !a.Repeated {
		s.Signal(signalOf(a.Verdict.Level))
	}
}

// signalOf is the colour in which the page shows a level.
func signalOf(l trace.Level) scanner.Signal {
	switch l {
	case trace.Pass, trace.Note:
		return scanner.SignalGreen
	case trace.Warn:
		return scanner.SignalAmber
	case trace.Stop:
		return scanner.SignalRed
	}
	return scanner.SignalGrey
}
