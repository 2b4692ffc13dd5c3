package bolt

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// outside are the checkpoints from outside that a journal is held against.
type outside struct {
	held   []trace.Held
	at     map[trace.NodeID]map[uint64][]int // which of held are of a size of a log
	sizes  map[trace.NodeID]uint64           // of the logs that are there
	holes  map[trace.NodeID]uint64           // the first place of each log whose hash is gone
	given  bool                              // something was given from outside
	ownKey bool                              // the signatures were checked with the node's own key
}

// gather reads the checkpoints and checks their signatures.
func gather(trust trace.Trust, node trace.NodeID, own *seal.Keyring, find func(where, what string), say func(string, ...any)) *outside {
	o := &outside{at: make(map[trace.NodeID]map[uint64][]int), sizes: make(map[trace.NodeID]uint64), holes: make(map[trace.NodeID]uint64), given: len(trust.Checkpoints) > 0}
	var keys []note.Verifier
	for _, text := range trust.Keys {
		v, err := journal.ParseKey(text)
		if err != nil {
			find("the key "+text, err.Error())
			continue
		}
		keys = append(keys, v)
	}
	if len(trust.Keys) == 0 && own != nil && o.given {
		if s, err := journal.NewSigner(node, own.SigningKey()); err == nil {
			if v, err := journal.ParseKey(s.Key); err == nil {
				keys, o.ownKey = append(keys, v), true
			}
		}
	}
	for _, c := range trust.Checkpoints {
		where := "checkpoint " + c.Name
		is, signer, err := journal.OpenCheckpoint([]byte(c.Note), keys...)
		switch {
		case errors.Is(err, journal.ErrSignature) && len(keys) == 0:
			say("%s: its signature was not checked, because no key was given and the node's is not at hand.", where)
		case err != nil:
			find(where, "counts for nothing: it is "+err.Error())
			continue
		}
		h := trace.Held{Name: c.Name, Log: is.Log, Size: is.Size, Root: is.Root, Signer: signer}
		if !is.Signed.IsZero() {
			h.Signed = &is.Signed
		}
		o.held = append(o.held, h)
	}
	slices.SortStableFunc(o.held, func(a, b trace.Held) int {
		return cmp.Or(slices.Compare(a.Log[:], b.Log[:]), cmp.Compare(a.Size, b.Size))
	})
	for i, h := range o.held {
		if o.at[h.Log] == nil {
			o.at[h.Log] = make(map[uint64][]int)
		}
		o.at[h.Log][h.Size] = append(o.at[h.Log][h.Size], i)
	}
	return o
}

// reached is told each size that a log had, and holds the checkpoints of that
// size against it.
func (o *outside) reached(log trace.NodeID, size uint64, root func() tlog.Hash) {
	o.sizes[log] = size
	for _, i := range o.at[log][size] {
		o.held[i].Holds = trace.Hash(root()) == o.held[i].Root
	}
}

// judge says what the checkpoints come to: in which stretch of which log
// history is not what it was.
func (o *outside) judge(find func(where, what string), say func(string, ...any)) []trace.Held {
	if !o.given {
		say("This rests on the node's own word: no checkpoint from outside was given. Whoever has the store and its keys could have written " +
			"a whole other history that proves itself as well. A checkpoint that was kept elsewhere shows that: --checkpoint.")
		return []trace.Held{}
	}
	if o.ownKey {
		say("The signatures were checked with the node's own key, since no key was given: that a checkpoint is the node's rests on where you kept it.")
	}
	for i, h := range o.held {
		if i == 0 || o.held[i-1].Log != h.Log {
			o.judgeLog(h.Log, find, say)
		}
	}
	for _, log := range slices.SortedFunc(maps.Keys(o.sizes), func(a, b trace.NodeID) int { return slices.Compare(a[:], b[:]) }) {
		if o.at[log] == nil {
			say("The log of node %s, %d entries, rests on the node's own word: no checkpoint of it was given.", log, o.sizes[log])
		}
	}
	return o.held
}

func (o *outside) judgeLog(log trace.NodeID, find func(where, what string), say func(string, ...any)) {
	size := o.sizes[log]
	var good *trace.Held // the last that holds, before any that does not
	var bad *trace.Held  // the first that does not
	for i := range o.held {
		h := &o.held[i]
		switch {
		case h.Log != log || h.Size == 0:
			h.Holds = h.Holds || h.Log == log
		case h.Holds && bad != nil && bad.Size < h.Size:
			// The log cannot have been another at first and the same later.
			find("checkpoint "+bad.Name, fmt.Sprintf("was never of this log: that of %d entries, %s, holds, and it is of fewer", h.Size, h.Name))
			good, bad = h, nil
		case h.Holds:
			good = h
		case bad == nil:
			bad = h
		}
	}
	if bad != nil {
		first, since := uint64(0), ""
		if good != nil {
			first, since = good.Size, fmt.Sprintf(" The entries before, %s, are those of checkpoint %s%s.", stretch(0, good.Size), good.Name, signedAt(good))
		}
		what := fmt.Sprintf("are not what was recorded: checkpoint %s%s has another root for its %d entries: history was rewritten.%s", bad.Name, signedAt(bad), bad.Size, since)
		if hole, ok := o.holes[log]; ok && hole >= first && hole < bad.Size {
			what = fmt.Sprintf("cannot be held against checkpoint %s%s: entry %d is lost, and its hash is too.%s", bad.Name, signedAt(bad), hole, since)
		}
		if bad.Size > size {
			what = fmt.Sprintf("are not all there: checkpoint %s%s has %d entries, and the journal has %d: entries were taken away.%s", bad.Name, signedAt(bad), bad.Size, size, since)
		}
		find(fmt.Sprintf("%s of node %s", stretch(first, bad.Size), log), what)
		return
	}
	if good != nil && good.Size < size {
		say("The last %d entries of node %s (from %d) are younger than the newest checkpoint given, %s%s, and rest on the node's own word.", size-good.Size, log, good.Size, good.Name, signedAt(good))
	}
}

func stretch(first, end uint64) string {
	if end-first == 1 {
		return fmt.Sprintf("entry %d", first)
	}
	return fmt.Sprintf("entries %d to %d", first, end-1)
}

func signedAt(h *trace.Held) string {
	if h.Signed == nil {
		return ""
	}
	return " (signed " + h.Signed.Format(time.RFC3339) + ")"
}
