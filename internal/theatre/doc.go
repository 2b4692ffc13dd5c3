// Package theatre is the point of use: what is awaited at a workstation, what a
// reading means there, and what the screen answers. It knows nothing of HTTP.
//
// A [Floor] is all workstations of a node, and says to which of them a handheld's
// readings go. A [Desk] is one workstation. Readings come in by [Desk.Take] (one, answered
// when it is recorded), [Desk.TakePicture] (all symbols of one photograph) and
// [Desk.Feed] (from a handheld: queued, and tried until recorded).
package theatre
