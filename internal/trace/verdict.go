package trace

import "slices"

// Level is how a check ended. A verdict is as bad as its worst check.
type Level string

// The levels.
const (
	Pass       Level = "pass"
	Note       Level = "note"
	NotChecked Level = "not-checked" // a fact was missing
	Warn       Level = "warn"
	Stop       Level = "stop"
)

// rank orders the levels from best to worst.
func (l Level) rank() int {
	switch l {
	case Pass:
		return 1
	case Note:
		return 2
	case NotChecked:
		return 3
	case Warn:
		return 4
	case Stop:
		return 5
	}
	return 0
}

// Worse is the worse of two levels.
func (l Level) Worse(o Level) Level {
	if o.rank() > l.rank() {
		return o
	}
	return l
}

// Check is one rule's answer.
type Check struct {
	Rule    string `json:"rule" cbor:"1,keyasint"` // stable: "expiry", "recall"...
	Level   Level  `json:"level" cbor:"2,keyasint"`
	Message string `json:"message" cbor:"3,keyasint"` // for the person who scans
	// Missing is the fact that was missing, where it was not checked for want of
	// one.
	Missing string `json:"missing,omitempty" cbor:"4,keyasint,omitempty"`
}

// Verdict is what the screen answers to a scan.
type Verdict struct {
	Level  Level   `json:"level" cbor:"1,keyasint"`
	Title  string  `json:"title" cbor:"2,keyasint"` // a few words
	Checks []Check `json:"checks,omitempty" cbor:"3,keyasint,omitempty"`
}

// IsZero reports whether nothing was asked.
func (v Verdict) IsZero() bool { return v.Level == "" && v.Title == "" && len(v.Checks) == 0 }

// Judge gathers checks into a verdict, the worst first. It is Pass only when
// every check passed; without checks it is NotChecked, and so is a level that
// is none of those known here.
func Judge(title string, checks ...Check) Verdict {
	known := func(l Level) Level {
		if l.rank() == 0 {
			return NotChecked
		}
		return l
	}
	v := Verdict{Level: NotChecked, Title: title, Checks: slices.Clone(checks)}
	slices.SortStableFunc(v.Checks, func(a, b Check) int { return known(b.Level).rank() - known(a.Level).rank() })
	if len(v.Checks) > 0 {
		v.Level = known(v.Checks[0].Level)
	}
	return v
}
