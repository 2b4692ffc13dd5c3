package gs1

import "time"

func lintHh(s string, _ time.Time) *fault { return lintBelow(s, 24, "hour") }
func lintMi(s string, _ time.Time) *fault { return lintBelow(s, 60, "minute") }
func lintSs(s string, _ time.Time) *fault { return lintBelow(s, 60, "second") }

func lintHhmi(s string, now time.Time) *fault {
	if f := lintHh(s[:2], now); f != nil {
		return f
	}
	f := lintMi(s[2:], now)
	if f != nil {
		f.pos += 2
	}
	return f
}

func lintBelow(s string, limit int, unit string) *fault {
	if number(s) >= limit {
		return whole(CodeTime, s, unit+" "+s+" does not exist")
	}
	return nil
}
