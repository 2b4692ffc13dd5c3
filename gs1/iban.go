package gs1

// shortestIBAN: no country has a shorter number.
const shortestIBAN = 11

// checkIban checks country, characters and check digits of an international bank
// account number (ISO 13616-1, check digits by ISO 7064 mod 97-10).
func checkIban(s string, year int) *fault {
	if len(s) < shortestIBAN {
		return whole(CodeIBAN, s, "too short for an IBAN")
	}
	if checkIso3166alpha2(s[:2], year) != nil {
		return &fault{code: CodeIBAN, length: 2, detail: s[:2] + " is no ISO 3166-1 alpha-2 country code"}
	}
	rest := 0
	for i := range len(s) {
		at := (i + 4) % len(s) // the first four characters count last
		switch b := s[at]; {
		case b >= '0' && b <= '9':
			rest = (rest*10 + int(b-'0')) % 97
		case b >= 'A' && b <= 'Z':
			rest = (rest*100 + int(b-'A') + 10) % 97
		default:
			return &fault{code: CodeIBAN, pos: at, length: 1, detail: "an IBAN has digits and capital letters only"}
		}
	}
	if rest != 1 {
		return &fault{code: CodeIBAN, pos: 2, length: 2, detail: "the check digits of the IBAN do not fit"}
	}
	return nil
}
