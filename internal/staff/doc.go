// Package staff is who works with a node: their accounts and roles, what each
// may do, and how they sign in.
//
// One table ([Permissions]) says which roles may do what. Every route of the
// API and every page names the line of it that it stands under, and whatever is
// in no line is refused.
package staff
