package udi

// isbtCheck is the check value, 0 to 36, of a run of digits and capital letters
// by ISO/IEC 7064 MOD 37-2, and -1 if another character is among them. ISBT 128
// has it in the flags of a donation identification number (ST-001, appendix A)
// and at the end of a Basic UDI-DI (ST-017, appendix 1).
func isbtCheck(s string) int {
	sum := 0
	for i := range len(s) {
		v := hibcValue[s[i]] // digits and letters have the same values in both
		if v < 0 || v >= 36 {
			return -1
		}
		sum = (sum + int(v)) * 2 % 37
	}
	return (38 - sum) % 37
}

// flagsHold reports whether the two flag characters of a donation
// identification number agree with its 13 characters. Flags 60 to 96 are 60 and
// the check value; all others say something else, and hold nothing to check.
func flagsHold(donation, flags string) bool {
	if !onlyDigits(flags) {
		return true
	}
	v := numberOf(flags) - 60
	return v < 0 || v > 36 || v == isbtCheck(donation)
}
