package gs1

// shortestPrefix is the length of the shortest GS1 Company Prefix.
const shortestPrefix = 4

// checkGcppos1 wants a GS1 Company Prefix at the start. Which prefixes are
// allocated is not known here.
func checkGcppos1(s string, _ int) *fault {
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

// checkGcppos2 wants it behind the indicator or extension digit.
func checkGcppos2(s string, year int) *fault {
	if s == "" {
		return whole(CodeCompanyPrefix, s, "too short for a GS1 Company Prefix")
	}
	f := checkGcppos1(s[1:], year)
	if f != nil {
		f.pos++
	}
	return f
}
