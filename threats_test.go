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
