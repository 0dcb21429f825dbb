package purser

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const generatedClient = "client/v1_gen.go"

// ownWords is what the generator says of the package; doc.go says it better.
const ownWords = "// Package client provides primitives to interact with the openapi HTTP API.\n//\n"

// TestClient wants the generated file to be what the generator makes of the
// document. Errors are left out of it: the client has one type for all of them.
func TestClient(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("docs", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&doc); err != nil {
		t.Fatal(err)
	}
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
	golden(t, generatedClient, string(generate(t, doc)))
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
