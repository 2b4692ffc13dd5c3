package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// SocketName is the node's own socket in the data folder, by which the other
// commands reach it. Only its owner can open it.
const SocketName = "node.sock"

// socketMost is the longest path a socket's address holds on every system.
const socketMost = 100

// address gives a path to the socket that fits into an address, and the
// function that lets go of it. A long path is reached by a short link in the
// system's temporary folder.
func socketAddress(data string) (path string, release func(), err error) {
	path = filepath.Join(data, SocketName)
	if len(path) <= socketMost {
		return path, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "implantrace-")
	if err != nil {
		return "", nil, err
	}
	release = func() { _ = os.RemoveAll(dir) } // a link and its folder, in the temporary folder
	link := filepath.Join(dir, "data")
	if err := os.Symlink(data, link); err != nil {
		release()
		return "", nil, err
	}
	return filepath.Join(link, SocketName), release, nil
}

type socketListener struct {
	net.Listener
	path    string
	release func()
}

// Close takes the socket away.
func (l *socketListener) Close() error {
	err := l.Listener.Close()
	if rerr := os.Remove(l.path); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	l.release()
	return err
}

// listenSocket makes the socket. The caller holds the store, so a socket that
// is there was left by a process that is gone.
func listenSocket(data string) (net.Listener, error) {
	path, release, err := socketAddress(data)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		release()
		return nil, fmt.Errorf("an old socket is in the way: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		release()
		return nil, fmt.Errorf("the node's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		release()
		return nil, errors.Join(err, l.Close())
	}
	return &socketListener{l, path, release}, nil
}

func dialSocket(ctx context.Context, data string) (net.Conn, error) {
	path, release, err := socketAddress(data)
	if err != nil {
		return nil, err
	}
	defer release()
	d := net.Dialer{Timeout: 2 * time.Second}
	return d.DialContext(ctx, "unix", path)
}
