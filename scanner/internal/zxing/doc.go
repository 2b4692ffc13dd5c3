// Package zxing reads symbols from gray pictures with zxing-cpp, as the
// WebAssembly build that the npm package zxing-wasm carries.
//
// The build is fetched by make and embedded. A product without it still builds
// and runs; [Available] says whether it is there:
//
//	if !zxing.Available() {
//		return readWithTheOtherEngine()
//	}
//	engine, err := zxing.Open(zxing.Options{Instances: 2})
//	if err != nil {
//		return err
//	}
//	defer engine.Close()
//	results, err := engine.Read(ctx, gray, zxing.Defaults())
//
// The code runs in a sandbox: it sees a memory of its own, with a limit, and
// nothing else of the machine. A trap, an exception, or a cancelled context ends
// one call with an error, and the sandbox in which it happened is thrown away.
//
// A read takes twice as long as with the same file in Node. To measure it, with
// the labels of the shared pictures, by turns in the same run:
//
//	go test -run '^$' -bench BesideNode ./scanner/internal/zxing
package zxing
