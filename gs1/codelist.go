package gs1

import "strings"

// codeList is a list of codes, such as the countries of ISO 3166-1.
type codeList map[string]struct{}

// newCodeList takes the codes parted by white space.
func newCodeList(words string) codeList {
	l := make(codeList)
	for word := range strings.FieldsSeq(words) {
		l[word] = struct{}{}
	}
	return l
}

func (l codeList) has(code string) bool {
	_, ok := l[code]
	return ok
}
