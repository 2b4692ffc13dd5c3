package gs1

import (
	"strings"
)

// checkPieceoftotal checks the piece number and the total of an ITIP, two digits
// each.
func checkPieceoftotal(s string, _ int) *fault {
	piece, total := s[:2], s[2:4]
	switch {
	case piece == "00":
		return &fault{code: CodeValue, length: 2, detail: "piece number is zero"}
	case total == "00":
		return &fault{code: CodeValue, pos: 2, length: 2, detail: "total of pieces is zero"}
	case piece > total:
		return whole(CodeValue, s, "piece number exceeds the total of pieces")
	}
	return nil
}

// checkPosinseqslash checks "position/end", as in "2/3" for the second of triplets.
func checkPosinseqslash(s string, _ int) *fault {
	position, end, found := strings.Cut(s, "/")
	switch {
	case !found || position == "" || end == "" || !digits(position) || !digits(end):
		return whole(CodeValue, s, "not of the form position/end")
	case position[0] == '0':
		return &fault{code: CodeValue, length: len(position), detail: "position starts with zero"}
	case end[0] == '0':
		return &fault{code: CodeValue, pos: len(position) + 1, length: len(end), detail: "end starts with zero"}
	case len(position) > len(end) || len(position) == len(end) && position > end:
		return whole(CodeValue, s, "position exceeds the end")
	}
	return nil
}
