package api_test

import (
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"implantrace/api"
)

// limited is a node with the usual limits.
func limited(t *testing.T) *node {
	t.Helper()
	n := newNode(t)
	n.parts.Limits = api.Limits{}
	n.version("test")
	return n
}

// ask sends a request from an address, and gives the status.
func (n *node) ask(from string, header map[string]string) *httptest.ResponseRecorder {
	r := n.http(request{target: "/healthz", header: header})
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	n.server.ServeHTTP(w, r)
	return w
}

// answered counts how many of so many requests at once are answered.
func (n *node) answered(times int, from string, header map[string]string) (answered int) {
	for range times {
		if n.ask(from, header).Code == 200 {
			answered++
		}
	}
	return answered
}

func TestOneAddressLeavesOthersTheirShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := limited(t)
		if got := n.answered(5000, "10.0.0.1:1000", nil); got != 2000 {
			t.Errorf("%d of 5,000 requests at once are answered", got)
		}
		refused := n.ask("10.0.0.1:1001", nil)
		if refused.Code != 429 || refused.Header().Get("Retry-After") != "1" || !strings.Contains(refused.Body.String(), "urn:implantrace:problem:too-many") || !strings.Contains(refused.Body.String(), "with the same id") {
			t.Errorf("%d %v %s", refused.Code, refused.Header(), refused.Body)
		}
		if got := n.answered(100, "10.0.0.2:1000", nil); got != 100 {
			t.Errorf("another address: %d of 100", got)
		}
		time.Sleep(time.Second)
		if got := n.answered(5000, "10.0.0.1:1002", nil); got != 400 {
			t.Errorf("a second later: %d", got)
		}
		// All addresses of one network of IPv6 are one.
		got := 0
		for i := range 3000 {
			got += n.answered(1, fmt.Sprintf("[2001:db8::%x]:1000", i+1), nil)
		}
		if got != 2000 {
			t.Errorf("one network of IPv6: %d of 3,000", got)
		}
	})
}

func TestOneSignInLeavesOthersTheirShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := limited(t)
		for _, header := range []map[string]string{{"Cookie": "implantrace=one"}, {"Authorization": "Bearer one"}, {"Cookie": "implantrace-machine=one"}} {
			time.Sleep(10 * time.Second)
			if got := n.answered(1000, "10.0.0.1:1", header); got != 500 {
				t.Errorf("%v: %d of 1,000 requests at once are answered", header, got)
			}
		}
		time.Sleep(10 * time.Second)
		if got := n.answered(100, "10.0.0.1:1", map[string]string{"Cookie": "implantrace=two"}); got != 100 {
			t.Errorf("another sign-in: %d of 100", got)
		}
		// Whoever invents a sign-in for each request is still one address.
		time.Sleep(10 * time.Second)
		got := 0
		for i := range 5000 {
			got += n.answered(1, "10.0.0.1:1", map[string]string{"Authorization": fmt.Sprint("Bearer ", i)})
		}
		if got != 2000 {
			t.Errorf("invented sign-ins: %d of 5,000", got)
		}
	})
}

// A hundred thousand addresses, as a botnet or a forged header has them, take
// little memory.
func TestManyAddressesTakeLittleMemory(t *testing.T) {
	n := limited(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const many = 100_000
	for i := range many {
		n.ask(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), map[string]string{"Authorization": fmt.Sprint("Bearer ", i)})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	took := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d addresses with a token each take %.1f MB", many, float64(took)/(1<<20))
	if took > 32<<20 {
		t.Errorf("they take %d bytes", took)
	}
	if n.ask("192.168.0.1:1", nil).Code != 200 {
		t.Error("nobody is answered any more")
	}
	runtime.KeepAlive(n)
}

// Methods are invented freely: they are counted as one.
func TestInventedMethodsAreCountedAsOne(t *testing.T) {
	n := newNode(t)
	for i := range 1000 {
		r := n.http(request{target: "/healthz"})
		r.Method = fmt.Sprint("X", i)
		w := httptest.NewRecorder()
		n.server.ServeHTTP(w, r)
		if w.Code != 405 {
			t.Fatalf("%d", w.Code)
		}
	}
	metrics := n.get("/metrics").want(200).text()
	if !strings.Contains(metrics, `method="other"`) || strings.Contains(metrics, `method="X`) {
		t.Error("each has a series of its own")
	}
	if strings.Contains(n.log.String(), `"X1"`) {
		t.Error("an invented method is in the log")
	}
}
