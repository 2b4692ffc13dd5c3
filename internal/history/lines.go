package history

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// lineMost is the longest line in bytes, without its end.
const lineMost = 1 << 20

// lines cuts a file into its lines.
type lines struct {
	r *bufio.Reader
	n int
}

func newLines(in io.Reader) *lines { return &lines{r: bufio.NewReaderSize(in, 64<<10)} }

// next gives the next line that is not blank and its number, from 1. long
// means that it passed lineMost; its text is gone then. At the end the error
// is io.EOF.
func (l *lines) next() (n int, text []byte, long bool, err error) {
	for {
		text, long, err = l.line()
		if err != nil {
			return l.n, nil, false, err
		}
		l.n++
		if l.n == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if long || len(bytes.TrimSpace(text)) > 0 {
			return l.n, text, long, nil
		}
	}
}

func (l *lines) line() (text []byte, long bool, err error) {
	for some := false; ; some = true {
		part, err := l.r.ReadSlice('\n')
		if !long {
			text = append(text, part...)
			if len(bytes.TrimRight(text, "\r\n")) > lineMost {
				text, long = nil, true
			}
		}
		switch {
		case err == nil:
			return bytes.TrimRight(text, "\r\n"), long, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && (some || len(part) > 0): // the last line has no end
			return bytes.TrimRight(text, "\r\n"), long, nil
		default:
			return nil, false, err
		}
	}
}
