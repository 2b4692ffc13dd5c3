package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// small names the folder over which the test binary, run again in name spaces
// of its own, mounts a small disk.
const small = "IMPLANTRACE_TEST_SMALL_DISK"

// cannotMount is how the helper ends where it may not mount.
const cannotMount = 77

// On a disk that is really full, a write says so and leaves nothing behind,
// reading goes on, and once there is room the same write goes through, without
// a restart.
func TestADiskThatIsFullAndGetsRoomAgain(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), small+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC) {
		// No user name spaces here: root can do with a mount name space alone.
		again := exec.Command(os.Args[0], "-test.run=^$")
		again.Env = cmd.Env
		again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		out, err = again.CombinedOutput()
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() != cannotMount:
		t.Fatalf("%v\n%s", err, out)
	case os.Getenv("CI") == "true":
		t.Fatalf("a small disk cannot be mounted here: %v\n%s", err, out)
	default:
		t.Skipf("a small disk cannot be mounted here, so that a full one is not tried: %v\n%s", err, out)
	}
}

// fillADisk is the helper: it ends with status 0 when all is as it should be.
func fillADisk(dir string) {
	fail := func(format string, args ...any) {
		fmt.Printf(format+"\n", args...)
		os.Exit(1)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		fmt.Println(err)
		os.Exit(cannotMount)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		fmt.Println(err)
		os.Exit(cannotMount)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		fail("ballast: %v", err)
	}
	ctx := context.Background()
	s, err := bolt.Open(filepath.Join(dir, bolt.FileName), bolt.Options{Name: "test", Keys: seal.NewKeyring()})
	if err != nil {
		fail("open: %v", err)
	}
	write := func(id trace.EventID) (trace.Receipt, error) {
		rs, err := s.Append(ctx, trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{
			{Fact: trace.UsageFact{Usage: trace.DeriveID[trace.OfUsage](id, "usage"), Status: trace.Opened, Device: udi.Device{DI: "07611994064584", Lot: "A"}}},
			{Fact: trace.PatientFact{Patient: trace.PatientID(id)}, Secret: &trace.Secret{Note: strings.Repeat("words ", 200)}},
		}})
		if err != nil {
			return trace.Receipt{}, err
		}
		return rs[0].Receipt, rs[0].Err
	}
	var recorded, refused []trace.EventID
	for len(refused) < 20 {
		id := trace.NewEventID()
		switch _, err := write(id); {
		case err == nil: // also behind one that was refused: there may be room for another
			recorded = append(recorded, id)
		case trace.KindOf(err) != trace.Full:
			fail("after %d: kind %d, %v", len(recorded), trace.KindOf(err), err)
		default:
			refused = append(refused, id)
		}
		if len(recorded) > 5000 {
			fail("the disk does not get full")
		}
	}
	if len(recorded) == 0 {
		fail("nothing could be recorded")
	}
	whole := func(when string) {
		for _, id := range recorded {
			if r, err := s.Find(ctx, id, id[:]); err != nil || r.Count != 2 {
				fail("%s: %s is lost: %+v, %v", when, id, r, err)
			}
			if _, err := s.Usage(ctx, trace.DeriveID[trace.OfUsage](id, "usage")); err != nil {
				fail("%s: the usage of %s: %v", when, id, err)
			}
		}
		if heads, err := s.Heads(ctx); err != nil || heads[0].Size != uint64(1+2*len(recorded)) {
			fail("%s: %+v for %d commands, %v", when, heads, len(recorded), err)
		}
	}
	whole("while the disk is full")
	if err := s.TryWrite(ctx); trace.KindOf(err) != trace.Full || s.WriteTrouble() == nil {
		fail("a trial while the disk is full: %v, then %v", err, s.WriteTrouble())
	}
	for _, id := range refused {
		if _, err := s.Find(ctx, id, id[:]); trace.KindOf(err) != trace.NotFound {
			fail("%s was refused and is there: %v", id, err)
		}
	}
	if err := os.Remove(ballast); err != nil {
		fail("room: %v", err)
	}
	if err := s.TryWrite(ctx); err != nil || s.WriteTrouble() != nil {
		fail("a trial with room again: %v, then %v", err, s.WriteTrouble())
	}
	for _, id := range refused {
		if r, err := write(id); err != nil || r.Repeated {
			fail("with room again: %+v, %v", r, err)
		}
		recorded = append(recorded, id)
	}
	whole("with room again")
	check, err := os.MkdirTemp("", "verify")
	if err != nil {
		fail("%v", err)
	}
	defer os.RemoveAll(check)
	if r, err := s.Verify(ctx, check); err != nil || len(r.Findings) != 0 {
		fail("verify: %+v, %v", r.Findings, err)
	}
	if err := s.Close(); err != nil {
		fail("close: %v", err)
	}
}
