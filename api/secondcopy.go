package api

import (
	"fmt"
	"time"
)

// ScheduledBackup says how the backups do that are made at intervals.
type ScheduledBackup struct {
	Last  time.Time `json:"last,omitzero"` // when the newest was made
	Kept  int       `json:"kept"`
	Fault string    `json:"fault,omitempty"` // why the last attempt failed
}

// SecondCopy says how far the second copy has come.
type SecondCopy struct {
	Entries       uint64    `json:"entries"`
	Behind        uint64    `json:"behind_entries"`
	BehindSeconds float64   `json:"behind_seconds"` // since when it has been behind
	LastEntry     time.Time `json:"last_entry,omitzero"`
	UpToDate      time.Time `json:"up_to_date,omitzero"` // when it was last seen to hold everything
	Fault         string    `json:"fault,omitempty"`     // what keeps it from being written
}

func (s *Server) secondCopy() *SecondCopy {
	if s.SecondCopy == nil {
		return nil
	}
	return s.SecondCopy()
}

// lateAfter is how long the copy may be behind before the page says so: it is
// always a moment behind while something is recorded.
const lateAfter = 10 * time.Second

// Words say in one sentence how the second copy does; "" where there is none.
func (c *SecondCopy) Words(zone *time.Location) string {
	if c == nil {
		return ""
	}
	since := "since this node started"
	if !c.UpToDate.IsZero() {
		since = "since " + c.UpToDate.In(zone).Format("2 January, 15:04")
	}
	switch {
	case c.Fault != "":
		return fmt.Sprintf("Second copy: not written %s (%s). What is recorded is safe on this machine only.", since, c.Fault)
	case c.Late():
		return fmt.Sprintf("Second copy: %d entries behind, %s.", c.Behind, since)
	}
	return "Second copy: up to date."
}

// Late reports whether the copy wants somebody's eye.
func (c *SecondCopy) Late() bool {
	return c != nil && (c.Fault != "" || c.Behind > 0 && c.BehindSeconds > lateAfter.Seconds())
}
