package purser

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// The sizes a reader can hold. Tests are lists of cases and may be longer.
const (
	lineMax         = 120
	functionMax     = 70
	functionMaxTest = 120
	fileMax         = 500
	fileMaxTest     = 700
)

// banned are the calls that hide an input of the code, and what to do instead.
var banned = map[string]string{
	"time.Now":     "take a clock from the caller (now func() time.Time), so that tests can move time",
	"time.Since":   "take a clock from the caller and subtract",
	"time.Until":   "take a clock from the caller and subtract",
	"time.Sleep":   "wait on a channel or a timer together with the context",
	"os.Getenv":    "take the value as an argument: only cmd/purser reads the environment",
	"os.LookupEnv": "take the value as an argument: only cmd/purser reads the environment",
	"os.Environ":   "take the values as an argument: only cmd/purser reads the environment",
	"fmt.Print":    "use the logger, or take an io.Writer",
	"fmt.Printf":   "use the logger, or take an io.Writer",
	"fmt.Println":  "use the logger, or take an io.Writer",
}

// allowed are the places where a banned call is right, each with its reason.
var allowed = []struct{ folder, call, reason string }{
	{"internal/server", "time.Now", "the composition root hands the real clock to everybody else"},
}

// vague are package names that say nothing about what is inside.
var vague = strings.Fields("util utils common helper helpers model models type types pkg misc base lib shared")

// The words are put together here so that this file does not break its own rule.
// The third one is also the currency code of no currency, so it counts in comments only.
var (
	unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b|//.*\bXX` + `X\b`)
	workplaces = []string{"/wo" + "rk/", "registry.np" + "mjs", "proxy.gol" + "ang.org"}
)

// source is one file of the repository. tree is nil where it is not Go.
type source struct {
	path      string
	lines     []string
	set       *token.FileSet
	tree      *ast.File
	generated bool
}

// isTest reports whether a file runs only in tests: a test file, a conformance
// kit, or what lies under test.
func (s source) isTest() bool {
	kit := strings.HasPrefix(s.path, "internal/") && strings.HasSuffix(s.folder(), "test")
	return kit || strings.HasSuffix(s.path, "_test.go") || strings.HasPrefix(s.path, "test/")
}

// isProgram reports whether a file belongs to a main package.
func (s source) isProgram() bool { return s.tree.Name.Name == "main" }

// folder is where a file lies, seen from the root.
func (s source) folder() string { return filepath.ToSlash(filepath.Dir(s.path)) }

// line is the number of the line where a position is.
func (s source) line(p token.Pos) int { return s.set.Position(p).Line }

// at begins a message about one position.
func (s source) at(p token.Pos) string { return s.path + ":" + strconv.Itoa(s.line(p)) + ": " }

// excused reports whether a line, or the one above it, carries a nolint with the
// linter's name and a reason.
func (s source) excused(line int) bool {
	for _, text := range s.lines[max(line-2, 0):line] {
		_, directive, ok := strings.Cut(text, "//nolint:")
		linters, reason, _ := strings.Cut(directive, " // ")
		if ok && strings.Contains(linters, "forbidigo") && strings.TrimSpace(reason) != "" {
			return true
		}
	}
	return false
}

// tidyRules are the habits that a program can check. Those with goOnly look at
// written Go code, the others at every text file.
var tidyRules = []struct {
	name   string
	goOnly bool
	check  func(source) []string
	bad    string // a file that the rule must refuse
	good   string // a file that it must accept
}{
	{"lines", true, longLines, "package x // " + strings.Repeat("x", lineMax), "package x"},
	{"files", true, longFiles, "package x" + strings.Repeat("\n", fileMax+1), "package x"},
	{
		"functions", true, longFunctions,
		"package x\nfunc f() {" + strings.Repeat("\n_ = 1", functionMax+1) + "\n}",
		"package x\nfunc f() {" + strings.Repeat("\n// Why.", functionMax+1) + "\n}",
	},
	{
		"calls", true, bannedCalls,
		"package x\nimport clock \"time\"\nvar t = clock.Now()", "package x\nimport \"time\"\nvar t = time.Unix(0, 0)",
	},
	{
		"chances", true, setChances,
		"package x\nvar c = app.Config{Random: nil}", "package x\nvar c = app.Config{Now: nil}",
	},
	{"logs", true, oldLogs, "package x\nimport \"log\"", "package x\nimport \"log/slog\""},
	{"inits", true, inits, "package x\nfunc init() {}", "package x\ntype t int\nfunc (t) init() {}"},
	{
		"floats", true, floats,
		"package x\nvar f float64", "package x\n//nolint:forbidigo // a share of time, not money\nvar f float64",
	},
	{
		"secrets", true, comparedSecrets,
		"package x\nfunc f(a, secret string) bool { return a == secret }",
		"package x\nfunc f(secret string) bool { return secret == \"\" }",
	},
	{"names", true, vagueNames, "package utils", "package money"},
	{"comments", true, undocumented, "package x\nfunc F() {}", "package x\n// F is.\nfunc F() {}"},
	{
		"assertions", true, assertions,
		"package x\nimport \"github.com/stretchr/testify/require\"", "package x\nimport \"github.com/google/go-cmp/cmp\"",
	},
	{"unfinished", false, unfinishedWork, "package x // TO" + "DO: all", "package x // all done"},
	{"workplaces", false, workplaceWords, "package x // see /wo" + "rk/x", "package x // see docs/x"},
}

func TestTidy(t *testing.T) {
	t.Parallel()
	sources := readSources(t)
	for _, rule := range tidyRules {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range sources {
				if rule.goOnly && (s.tree == nil || s.generated) {
					continue
				}
				for _, problem := range rule.check(s) {
					t.Error(problem)
				}
			}
		})
	}
}

// A rule that cannot fail protects nothing, so each one meets a file it must refuse.
func TestTidyRules(t *testing.T) {
	t.Parallel()
	for _, rule := range tidyRules {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			if got := rule.check(parse(t, "internal/x/x.go", []byte(rule.bad))); len(got) != 1 {
				t.Errorf("the bad file: got problems %q, want exactly one", got)
			}
			if got := rule.check(parse(t, "internal/x/x.go", []byte(rule.good))); len(got) != 0 {
				t.Errorf("the good file: got problems %q, want none", got)
			}
		})
	}
}

// modernc.org/sqlite is tested with one version of its companion library only; with
// another one it compiles and then fails in rare ways.
func TestSQLiteHasItsOwnLibc(t *testing.T) {
	t.Parallel()
	const driver, library = "modernc.org/sqlite", "modernc.org/libc"
	goMod := moduleField(t, driver).GoMod
	if goMod == "" {
		t.Skip(driver + " is not downloaded: run \"go mod download\"")
	}
	text, err := os.ReadFile(goMod)
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(library) + ` (v\S+)`).FindSubmatch(text)
	if match == nil {
		t.Fatalf("%s does not require %s any more: this test has lost its sense", driver, library)
	}
	if got, want := moduleField(t, library).Version, string(match[1]); got != want {
		t.Errorf("%s: got %s, want %s as in the go.mod of %s: go get %[1]s@%[3]s", library, got, want, driver)
	}
}

// moduleField asks the go command for one module.
func moduleField(t *testing.T, name string) (m struct{ Version, GoMod string }) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-json", name).Output()
	if err != nil {
		t.Fatalf("go list -m %s: %v", name, err)
	}
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatalf("read the answer of go list: %v", err)
	}
	return m
}

// readSources reads every text file of the repository but those of other modules
// and of tools.
func readSources(t *testing.T) []source {
	t.Helper()
	skipped := strings.Fields(".git .cache bin dist coverage node_modules purser-data")
	var sources []source
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && slices.Contains(skipped, entry.Name()) {
			return cmp.Or(err, fs.SkipDir)
		}
		if !entry.Type().IsRegular() || slices.Contains([]string{"LICENSE", "go.sum"}, path) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && !bytes.Contains(text, []byte{0}) {
			sources = append(sources, parse(t, filepath.ToSlash(path), text))
		}
		return err
	})
	if err != nil {
		t.Fatalf("read the repository: %v", err)
	}
	return sources
}

// parse reads one file.
func parse(t *testing.T, path string, text []byte) source {
	t.Helper()
	s := source{path: path, lines: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), set: token.NewFileSet()}
	if !strings.HasSuffix(path, ".go") || strings.Contains(path, "testdata/") {
		return s
	}
	var err error
	if s.tree, err = parser.ParseFile(s.set, path, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		t.Fatalf("parse %s: %v", path, err)
	}
	s.generated = ast.IsGenerated(s.tree)
	return s
}

func longLines(s source) (problems []string) {
	for i, line := range s.lines {
		if n := utf8.RuneCountInString(line); n > lineMax && !strings.HasPrefix(line, "//go:") {
			problems = append(problems, fmt.Sprintf("%s:%d: %d characters, the limit is %d: break the line",
				s.path, i+1, n, lineMax))
		}
	}
	return problems
}

func longFiles(s source) []string {
	limit := fileMax
	if s.isTest() {
		limit = fileMaxTest
	}
	if len(s.lines) <= limit {
		return nil
	}
	return []string{fmt.Sprintf("%s: %d lines, the limit is %d: split it by subject", s.path, len(s.lines), limit)}
}

func longFunctions(s source) (problems []string) {
	limit := functionMax
	if s.isTest() {
		limit = functionMaxTest
	}
	for _, d := range s.tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		n := 0
		first, last := s.line(f.Body.Lbrace), s.line(f.Body.Rbrace)-1
		for _, line := range s.lines[first:max(first, last)] {
			if !strings.HasPrefix(strings.TrimSpace(line), "//") {
				n++
			}
		}
		if n > limit {
			problems = append(problems, fmt.Sprintf("%s%s has %d lines, the limit is %d: name its steps and move them out",
				s.at(f.Pos()), f.Name.Name, n, limit))
		}
	}
	return problems
}

// imports maps the names under which a file knows packages to their paths.
func imports(s source) map[string]string {
	paths := map[string]string{}
	for _, i := range s.tree.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // the parser has refused such a file
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		paths[name] = path
	}
	return paths
}

// bannedCalls finds hidden inputs. In tests only sleeping is refused, and there not
// where testing/synctest moves the time.
func bannedCalls(s source) (problems []string) {
	known := imports(s)
	_, bubble := known["synctest"]
	ast.Inspect(s.tree, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name, ok := selector.X.(*ast.Ident)
		if !ok {
			return true
		}
		call := known[name.Name] + "." + selector.Sel.Name
		instead, ok := banned[call]
		switch {
		case !ok, isAllowed(s, call), s.isTest() && (call != "time.Sleep" || bubble), !s.isTest() && s.isProgram():
			return true
		case s.isTest():
			instead = "wait for what you expect, with a deadline, or use testing/synctest"
		}
		problems = append(problems, s.at(n.Pos())+call+": "+instead)
		return true
	})
	return problems
}

// isAllowed reports whether the list of exceptions names this call in this place.
func isAllowed(s source, call string) bool {
	for _, a := range allowed {
		if a.folder == s.folder() && a.call == call && a.reason != "" {
			return true
		}
	}
	return false
}

func oldLogs(s source) (problems []string) {
	for _, i := range s.tree.Imports {
		if i.Path.Value == `"log"` {
			problems = append(problems, s.at(i.Pos())+"package log: use log/slog with static messages and snake_case keys")
		}
	}
	return problems
}

// setChances finds who gives the use cases another source of ids and secrets than
// crypto/rand, or lets them do one thing after the other: only tests may.
func setChances(s source) (problems []string) {
	if s.isTest() {
		return nil
	}
	forbid := func(set ast.Expr) {
		if f, ok := set.(*ast.SelectorExpr); ok {
			set = f.Sel
		}
		if name, ok := set.(*ast.Ident); ok && (name.Name == "Random" || name.Name == "Alone") {
			problems = append(problems, s.at(name.Pos())+name.Name+": a server has crypto/rand and is never alone")
		}
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			forbid(n.Key)
		case *ast.AssignStmt:
			for _, to := range n.Lhs {
				forbid(to)
			}
		}
		return true
	})
	return problems
}

func inits(s source) (problems []string) {
	for _, d := range s.tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			problems = append(problems, s.at(f.Pos())+"func init: build it where it is needed, or list it in server/wire.go")
		}
	}
	return problems
}

func floats(s source) (problems []string) {
	if s.isTest() {
		return nil
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if i, ok := n.(*ast.Ident); ok && (i.Name == "float32" || i.Name == "float64") && !s.excused(s.line(i.Pos())) {
			problems = append(problems, s.at(i.Pos())+i.Name+
				": money is money.Amount; for anything else add //nolint:forbidigo // and the reason")
		}
		return true
	})
	return problems
}

func vagueNames(s source) []string {
	name := s.tree.Name.Name
	if !slices.Contains(vague, strings.TrimSuffix(name, "_test")) {
		return nil
	}
	return []string{fmt.Sprintf("%s: package %s says nothing: name it after what is inside", s.path, name)}
}

// undocumented finds exported names without a comment. A const or var block may
// share one, and methods that everybody knows need none.
func undocumented(s source) (problems []string) {
	if s.isTest() && strings.HasSuffix(s.path, "_test.go") || s.isProgram() {
		return nil
	}
	report := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		documented := slices.ContainsFunc(docs, func(g *ast.CommentGroup) bool { return g != nil })
		if name.IsExported() && !documented {
			problems = append(problems, s.at(name.Pos())+name.Name+
				" has no comment: say what it is, its unit and its errors")
		}
	}
	for _, d := range s.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if !isCommonMethod(d) {
				report(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					report(spec.Name, d.Doc, spec.Doc, spec.Comment)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						report(name, d.Doc, spec.Doc, spec.Comment)
					}
				}
			}
		}
	}
	return problems
}

// isCommonMethod reports whether a function is a method that a standard interface
// explains, or one of a type that nobody else sees.
func isCommonMethod(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return false
	}
	receiver := f.Recv.List[0].Type
	for done := false; !done; {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		default:
			done = true
		}
	}
	name, ok := receiver.(*ast.Ident)
	common := strings.Fields("Error String Unwrap Read Write Close ServeHTTP Len Less Swap")
	return ok && !name.IsExported() || slices.Contains(common, f.Name.Name)
}

func assertions(s source) (problems []string) {
	for _, i := range s.tree.Imports {
		if strings.HasPrefix(i.Path.Value, `"github.com/stretchr/testify`) {
			problems = append(problems, s.at(i.Pos())+"testify: compare with == or go-cmp, and print got and want")
		}
	}
	return problems
}

func unfinishedWork(s source) (problems []string) {
	for i, line := range s.lines {
		if word := unfinished.FindString(line); word != "" {
			problems = append(problems, fmt.Sprintf("%s:%d: %s: finish it, or open an issue and say here what holds now",
				s.path, i+1, word))
		}
	}
	return problems
}

func workplaceWords(s source) (problems []string) {
	for i, line := range s.lines {
		for _, word := range workplaces {
			if strings.Contains(line, word) {
				problems = append(problems, fmt.Sprintf("%s:%d: %q is a place on one machine or network: leave it out",
					s.path, i+1, word))
			}
		}
	}
	return problems
}
