// Package history takes in what happened before: rows of other systems, and of
// the time before a node was there, as JSON lines.
//
//	report, err := history.Import(ctx, recorder, file, history.Options{Source: "pas"}, func(r history.Refusal) {
//		fmt.Printf("line %d: %s\n", r.Line, r.Reason)
//	})
//
// Each row is one command of a [command.Recorder]. Its id is made of the
// source, the type and the row's own ref, so that a file can be imported any
// number of times: what is there already is counted as repeated. The same ref
// with other content is refused, and so is every row that does not make sense;
// the rows after it are read all the same. A row is recorded, repeated or
// refused, and never left out in silence.
//
// Everything that comes in is marked [trace.Imported]: nobody here verified
// it. The rows are described in docs/import.md and docs/import.schema.json.
package history
