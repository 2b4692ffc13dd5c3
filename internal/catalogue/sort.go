package catalogue

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"os"
	"slices"
)

// record is one line of a file with what it is sorted by.
type record struct {
	key  string
	line int // in its file, from 1
	text string
}

func (r record) compare(o record) int {
	return cmp.Or(cmp.Compare(r.key, o.key), cmp.Compare(r.line, o.line))
}

// runBytes is how much text is sorted in memory at once.
const runBytes = 16 << 20

// sorter sorts more records than fit into memory: sorted runs in one temporary
// file, then merged.
type sorter struct {
	file *os.File
	out  *bufio.Writer
	at   int64
	runs [][2]int64 // begin and end in the file
	held []record
	size int
}

func newSorter(dir string) (*sorter, error) {
	f, err := os.CreateTemp(dir, "implantrace-sort-*")
	if err != nil {
		return nil, err
	}
	return &sorter{file: f, out: bufio.NewWriterSize(f, 1<<16)}, nil
}

// Close takes the temporary file away.
func (s *sorter) Close() error { return errors.Join(s.file.Close(), os.Remove(s.file.Name())) }

func (s *sorter) add(r record) error {
	s.held = append(s.held, r)
	if s.size += len(r.key) + len(r.text) + 64; s.size < runBytes {
		return nil
	}
	return s.spill()
}

// spill writes what is held as one sorted run.
func (s *sorter) spill() error {
	if len(s.held) == 0 {
		return nil
	}
	slices.SortFunc(s.held, record.compare)
	begin := s.at
	var head []byte
	for _, r := range s.held {
		head = binary.AppendUvarint(head[:0], uint64(len(r.key)))
		head = binary.AppendUvarint(head, uint64(r.line))
		head = binary.AppendUvarint(head, uint64(len(r.text)))
		s.at += int64(len(head) + len(r.key) + len(r.text))
		for _, b := range [][]byte{head, []byte(r.key), []byte(r.text)} {
			if _, err := s.out.Write(b); err != nil {
				return err
			}
		}
	}
	s.runs = append(s.runs, [2]int64{begin, s.at})
	clear(s.held)
	s.held, s.size = s.held[:0], 0
	return s.out.Flush()
}

// sorted gives all records in order.
func (s *sorter) sorted() iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		if err := s.spill(); err != nil {
			yield(record{}, err)
			return
		}
		s.held = nil
		var runs merge
		for _, r := range s.runs {
			run := &run{from: bufio.NewReaderSize(io.NewSectionReader(s.file, r[0], r[1]-r[0]), 1<<15)}
			more, err := run.next()
			if err != nil {
				yield(record{}, err)
				return
			}
			if more {
				runs = append(runs, run)
			}
		}
		heap.Init(&runs)
		for len(runs) > 0 {
			first := runs[0]
			if !yield(first.now, nil) {
				return
			}
			more, err := first.next()
			switch {
			case err != nil:
				yield(record{}, err)
				return
			case more:
				heap.Fix(&runs, 0)
			default:
				heap.Pop(&runs)
			}
		}
	}
}

// run is one sorted run that is being read.
type run struct {
	from *bufio.Reader
	now  record
}

func (r *run) next() (more bool, err error) {
	var n [3]uint64
	for i := range n {
		if n[i], err = binary.ReadUvarint(r.from); err != nil {
			if i == 0 && errors.Is(err, io.EOF) {
				return false, nil
			}
			return false, err
		}
	}
	b := make([]byte, n[0]+n[2])
	if _, err := io.ReadFull(r.from, b); err != nil {
		return false, err
	}
	r.now = record{key: string(b[:n[0]]), line: int(n[1]), text: string(b[n[0]:])}
	return true, nil
}

// merge is a heap of runs, the one with the least record first.
type merge []*run

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return m[i].now.compare(m[j].now) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)        { *m = append(*m, x.(*run)) }
func (m *merge) Pop() any {
	old := *m
	last := old[len(old)-1]
	*m = old[:len(old)-1]
	return last
}
