package zxing

import (
	"fmt"
	"os"
	"testing"
)

// testCache is where tests keep compiled code: not in the user's folder, and
// compiled once for all of them.
var testCache string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "zxing")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		testCache = dir
		return m.Run()
	}())
}
