//go:build fault

package fault

import (
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// PostgreSQL is killed under load and starts again. Meanwhile the server says
// that it cannot, and for how long; afterwards it goes on by itself, and
// everything that it acknowledged is there.
func TestDatabaseDies(t *testing.T) {
	t.Parallel()
	cluster, err := pgtest.Start(pgtest.Options{Durable: true, InMemory: true})
	if errors.Is(err, pgtest.ErrNotInstalled) {
		pgtest.Database(t) // skips or fails, as the environment wants it
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := cluster.CreateDatabase("purser"); err != nil {
		t.Fatal(err)
	}
	w := open(t, plot{database: cluster.URL("purser")})
	w.start()
	seen := refusals{t: t}
	clients, stop := startClients(t, w, seedOf(t), seen.clear)
	const deaths = 4
	for range deaths {
		before := clients.tally.acks.Load()
		wait(t, 20*time.Second, "clients that get on", func() bool { return clients.tally.acks.Load() > before+50 })
		if err := cluster.Kill(); err != nil {
			t.Fatal(err)
		}
		refused := clients.tally.refused.Load()
		wait(t, 20*time.Second, "a refusal", func() bool { return clients.tally.refused.Load() > refused+workers })
		if w.answers() {
			t.Error("the server calls itself ready without its database")
		}
		if err := cluster.Restart(); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		wait(t, 20*time.Second, "a server that is ready again", w.answers)
		t.Logf("ready again %s after the database", time.Since(begin).Round(time.Millisecond))
	}
	before := clients.tally.acks.Load()
	wait(t, 20*time.Second, "clients that get on", func() bool { return clients.tally.acks.Load() > before+50 })
	stop()
	acks := clients.journal.read(t)
	held := w.quiet()
	wantKept(t, w.shops[0], acks)
	w.quiet()
	w.compare(held)
	w.stop()
	t.Logf("%d deaths of the database: %d answers written down, %d refusals", deaths, len(acks),
		clients.tally.refused.Load())
}

// refusals judges what a server says that has lost its database.
type refusals struct {
	t    *testing.T
	once sync.Once
}

// clear says that a refusal is one that a shop can act on.
func (r *refusals) clear(a answer) bool {
	var said struct {
		Message    any
		StatusCode int
	}
	err := json.Unmarshal(a.body, &said)
	good := err == nil && a.status == http.StatusServiceUnavailable && said.StatusCode == a.status && said.Message != "" &&
		a.header.Get("Retry-After") != ""
	if !good {
		r.once.Do(func() {
			r.t.Errorf("without a database: got status %d, %v, want 503 with Retry-After: %s", a.status, a.header, a.body)
		})
	}
	return true
}
