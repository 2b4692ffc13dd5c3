package api_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// listen opens the event stream over a real connection, and gives what comes.
func listen(t *testing.T, ctx context.Context, n *node, url string) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/theatre/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{t: t, about: "GET /api/v1/theatre/events", Status: resp.StatusCode, Header: resp.Header}
	n.check(request{target: "/api/v1/theatre/events"}, a)
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", resp.Header)
	}
	events := make(chan string)
	go func() {
		defer close(events)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				select {
				case events <- name:
				case <-ctx.Done():
					return
				}
			} else if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && strings.Trim(data, "0123456789") != "" {
				t.Errorf("an event says %q", data)
			}
		}
	}()
	return events
}

// await takes events until the one that is wanted, for two seconds.
func await(t *testing.T, events <-chan string, want string) {
	t.Helper()
	late := time.After(2 * time.Second)
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("the stream ended before %s", want)
			}
			if e == want {
				return
			}
		case <-late:
			t.Fatalf("no %s within two seconds", want)
		}
	}
}

func TestAPageHearsOfChangesWithinTwoSeconds(t *testing.T) {
	n := newNode(t)
	srv := httptest.NewServer(n.server)
	defer srv.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	events := listen(t, ctx, n, srv.URL)
	await(t, events, "changed") // a page that comes back sees what it missed
	await(t, events, "alive")
	await(t, events, "alive")
	for _, c := range [][2]string{
		{"/api/v1/readings", `{"id":"{new x}","text":"` + wristband + `"}`},
		{"/api/v1/theatre/open", `{"id":"{new p}","code":{"text":"Hip"}}`},
		{"/api/v1/usages", `{"id":"{new u}","procedure":"{p}","device":{"lot":"A"}}`},
		{"/api/v1/usages/{u}/outcome", `{"id":"{new x}","status":"wasted"}`},
		{"/api/v1/corrections", `{"id":"{new x}","usage":"{u}","withdraw":true,"reason":"x"}`},
		{"/api/v1/products", `{"id":"{new x}","di":"` + stem + `","maker":"Northmoor"}`},
		{"/api/v1/theatre/close", `{"id":"{new x}","procedure":"{p}"}`},
		{"/api/v1/theatre/forget", ""},
	} {
		a := n.post(n.fill(c[0]), n.fill(c[1]))
		if a.Status >= 300 {
			t.Fatalf("%s: %s", a.about, a.Body)
		}
		await(t, events, "changed")
	}
}

func TestEventStreamsEndWhenTheNodeShutsDown(t *testing.T) {
	n := newNode(t)
	srv := httptest.NewServer(n.server)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	one, two := listen(t, ctx, n, srv.URL), listen(t, ctx, n, srv.URL)
	await(t, one, "alive")
	await(t, two, "alive")
	n.server.Shutdown()
	for _, events := range []<-chan string{one, two} {
		late := time.After(2 * time.Second)
		for open := true; open; {
			select {
			case _, open = <-events:
			case <-late:
				t.Fatal("the stream goes on")
			}
		}
	}
}
