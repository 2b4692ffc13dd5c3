// Package outward is the one door by which the node sends requests to other
// machines: [Address] says which addresses may be asked, and [Client] asks them.
//
// Whatever names the address (a setting, a document that another server sent),
// it cannot make the node speak to what only the machine's own surroundings
// answer to: loopback that was not named as such, link-local addresses, and those
// at which clouds hand out credentials.
package outward
