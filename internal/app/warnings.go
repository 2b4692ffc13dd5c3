package app

import (
	"context"
	"fmt"
)

// Warnings say what somebody should see to although the node works.
func (n *Node) Warnings(ctx context.Context) (all []string) {
	if n.exposed != "" {
		all = append(all, "the keys are not kept secret: "+n.exposed)
	}
	if n.Staff != nil {
		if waiting := n.Staff.Waiting(); waiting > 0 {
			all = append(all, fmt.Sprintf("%d times somebody looked at patients that could not be recorded: there is no room on the disk, and they are lost if the node is stopped before there is", waiting))
		}
	}
	if n.certificate != nil {
		all = append(all, n.certificate.Warnings()...)
	}
	if n.Config.WithoutTLS != "" {
		all = append(all, "the node is reached without TLS: "+InPlainWords)
	}
	if r, err := n.Store.Recovery(ctx); err == nil && len(r) == 0 {
		all = append(all, NoRecovery)
	}
	for _, d := range n.Departures(ctx) {
		switch {
		case d.Contradiction != "":
			all = append(all, fmt.Sprintf("checkpoints in %s: %s. Run implantrace verify --checkpoint %s", d.To, d.Contradiction, d.To))
		case d.Trouble != "":
			all = append(all, fmt.Sprintf("no checkpoint reaches %s: %s", d.To, d.Trouble))
		}
	}
	if nodes, err := n.Store.Coverage(ctx); err == nil {
		for _, c := range nodes {
			if c.Lost > 0 {
				all = append(all, fmt.Sprintf("%d entries of node %s (%s) are lost since its file was damaged: answers lack them", c.Lost, c.Node, c.Name))
			}
		}
	}
	if len(n.Config.CheckpointTo) == 0 {
		all = append(all, NoCheckpoints)
	}
	if b := n.scheduledBackup(); b != nil && b.Fault != "" {
		all = append(all, "the scheduled backup failed: "+b.Fault)
	}
	if c := n.secondCopy(); c != nil && c.Fault != "" {
		all = append(all, "the second copy is not written: "+c.Fault)
	}
	return all
}

// NoCheckpoints is what the node warns of until checkpoints leave it.
const NoCheckpoints = "no checkpoint of the journal leaves this machine, so nobody else could tell if it was rewritten: serve --checkpoint-to"

// NoRecovery is what the node warns of until there is a recovery key.
const NoRecovery = "there is no recovery key, and so no backup can be made: implantrace keys recovery new"
