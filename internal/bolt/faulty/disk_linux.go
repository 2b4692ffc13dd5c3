package faulty

import (
	"context"
	"encoding/gob"
	"errors"
	"io"
	"math/rand/v2"
	"net/rpc"
	"os"
	"path"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// disk is the whole file system. Its mutex is held in every call.
type disk struct {
	mu       sync.Mutex
	room     int64 // blocks that are free
	used     int64
	readOnly bool
	faults   []Fault
	seen     []int // how many calls each fault spoke of
	hits     int
	trace    Trace
	random   *rand.Rand
	inode    uint64
}

// ask says whether a call goes well, with d.mu held.
func (d *disk) ask(op Op, name string) (Fault, syscall.Errno) {
	if d.readOnly && op&Changes != 0 {
		return Fault{}, syscall.EROFS
	}
	for i, f := range d.faults {
		if !f.speaksOf(op, name) {
			continue
		}
		n := d.seen[i]
		d.seen[i]++
		if n >= f.Skip && (f.Times == 0 || n < f.Skip+f.Times) {
			d.hits++
			return f, f.Errno
		}
	}
	return Fault{}, 0
}

// folder is a directory.
type folder struct {
	fs.Inode
	d *disk
}

var (
	_ fs.NodeCreater   = (*folder)(nil)
	_ fs.NodeMkdirer   = (*folder)(nil)
	_ fs.NodeUnlinker  = (*folder)(nil)
	_ fs.NodeRmdirer   = (*folder)(nil)
	_ fs.NodeRenamer   = (*folder)(nil)
	_ fs.NodeStatfser  = (*folder)(nil)
	_ fs.NodeGetattrer = (*folder)(nil)
	_ fs.NodeSetattrer = (*folder)(nil)
	_ fs.NodeFsyncer   = (*folder)(nil)
)

// Getattr is go-fuse's.
func (f *folder) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode = 0o700
	return 0
}

// Setattr is go-fuse's.
func (f *folder) Setattr(_ context.Context, _ fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	out.Mode = 0o700
	return 0
}

// Fsync is go-fuse's. Names are on this disk then.
func (f *folder) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if _, errno := f.d.ask(Sync, "."); errno != 0 {
		return errno
	}
	f.d.trace = append(f.d.trace, Event{Op: Sync, File: "."})
	return 0
}

// Statfs is go-fuse's.
func (f *folder) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	out.Bsize, out.Blocks, out.Bfree, out.Bavail = block, uint64(f.d.room+f.d.used), uint64(f.d.room), uint64(f.d.room)
	return 0
}

// Create is go-fuse's.
func (f *folder) Create(ctx context.Context, name string, _ uint32, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if _, errno := f.d.ask(Create, name); errno != 0 {
		return nil, nil, 0, errno
	}
	f.d.inode++
	n := &file{d: f.d, name: name, id: f.d.inode, blocks: make(map[int64]bool)}
	f.d.trace = append(f.d.trace, Event{Op: Create, File: name, Inode: n.id})
	out.Mode = 0o600
	return f.NewInode(ctx, n, fs.StableAttr{Mode: syscall.S_IFREG, Ino: f.d.inode}), nil, 0, 0
}

// Mkdir is go-fuse's.
func (f *folder) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if _, errno := f.d.ask(Create, name); errno != 0 {
		return nil, errno
	}
	f.d.inode++
	out.Mode = 0o700
	return f.NewInode(ctx, &folder{d: f.d}, fs.StableAttr{Mode: syscall.S_IFDIR, Ino: f.d.inode}), 0
}

// Unlink is go-fuse's. The room of a file that is still open is given back at
// once, which real file systems do later.
func (f *folder) Unlink(_ context.Context, name string) syscall.Errno {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if _, errno := f.d.ask(Create, name); errno != 0 {
		return errno
	}
	if n, ok := f.GetChild(name).Operations().(*file); ok {
		n.free(0)
	}
	return 0
}

// Rmdir is go-fuse's.
func (f *folder) Rmdir(context.Context, string) syscall.Errno { return 0 }

// Rename is go-fuse's.
func (f *folder) Rename(_ context.Context, name string, _ fs.InodeEmbedder, to string, _ uint32) syscall.Errno {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if _, errno := f.d.ask(Create, name); errno != 0 {
		return errno
	}
	if n, ok := f.GetChild(name).Operations().(*file); ok {
		f.d.trace = append(f.d.trace, Event{Op: Create, File: to, Note: name, Inode: n.id})
		n.name = to
	}
	return 0
}

// file is a regular file.
type file struct {
	fs.Inode
	d       *disk
	name    string
	id      uint64
	data    []byte
	blocks  map[int64]bool // that are its own; the others are holes
	synced  []byte         // what a failed sync may fall back to
	pending Trace          // since the last sync
}

var (
	_ fs.NodeOpener    = (*file)(nil)
	_ fs.NodeReader    = (*file)(nil)
	_ fs.NodeWriter    = (*file)(nil)
	_ fs.NodeFsyncer   = (*file)(nil)
	_ fs.NodeFlusher   = (*file)(nil)
	_ fs.NodeGetattrer = (*file)(nil)
	_ fs.NodeSetattrer = (*file)(nil)
	_ fs.NodeAllocater = (*file)(nil)
)

func (f *file) happened(e Event) {
	e.File, e.Inode = f.name, f.id
	f.d.trace = append(f.d.trace, e)
	if e.Op != Sync {
		f.pending = append(f.pending, e)
	}
}

// claim takes room for a stretch of the file, or reports that there is none.
func (f *file) claim(at, size int64) bool {
	var wanted []int64
	for b := at / block; b*block < at+size; b++ {
		if !f.blocks[b] {
			wanted = append(wanted, b)
		}
	}
	if int64(len(wanted)) > f.d.room {
		return false
	}
	for _, b := range wanted {
		f.blocks[b] = true
	}
	f.d.room -= int64(len(wanted))
	f.d.used += int64(len(wanted))
	return true
}

// free gives back the room behind a size.
func (f *file) free(size int64) {
	for b := range f.blocks {
		if b*block >= size {
			delete(f.blocks, b)
			f.d.room++
			f.d.used--
		}
	}
}

// Open is go-fuse's.
func (f *file) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.readOnly && flags&syscall.O_ACCMODE != syscall.O_RDONLY {
		return nil, 0, syscall.EROFS
	}
	// What the system holds of the file is kept, as that of a disk is.
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

// Flush is go-fuse's.
func (f *file) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// Getattr is go-fuse's.
func (f *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.attr(out)
	return 0
}

func (f *file) attr(out *fuse.AttrOut) {
	out.Mode, out.Size, out.Blocks = 0o600, uint64(len(f.data)), uint64(len(f.blocks))*block/sector
}

// Setattr is go-fuse's.
func (f *file) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		if _, errno := f.d.ask(Truncate, f.name); errno != 0 {
			return errno
		}
		f.happened(Event{Op: Truncate, At: int64(size)})
		f.data = resize(f.data, int64(size))
		f.free(int64(size))
	}
	f.attr(out)
	return 0
}

// Read is go-fuse's.
func (f *file) Read(_ context.Context, _ fs.FileHandle, dest []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if _, errno := f.d.ask(Read, f.name); errno != 0 {
		return nil, errno
	}
	if at >= int64(len(f.data)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(dest[:copy(dest, f.data[at:])]), 0
}

// Write is go-fuse's.
func (f *file) Write(_ context.Context, _ fs.FileHandle, data []byte, at int64) (uint32, syscall.Errno) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	fault, errno := f.d.ask(Write, f.name)
	if errno != 0 {
		if fault.Half {
			f.write(at, data[:len(data)/2])
		}
		return 0, errno
	}
	if !f.claim(at, int64(len(data))) {
		return 0, syscall.ENOSPC
	}
	f.write(at, data)
	return uint32(len(data)), 0
}

func (f *file) write(at int64, data []byte) {
	f.happened(Event{Op: Write, At: at, Data: append([]byte(nil), data...)})
	f.data = put(f.data, at, data)
}

// Allocate is go-fuse's.
func (f *file) Allocate(_ context.Context, _ fs.FileHandle, at, size uint64, mode uint32) syscall.Errno {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if _, errno := f.d.ask(Allocate, f.name); errno != 0 {
		return errno
	}
	if mode != 0 {
		return syscall.EOPNOTSUPP
	}
	if !f.claim(int64(at), int64(size)) {
		return syscall.ENOSPC
	}
	if end := int64(at + size); end > int64(len(f.data)) {
		f.happened(Event{Op: Truncate, At: end})
		f.data = resize(f.data, end)
	}
	return 0
}

// Fsync is go-fuse's.
func (f *file) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	fault, errno := f.d.ask(Sync, f.name)
	if errno != 0 && !fault.Lose {
		return errno
	}
	if errno != 0 {
		f.lose()
	}
	f.happened(Event{Op: Sync})
	f.synced, f.pending = append(f.synced[:0], f.data...), nil
	return errno
}

// lose takes back some of what was written since the last sync.
func (f *file) lose() {
	for _, e := range f.pending {
		if e.Op != Write {
			continue
		}
		for at, piece := range sectors(e.At, e.Data) {
			if f.d.random.IntN(2) == 0 {
				old := make([]byte, len(piece))
				if at < int64(len(f.synced)) {
					copy(old, f.synced[at:])
				}
				f.write(at, old)
			}
		}
	}
}

// Control is what a test asks of the disk in its process.
type Control struct{ d *disk }

// Room sets how many bytes more there is room for.
func (c *Control) Room(bytes int64, _ *int) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.d.room = bytes / block
	return nil
}

// ReadOnly says whether anything can be changed.
func (c *Control) ReadOnly(is bool, _ *int) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.d.readOnly = is
	return nil
}

// Fail puts faults in place of the earlier ones.
func (c *Control) Fail(faults []Fault, _ *int) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.d.faults, c.d.seen, c.d.hits = faults, make([]int, len(faults)), 0
	return nil
}

// Hits gives how many calls have failed since the faults were put in place.
func (c *Control) Hits(_ int, n *int) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	*n = c.d.hits
	return nil
}

// Note puts a note of the test into the trace.
func (c *Control) Note(note string, at *int) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.d.trace = append(c.d.trace, Event{Note: note})
	*at = len(c.d.trace)
	return nil
}

// Trace writes the trace to a file.
func (c *Control) Trace(file string, _ *int) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(gob.NewEncoder(out).Encode(c.d.trace), out.Close())
}

// helper names, to the test binary run again, the folder to mount the disk on.
const helper = "IMPLANTRACE_TEST_FAULTY_DISK"

// Main serves a disk, and ends the process, when this is the test binary run
// again by [Mount]. Otherwise it does nothing.
func Main() {
	dir := os.Getenv(helper)
	if dir == "" {
		return
	}
	d := &disk{room: 1 << 40 / block, random: rand.New(rand.NewPCG(1, 2)), inode: 1}
	server, err := fs.Mount(dir, &folder{d: d}, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMount: true, MaxWrite: 1 << 20, FsName: "faulty", Name: path.Base(os.Args[0])}})
	if err != nil {
		_, _ = os.Stdout.WriteString("-" + err.Error())
		os.Exit(0)
	}
	_, _ = os.Stdout.WriteString("+")
	_ = rpc.Register(&Control{d}) // of which only the methods of Control's form count
	rpc.ServeConn(struct {
		io.Reader
		io.WriteCloser
	}{os.Stdin, os.Stdout}) // until the test closes it, or is gone
	if server.Unmount() != nil {
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
	}
	os.Exit(0)
}
