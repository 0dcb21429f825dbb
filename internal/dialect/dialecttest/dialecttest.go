// Package dialecttest is the conformance kit of dialects: recorded stories of
// requests and answers, hostile requests made from the table of routes, and a
// world of merchants, a real database and scripted banks to run them in.
package dialecttest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

var update = flag.Bool("update", false, "write the recorded answers and documents anew")

// Kit is what the kit must know of a dialect.
type Kit struct {
	// New builds the dialect in a world, with the world's clock and ids.
	New func(t *testing.T, w *World) *dialect.Dialect
	// Banks are the gateways that every merchant of the world has, in order.
	Banks []BankForm
	// Extras are what else its worlds have.
	Extras Extras
	// Prepare is a story (see Story) that makes what the samples speak of.
	Prepare string
	// Samples hold one good request for each route that has inputs or wants a key.
	Samples []Sample
	// Face says what is wrong with an error's answer; nil when it is the
	// dialect's own.
	Face func(a Answer) error
	// Missing is the body of the 200 that answers what is not there; empty = it is a 404.
	Missing string
	// Elsewhere are the routes that no story shows, because tests of their own do.
	Elsewhere []string
	// AnyMedia says that the Content-Type of a body is not looked at.
	AnyMedia bool
	// Intro stands at the top of the page in docs/dialects; an API with a document
	// of its own has none.
	Intro string
}

// Sample is a good request in the prepared world. The hostile requests are
// made from it.
type Sample struct {
	Route string // its name, such as "POST /payments"
	Path  string // when the route's path has {names}
	Query string
	Body  string // JSON with every input, optional ones too
	Key   string // which of the world's keys; empty = none
	Owned bool   // it names something that only its merchant has
	Rival string // the key with which another merchant tries it; empty = otheradmin
}

func (k Kit) world(t testing.TB) *World {
	t.Helper()
	return NewWorld(t, k.Banks, k.Extras)
}

// Run holds a dialect to everything that is promised of all dialects. The
// stories are testdata/wire/*.http, the faces testdata/faults.golden, the page
// docs/dialects/NAME.md.
func Run(t *testing.T, k Kit) {
	t.Run("stories", func(t *testing.T) { runStories(t, k) })
	t.Run("faults", func(t *testing.T) { runFaults(t, k) })
	if k.Intro != "" {
		t.Run("document", func(t *testing.T) { runDocument(t, k) })
	}
	t.Run("samples", func(t *testing.T) { runSamples(t, k) })
	t.Run("hostile", func(t *testing.T) { runHostile(t, k) })
	t.Run("budget", func(t *testing.T) { runBudget(t, k) })
	t.Run("panic", func(t *testing.T) { runPanic(t, k) })
}

// Golden compares a file with what was made now, or writes it under -update.
func Golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // documents for everybody
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // a document for everybody
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path) //nolint:gosec // The kit's callers name their own files.
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (-recorded +now); `make gen` records it anew:\n%s", path, diff)
	}
}

// runFaults shows the face of every code, so that a new code appears in the
// diff of every dialect.
func runFaults(t *testing.T, k Kit) {
	t.Helper()
	t.Parallel()
	d := k.New(t, k.world(t))
	var b strings.Builder
	for _, e := range fault.Catalogue {
		status, body := d.Face(fault.New(e.Code, "", ""))
		b.WriteString(string(e.Code) + " " + statusText(status) + " " + body + "\n")
		if err := k.Face(Answer{Status: status, Body: body}); err != nil {
			t.Errorf("the face of %s: %v", e.Code, err)
		}
		if secret, hidden := d.Face(fault.New(e.Code, "", "").With(errCause)); strings.Contains(hidden, errCause.Error()) {
			t.Errorf("the face of %s shows its cause: %d %s", e.Code, secret, hidden)
		}
	}
	if status, body := d.Face(errCause); status != 500 || strings.Contains(body, errCause.Error()) {
		t.Errorf("an error that nobody described: got %d %s, want 500 without its text", status, body)
	}
	Golden(t, filepath.Join("testdata", "faults.golden"), b.String())
}

func runDocument(t *testing.T, k Kit) {
	t.Helper()
	t.Parallel()
	d := k.New(t, k.world(t))
	path := filepath.Join("..", "..", "..", "docs", "dialects", d.Name+".md")
	Golden(t, path, d.Document(k.Intro))
}
