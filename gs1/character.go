package gs1

import (
	"strings"
)

// Linters of single digits and characters.

func checkZero(s string, _ int) *fault {
	if strings.Trim(s, "0") != "" {
		return whole(CodeValue, s, "must be zero")
	}
	return nil
}

func checkNonzero(s string, _ int) *fault {
	if strings.Trim(s, "0") == "" {
		return whole(CodeValue, s, "must not be zero")
	}
	return nil
}

func checkNozeroprefix(s string, _ int) *fault {
	if s != "" && s[0] == '0' {
		return &fault{code: CodeValue, length: 1, detail: "must not start with zero"}
	}
	return nil
}

func checkYesno(s string, _ int) *fault {
	if s != "0" && s != "1" {
		return whole(CodeValue, s, "must be 0 for no or 1 for yes")
	}
	return nil
}

// checkWinding checks the winding direction of a roll: out, in or not defined.
func checkWinding(s string, _ int) *fault {
	if s != "0" && s != "1" && s != "9" {
		return whole(CodeValue, s, "winding direction must be 0, 1 or 9")
	}
	return nil
}

// checkHyphen checks the sign of a temperature below zero.
func checkHyphen(s string, _ int) *fault {
	if strings.Trim(s, "-") != "" {
		return whole(CodeValue, s, "must be a hyphen")
	}
	return nil
}

// checkImporteridx checks the importer index of EU Regulation 2018/574.
func checkImporteridx(s string, _ int) *fault {
	if len(s) != 1 || strings.IndexByte(cset64, s[0]) < 0 {
		return whole(CodeValue, s, "not an importer index")
	}
	return nil
}
