package seal

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// Exposed says who beside its owner can get at a file of keys: refuse is set
// where anybody on the machine can read it or somebody else could change it,
// warn where its group can read it. Both are "" for a file of its owner only,
// for one that is not there, and on Windows, which has no modes.
func Exposed(path string) (refuse, warn string) {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" {
		return "", ""
	}
	mode := info.Mode().Perm()
	switch say := func(who string) string {
		return fmt.Sprintf("%s %s (mode %04o): chmod 600 %s", path, who, mode, path)
	}; {
	case mode&0o007 != 0:
		return say("can be read or changed by everybody on this machine"), ""
	case mode&0o030 != 0:
		return say("can be changed by its group"), ""
	case mode&fs.FileMode(0o040) != 0:
		return "", say("can be read by its group")
	}
	return "", ""
}
