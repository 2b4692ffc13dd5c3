package bolt

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// forget asks the system to let go of what it holds of a file in memory, so
// that it is read from the disk. It is a request: where it is not granted,
// writing what was read makes the disk agree with it.
func forget(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// allocate makes a file so large that room for size bytes is its own.
func allocate(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return fill(f, size)
	}
	return err
}

// allocated reports whether a file of size bytes has room of its own for them.
func allocated(info os.FileInfo, size int64) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.Size() >= size
	}
	return info.Size() >= size && st.Blocks*512 >= size
}

// nameless reports whether no name leads to an open file any more.
func nameless(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}

// roomFor reports whether the disk of a folder has room for so many bytes more.
func roomFor(folder string, size int64) bool {
	var st unix.Statfs_t
	return unix.Statfs(folder, &st) != nil || int64(st.Bavail)*st.Bsize >= size
}
