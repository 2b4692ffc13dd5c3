package app

import "context"

// Warnings say what somebody should see to although the node works.
func (n *Node) Warnings(ctx context.Context) (all []string) {
	if n.exposed != "" {
		all = append(all, "the keys are not kept secret: "+n.exposed)
	}
	if r, err := n.Store.Recovery(ctx); err == nil && len(r) == 0 {
		all = append(all, NoRecovery)
	}
	return all
}

// NoRecovery is what the node warns of until there is a recovery key.
const NoRecovery = "there is no recovery key, and so no backup can be made: implantrace keys recovery new"
