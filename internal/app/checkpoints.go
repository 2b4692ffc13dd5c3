package app

import (
	"context"

	"implantrace/internal/checkpoint"
	"implantrace/internal/trace"
)

// checkpoints makes what lets checkpoints leave.
func (n *Node) checkpoints() error {
	var to []checkpoint.Destination
	for _, text := range n.Config.CheckpointTo {
		d, err := checkpoint.ParseDestination(text)
		if err != nil {
			return configf("checkpoints cannot go to %q: %w", text, err)
		}
		to = append(to, d)
	}
	if n.Config.CheckpointEvery < 0 {
		return configf("checkpoints cannot leave every %s", n.Config.CheckpointEvery)
	}
	n.publisher = checkpoint.New(n.Store, to, n.Config.CheckpointEvery, n.clock, n.log)
	return nil
}

// Departures say how checkpoints of the node's log leave the machine.
func (n *Node) Departures(ctx context.Context) []trace.Departure {
	var entries uint64
	if nodes, err := n.Store.Coverage(ctx); err == nil {
		for _, c := range nodes {
			if c.Node == n.Store.Node() {
				entries = c.Entries
			}
		}
	}
	return n.publisher.State(entries)
}
