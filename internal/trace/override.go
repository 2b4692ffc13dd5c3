package trace

// OverrideOther is a reason in words, which are sealed in the entry.
const OverrideOther = "other"

// OverrideReasons are the reasons for going on in spite of a check, in the order
// in which a page offers them.
func OverrideReasons() []string {
	return []string{"label-compared", "combination-intended", "surgeon-decided", "no-other-device", "catalogue-wrong", OverrideOther}
}

// OverrideWords says a reason as a person does.
func OverrideWords(reason string) string {
	switch reason {
	case "label-compared":
		return "Compared with the label"
	case "combination-intended":
		return "Meant to be so"
	case "surgeon-decided":
		return "The surgeon has decided so"
	case "no-other-device":
		return "No other device at hand"
	case "catalogue-wrong":
		return "The catalogue or plan is wrong"
	}
	return "Another reason"
}
