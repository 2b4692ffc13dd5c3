package scanner

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// RecordingVersion is the version of the format that [Recording.Write] writes.
const RecordingVersion = 1

// RecordingMost is the largest recording, in bytes that the handheld sent.
const RecordingMost = 4 << 20

// Recording is what a handheld sent, byte for byte and with its times, before it was
// cut into readings. It may hold anything that was scanned meanwhile, the numbers of
// patients among it.
//
// As a file it is JSON lines, UTF-8: a head, which says what the handheld is called
// and how its line is framed; a line for each piece, whose "at" is the milliseconds
// since the start and whose "hex" are its bytes; "gone" in their place where the
// connection ended; and a last line that says how it ended. Without a last line the
// file is cut off.
//
//	{"implantrace_recording":1,"scanner":"desk","started":"2026-03-02T08:15:00Z"}
//	{"at":1210,"hex":"5d6432303130373631313939343036343538340d"}
//	{"at":4021,"gone":true}
//	{"at":60000,"ended":"stopped"}
type Recording struct {
	Scanner string
	Started time.Time
	Framing Framing
	Parity  Parity
	Idle    time.Duration // of [EndIdle]
	Pieces  []Piece
	Length  time.Duration // from the start to the end
	Ended   Ending
}

// Piece is what one read of the line gave.
type Piece struct {
	At    time.Duration // since the start, in whole milliseconds
	Bytes []byte
	Gone  bool // the connection ended: there are no bytes
}

// Ending is why a recording ended.
type Ending string

// The endings.
const (
	EndedStopped Ending = "stopped" // by somebody
	EndedTime    Ending = "time"    // its time was over
	EndedSize    Ending = "size"    // it was full
	EndedNode    Ending = "node"    // the program ended
)

type recordingHead struct {
	Version    int        `json:"implantrace_recording"`
	Scanner    string     `json:"scanner"`
	Started    time.Time  `json:"started"`
	Terminator Terminator `json:"end,omitempty"`
	Prefix     string     `json:"prefix,omitempty"`
	Suffix     string     `json:"suffix,omitempty"`
	Max        int        `json:"max,omitempty"`
	Parity     Parity     `json:"parity,omitempty"`
	IdleMs     int64      `json:"idle_ms,omitempty"`
}

type recordingLine struct {
	At    int64  `json:"at"`
	Hex   string `json:"hex,omitempty"`
	Gone  bool   `json:"gone,omitempty"`
	Ended Ending `json:"ended,omitempty"`
}

// NewRecording begins a recording of the handheld with this configuration.
func NewRecording(c SerialConfig, start time.Time) Recording {
	r := Recording{Scanner: c.Name, Started: start, Framing: c.framing(), Parity: c.Parity}
	if c.Terminator == EndIdle {
		r.Idle = c.Idle
	}
	return r
}

// Bytes is how many bytes the handheld sent.
func (r Recording) Bytes() (n int) {
	for _, p := range r.Pieces {
		n += len(p.Bytes)
	}
	return n
}

// Write writes a recording as a file.
func (r Recording) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	f := r.Framing
	err := e.Encode(recordingHead{RecordingVersion, r.Scanner, r.Started, f.Terminator, f.Prefix, f.Suffix, f.Max, r.Parity, r.Idle.Milliseconds()})
	for _, p := range r.Pieces {
		if err != nil {
			return err
		}
		err = e.Encode(recordingLine{At: p.At.Milliseconds(), Hex: hex.EncodeToString(p.Bytes), Gone: p.Gone})
	}
	if err == nil && r.Ended != "" {
		err = e.Encode(recordingLine{At: r.Length.Milliseconds(), Ended: r.Ended})
	}
	return errors.Join(err, b.Flush())
}

// ErrRecordingCutOff is returned by [ReadRecording], with what there is, for a file
// without its last line.
var ErrRecordingCutOff = errors.New("the recording is cut off: its last line is missing")

// ReadRecording reads a file that [Recording.Write] wrote. The error names the line.
func ReadRecording(from io.Reader) (r Recording, err error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 1<<16), 2*RecordingMost+1024)
	n := 0
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("line %d of the recording: %w", n, fmt.Errorf(format, args...))
	}
	size := 0
	for lines.Scan() {
		n++
		if n == 1 {
			var h recordingHead
			if err := json.Unmarshal(lines.Bytes(), &h); err != nil || h.Version == 0 {
				return r, errors.New("this is no recording of a handheld")
			}
			if h.Version != RecordingVersion {
				return r, fmt.Errorf("this recording has format %d, and this program reads %d", h.Version, RecordingVersion)
			}
			c := SerialConfig{Name: h.Scanner, Device: h.Scanner, Terminator: h.Terminator, Prefix: h.Prefix, Suffix: h.Suffix, MaxReading: h.Max,
				Parity: h.Parity, Idle: time.Duration(h.IdleMs) * time.Millisecond}
			if err := c.check(); err != nil {
				return r, wrong("%w", err)
			}
			r = NewRecording(c, h.Started)
			continue
		}
		if r.Ended != "" {
			return r, wrong("it stands behind the end")
		}
		var l recordingLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return r, wrong("%w", err)
		}
		at := time.Duration(l.At) * time.Millisecond
		if l.At < 0 || l.At > maxMilliseconds || at < r.Length {
			return r, wrong("its time, %d ms, is not behind that of the line before", l.At)
		}
		r.Length = at
		switch {
		case l.Ended != "" && l.Hex == "" && !l.Gone:
			r.Ended = l.Ended
		case l.Gone && l.Hex == "" && l.Ended == "":
			r.Pieces = append(r.Pieces, Piece{At: at, Gone: true})
		case l.Hex != "" && !l.Gone && l.Ended == "":
			b, err := hex.DecodeString(l.Hex)
			if err != nil {
				return r, wrong("%w", err)
			}
			if size += len(b); size > RecordingMost {
				return r, wrong("the recording is larger than %d bytes", RecordingMost)
			}
			r.Pieces = append(r.Pieces, Piece{At: at, Bytes: b})
		default:
			return r, wrong("it is a piece, a connection that ended, or the end")
		}
	}
	switch err := lines.Err(); {
	case err != nil:
		n++
		return r, wrong("%w", err)
	case n == 0:
		return r, errors.New("this is no recording of a handheld: it is empty")
	case r.Ended == "":
		return r, ErrRecordingCutOff
	}
	return r, nil
}

// maxMilliseconds is the latest time of a line: a day.
const maxMilliseconds = 24 * 60 * 60 * 1000

// Replayed is what the framer made of a recording.
type Replayed struct {
	Readings int
	CutOff   int    // readings that the end of a connection, or of the recording, cut off
	Overlong uint64 // texts dropped for their length
	Unmarked uint64 // readings without their prefix or suffix
}

// Replay cuts a recording into readings as the line was cut, and hands each on with
// its place in the recording. At is when its terminator was recorded. wait is called
// before each piece with how long the line was silent before it; nil: nobody waits.
func (r Recording) Replay(ctx context.Context, wait func(context.Context, time.Duration) error, emit func(Reading)) (out Replayed, err error) {
	f := r.Framing.Framer()
	take := func(texts []string, at time.Duration) {
		for _, t := range texts {
			out.Readings++
			emit(Reading{Text: t, Source: SourceRecording, Scanner: r.Scanner, At: r.Started.Add(at)})
		}
	}
	cut := func() {
		if f.Cut() > 0 {
			out.CutOff++
		}
	}
	var last time.Duration
	for _, p := range append(r.Pieces[:len(r.Pieces):len(r.Pieces)], Piece{At: r.Length, Gone: true}) {
		silent := p.At - last
		if wait != nil {
			if err := wait(ctx, silent); err != nil {
				return out, err
			}
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		if r.Idle > 0 && silent >= r.Idle {
			take(f.Idle(), last+r.Idle)
		}
		last = p.At
		if p.Gone {
			cut()
			continue
		}
		take(f.Feed(p.Bytes), p.At)
	}
	out.CutOff += int(f.Begun())
	out.Overlong, out.Unmarked = f.Overlong(), f.Unmarked()
	return out, nil
}
