package purser

import (
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The Makefile has the race detector watch only some tests of packages that translate, by their
// names. A name that changes must not change what is watched.

// TestCrowdsAreWatched wants every test in which several things run at once to have one of the
// names by which the Makefile knows such tests.
func TestCrowdsAreWatched(t *testing.T) {
	t.Parallel()
	names := regexp.MustCompile(makeVariable(t, "AT_ONCE"))
	folders := regexp.MustCompile(`\(foreach p,([a-z ]+),`).FindStringSubmatch(makeVariable(t, "TRANSLATING"))
	if folders == nil {
		t.Fatal("TRANSLATING is not a list of folders any more: this test has lost its sense")
	}
	found := 0
	for folder, tests := range testsOf(t) {
		part := strings.Split(folder, "/")
		if len(part) < 2 || part[0] != "internal" || !strings.Contains(" "+folders[1]+" ", " "+part[1]+" ") {
			continue
		}
		for name := range atOnce(tests) {
			if !strings.HasPrefix(name, "Test") {
				continue
			}
			found++
			if !names.MatchString(name) {
				t.Errorf("%s: %s begins goroutines, and the race detector does not see it: give it a name that"+
					" says so, one with %s", folder, name, names)
			}
		}
	}
	if found == 0 {
		t.Error("no such test was found: this one looks for them in the wrong way")
	}
}

// TestAtOnce is about how such tests are found.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	file := parse(t, "internal/x/x_test.go", []byte(`package x
		func TestPlain() { helper() }
		func TestDirect() { go helper() }
		func TestGroup() { var wg sync.WaitGroup; wg.Go(helper) }
		func TestDeep() { outer() }
		func TestMethod() { w.both() }
		func (w world) both() { outer() }
		func outer() { crowd() }
		func crowd() { go helper() }
		func helper() {}`))
	found := atOnce(functionsOf(file, map[string]*ast.FuncDecl{}))
	for name, want := range map[string]bool{
		"TestPlain": false, "TestDirect": true, "TestGroup": true, "TestDeep": true, "TestMethod": true, "helper": false,
	} {
		if found[name] != want {
			t.Errorf("%s: got %v, want %v", name, found[name], want)
		}
	}
}

// makeVariable is what a variable of the Makefile is set to.
func makeVariable(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^` + name + ` *:?= *(.+)$`).FindSubmatch(text)
	if match == nil {
		t.Fatalf("the Makefile has no %s any more: this test has lost its sense", name)
	}
	return strings.ReplaceAll(string(match[1]), "$$", "$")
}

// testsOf are the functions in the test files of every folder, by their names.
func testsOf(t *testing.T) map[string]map[string]*ast.FuncDecl {
	t.Helper()
	all := map[string]map[string]*ast.FuncDecl{}
	for _, s := range readSources(t) {
		if s.tree == nil || !strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		if all[s.folder()] == nil {
			all[s.folder()] = map[string]*ast.FuncDecl{}
		}
		functionsOf(s, all[s.folder()])
	}
	return all
}

// functionsOf adds the functions of a file. Methods of different types with one name count as one.
func functionsOf(s source, into map[string]*ast.FuncDecl) map[string]*ast.FuncDecl {
	for _, d := range s.tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			into[f.Name.Name] = f
		}
	}
	return into
}

// atOnce are those that begin goroutines, by themselves or through others of the same folder.
func atOnce(functions map[string]*ast.FuncDecl) map[string]bool {
	found := map[string]bool{}
	for more := true; more; {
		more = false
		for name, f := range functions {
			if found[name] || !begins(f, found) {
				continue
			}
			found[name], more = true, true
		}
	}
	return found
}

// begins says that a function begins a goroutine, or calls one of those that do.
func begins(f *ast.FuncDecl, known map[string]bool) (yes bool) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			yes = true
		case *ast.CallExpr:
			switch called := n.Fun.(type) {
			case *ast.Ident:
				yes = yes || known[called.Name]
			case *ast.SelectorExpr:
				yes = yes || called.Sel.Name == "Go" || known[called.Sel.Name]
			}
		}
		return !yes
	})
	return yes
}
