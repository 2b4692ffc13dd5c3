package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"implantrace/api"
	"implantrace/internal/backup"
)

// newShipper makes what keeps the second copy; nil where none is asked for. A
// folder that is not there at the start is a fault of the copy, not of the node:
// it is taken up when it comes.
func (n *Node) newShipper(ctx context.Context) (*backup.Shipper, error) {
	if n.Config.CopyTo == "" {
		if n.Config.CopyNew {
			return nil, configf("--copy-new begins a second copy anew, and wants --copy-to")
		}
		return nil, nil
	}
	to, err := filepath.Abs(n.Config.CopyTo)
	if err != nil {
		return nil, err
	}
	if inside(n.Config.Data, to) {
		return nil, configf("the second copy cannot be in the data folder itself (%s): it would be lost with it", to)
	}
	s := &backup.Shipper{Source: n.Store, Name: n.Config.Name, To: to, Clock: n.clock, Changed: func() {
		if n.Desk != nil {
			n.Desk.Changed()
		}
	}}
	if s.ID, err = n.Store.CopyID(ctx, to); err != nil {
		return nil, err
	}
	if s.ID != "" && !n.Config.CopyNew {
		return s, nil
	}
	// The first time the folder has to be there: nobody knows yet what it is.
	if s.ID, err = backup.Prepare(to, n.Store.Node()); err != nil {
		return nil, fmt.Errorf("the second copy cannot be begun: %w", err)
	}
	return s, n.Store.SetCopyID(ctx, to, s.ID)
}

// inside reports whether a path is a folder or in it.
func inside(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// secondCopy is how far the second copy has come; nil where there is none.
func (n *Node) secondCopy() *api.SecondCopy {
	if n.shipper == nil {
		return nil
	}
	s := n.shipper.Status()
	c := &api.SecondCopy{Entries: s.Shipped, Behind: s.Behind, LastEntry: s.Last, UpToDate: s.At, Fault: s.Fault}
	if !s.Since.IsZero() {
		c.BehindSeconds = max(0, n.clock().Sub(s.Since).Seconds())
	}
	return c
}

// finishCopy waits until the second copy has what was recorded last, as long as
// it can be reached and the time lasts.
func (n *Node) finishCopy(ctx context.Context) {
	if n.shipper == nil {
		return
	}
	for s := n.shipper.Status(); s.Fault == "" && ctx.Err() == nil; s = n.shipper.Status() {
		heads, err := n.Store.Heads(ctx)
		if err != nil {
			return
		}
		var all uint64
		for _, h := range heads {
			all += h.Size
		}
		if s.Shipped >= all {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
