//go:build !linux

package bounds

import (
	"runtime/metrics"
	"time"
)

var started = time.Now()

// busy is the time since the start: elsewhere than on Linux a busy machine counts.
func busy() time.Duration { return time.Since(started) }

// peak is the memory that the Go runtime holds now, in bytes.
func peak() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}
