package dictionary

import "fmt"

// Hint says in words what a value of the element looks like; "" where its codes
// say it.
func (e Element) Hint() string {
	if e.Closed() {
		return ""
	}
	switch e.Format {
	case "an10 CCYY-MM-DD":
		if e.years() {
			return "YYYY-MM-DD, or the year alone"
		}
		return "YYYY-MM-DD"
	case "an19 YYYY-MM-DDThh:mm:ss":
		return "YYYY-MM-DDThh:mm:ss"
	case "See POSTCODE":
		return "As AB1 2CD"
	case "See CONSULTANT CODE":
		return "C and the seven digits of the GMC number"
	}
	if m := characters.FindStringSubmatch(e.Format); m != nil {
		what := map[string]string{"an": "characters", "n": "digits"}[m[3]]
		switch {
		case m[1] != "":
			return fmt.Sprintf("%s to %s %s", m[1], m[4], what)
		case m[2] != "":
			return fmt.Sprintf("At most %s %s", m[4], what)
		}
		return fmt.Sprintf("%s %s", m[4], what)
	}
	if m := decimal.FindStringSubmatch(e.Format); m != nil {
		side := func(most, digits string) string {
			if most != "" {
				return "at most " + digits
			}
			return digits
		}
		return fmt.Sprintf("A number with a point: %s before it, %s behind", side(m[1], m[2]), side(m[3], m[4]))
	}
	return e.Format
}
