package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"implantrace/internal/journal"
	"implantrace/internal/trace"
)

// Source is the node whose checkpoints leave.
type Source interface {
	trace.Prover
	Heads(ctx context.Context) ([]trace.TreeHead, error)
	Node() trace.NodeID
}

// Signed is a checkpoint as it leaves.
type Signed struct {
	journal.Checkpoint
	Note   []byte
	Signer trace.NodeID
	Key    string // the signer's verifier key
}

// Destination is where checkpoints go. Put keeps one for good, or fails; it may
// be given the same one again.
type Destination interface {
	Name() string
	Put(ctx context.Context, s Signed) error
}

// ErrContradiction means that a checkpoint that left earlier is of another
// history than the journal's: it was rewritten, or is that of another store.
var ErrContradiction = errors.New("the journal is not the one whose checkpoints left earlier")

// ParseDestination reads a destination as it is configured: an address, or a
// folder.
func ParseDestination(text string) (Destination, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return nil, errors.New("a checkpoint goes to a folder or an https address")
	case strings.Contains(text, "://"):
		return NewWeb(text)
	}
	return Folder{text}, nil
}

// Publisher lets checkpoints leave at a steady rate, when a log has grown.
type Publisher struct {
	source Source
	every  time.Duration
	clock  trace.Clock
	log    *slog.Logger
	routes []*route
}

// route is the way to one destination, which no other waits for.
type route struct {
	to   Destination
	wake chan chan<- struct{}

	mu    sync.Mutex
	sizes map[trace.NodeID]uint64 // of the logs when they last left
	state trace.Departure
}

// New makes a publisher. every is the time between two checkpoints of a log.
func New(source Source, to []Destination, every time.Duration, clock trace.Clock, log *slog.Logger) *Publisher {
	p := &Publisher{source: source, every: every, clock: clock, log: log}
	for _, d := range to {
		p.routes = append(p.routes, &route{to: d, wake: make(chan chan<- struct{}), sizes: make(map[trace.NodeID]uint64), state: trace.Departure{To: d.Name()}})
	}
	return p
}

const (
	retryLeast = time.Second // between two tries to reach a destination
	lastWithin = 5 * time.Second
)

// Run lets checkpoints leave until ctx is done, and a last time then.
func (p *Publisher) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, r := range p.routes {
		all.Go(func() { p.run(ctx, r) })
	}
	all.Wait()
}

func (p *Publisher) run(ctx context.Context, r *route) {
	p.recall(ctx, r)
	wait, failures := time.Duration(0), 0
	for {
		timer := time.NewTimer(wait)
		var asked chan<- struct{}
		select {
		case <-ctx.Done():
			timer.Stop()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
			defer cancel()
			p.leave(last, r)
			return
		case asked = <-r.wake:
		case <-timer.C:
		}
		timer.Stop()
		wait = p.every
		if p.leave(ctx, r) != nil {
			// Sooner than the next one is due, and later each time.
			wait = min(p.every, retryLeast<<min(failures, 10))
			failures++
		} else {
			failures = 0
		}
		if asked != nil {
			close(asked)
		}
	}
}

// recall finds out what left before the node was started, and whether the
// journal still is what it was then.
func (p *Publisher) recall(ctx context.Context, r *route) {
	folder, ok := r.to.(Folder)
	if !ok {
		return
	}
	heads, err := p.source.Heads(ctx)
	if err != nil {
		return // leave says so
	}
	for _, h := range heads {
		last, ok, err := folder.Last(h.Node, p.source.Node())
		if err != nil || !ok {
			continue // leave says so
		}
		err = p.begins(ctx, h, last)
		r.mu.Lock()
		if h.Node == p.source.Node() && !last.Signed.IsZero() {
			r.state.Left, r.state.Size = &last.Signed, last.Size
		}
		if err != nil {
			r.state.Contradiction = err.Error()
			p.log.Error("checkpoint", "to", r.to.Name(), "error", err.Error())
		} else {
			r.sizes[h.Node] = last.Size
		}
		r.mu.Unlock()
	}
}

// begins checks that a log begins with what a checkpoint stands for.
func (p *Publisher) begins(ctx context.Context, h trace.TreeHead, c journal.Checkpoint) error {
	if c.Size > h.Size {
		return fmt.Errorf("%w: node %s had %d entries then, and has %d", ErrContradiction, h.Node, c.Size, h.Size)
	}
	proof, err := p.source.Consistency(ctx, h.Node, c.Size, 0)
	if err == nil && proof.FromRoot != c.Root {
		err = fmt.Errorf("%w: the first %d entries of node %s are others", ErrContradiction, c.Size, h.Node)
	}
	return err
}

// leave lets a checkpoint of each log that has grown go to one destination.
func (p *Publisher) leave(ctx context.Context, r *route) error {
	heads, err := p.source.Heads(ctx)
	for _, h := range heads {
		if err != nil {
			break
		}
		r.mu.Lock()
		was := r.sizes[h.Node]
		r.mu.Unlock()
		if h.Size == was {
			continue
		}
		err = p.leaveLog(ctx, r, h.Node)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.state.Trouble
	r.state.Trouble = ""
	if err != nil {
		r.state.Trouble = err.Error()
		if errors.Is(err, ErrContradiction) {
			r.state.Contradiction = err.Error()
		}
	}
	if r.state.Trouble != before {
		if err != nil {
			p.log.Error("no checkpoint leaves", "to", r.to.Name(), "error", err.Error())
		} else {
			p.log.Info("checkpoints leave again", "to", r.to.Name())
		}
	}
	return err
}

func (p *Publisher) leaveLog(ctx context.Context, r *route, log trace.NodeID) error {
	note, err := p.source.Checkpoint(ctx, log)
	if err != nil {
		return err
	}
	key := p.source.VerifierKey()
	verifier, err := journal.ParseKey(key)
	if err != nil {
		return err
	}
	c, _, err := journal.OpenCheckpoint(note, verifier)
	if err != nil {
		return err
	}
	if err := r.to.Put(ctx, Signed{Checkpoint: c, Note: note, Signer: p.source.Node(), Key: key}); err != nil {
		return err
	}
	now := p.clock().UTC()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sizes[log] = c.Size
	if log == p.source.Node() {
		r.state.Left, r.state.Size = &now, c.Size
	}
	return nil
}

// Now lets checkpoints leave at once, and waits for it. What came of it is in
// the state.
func (p *Publisher) Now(ctx context.Context) error {
	for _, r := range p.routes {
		done := make(chan struct{})
		select {
		case r.wake <- done:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// State says of each destination when a checkpoint last reached it. entries is
// how many the node's own log has.
func (p *Publisher) State(entries uint64) []trace.Departure {
	all := make([]trace.Departure, len(p.routes))
	for i, r := range p.routes {
		r.mu.Lock()
		all[i] = r.state
		r.mu.Unlock()
		if d := &all[i]; entries > d.Size {
			d.Behind = entries - d.Size
		}
		if left := all[i].Left; left != nil {
			age := max(0, p.clock().Sub(*left).Seconds())
			all[i].Age = &age
		}
	}
	return all
}
