package purser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/fault"
)

// ownWords is what the generator says of the package; doc.go says it better.
const ownWords = "// Package client provides primitives to interact with the openapi HTTP API.\n//\n"

// described is what the tests need of the document.
type described struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct{ Description string }
	}
}

// TestClient wants the generated file to be what the generator makes of the
// document. Errors are left out of it: the client has one type for all of them.
func TestClient(t *testing.T) {
	t.Parallel()
	var doc map[string]any
	readDocument(t, &doc)
	answers := 0
	paths, _ := doc["paths"].(map[string]any)
	for _, path := range paths {
		methods, _ := path.(map[string]any)
		for _, o := range methods {
			operation, _ := o.(map[string]any)
			responses, _ := operation["responses"].(map[string]any)
			for status := range responses {
				if strings.HasPrefix(status, "2") {
					answers++
				} else {
					delete(responses, status)
				}
			}
		}
	}
	if answers == 0 {
		t.Fatal("the document has no answers")
	}
	golden(t, "client/v1_gen.go", string(generate(t, doc)))
}

// TestClientCodes wants the client to name every code that an operation answers.
func TestClientCodes(t *testing.T) {
	t.Parallel()
	var doc described
	readDocument(t, &doc)
	said := map[fault.Code]bool{}
	for _, path := range doc.Paths {
		for _, operation := range path {
			for status, r := range operation.Responses {
				_, codes, ok := strings.Cut(r.Description, ": ")
				if ok == strings.HasPrefix(status, "2") {
					t.Errorf("%s: %q names no codes, or names some where nothing is wrong", status, r.Description)
				}
				for code := range strings.SplitSeq(codes, ", ") {
					said[fault.Code(code)] = ok
				}
			}
		}
	}
	var b strings.Builder
	b.WriteString("// Code generated from docs/openapi.json and internal/fault; DO NOT EDIT.\n\npackage client\n\n" +
		"// The codes that an operation may answer.\nconst (\n")
	for _, e := range fault.Catalogue {
		if said[e.Code] {
			fmt.Fprintf(&b, "// %s\n%s Code = %q\n", e.Doc, codeName(e.Code), e.Code)
		}
	}
	text, err := format.Source([]byte(b.String() + ")\n"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "client/codes_gen.go", string(text))
}

// codeName is the Go name of a code: CodeUnitUnknown of unit_unknown.
func codeName(code fault.Code) string {
	name := "Code"
	for word := range strings.SplitSeq(string(code), "_") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name
}

// readDocument reads docs/openapi.json.
func readDocument(t *testing.T, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("docs", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		t.Fatal(err)
	}
}

// generate runs the generator that the module of the client tests pins.
func generate(t *testing.T, doc any) []byte {
	t.Helper()
	stripped, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	source, target := filepath.Join(folder, "openapi.json"), filepath.Join(folder, "client.go")
	if err := os.WriteFile(source, stripped, 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := filepath.Abs(filepath.Join("client", "oapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "tool", "oapi-codegen", "-config", config, "-o", target, source)
	command.Dir = filepath.Join("test", "clients")
	command.Env = append(command.Environ(), "GOFLAGS=-mod=readonly")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("the generator: %v\n%s", err, out)
	}
	got, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := bytes.Cut(got, []byte(ownWords))
	if !ok || len(head) != 0 {
		t.Fatalf("the generated file does not begin with %q", ownWords)
	}
	return bytes.Replace(rest, []byte("DO NOT EDIT.\npackage"), []byte("DO NOT EDIT.\n\npackage"), 1)
}
