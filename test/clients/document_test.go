package clients

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	// document is what the server gives and docs has.
	document = filepath.Join("..", "..", "docs", "openapi.json")
	// flawed is one that no linter may pass: it shows that they look, and tell of warnings too.
	flawed = filepath.Join("testdata", "flawed.json")
)

// The linters that the public uses find nothing in our document, not even something to warn of. A rule that does not
// fit is switched off where the linter reads its settings, with the reason.
func TestDocumentLinters(t *testing.T) {
	t.Parallel()
	install(t)
	t.Run("spectral", func(t *testing.T) {
		t.Parallel()
		out := lint(t, "spectral", "lint", "--ruleset", "spectral.yaml", "--format", "json", "--quiet",
			"--fail-severity", "hint", document, flawed)
		var all []struct{ Code, Source, Message string }
		if err := json.Unmarshal(out, &all); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var flaws []string
		for _, p := range all {
			if filepath.Base(p.Source) == filepath.Base(flawed) {
				flaws = append(flaws, p.Code)
				continue
			}
			t.Errorf("%s: %s: %s", document, p.Code, p.Message)
		}
		if !slices.Contains(flaws, "info-contact") {
			t.Errorf("got %q in %s, want the missing contact too", flaws, flawed)
		}
	})
	t.Run("redocly", func(t *testing.T) {
		t.Parallel()
		out := lint(t, "redocly", "lint", "--extends", "recommended", "--format", "json", document, flawed)
		var flaws []string
		for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
			var one struct {
				Problems []struct {
					RuleID   string `json:"ruleId"`
					Message  string
					Location []struct{ Source struct{ Ref string } }
				}
			}
			if err := decoder.Decode(&one); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, p := range one.Problems {
				if len(p.Location) == 1 && filepath.Base(p.Location[0].Source.Ref) == filepath.Base(flawed) {
					flaws = append(flaws, p.RuleID)
					continue
				}
				t.Errorf("%s: %s: %s", document, p.RuleID, p.Message)
			}
		}
		if !slices.Contains(flaws, "operation-4xx-response") {
			t.Errorf("got %q in %s, want the missing errors too", flaws, flawed)
		}
	})
}

// lint runs one linter over both documents and gives what it says. It must end with 1: one of them is flawed.
func lint(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join("node_modules", ".bin", name), args...)
	command.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	out, err := command.Output()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != 1 {
		t.Fatalf("%s: got %v, want that it finds something: %s", name, err, out)
	}
	return out
}
