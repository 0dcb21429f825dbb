//go:build browser

package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mxschmitt/playwright-go"
)

// axe is the program that looks for what shuts people out of a page, as
// package-lock.json pins it, or why there is none.
var axe struct {
	once   sync.Once
	source string
	err    error
}

// bringAxe puts axe into every page that is opened from now on in a tab with
// scripts. It comes from the browser and not from the page, so that the page's
// policy stays as it is.
func (b *tab) bringAxe() {
	b.Helper()
	axe.once.Do(func() { axe.source, axe.err = installAxe() })
	if axe.err != nil {
		b.Fatalf("axe: %v", axe.err)
	}
	b.must(b.AddInitScript(playwright.Script{Content: &axe.source}))
}

// installAxe reads axe; npm fetches it, once for each version.
func installAxe() (string, error) {
	const folder = "node_modules"
	if !newer(filepath.Join(folder, ".package-lock.json"), "package-lock.json") {
		// Not bound to one test's context: axe is there for all of them.
		out, err := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund").CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("npm ci: %w: %s", err, out)
		}
	}
	source, err := os.ReadFile(filepath.Join(folder, "axe-core", "axe.min.js"))
	return string(source), err
}

// newer says that a file was written after another one.
func newer(file, than string) bool {
	written, err := os.Stat(file)
	other, otherErr := os.Stat(than)
	return errors.Join(err, otherErr) == nil && !written.ModTime().Before(other.ModTime())
}

// barriers are axe's findings of every impact on the page that is open; empty =
// none. An excused rule is not told of, but it must be broken: excuses do not
// outlive their reasons.
func (b *tab) barriers(excused ...string) string {
	b.Helper()
	got, err := b.Evaluate(runAxe, append([]string{}, excused...))
	b.must(err)
	text, ok := got.(string)
	if !ok {
		b.Fatalf("axe gave %v", got)
	}
	return text
}

// runAxe asks for everything that axe knows. Even on a page of two lines some
// twenty-five rules have something to look at; with fewer it did not see the page.
const runAxe = `async excused => {
	const { violations, passes } = await axe.run({ resultTypes: ["violations"], selectors: false });
	const lines = excused.filter(rule => !violations.some(v => v.id === rule)).map(rule => "needs no excuse: " + rule);
	if (passes.length < 15) lines.push("only " + passes.length + " rules were looked at");
	for (const v of violations) {
		if (excused.includes(v.id)) continue;
		for (const node of v.nodes) lines.push(v.impact + ": " + v.id + ": " + v.help + ": " + node.html);
	}
	return lines.join("\n");
}`

// The check can fail: it finds mistakes that are put into a page, and only them.
func TestBarriersAreFound(t *testing.T) {
	t.Parallel()
	s := openStage(t, "en", true)
	b := openTab(t, view{size: phone, locale: "en-US", scripts: true})
	b.bringAxe()
	s.customer("sara@example.com") // or the page asks for no wallet
	address := s.address + "/pay/invoice/" + s.hosted(nil)
	for mistake, want := range map[string]string{
		`document.querySelector("label[for=pin]").remove()`:                     "critical: label: ",
		`document.documentElement.removeAttribute("lang")`:                      "serious: html-has-lang: ",
		`document.querySelector(".hint").style.color = "#ccc"`:                  "serious: color-contrast: ",
		`document.querySelector("button").textContent = ""`:                     "critical: button-name: ",
		`document.querySelector("fieldset").setAttribute("role", "nosuchrole")`: "critical: aria-roles: ",
		`document.title = ""`: "serious: document-title: ",
	} {
		b.visit(address)
		if got := b.barriers(); got != "" {
			t.Fatalf("before the mistake: %s", got)
		}
		b.measure(mistake)
		if got := b.barriers(); !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%s: found %q, want one that begins with %q", mistake, got, want)
		}
		if strings.Contains(want, "contrast") && !strings.Contains(fmt.Sprint(b.measure(looks)), "hard to read:\n1.6") {
			t.Errorf("faint text is not found either")
		}
		rule := strings.Split(want, ": ")[1]
		if got := b.barriers(rule); got != "" {
			t.Errorf("%s: excused, and yet found %q", mistake, got)
		}
		if got := b.barriers(rule, "meta-refresh"); got != "needs no excuse: meta-refresh" {
			t.Errorf("%s: found %q, want the needless excuse", mistake, got)
		}
	}
}
