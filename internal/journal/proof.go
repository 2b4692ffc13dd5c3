package journal

import (
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/trace"
)

// ProveInclusion gives the hashes that lead from entry seq to the root of the
// first size entries (RFC 6962, 2.1.1). seq is below size, and size is not
// above what the log has.
func ProveInclusion(h Hashes, seq, size uint64) ([]trace.Hash, error) {
	p, err := tlog.ProveRecord(int64(size), int64(seq), reader{h})
	return hashes(p), err
}

// ProveConsistency gives the hashes that show that the log of the first to
// entries begins with the log of the first from (RFC 6962, 2.1.2). from is at
// least 1 and not above to, and to is not above what the log has.
func ProveConsistency(h Hashes, from, to uint64) ([]trace.Hash, error) {
	p, err := tlog.ProveTree(int64(to), int64(from), reader{h})
	return hashes(p), err
}

func hashes[P ~[]tlog.Hash](p P) []trace.Hash {
	out := make([]trace.Hash, len(p))
	for i, h := range p {
		out[i] = trace.Hash(h)
	}
	return out
}
