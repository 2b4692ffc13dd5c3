package staff

import (
	"slices"
	"time"

	"implantrace/internal/trace"
)

// Account is whoever signs in: a member of staff, a theatre machine, a program.
type Account struct {
	ID      trace.AccountID
	Sort    trace.AccountSort
	Login   string // what is typed to sign in with a password
	Name    string // "" once the account was forgotten
	Badge   string // the code of the badge: GSRN or local
	Roles   []Role
	Scope   []Permission // of a program
	Expires time.Time    // of a program; zero: never
	Left    bool         // signs in no more
	Made    time.Time
}

// Is reports whether an account has a role.
func (a Account) Is(r Role) bool { return slices.Contains(a.Roles, r) }

// Directory knows the members of staff.
type Directory interface {
	// Account is ok for one that is there and has not left.
	Account(trace.AccountID) (a Account, ok bool)
}
