package api

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/api/web"
	"implantrace/internal/check"
	"implantrace/internal/recall"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// pages holds the parsed templates and the assets.
type pages struct {
	by     map[string]*template.Template
	assets fs.FS
	reader fs.FS // with which a page reads codes itself; nil: not built in
	whole  bool  // the third-party assets are built in
}

// The templates that make a page each.
var pageNames = []string{
	"home", "theatre", "practice", "workstations", "actions", "downtime", "paper", "problem", "docs", "safety",
	"patients", "patient", "links", "compare", "wristband", "procedure", "correct", "incident", "import",
	"recall", "notices", "notice", "notice_form", "case", "letters", "stock", "sets", "set", "set_sheet", "supplied",
	"checks", "quarantine",
	"directory", "directory_print",
	"catalogue", "catalogue_queue", "readiness", "product", "plan",
	"scanners", "scanner_notes",
	"exports", "mapped", "run", "njr", "card",
	"signin", "arrived", "first", "account", "glass",
	"staff", "tokens", "audit",
}

func newPages(zone *time.Location) (*pages, error) {
	p := &pages{by: make(map[string]*template.Template)}
	base, err := template.New("").Funcs(words(zone)).ParseFS(web.Files, "templates/layout.html", "templates/parts.html", "templates/camera.html", "templates/guide.html")
	if err != nil {
		return nil, err
	}
	for _, name := range pageNames {
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(web.Files, "templates/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", name, err)
		}
		p.by[name] = t
	}
	if p.assets, err = fs.Sub(web.Files, "assets"); err != nil {
		return nil, err
	}
	p.whole, p.reader = AssetsBuiltIn(), scanner.PageReader()
	return p, nil
}

// words are the functions of the templates; times are shown in the site's zone.
func words(zone *time.Location) template.FuncMap {
	shown := func(t time.Time, layout string) string { return shown(t, zone, layout) }
	return template.FuncMap{
		"list":   func(v ...any) []any { return v },
		"newID":  func() string { return trace.NewEventID().String() },
		"sides":  trace.Sides,
		"went":   wentTo,
		"tissue": tissueOf,
		// safePicture is a picture that this program made itself.
		"safePicture": func(data string) template.URL {
			if !strings.HasPrefix(data, "data:image/png;base64,") {
				return ""
			}
			return template.URL(data)
		},
		"hasRole":    func(has []staff.Role, r staff.Role) bool { return slices.Contains(has, r) },
		"auditWords": auditWords,
		"time":       func(t time.Time) string { return shown(t, "2 Jan 2006 15:04") },
		"day":        func(t time.Time) string { return shown(t, "2 Jan 2006") },
		"clock":      func(t time.Time) string { return shown(t, "15:04:05") },
		"nhs":        func(n string) string { return udi.NHSNumber(n).String() },
		"people": func(ps []trace.Person) string {
			all := make([]string, len(ps))
			for i, p := range ps {
				all[i] = p.String()
			}
			return strings.Join(all, ", ")
		},
		"plural": func(n int, one, more string) string {
			if n == 1 {
				return one
			}
			return more
		},
		"identityField": func(name string) string {
			return map[string]string{"provisional": "Temporary name", "nhs_number": "NHS number", "local_number": "Hospital or temporary number", "family": "Family name", "given": "Given name",
				"birth": "Date of birth", "appears": "Appears"}[name]
		},
		"level": func(l trace.Level) string {
			if l == "" {
				return string(trace.NotChecked)
			}
			return string(l)
		},
		"word": word,
		"reasons": func() []string {
			return slices.DeleteFunc(trace.OverrideReasons(), func(r string) bool { return r == trace.OverrideOther })
		},
		"reason":  trace.OverrideWords,
		"passed":  func(cs []trace.Check) []trace.Check { return having(cs, true) },
		"others":  func(cs []trace.Check) []trace.Check { return having(cs, false) },
		"capital": func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
		"fieldname": func(name string) string {
			if f, ok := trace.FieldOf(name); ok {
				return f.Words
			}
			if w, ok := productWords[name]; ok {
				return w
			}
			return name
		},
		"asks": func(rule string) string {
			if r, ok := check.ByID(rule); ok {
				return r.Asks
			}
			return rule
		},
		"took": func(d time.Duration) string {
			if d < time.Second {
				return fmt.Sprintf("%d ms", d.Milliseconds())
			}
			return d.Round(time.Second / 10).String()
		},
		"age": func(now, then time.Time) string { return recall.Age(now.Sub(then)) },
		// fieldword is a name of the notice's schema as a person says it.
		"fieldword": func(name string) string {
			switch name {
			case "di":
				return "DI"
			case "not-applicable":
				return "not applicable"
			}
			return strings.NewReplacer("-", " ", "_no", " number", "_", " ").Replace(name)
		},
		// typed is what a form was sent with, where it is shown again.
		"typed": func(args []any, name string) string {
			if len(args) < 3 {
				return ""
			}
			fields, _ := args[2].(map[string]string)
			return fields[name]
		},
	}
}

// having gives the checks that passed, or the others.
func having(cs []trace.Check, pass bool) (out []trace.Check) {
	for _, c := range cs {
		if (c.Level == trace.Pass) == pass {
			out = append(out, c)
		}
	}
	return out
}

// word is a level as a screen says it.
func word(l trace.Level) string {
	switch l {
	case trace.Pass:
		return "Pass"
	case trace.Note:
		return "Note"
	case trace.Warn:
		return "Warning"
	case trace.Stop:
		return "Stop"
	}
	return "Not checked"
}

func shown(t time.Time, zone *time.Location, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(layout)
}

// frame is what every page shows; each page's own data embeds it.
type frame struct {
	Title    string
	Nav      []link
	Approval string // "" while clinical use is not approved
	Version  string
	Node     string
	Drill    bool // a copy for drills
	Practice bool // nothing here is real
	Live     bool // the theatre page: it shows verdicts as they come, and says so when it cannot
	// FormToken is what the page sends with everything that changes something.
	FormToken string
	Caller    caller
}

type link struct {
	Href, Text string
	Current    bool
}

// navigation is what the menu offers to whom it is for.
var navigation = []struct {
	href, text string
	may        staff.Permission
}{
	{"/theatre", "Theatre", staff.Scan},
	{"/theatre/workstations", "Workstations", staff.Scan},
	{"/theatre/actions", "Action codes", staff.Scan},
	{"/recall", "Recall", staff.FindDevices},
	{"/notices", "Notices", staff.WorkRecalls},
	{"/patients", "Patients", staff.FindPatients},
	{"/stock", "Stock", staff.KeepStock},
	{"/sets", "Sets", staff.KeepStock},
	{"/supplied", "Loan and consignment", staff.KeepStock},
	{"/quarantine", "Quarantine", staff.SignedIn},
	{"/checks", "Checks", staff.SignedIn},
	{"/catalogue", "Catalogue", staff.SignedIn},
	{"/directory", "Directory", staff.SignedIn},
	{"/scanners", "Scanners", staff.SignedIn},
	{"/exports", "Exports", staff.ExportRecord},
	{"/import", "Import", staff.ImportHistory},
	{"/safety", "Clinical safety", staff.SignedIn},
	{"/staff", "Staff", staff.KeepAccounts},
	{"/tokens", "Tokens", staff.KeepTokens},
	{"/audit", "Audit", staff.ReadAudit},
	{"/api/docs", "API", staff.SignedIn},
}

// Can is for templates: whether the page may offer what stands under a line of
// the table of permissions.
func (f frame) Can(may string) bool { return f.Caller.May(staff.Permission(may)) == staff.Yes }

// Asks says whether the node asks who people are.
func (f frame) Asks() bool { return f.Caller.Kind != staff.Unchecked }

// IsPerson says whether somebody is signed in.
func (f frame) IsPerson() bool { return f.Caller.Kind == staff.Person }

// IsLocked says whether the page is a theatre machine's at which nobody is
// signed in, or that is locked.
func (f frame) IsLocked() bool { return f.Caller.Kind == staff.Machine }

// CallerKey tells one caller from another: a page that was loaded by one shows
// nothing to the next.
func (f frame) CallerKey() string { return f.Caller.key() }

// GlassUntil is until when the glass is broken; zero: it is whole.
func (f frame) GlassUntil() time.Time {
	if !f.Caller.Glass {
		return time.Time{}
	}
	return f.Caller.session.Glass
}

// AtMachine says whether whoever is signed in is at a theatre machine.
func (f frame) AtMachine() bool { return !f.Caller.session.Machine.IsZero() }

func (s *Server) frame(c echo.Context, title string) (frame, error) {
	f := frame{Title: title, Version: s.Version, Node: s.NodeName, Drill: s.Drill, Practice: s.Practice != nil, Caller: callerOf(c)}
	if f.Caller.Kind == staff.Person || f.Caller.Kind == staff.Machine {
		f.FormToken = staff.FormToken(f.Caller.shown.Session, f.Caller.shown.Machine)
	}
	if f.Practice && f.Caller.May(staff.Scan) == staff.Yes {
		f.Nav = append(f.Nav, link{"/practice", "Practice labels", c.Request().URL.Path == "/practice"})
	}
	for _, l := range navigation {
		if f.Caller.May(l.may) == staff.Yes {
			f.Nav = append(f.Nav, link{l.href, l.text, c.Request().URL.Path == l.href})
		}
	}
	a, err := s.approvalNow(c)
	if err != nil {
		return f, err
	}
	if a.Approved {
		f.Approval = a.Officer + ", " + shown(a.Since, s.Recorder.Zone(), "2 Jan 2006")
	}
	return f, nil
}

// render writes a page, or one part of it. Nothing is sent until all of it is
// there.
func (s *Server) render(c echo.Context, status int, name, part string, data any) error {
	var b bytes.Buffer
	if err := s.pages.by[name].ExecuteTemplate(&b, part, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	return c.HTMLBlob(status, withTokens(b.Bytes(), callerOf(c)))
}

// posts finds the forms that change something. What people wrote is escaped, so
// that they are all the templates' own.
var posts = regexp.MustCompile(`<form\b[^>]*\bmethod="post"[^>]*>`)

// withTokens puts the form token into every form of a page, so that no template
// can forget it.
func withTokens(page []byte, w caller) []byte {
	if w.Kind != staff.Person && w.Kind != staff.Machine {
		return page
	}
	token := fmt.Appendf(nil, `$0<input type="hidden" name="%s" value="%s">`, formField, staff.FormToken(w.shown.Session, w.shown.Machine))
	return posts.ReplaceAll(page, token)
}

func (s *Server) assets(c echo.Context) error {
	name := path.Clean(c.Param("*"))
	from, file := s.pages.assets, name
	if part, ok := strings.CutPrefix(name, "zxing/"); ok && s.pages.reader != nil {
		from, file = s.pages.reader, part
	}
	b, err := fs.ReadFile(from, file)
	if err != nil || strings.HasPrefix(name, ".") {
		return echo.ErrNotFound
	}
	if name == cameraWorker {
		c.Response().Header().Set("Content-Security-Policy", workerPolicy)
	}
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
		".json": "application/json", ".wasm": "application/wasm", ".txt": "text/plain; charset=utf-8"}
	t, ok := types[path.Ext(name)]
	if !ok {
		t = "application/octet-stream"
	}
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, t, b)
}

// wantsPage reports whether a person's browser asks for a page, rather than a
// program or a script for data.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html") && r.Header.Get("HX-Request") == "" && !strings.HasPrefix(r.URL.Path, "/api/v1/") && !isFHIR(r)
}

func (s *Server) pageProblem(c echo.Context, p Problem) error {
	f, err := s.frame(c, p.Title)
	if err != nil {
		return err
	}
	return s.render(c, p.Status, "problem", "layout", struct {
		frame
		Problem Problem
	}{f, p})
}

// settled answers a form: a script gets nothing (the change comes as an
// event), a browser goes back to the page.
func settled(c echo.Context, to string) error {
	if c.Request().Header.Get("HX-Request") != "" {
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// formID is the id that a form carries; a form sent twice carries the same.
func formID(c echo.Context) (trace.EventID, error) {
	return trace.ParseID[trace.OfEvent](field(c, "id"))
}

// AssetsBuiltIn reports whether the pages' third-party assets are in this
// build. Without them the pages work, and look bare.
func AssetsBuiltIn() bool {
	_, err := fs.Stat(web.Files, "assets/vendor/VERSIONS.json")
	return err == nil
}
