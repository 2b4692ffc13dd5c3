package transport

import "errors"

// Share is for systems whose files have a group.
func Share(string, string) error {
	return errors.New("files have no group here: give the node's account the right to read " + ServerKeyFile)
}
