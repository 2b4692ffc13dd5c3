// Package command carries out what people and programs ask to be recorded:
// it checks what they say, finds the patient they speak of, and hands the
// entries to the journal.
//
// Every command has an id that its caller made. Sent again, the same command
// gets the same answer; another command under the same id is a conflict.
package command

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Recorder records commands in a store. It is safe for concurrent use.
type Recorder struct {
	Store trace.Store
	Clock trace.Clock
	// Location is the site's time zone: a device expires at midnight there.
	// nil: UTC.
	Location *time.Location
	// Rules say how wristbands and badges are read here.
	Rules udi.Rules
	// Practice: people learn here, and nobody real may be recorded.
	Practice bool
	// Namers answer for the lists that keep devices out of use.
	Namers []trace.Namer
}

// Zone is the site's time zone.
func (r Recorder) Zone() *time.Location {
	if r.Location == nil {
		return time.UTC
	}
	return r.Location
}

// Meta is what every command carries beside its content.
type Meta struct {
	ID         trace.EventID    `json:"id"`
	Occurred   time.Time        `json:"occurred,omitzero"` // zero: now
	By         trace.Actor      `json:"-"`                 // said by whoever took the command in, not by its sender
	Provenance trace.Provenance `json:"-"`
}

// canonical is a command's fixed form: its name and its JSON.
func canonical(name string, command any) ([]byte, error) {
	b, err := json.Marshal(command)
	if err != nil {
		return nil, trace.Errorf(trace.Invalid, "the command cannot be put into words: %w", err)
	}
	return append([]byte(name+"\n"), b...), nil
}

// Before finds the receipt of a command that was recorded before, by its id and
// fixed form; done is false for a new one. Packages that make commands of their
// own share it.
func (r Recorder) Before(ctx context.Context, id trace.EventID, name string, command any) (canon []byte, receipt trace.Receipt, done bool, err error) {
	if canon, err = canonical(name, command); err != nil {
		return nil, receipt, true, err
	}
	receipt, done, err = r.before(ctx, id, canon)
	return canon, receipt, done, err
}

// Record appends a command of another package.
func (r Recorder) Record(ctx context.Context, m Meta, canon []byte, drafts ...trace.Draft) (trace.Receipt, error) {
	return r.record(ctx, m, canon, drafts...)
}

// RecordEssential appends a command of another package that finds room also when
// the disk is full.
func (r Recorder) RecordEssential(ctx context.Context, m Meta, canon []byte, drafts ...trace.Draft) (trace.Receipt, error) {
	return r.recordEssential(ctx, m, canon, drafts...)
}

// before finds the receipt of a command that was recorded before. done is
// false for a new one.
func (r Recorder) before(ctx context.Context, id trace.EventID, canon []byte) (receipt trace.Receipt, done bool, err error) {
	if id.IsZero() {
		return receipt, true, trace.Errorf(trace.Invalid, "the command wants an id: a UUID made by the sender, the same each time it is repeated")
	}
	receipt, err = r.Store.Find(ctx, id, canon)
	if trace.KindOf(err) == trace.NotFound {
		return receipt, false, nil
	}
	return receipt, true, err
}

// record appends one command.
func (r Recorder) record(ctx context.Context, m Meta, canon []byte, drafts ...trace.Draft) (trace.Receipt, error) {
	return r.append(ctx, trace.Command{ID: m.ID, Canonical: canon, By: m.By, Drafts: filled(m, drafts)})
}

// recordEssential appends one command that finds room also when the disk is
// full.
func (r Recorder) recordEssential(ctx context.Context, m Meta, canon []byte, drafts ...trace.Draft) (trace.Receipt, error) {
	return r.append(ctx, trace.Command{ID: m.ID, Canonical: canon, By: m.By, Drafts: filled(m, drafts), Essential: true})
}

// filled gives drafts what they share.
func filled(m Meta, drafts []trace.Draft) []trace.Draft {
	for i := range drafts {
		if drafts[i].Occurred.IsZero() {
			drafts[i].Occurred = m.Occurred
		}
		if drafts[i].Provenance == "" {
			drafts[i].Provenance = m.Provenance
		}
	}
	return drafts
}

func (r Recorder) append(ctx context.Context, c trace.Command) (trace.Receipt, error) {
	rs, err := r.Store.Append(ctx, c)
	if err != nil {
		return trace.Receipt{}, err
	}
	return rs[0].Receipt, rs[0].Err
}

const (
	lineMost = 200  // bytes of a name or a number
	noteMost = 4000 // bytes of free words
)

// line checks one short field: UTF-8, printable, not too long.
func line(what, s string) error {
	switch {
	case len(s) > lineMost:
		return trace.Errorf(trace.Invalid, "%s is longer than %d characters", what, lineMost)
	case !utf8.ValidString(s):
		return trace.Errorf(trace.Invalid, "%s is not valid UTF-8", what)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }):
		return trace.Errorf(trace.Invalid, "%s has a character that cannot be printed", what)
	}
	return nil
}

// Line checks one short field of another package's command, as [Recorder] checks its
// own: the error (kind Invalid) says what is wrong with it.
func Line(what, s string) error { return line(what, s) }

// lines checks several: name, value, name, value...
func lines(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := line(pairs[i], pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// Note checks free words of another package's command, likewise.
func Note(s string) error { return note(s) }

func note(s string) error {
	if len(s) > noteMost {
		return trace.Errorf(trace.Invalid, "the note is longer than %d characters", noteMost)
	}
	if !utf8.ValidString(s) {
		return trace.Errorf(trace.Invalid, "the note is not valid UTF-8")
	}
	return nil
}

func date(what, s string) error {
	if s == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return trace.Errorf(trace.Invalid, "%s is not a date (YYYY-MM-DD)", what)
	}
	return nil
}

// plausible refuses times that only a broken clock or a slip gives.
func plausible(what string, t, now time.Time) error {
	if t.IsZero() {
		return nil
	}
	if t.Year() < 1900 || t.After(now.Add(24*time.Hour)) {
		return trace.Errorf(trace.Invalid, "%s (%s) is not a time at which something can have happened", what, t.Format(time.RFC3339))
	}
	return nil
}

func oneOf[S ~string](what string, s S, of []S) error {
	for _, o := range of {
		if s == o {
			return nil
		}
	}
	return trace.Errorf(trace.Invalid, "%s cannot be %q; it is one of %s", what, string(s), fmt.Sprint(of))
}
