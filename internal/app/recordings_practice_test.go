package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"testing"

	"implantrace/internal/app"
	"implantrace/scanner"
)

// A recording is played into a practice store, and each reading of it is recorded.
func TestARecordingIsPlayedIntoAPractice(t *testing.T) {
	b, err := os.ReadFile("../../testdata/recordings/split.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	rec, err := scanner.ReadRecording(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	n, err := app.OpenPractice(t.Context(), app.Config{Data: t.TempDir(), Name: "practice", Listen: "127.0.0.1:0", FindScanners: app.FindNone}, "test", slog.New(slog.DiscardHandler), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	ready, over := make(chan struct{}), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { over <- n.Serve(ctx, func(string) { close(ready) }) }()
	<-ready
	made, err := n.Replay(ctx, rec, false)
	if err != nil || made.Readings != 2 {
		t.Errorf("%+v, %v", made, err)
	}
	until(t, "both are recorded", func() bool {
		st, err := n.Desk.State(ctx)
		return err == nil && len(st.Recent) == 2 && st.Recent[0].Source == "recording" && st.Recent[0].Scanner == "recording of desk"
	})
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
}
