package udi

import "strings"

// isbtStructure is a data structure of ISBT 128.
type isbtStructure struct {
	number int    // in ICCBBA's index of data structures (ST-001, section 2)
	id     string // the data identifier
	length int    // characters of data content; 0: it says itself how many
	title  string
	person bool // it is about a patient, a donor or a member of staff
}

// isbtStructures are the data structures of ST-001 whose length the standard
// publishes, in the order of their numbers. 001, the donation identification
// number, has the first character of its content as the second of its
// identifier and is read apart; 023 is the header of a compound message. What is
// not here (national structures, &; and &!) has no length that can be known.
var isbtStructures = [...]isbtStructure{
	{2, "=%", 4, "Blood groups", false},
	{3, "=<", 8, "Product code", false},
	{4, "=>", 6, "Expiry date", false},
	{5, "&>", 10, "Expiry date and time", false},
	{6, "=*", 6, "Collection date", false},
	{7, "&*", 10, "Collection date and time", false},
	{8, "=}", 6, "Production date", false},
	{9, "&}", 10, "Production date and time", false},
	{10, "&(", 5, "Special testing", false},
	{11, "={", 18, "Red cell antigens, old form", false},
	{12, `=\`, 18, "Red cell antigens", false},
	{13, `&\`, 18, "Red cell antigens, Finnish", false},
	{14, "&{", 18, "Platelet antigens", false},
	{15, "=[", 18, "HLA-A and B alleles, old form", false},
	{16, `="`, 18, "HLA-DRB1 alleles, old form", false},
	{17, "=)", 10, "Container manufacturer and catalogue number", false},
	{18, "&)", 10, "Container lot", false},
	{19, "=;", 21, "Donor", true},
	{20, "='", 11, "Member of staff", true},
	{21, "=-", 10, "Item manufacturer and catalogue number", false},
	{22, "&-", 10, "Item lot", false},
	{23, "=+", 5, "Compound message", false},
	{24, "=#", 10, "Patient date of birth", true},
	{25, "&#", 0, "Patient", true},
	{26, "=]", 6, "Expiry month", false},
	{27, `&"`, 18, "Infection markers", false},
	{28, "=$", 16, "Consignment", false},
	{29, "&$", 0, "Dimensions", false},
	{30, "&%", 0, "Red cell antigens with test history", false},
	{31, "=(", 16, "Date and time", false},
	{32, "=,", 6, "Serial number", false},
	{33, "&+", 11, "Processing facility and product code", false},
	{34, "=/", 16, "Device identifier", false},
	{35, "&,1", 18, "Lot", false},
	{36, "&,2", 18, "Supplemental identification number", false},
	{37, "&,3", 19, "Donor registration, old form", true},
	{38, "&,4", 40, "Single European Code", false},
	{39, "&:", 19, "Donor registration", true},
	{40, "&/", 15, "Chain of identity", false},
}

// donationNumber is data structure 001.
var donationNumber = isbtStructure{number: 1, id: "=", length: 15, title: "Donation identification number"}

// structureAt finds the data structure that s begins with.
func structureAt(s string) (isbtStructure, bool) {
	if len(s) < 2 {
		return isbtStructure{}, false
	}
	if s[0] == '=' && isAlphanumeric(s[1]) {
		return donationNumber, s[1] != '0' && s[1] != 'O'
	}
	for i := range isbtStructures {
		if strings.HasPrefix(s, isbtStructures[i].id) {
			return isbtStructures[i], true
		}
	}
	return isbtStructure{}, false
}

// size is the number of characters of the content, which s begins with; -1 where
// s does not get as far as to say.
func (d isbtStructure) size(s string) int {
	if d.length > 0 {
		return d.length
	}
	head, from, each := 2, 0, 14 // &$: how many dimensions, of 14 characters each
	switch d.number {
	case 25: // location, length, and as many characters
		head, from, each = 4, 2, 1
	case 30: // how many antigens, of 10 characters each
		head, each = 3, 10
	}
	if len(s) < head || !onlyDigits(s[from:head]) {
		return -1
	}
	return head + each*numberOf(s[from:head])
}

// isAlphanumeric reports whether c is a digit or a capital letter.
func isAlphanumeric(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' }

// onlyAlphanumeric reports whether s is digits and capital letters.
func onlyAlphanumeric(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) {
			return false
		}
	}
	return true
}

// isFacility reports whether s is a facility identification number: five
// characters, never the letter O.
func isFacility(s string) bool {
	return len(s) == 5 && onlyAlphanumeric(s) && !strings.Contains(s, "O")
}

// isDonationFacility reports whether s is a facility identification number as a
// donation identification number has it: not 0 in front, and two digits at the
// end.
func isDonationFacility(s string) bool {
	return isFacility(s) && s[0] != '0' && onlyDigits(s[3:])
}

// isISBTDevice reports whether s is built as a processor product identification
// code: facility, the facility's product code and the product description code.
func isISBTDevice(s string) bool { return len(s) == 16 && isFacility(s[:5]) && onlyAlphanumeric(s) }

// isContainer reports whether s is a container's manufacturer and catalogue
// number: a letter or digit of the container, or y for a set and z for a carton
// of them, and nine more (ST-001, section 2.4.17).
func isContainer(s string) bool {
	return len(s) == 10 && (isAlphanumeric(s[0]) || s[0] == 'y' || s[0] == 'z') && onlyAlphanumeric(s[1:])
}
