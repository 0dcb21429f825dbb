//go:build fault

package fault

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// More clients than changes may wait: some are told to come back, at once,
// and everybody else is served.
func TestQueueIsFull(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database, settings: []string{"commit_queue=4"}})
		s := w.shops[0]
		w.start()
		const clients, each = 256, 20
		var mu sync.Mutex
		made := map[string]bool{}
		full, slowest := 0, time.Duration(0)
		crowd(clients*each, clients, func(int) {
			begin := time.Now()
			a, err := s.call(http.MethodPost, "/invoice/create", object{"title": "Two tickets", "totalAmount": 5000})
			took := time.Since(begin)
			var invoice struct {
				ID string `json:"_id"`
			}
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, took)
			switch {
			case err != nil:
				t.Errorf("got %v, want an answer", err)
			case a.status == http.StatusOK && a.into(&invoice) == nil:
				made[invoice.ID] = true
			case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
				full++
			default:
				t.Errorf("got status %d, want 200, or 503 with Retry-After: %v %s", a.status, a.header, a.body)
			}
		})
		if full == 0 || len(made) == 0 {
			t.Errorf("%d were served and %d told to come back, want some of each", len(made), full)
		}
		if limit := 5 * time.Second; slowest > limit {
			t.Errorf("the slowest answer took %s, want less than %s: something stalls", slowest, limit)
		}
		wantExactly(t, s, made)
		s.wantStatusOfService()
		t.Logf("%d served, %d told to come back, slowest answer %s", len(made), full, slowest.Round(time.Millisecond))
		w.audit()
		w.stop()
	})
}

// wantExactly checks that the shop has the invoices that it was told of, and no other.
func wantExactly(t *testing.T, s *shop, made map[string]bool) {
	t.Helper()
	stored := s.invoices()
	for _, i := range stored {
		if !made[i.ID] {
			t.Errorf("invoice %s is stored, and its shop was told that it is not", i.ID)
		}
	}
	if len(stored) != len(made) {
		t.Errorf("got %d invoices, want the %d that were acknowledged", len(stored), len(made))
	}
}

// wantStatusOfService checks that a crowd that has gone leaves nothing behind.
func (s *shop) wantStatusOfService() {
	s.t.Helper()
	if !s.answers() {
		s.t.Error("the server is not ready after the crowd")
	}
	s.invoice(5000)
}

// A change that the database refuses, for a reason that nobody foresaw, fails
// alone: those in the same batch are stored.
func TestPoisonedChange(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database})
		poison(t, w)
		s := w.shops[0]
		w.start()
		const clients, each = 64, 20
		var mu sync.Mutex
		made := map[string]bool{}
		failed := 0
		crowd(clients*each, clients, func(n int) {
			title := "Two tickets"
			if n%16 == 0 {
				title = "poison"
			}
			a, err := s.call(http.MethodPost, "/invoice/create", object{"title": title, "totalAmount": 5000})
			var invoice struct {
				ID string `json:"_id"`
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("got %v, want an answer", err)
			case title == "poison" && a.status == http.StatusInternalServerError:
				failed++
			case title != "poison" && a.status == http.StatusOK && a.into(&invoice) == nil:
				made[invoice.ID] = true
			default:
				t.Errorf("%s: got status %d: %s", title, a.status, a.body)
			}
		})
		wantExactly(t, s, made)
		s.wantStatusOfService()
		t.Logf("%d stored, %d poisoned ones failed alone", len(made), failed)
		w.audit()
		w.stop()
	})
}

// poison lets the database refuse every invoice with one title, in a way that
// the server cannot know.
func poison(t *testing.T, w *world) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if w.database == "" {
		db, err := sql.Open("sqlite", filepath.Join(w.data, "purser.db"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(ctx, `create trigger poison before insert on invoice
			when new.detail like '%"poison"%' begin select raise(abort, 'poisoned'); end`)
		if closed := db.Close(); err != nil || closed != nil {
			t.Fatal(err, closed)
		}
		return
	}
	conn, err := pgx.Connect(ctx, w.database)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(ctx, `create function poison() returns trigger language plpgsql as $$
		begin raise exception 'poisoned'; end $$;
		create trigger poison before insert on invoice for each row
		when (new.detail::text like '%"poison"%') execute function poison()`)
	if closed := conn.Close(ctx); err != nil || closed != nil {
		t.Fatal(err, closed)
	}
}

// Bytes that one of the databases cannot store are refused before they get
// there, or stored; never the reason for somebody else's failure.
func TestBytesThatADatabaseRefuses(t *testing.T) {
	t.Parallel()
	w := open(t, plot{database: pgtest.Database(t)})
	s := w.shops[0]
	w.start()
	crowd(200, 32, func(n int) {
		title, allowed := "Two tickets", []int{http.StatusOK}
		if n%4 == 0 {
			title, allowed = "Two\x00tickets", []int{http.StatusOK, http.StatusBadRequest}
		}
		a, err := s.call(http.MethodPost, "/invoice/create", object{"title": title, "totalAmount": 5000})
		for _, status := range allowed {
			if err == nil && a.status == status {
				return
			}
		}
		t.Errorf("%q: got status %d, %v, want one of %v: %s", title, a.status, err, allowed, a.body)
	})
	w.audit()
	w.stop()
}
