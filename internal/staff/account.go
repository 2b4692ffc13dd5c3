package staff

import (
	"slices"

	"implantrace/internal/trace"
)

// Account is a member of staff.
type Account struct {
	ID    trace.AccountID
	Login string // what is typed to sign in with a password
	Name  string
	Badge string // the code of the badge: GSRN or local
	Roles []Role
	Left  bool // signs in no more
}

// Is reports whether an account has a role.
func (a Account) Is(r Role) bool { return slices.Contains(a.Roles, r) }

// Directory knows the accounts.
type Directory interface {
	// Account is ok for one that is there and has not left.
	Account(trace.AccountID) (a Account, ok bool)
}
