package purser

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var shownBy = regexp.MustCompile("`([a-z0-9/]+)` (Test[A-Za-z0-9]+)")

// TestThreats wants every test that docs/threats.md names to be where it says,
// and every threat and every rule to name one.
func TestThreats(t *testing.T) {
	t.Parallel()
	rows := 0
	for line := range strings.Lines(read(t, "docs/threats.md")) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || cells[1] == "---" || cells[1] == " threat " || cells[1] == " rule " {
			continue
		}
		rows++
		named := shownBy.FindAllStringSubmatch(cells[3], -1)
		if len(named) == 0 || len(named) != strings.Count(cells[3], "Test") {
			t.Errorf("no test with its folder shows the defence against:%s", cells[1])
		}
		for _, n := range named {
			if !defines(t, n[1], n[2]) {
				t.Errorf("%s has no %s, which docs/threats.md names", n[1], n[2])
			}
		}
	}
	if rows < 70 {
		t.Errorf("docs/threats.md: got %d threats and rules, want all of them", rows)
	}
	if defines(t, "internal/server", "TestThatNobodyWrote") {
		t.Error("a test that nobody wrote was found")
	}
}

// TestThreatsNameEveryRequirement wants each line of OWASP ASVS 5.0 and of the API
// Top 10 that this server is held against to be somewhere in docs/threats.md.
func TestThreatsNameEveryRequirement(t *testing.T) {
	t.Parallel()
	page := strings.NewReplacer("16.5.1 to 16.5.3", "16.5.1, 16.5.2, 16.5.3").Replace(read(t, "docs/threats.md"))
	for name := range strings.FieldsSeq("1.2.10 1.3.6 2.2.1 2.2.2 2.3.1 2.3.3 2.3.4 2.3.5 4.1.3 4.1.5 8.2.1 8.2.2 8.2.3 " +
		"8.4.1 11.2.4 11.5.1 13.2.4 14.2.1 14.3.2 15.3.2 15.3.3 15.4.2 16.2.5 16.4.1 16.5.1 16.5.2 16.5.3 " +
		"API1 API3 API4 API5 API6 API7 API10") {
		if !regexp.MustCompile(`(^|[^0-9.])` + regexp.QuoteMeta(name) + `($|[^0-9.]|\.($|[^0-9]))`).MatchString(page) {
			t.Errorf("docs/threats.md does not say what shows %s", name)
		}
	}
}

// defines says that a folder has a test of this name.
func defines(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(folder + "/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.Contains(read(t, f), "\nfunc "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}
