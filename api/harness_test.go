package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"implantrace/api"
	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/seal"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// contract is openapi.yaml, against which every request and answer is held.
var contract = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	openapi3.DefineStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(s string) error {
		if !uuid.MatchString(s) || s == "00000000-0000-0000-0000-000000000000" {
			return fmt.Errorf("%q is no UUID", s)
		}
		return nil
	}))
	openapi3.DefineStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(s string) error {
		at, err := time.Parse(time.RFC3339, s)
		if err == nil && at.IsZero() {
			return fmt.Errorf("%q says nothing: leave it out", s)
		}
		return err
	}))
	openapi3.DefineStringFormatValidator("date", openapi3.NewCallbackValidator(func(s string) error {
		_, err := time.Parse(time.DateOnly, s)
		return err
	}))
	text := func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		b, err := io.ReadAll(body)
		return string(b), err
	}
	for _, t := range []string{"text/html", "text/css", "text/javascript", "text/csv", "text/event-stream", "image/svg+xml", "image/png",
		"image/jpeg", "image/webp", "application/octet-stream", "application/x-ndjson", "application/fhir+ndjson", "application/zip"} {
		openapi3filter.RegisterBodyDecoder(t, text)
	}
	openapi3filter.RegisterBodyDecoder("application/fhir+json", openapi3filter.JSONBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/schema+json", openapi3filter.JSONBodyDecoder)
	return doc, doc.Validate(context.Background())
})

// covered counts the operations that were answered with success.
var covered sync.Map

// TestMain fails when the whole suite leaves an operation of openapi.yaml out.
func TestMain(m *testing.M) {
	code := m.Run()
	doc, err := contract()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if code == 0 && len(os.Args) > 0 && !slices.ContainsFunc(os.Args, func(a string) bool {
		return strings.HasPrefix(a, "-test.run=") || strings.HasPrefix(a, "-test.list=") || strings.HasPrefix(a, "-test.fuzz=") || strings.HasPrefix(a, "-test.skip=")
	}) {
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				if _, ok := covered.Load(op.OperationID); !ok {
					fmt.Printf("no test has %s (%s %s) answered with success\n", op.OperationID, method, path)
					code = 1
				}
			}
		}
	}
	os.Exit(code)
}

// clock is a clock that stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// node is a whole node in a temporary folder, without a network.
type node struct {
	t      testing.TB
	server *api.Server
	store  *broken
	floor  *theatre.Floor
	desk   *theatre.Desk // the node's own
	clock  *clock
	log    *buffer
	parts  api.Options
	vars   map[string]string // {name} in requests and expectations
	ids    int
	spoken []string // what answers say outside their bodies: headers
}

func newNode(t testing.TB) *node {
	t.Helper()
	if _, err := contract(); err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, clock: &clock{at: time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)}, log: &buffer{}, vars: make(map[string]string)}
	file, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "Theatre 4", Version: "test", Keys: seal.NewKeyring(), Clock: n.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	n.store = &broken{Store: file}
	r := command.Recorder{Store: n.store, Clock: n.clock.now}
	if n.floor, err = theatre.NewFloor(context.Background(), r, nil); err != nil {
		t.Fatal(err)
	}
	n.desk = n.floor.Main()
	o := api.Options{Recorder: r, Floor: n.floor, Maintenance: file, Prover: file, Operator: &operator{}, NodeName: "Theatre 4", Version: "test", NoSignIn: true, Workers: scanner.NewWorkers(2),
		Limits: api.Limits{FromAddress: 1e6, OfSession: 1e6}, // a test is faster than people
		Log:    slog.New(slog.NewJSONHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if n.server, err = api.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.server.Shutdown)
	n.parts = o
	return n
}

// version puts another release of the program over the same store.
func (n *node) version(v string) {
	n.t.Helper()
	n.parts.Version = v
	server, err := api.New(n.parts)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(server.Shutdown)
	n.server = server
}

// request is what a test sends. The zero of each field is the usual.
type request struct {
	method, target string // GET
	kind           string // content type: application/json where there is a body
	body           string
	header         map[string]string
	host           string // 127.0.0.1:8080
	socket         bool   // through the node's own socket
}

// answer is what came back, after it was held against the contract.
type answer struct {
	t      testing.TB
	about  string
	Status int
	Header http.Header
	Body   []byte
}

// text is the body.
func (a *answer) text() string { return string(a.Body) }

// shown is the body as a failure prints it: of a page, only what is its own.
func (a *answer) shown() string {
	s := a.text()
	if _, main, ok := strings.Cut(s, "<main "); ok {
		s, _, _ = strings.Cut(main, "</main>")
	}
	return strings.Join(strings.Fields(s[:min(len(s), 3000)]), " ")
}

// into reads the body's JSON.
func (a *answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.about, err, a.Body)
	}
}

// value gives the part of the body's JSON at a path such as answers.0.usage.
func (a *answer) value(path string) any {
	a.t.Helper()
	var v any
	a.into(&v)
	for part := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(in) {
				a.t.Fatalf("%s: nothing at %s in %s", a.about, path, a.Body)
			}
			v = in[i]
		default:
			a.t.Fatalf("%s: nothing at %s in %s", a.about, path, a.Body)
		}
	}
	return v
}

// want checks the status, and that the body says each of the texts.
func (a *answer) want(status int, says ...string) *answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.about, a.Status, status, a.shown())
	}
	for _, s := range says {
		if !strings.Contains(a.text(), s) {
			a.t.Errorf("%s: %q is not in %s", a.about, s, a.shown())
		}
	}
	return a
}

// problem checks that the answer is a problem of a status and a type.
func (a *answer) problem(status int, kind string) *answer {
	a.t.Helper()
	a.want(status)
	if ct := a.Header.Get("Content-Type"); ct != "application/problem+json" {
		a.t.Fatalf("%s: %s is no problem", a.about, ct)
	}
	if got := a.value("type"); got != "urn:implantrace:problem:"+kind {
		a.t.Fatalf("%s: the problem is %v, want %s: %s", a.about, got, kind, a.Body)
	}
	if got := a.value("status"); got != float64(status) {
		a.t.Errorf("%s: the problem says status %v", a.about, got)
	}
	return a
}

// id makes the next id, the same in every run.
func (n *node) id() string {
	n.ids++
	return fmt.Sprintf("0193f0c1-0000-7000-8000-%012x", n.ids)
}

var placeholder = regexp.MustCompile(`\{(new )?[a-z_0-9]+\}`)

// fill puts what the test knows by name in the place of {name}; {new name}
// makes a new id first.
func (n *node) fill(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(m string) string {
		name, isNew := strings.CutPrefix(strings.Trim(m, "{}"), "new ")
		if isNew {
			n.vars[name] = n.id()
		}
		v, ok := n.vars[name]
		if !ok {
			n.t.Fatalf("nothing is known by the name %s", m)
		}
		return v
	})
}

func (n *node) get(target string) *answer {
	n.t.Helper()
	return n.send(request{target: target})
}

func (n *node) post(target, body string) *answer {
	n.t.Helper()
	return n.send(request{method: http.MethodPost, target: target, body: body})
}

func (n *node) form(target string, fields url.Values, htmx bool) *answer {
	n.t.Helper()
	q := request{method: http.MethodPost, target: target, kind: "application/x-www-form-urlencoded", body: fields.Encode(), header: map[string]string{"Accept": "text/html"}}
	if htmx {
		q.header["HX-Request"] = "true"
	}
	return n.send(q)
}

// page asks for a page as a browser does.
func (n *node) page(target string) *answer {
	n.t.Helper()
	return n.send(request{target: target, header: map[string]string{"Accept": "text/html"}})
}

func (n *node) http(q request) *http.Request {
	if q.method == "" {
		q.method = http.MethodGet
	}
	r := httptest.NewRequest(q.method, q.target, strings.NewReader(q.body))
	r.Host = "127.0.0.1:8080"
	if q.host != "" {
		r.Host = q.host
	}
	if q.kind == "" && q.body != "" {
		q.kind = "application/json"
	}
	if q.kind != "" {
		r.Header.Set("Content-Type", q.kind)
	}
	for k, v := range q.header {
		r.Header.Set(k, v)
	}
	if q.socket {
		r = r.WithContext(api.FromSocket(r.Context()))
	}
	return r
}

// send sends a request and holds both sides against the contract.
func (n *node) send(q request) *answer {
	n.t.Helper()
	r := n.http(q)
	w := httptest.NewRecorder()
	n.server.ServeHTTP(w, r)
	a := &answer{t: n.t, about: r.Method + " " + q.target, Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}
	for k, vs := range w.Header() {
		n.spoken = append(n.spoken, k+": "+strings.Join(vs, ", "))
	}
	n.check(q, a)
	return a
}

// check holds a request and its answer against openapi.yaml. A request that is
// refused need not be as it says.
func (n *node) check(q request, a *answer) {
	n.t.Helper()
	r := n.http(q)
	input, op := n.described(r)
	if input == nil {
		if a.Status != http.StatusNotFound && a.Status != http.StatusMethodNotAllowed && a.Status != http.StatusForbidden {
			n.t.Errorf("%s: not in openapi.yaml, and answered with %d", a.about, a.Status)
		}
		return
	}
	if !succeeds(op) {
		covered.Store(op.OperationID, true)
	}
	if a.Status < 400 {
		if err := n.fits(q); err != nil {
			n.t.Errorf("%s: the request is not as openapi.yaml says: %v", a.about, err)
		}
		covered.Store(op.OperationID, true)
	}
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"} {
		if a.Header.Get(name) == "" {
			n.t.Errorf("%s: no header %s", a.about, name)
		}
	}
	if a.Status == http.StatusNoContent || a.Status == http.StatusSeeOther || a.Status == http.StatusAccepted {
		if len(a.Body) > 0 {
			n.t.Errorf("%s: %d with a body", a.about, a.Status)
		}
	} else if _, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil {
		n.t.Errorf("%s: content type %q", a.about, a.Header.Get("Content-Type"))
	}
	if a.Status == http.StatusMethodNotAllowed {
		return
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: a.Status, Header: a.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true}}
	out.SetBodyBytes(a.Body)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		n.t.Errorf("%s: the answer is not as openapi.yaml says: %v", a.about, err)
	}
}

// succeeds says whether an operation has an answer that is no error.
func succeeds(op *openapi3.Operation) bool {
	for status := range op.Responses.Map() {
		if status < "400" {
			return true
		}
	}
	return false
}

// described finds what openapi.yaml says of a request.
func (n *node) described(r *http.Request) (*openapi3filter.RequestValidationInput, *openapi3.Operation) {
	doc, err := contract()
	if err != nil {
		n.t.Fatal(err)
	}
	route, params := n.server.Find(r.Method, r.URL.Path)
	path := api.DescribedPath(route)
	item := doc.Paths.Value(path)
	if item == nil || item.GetOperation(r.Method) == nil {
		return nil, nil
	}
	if v, ok := params["*"]; ok {
		delete(params, "*")
		params["path"] = v
	}
	op := item.GetOperation(r.Method)
	return &openapi3filter.RequestValidationInput{Request: r, PathParams: params,
		Route:   &routers.Route{Spec: doc, Path: path, PathItem: item, Method: r.Method, Operation: op},
		Options: &openapi3filter.Options{MultiError: true, RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true}}, op
}

// fits reports how a request differs from what openapi.yaml says.
func (n *node) fits(q request) error {
	r := n.http(q)
	input, op := n.described(r)
	if input == nil {
		return fmt.Errorf("not in openapi.yaml")
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		input.Options.ExcludeRequestBody = true // files; the forms have a test of their own
	}
	for name := range r.URL.Query() {
		if !slices.ContainsFunc(op.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.In == "query" && p.Value.Name == name }) {
			return fmt.Errorf("query parameter %s is not in openapi.yaml", name)
		}
	}
	return openapi3filter.ValidateRequest(context.Background(), input)
}

// entries is the size of the node's log.
func (n *node) entries() uint64 {
	n.t.Helper()
	heads, err := n.store.Heads(context.Background())
	if err != nil {
		n.t.Fatal(err)
	}
	return heads[0].Size
}

// broken is a store that fails as it is told.
type broken struct {
	trace.Store
	mu    sync.Mutex
	fail  error // of writes
	lands bool  // it is recorded all the same, and only the answer is lost
	reads error // of lists, behind so many rows
	after int
}

func (b *broken) with(err error, lands bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail, b.lands = err, lands
}

// breaksOff makes lists end with an error behind so many rows.
func (b *broken) breaksOff(err error, after int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads, b.after = err, after
}

func (b *broken) Append(ctx context.Context, commands ...trace.Command) ([]trace.Result, error) {
	b.mu.Lock()
	fail, lands := b.fail, b.lands
	b.mu.Unlock()
	if fail == nil || lands {
		rs, err := b.Store.Append(ctx, commands...)
		if fail == nil || err != nil {
			return rs, err
		}
	}
	return nil, fail
}

func (b *broken) Procedures(ctx context.Context, q trace.ProcedureQuery) iter.Seq2[trace.ProcedureHit, error] {
	return breaking(b, b.Store.Procedures(ctx, q))
}

func (b *broken) Candidates(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	return breaking(b, b.Store.Candidates(ctx, q))
}

func (b *broken) Numbers(ctx context.Context, di string) iter.Seq2[trace.Numbered, error] {
	return breaking(b, b.Store.Numbers(ctx, di))
}

func breaking[H any](b *broken, all iter.Seq2[H, error]) iter.Seq2[H, error] {
	b.mu.Lock()
	err, after := b.reads, b.after
	b.mu.Unlock()
	return func(yield func(H, error) bool) {
		n := 0
		for h, herr := range all {
			if err != nil && n == after {
				yield(h, err)
				return
			}
			if n++; !yield(h, herr) {
				return
			}
		}
	}
}

// sorted are the keys of a map, in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
