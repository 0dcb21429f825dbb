//go:build fault

package fault

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A second server on the same SQLite file is refused in words that say what to
// do, and harms neither the first one nor the file; so is every command that
// would write. When the first one is gone, killed or not, its place is free.
func TestTwoServersOnOneFile(t *testing.T) {
	t.Parallel()
	w := open(t, plot{})
	s := w.shops[0]
	w.start()
	page := s.request(s.invoice(50_000), "zarinpal", 50_000)
	for _, arguments := range [][]string{
		w.arguments("serve", "--listen", freeAddress(t)),
		{"demo", "--addr", "127.0.0.1:0", "--data", w.data},
		w.arguments("merchant", "add", "--name", "Another"),
		w.arguments("migrate"),
	} {
		what := strings.Join(arguments[:2], " ")
		second := command(t, programs.plain, arguments...)
		if second.code != 1 {
			t.Errorf("%s: got exit code %d, want 1: %s", what, second.code, second.errors)
		}
		for _, word := range []string{"another purser process uses this database", filepath.Join(w.data, "purser.db")} {
			if !strings.Contains(second.errors, word) {
				t.Errorf("%s: got %q, want %q in it", what, second.errors, word)
			}
		}
		if strings.Contains(second.errors, "goroutine") {
			t.Errorf("%s: got a crash instead of a refusal:\n%s", what, second.errors)
		}
	}
	if _, err := os.Stat(filepath.Join(w.data, "demo.json")); err == nil {
		t.Error("the demo that was refused has left its keys behind")
	}
	s.back(s.approve(page))
	s.wantStatus("the first server", page.PaymentID, "success")
	if second := command(t, programs.plain, w.arguments("merchant", "list")...); second.code != 0 {
		t.Errorf("reading beside a server: got exit code %d, want 0: %s", second.code, second.errors)
	}
	w.kill()
	w.start()
	s.wantStatus("after a kill", page.PaymentID, "success")
	w.compare(w.quiet())
	w.stop()
}
