package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// callers is how many commit at once.
const callers = 64

// paid is one payment's worth of change: an invoice, its payment, an entry
// with two postings and an event.
func paid(merchant string, n int64, at time.Time) store.Change {
	amount, zero := money.New(150_000, money.IRR), money.Zero(money.IRR)
	id := fmt.Sprintf("%08x%016x", at.Unix(), n)
	entry, err := ledger.Book(ledger.RuleCaptured, ledger.Cause{
		Entry: id, Merchant: merchant, Subject: id, At: at,
	}, ledger.Names{Gateway: "zarinpal"}, amount)
	if err != nil {
		panic(err)
	}
	return store.Change{
		Invoices: []invoice.Invoice{{
			ID: id, Merchant: merchant, State: invoice.Completed, Amount: amount, Captured: amount, Reserved: zero,
			Title: "An order", Description: "Two of this and one of that", CreatedAt: at, UpdatedAt: at,
			Payer: invoice.Payer{Name: "A payer", Mobile: "09120000000"},
		}},
		Payments: []payment.Payment{{
			ID: id, Merchant: merchant, State: payment.Captured, Invoice: id, Amount: amount, Refunded: zero,
			Returning: zero, CreatedAt: at, UpdatedAt: at, FinalizedAt: at, Card: "603799******1234",
			Attempt: payment.Attempt{
				Gateway: "zarinpal", Number: 1, Session: "A0000000000000000000000000000wwOGYpd", Receipt: id,
				Link: "https://payment.zarinpal.com/pg/StartPay/A0000000000000000000000000000wwOGYpd", StartedAt: at,
			},
		}},
		Entries: []ledger.Entry{entry},
		Events: []event.Event{{
			Merchant: merchant, Noun: event.Payment, Subject: id, Trigger: "create", To: "captured", Actor: "gateway",
			At: at,
		}},
	}
}

// merchantsOf names so many merchants.
func merchantsOf(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%08x", i*2654435761%(1<<32))
	}
	return list
}

// BenchmarkCommit compares changes in groups with one transaction per change,
// spread over a thousand merchants and on the accounts of one. The grouped and
// the ungrouped run take turns on one database; the ratios are medians.
func BenchmarkCommit(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		compare(b, sqlstore.Options{URL: filepath.Join(b.TempDir(), "purser.db")}, 1)
	})
	b.Run("postgres", func(b *testing.B) {
		compare(b, sqlstore.Options{URL: benchServer(b).URL("bench")}, 16)
	})
}

// benchServer is PostgreSQL as it comes, where tests have smaller numbers, with an empty database "bench".
func benchServer(b *testing.B) *pgtest.Cluster {
	b.Helper()
	c, err := pgtest.Start(pgtest.Options{Durable: true, Settings: map[string]string{
		"shared_buffers": "128MB", "max_wal_size": "1GB",
	}})
	if err != nil {
		b.Skipf("start PostgreSQL: %v", err)
	}
	b.Cleanup(func() {
		if err := c.Stop(); err != nil {
			b.Error(err)
		}
	})
	if err := c.CreateDatabase("bench"); err != nil {
		b.Fatal(err)
	}
	return c
}

// compare measures the four ways on one database and reports what each did in
// a second.
func compare(b *testing.B, o sqlstore.Options, alone int) {
	b.Helper()
	o.Committers = alone // the pool of those who commit alone
	single := openShared(b, o)
	o.Committers = 1
	if alone > 1 { // SQLite has one connection that writes and one process per file
		o.NoMigrate = true
		single = openShared(b, sqlstore.Options{URL: o.URL, Committers: alone})
	}
	grouped := single
	if alone > 1 {
		grouped = openShared(b, o)
	}
	var ids, acknowledged atomic.Int64
	run := func(commit func(store.Change) error, merchants []string) float64 {
		const turn = 1500 * time.Millisecond
		var done atomic.Int64
		var all sync.WaitGroup
		began := time.Now()
		for range callers {
			all.Go(func() {
				for time.Since(began) < turn {
					n := ids.Add(1)
					if err := commit(paid(merchants[n%int64(len(merchants))], n, began)); err != nil {
						b.Error(err)
						return
					}
					done.Add(1)
				}
			})
		}
		all.Wait()
		acknowledged.Add(done.Load())
		return float64(done.Load()) / time.Since(began).Seconds()
	}
	inGroups := func(c store.Change) error { return grouped.Commit(b.Context(), c) }
	var lock sync.Mutex
	byItself := func(c store.Change) error {
		if alone == 1 {
			lock.Lock()
			defer lock.Unlock()
		}
		return single.CommitAlone(b.Context(), c)
	}
	spread, hot := merchantsOf(1000), merchantsOf(1)
	rates := make(map[string][]float64)
	for b.Loop() {
		for range 5 {
			rates["grouped-spread/s"] = append(rates["grouped-spread/s"], run(inGroups, spread))
			rates["alone-spread/s"] = append(rates["alone-spread/s"], run(byItself, spread))
			rates["grouped-hot/s"] = append(rates["grouped-hot/s"], run(inGroups, hot))
			rates["alone-hot/s"] = append(rates["alone-hot/s"], run(byItself, hot))
		}
	}
	for table, each := range map[string]int64{"invoice": 1, "payment": 1, "entry": 1, "posting": 2, "event": 1} {
		got, err := grouped.Rows(b.Context(), table)
		if want := each * acknowledged.Load(); err != nil || got != want {
			b.Errorf("got %d rows of %s, %v, want the %d that were acknowledged", got, table, err, want)
		}
	}
	report(b, rates)
}
