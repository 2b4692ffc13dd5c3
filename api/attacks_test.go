package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// wire serves a node on a real connection and sends bytes to it as they are.
func (n *node) wire(raw string) string {
	n.t.Helper()
	s := httptest.NewServer(n.server)
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		n.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		n.t.Fatal(err)
	}
	if _, err := io.WriteString(c, raw); err != nil {
		n.t.Fatal(err)
	}
	b, _ := io.ReadAll(c) // what was answered before the server hung up
	return string(b)
}

// attached is a notice with a document of a name that the sender made up.
func (n *node) attached(name string) (status int, answer string) {
	n.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("id", n.id()); err != nil {
		n.t.Fatal(err)
	}
	h := textproto.MIMEHeader{"Content-Type": {"text/html"}}
	h.Set("Content-Disposition", `form-data; name="file"; filename="`+name+`"`)
	f, err := w.CreatePart(h)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := io.WriteString(f, "<script>alert(1)</script>"); err != nil {
		n.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		n.t.Fatal(err)
	}
	r := n.http(request{method: "POST", target: n.fill("/api/v1/notices/{n}/attachments"), kind: w.FormDataContentType(), body: b.String()})
	got := httptest.NewRecorder()
	n.server.ServeHTTP(got, r)
	return got.Code, got.Body.String()
}

// names are what somebody might call a document to write or to say something
// elsewhere.
var names = []string{
	"../../../../etc/passwd", `..\..\..\windows\system32\drivers\etc\hosts`, "/etc/shadow", "....//....//etc/passwd", "..%2f..%2fetc%2fpasswd", ".", "..", "",
	"a\\\"; filename=\\\"evil.html", "a\r\nSet-Cookie: x=1", "a\nX-Injected: 1", "a\x00.html", "\u202egpj.exe", strings.Repeat("a", 10_000), "con", "café £5.pdf", "a;b=c.pdf", "<script>.pdf",
}

func TestNamesOfDocumentsLeadNowhereElse(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/notices", n.fill(`{"id":"{new n}",`+noticeOf+`,"criteria":{"di":"`+stem+`"}}`)).want(201)
	taken := 0
	for _, name := range names {
		status, answer := n.attached(name)
		if status >= 500 {
			t.Errorf("%.40q: %d %s", name, status, answer)
		}
		if status != 201 {
			continue
		}
		taken++
		var a struct{ Attachment, Name string }
		if err := json.Unmarshal([]byte(answer), &a); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(a.Name, "/\\\"\r\n\x00") || a.Name == "." || a.Name == ".." || a.Name == "" {
			t.Errorf("%.40q is kept as %q", name, a.Name)
		}
		got := n.get(n.fill("/api/v1/notices/{n}/attachments/") + a.Attachment).want(200)
		if d := got.Header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment; filename") || strings.ContainsAny(d, "\r\n") || strings.Count(d, "filename") != 1 {
			t.Errorf("%.40q: %q", name, d)
		}
		// It is never shown as a page of this node.
		if ct := got.Header.Get("Content-Type"); ct != "application/octet-stream" || got.Header.Get("X-Content-Type-Options") != "nosniff" || got.Header.Get("X-Injected")+got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%.40q: %v", name, got.Header)
		}
	}
	t.Logf("%d of %d names are taken, each without its path", taken, len(names))
	for _, id := range []string{"..", "../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e", "0193f0c1-0000-7000-8000-0000000000ff"} {
		for _, target := range []string{n.fill("/api/v1/notices/{n}/attachments/") + id, "/api/v1/notices/" + id + "/attachments/" + id, "/api/v1/procedures/" + id, "/patients/" + id, "/assets/" + id} {
			w := httptest.NewRecorder()
			n.server.ServeHTTP(w, n.http(request{target: target}))
			if w.Code != 404 && w.Code != 422 {
				t.Errorf("%s: %d", target, w.Code)
			}
		}
	}
}

// Bytes that would begin a header, an answer or a line of the log of their own.
func TestNothingIsInjectedIntoHeadersOrLogs(t *testing.T) {
	n := newNode(t)
	const mark = "INJECTED"
	for _, raw := range []string{
		"GET /" + mark + "%0d%0aX-Injected:%201 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\nX-Injected: " + mark + "\r\nConnection: close\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {\"level\":\"" + mark + "\"}\r\nX-Forwarded-Host: " + mark + "\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: " + mark + "\r\nConnection: close\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: " + mark + "\\u000a\"level\":\"ERROR\r\nConnection: close\r\n\r\n",
		"GET http://localhost/healthz\r\nX: " + mark + " HTTP/1.1\r\n\r\n",
		"GET /api/v1/products/" + mark + "%0a%22level%22:%22ERROR%22 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"GET /api/v1/readings?limit=" + mark + "%0d%0a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 44\r\nConnection: close\r\n\r\n{\"text\":\"\\r\\nX-Injected: 1\\r\\n\\u001b[2J" + mark + "\"}",
		// Two lengths, and a length beside chunks: one request, or none.
		"POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\nGET /" + mark + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\nGET /" + mark + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		got := n.wire(raw)
		head, _, _ := strings.Cut(got, "\r\n\r\n")
		if regexp.MustCompile(`(?mi)^(X-Injected|Set-Cookie):`).MatchString(head) {
			t.Errorf("%.60q: %s", raw, head)
		}
		if strings.Count(got, "HTTP/1.1 ") > 1 && strings.Contains(raw, "Encoding: identity") {
			t.Errorf("%.60q: two answers: %s", raw, got)
		}
	}
	lines := 0
	for line := range strings.Lines(n.log.String()) {
		lines++
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("a line of the log is no entry: %.200q", line)
		}
		if strings.Contains(line, mark) || strings.Contains(line, "ERROR") {
			t.Errorf("what was sent is in the log: %s", line)
		}
	}
	if lines == 0 {
		t.Error("there is no log")
	}
}

// endless is a body that never ends, and counts what was read of it.
type endless struct {
	lead string
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.lead)
	e.lead = e.lead[n:]
	for i := n; i < len(p); i++ {
		p[i] = ' '
	}
	e.read += int64(len(p))
	return len(p), nil
}

// No route reads more of a body than its limit, whatever the body says of itself.
func TestEveryBodyIsBounded(t *testing.T) {
	n := newNode(t)
	bounds := n.server.Bounds()
	kinds := []struct{ kind, lead string }{
		{"application/json", `{"id":"`}, {"application/x-www-form-urlencoded", "a="}, {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n"},
		{"application/octet-stream", ""},
	}
	walked, most := 0, int64(0)
	for route, bound := range bounds {
		if bound > 64<<20 {
			continue // those of a gigabyte are read as they come, in lines that are bounded
		}
		walked++
		for _, k := range kinds {
			body := &endless{lead: k.lead}
			target := regexp.MustCompile(`:[a-z]+|\*`).ReplaceAllString(route[1], "0193f0c1-0000-7000-8000-0000000000ff")
			if strings.HasSuffix(target, "/events") || strings.Contains(target, "/operator/") {
				continue
			}
			r := httptest.NewRequest(route[0], target, io.NopCloser(body))
			r.Host, r.ContentLength = "localhost", -1
			r.Header.Set("Content-Type", k.kind)
			w := httptest.NewRecorder()
			n.server.ServeHTTP(w, r)
			most = max(most, body.read-bound)
			if body.read > bound+1<<20 {
				t.Errorf("%s %s (%s): %d bytes were read, and %d are the limit", route[0], route[1], k.kind, body.read, bound)
			}
			if route[0] == "POST" && (w.Code < 400 || w.Code >= 500) && w.Code != 303 && !strings.HasSuffix(target, "forget") {
				t.Errorf("%s %s (%s): %d", route[0], route[1], k.kind, w.Code)
			}
		}
	}
	t.Logf("%d routes with %d kinds of body without an end: none read %d bytes beyond its limit", walked, len(kinds), most)
	if walked < 80 {
		t.Errorf("%d routes were tried", walked)
	}
}

// Texts that make a backtracking matcher work for ever.
func TestTextsThatWouldTakeForEver(t *testing.T) {
	n := newNode(t)
	slowest, of := time.Duration(0), ""
	const most = time.Minute // a busy machine under the race detector is slow; what backtracks takes years
	try := func(about string, status int, do func() *answer) {
		t.Helper()
		began := time.Now()
		if got := do(); got.Status >= 500 || status > 0 && got.Status != status {
			t.Errorf("%s: %d", about, got.Status)
		}
		if took := time.Since(began); took > slowest {
			slowest, of = took, about
		}
	}
	quote := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	for _, piece := range []string{"a", "(01)", "\x1d", "%25", "+", "]C1", "https://a/01/", "LOT: A, B, ", "1-", "S/N ", "\u0301", " "} {
		reading := strings.Repeat(piece, 8191/len(piece))
		if b := quote(reading); len(b) < 1<<20 {
			try("a text of 8 KB of "+piece, 0, func() *answer { return n.post("/api/v1/parse", `{"text":`+b+`}`) })
		}
		paste := strings.Repeat(piece, 250_000/len(piece)) + "!"
		try("a notice of 250 KB of "+piece, 200, func() *answer { return n.post("/api/v1/recalls/propose", `{"text":`+quote(paste)+`}`) })
	}
	for _, wild := range []string{strings.Repeat("*", 100), strings.Repeat("a*", 60), strings.Repeat("?", 200), strings.Repeat("A?*", 40)} {
		try("a lot of "+wild[:6], 0, func() *answer {
			return n.post("/api/v1/recalls/search", fmt.Sprintf(`{"di":%q,"lot":%s}`, stem, quote(wild)))
		})
		try("a query of "+wild[:6], 0, func() *answer { return n.get("/api/v1/usages?lot=" + url.QueryEscape(wild)) })
	}
	deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	try("JSON 100,000 deep", 422, func() *answer { return n.post("/api/v1/parse", deep) })
	try("an array 400,000 deep", 422, func() *answer { return n.post("/api/v1/parse", `{"text":`+strings.Repeat("[", 400_000)) })
	t.Logf("the slowest took %s: %s", slowest.Round(time.Millisecond), of)
	if slowest > most {
		t.Errorf("%s takes %s", of, slowest)
	}
}

// Headers without an end are not read.
func TestHeadersAreBounded(t *testing.T) {
	n := newNode(t)
	s := httptest.NewUnstartedServer(n.server)
	s.Config.MaxHeaderBytes = 64 << 10
	s.Start()
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sent := 0
	go func() {
		_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
		for i := 0; ; i++ {
			k, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 1000))
			if sent += k; err != nil {
				return
			}
		}
	}()
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err == nil && r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s", r.Status)
	}
}
