package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// A bbolt file is read here byte by byte and nothing in it is trusted, because
// bbolt keeps no checksums but those of its metas, and panics on pages that are
// not what they should be. What bbolt writes is strict: elements and their data
// lie close together and in order, and the rest of a page is zeroes (its buffers
// are zeroed before they are used). So every bit of a page that is in use has
// one right value, given what the page holds, and a file where one does not is
// damaged, even where no reader would look.
//
// Numbers are in the machine's byte order, as bbolt writes them.

const (
	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freelistPage = 0x10

	branchElement = 16 // pos uint32, key size uint32, page uint64
	leafElement   = 16 // flags uint32, pos uint32, key size uint32, value size uint32
	bucketElement = 1  // flag of a leaf's element that is a bucket
	bucketHeader  = 16 // root uint64, sequence uint64
	freelistMany  = 0xFFFF
	// depthMost is more levels than any tree has: a branch has at least two
	// children.
	depthMost = 64
)

var order = binary.NativeEndian

// meta is what a meta page says.
type meta struct {
	pageSize int
	root     uint64
	sequence uint64 // of the root bucket
	freelist uint64
	pages    uint64 // all pages of the file are below this number
	tx       uint64
}

// errMeta means that a page is no valid meta.
var errMeta = errors.New("is no valid meta page")

// readMeta reads the meta at a place of the file.
func readMeta(r io.ReaderAt, place int64) (m meta, err error) {
	var b [pageHeader + metaSize]byte
	if _, err := r.ReadAt(b[:], place); err != nil {
		return m, fmt.Errorf("cannot be read: %w", err)
	}
	sum := fnv.New64a()
	sum.Write(b[pageHeader:][:metaSum])
	u32 := func(at int) uint32 { return order.Uint32(b[pageHeader+at:]) }
	u64 := func(at int) uint64 { return order.Uint64(b[pageHeader+at:]) }
	m = meta{pageSize: int(u32(metaPageSize)), root: u64(metaRoot), sequence: u64(metaRoot + 8), freelist: u64(metaFreelist), pages: u64(metaPages), tx: u64(metaTx)}
	switch {
	case u32(0) != metaMagic || u32(4) != metaVersion || u64(metaSum) != sum.Sum64():
		return m, errMeta
	case m.pageSize < smallestPage || m.pageSize > greatestPage || m.pageSize&(m.pageSize-1) != 0:
		return m, errMeta
	}
	return m, nil
}

// pageFile is a bbolt file as one of its metas has it.
type pageFile struct {
	r    io.ReaderAt
	size int64 // of the file, in bytes
	meta meta
}

// metas reads both metas of a file; which of them are valid is in the errors.
func metas(r io.ReaderAt) (m [2]meta, errs [2]error) {
	m[0], errs[0] = readMeta(r, 0)
	if errs[0] == nil {
		m[1], errs[1] = readMeta(r, int64(m[0].pageSize))
		return m, errs
	}
	// The second meta stands behind the first page, whose size may only be known
	// from it.
	errs[1] = errMeta
	for place := int64(smallestPage); place <= greatestPage; place *= 2 {
		if m[1], errs[1] = readMeta(r, place); errs[1] == nil && int64(m[1].pageSize) == place {
			return m, errs
		}
	}
	return m, errs
}

// newest gives the file as its newer valid meta has it.
func newest(r io.ReaderAt, size int64) (*pageFile, error) {
	m, errs := metas(r)
	switch {
	case errs[0] != nil && errs[1] != nil:
		return nil, fmt.Errorf("%w, or one whose first two pages are both damaged (implantrace doctor gives what such a file still holds)", ErrNotStore)
	case errs[1] != nil || errs[0] == nil && m[0].tx > m[1].tx:
		return &pageFile{r, size, m[0]}, nil
	}
	return &pageFile{r, size, m[1]}, nil
}

// asOf gives the file as of a transaction, which is one of its last two.
func asOf(r io.ReaderAt, size int64, tx uint64) (*pageFile, bool) {
	m, errs := metas(r)
	for i := range m {
		if errs[i] == nil && m[i].tx == tx {
			return &pageFile{r, size, m[i]}, true
		}
	}
	return nil, false
}

// run is a page with those that overflow from it.
type run struct {
	id       uint64
	flags    uint16
	count    int
	overflow uint64
	data     []byte
}

// read reads the page with a number and checks its header.
func (f *pageFile) read(id uint64) (p run, err error) {
	if id < 2 || id >= f.meta.pages {
		return p, fmt.Errorf("there is no page %d", id)
	}
	p.data = make([]byte, f.meta.pageSize)
	if _, err := f.r.ReadAt(p.data, int64(id)*int64(f.meta.pageSize)); err != nil {
		return p, fmt.Errorf("cannot be read: %w", err)
	}
	p.id, p.flags, p.count, p.overflow = order.Uint64(p.data), order.Uint16(p.data[8:]), int(order.Uint16(p.data[10:])), uint64(order.Uint32(p.data[12:]))
	switch {
	case p.id != id:
		return p, fmt.Errorf("says of itself that it is page %d", p.id)
	case p.flags != branchPage && p.flags != leafPage && p.flags != freelistPage:
		return p, fmt.Errorf("is of no kind that there is (%#x)", p.flags)
	case p.overflow >= f.meta.pages-id || (id+p.overflow+1)*uint64(f.meta.pageSize) > uint64(f.size):
		return p, fmt.Errorf("is said to have %d pages, more than the file", p.overflow+1)
	case p.overflow > 0:
		p.data = make([]byte, (p.overflow+1)*uint64(f.meta.pageSize))
		if _, err := f.r.ReadAt(p.data, int64(id)*int64(f.meta.pageSize)); err != nil {
			return p, fmt.Errorf("cannot be read: %w", err)
		}
	}
	return p, nil
}

// element is one element of a leaf or branch.
type element struct {
	bucket     bool // of a leaf: the value is a bucket
	key, value []byte
	child      uint64 // of a branch
}

// elements reads the elements of a leaf or branch that lie within its data, and
// says what about the page is not as bbolt writes it.
func elements(data []byte, flags uint16, count int) (all []element, err error) {
	flaw := func(format string, args ...any) {
		if err == nil {
			err = fmt.Errorf(format, args...)
		}
	}
	const size = leafElement // of either kind
	if pageHeader+count*size > len(data) {
		return nil, fmt.Errorf("is said to have %d elements, more than it has room for", count)
	}
	next := pageHeader + count*size // where the data of the next element begins
	var last []byte
	for i := range count {
		at := pageHeader + i*size
		b := data[at:][:size]
		var e element
		var pos, ksize, vsize int
		if flags == branchPage {
			pos, ksize, e.child = int(order.Uint32(b)), int(order.Uint32(b[4:])), order.Uint64(b[8:])
		} else {
			pos, ksize, vsize = int(order.Uint32(b[4:])), int(order.Uint32(b[8:])), int(order.Uint32(b[12:]))
			kind := order.Uint32(b)
			if e.bucket = kind == bucketElement; kind > bucketElement {
				flaw("element %d is of no kind that there is (%#x)", i, kind)
			}
		}
		begin := at + pos
		if ksize == 0 || begin+ksize+vsize > len(data) {
			flaw("element %d ends behind the page, or has no key", i)
			continue
		}
		if begin != next {
			flaw("the data of element %d is not where it should be", i)
		}
		next = begin + ksize + vsize
		e.key, e.value = data[begin:][:ksize], data[begin+ksize:][:vsize]
		if i > 0 && bytes.Compare(last, e.key) >= 0 {
			flaw("element %d is out of order", i)
		}
		last = e.key
		all = append(all, e)
	}
	if err == nil && !zeroes(data[next:]) {
		flaw("there is something behind its last element")
	}
	return all, err
}

func zeroes(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// bucketOf reads the value of a bucket's element: the page of its root, or, of
// a small bucket, its elements.
func bucketOf(value []byte) (root uint64, inline []element, err error) {
	if len(value) < bucketHeader {
		return 0, nil, errors.New("is too short for a bucket")
	}
	root = order.Uint64(value)
	if sequence := order.Uint64(value[8:]); sequence != 0 {
		err = fmt.Errorf("has the sequence %d, which nothing here uses", sequence)
	}
	page := value[bucketHeader:]
	switch {
	case root != 0 && len(page) != 0:
		return root, nil, errors.New("has a page of its own and another")
	case root != 0:
		return root, nil, err
	case len(page) < pageHeader:
		return 0, nil, errors.New("is too short for a bucket")
	case order.Uint64(page) != 0 || order.Uint16(page[8:]) != leafPage || order.Uint32(page[12:]) != 0:
		err = errors.Join(err, errors.New("has no page as it should be within its element"))
	}
	inline, lerr := elements(page, leafPage, int(order.Uint16(page[10:])))
	used := pageHeader
	for _, e := range inline {
		used += leafElement + len(e.key) + len(e.value)
	}
	if lerr == nil && used != len(page) {
		lerr = errors.New("is longer than what it holds")
	}
	return 0, inline, errors.Join(err, lerr)
}

// find gives the value of a key below a page; false where it is not there, or
// the way to it is damaged.
func (f *pageFile) find(root uint64, key []byte) ([]byte, bool) {
	for range depthMost {
		p, err := f.read(root)
		if err != nil {
			return nil, false
		}
		all, _ := elements(p.data, p.flags, p.count)
		if p.flags == leafPage {
			return among(all, key)
		}
		child := -1
		for low, high := 0, len(all); low < high; {
			middle := (low + high) / 2
			if bytes.Compare(all[middle].key, key) <= 0 {
				child, low = middle, middle+1
			} else {
				high = middle
			}
		}
		if child < 0 || p.flags != branchPage {
			return nil, false
		}
		root = all[child].child
	}
	return nil, false
}

// among gives the value of a key among elements that stand in order.
func among(all []element, key []byte) ([]byte, bool) {
	for low, high := 0, len(all); low < high; {
		middle := (low + high) / 2
		switch c := bytes.Compare(all[middle].key, key); {
		case c == 0:
			return all[middle].value, true
		case c < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	return nil, false
}
