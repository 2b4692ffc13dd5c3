package zxing

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// cacheFolder is the folder in which compiled code is kept; false if there is
// none.
func cacheFolder(dir string) (string, bool) {
	var folders []string
	switch dir {
	case "-":
	case "":
		if user, err := os.UserCacheDir(); err == nil {
			folders = append(folders, filepath.Join(user, "implantrace", "wasm"))
		}
		if runtime.GOOS != "windows" { // where it cannot be told whose a folder is
			folders = append(folders, filepath.Join(os.TempDir(), fmt.Sprintf("implantrace-%d-wasm", os.Geteuid())))
		}
	default:
		folders = append(folders, dir)
	}
	for _, folder := range folders {
		if madeOurs(folder) == nil {
			return folder, true
		}
	}
	return "", false
}

// madeOurs makes a folder if it is not there. What is in it is run as it is, so
// it has to be this user's, nobody else may be able to write to it, and it is no
// link to one that is.
func madeOurs(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	switch {
	case !info.IsDir():
		return errors.New("it is not a folder")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0:
		return errors.New("others may write to the folder")
	case !owned(info):
		return errors.New("the folder belongs to another user")
	}
	probe, err := os.CreateTemp(dir, "writable")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// emptyCache removes the compiled code in a folder.
func emptyCache(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "wazero-") {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}
