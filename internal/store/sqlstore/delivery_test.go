package sqlstore_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// dueNow is when the deliveries of a backlog are looked for.
var dueNow = time.Unix(1_790_000_000, 0)

// alone is the delivery that has a queue of its own.
const alone = "d777"

// backlog stores so many deliveries that are long due, in 50 queues, and one
// in another queue that has just become due.
func backlog(t testing.TB, url string, waiting int) {
	t.Helper()
	hand := raw(t, url)
	for _, s := range []struct {
		query string
		args  []any
	}{
		{`insert into delivery
	(id, merchant_id, version, state, queue, run_at, endpoint_id, subject, created_at, updated_at, detail, body)
with recursive n (i) as (select 1 union all select i + 1 from n where i < $1)
select 'd' || cast(i as text), 'm' || cast(i % 7 as text), 1, 'due', 'q' || cast(i % 50 as text),
	cast($2 as bigint) + i, 'e', 's', $2, $2, '{}', null from n`, []any{waiting, dueNow.Add(-time.Hour).UnixMicro()}},
		{"update delivery set queue = 'zz', run_at = $1 where id = $2", []any{dueNow.UnixMicro(), alone}},
	} {
		if _, err := hand.ExecContext(t.Context(), s.query, s.args...); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLongBacklog finds what is due alone in its queue behind a backlog of
// others.
func TestLongBacklog(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		backlog(t, url, 5_000)
		for _, limit := range []int{51, 60, 1000} {
			got, err := db.DueDeliveries(t.Context(), dueNow, 4, limit)
			if want := min(limit, 50*4+1); err != nil || len(got) != want {
				t.Fatalf("limit %d: got %d deliveries, %v, want %d", limit, len(got), err, want)
			}
			if !slices.ContainsFunc(got, func(d event.Delivery) bool { return d.ID == alone }) {
				t.Errorf("limit %d: the one that is alone in its queue was not found", limit)
			}
		}
	})
}

// TestDuePlan wants every look for what is due to go through an index: a whole
// reading of the table would be slow only where it hurts. PostgreSQL may well
// read a small table whole, so the benchmark watches over it.
func TestDuePlan(t *testing.T) {
	url := sqlitetest.Missing(t)
	query := open(t, sqlstore.Options{URL: url}).DueQuery()
	rows, err := raw(t, url).QueryContext(t.Context(), "explain query plan "+query, 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells whether all was read
	through := 0
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(step+" ", "SCAN delivery ") || strings.HasPrefix(step+" ", "SCAN d ") {
			t.Errorf("a step reads the whole table: %s", step)
		}
		if strings.Contains(step, "USING COVERING INDEX delivery_due") {
			through++
		}
	}
	if err := rows.Err(); err != nil || through != 3 {
		t.Errorf("got %d steps through the index of what is due, %v, want 3", through, err)
	}
}

// TestBacklogOfRefused wants the age of what is due to be that of messages that nobody
// tries, and not of those that wait behind a receiver that is slow or dead.
func TestBacklogOfRefused(t *testing.T) {
	message := func(id, queue string, written, runAt time.Duration) event.Delivery {
		return event.Delivery{
			ID: id, Merchant: "m", State: event.Due, Queue: queue, URL: "https://shop.example",
			RunAt: dueNow.Add(runAt), CreatedAt: dueNow.Add(-time.Hour), UpdatedAt: dueNow.Add(written),
		}
	}
	untried := message("untried", "dead", -time.Hour, -time.Hour)
	beside := func(written, runAt time.Duration) []event.Delivery {
		return []event.Delivery{untried, message("beside", "dead", written, runAt)}
	}
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		for _, test := range []struct {
			name   string
			due    []event.Delivery
			count  int64
			oldest time.Time
		}{
			{"nothing was tried", []event.Delivery{untried}, 1, untried.RunAt},
			{"one is being tried", beside(-time.Second, 119*time.Second), 1, time.Time{}},
			{"whoever tried one has died", beside(-121*time.Second, -time.Second), 2, untried.RunAt},
			{"one was refused", beside(-time.Second, 4*time.Second), 1, time.Time{}},
			{"one was refused twice", beside(-time.Second, 6*time.Minute-time.Second), 1, time.Time{}},
			{"one was refused long ago", beside(-3*time.Minute, 2*time.Minute), 1, untried.RunAt},
			{"one has just been written", beside(0, 0), 2, untried.RunAt},
			{
				"another queue is being tried",
				[]event.Delivery{untried, message("a", "b", -time.Second, time.Minute)},
				1, untried.RunAt,
			},
			{"other queues lie as well", append(beside(-time.Second, 119*time.Second),
				message("b", "b", -time.Minute, -time.Minute), message("c", "z", -2*time.Minute, -2*time.Minute),
			), 3, dueNow.Add(-2 * time.Minute)},
		} {
			if _, err := raw(t, url).ExecContext(t.Context(), "delete from delivery"); err != nil {
				t.Fatal(err)
			}
			if err := db.Commit(t.Context(), store.Change{Deliveries: test.due}); err != nil {
				t.Fatalf("%s: %s", test.name, fault.Detail(err))
			}
			piles, err := db.Backlog(t.Context(), dueNow)
			at := slices.IndexFunc(piles, func(p store.Pile) bool { return p.Name == store.DueDeliveries })
			if err != nil || at < 0 {
				t.Fatalf("%s: got %+v, %v, want a pile of what is due", test.name, piles, err)
			}
			if got := piles[at]; got.Count != test.count || !got.Oldest.Equal(test.oldest) {
				t.Errorf("%s: got %d since %s, want %d since %s", test.name, got.Count, got.Oldest, test.count, test.oldest)
			}
		}
	})
}

// BenchmarkDueDeliveries looks for what is due beside a long backlog.
func BenchmarkDueDeliveries(b *testing.B) {
	for name, address := range engines {
		b.Run(name, func(b *testing.B) {
			url := address(b)
			db := open(b, sqlstore.Options{URL: url})
			backlog(b, url, 100_000)
			for b.Loop() {
				got, err := db.DueDeliveries(b.Context(), dueNow, 4, 256)
				if err != nil || len(got) != 50*4+1 {
					b.Fatalf("got %d deliveries, %v, want those of all queues", len(got), err)
				}
			}
		})
	}
}

// TestAuditDeliveries finds deliveries that nobody would get.
func TestAuditDeliveries(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		told := event.Delivery{
			ID: "d1", Merchant: "m", State: event.Due, Endpoint: "e", Queue: "e", URL: "https://shop.example", RunAt: dueNow,
		}
		called := told
		called.ID, called.Endpoint, called.Queue = "d2", "", "https://shop.example"
		if err := db.Commit(t.Context(), store.Change{
			Endpoints:  []event.Endpoint{{ID: "e", Merchant: "m", URL: "https://shop.example"}},
			Deliveries: []event.Delivery{told, called},
		}); err != nil {
			t.Fatal(fault.Detail(err))
		}
		hand := raw(t, url)
		for _, test := range []struct {
			does  string
			wrong string // the delivery that the audit names; empty = none
		}{
			{"update delivery set version = version", ""},
			{"update delivery set endpoint_id = 'x' where id = 'd1'", "d1"},
			{"update delivery set endpoint_id = 'e' where id = 'd1'", ""},
			{"update endpoint set merchant_id = 'other'", "d1"},
			{"update endpoint set merchant_id = 'm'", ""},
			{"update delivery set queue = '' where id = 'd2'", "d2"},
			{"update delivery set queue = 'q' where id = 'd2'", ""},
			{"update delivery set run_at = null where id = 'd1'", "d1"},
			{"update delivery set state = 'dead' where id = 'd1'", ""},
		} {
			if err := transact(t.Context(), hand, []string{test.does}); err != nil {
				t.Fatalf("%s: %v", test.does, err)
			}
			findings, err := db.Audit(t.Context(), nil)
			if err != nil {
				t.Fatal(fault.Detail(err))
			}
			wrong := ""
			for _, f := range findings {
				if f.ID == "P6" && f.Wrong > 0 {
					wrong = f.Example
				}
			}
			if wrong != test.wrong {
				t.Errorf("%s: got %q to be wrong, want %q", test.does, wrong, test.wrong)
			}
		}
	})
}
