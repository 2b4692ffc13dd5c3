package bolt

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
)

// ErrDamaged means that the file was a store and is not whole any more.
var ErrDamaged = errors.New("the store's file is damaged: go back to a copy")

// A page of bbolt begins with its header; that of the first two pages is
// followed by a meta, of which the newer valid one counts. bbolt does not
// export them. Numbers are in the machine's byte order.
const (
	pageHeader   = 16
	metaMagic    = 0xED0CDAED
	metaVersion  = 2
	metaPageSize = 8  // uint32
	metaRoot     = 16 // uint64: the page of the root bucket, and uint64: its sequence
	metaFreelist = 32 // uint64: the page of the freelist
	metaPages    = 40 // uint64: all pages of the file are below this number
	metaTx       = 48 // uint64: the newer meta has the greater
	metaSum      = 56 // uint64: FNV-1a of what stands before it
	metaSize     = 64
	smallestPage = 1 << 10
	greatestPage = 1 << 24
)

// wholeFile refuses a file that ends before its contents do. bbolt maps the
// file into memory, and a page that is not there would end the process when it
// is first read. A file without a valid meta is left to bbolt to judge.
func wholeFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	all, errs := metas(f)
	var last, size uint64
	for i, m := range all {
		if errs[i] == nil && (size == 0 || m.tx > last) {
			last, size = m.tx, m.pages*uint64(m.pageSize)
		}
	}
	// The size is asked last: a node that has the file open lets it grow.
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if uint64(info.Size()) < size {
		return fmt.Errorf("%s: %w (the file ends before its contents do: it was cut off at %d of %d bytes)", path, ErrDamaged, info.Size(), size)
	}
	return nil
}

// carefully runs f on a file that may be damaged: bbolt panics on pages that
// are not what they should be, and the system stops a process that reads mapped
// pages which are not there. Both become [ErrDamaged]. What f holds open stays
// open then: letting go of it could panic again, or wait for ever.
func carefully(path string, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %w (%v)", path, ErrDamaged, p)
		}
	}()
	return f()
}
