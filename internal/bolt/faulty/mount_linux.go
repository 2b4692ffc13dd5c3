package faulty

import (
	"encoding/gob"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Disk is a mounted disk.
type Disk struct {
	t   testing.TB
	dir string
	rpc *rpc.Client
}

// Mount gives an empty disk, which is there until the test is over. Where none
// can be mounted the test is skipped, and fails under CI.
func Mount(t testing.TB) *Disk {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), helper+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	mounted := make([]byte, 1)
	if _, err := io.ReadFull(out, mounted); err != nil || mounted[0] != '+' {
		why, _ := io.ReadAll(out)
		_ = cmd.Wait()
		if os.Getenv("CI") == "true" {
			t.Fatalf("no disk can be mounted by FUSE here: %s %v", why, err)
		}
		t.Skipf("no disk can be mounted by FUSE here, so that its faults are not tried (/dev/fuse, and root or fusermount3 of the package fuse3, are wanted): %s %v", why, err)
	}
	d := &Disk{t: t, dir: dir, rpc: rpc.NewClient(struct {
		io.Reader
		io.WriteCloser
	}{out, in})}
	t.Cleanup(func() {
		_ = d.rpc.Close()
		_ = cmd.Wait()
	})
	return d
}

// Dir is the disk's folder.
func (d *Disk) Dir() string { return d.dir }

func (d *Disk) call(method string, argument, reply any) {
	d.t.Helper()
	if err := d.rpc.Call("Control."+method, argument, reply); err != nil {
		d.t.Fatalf("the disk: %v", err)
	}
}

// Room sets how many bytes more there is room for. At first it is a tebibyte.
func (d *Disk) Room(bytes int64) { d.t.Helper(); d.call("Room", bytes, nil) }

// ReadOnly says whether anything can be changed.
func (d *Disk) ReadOnly(is bool) { d.t.Helper(); d.call("ReadOnly", is, nil) }

// Fail lets calls fail. Faults that were set before are over; with none the disk
// is well.
func (d *Disk) Fail(faults ...Fault) { d.t.Helper(); d.call("Fail", faults, nil) }

// Hits is how many calls have failed by the faults that are set.
func (d *Disk) Hits() (n int) { d.t.Helper(); d.call("Hits", 0, &n); return n }

// Note writes a note into the trace and gives its place there.
func (d *Disk) Note(note string) (at int) { d.t.Helper(); d.call("Note", note, &at); return at }

// Trace is what has happened to the disk so far.
func (d *Disk) Trace() (t Trace) {
	d.t.Helper()
	path := filepath.Join(d.t.TempDir(), "trace")
	d.call("Trace", path, nil)
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		err = gob.NewDecoder(f).Decode(&t)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return t
}
