//go:build !unix

package demo

import "os"

// OpenLine returns [ErrUnsupported].
func OpenLine() (master, slave *os.File, err error) { return nil, nil, ErrUnsupported }
