package faulty_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"implantrace/internal/bolt/faulty"
)

func TestMain(m *testing.M) {
	faulty.Main()
	os.Exit(m.Run())
}

func create(t *testing.T, d *faulty.Disk, name string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(d.Dir(), name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// The disk is a disk: what is written is read, and there is as much room as was
// said, counted in blocks, without holes and with what was allocated.
func TestADiskHasItsRoom(t *testing.T) {
	d := faulty.Mount(t)
	d.Room(5 << 12)
	f := create(t, d, "a")
	if _, err := f.WriteAt([]byte("far"), 1<<20); err != nil { // one block, behind a hole
		t.Fatal(err)
	}
	if err := f.Truncate(2 << 20); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 3)
	if _, err := f.ReadAt(b, 1<<20); err != nil || string(b) != "far" {
		t.Errorf("%q, %v", b, err)
	}
	g := create(t, d, "b")
	if err := syscall.Fallocate(int(g.Fd()), 0, 0, 3<<12); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 1<<12), 0); err != nil { // the last
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), 1<<12); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("no room: %v", err)
	}
	if err := os.Remove(g.Name()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), 1<<12); err != nil {
		t.Errorf("room again: %v", err)
	}
	if err := os.Rename(f.Name(), g.Name()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(g.Name()); err != nil || len(got) != 2<<20 || string(got[1<<20:1<<20+3]) != "far" {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestADiskFailsAsItIsTold(t *testing.T) {
	d := faulty.Mount(t)
	f, g := create(t, d, "a.db"), create(t, d, "b")
	write := func(f *os.File) error { _, err := f.WriteAt([]byte("abcd"), 0); return err }
	d.Fail(faulty.Fault{Op: faulty.Write, File: "*.db", Errno: syscall.EIO, Skip: 1, Times: 2}, faulty.Fault{Op: faulty.Sync, Errno: syscall.EDQUOT})
	for i, want := range []error{nil, syscall.EIO, syscall.EIO, nil} {
		if err := write(f); !errors.Is(err, want) {
			t.Errorf("write %d: %v, want %v", i, err, want)
		}
		if err := write(g); err != nil {
			t.Errorf("another file: %v", err)
		}
	}
	if err := f.Sync(); !errors.Is(err, syscall.EDQUOT) || d.Hits() != 3 {
		t.Errorf("sync: %v, %d hits", err, d.Hits())
	}
	d.Fail()
	if err := errors.Join(write(f), f.Sync()); err != nil {
		t.Errorf("well again: %v", err)
	}
	d.ReadOnly(true)
	if err := write(f); !errors.Is(err, syscall.EROFS) {
		t.Errorf("write, read-only: %v", err)
	}
	if _, err := os.OpenFile(f.Name(), os.O_RDWR, 0); !errors.Is(err, syscall.EROFS) {
		t.Errorf("open to write, read-only: %v", err)
	}
	if b, err := os.ReadFile(f.Name()); err != nil || string(b) != "abcd" {
		t.Errorf("read, read-only: %q, %v", b, err)
	}
	d.ReadOnly(false)
	if err := write(f); err != nil {
		t.Error(err)
	}
}

// A sync that fails can lose what it should have written, and the next one does
// not bring it back.
func TestAFailedSyncLoses(t *testing.T) {
	d := faulty.Mount(t)
	f := create(t, d, "a")
	old, fresh := bytes.Repeat([]byte("o"), 64<<10), bytes.Repeat([]byte("n"), 64<<10)
	if _, err := f.WriteAt(old, 0); err != nil || f.Sync() != nil {
		t.Fatal(err)
	}
	d.Fail(faulty.Fault{Op: faulty.Sync, Errno: syscall.EIO, Times: 1, Lose: true})
	if _, err := f.WriteAt(fresh, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	for image := range d.Trace().Cuts(rand.New(rand.NewPCG(1, 1)), "a", len(d.Trace()), 1) {
		o, n := bytes.Count(image, []byte("o")), bytes.Count(image, []byte("n"))
		if o == 0 || n == 0 || o%512 != 0 || o+n != len(old) {
			t.Errorf("%d bytes are old and %d new", o, n)
		}
	}
}

// After a cut everything that was synced is there, and of the rest some.
func TestACutKeepsWhatWasSynced(t *testing.T) {
	d := faulty.Mount(t)
	f := create(t, d, "a")
	write := func(at int64, b byte) {
		t.Helper()
		if _, err := f.WriteAt(bytes.Repeat([]byte{b}, 8192), at); err != nil {
			t.Fatal(err)
		}
	}
	write(0, 's')
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	from := d.Note("synced")
	write(8192, 'p')
	write(0, 'q')
	partly := 0
	for image, notes := range d.Trace().Cuts(rand.New(rand.NewPCG(1, 1)), "a", from, 200) {
		if len(notes) != 1 || len(image) < 8192 || bytes.Count(image[:8192], []byte("s"))+bytes.Count(image[:8192], []byte("q")) != 8192 {
			t.Fatalf("after %q: %d bytes, %.20q", notes, len(image), image)
		}
		if n := bytes.Count(image, []byte("p")); n > 0 && n < 8192 {
			partly++
		}
	}
	if partly == 0 {
		t.Error("no cut fell in the middle")
	}
}
