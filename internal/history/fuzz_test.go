package history_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"implantrace/internal/bounds"
	"implantrace/internal/history"
)

// Whatever the file, every row of it is counted once, and what was recorded is
// there when the file comes again.
func FuzzImport(f *testing.F) {
	f.Add([]byte(strings.Join([]string{product, ada, hip, stem}, "\n")))
	f.Add([]byte(strings.Join([]string{stem, hip, ada, ada}, "\r\n")))
	f.Add([]byte("\ufeff\n{}\n[]\nnull\n{\"type\":\"usage\"}"))
	f.Add([]byte(`{"type":"correction","ref":"K","of":{"type":"usage","ref":"U-1"},"set":{"lot":"B"},"clear":["serial"],"reason":"x"}` + "\n" + stem + "\n" + hip + "\n" + ada))
	f.Add([]byte(`{"type":"procedure","ref":"T","patient":{"nhs_number":"9990000018"},"code":{"text":"hip"},"start":"2020-01-01"}`))
	n, run := open(f), 0
	f.Fuzz(func(t *testing.T, file []byte) {
		run++
		o := history.Options{Source: fmt.Sprint("fuzz ", run)}
		take := func() history.Report {
			refused := 0
			r, err := history.Import(context.Background(), n.Recorder, bytes.NewReader(file), o, func(history.Refusal) { refused++ })
			if err != nil {
				t.Fatal(err)
			}
			if r.Lines != r.Recorded+r.Repeated+r.Refused || refused != r.Refused {
				t.Fatalf("%+v, %d refusals", r, refused)
			}
			return r
		}
		bounds.Hold(t, func() {
			first := take()
			if second := take(); second.Repeated < first.Recorded+first.Repeated {
				t.Fatalf("first %+v, second %+v", first, second)
			}
		})
	})
}
