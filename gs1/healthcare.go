package gs1

// checkMediatype knows the AIDC media types of AI (7241): 01 to 10 from ICCBBA and
// 80 to 99 for national use.
func checkMediatype(s string, _ int) *fault {
	if n := number(s); n >= 1 && n <= 10 || n >= 80 && n <= 99 {
		return nil
	}
	return whole(CodeCodeList, s, s+" is no AIDC media type")
}

// checkIso5218 knows the sexes of ISO/IEC 5218: not known, male, female, not
// applicable.
func checkIso5218(s string, _ int) *fault {
	if s == "0" || s == "1" || s == "2" || s == "9" {
		return nil
	}
	return whole(CodeCodeList, s, s+" is no ISO/IEC 5218 code")
}
