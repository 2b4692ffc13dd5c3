package registry

import (
	"bufio"
	"strings"
)

// fileForm is how a run's file is written, a line at a time.
type fileForm struct {
	extension, contentType string

	head func(of exportScope, header []string) string
	line func(before int, cells []string) string // before: lines that stand in the file already
	end  func(lines int) string
}

// csvForm is RFC 4180 with a header; see docs/exports.md.
func csvForm(delimiter byte) fileForm {
	row := func(cells []string) string {
		var b strings.Builder
		w := bufio.NewWriter(&b)
		_ = writeRecord(w, delimiter, cells) // a strings.Builder takes everything
		_ = w.Flush()
		return b.String()
	}
	return fileForm{extension: "csv", contentType: "text/csv; charset=utf-8; header=present",
		head: func(_ exportScope, header []string) string { return row(header) },
		line: func(_ int, cells []string) string { return row(cells) },
		end:  func(int) string { return "" },
	}
}
