package app_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/bolt/faulty"
	"implantrace/internal/trace"
)

// A node whose disk is full, read-only or failing says so to whoever asks it to
// record, answers everything else, still checks what is scanned, says on its page
// that it is not recorded, and goes on by itself when the disk does.
func TestANodeWhoseDiskFails(t *testing.T) {
	for name, c := range map[string]struct {
		set, end     func(*faulty.Disk)
		status       int
		problem, why string // of an answer; on the page and in readiness
	}{
		"full": {func(d *faulty.Disk) { d.Room(0) }, func(d *faulty.Disk) { d.Room(1 << 30) }, 507, "disk-full", "the disk is full"},
		"read-only": {func(d *faulty.Disk) { d.ReadOnly(true) }, func(d *faulty.Disk) { d.ReadOnly(false) }, 503, "read-only",
			"the disk cannot be written"},
		"failing": {func(d *faulty.Disk) { d.Fail(faulty.Fault{Op: faulty.Changes, Errno: syscall.EIO}) }, func(d *faulty.Disk) { d.Fail() }, 503, "outcome-unknown",
			"the disk did not confirm it"},
		"losing": {func(d *faulty.Disk) { d.Fail(faulty.Fault{Op: faulty.Sync, Errno: syscall.EIO, Skip: 1, Lose: true}) }, func(d *faulty.Disk) { d.Fail() },
			503, "outcome-unknown", "the disk did not confirm it"},
	} {
		t.Run(name, func(t *testing.T) {
			disk := faulty.Mount(t)
			n, err := app.Open(t.Context(), app.Config{NoSignIn: true, Data: filepath.Join(disk.Dir(), "data"), Keys: filepath.Join(t.TempDir(), "keys.json")}, "test", slog.New(slog.DiscardHandler), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.end(disk); n.Close() })
			ask := func(method, path, body string) (int, string, string) {
				t.Helper()
				q := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
				if body != "" {
					q.Header.Set("Content-Type", "application/json")
				}
				r := httptest.NewRecorder()
				n.API.ServeHTTP(r, q)
				return r.Code, r.Body.String(), r.Header().Get("Retry-After")
			}
			reading := func(id trace.EventID, lot string) string {
				return fmt.Sprintf(`{"id":%q,"text":"(01)%s(17)310630(10)%s"}`, id, di, lot)
			}
			before := trace.NewEventID()
			if got, body, _ := ask("POST", "/api/v1/procedures", procedureBody(before, ada)); got != 201 {
				t.Fatal(got, body)
			}
			c.set(disk)
			refused := trace.NewEventID()
			got, body, retry := 0, "", ""
			for i := range 300 { // a full disk may still have room within the file
				refused = trace.NewEventID()
				if got, body, retry = ask("POST", "/api/v1/readings", reading(refused, fmt.Sprint("L", i))); got != 201 {
					break
				}
			}
			if got != c.status || !strings.Contains(body, c.problem) || (retry != "") != (c.status == 503) {
				t.Errorf("asked to record: %d, %s, retry after %q", got, body, retry)
			}
			if got, body, _ := ask("GET", "/api/v1/procedures/"+before.String(), ""); got != 200 || !strings.Contains(body, ada) {
				t.Errorf("asked what is recorded: %d %s", got, body)
			}
			if got, body, _ := ask("GET", "/theatre", ""); got != 200 || !strings.Contains(body, "NOT recorded: "+c.why) {
				t.Errorf("the page: %d, says nothing of %q", got, c.why)
			}
			if got, body, _ := ask("GET", "/readyz", ""); got != 503 || !strings.Contains(body, "faults") {
				t.Errorf("ready: %d %s", got, body)
			}
			officer := fmt.Sprintf(`{"id":%q,"approved":true,"officer":"Dr Example"}`, trace.NewEventID())
			want := map[bool]int{true: 2, false: 5}[c.status == 507] // for this there is the reserve
			if got, body, _ := ask("POST", "/api/v1/approval", officer); got/100 != want {
				t.Errorf("an approval: %d %s", got, body)
			}
			c.end(disk)
			ready := 0
			for until := time.Now().Add(20 * time.Second); ready != 200 && time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
				ready, body, _ = ask("GET", "/readyz", "")
			}
			if ready != 200 {
				t.Errorf("well again, and not ready: %s", body)
			}
			if got, body, _ := ask("POST", "/api/v1/readings", reading(refused, "other")); got == 201 {
				t.Logf("nothing of the refused reading was recorded")
			} else if got != 409 { // it had landed, with another text
				t.Errorf("repeated: %d %s", got, body)
			}
			v, err := n.Store.Verify(t.Context(), t.TempDir())
			if err != nil || len(v.Findings) > 0 {
				findings, _ := json.Marshal(v.Findings)
				t.Errorf("%s, %v", findings, err)
			}
		})
	}
}
