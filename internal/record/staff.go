package record

import (
	"slices"

	"implantrace/internal/trace"
)

// foldAccount: what is public is what was said last; who it is, the last entry
// that says it.
func foldAccount(about []trace.Entry) (a trace.Account) {
	a.Made = stamp(about[0])
	for _, e := range about {
		a.AccountFact, a.Stamp = e.Fact.(trace.AccountFact), stamp(e)
		if len(e.Commitment) > 0 {
			a.About = e.Position
		}
	}
	a.Forget = nil // done
	return a
}

// CredentialKey is the key of a credential's row.
func CredentialKey(account trace.AccountID, method string) []byte {
	return append(slices.Clone(account[:]), method...)
}

// audited are the things under which an entry of the audit is found: what was
// seen, and whose account it was done to. Each once.
func audited(f trace.AuditFact) (all [][16]byte) {
	for _, o := range f.Objects {
		if !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	if !f.Account.IsZero() && !slices.Contains(all, [16]byte(f.Account)) {
		all = append(all, f.Account)
	}
	return all
}

// forget notes whose keys an entry takes away.
func (w *writer) forget(e trace.Entry, f trace.Forgetter) {
	for _, subject := range f.Keys() {
		w.put(Erased, join(subject[:], PositionKey(e.Position)), nil)
	}
}
