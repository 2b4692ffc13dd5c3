package bolt

import (
	"context"
	"io"
	"time"

	"go.etcd.io/bbolt"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// Snapshot is one state of a store, for as long as the call lasts that it was
// handed to.
type Snapshot struct {
	Size  int64            // bytes that WriteTo writes
	Heads []trace.TreeHead // of each log
	Until time.Time        // when the last entry of the store's own node was recorded
	// Checkpoints are the heads as the store's node signs them; none without
	// its keys.
	Checkpoints []string
	tx          *bbolt.Tx
}

// WriteTo writes the whole store as of the snapshot, while it goes on working.
func (s Snapshot) WriteTo(w io.Writer) (int64, error) { return s.tx.WriteTo(w) }

// Copy hands one state of the store to use. While use lasts, no page that was
// given free since is written again: the file grows by what is written.
func (s *Store) Copy(ctx context.Context, use func(Snapshot) error) error {
	return s.view(ctx, func(t *transaction) error {
		snapshot := Snapshot{Size: t.tx.Size(), tx: t.tx}
		for k := range t.Scan(record.Nodes, nil) {
			head, err := t.head(trace.NodeID(k))
			if err != nil {
				return err
			}
			snapshot.Heads = append(snapshot.Heads, head)
			if signer, ok := s.signer(); ok {
				signed, err := signer.Sign(journal.Checkpoint{Log: head.Node, Size: head.Size, Root: head.Root, Signed: s.clock().UTC().Truncate(time.Second)})
				if err != nil {
					return err
				}
				snapshot.Checkpoints = append(snapshot.Checkpoints, string(signed))
			}
		}
		own, err := s.fold.Coverage(s.node[:], t.Get(record.Nodes, s.node[:]))
		if err != nil {
			return err
		}
		snapshot.Until = own.RecordedUntil
		return use(snapshot)
	})
}
