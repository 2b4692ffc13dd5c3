package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"

	"implantrace/api"
	"implantrace/gs1"
	"implantrace/scanner"
)

func versionCommand() subcommand {
	return subcommand{
		name: "version", summary: "say what this program is",
		help: "Prints the version, the release of GS1's dictionary it was made from, and which parts are built in.",
		setup: func(*flag.FlagSet) func(context.Context, streams, []string) error {
			return func(_ context.Context, s streams, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				name, there := scanner.EngineVersion()
				engine := name
				if !there {
					engine = "not in this build; gozxing reads alone"
				}
				yes := map[bool]string{true: "built in", false: "not in this build"}
				fmt.Fprintf(s.out, "implantrace %s\n%s %s/%s\nGS1 Barcode Syntax Dictionary %s\nserial handhelds: %s\npage assets: %s\npicture engine: %s\n",
					version, runtime.Version(), runtime.GOOS, runtime.GOARCH, gs1.DictionaryRelease, yes[scanner.SerialSupported], yes[api.AssetsBuiltIn()], engine)
				return nil
			}
		},
	}
}
