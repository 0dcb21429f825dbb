package purser

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// trackedMost is how many bytes one file of the repository may have: everybody who
// clones it has to fetch them, for ever.
const trackedMost = 2 << 20

// TestTracked keeps what a build makes out of the repository.
func TestTracked(t *testing.T) {
	t.Parallel()
	list, err := exec.CommandContext(t.Context(), "git", "ls-files", "-z").Output()
	if err != nil {
		t.Skipf("this is no clone, or git is not there: %v", err)
	}
	paths := strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00")
	if len(paths) < 100 {
		t.Fatalf("git knows %d files: this test has lost its sense", len(paths))
	}
	for _, path := range paths {
		text, err := os.ReadFile(filepath.FromSlash(path))
		if os.IsNotExist(err) {
			continue // it is being removed
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > trackedMost {
			t.Errorf("%s has %d bytes, the limit is %d: git rm --cached %[1]s", path, len(text), trackedMost)
		}
		if bytes.Contains(text, []byte{0}) && filepath.Ext(path) != ".png" {
			t.Errorf("%s is not text: was it built? git rm --cached %[1]s", path)
		}
	}
}
