package bounds

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// busy is the processor time of this process.
func busy() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that this process ever held, in bytes. It panics where
// the system does not say: a bound that is not looked at would hold nothing.
func peak() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, rest, found := bytes.Cut(status, []byte("VmHWM:"))
	kB, _, unit := bytes.Cut(bytes.TrimSpace(rest), []byte(" kB"))
	n, err := strconv.ParseUint(string(kB), 10, 64)
	if !found || !unit || err != nil {
		panic("no VmHWM in /proc/self/status")
	}
	return n << 10
}
