package app

import (
	"context"
	"errors"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// Recover makes a new store of what a damaged file still holds. keys reports
// whether the node's keys were at hand.
func Recover(ctx context.Context, c Config, v Version, from, to string, unproved bool, trust trace.Trust, progress func(done, total int64)) (r trace.Recovery, keys bool, err error) {
	c, err = c.withDefaults()
	if err != nil {
		return r, false, err
	}
	ring, err := c.loadKeys(ctx)
	if err != nil && !errors.Is(err, seal.ErrNoKeys) {
		return r, false, err
	}
	r, err = bolt.Recover(ctx, from, to, bolt.RecoverOptions{Keys: ring, Name: c.Name, Version: string(v), Unproved: unproved, Trust: trust, Progress: progress})
	return r, ring != nil, err
}
