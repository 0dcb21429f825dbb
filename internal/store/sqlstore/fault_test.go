package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/store/storetest"
	"github.com/purserhq/purser/internal/wallet"
)

// errInjected is the fault of a test.
var errInjected = errors.New("injected")

// breaker makes the steps of commits fail.
type breaker struct {
	passing, failing atomic.Int64
}

// stage is the hook.
func (b *breaker) stage(string) error {
	if b.passing.Add(-1) < 0 && b.failing.Add(-1) >= 0 {
		return errInjected
	}
	return nil
}

// arm lets so many steps pass and so many fail after them.
func (b *breaker) arm(after, failing int) (mend func()) {
	b.passing.Store(int64(after))
	b.failing.Store(int64(failing))
	return func() { b.failing.Store(0) }
}

// TestModelWithFailures runs the model while statements fail.
func TestModelWithFailures(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var b breaker
		storetest.Model(t, open(t, sqlstore.Options{URL: url, Fault: b.stage}), b.arm)
	})
}

// everything is a change with a part of each sort, some new, some not.
func everything(t *testing.T, first invoice.Invoice, n int64) store.Change {
	t.Helper()
	c := paid("m", n, time.Unix(1_790_000_000, 0))
	id := fmt.Sprint(n)
	c.Terminals = []merchant.Terminal{{Merchant: "m", Number: n}}
	c.Customers = []wallet.Customer{{Merchant: "m", Number: n, State: wallet.Active}}
	c.Markets = []wallet.Market{{Merchant: "m", Base: "USD", Quote: money.Unit(id)}}
	c.Transfers = []wallet.Transfer{{ID: id, Merchant: "m"}}
	c.Exchanges = []wallet.Exchange{{ID: id, Merchant: "m"}}
	c.Payouts = []payout.Payout{{ID: id, Merchant: "m", State: payout.Requested}}
	c.Tries = []wallet.Tries{{Merchant: "m", Key: id, ExpiresAt: time.Now().Add(time.Hour)}}
	c.Entries = append(c.Entries, booked(t, ledger.RulePayoutHeld, "h"+id, id, ledger.Names{}, 1))
	c.Invoices = append(c.Invoices, first)
	c.Claims = []store.Claim{{Merchant: "m", Kind: store.ReceiptClaim, Key: id, Subject: "s"}}
	c.Answer = &store.Answer{Merchant: "m", Key: id, ExpiresAt: time.Now().Add(time.Hour)}
	return c
}

// TestEveryStatementFails lets the n-th step of a commit fail, for every n:
// once, which a second try makes good, and for good, which leaves nothing.
func TestEveryStatementFails(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var b breaker
		db := open(t, sqlstore.Options{URL: url, Fault: b.stage})
		b.arm(0, 0)()
		first := invoice.Invoice{ID: "first", Merchant: "m", State: invoice.Open}
		commit := func(c store.Change) error { return db.Commit(t.Context(), c) }
		if err := commit(store.Change{Invoices: []invoice.Invoice{first}}); err != nil {
			t.Fatal(err)
		}
		var ids, stored int64
		for _, failing := range []int{1, 10_000} {
			for after := 0; ; after++ {
				ids++
				first.Version = stored + 1
				mend := b.arm(after, failing)
				err := commit(everything(t, first, ids))
				untouched := b.passing.Load() >= 0
				mend()
				if failing == 1 && err != nil {
					t.Fatalf("step %d failed once: got %s, want a second try", after, fault.Detail(err))
				}
				if err == nil {
					stored++
				} else if !errors.Is(err, errInjected) || !fault.Is(err, fault.CodeInternal) {
					t.Fatalf("step %d failed: got %s, want internal because of it", after, fault.Detail(err))
				}
				last, err := db.Invoice(t.Context(), "m", "first")
				if err != nil || last.Version != stored+1 {
					t.Fatalf("step %d: got version %d, %v, want %d", after, last.Version, err, stored+1)
				}
				all, err := db.Events(t.Context(), "m", 0, 1000)
				if err != nil || len(all) != int(stored) {
					t.Fatalf("step %d: got %d events, %v, want %d", after, len(all), err, stored)
				}
				if untouched {
					if after < 15 {
						t.Fatalf("a commit has only %d steps, want each statement to be one", after)
					}
					break
				}
			}
		}
		clean(t, db, "I1", "I2", "I3", "P4", "I9 numbered")
	})
}

// clean wants the given checks of the audit to find nothing.
func clean(t *testing.T, db *sqlstore.DB, checks ...string) {
	t.Helper()
	findings, err := db.Audit(t.Context(), nil)
	if err != nil {
		t.Fatalf("audit: %s", fault.Detail(err))
	}
	for _, f := range findings {
		for _, check := range checks {
			id, word, _ := strings.Cut(check, " ")
			if f.ID == id && strings.Contains(f.Checks, word) && f.Wrong != 0 {
				t.Errorf("audit %s: %s: %d of %d rows are wrong, such as %s", f.ID, f.Checks, f.Wrong, f.Rows, f.Example)
			}
		}
	}
}

// TestLostAnswer loses the database's answer to a commit that it did: the
// caller is told the truth, and nothing is done twice.
func TestLostAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var lose atomic.Bool
		db := open(t, sqlstore.Options{URL: url, Fault: func(stage string) error {
			if stage == "committed" && lose.Swap(false) {
				return errInjected
			}
			return nil
		}})
		for n := range int64(3) {
			lose.Store(n == 1)
			if err := db.Commit(t.Context(), paid("m", n, time.Unix(1_790_000_000, 0))); err != nil {
				t.Fatalf("commit %d: got %s, want nil", n, fault.Detail(err))
			}
		}
		// Without an event in it a batch cannot be recognised.
		lose.Store(true)
		err := db.Commit(t.Context(), store.Change{Invoices: []invoice.Invoice{{
			ID: "x", Merchant: "m", State: invoice.Open, Amount: money.New(1, money.IRR),
		}}})
		if !fault.Is(err, fault.CodeTimeOut) {
			t.Errorf("commit without an event: got %v, want time_out", err)
		}
		all, err := db.Events(t.Context(), "m", 0, 100)
		if err != nil || len(all) != 3 {
			t.Errorf("events: got %d, %v, want 3", len(all), err)
		}
		clean(t, db, "I1", "I2", "I3", "I5")
	})
}

// TestPanic lets a step panic: its change fails, the next one does not.
func TestPanic(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var panics atomic.Bool
		db := open(t, sqlstore.Options{URL: url, Log: slog.New(slog.DiscardHandler), Fault: func(stage string) error {
			if stage == "insert invoice" && panics.Load() {
				panic("injected")
			}
			return nil
		}})
		at := time.Unix(1_790_000_000, 0)
		panics.Store(true)
		if err := db.Commit(t.Context(), paid("m", 1, at)); !fault.Is(err, fault.CodeInternal) {
			t.Errorf("commit that panics: got %v, want internal", err)
		}
		panics.Store(false)
		if err := db.Commit(t.Context(), paid("m", 1, at)); err != nil {
			t.Errorf("commit after a panic: got %s, want nil", fault.Detail(err))
		}
	})
}

// gate stops the committer at the beginning of a batch.
type gate struct {
	closed  atomic.Bool
	reached chan struct{}
	open    chan struct{}
}

func newGate() *gate {
	return &gate{reached: make(chan struct{}, 1), open: make(chan struct{})}
}

func (g *gate) stage(stage string) error {
	if stage == "begin" && g.closed.Swap(false) {
		g.reached <- struct{}{}
		<-g.open
	}
	return nil
}

// TestQueue fills the queue behind a commit that is under way.
func TestQueue(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		g := newGate()
		g.closed.Store(true)
		db := open(t, sqlstore.Options{URL: url, Queue: 3, Fault: g.stage})
		at := time.Unix(1_790_000_000, 0)
		results := make(chan error, 10)
		commit := func(ctx context.Context, n int64) {
			go func() { results <- db.Commit(ctx, paid("m", n, at)) }()
		}
		waiting := func(n int) {
			t.Helper()
			for deadline := time.Now().Add(10 * time.Second); db.Stats().Queue != n; {
				if time.Now().After(deadline) {
					t.Fatalf("queue: got %d, want %d", db.Stats().Queue, n)
				}
			}
		}
		commit(t.Context(), 0)
		<-g.reached // the first is under way, the next ones wait
		gone, leave := context.WithCancel(t.Context())
		commit(gone, 1)
		commit(t.Context(), 2)
		commit(t.Context(), 3)
		waiting(3)
		if err := db.Commit(t.Context(), paid("m", 4, at)); !fault.Is(err, fault.CodeQueueFull) {
			t.Errorf("commit on a full queue: got %v, want queue_full", err)
		}
		leave() // whoever goes away makes room
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("commit of a caller who went away: got %v, want it canceled", err)
		}
		waiting(2)
		commit(t.Context(), 5)
		waiting(3)
		closing := make(chan error)
		go func() { closing <- db.Close() }()
		close(g.open)
		for range 4 {
			if err := <-results; err != nil {
				t.Errorf("commit that was accepted before the close: got %s, want nil", fault.Detail(err))
			}
		}
		if err := <-closing; err != nil {
			t.Errorf("close: %v", err)
		}
		again := open(t, sqlstore.Options{URL: url})
		list, total, err := again.Invoices(t.Context(), "m", store.Page{})
		if err != nil || total != 4 || len(list) != 4 {
			t.Errorf("invoices: got %d of %d, %v, want 4", len(list), total, err)
		}
		for _, i := range list {
			if strings.HasSuffix(i.ID, "1") {
				t.Errorf("invoice %s is of a caller who went away before it was its turn", i.ID)
			}
		}
	})
}

// TestStats counts what the committer did.
func TestStats(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		g := newGate()
		db := open(t, sqlstore.Options{URL: url, Fault: g.stage})
		at := time.Unix(1_790_000_000, 0)
		g.closed.Store(true)
		var all sync.WaitGroup
		for n := range int64(6) {
			if n == 1 {
				<-g.reached
			}
			all.Go(func() {
				c := paid("m", n, at)
				if n == 5 {
					c.Invoices[0].Version = 9
				}
				_ = db.Commit(t.Context(), c) // the last one is refused
			})
		}
		for db.Stats().Queue != 5 {
			if t.Context().Err() != nil {
				t.Fatal("the queue never filled")
			}
		}
		close(g.open)
		all.Wait()
		got := db.Stats()
		want := sqlstore.Stats{Limit: 4096, Batches: 2, Changes: 6, Rejected: 1}
		want.Sizes[0], want.Sizes[3] = 1, 1
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// TestKeysOfRejected refuses a change that was the first of its batch to claim keys. They go to the one who may have
// them or to nobody, and stay with another merchant who has the same.
func TestKeysOfRejected(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		g, ctx, never := newGate(), t.Context(), time.Unix(4_000_000_000, 0)
		db := open(t, sqlstore.Options{URL: url, Fault: g.stage})
		of := func(id string, n int64, answer string, keys ...string) store.Change {
			c := paid(id, n, time.Unix(1_790_000_000, 0))
			c.Answer = &store.Answer{Merchant: id, Key: answer, Status: int(n), ExpiresAt: never}
			for _, key := range keys {
				c.Claims = append(c.Claims, store.Claim{Merchant: id, Kind: store.LinkClaim, Key: key, Subject: fmt.Sprint(n)})
			}
			return c
		}
		stale := func(c store.Change) store.Change { c.Invoices[0].Version = 9; return c }
		for n, key := range []string{"taken", "free"} {
			if err := db.Commit(ctx, of("other", int64(n), key, key)); err != nil {
				t.Fatal(fault.Detail(err))
			}
		}
		g.closed.Store(true)
		var all sync.WaitGroup
		for n, c := range []store.Change{
			of("m", 10, "first"), stale(of("m", 11, "taken", "taken", "free")), stale(of("m", 12, "free")),
			of("m", 13, "taken", "taken"),
		} {
			all.Go(func() {
				if err := db.Commit(ctx, c); (err == nil) != (c.Invoices[0].Version == 0) {
					t.Errorf("%d: got %v", n, err)
				}
			})
			if n == 0 {
				<-g.reached
			}
			for db.Stats().Queue != n {
				if ctx.Err() != nil {
					t.Fatal("the queue never filled")
				}
			}
		}
		close(g.open)
		all.Wait()
		got := map[string]string{}
		for _, id := range []string{"m", "other"} {
			for _, key := range []string{"taken", "free"} {
				claim, _ := db.Claimed(ctx, id, store.LinkClaim, key)
				answer, _ := db.Answer(ctx, id, key, never.Add(-time.Hour))
				got[id+"/"+key] = fmt.Sprintf("%s/%d", claim.Subject, answer.Status)
			}
		}
		want := map[string]string{"m/taken": "13/13", "m/free": "/0", "other/taken": "0/0", "other/free": "1/1"}
		if !maps.Equal(got, want) || db.Stats().Retried != 0 {
			t.Errorf("got %v and %+v, want %v at once", got, db.Stats(), want)
		}
	})
}

// TestCutConnections cuts all connections to PostgreSQL while callers write:
// none of them notices.
func TestCutConnections(t *testing.T) {
	url := pgtest.Database(t)
	db := open(t, sqlstore.Options{URL: url, Committers: 2})
	knife, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = knife.Close(context.Background()) }()
	var ids atomic.Int64
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := ids.Add(1)
				err := db.Commit(t.Context(), paid(fmt.Sprintf("m%d", n%5), n, time.Unix(1_790_000_000, 0)))
				if err != nil {
					t.Errorf("commit: got %s, want nil", fault.Detail(err))
					return
				}
			}
		})
	}
	for cut, seen := 0, int64(0); cut < 20; {
		var n int
		if ids.Load() < seen+16 && t.Context().Err() == nil { // let them get on between two cuts
			runtime.Gosched()
			continue
		}
		seen = ids.Load()
		err := knife.QueryRow(t.Context(), "select count(pg_terminate_backend(pid)) from pg_stat_activity"+
			" where application_name = 'purser' and state <> 'idle' and datname = current_database()").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		cut += n
	}
	close(stop)
	all.Wait()
	clean(t, db, "I1", "I2", "I3", "I5", "I9 numbered", "I9 counted")
	var total int64
	for n := range 5 {
		_, count, err := db.Invoices(t.Context(), fmt.Sprintf("m%d", n), store.Page{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		total += int64(count)
	}
	if total != ids.Load() {
		t.Errorf("invoices: got %d, want %d", total, ids.Load())
	}
}

// TestServerKilled kills PostgreSQL while callers write and starts it again:
// what was acknowledged is there.
func TestServerKilled(t *testing.T) {
	c, err := pgtest.Start(pgtest.Options{Durable: true, InMemory: true})
	if errors.Is(err, pgtest.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Stop() }()
	if err := c.CreateDatabase("killed"); err != nil {
		t.Fatal(err)
	}
	db := open(t, sqlstore.Options{URL: c.URL("killed")})
	var mu sync.Mutex
	var acknowledged []string
	var all sync.WaitGroup
	var ids atomic.Int64
	for range 8 {
		all.Go(func() {
			for {
				change := paid("m", ids.Add(1), time.Unix(1_790_000_000, 0))
				if err := db.Commit(t.Context(), change); err != nil {
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, change.Invoices[0].ID)
				mu.Unlock()
			}
		})
	}
	for ids.Load() < 200 {
		if t.Context().Err() != nil {
			t.Fatal("nothing was committed")
		}
	}
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	// The same store goes on with new connections.
	if err := db.Commit(t.Context(), paid("m", ids.Add(1), time.Unix(1_790_000_000, 0))); err != nil {
		t.Errorf("commit after the restart: got %s, want nil", fault.Detail(err))
	}
	for _, id := range acknowledged {
		if _, err := db.Invoice(t.Context(), "m", id); err != nil {
			t.Errorf("invoice %s: got %v, want it there: its commit returned", id, err)
		}
	}
	clean(t, db, "I1", "I2", "I3", "I5", "I9 numbered", "I9 counted")
}

// TestDiskFails lets the disk fail during a commit: nothing more is written,
// although the disk may look well again.
func TestDiskFails(t *testing.T) {
	url := sqlitetest.Missing(t)
	var fails atomic.Bool
	db := open(t, sqlstore.Options{URL: url, Fault: func(stage string) error {
		if stage == "commit" && fails.Load() {
			return syscall.EIO
		}
		return nil
	}})
	at := time.Unix(1_790_000_000, 0)
	if err := db.Commit(t.Context(), paid("m", 1, at)); err != nil {
		t.Fatal(err)
	}
	fails.Store(true)
	if err := db.Commit(t.Context(), paid("m", 2, at)); !fault.Is(err, fault.CodeDatabaseUnavailable) {
		t.Errorf("commit while the disk fails: got %v, want database_unavailable", err)
	}
	fails.Store(false)
	if err := db.Commit(t.Context(), paid("m", 3, at)); !errors.Is(err, syscall.EIO) {
		t.Errorf("commit after the disk failed: got %v, want it refused because of that", err)
	}
	if err := db.Ping(t.Context()); err == nil {
		t.Error("ping: got nil, want it to tell that nothing is written")
	}
	if _, total, err := db.Invoices(t.Context(), "m", store.Page{}); err != nil || total != 1 {
		t.Errorf("invoices: got %d, %v, want the one from before, and reads to go on", total, err)
	}
}

// TestAnswersExpire stores answers and wants the expired ones to be forgotten.
func TestAnswersExpire(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		keep := func(n int, expires time.Time) {
			a := store.Answer{Merchant: fmt.Sprintf("m%d", n%3), Key: fmt.Sprint(n), ExpiresAt: expires}
			if err := db.Commit(t.Context(), store.Change{Answer: &a}); err != nil {
				t.Fatal(fault.Detail(err))
			}
		}
		now := time.Now()
		for n := range 10 {
			keep(n, now.Add(-time.Hour))
		}
		keep(10, now.Add(time.Hour))
		keep(11, now.Add(time.Hour))
		if n, err := db.Forget(t.Context(), store.Aged{}, 100); err != nil || n != 10 {
			t.Errorf("forget: got %d, %v, want the 10 that have expired", n, err)
		}
		var left int
		if err := raw(t, url).QueryRowContext(t.Context(), "select count(*) from answer").Scan(&left); err != nil {
			t.Fatal(err)
		}
		if left != 2 {
			t.Errorf("answers: got %d, want the 2 that have not expired", left)
		}
	})
}
