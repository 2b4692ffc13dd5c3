package backup_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"implantrace/internal/backup"
)

// small names the folder over which the test binary, run again in name spaces
// of its own, mounts a small share.
const small = "IMPLANTRACE_TEST_SMALL_SHARE"

// On a share that is full the copy stops and says so; recording goes on. When
// there is room, the copy catches up by itself.
func TestAShareThatIsFullAndGetsRoomAgain(t *testing.T) {
	if dir := os.Getenv(small); dir != "" {
		fillTheShare(t, dir)
		return
	}
	run := func(flags uintptr) ([]byte, error) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAShareThatIsFullAndGetsRoomAgain$", "-test.v")
		cmd.Env = append(os.Environ(), small+"="+t.TempDir())
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
		if flags&syscall.CLONE_NEWUSER != 0 {
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
		return cmd.CombinedOutput()
	}
	out, err := run(syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC) {
		out, err = run(syscall.CLONE_NEWNS) // root can do without user name spaces
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() != cannotMount:
		t.Fatalf("%v\n%s", err, out)
	case os.Getenv("CI") == "true":
		t.Fatalf("a small share cannot be mounted here: %v\n%s", err, out)
	default:
		t.Skipf("a small share cannot be mounted here, so that a full one is not tried: %v\n%s", err, out)
	}
}

// cannotMount is how the helper ends where it may not mount.
const cannotMount = 77

func fillTheShare(t *testing.T, dir string) {
	mount := func(flags uintptr, options string) {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
			fmt.Println(err)
			os.Exit(cannotMount)
		}
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		fmt.Println(err)
		os.Exit(cannotMount)
	}
	mount(0, "size=128k")
	o := newOriginal(t)
	o.to = dir
	var err error
	if o.id, err = backup.Prepare(dir, o.store.Node()); err != nil {
		t.Fatal(err)
	}
	o.run()
	o.record(300) // each answered, whatever the share does
	o.until("that it is full", func(s backup.Status) bool { return s.Fault == "the disk or share is full" && s.Behind > 0 })
	o.record(10)
	mount(syscall.MS_REMOUNT, "size=16m")
	o.upToDate()
	o.same()
}
