package gs1

import (
	"strings"
	"time"
)

// Linters of single digits and characters.

func lintZero(s string, _ time.Time) *fault {
	if strings.Trim(s, "0") != "" {
		return whole(CodeValue, s, "must be zero")
	}
	return nil
}

func lintNonzero(s string, _ time.Time) *fault {
	if strings.Trim(s, "0") == "" {
		return whole(CodeValue, s, "must not be zero")
	}
	return nil
}

func lintNozeroprefix(s string, _ time.Time) *fault {
	if s != "" && s[0] == '0' {
		return &fault{code: CodeValue, length: 1, detail: "must not start with zero"}
	}
	return nil
}

func lintYesno(s string, _ time.Time) *fault {
	if s != "0" && s != "1" {
		return whole(CodeValue, s, "must be 0 for no or 1 for yes")
	}
	return nil
}

// lintWinding checks the winding direction of a roll: out, in or not defined.
func lintWinding(s string, _ time.Time) *fault {
	if s != "0" && s != "1" && s != "9" {
		return whole(CodeValue, s, "winding direction must be 0, 1 or 9")
	}
	return nil
}

// lintHyphen checks the sign of a temperature below zero.
func lintHyphen(s string, _ time.Time) *fault {
	if strings.Trim(s, "-") != "" {
		return whole(CodeValue, s, "must be a hyphen")
	}
	return nil
}

// lintImporteridx checks the importer index of EU Regulation 2018/574.
func lintImporteridx(s string, _ time.Time) *fault {
	if len(s) != 1 || strings.IndexByte(cset64, s[0]) < 0 {
		return whole(CodeValue, s, "not an importer index")
	}
	return nil
}
