package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// survey walks every page that a file has in use, and says which are not what
// bbolt writes. It goes on behind what is damaged, as far as it can.
type survey struct {
	file    *pageFile
	buckets map[string]bucketAt
	damaged map[string]bool // buckets with a page that is damaged
	flaws   int
	flaw    func(where, what string)

	known map[uint64]bool // pages that are in use or free

	earlier []string // tables of an earlier program
}

// bucketAt is where a bucket's rows are: below a page, or, of a small bucket,
// in the element that names it.
type bucketAt struct {
	root   uint64
	inline []element
}

// take makes the survey of a file. A file that nobody writes to has both metas
// looked at.
func take(f *pageFile, still bool, flaw func(where, what string)) *survey {
	s := &survey{file: f, buckets: make(map[string]bucketAt), damaged: make(map[string]bool), known: map[uint64]bool{0: true, 1: true}}
	s.flaw = func(where, what string) { s.flaws++; flaw(where, what) }
	if still {
		s.metaPages()
	}
	s.walk("", f.meta.root, 0, nil, nil, 0, s.bucket)
	var missing []string
	for _, name := range buckets() {
		at, ok := s.buckets[string(name)]
		switch {
		case !ok && len(name) == 1 && s.lacks(record.Table(name[0])):
		case !ok:
			s.damaged[string(name)] = true
			missing = append(missing, bucketName(string(name)))
		case at.root != 0:
			s.walk(string(name), at.root, 0, nil, nil, 0, s.row(string(name)))
		default:
			for _, e := range at.inline {
				s.row(string(name))(e)
			}
		}
	}
	switch {
	case len(missing) > 3 && s.damaged[""]:
		s.flaw("the list of buckets", fmt.Sprintf("leads to %d of %d buckets only: what is in the others was not looked at", len(buckets())-len(missing), len(buckets())))
	default:
		for _, name := range missing {
			s.flaw(name, "is missing")
		}
	}
	s.freelist()
	return s
}

// metaPages looks at the two metas. The older is what the file falls back on.
func (s *survey) metaPages() {
	all, errs := metas(s.file.r)
	for i, err := range errs {
		where := fmt.Sprintf("meta page %d", i)
		if err != nil {
			s.flaw(where, fmt.Sprintf("%v; what stands in the other is used, and what it had and the other has not is lost", err))
			continue
		}
		page := make([]byte, all[i].pageSize)
		if _, err := s.file.r.ReadAt(page, int64(i)*int64(len(page))); err != nil {
			s.flaw(where, "cannot be read: "+err.Error())
			continue
		}
		header := make([]byte, pageHeader)
		order.PutUint64(header, uint64(i))
		order.PutUint16(header[8:], metaPage)
		if !bytes.Equal(page[:pageHeader], header) {
			s.flaw(where, "has a header that is not that of a meta page")
		}
		if !zeroes(page[pageHeader+metaSize:]) {
			s.flaw(where, "has something behind its end")
		}
	}
}

// bucket takes an element of the root, which names a bucket.
func (s *survey) bucket(e element) {
	name := string(e.key)
	if e.bucket && (name == string(bucketAnew) || len(name) == 1 && !isTable(name[0])) {
		// What is being built, and what an earlier program left: not read, and its
		// pages are all the same to be sound.
		if len(name) == 1 {
			s.earlier = append(s.earlier, name)
		}
		s.unread(name)(e)
		return
	}
	if !slices.ContainsFunc(buckets(), func(b []byte) bool { return bytes.Equal(b, e.key) }) {
		s.flaw(fmt.Sprintf("bucket %q", e.key), "is there, and this program knows of no such")
		return
	}
	if !e.bucket {
		s.damaged[name] = true
		s.flaw(bucketName(name), "is no bucket")
		return
	}
	root, inline, err := bucketOf(e.value)
	if err != nil {
		s.damaged[name] = true
		s.flaw(bucketName(name), err.Error())
	}
	s.buckets[name] = bucketAt{root, inline}
}

func isTable(letter byte) bool {
	return slices.ContainsFunc(record.Tables(), func(p record.Projection) bool { return byte(p.Table) == letter })
}

// lacks reports whether a store has neither a table nor a word of it: one that a
// later program brought.
func (s *survey) lacks(table record.Table) bool {
	if _, ok := s.buckets[string(table)]; ok {
		return false
	}
	_, told := s.get(bucketMeta, projectionKey(table))
	return !told && !s.damaged[string(bucketMeta)]
}

// unread walks the pages of a bucket whose rows nobody reads, and of the buckets in
// it.
func (s *survey) unread(bucket string) func(element) {
	return func(e element) {
		if !e.bucket {
			return
		}
		root, inline, err := bucketOf(e.value)
		if err != nil {
			s.flaw(fmt.Sprintf("bucket %q", bucket), err.Error())
			return
		}
		if root != 0 {
			s.walk(bucket, root, 0, nil, nil, 0, s.unread(bucket))
			return
		}
		for _, e := range inline {
			s.unread(bucket)(e)
		}
	}
}

func (s *survey) row(bucket string) func(element) {
	return func(e element) {
		if e.bucket {
			s.damaged[bucket] = true
			s.flaw(describe(bucket, e.key), "is a bucket where a value should be")
		}
	}
}

// walk walks the pages below one, which the page above leads to. low is the key that stands for the page in
// the branch above it, high that behind it; nil for none.
func (s *survey) walk(bucket string, id, above uint64, low, high []byte, depth int, use func(element)) {
	broken := func(format string, args ...any) {
		s.damaged[bucket] = true
		s.flaw(fmt.Sprintf("page %d, %s", id, describeRange(bucket, low, high)), fmt.Sprintf(format, args...))
	}
	if depth > depthMost {
		broken("is deeper down than any page should be")
		return
	}
	if s.known[id] {
		broken("is in use twice")
		return
	}
	s.known[id] = true
	p, err := s.file.read(id)
	if err == nil && p.flags == freelistPage {
		err = errors.New("is a page of the freelist where rows should be")
	}
	if err != nil {
		broken("%v", err)
		return
	}
	s.overflow(p)
	all, err := elements(p.data, p.flags, p.count)
	if err != nil {
		broken("%v", err)
	} else if len(all) == 0 && (depth > 0 || p.flags == branchPage) {
		broken("is empty")
	}
	for i, e := range all {
		// A branch's key is the first of the page that it stands for.
		if i == 0 && low != nil && !bytes.Equal(e.key, low) {
			broken("begins with another key than page %d above it says: one of the two was changed", above)
		}
		if high != nil && bytes.Compare(e.key, high) >= 0 {
			broken("has a key that belongs behind it, by page %d above it", above)
			break
		}
	}
	for i, e := range all {
		if p.flags == leafPage {
			use(e)
			continue
		}
		next := high
		if i+1 < len(all) {
			next = all[i+1].key
		}
		s.walk(bucket, e.child, id, e.key, next, depth+1, use)
	}
}

func (s *survey) overflow(p run) {
	for i := range p.overflow {
		s.known[p.id+1+i] = true
	}
}

// freelist holds the list of free pages against the pages in use: each page of
// the file is either the one or the other.
func (s *survey) freelist() {
	where := fmt.Sprintf("page %d, the freelist", s.file.meta.freelist)
	if s.known[s.file.meta.freelist] {
		s.flaw(where, "is in use twice")
		return
	}
	p, err := s.file.read(s.file.meta.freelist)
	if err == nil && p.flags != freelistPage {
		err = errors.New("is no page of the freelist")
	}
	if err != nil {
		s.flaw(where, err.Error())
		return
	}
	s.known[p.id] = true
	s.overflow(p)
	count, rest := uint64(p.count), p.data[pageHeader:]
	if count == freelistMany {
		count, rest = order.Uint64(rest), rest[8:]
	}
	if count > uint64(len(rest))/8 {
		s.flaw(where, fmt.Sprintf("is said to list %d pages, more than it has room for", count))
		return
	}
	last := uint64(1)
	for range count {
		free := order.Uint64(rest)
		rest = rest[8:]
		switch {
		case free <= last || free >= s.file.meta.pages:
			s.flaw(where, fmt.Sprintf("lists page %d out of order, or twice, or where there is none", free))
		case s.known[free]:
			s.flaw(where, fmt.Sprintf("lists page %d, which is in use", free))
		}
		last = max(last, free)
		s.known[free] = true
	}
	if !zeroes(rest) {
		s.flaw(where, "has something behind its end")
	}
	var lost []string
	for id := range s.file.meta.pages {
		if !s.known[id] && len(lost) < 10 {
			lost = append(lost, fmt.Sprint(id))
		}
	}
	if len(lost) > 0 {
		s.flaw("the freelist", "and the buckets both lack pages of the file: "+strings.Join(lost, ", "))
	}
}

// rows gives the rows of a bucket in order, as far as they can be read.
func (s *survey) rows(bucket []byte) iter.Seq2[[]byte, []byte] { return s.rowsFrom(bucket, nil) }

// rowsFrom is rows from a key on. Some that stand before it may come too.
func (s *survey) rowsFrom(bucket, from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		var last []byte
		one := func(e element) bool {
			// A damaged page may lead back: keys only rise.
			if e.bucket || last != nil && bytes.Compare(e.key, last) <= 0 {
				return true
			}
			last = e.key
			return yield(e.key, e.value)
		}
		at, ok := s.buckets[string(bucket)]
		if !ok {
			return
		}
		for _, e := range at.inline {
			if !one(e) {
				return
			}
		}
		if at.root == 0 {
			return
		}
		left := s.file.meta.pages // pages to read, which bounds what a loop costs
		var below func(id uint64, depth int) bool
		below = func(id uint64, depth int) bool {
			if left == 0 || depth > depthMost {
				return true
			}
			left--
			p, err := s.file.read(id)
			if err != nil || p.flags == freelistPage {
				return true
			}
			all, _ := elements(p.data, p.flags, p.count)
			for i, e := range all {
				switch {
				case p.flags == branchPage && i+1 < len(all) && bytes.Compare(all[i+1].key, from) <= 0:
				case p.flags == leafPage && !one(e), p.flags == branchPage && !below(e.child, depth+1):
					return false
				}
			}
			return true
		}
		below(at.root, 0)
	}
}

// get gives one row of a bucket.
func (s *survey) get(bucket, key []byte) ([]byte, bool) {
	at, ok := s.buckets[string(bucket)]
	switch {
	case !ok:
		return nil, false
	case at.root == 0:
		return among(at.inline, key)
	}
	return s.file.find(at.root, key)
}

// bucketName names a bucket to people.
func bucketName(bucket string) string {
	switch bucket {
	case "":
		return "the list of buckets"
	case string(bucketLog):
		return "the journal"
	case string(bucketTree):
		return "the Merkle tree"
	case string(bucketKeys):
		return "the subjects' keys"
	case string(bucketMeta):
		return "the store's settings"
	}
	for _, p := range record.Tables() {
		if bucket == string([]byte{byte(p.Table)}) {
			return fmt.Sprintf("table %s", p.Name)
		}
	}
	return fmt.Sprintf("bucket %q", bucket)
}

// describe names what a key of a bucket stands for.
func describe(bucket string, key []byte) string {
	switch bucket {
	case "":
		return bucketName(string(key))
	case string(bucketLog):
		if len(key) == 16 {
			at := record.PositionOf(key)
			return fmt.Sprintf("entry %d of node %s", at.Seq, at.Node)
		}
	case string(bucketTree):
		switch len(key) {
		case tileKeySize:
			return tileName(tileOf(key))
		case hashKeySize:
			return hashName(trace.NodeID(key[:8]), binary.BigEndian.Uint64(key[8:]))
		}
	case string(bucketKeys):
		switch len(key) {
		case 16:
			return fmt.Sprintf("the key of subject %x", key)
		case 24:
			return fmt.Sprintf("the key of subject %x at node %x", key[:16], key[16:])
		}
	case string(bucketMeta):
		return fmt.Sprintf("setting %q", key)
	}
	return fmt.Sprintf("row %x of %s", key, bucketName(bucket))
}

// hashName names a hash of a tree by the entries that it is over.
func hashName(node trace.NodeID, index uint64) string {
	if index > 1<<62 {
		return fmt.Sprintf("hash %d of node %s's tree", index, node)
	}
	level, n := tlog.SplitStoredHashIndex(int64(index))
	if level == 0 {
		return fmt.Sprintf("the hash of entry %d of node %s", n, node)
	}
	first := uint64(n) << level
	return fmt.Sprintf("the tree's hash over entries %d to %d of node %s", first, first+1<<level-1, node)
}

// tileName names a tile of a tree by the entries that it is over.
func tileName(node trace.NodeID, level int, n uint64) string {
	if level > tileLevelMost || n > 1<<58>>(journal.TileHeight*level) {
		return fmt.Sprintf("tile %d of level %d of node %s's tree", n, level, node)
	}
	width := uint64(journal.TileWidth) << (journal.TileHeight * level)
	return fmt.Sprintf("the tree's hashes over entries %d to %d of node %s", n*width, n*width+width-1, node)
}

func describeRange(bucket string, low, high []byte) string {
	text := "of " + bucketName(bucket)
	if low != nil {
		text += ", from " + describe(bucket, low)
	}
	if high != nil {
		text += ", before " + describe(bucket, high)
	}
	return text
}
