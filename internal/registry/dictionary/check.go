package dictionary

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"implantrace/internal/udi"
)

// Check says in one sentence why a value cannot stand for the element; nil: it
// can. The empty value is not checked: whether it may be left out is the
// mandation's.
func (e Element) Check(value string) error {
	if value == "" || e.Meaning(value) != "" {
		return nil
	}
	if e.Closed() {
		return fmt.Errorf("%q is not one of the codes %s", value, e.values())
	}
	if e.years() && len(value) == 4 {
		if _, err := time.Parse("2006", value); err == nil {
			return nil
		}
	}
	if err := checkFormat(e.Format, value); err != nil {
		return err
	}
	if e.Key == "nhs_number" {
		if _, err := udi.ParseNHSNumber(value); err != nil {
			return errors.New("it is no NHS number: its check digit does not hold")
		}
	}
	return nil
}

// values lists the codes as a person reads them.
func (e Element) values() string {
	all := make([]string, len(e.Codes))
	for i, c := range e.Codes {
		all[i] = c.Value
	}
	return strings.Join(all, ", ")
}

// The formats that are no count of characters.
var (
	postcode = regexp.MustCompile(`^([A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}|GIR 0AA)$`)
	// consultant is the General Medical Council's number behind C, or the General
	// Dental Council's behind CD.
	consultant = regexp.MustCompile(`^(C[0-9]{7}|CD[0-9]{6})$`)

	characters = regexp.MustCompile(`^(?:min an([0-9]+) )?(max )?(an|n)([0-9]+)$`)
	decimal    = regexp.MustCompile(`^(max )?n([0-9]+)\.(max )?n([0-9]+)$`)
)

// checkFormat holds a value against a format of the dictionary: "an5" are five
// letters or digits, "max an50" at most fifty, "n1.max n2" a digit, a point and
// one or two digits.
func checkFormat(format, value string) error {
	if _, layout, isDate := strings.Cut(format, " "); isDate && strings.HasPrefix(format, "an1") {
		switch layout {
		case "CCYY-MM-DD":
			if _, err := time.Parse(time.DateOnly, value); err != nil {
				return fmt.Errorf("%q is no day written as YYYY-MM-DD", value)
			}
			return nil
		case "YYYY-MM-DDThh:mm:ss":
			if _, err := time.Parse("2006-01-02T15:04:05", value); err != nil {
				return fmt.Errorf("%q is no time written as YYYY-MM-DDThh:mm:ss", value)
			}
			return nil
		}
	}
	switch format {
	case "See POSTCODE":
		if !postcode.MatchString(value) {
			return fmt.Errorf("%q is no postcode in capitals with one space, such as AB1 2CD", value)
		}
		return nil
	case "See CONSULTANT CODE":
		if !consultant.MatchString(value) {
			return fmt.Errorf("%q is no consultant code: C and the seven digits of the General Medical Council's number", value)
		}
		return nil
	}
	if m := characters.FindStringSubmatch(format); m != nil {
		return checkLength(value, m[1], m[2] != "", m[3] == "n", m[4])
	}
	if m := decimal.FindStringSubmatch(format); m != nil {
		return checkDecimal(value, m)
	}
	return fmt.Errorf("its format %q is not known here", format)
}

func checkLength(value, least string, most, digits bool, count string) error {
	if strings.ContainsFunc(value, func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) && r != '\n' }) {
		return errors.New("it holds a character that is no text")
	}
	n, size := number(count), utf8.RuneCountInString(value)
	what := "characters"
	if digits {
		what = "digits"
		if strings.Trim(value, "0123456789") != "" {
			return fmt.Errorf("%q is not of digits alone", value)
		}
	}
	switch {
	case least != "" && size < number(least):
		return fmt.Errorf("it has %d %s and needs at least %s", size, what, least)
	case size > n:
		return fmt.Errorf("it has %d %s and may have %d", size, what, n)
	case !most && size != n:
		return fmt.Errorf("it has %d %s and must have %d", size, what, n)
	}
	return nil
}

func checkDecimal(value string, format []string) error {
	whole, part, _ := strings.Cut(value, ".")
	if whole == "" || strings.HasSuffix(value, ".") || strings.Trim(whole+part, "0123456789") != "" {
		return fmt.Errorf("%q is no number with a decimal point", value)
	}
	for _, side := range []struct {
		digits, most, count, where string
	}{{whole, format[1], format[2], "before"}, {part, format[3], format[4], "behind"}} {
		n := number(side.count)
		if len(side.digits) > n || side.most == "" && len(side.digits) != n {
			return fmt.Errorf("%q has %d digits %s the point and the element takes %s%d", value, len(side.digits), side.where, map[bool]string{true: "at most "}[side.most != ""], n)
		}
	}
	return nil
}

// number reads a count of the dictionary's own; the pattern let digits through
// only.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic("dictionary: " + s)
	}
	return n
}
