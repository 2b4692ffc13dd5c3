// Command implantrace records implanted devices and finds them again.
//
//	implantrace help
package main

import (
	"os"
	_ "time/tzdata" // a theatre machine need not have the time zones
)

// version is set by the build.
var version = "devel"

func main() { os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})) }
