package staff

import (
	"slices"

	"implantrace/internal/trace"
)

// Kind is how whoever asks came in.
type Kind uint8

// The ways in. The zero value has none: nobody.
const (
	Nobody    Kind = iota
	Machine        // an enrolled theatre machine at which nobody is signed in, or whose page is locked
	Person         // somebody who signed in
	Program        // a token
	AtNode         // the operator of the machine, through the node's socket
	Unchecked      // a node that was told not to ask who people are
)

// Who is whoever asks for something.
type Who struct {
	Kind    Kind
	Account trace.AccountID // of a person; of a program the token's
	Name    string
	Roles   []Role
	Scope   []Permission // of a program
	Glass   bool         // a person who broke the glass, and whose time is not over
	Locked  bool         // a machine whose person's page locked: unlock, rather than sign in
}

// Answer is what the table says to somebody.
type Answer uint8

// The answers. The zero value lets nobody in.
const (
	No        Answer = iota
	SignFirst        // nobody is signed in
	Unlock           // the page is locked
	Yes
)

// May asks the table.
func (w Who) May(p Permission) Answer {
	l, ok := line(p)
	if !ok {
		return No
	}
	switch w.Kind {
	case AtNode:
		return Yes
	case Unchecked:
		return yes(p != Operator)
	case Program:
		return yes(p == Anyone || l.Programs && (p == SignedIn || slices.Contains(w.Scope, p)))
	case Person:
		return yes(l.has(w.Roles) || l.Glass && w.Glass)
	}
	switch {
	case p == Anyone, w.Kind == Machine && l.Locked:
		return Yes
	case p == Operator:
		return No
	case w.Locked:
		return Unlock
	}
	return SignFirst
}

func (l Line) has(roles []Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(l.Roles, r) })
}

func yes(is bool) Answer {
	if is {
		return Yes
	}
	return No
}

// Actor is how entries name whoever asked. The name is not in it: an account
// may be forgotten, and entries are not.
func (w Who) Actor(via string) trace.Actor {
	a := trace.Actor{Via: via}
	switch w.Kind {
	case Person, Program:
		a.Account = w.Account
	case Machine:
		a.Unconfirmed = true
	}
	return a
}
