package app_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/app"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// What a handheld sends is recorded byte for byte, sealed, and made into the same
// readings again; and taken away for good.
func TestAHandheldIsRecorded(t *testing.T) {
	needSerial(t)
	root := t.TempDir()
	n := serve(t, app.Config{ScannersIn: root})
	k := &socket{t: t, root: root, tty: "ttyACM0", at: "1-1"}
	k.plug("05e0", "S1")
	const name = "Zebra Gun S1"
	until(t, "it is found", func() bool { return n.scannerNamed(name).Connected })
	t.Cleanup(k.unplug)
	const path = "/api/v1/scanners/recordings"
	do := func(method, path, body string) (int, string) {
		t.Helper()
		q, err := http.NewRequest(method, n.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	id := trace.NewEventID().String()
	start := func(id, scanner string, minutes int) (int, string) {
		return do("POST", path, fmt.Sprintf(`{"id":%q,"scanner":%q,"minutes":%d}`, id, scanner, minutes))
	}
	for want, got := range map[string]func() (int, string){
		"422": func() (int, string) { return start(id, name, 61) },
		"404": func() (int, string) { return start(id, "no such", 1) },
		"201": func() (int, string) { return start(id, name, 1) },
	} {
		if status, body := got(); fmt.Sprint(status) != want {
			t.Fatalf("status %d, want %s: %s", status, want, body)
		}
	}
	if status, body := start(trace.NewEventID().String(), name, 1); status != 409 {
		t.Errorf("twice at once: %d %s", status, body)
	}
	const sent = "]d201SECRET\x1d21S77\r"
	for _, part := range []string{sent[:5], sent[5:], "half"} {
		if _, err := k.master.WriteString(part); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "all of it is heard", func() bool {
		_, body := do("GET", path, "")
		return strings.Contains(body, fmt.Sprintf(`"bytes":%d`, len(sent)+len("half")))
	})
	if status, body := do("GET", path+"/"+id, ""); status != 409 {
		t.Errorf("taken out while it goes on: %d %s", status, body)
	}
	if status, body := do("POST", path+"/"+id+"/stop", ""); status != 200 || !strings.Contains(body, "stopped") {
		t.Fatalf("%d %s", status, body)
	}
	file := filepath.Join(n.node.Config.Data, "recordings", id+".age")
	sealed, err := os.ReadFile(file)
	if err != nil || bytes.Contains(sealed, []byte("SECRET")) || bytes.Contains(sealed, []byte("534543524554")) {
		t.Errorf("the file is not sealed: %v", err)
	}
	status, body := do("GET", path+"/"+id, "")
	rec, err := scanner.ReadRecording(strings.NewReader(body))
	if status != 200 || err != nil {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	var texts []string
	made, err := rec.Replay(t.Context(), nil, func(r scanner.Reading) { texts = append(texts, r.Text) })
	if err != nil || made.Readings != 1 || made.CutOff != 1 || texts[0] != strings.TrimSuffix(sent, "\r") {
		t.Errorf("%+v %q %v", made, texts, err)
	}
	if _, err := n.node.Replay(t.Context(), rec, false); err != app.ErrNotPractice {
		t.Errorf("a recording was played into a record: %v", err)
	}
	if status, body := do("POST", "/api/v1/readings", fmt.Sprintf(`{"id":%q,"text":"]d2010","source":"recording"}`, trace.NewEventID())); status != 422 {
		t.Errorf("a reading of a recording was taken into a record: %d %s", status, body)
	}
	if status, body := do("DELETE", path+"/"+id, ""); status != 204 {
		t.Errorf("%d %s", status, body)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}
