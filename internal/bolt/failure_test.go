package bolt

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	berrors "go.etcd.io/bbolt/errors"

	"implantrace/internal/trace"
)

// What a commit failed with says what the caller has to do: what may have
// landed is never called not recorded.
func TestFailedCommitIsOutcomeUnknown(t *testing.T) {
	at := func(e error) error { return &os.PathError{Op: "write", Path: "s.db", Err: e} }
	for name, c := range map[string]struct {
		err  error
		kind trace.ErrorKind
	}{
		"the disk fails":          {at(syscall.EIO), trace.OutcomeUnknown},
		"an error nobody foresaw": {errors.New("?"), trace.OutcomeUnknown},
		"the disk is full":        {at(syscall.ENOSPC), trace.Full},
		"the quota is used up":    {at(syscall.EDQUOT), trace.Full},
		"the file is too large":   {fmt.Errorf("grow: %w", at(syscall.EFBIG)), trace.Full},
		"the limit that was set":  {berrors.ErrMaxSizeReached, trace.Full},
		"the disk is read-only":   {at(syscall.EROFS), trace.ReadOnly},
		"refused before it":       {&refused{trace.Errorf(trace.Conflict, "other content")}, trace.Conflict},
		"broken before it":        {&refused{errors.New("a row cannot be read")}, trace.Internal},
	} {
		err := writeError(c.err)
		if trace.KindOf(err) != c.kind {
			t.Errorf("%s: kind %d, %v", name, trace.KindOf(err), err)
		}
		if (c.kind == trace.OutcomeUnknown || c.kind == trace.Full) && !strings.Contains(err.Error(), "same id") {
			t.Errorf("%s: the message does not say what to do: %v", name, err)
		}
	}
}
