package fhir

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"implantrace/internal/trace"
)

// marks gathers the tags of one resource, each once, in the order they came, and the
// profiles that it keeps to.
type marks struct {
	tags     []coding
	profiles []string
}

func (m *marks) add(code, display string) {
	for _, t := range m.tags {
		if t.Code == code {
			return
		}
	}
	m.tags = append(m.tags, coding{Code: code, Display: display})
}

// take adds the tags of another resource's text that is shown here too.
func (m *marks) take(from marks) {
	for _, t := range from.tags {
		m.add(t.Code, t.Display)
	}
}

// meta is what a resource says of itself. A server says which version it is, by how
// many entries speak of the thing, and when the last came; a bundle stands for
// itself.
func (b *writer) meta(m *marks, history []trace.Stamp) *meta {
	is := meta{Tag: m.tags, Profile: m.profiles}
	if b.served != nil && len(history) > 0 {
		is.VersionID = strconv.Itoa(len(history))
		is.LastUpdated = dateTime(history[len(history)-1].Recorded)
	}
	if len(is.Tag) == 0 && len(is.Profile) == 0 && is.VersionID == "" {
		return nil
	}
	return &is
}

func (m *marks) leftOut() {
	m.add("value-left-out", "a value that FHIR cannot hold was left out")
}

// maxText is below the 1 MB that R4 allows a string.
const maxText = 1_000_000

// text brings a value to what R4 allows in a string: Unicode without control
// characters but TAB, CR and LF, not only white space, at most 1 MB. Spaces
// that R4's pattern [ \r\n\t\S]+ refuses become plain ones. What was changed
// is marked.
func (m *marks) text(v string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\r' || r == '\n':
			return r
		case unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF:
			return unicode.ReplacementChar
		case unicode.IsSpace(r) || r == 0xFEFF:
			return ' '
		}
		return r
	}, strings.ToValidUTF8(v, string(unicode.ReplacementChar)))
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + " [cut]"
	}
	if s != v {
		m.add("text-changed", "characters that FHIR cannot hold were replaced")
	}
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return s
}

// date lets through a date of a calendar, YYYY-MM-DD or YYYY-MM.
func (m *marks) date(v string) string {
	if v == "" {
		return ""
	}
	for _, layout := range []string{time.DateOnly, "2006-01"} {
		if t, err := time.Parse(layout, v); err == nil && t.Year() > 0 {
			return v
		}
	}
	m.leftOut()
	return ""
}
