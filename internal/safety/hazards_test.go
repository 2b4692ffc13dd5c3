package safety

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const logFile = "docs/clinical-safety/hazards.yaml"

// A hazard is one row of the log, with what DCB0129 asks of it.
type hazard struct {
	ID       string    `yaml:"id"`
	Hazard   string    `yaml:"hazard"`
	Causes   []string  `yaml:"causes"`
	Effect   string    `yaml:"effect"`
	Harm     string    `yaml:"harm"`
	Before   estimate  `yaml:"before"`
	After    estimate  `yaml:"after"`
	Controls []control `yaml:"controls"`
	// What the hospital does is its own to show under DCB0160: no test of ours can.
	Hospital []string `yaml:"hospital"`
	// Why a risk that remains is acceptable.
	Acceptance string `yaml:"acceptance"`
}

type estimate struct {
	Likelihood string `yaml:"likelihood"`
	Severity   string `yaml:"severity"`
	Risk       int    `yaml:"risk"`
}

type control struct {
	Text  string   `yaml:"text"`
	Tests []string `yaml:"tests"`
}

var (
	likelihoods = []string{"very high", "high", "medium", "low", "very low"}
	severities  = []string{"minor", "significant", "considerable", "major", "catastrophic"}

	// matrix is the risk matrix of DCB0129, likelihood down and severity across.
	matrix = [5][5]int{
		{3, 4, 4, 5, 5},
		{2, 3, 3, 4, 5},
		{2, 2, 3, 3, 4},
		{1, 2, 2, 3, 4},
		{1, 1, 2, 2, 3},
	}
)

func TestHazardLogIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range hazards(t) {
		t.Run(h.ID, func(t *testing.T) {
			if !regexp.MustCompile(`^HAZ-\d{2}$`).MatchString(h.ID) {
				t.Errorf("id %q is not HAZ- and two digits", h.ID)
			}
			if seen[h.ID] {
				t.Errorf("id %s stands twice", h.ID)
			}
			seen[h.ID] = true
			for name, text := range map[string]string{"hazard": h.Hazard, "effect": h.Effect, "harm": h.Harm} {
				if strings.TrimSpace(text) == "" {
					t.Errorf("no %s", name)
				}
			}
			if len(h.Causes) == 0 || slices.Contains(h.Causes, "") {
				t.Error("a hazard has causes, and none is empty")
			}
			before, after := h.Before.check(t, "before"), h.After.check(t, "after")
			if after > before {
				t.Errorf("the risk rises from %d to %d", before, after)
			}
			if after > 3 {
				t.Errorf("risk %d remains, which DCB0129 does not let be accepted", after)
			}
			if after > 1 && strings.TrimSpace(h.Acceptance) == "" {
				t.Errorf("risk %d remains: acceptance must say why it cannot be made smaller", after)
			}
			if len(h.Controls) == 0 {
				t.Error("no control")
			}
			for i, c := range h.Controls {
				if strings.TrimSpace(c.Text) == "" {
					t.Errorf("control %d has no text", i+1)
				}
				if len(c.Tests) == 0 {
					t.Errorf("control %d names no test", i+1)
				}
			}
		})
	}
}

// A control counts only while a test shows that it works.
func TestEveryControlIsTested(t *testing.T) {
	known := map[string]tests{}
	for _, h := range hazards(t) {
		t.Run(h.ID, func(t *testing.T) {
			for i, c := range h.Controls {
				for _, name := range c.Tests {
					folder, test, subtest, err := parseTest(name)
					if err != nil {
						t.Errorf("control %d: %v", i+1, err)
						continue
					}
					if _, ok := known[folder]; !ok {
						known[folder] = testsIn(t, folder)
					}
					switch {
					case !known[folder].funcs[test]:
						t.Errorf("control %d: %s: no _test.go file of %s has func %s", i+1, name, folder, test)
					case subtest != "" && !known[folder].names[subtest]:
						t.Errorf("control %d: %s: neither the tests of %s nor what they import name a subtest %q", i+1, name, folder, subtest)
					}
				}
			}
		})
	}
}

func TestRiskMatrix(t *testing.T) {
	for _, c := range []struct {
		likelihood, severity string
		want                 int
	}{
		{"very high", "minor", 3},
		{"very high", "catastrophic", 5},
		{"high", "major", 4},
		{"medium", "considerable", 3},
		{"low", "minor", 1},
		{"very low", "major", 2},
		{"very low", "catastrophic", 3},
	} {
		got, err := risk(c.likelihood, c.severity)
		if err != nil || got != c.want {
			t.Errorf("risk(%s, %s) = %d, %v; want %d", c.likelihood, c.severity, got, err, c.want)
		}
	}
	if _, err := risk("often", "major"); err == nil {
		t.Error("a likelihood that is not on the scale was taken")
	}
}

func TestTestNames(t *testing.T) {
	for name, want := range map[string][3]string{
		"gs1.FuzzParse": {"gs1", "FuzzParse", ""},
		"internal/bolt.TestContract/a repeat, and more": {"internal/bolt", "TestContract", "a repeat, and more"},
		"cmd/implantrace.TestScripts/recall.txtar":      {"cmd/implantrace", "TestScripts", "recall.txtar"},
		"scanner.ExampleReading_ScanData":               {"scanner", "ExampleReading_ScanData", ""},
	} {
		folder, test, subtest, err := parseTest(name)
		if got := [3]string{folder, test, subtest}; err != nil || got != want {
			t.Errorf("parseTest(%q) = %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "TestStore", "internal/bolt.Store", "internal/bolt.TestStore/", "../bolt.TestStore", "internal/bolt.Testing"} {
		if folder, test, _, err := parseTest(name); err == nil {
			t.Errorf("parseTest(%q) took %q, %q", name, folder, test)
		}
	}
	here := testsIn(t, "internal/safety")
	if !here.funcs["TestTestNames"] || here.funcs["parseTest"] || here.funcs["TestOfNoKind"] {
		t.Errorf("the functions of this folder: %v", here.funcs)
	}
	if !here.names["scanner.ExampleReading_ScanData"] || here.names["no such "+"words"] {
		t.Error("the words of this folder are not those in it")
	}
}

// check compares the stated risk with the matrix and returns what the matrix says.
func (e estimate) check(t *testing.T, when string) int {
	t.Helper()
	want, err := risk(e.Likelihood, e.Severity)
	if err != nil {
		t.Errorf("%s: %v", when, err)
		return 0
	}
	if e.Risk != want {
		t.Errorf("%s: %s likelihood by %s severity is risk %d, not %d", when, e.Likelihood, e.Severity, want, e.Risk)
	}
	return want
}

func risk(likelihood, severity string) (int, error) {
	l, s := slices.Index(likelihoods, likelihood), slices.Index(severities, severity)
	if l < 0 {
		return 0, fmt.Errorf("likelihood %q is none of %s", likelihood, strings.Join(likelihoods, ", "))
	}
	if s < 0 {
		return 0, fmt.Errorf("severity %q is none of %s", severity, strings.Join(severities, ", "))
	}
	return matrix[l][s], nil
}

// A test's name is its folder from the root, a dot, its function and perhaps a slash and a subtest. go vet's rule for
// the letter after Test, Fuzz or Example holds here too.
var testName = regexp.MustCompile(`^([a-z0-9_]+(?:/[a-z0-9_]+)*)\.((?:Test|Fuzz|Example)(?:[A-Z0-9_]\w*)?)(?:/(.+))?$`)

func parseTest(name string) (folder, test, subtest string, err error) {
	m := testName.FindStringSubmatch(name)
	if m == nil {
		return "", "", "", fmt.Errorf("%q is not of the form folder.TestName or folder.TestName/subtest", name)
	}
	return m[1], m[2], m[3], nil
}

// tests is what the tests of a folder are called.
type tests struct {
	funcs map[string]bool // test, fuzz and example functions
	names map[string]bool // what a subtest may be called: any string in the tests or in a suite they import, any file in testdata
}

// testsIn reads a folder's _test.go files. A folder that is not there has no tests.
func testsIn(t *testing.T, folder string) tests {
	t.Helper()
	found := tests{funcs: map[string]bool{}, names: map[string]bool{}}
	for _, file := range parse(t, folder, func(name string) bool { return strings.HasSuffix(name, "_test.go") }) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString("x."+f.Name.Name) {
				found.funcs[f.Name.Name] = true
			}
		}
		words(file, found.names)
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if suite, ok := strings.CutPrefix(path, "implantrace/"); err == nil && ok {
				for _, file := range parse(t, suite, func(name string) bool { return !strings.HasSuffix(name, "_test.go") }) {
					words(file, found.names)
				}
			}
		}
	}
	err := filepath.WalkDir(filepath.Join(fromRoot(folder), "testdata"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found.names[d.Name()] = true
			found.names[strings.TrimSuffix(d.Name(), filepath.Ext(path))] = true
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

// parse reads the Go files of a folder that are wanted.
func parse(t *testing.T, folder string, wanted func(name string) bool) []*ast.File {
	t.Helper()
	entries, err := os.ReadDir(fromRoot(folder))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".go" || !wanted(entry.Name()) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(fromRoot(folder), entry.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		files = append(files, file)
	}
	return files
}

// words adds every string literal of a file.
func words(file *ast.File, names map[string]bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				names[text] = true
			}
		}
		return true
	})
}

func fromRoot(path string) string {
	return filepath.Join("..", "..", filepath.FromSlash(path))
}

// hazards reads the log. A key that the log does not know is an error.
func hazards(t *testing.T) []hazard {
	t.Helper()
	data, err := os.ReadFile(fromRoot(logFile))
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Hazards []hazard `yaml:"hazards"`
	}
	if err := yaml.UnmarshalWithOptions(data, &log, yaml.Strict()); err != nil {
		t.Fatalf("%s: %s", logFile, yaml.FormatError(err, false, true))
	}
	if len(log.Hazards) == 0 {
		t.Fatalf("%s holds no hazard", logFile)
	}
	return log.Hazards
}
