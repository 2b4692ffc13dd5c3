package staff

import (
	"context"
	"slices"
	"strings"
	"sync"

	"implantrace/internal/trace"
)

// books are the accounts of the record, opened, in memory: hundreds, and asked for
// at every request. They are read again whenever this node changes them.
type books struct {
	store trace.Store

	mu    sync.RWMutex
	byID  map[trace.AccountID]entry
	keys  map[string]trace.AccountID // hash of a machine's or program's key
	codes map[string]trace.AccountID // badges
	names map[string]trace.AccountID // logins
}

// entry is one account with what it signs in with.
type entry struct {
	Account
	record  trace.Account
	secrets map[string]trace.Credential // by method; not those that were removed
}

// read reads all of it again.
func (b *books) read(ctx context.Context) error {
	byID := make(map[trace.AccountID]entry)
	keys, codes, names := make(map[string]trace.AccountID), make(map[string]trace.AccountID), make(map[string]trace.AccountID)
	for a, err := range b.store.Accounts(ctx) {
		if err != nil {
			return err
		}
		e := entry{Account: Account{ID: a.Account, Sort: a.Sort, Left: a.Left, Expires: a.Expires, Made: a.Made.Recorded}, record: a, secrets: make(map[string]trace.Credential)}
		for _, r := range a.Roles {
			e.Roles = append(e.Roles, Role(r))
		}
		for _, p := range a.Scope {
			e.Scope = append(e.Scope, Permission(p))
		}
		who, err := b.store.Secret(ctx, a.About)
		if err != nil {
			return err
		}
		if who != nil {
			e.Name, e.Login, e.Badge = who.Name, who.Login, who.Badge
		}
		if who == nil || e.Name == "" { // it was forgotten
			e.Left = true
		}
		for c, err := range b.store.Credentials(ctx, a.Account) {
			if err != nil {
				return err
			}
			if !c.Removed {
				e.secrets[c.Method] = c
			}
		}
		byID[e.ID] = e
		if e.Left {
			continue
		}
		if e.Sort == trace.PersonAccount {
			if e.Badge != "" {
				codes[e.Badge] = e.ID
			}
			names[loginOf(e.Login)] = e.ID
			continue
		}
		if c, ok := e.secrets[byKey]; ok {
			s, err := b.store.Secret(ctx, c.Stamp.Position)
			if err != nil {
				return err
			}
			if s != nil {
				keys[s.Credential] = e.ID
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.byID, b.keys, b.codes, b.names = byID, keys, codes, names
	return nil
}

// loginOf is a login as it is compared.
func loginOf(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// entry is an account, also of one who has left.
func (b *books) entry(id trace.AccountID) (entry, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	e, ok := b.byID[id]
	return e, ok
}

// named is the account behind a login, or a badge.
func (b *books) named(login, badge string) (entry, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	id, ok := b.names[loginOf(login)]
	if badge != "" {
		id, ok = b.codes[badge]
	}
	return b.byID[id], ok
}

// holds is the machine or program that has a key.
func (b *books) holds(sort trace.AccountSort, key string) (entry, bool) {
	if key == "" {
		return entry{}, false
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	e, ok := b.byID[b.keys[keyHash(key)]]
	return e, ok && e.Sort == sort
}

// all gives the accounts of a sort, by name.
func (b *books) all(sort trace.AccountSort) (some []Account) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, e := range b.byID {
		if e.Sort == sort {
			some = append(some, e.Account)
		}
	}
	slices.SortFunc(some, func(x, y Account) int {
		if c := strings.Compare(loginOf(x.Name), loginOf(y.Name)); c != 0 {
			return c
		}
		return x.Made.Compare(y.Made)
	})
	return some
}

// Account is Directory's.
func (b *books) Account(id trace.AccountID) (Account, bool) {
	e, ok := b.entry(id)
	return e.Account, ok && !e.Left
}

// Machine is Keys's.
func (b *books) Machine(key string) (trace.AccountID, bool) {
	e, ok := b.holds(trace.MachineAccount, key)
	return e.ID, ok
}

// Program is Keys's.
func (b *books) Program(token string) (Who, bool) {
	e, ok := b.holds(trace.ProgramAccount, token)
	if !ok {
		return Who{}, false
	}
	return Who{Kind: Program, Account: e.ID, Name: e.Name, Scope: e.Scope}, true
}
