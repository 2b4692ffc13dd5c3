package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"implantrace/internal/app"
	"implantrace/internal/trace"
)

// connect reaches the node of a folder as the other commands do.
func connect(t *testing.T, dir string) *app.Client {
	t.Helper()
	c, err := app.Connect(t.Context(), app.Config{Data: dir, Name: "test", NoSignIn: true}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// asked gives an answer's status and body.
func asked(t *testing.T, c *app.Client, method, path, body string) (int, string) {
	t.Helper()
	kind := ""
	if body != "" {
		kind = "application/json"
	}
	r, err := c.Do(t.Context(), method, path, kind, strings.NewReader(body))
	if p := new(app.Problem); err != nil {
		var ok bool
		if p, ok = err.(*app.Problem); !ok {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		return p.Status, p.Detail
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return r.StatusCode, string(b)
}

func closed(t *testing.T, c *app.Client) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

const (
	ada = "9990000018"
	bob = "9990000026"
	di  = "09520140001039"
)

func procedureBody(id trace.EventID, nhs string) string {
	return fmt.Sprintf(`{"id":%q,"patient":{"nhs_number":%q,"family":"Testwell"},"code":{"code":"W371"},"start":"2026-03-02T09:00:00Z"}`, id, nhs)
}

func usageBody(id trace.EventID, procedure, lot string) string {
	return fmt.Sprintf(`{"id":%q,"procedure":%q,"device":{"di":%q,"lot":%q},"status":"implanted","reason":"nothing else was there"}`, id, procedure, di, lot)
}

// TestASecondNodeIsRefused, in a process of its own; and the first goes on.
func TestASecondNodeIsRefused(t *testing.T) {
	n := serve(t, app.Config{})
	dir := n.node.Config.Data
	p, said := start(t, dir)
	if _, err := p.wait(); err == nil || !strings.HasPrefix(said, "error another implantrace has the store in "+dir+" open") {
		t.Errorf("the second says %q and ends with %v", said, err)
	}
	if got := status(t, n.url+"/readyz"); got != http.StatusOK {
		t.Errorf("the first answers %d", got)
	}
	c := connect(t, dir)
	defer closed(t, c)
	if !c.Running {
		t.Error("the socket of the first is gone")
	}
}

func TestSocketIsTheOwnersOnly(t *testing.T) {
	n := serve(t, app.Config{})
	path := filepath.Join(n.node.Config.Data, app.SocketName)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if info, err := os.Stat(n.node.Config.Data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info, err)
	}
	// What is the operator's is not for pages.
	if got := status(t, n.url+"/api/v1/operator/backup"); got != http.StatusForbidden {
		t.Errorf("a backup by TCP: %d", got)
	}
	n.end()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left behind")
	}
}

func TestSocketLeftBehindIsReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p, said := start(t, dir)
	if p.url == "" {
		t.Fatal(said)
	}
	p.signal(syscall.SIGKILL)
	if _, err := p.wait(); err == nil {
		t.Fatal("it was killed, and ends well")
	}
	if _, err := os.Lstat(filepath.Join(dir, app.SocketName)); err != nil {
		t.Fatalf("no socket was left: %v", err)
	}
	// The commands are not taken in by it.
	c := connect(t, dir)
	if got, body := asked(t, c, "GET", "/healthz", ""); c.Running || got != 200 {
		t.Errorf("running %v, %d %s", c.Running, got, body)
	}
	closed(t, c)
	serve(t, app.Config{Data: dir})
	c = connect(t, dir)
	defer closed(t, c)
	if !c.Running {
		t.Error("the new node is not reached")
	}
}

// A socket's address holds some hundred bytes; a data folder's path may be
// longer.
func TestLongDataPathWorks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long-", 30), strings.Repeat("folder-", 20), "data")
	n := serve(t, app.Config{Data: dir})
	c := connect(t, dir)
	if got, _ := asked(t, c, "GET", "/healthz", ""); !c.Running || got != 200 {
		t.Errorf("running %v, %d", c.Running, got)
	}
	closed(t, c)
	n.end()
	if _, err := os.Lstat(filepath.Join(dir, app.SocketName)); err == nil {
		t.Error("the socket is left behind")
	}
}

// TestAnswersAreTheSameWithAndWithoutARunningNode, but for the time they say
// they are of.
func TestAnswersAreTheSameWithAndWithoutARunningNode(t *testing.T) {
	n := serve(t, app.Config{})
	dir := n.node.Config.Data
	c := connect(t, dir)
	procedure, usage := trace.NewEventID(), trace.NewEventID()
	for path, body := range map[string]string{"/api/v1/procedures": procedureBody(procedure, ada)} {
		if got, said := asked(t, c, "POST", path, body); got != 201 {
			t.Fatalf("%d %s", got, said)
		}
	}
	if got, said := asked(t, c, "POST", "/api/v1/usages", usageBody(usage, procedure.String(), "A17")); got != 201 {
		t.Fatalf("%d %s", got, said)
	}
	now := regexp.MustCompile(`"as_of":"[^"]*"|"timestamp":"[^"]*"|,\d{4}-\d\d-\d\dT[0-9:]+Z\r?\n`)
	questions := [][3]string{
		{"GET", "/api/v1/procedures", ""}, {"GET", "/api/v1/usages/" + usage.String(), ""}, {"GET", "/api/v1/journal", ""}, {"GET", "/api/v1/node", ""},
		{"POST", "/api/v1/recalls/search", `{"di":"` + di + `","lot":"a-17"}`}, {"POST", "/api/v1/recalls/search", `{"di":"1"}`}, {"GET", "/api/v1/usages/" + procedure.String(), ""},
		{"GET", "/api/v1/exports/iso16054.csv", ""}, {"GET", "/api/v1/exports/fhir.json", ""}, {"POST", "/api/v1/operator/verify", ""},
		{"POST", "/api/v1/usages", usageBody(usage, procedure.String(), "A17")}, {"POST", "/api/v1/usages", usageBody(usage, procedure.String(), "A18")},
	}
	all := func(c *app.Client) (answers []string) {
		for _, q := range questions {
			got, body := asked(t, c, q[0], q[1], q[2])
			answers = append(answers, fmt.Sprintf("%d %s", got, now.ReplaceAllString(body, "")))
		}
		return answers
	}
	with := all(c)
	if !c.Running {
		t.Error("the running node was not asked")
	}
	closed(t, c)
	n.end()
	c = connect(t, dir)
	without := all(c)
	if c.Running {
		t.Error("no node runs")
	}
	closed(t, c)
	for i, q := range questions {
		if with[i] != without[i] {
			t.Errorf("%s %s %s\nwith    %s\nwithout %s", q[0], q[1], q[2], with[i], without[i])
		}
	}
}

func TestConnectMakesNoStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := app.Connect(t.Context(), app.Config{Data: dir}, "test"); err == nil || !strings.Contains(err.Error(), "there is no store in "+dir) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder was made")
	}
}

func TestClientSaysThatTheNodeIsGone(t *testing.T) {
	n := serve(t, app.Config{})
	c := connect(t, n.node.Config.Data)
	defer closed(t, c)
	n.end()
	if _, err := c.Do(t.Context(), "GET", "/healthz", "", nil); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Errorf("%v", err)
	}
}

// TestStopFinishesWhatWasAccepted: the half-sent request is answered and
// recorded, nothing new is taken, and the store is closed.
func TestStopFinishesWhatWasAccepted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p, said := start(t, dir)
	if p.url == "" {
		t.Fatal(said)
	}
	address := strings.TrimPrefix(p.url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	id := trace.NewEventID()
	body := procedureBody(id, ada)
	fmt.Fprintf(conn, "POST /api/v1/procedures HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", address, len(body))
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") { // the handler reads
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := io.WriteString(conn, body[:20]); err != nil {
		t.Fatal(err)
	}
	// A page's stream of events does not hold the stop up.
	events, err := http.Get(p.url + "/api/v1/theatre/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	p.signal(syscall.SIGTERM)
	until(t, "nothing new is taken", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if _, err := io.WriteString(conn, body[20:]); err != nil {
		t.Fatal(err)
	}
	for line := ""; line != "\r\n"; { // the end of the 100
		if line, err = in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.ReadResponse(in, nil)
	if err != nil || r.StatusCode != http.StatusCreated {
		t.Fatalf("%+v, %v", r, err)
	}
	r.Body.Close()
	if said, err := p.wait(); err != nil {
		t.Errorf("it ends with %v: %s", err, said)
	}
	if _, err := os.Lstat(filepath.Join(dir, app.SocketName)); err == nil {
		t.Error("the socket is left behind")
	}
	c := connect(t, dir) // so the store was closed
	defer closed(t, c)
	if got, said := asked(t, c, "GET", "/api/v1/procedures/"+id.String(), ""); got != 200 || !strings.Contains(said, ada) {
		t.Errorf("%d %s", got, said)
	}
}

func TestServeSaysThatThePortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := app.Config{Data: filepath.Join(t.TempDir(), "data"), Listen: l.Addr().String(), NoSignIn: true}
	n, err := app.Open(t.Context(), c, "test", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Serve(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "cannot listen") || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("%v", err)
	}
	// Its store is free again.
	c.Listen = ""
	n, err = app.Open(t.Context(), c, "test", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

func TestConnectGivesUpWithItsContext(t *testing.T) {
	n := serve(t, app.Config{})
	c := connect(t, n.node.Config.Data)
	defer closed(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Do(ctx, "GET", "/healthz", "", nil); err == nil {
		t.Error("it answers")
	}
}

// get reads a JSON answer of the node.
func (s *served) get(path string, v any) {
	s.t.Helper()
	r, err := http.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil || r.StatusCode != 200 {
		s.t.Fatalf("%s: %d %s %v", path, r.StatusCode, b.String(), err)
	}
	if err := json.Unmarshal(b.Bytes(), v); err != nil {
		s.t.Fatal(err)
	}
}
