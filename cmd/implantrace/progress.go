package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// terminal reports whether what is written to w is seen as it comes.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// progressBar is one line on a terminal that is written over.
type progressBar struct {
	out   io.Writer
	what  string
	last  time.Time
	shown bool
}

const (
	barWidth = 40
	barEvery = 100 * time.Millisecond
)

func (b *progressBar) show(what string, done, total int) {
	now := time.Now()
	if what == b.what && now.Sub(b.last) < barEvery && done < total {
		return
	}
	b.what, b.last, b.shown = what, now, true
	full := barWidth * min(done, total) / max(1, total)
	fmt.Fprintf(b.out, "\r\x1b[K%-10s [%s%s] %d of %d", what, strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, total)
}

// clear takes the bar off the terminal.
func (b *progressBar) clear() {
	if b.shown {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}
