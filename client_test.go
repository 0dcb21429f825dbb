package purser

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/fault"
)

// ownWords is what the generator says of the package; doc.go says it better.
const ownWords = "// Package client provides primitives to interact with the openapi HTTP API.\n//\n"

// described is what the tests need of the document.
type described struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Description string
			Content     map[string]any
		}
	}
}

// stampHead begins the last line of the generated client.
const stampHead = "\n// Stamp of what it is made from: "

// TestClient wants the generated file to be made from this document, by this
// version of the generator with these settings, and not changed since. The
// generator itself runs only to write it: to build it takes longer than all else
// here. Errors are left out: the client has one type for all of them. So are
// webhooks, which a client does not call.
func TestClient(t *testing.T) {
	t.Parallel()
	const path = "client/v1_gen.go"
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
	delete(doc, "webhooks") // the generator would make a sender of them, which is what we are
	stripped, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var body string
	if *update {
		body = generate(t, stripped)
	} else {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		body, _, _ = strings.Cut(string(text), stampHead)
	}
	golden(t, path, body+stampHead+stamp(t, stripped, body)+"\n")
}

// stamp is a hash of all that the generated file depends on, and of itself.
func stamp(t *testing.T, document []byte, body string) string {
	t.Helper()
	settings, err := os.ReadFile(filepath.Join("client", "oapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	pins, err := os.ReadFile(filepath.Join("test", "clients", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`github.com/oapi-codegen/oapi-codegen/v2 v\S+`).Find(pins)
	if version == nil {
		t.Fatal("test/clients/go.mod does not pin the generator")
	}
	hash := sha256.New()
	for _, part := range [][]byte{document, settings, version, []byte(body)} {
		_, _ = fmt.Fprintf(hash, "%d\n%s\n", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(hash.Sum(nil))
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

// TestClientFiles wants the client to know what is answered where no JSON is.
func TestClientFiles(t *testing.T) {
	t.Parallel()
	var doc described
	readDocument(t, &doc)
	var rows []string
	for path, operations := range doc.Paths {
		for method, operation := range operations {
			var types []string
			for status, r := range operation.Responses {
				if _, ok := r.Content["application/json"]; strings.HasPrefix(status, "2") && !ok {
					types = slices.AppendSeq(types, maps.Keys(r.Content))
				}
			}
			if len(types) > 0 {
				slices.Sort(types)
				rows = append(rows, fmt.Sprintf("%q: {\"%s\"},\n", strings.ToUpper(method)+" "+path, strings.Join(types, `", "`)))
			}
		}
	}
	slices.Sort(rows)
	text, err := format.Source([]byte("// Code generated from docs/openapi.json; DO NOT EDIT.\n\npackage client\n\n" +
		"// files are the types of what operations answer that answer no JSON.\n" +
		"var files = map[string][]string{\n" + strings.Join(rows, "") + "}\n"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "client/files_gen.go", string(text))
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
func generate(t *testing.T, document []byte) string {
	t.Helper()
	folder := t.TempDir()
	source, target := filepath.Join(folder, "openapi.json"), filepath.Join(folder, "client.go")
	if err := os.WriteFile(source, document, 0o600); err != nil {
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
	text, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(string(text), ownWords)
	if !ok {
		t.Fatalf("the generated file does not begin with %q", ownWords)
	}
	return strings.Replace(rest, "DO NOT EDIT.\npackage", "DO NOT EDIT.\n\npackage", 1)
}
