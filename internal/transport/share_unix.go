//go:build !windows

package transport

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// Share lets a group read the node's key in the folder of an authority, and that
// file alone: the group that the node runs in.
func Share(dir, group string) error {
	g, err := user.LookupGroup(group)
	if err != nil {
		return fmt.Errorf("there is no group %q", group)
	}
	id, err := strconv.Atoi(g.Gid)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, ServerKeyFile)
	if err := os.Chown(path, -1, id); err != nil {
		return err
	}
	return os.Chmod(path, 0o640)
}
