//go:build !linux

package bolt_test

// small is of the test of a full disk, which needs Linux.
const small = "IMPLANTRACE_TEST_SMALL_DISK"

func fillADisk(string) {}
