package theatre

import (
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Badge is a badge that was scanned at the desk just now: whoever bears it may
// want to sign in. The zero value is none.
type Badge struct {
	Reading trace.EventID
	Code    string // of the badge
	at      time.Time
}

// badgeFor is how long a badge that was scanned waits for its PIN.
const badgeFor = 2 * time.Minute

// Badge is the badge that was scanned last, if nothing was scanned after it and it
// is not two minutes old.
func (d *Desk) Badge() Badge {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.recorder.Clock().Sub(d.badge.at).Abs() > badgeFor {
		return Badge{}
	}
	return d.badge
}

// BadgeUsed lets go of a badge: its bearer has signed in, or does not want to.
func (d *Desk) BadgeUsed() {
	d.mu.Lock()
	d.badge = Badge{}
	d.mu.Unlock()
	d.watch.tell()
}

// badged keeps the badge that a reading was of, or lets go of the one before it,
// with d.mu held.
func (d *Desk) badged(t *taking) {
	d.badge = Badge{}
	if t.means.Kind == udi.KindStaff && t.means.Staff != "" && !t.means.Damaged() {
		d.badge = Badge{Reading: t.id, Code: t.means.Staff, at: d.recorder.Clock()}
	}
}
