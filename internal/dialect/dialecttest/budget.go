package dialecttest

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect"
)

// runBudget spends the budget of a key and shows how it is told to wait: another
// key is not, and neither is it after that time.
func runBudget(t *testing.T, k Kit) {
	t.Helper()
	t.Parallel()
	at := slices.IndexFunc(k.Samples, func(s Sample) bool { return s.Key != "" && strings.HasPrefix(s.Route, "GET ") })
	if at < 0 {
		at = slices.IndexFunc(k.Samples, func(s Sample) bool { return s.Key != "" && s.Owned })
	}
	s := k.Samples[at]
	w := k.world(t)
	d := k.New(t, w)
	d.Limit(dialect.NewBudget(1, w.Now))
	h := w.Handler(d)
	ask := func(key string) Answer {
		asked := s
		asked.Key = key
		method, path := asked.target()
		return w.Ask(h, method, path, k.header(asked, accessOf(d, asked)), asked.Body)
	}
	for range 2 {
		if a := ask(s.Key); a.Status == http.StatusTooManyRequests {
			t.Fatalf("%s: got %d %s within the budget", s.Route, a.Status, a.Body)
		}
	}
	late := ask(s.Key)
	if late.Status != http.StatusTooManyRequests || late.Header.Get("Retry-After") != "1" {
		t.Errorf("%s: got %d %v, want 429 with Retry-After", s.Route, late.Status, late.Header)
	}
	if err := k.Face(late); err != nil {
		t.Errorf("%s: %v", s.Route, err)
	}
	Golden(t, filepath.Join("testdata", "budget.golden"), s.Route+"\n"+late.text())
	rival := s.Rival
	if rival == "" {
		rival = "otheradmin"
	}
	if a := ask(rival); a.Status == http.StatusTooManyRequests {
		t.Errorf("%s: another key got %d %s", s.Route, a.Status, a.Body)
	}
	w.Wait(time.Second)
	if a := ask(s.Key); a.Status == http.StatusTooManyRequests {
		t.Errorf("%s: after the time got %d %s", s.Route, a.Status, a.Body)
	}
}
