//go:build !unix

package demo

import "os"

func openLine() (master, slave *os.File, err error) { return nil, nil, ErrUnsupported }
