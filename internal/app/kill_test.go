package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"implantrace/internal/trace"
)

// answered is a request that was answered with "recorded".
type answered struct {
	path, body string
	find       string // where it is found again; "" for a reading
	want       string // what is found there
}

// TestAnsweredPostsSurviveKill: what was answered is there, whenever the
// process was killed.
func TestAnsweredPostsSurviveKill(t *testing.T) { killRounds(t, 5, 60) }

func TestSoakKill(t *testing.T) {
	if os.Getenv("IMPLANTRACE_SOAK") == "" {
		t.Skip("a long test: IMPLANTRACE_SOAK=1 runs it")
	}
	killRounds(t, 40, 500)
}

func killRounds(t *testing.T, rounds, most int) {
	dir := filepath.Join(t.TempDir(), "data")
	var all []answered
	for round := range rounds {
		own := killAfter(t, dir, 5+rand.IntN(most))
		check := slices.Concat(own, all[:min(len(all), 300)]) // and the oldest, again each round
		all = append(all, own...)
		c := connect(t, dir)
		for _, a := range check {
			if a.find != "" {
				if got, body := asked(t, c, "GET", a.find, ""); got != 200 || !strings.Contains(body, a.want) {
					t.Fatalf("round %d: %s was answered and is lost: %d %s", round, a.find, got, body)
				}
			}
			got, body := asked(t, c, "POST", a.path, a.body)
			if got != 200 && got != 201 || !strings.Contains(body, a.want) || a.find == "" && !strings.Contains(body, `"repeated":true`) {
				t.Fatalf("round %d: %s was answered, and repeated it is %d %s", round, a.body, got, body)
			}
		}
		var v trace.Verification
		got, body := asked(t, c, "POST", "/api/v1/operator/verify", "")
		if err := json.Unmarshal([]byte(body), &v); err != nil || got != 200 || len(v.Findings) > 0 || v.Entries == 0 {
			t.Fatalf("round %d: %d %s", round, got, body)
		}
		closed(t, c)
	}
	t.Logf("%d answered in %d rounds, none lost", len(all), rounds)
}

// killAfter has many clients post to a node, and kills it when it has answered n
// of them.
func killAfter(t *testing.T, dir string, n int) (all []answered) {
	t.Helper()
	p, said := start(t, dir)
	if p.url == "" {
		t.Fatal(said)
	}
	var mu sync.Mutex
	killed := false
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	// post reports whether the node answered that it is recorded.
	post := func(a answered) bool {
		r, err := client.Post(p.url+a.path, "application/json", strings.NewReader(a.body))
		if err != nil {
			return false // killed
		}
		defer r.Body.Close()
		var b bytes.Buffer
		_, err = b.ReadFrom(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if r.StatusCode != 200 && r.StatusCode != 201 {
			if !killed {
				t.Errorf("%s: %d %s", a.path, r.StatusCode, b.String())
			}
			return false
		}
		all = append(all, a) // the status has come: it counts, even if the rest was cut off
		if len(all) == n {
			killed = true
			p.signal(syscall.SIGKILL)
		}
		return err == nil
	}
	var clients sync.WaitGroup
	for i := range 12 {
		clients.Go(func() {
			for {
				id := trace.NewEventID()
				nhs := []string{ada, bob}[i%2]
				if !post(answered{"/api/v1/procedures", procedureBody(id, nhs), "/api/v1/procedures/" + id.String(), nhs}) {
					return
				}
				for k := range 3 {
					u, lot := trace.NewEventID(), fmt.Sprintf("LOT-%d-%d", i, k)
					if !post(answered{"/api/v1/usages", usageBody(u, id.String(), lot), "/api/v1/usages/" + u.String(), lot}) {
						return
					}
					r := trace.NewEventID()
					if !post(answered{"/api/v1/readings", fmt.Sprintf(`{"id":%q,"text":"(01)%s(17)310630(10)%s","procedure":%q}`, r, di, lot, id), "", lot}) {
						return
					}
				}
			}
		})
	}
	clients.Wait()
	if _, err := p.wait(); err == nil {
		t.Error("the node was not killed")
	}
	if len(all) < n {
		t.Fatalf("%d of %d were answered", len(all), n)
	}
	return all
}
