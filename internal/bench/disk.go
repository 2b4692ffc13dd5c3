package bench

import (
	"errors"
	"math/rand/v2"
	"os"
	"time"
)

const pageSize = 4096

// disk is a file on the disk that is measured, for the raw cost of what a commit
// does: pages written where there is room, synced; one more, synced.
type disk struct {
	f     *os.File
	pages int
	r     *rand.Rand
	page  []byte
}

// newDisk makes a file of 64 MiB in a folder, written and synced once, so that
// what is measured is the writing and not the growing.
func newDisk(dir string) (*disk, error) {
	f, err := os.CreateTemp(dir, "fsync-*")
	if err != nil {
		return nil, err
	}
	d := &disk{f: f, pages: 16384, r: rand.New(rand.NewPCG(4, 4)), page: make([]byte, pageSize)}
	chunk := make([]byte, 1<<20)
	for range 64 {
		if _, err := f.Write(chunk); err != nil {
			return nil, errors.Join(err, d.close())
		}
	}
	if err := f.Sync(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *disk) close() error { return errors.Join(d.f.Close(), os.Remove(d.f.Name())) }

// commit does what a commit of so many pages costs at least, and says how long
// it took.
func (d *disk) commit(pages int) (time.Duration, error) {
	d.page[d.r.IntN(pageSize)]++
	start := time.Now()
	for range pages {
		if _, err := d.f.WriteAt(d.page, int64(2+d.r.IntN(d.pages-2))*pageSize); err != nil {
			return 0, err
		}
	}
	if err := dataSync(d.f); err != nil {
		return 0, err
	}
	if _, err := d.f.WriteAt(d.page, 0); err != nil {
		return 0, err
	}
	err := dataSync(d.f)
	return time.Since(start), err
}
