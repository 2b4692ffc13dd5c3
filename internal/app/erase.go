package app

import (
	"context"
	"fmt"
	"time"

	"implantrace/api"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Erase makes a patient's identity unreadable, also in what the store's file has
// left of it, and says where copies of it are.
func (n *Node) Erase(ctx context.Context, c command.ErasePatient) (api.Erased, error) {
	c.KeepYears = n.Config.KeepYears
	done, err := n.Recorder.ErasePatient(ctx, c)
	if err != nil {
		return api.Erased{}, err
	}
	out := api.Erased{Erasure: done, Copies: []string{}}
	if err := n.scrub(ctx); err != nil {
		n.log.Error("free pages were not overwritten after an erasure", "error", err.Error())
		out.Copies = append(out.Copies, "The store's file: its wrapped key may stand in free pages, which could not be overwritten now. Send the same erasure again.")
	}
	out.Copies = append(out.Copies, n.heldIn()...)
	return out, nil
}

// scrubTries is how often a moment is looked for in which nobody reads.
const scrubTries = 10

func (n *Node) scrub(ctx context.Context) (err error) {
	for range scrubTries {
		if err = n.Store.Scrub(ctx); trace.KindOf(err) != trace.Busy {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// heldIn says which copies still hold an identity that was erased just now.
func (n *Node) heldIn() (all []string) {
	if n.shipper != nil {
		all = append(all, "The second copy: its keys are written anew within moments, without this one, as soon as it can be reached.")
	}
	if n.schedule != nil {
		last := n.clock().Add(time.Duration(n.Config.BackupKeep) * n.Config.BackupEvery)
		all = append(all, fmt.Sprintf("The scheduled backups in %s hold it until the last of the %d that are kept was made after now: about %s.",
			n.schedule.to, n.Config.BackupKeep, last.Format(time.DateOnly)))
	}
	return append(all, "Backups made before now hold it until they are removed. A restore from one erases it again when the second copy, or another node, brings the erasure.")
}
