//go:build fault

package fault

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/server"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// listener is a shop's software that counts what it is told.
type listener struct {
	mu    sync.Mutex
	heard map[string]int // by the id of the message
	total int
}

// ServeHTTP takes everything.
func (l *listener) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard[r.Header.Get(event.HeaderID)]++
	l.total++
}

// counts are how many different messages came, and how many in all.
func (l *listener) counts() (different, all int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.heard), l.total
}

// The server is killed while it tells endpoints what happened: they hear of
// everything, and twice at most of what was under way when it died.
func TestKillWhileTelling(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		const endpoints, atOnce = 5, 4
		messages := 6000
		if testing.Short() {
			messages = 2000
		}
		w := open(t, plot{database: database, settings: []string{"webhook_loopback=true", "webhook_look=100ms"}})
		ears := &listener{heard: map[string]int{}}
		shop := httptest.NewServer(ears)
		t.Cleanup(shop.Close)
		w.fill(w.endpoints(endpoints, shop.URL), messages)
		seed := seedOf(t)
		rng := rand.New(rand.NewPCG(seed, 7))
		kills := 0
		for done := 0; done < messages*9/10 && kills < *roundsFlag; done, _ = ears.counts() {
			w.start()
			expire(w, time.Duration(rng.Int64N(int64(500*time.Millisecond))))
			w.kill()
			kills++
			// What was under way is due again when its lease is over.
			w.setPlan(server.FailpointPlan{Ahead: w.plan.Ahead + 3*time.Minute})
		}
		w.start()
		wait(t, 2*time.Minute, "the rest of the messages", func() bool {
			different, _ := ears.counts()
			return different >= messages
		})
		w.stop()
		different, all := ears.counts()
		t.Logf("%d messages, killed %d times, told %d times", different, kills, all)
		if different != messages {
			t.Errorf("got %d different messages, want %d", different, messages)
		}
		if twice, most := all-different, kills*endpoints*atOnce; twice > most {
			t.Errorf("got %d repetitions, want at most the %d that were under way", twice, most)
		}
		if kills < 3 {
			t.Errorf("died %d times: the test has shown nothing", kills)
		}
	})
}

// endpoints adds some to the first shop and gives their ids.
func (w *world) endpoints(number int, address string) map[string]string {
	w.t.Helper()
	ids := map[string]string{}
	for n := range number {
		url := fmt.Sprint(address, "/", n)
		var made struct{ ID string }
		w.operate("", &made, func(c server.Commands) error {
			return c.AddEndpoint(w.t.Context(), server.NewEndpoint{Merchant: w.shops[0].merchant, URL: url})
		})
		ids[made.ID] = url
	}
	return ids
}

// fill stores messages that are due, evenly over the endpoints.
func (w *world) fill(endpoints map[string]string, messages int) {
	w.t.Helper()
	url := w.database
	if url == "" {
		url = filepath.Join(w.data, "purser.db")
	}
	db, err := sqlstore.Open(w.t.Context(), sqlstore.Options{URL: url, Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			w.t.Error(err)
		}
	}()
	for id, url := range endpoints {
		var due []event.Delivery
		now := time.Now().UTC()
		for n := range messages / len(endpoints) {
			due = append(due, event.Delivery{
				ID: fmt.Sprintf("msg_%s_%06d", id, n), Merchant: w.shops[0].merchant, State: event.Due, Endpoint: id, Queue: id,
				URL: url, Type: "payment.captured", Subject: "p", MediaType: "application/json",
				Body: []byte(`{"type":"payment.captured"}`), RunAt: now, CreatedAt: now, UpdatedAt: now,
			})
		}
		if err := db.Commit(w.t.Context(), store.Change{Deliveries: due}); err != nil {
			w.t.Fatal(err)
		}
	}
}
