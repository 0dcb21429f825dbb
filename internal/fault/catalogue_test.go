package fault_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/fault"
)

var update = flag.Bool("update", false, "rewrite docs/errors.md from the catalogue")

// kinds is what a program should do about each kind, for the page.
var kinds = []struct {
	kind fault.Kind
	todo string
}{
	{fault.Internal, "Tell us, with the request's id. Ask for the present state before sending it again."},
	{fault.Invalid, "Change the request; the same one will be refused again."},
	{fault.NotFound, "Check the id and the key: another merchant's things are not found either."},
	{fault.Conflict, "Read the present state and decide anew."},
	{fault.Unauthenticated, "Send a good key or signature."},
	{fault.Forbidden, "Use a key that may do this."},
	{fault.Declined, "Tell the payer, or try another way to pay."},
	{fault.Unavailable, "Ask again later with the same idempotency key."},
	{fault.RateLimited, "Ask again more slowly, after `Retry-After`."},
}

func TestCatalogueIsWellFormed(t *testing.T) {
	t.Parallel()
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	known := make(map[fault.Kind]bool)
	for _, k := range kinds {
		known[k.kind] = true
	}
	seen := make(map[fault.Code]bool)
	used := make(map[fault.Kind]bool)
	for _, e := range fault.Catalogue {
		if !snake.MatchString(string(e.Code)) {
			t.Errorf("code %q is not snake_case", e.Code)
		}
		if seen[e.Code] {
			t.Errorf("code %q has two rows", e.Code)
		}
		if !known[e.Kind] {
			t.Errorf("code %q has the unknown kind %q", e.Code, e.Kind)
		}
		for _, sentence := range []string{e.Words, e.Doc} {
			if len(sentence) < 2 || !strings.HasSuffix(sentence, ".") || sentence[:1] != strings.ToUpper(sentence[:1]) {
				t.Errorf("code %q: %q is no sentence", e.Code, sentence)
			}
		}
		if got := fault.New(e.Code, "", ""); got.Kind != e.Kind || got.Code != e.Code || got.Words != e.Words {
			t.Errorf("New(%q) = %+v, want its row %+v", e.Code, *got, e)
		}
		seen[e.Code], used[e.Kind] = true, true
	}
	for kind := range known {
		if !used[kind] {
			t.Errorf("no code has the kind %q", kind)
		}
	}
}

// A constant without a row would give Internal faults at run time, so the
// constants are read from the source and looked for in the catalogue.
func TestEveryCodeHasARow(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("parse codes.go: %v", err)
	}
	rows := map[string]bool{}
	for _, e := range fault.Catalogue {
		rows[string(e.Code)] = true
	}
	constants := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok {
			code, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Errorf("unquote %s: %v", literal.Value, err)
			}
			constants[code] = true
		}
		return true
	})
	if diff := cmp.Diff(constants, rows); diff != "" {
		t.Errorf("constants and catalogue differ (-constants +catalogue):\n%s", diff)
	}
}

func TestErrorsPage(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "errors.md")
	want := page()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatalf("write the page: %v", err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read the page: %v", err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/errors.md is out of date; run go test ./internal/fault -update (-want +got):\n%s", diff)
	}
}

// head is the beginning of docs/errors.md.
const head = `# Errors

Drawn from the catalogue in internal/fault by "go test ./internal/fault -update"; do not edit.

Every error has a *kind*, which tells a program what to do, a *code*, which tells a developer what is
wrong, the name of the *parameter* at fault where there is one, and *words* that are safe to show. Each
dialect says the same in the form of the API that it speaks. Codes never change their meaning.

`

// exceptions stand behind the table of kinds.
const exceptions = "\nThree codes that are `unavailable` in the copied APIs, `no_gateway`, `rate_missing` and\n" +
	"`no_trader`, are answered with 422 by `/v1`: asking again does not help until a gateway or a\n" +
	"rate is set up, or a trader is free.\n"

// page draws docs/errors.md.
func page() string {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("## Kinds\n\n| kind | what to do |\n|---|---|\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "| `%s` | %s |\n", k.kind, k.todo)
	}
	b.WriteString(exceptions + "\n## Codes\n\n| code | kind | words | meaning |\n|---|---|---|---|\n")
	for _, e := range fault.Catalogue {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", e.Code, e.Kind, e.Words, e.Doc)
	}
	return b.String()
}
