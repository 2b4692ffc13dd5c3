package gs1

import "time"

// shortestPrefix is the length of the shortest GS1 Company Prefix.
const shortestPrefix = 4

// lintGcppos1 wants a GS1 Company Prefix at the start. Which prefixes are
// allocated is not known here.
func lintGcppos1(s string, _ time.Time) *fault {
	if len(s) < shortestPrefix {
		return whole(CodeCompanyPrefix, s, "too short for a GS1 Company Prefix")
	}
	if f := csetN.check(s[:shortestPrefix]); f != nil {
		f.code = CodeCompanyPrefix
		f.detail = "a GS1 Company Prefix has digits only"
		return f
	}
	return nil
}

// lintGcppos2 wants it behind the indicator or extension digit.
func lintGcppos2(s string, now time.Time) *fault {
	if s == "" {
		return whole(CodeCompanyPrefix, s, "too short for a GS1 Company Prefix")
	}
	f := lintGcppos1(s[1:], now)
	if f != nil {
		f.pos++
	}
	return f
}
