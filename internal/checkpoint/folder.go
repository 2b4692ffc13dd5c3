package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"implantrace/internal/journal"
	"implantrace/internal/trace"
)

// Names of the files in a folder of checkpoints.
const (
	Suffix    = ".checkpoint"
	KeySuffix = ".vkey"
)

// Folder takes checkpoints as files, one each, which are never written again.
type Folder struct {
	Path string
}

// Name is the folder.
func (f Folder) Name() string { return f.Path }

// FileName names the file of a checkpoint: by the log and its size, and by the
// node that signed it where that is not the log's.
func FileName(c journal.Checkpoint, signer trace.NodeID) string {
	name := fmt.Sprintf("%s-%012d", c.Log, c.Size)
	if c.Log != signer {
		name += "-seen-by-" + signer.String()
	}
	return name + Suffix
}

// Put keeps a checkpoint. One of the same log and size that is there already
// has to have the same root.
func (f Folder) Put(_ context.Context, s Signed) error {
	if err := os.MkdirAll(f.Path, 0o755); err != nil {
		return err
	}
	if err := f.key(s); err != nil {
		return err
	}
	path := filepath.Join(f.Path, FileName(s.Checkpoint, s.Signer))
	err := create(path, s.Note)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	there, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	was, _, err := journal.OpenCheckpoint(there)
	switch {
	case err != nil && !errors.Is(err, journal.ErrSignature):
		return fmt.Errorf("%s is in the way, and is %w", path, err)
	case was.Root != s.Root:
		return fmt.Errorf("%w: %s has another root for the first %d entries of node %s", ErrContradiction, path, s.Size, s.Log)
	}
	return nil
}

// key lays the verifier key beside the checkpoints.
func (f Folder) key(s Signed) error {
	path := filepath.Join(f.Path, s.Signer.String()+KeySuffix)
	err := create(path, []byte(s.Key+"\n"))
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	there, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(there)) != s.Key {
		return fmt.Errorf("%w: %s holds another verifier key for this node", ErrContradiction, path)
	}
	return nil
}

// Last gives the greatest checkpoint of a log in the folder that a node signed;
// false where there is none.
func (f Folder) Last(log, signer trace.NodeID) (c journal.Checkpoint, ok bool, err error) {
	all, err := os.ReadDir(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	for i := len(all) - 1; i >= 0; i-- { // by name, so by size
		b, err := os.ReadFile(filepath.Join(f.Path, all[i].Name()))
		if !strings.HasPrefix(all[i].Name(), log.String()+"-") || !strings.HasSuffix(all[i].Name(), Suffix) || err != nil {
			continue
		}
		is, _, err := journal.OpenCheckpoint(b)
		if (err == nil || errors.Is(err, journal.ErrSignature)) && FileName(is, signer) == all[i].Name() {
			return is, true, nil
		}
	}
	return c, false, nil
}

// create makes a file that is whole when it has its name, and fails with
// fs.ErrExist where there is one.
func create(path string, content []byte) error {
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".checkpoint-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		// A link never takes the place of a file; a rename would.
		if err = os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
			err = exclusive(path, content) // a file system without links
		}
	}
	if rerr := os.Remove(f.Name()); err == nil {
		err = rerr
	}
	if err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		// A file system that cannot sync a folder (Windows) keeps names by itself.
		_ = dir.Sync()
		return dir.Close()
	}
	return nil
}

func exclusive(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
