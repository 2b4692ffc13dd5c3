package gs1

func checkHh(s string, _ int) *fault { return checkBelow(s, 24, "hour") }
func checkMi(s string, _ int) *fault { return checkBelow(s, 60, "minute") }
func checkSs(s string, _ int) *fault { return checkBelow(s, 60, "second") }

func checkHhmi(s string, year int) *fault {
	if f := checkHh(s[:2], year); f != nil {
		return f
	}
	f := checkMi(s[2:], year)
	if f != nil {
		f.pos += 2
	}
	return f
}

func checkBelow(s string, limit int, unit string) *fault {
	if number(s) >= limit {
		return whole(CodeTime, s, unit+" "+s+" does not exist")
	}
	return nil
}
