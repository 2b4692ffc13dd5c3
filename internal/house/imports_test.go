package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "implantrace"

// rooms says which packages of this module each package may import outside its tests. A row covers the package
// it names and those below it that have no row of their own, and these may always import one another.
// "internal" stands for every row under internal but the test suites; "-" takes one out again.
var rooms = []struct {
	room string
	may  string
}{
	{"docs", ""},
	{"gs1", ""},
	{"scanner", ""},
	{"internal/udi", "gs1"},
	{"internal/trace", "gs1 internal/udi"},
	{"internal/record", "gs1 internal/udi internal/trace"},
	{"internal/journal", "gs1 internal/udi internal/trace"},
	{"internal/outward", ""},
	{"internal/transport", ""},
	{"internal/checkpoint", "gs1 internal/udi internal/trace internal/journal internal/outward"},
	{"internal/seal", "gs1 internal/udi internal/trace"},
	{"internal/backup", "internal/trace internal/journal internal/seal"},
	{"internal/bolt", "internal/udi internal/trace internal/record internal/journal internal/seal"},
	{"internal/bounds", ""},
	{"internal/bolt/faulty", ""},
	{"internal/trace/storetest", "gs1 internal/udi internal/trace internal/record internal/journal internal/seal"},
	{"internal/check", "gs1 internal/udi internal/trace"},
	{"internal/command", "gs1 internal/udi internal/trace internal/check"},
	{"internal/staff", "internal/udi internal/trace internal/command"},
	{"internal/symbol", ""},
	{"internal/directory", "gs1 internal/udi internal/trace internal/command internal/sheet internal/symbol"},
	{"internal/catalogue", "internal/udi internal/trace internal/check internal/command internal/sheet"},
	{"internal/theatre", "gs1 internal/udi internal/trace internal/check internal/command scanner"},
	{"internal/recall", "gs1 internal/udi internal/trace"},
	{"internal/recall/recalltest", "internal/udi internal/trace"},
	{"internal/casework", "internal/udi internal/trace internal/command internal/recall"},
	{"internal/registry", "gs1 internal/udi internal/trace internal/command internal/sheet internal/fhir"},
	{"internal/delivery", "internal/trace internal/registry internal/outward"},
	{"internal/evidence", "internal/udi internal/trace internal/record internal/journal internal/seal internal/recall internal/casework internal/sheet internal/document"},
	{"internal/carry", "internal/trace internal/journal internal/command internal/recall internal/casework"},
	{"internal/letter", "internal/trace internal/recall internal/casework internal/sheet internal/document"},
	{"internal/fhir", "gs1 internal/udi internal/trace"},
	{"internal/card", "gs1 internal/udi internal/trace internal/document internal/symbol"},
	{"internal/sheet", ""},
	{"internal/document", ""},
	{"internal/strict", ""},
	{"internal/history", "gs1 internal/udi internal/trace internal/command internal/strict"},
	{"internal/demo", "gs1 internal/udi internal/trace internal/command internal/history internal/catalogue internal/directory scanner"},
	{"internal/practice", "gs1 internal/udi internal/trace internal/command internal/casework internal/recall internal/symbol internal/theatre internal/demo"},
	{"internal/bench", "gs1 scanner internal/udi internal/trace internal/check internal/command internal/catalogue internal/casework internal/registry internal/fhir internal/bolt internal/backup internal/seal internal/recall internal/app internal/demo"},
	{"internal/safety", ""},
	{"internal/house", ""},
	{"internal/app", "gs1 scanner api internal"},
	{"api", "docs gs1 scanner internal -internal/app -internal/demo -internal/bolt -internal/seal -internal/journal"},
	{"cmd/implantrace", "gs1 scanner api internal"},
}

// suites are rows that only tests may import.
var suites = []string{"internal/trace/storetest", "internal/bolt/faulty", "internal/recall/recalltest", "internal/bounds", "internal/safety", "internal/house"}

// guests says in which rooms a module from outside may be imported. Tests anywhere may import it too if tests is set.
var guests = []struct {
	module string
	rooms  string
	tests  bool
}{
	{"github.com/labstack", "api", false},
	{"github.com/makiuchi-d/gozxing", "scanner internal/symbol", false},
	{"github.com/tarm/serial", "scanner", false},
	{"github.com/tetratelabs/wazero", "scanner", false},
	{"go.etcd.io/bbolt", "internal/bolt", false},
	{"golang.org/x/mod", "internal/journal internal/bolt internal/evidence", true},
	{"filippo.io/age", "internal/seal internal/backup internal/evidence internal/app", true},
	{"github.com/fxamacker/cbor", "internal/trace internal/journal internal/record internal/seal internal/bolt internal/backup", true},
	{"github.com/klauspost/compress", "internal/journal", false},
	{"github.com/creack/pty", "internal/demo", true},
	{"github.com/prometheus", "api", true},
	{"github.com/getkin/kin-openapi", "api", true},
	{"github.com/xuri/excelize", "internal/sheet", true},
	{"github.com/goccy/go-yaml", "internal/registry", true},
	{"codeberg.org/go-pdf/fpdf", "internal/document", false},
	{"github.com/go-fonts/dejavu", "internal/document", false},
	{"github.com/coreos/go-oidc", "internal/staff", false},
	{"golang.org/x/oauth2", "internal/staff", false},
	{"github.com/pquerna/otp", "internal/staff", true},
	{"github.com/trustelem/zxcvbn", "internal/staff", false},
	{"github.com/oauth2-proxy/mockoidc", "", true},
	{"github.com/chromedp", "", true},
	{"github.com/rogpeppe/go-internal", "", true},
	{"github.com/hanwen/go-fuse", "internal/bolt/faulty", false},
	{"pgregory.net/rapid", "internal/trace/storetest", true},
}

func TestImportsKeepToTheirRooms(t *testing.T) {
	for _, im := range imports(t) {
		from := room(im.pkg)
		if from == "" {
			continue // TestEveryPackageHasARoom says so
		}
		if to, ok := strings.CutPrefix(im.path, module+"/"); ok && !im.test {
			if why := forbidden(from, room(to)); why != "" {
				t.Errorf("%s: %s imports %s: %s", im.at, im.pkg, to, why)
			}
		}
		if from == "gs1" && !im.test && !im.standard && !strings.HasPrefix(im.path, module+"/") {
			t.Errorf("%s: gs1 imports %s: it may use the standard library only", im.at, im.path)
		}
		for _, g := range guests {
			if !within(im.path, g.module) || im.test && g.tests {
				continue
			}
			if allowed := strings.Fields(g.rooms); !slices.Contains(allowed, from) {
				t.Errorf("%s: %s imports %s, which belongs in %s", im.at, im.pkg, im.path, orTests(allowed))
			}
		}
	}
}

func TestEveryPackageHasARoom(t *testing.T) {
	for _, p := range packages(t) {
		if p.Module == nil || !p.Module.Main {
			continue
		}
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if room(name) == "" {
			t.Errorf("%s: %s is not in the table of rooms: give it a row", relative(p.Dir), name)
		}
	}
}

func TestImportTableHoldsWhatItShould(t *testing.T) {
	for _, c := range []struct {
		from, to string
		free     bool
	}{
		{"internal/udi", "gs1", true},
		{"gs1", "internal/udi", false},
		{"scanner", "gs1", false},
		{"internal/trace/storetest", "internal/record", true},
		{"internal/trace", "internal/trace/storetest", false},
		{"internal/trace", "internal/record", false},
		{"internal/bolt", "internal/theatre", false},
		{"internal/app", "internal/bolt", true},
		{"internal/app", "internal/trace/storetest", false},
		{"api", "internal/theatre", true},
		{"api", "internal/bolt", false},
		{"api", "internal/app", false},
		{"cmd/implantrace", "api", true},
		{"internal/app", "cmd/implantrace", false},
		{"internal/recall", "internal/unknown", false},
	} {
		if free := forbidden(c.from, room(c.to)) == ""; free != c.free {
			t.Errorf("%s imports %s: free = %v, want %v", c.from, c.to, free, c.free)
		}
	}
	if got := room("internal/trace/storetest/deep"); got != "internal/trace/storetest" {
		t.Errorf("the longest row does not win: %s", got)
	}
	if got := room("internal/tracer"); got != "" {
		t.Errorf("internal/tracer has the row %s", got)
	}
}

func TestNoPackageHasANameForEverything(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "model", "models", "misc"}
	for _, p := range packages(t) {
		if p.Module != nil && p.Module.Main && (slices.Contains(vague, p.Name) || slices.Contains(vague, filepath.Base(p.Dir))) {
			t.Errorf("%s: package %s: name it for the one idea it holds", relative(p.Dir), p.Name)
		}
	}
}

func TestNoInitFunctions(t *testing.T) {
	fset := token.NewFileSet()
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(fset, filepath.Join(root(t), file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: func init: effects belong to a call that somebody makes", place(fset, f.Pos()))
			}
		}
	}
}

// forbidden says why code in one room may not import another, or "" if it may.
func forbidden(from, to string) string {
	if from == to {
		return ""
	}
	if slices.Contains(suites, to) {
		return "only tests may"
	}
	for _, r := range rooms {
		if r.room != from {
			continue
		}
		may := strings.Fields(r.may)
		if to != "" && !slices.Contains(may, "-"+to) &&
			(slices.Contains(may, to) || slices.Contains(may, "internal") && within(to, "internal")) {
			return ""
		}
		return "its row allows " + orNothing(may)
	}
	return "it has no row"
}

// room returns the row that covers a package of this module, or "" if none does.
func room(pkg string) string {
	longest := ""
	for _, r := range rooms {
		if within(pkg, r.room) && len(r.room) > len(longest) {
			longest = r.room
		}
	}
	return longest
}

func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing of this module"
	}
	return strings.Join(list, ", ")
}

func orTests(list []string) string {
	if len(list) == 0 {
		return "tests only"
	}
	return strings.Join(list, ", ")
}

// An imported is one import declaration of this module.
type imported struct {
	at       string // file:line
	pkg      string // the importing package, without the module
	path     string
	test     bool
	standard bool
}

// imports reads every import declaration of this module, those of files for other systems too.
func imports(t *testing.T) []imported {
	t.Helper()
	standard := map[string]bool{}
	listed := packages(t)
	for _, p := range listed {
		standard[p.ImportPath] = p.Standard
	}
	var found []imported
	fset := token.NewFileSet()
	for _, p := range listed {
		if p.Module == nil || !p.Module.Main {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ImportsOnly)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, spec := range file.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Errorf("%s: %v", place(fset, spec.Pos()), err)
					continue
				}
				std, known := standard[path]
				if !known {
					first, _, _ := strings.Cut(path, "/")
					std = !strings.Contains(first, ".") && first != module
				}
				found = append(found, imported{
					at:       place(fset, spec.Pos()),
					pkg:      strings.TrimPrefix(p.ImportPath, module+"/"),
					path:     path,
					test:     strings.HasSuffix(name, "_test.go"),
					standard: std,
				})
			}
		}
	}
	if len(found) == 0 {
		t.Fatal("no import was found: the test looks in the wrong place")
	}
	return found
}

// A listed is what go list says of a package.
type listed struct {
	Dir, ImportPath, Name                                        string
	Standard                                                     bool
	Module                                                       *struct{ Main bool }
	GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
}

// packages runs go list over the module and everything it depends on. With -e a package that does not compile at
// this moment is still listed: the compiler reports that better.
func packages(t *testing.T) []listed {
	t.Helper()
	goFiles(t) // reading the folders tells go test's cache when a file comes or goes
	cmd := exec.Command("go", "list", "-e", "-deps",
		"-json=Dir,ImportPath,Name,Standard,Module,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", "./...")
	cmd.Dir = root(t)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, said.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

// goFiles lists the Go files of the project by their paths from the root.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root(t), func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root(t)):
			return filepath.SkipDir
		case filepath.Ext(path) == ".go":
			files = append(files, relative(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// relative turns a path into one from the root, with slashes.
func relative(path string) string {
	base, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(base, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

func place(fset *token.FileSet, pos token.Pos) string {
	p := fset.Position(pos)
	return fmt.Sprintf("%s:%d", relative(p.Filename), p.Line)
}
