// Package delivery makes runs of exports at the times that a schedule says, and
// brings their files to a folder or by HTTPS to another machine.
//
//	d, err := delivery.New(runs, []delivery.Schedule{{Name: "weekly", Registry: "mdor", Every: 7 * 24 * time.Hour, To: "/srv/registry/in"}}, log)
//	d.Run(ctx) // until ctx is done
//
// What was done stands in the record alone: which run a schedule made last, and
// whether its file was delivered. So a node that is killed at any moment goes on where it
// stopped. The file of a run has a name of its own, and gets it when all of it is on
// the disk; the same bytes brought twice are one file. By HTTPS it is sent under the
// same address and with the same Idempotency-Key each time.
package delivery
