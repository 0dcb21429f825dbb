package sqlstore_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/wallet"
)

// walkSpoils are changed by hand, and found by a walk.
var walkSpoils = []spoil{
	spoiled("I1", "posting", "amount", "amount + 1", "amount - 1", "entry_id = 'e2' and line = 0"),
	spoiled("I2", "posting", "account", "account || 'x'", "substr(account, 1, length(account) - 1)",
		"entry_id = 'e2' and line = 0"),
	spoiled("I2", "posting", "unit", "'IRT'", "'IRR'", "entry_id = 'e2'"),
	spoiled("I2", "account", "balance", "balance + 1", "balance - 1", "role = 'merchant_available'"),
	spoiled("I2", "account", "balance", "balance + 1", "balance - 1", "role = 'gateway_clearing'"),
	spoiled("P4", "account", "floor", "null", "0", "role = 'suspense'"),
	spoiled("I4", "payment", "refunded", "56", "20", "id = 'p1'"),
	spoiled("I4", "refund", "amount", "6", "5", "id = 'r2'"),
	spoiled("I4", "invoice", "captured", "41", "40", "id = 'i1'"),
	spoiled("I4", "invoice", "reserved", "0", "40", "id = 'i1'"),
	spoiled("I4", "invoice", "amount", "70", "100", "id = 'i1'"),
	spoiled("I5", "entry", "rule", "'captured'", "'late_payment'", "id = 'e5'"),
	spoiled("I5", "payment", "state", "'settled'", "'processing'", "id = 'p3'"),
}

// passed takes parts of a walk until a pass is over; most of them are too short
// for more than one step.
func passed(t *testing.T, w *sqlstore.Walk) store.Proof {
	t.Helper()
	for range 1000 {
		over, err := w.Part(t.Context(), 0)
		if err != nil {
			t.Fatal(fault.Detail(err))
		}
		if over {
			return w.Proof()
		}
	}
	t.Fatal("a pass never ends")
	return store.Proof{}
}

// TestWalk wants a walk to find what is changed by hand and to forget it when it
// is put right: both where the entries are so old that they were added up
// before, and where they are of just now.
func TestWalk(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		for n, c := range slices.Concat(business(t), deposits(t), trades(t), holds(t), settlements(t)) {
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatalf("change %d: %s", n, fault.Detail(err))
			}
		}
		// The ids of the entries begin with an e: to this clock they are old.
		late := func() time.Time { return time.UnixMilli(0xf00000000000) }
		walks := map[string]*sqlstore.Walk{
			"new entries": db.Walk(), "old entries": open(t, sqlstore.Options{URL: url, ReadOnly: true, Now: late}).Walk(),
		}
		hand := raw(t, url)
		withoutGuards(t, hand, url)
		for name, w := range walks {
			if p := passed(t, w); !p.Agrees() || p.Passes != 1 || p.PassedAt.IsZero() || p.Rows < 50 {
				t.Errorf("good books, %s: got %+v, want agreement about some rows", name, p)
			}
			for _, s := range walkSpoils {
				if name == "new entries" && s.check == "I1" {
					continue // entries of just now are judged when they are older
				}
				if err := transact(t.Context(), hand, []string{s.does}); err != nil {
					t.Fatalf("%s: %v", s.does, err)
				}
				if p := passed(t, w); !slices.ContainsFunc(p.Wrong, func(f store.Finding) bool {
					return f.ID == s.check && f.Wrong > 0 && f.Example != ""
				}) {
					t.Errorf("%s, %s: got %+v, want %s to find it", s.does, name, p.Wrong, s.check)
				}
				if err := transact(t.Context(), hand, []string{s.undo}); err != nil {
					t.Fatalf("%s: %v", s.undo, err)
				}
				if p := passed(t, w); !p.Agrees() {
					t.Errorf("%s, %s: got %+v, want nothing wrong any more", s.undo, name, p.Wrong)
				}
			}
		}
	})
}

// TestWalkBesideWork wants a walk to find nothing wrong while others commit, and
// to end with the context.
func TestWalkBesideWork(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		ended := make(chan error, 1)
		changes := deposits(t)
		for n := range 100 {
			id := fmt.Sprintf("t%d", n)
			changes = append(changes, store.Change{
				Transfers: []wallet.Transfer{{ID: id, Merchant: "m", From: 10001, To: wallet.House, Amount: amount(1)}},
				Entries: []ledger.Entry{
					booked(t, ledger.RuleTransferred, "e"+id, id, ledger.Names{Owner: "10001"}, 1),
				},
				Events: []event.Event{happened(event.Transfer, id, "create", "", "completed")},
			})
		}
		go func() {
			for _, c := range changes {
				if err := db.Commit(context.Background(), c); err != nil {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
		w := db.Walk()
		for working := true; working; {
			select {
			case err := <-ended:
				if working = false; err != nil {
					t.Fatal(fault.Detail(err))
				}
			default:
			}
			if p := passed(t, w); !p.Agrees() {
				t.Fatalf("got %+v, want nothing wrong at any moment", p.Wrong)
			}
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.Part(over, time.Second); err == nil {
			t.Error("a part of a walk whose context is over succeeded")
		}
	})
}

// TestBacklog wants what is under way to be counted, with its age.
func TestBacklog(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		for n, c := range slices.Concat(business(t), deposits(t), trades(t), holds(t), settlements(t)) {
			for i := range c.Payments {
				if p := &c.Payments[i]; p.State == "processing" {
					p.CreatedAt, p.CheckAt = booksAt, booksAt.Add(time.Minute)
				}
			}
			for i := range c.Payouts {
				c.Payouts[i].CreatedAt = booksAt
			}
			c.Deliveries = append(c.Deliveries, event.Delivery{
				ID: "dead" + string(rune('a'+n)), Merchant: "m", State: event.Dead, Queue: "q", CreatedAt: booksAt,
			})
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatalf("change %d: %s", n, fault.Detail(err))
			}
		}
		if err := db.Commit(t.Context(), store.Change{Merchants: []merchant.Merchant{{ID: "m", Name: "Shop"}}}); err != nil {
			t.Fatal(fault.Detail(err))
		}
		piles, err := db.Backlog(t.Context(), booksAt.Add(time.Second))
		if err != nil {
			t.Fatal(fault.Detail(err))
		}
		got := map[store.PileName]store.Pile{}
		for _, p := range piles {
			got[p.Name] = p
		}
		for name, want := range map[store.PileName]store.Pile{
			store.OpenPayments: {Count: 2, Oldest: booksAt}, store.DuePayments: {},
			store.OpenPayouts: {Count: 1, Oldest: booksAt}, store.DueDeliveries: {Count: 1, Oldest: booksAt},
			store.OpenRefunds: {}, store.StuckPayments: {}, store.StuckRefunds: {}, store.OpenDeals: {},
			store.Disputes: {}, store.DueRefunds: {}, store.StuckPayouts: {}, store.DuePayouts: {},
		} {
			if want.Name = name; got[name] != want {
				t.Errorf("got %+v, want %+v", got[name], want)
			}
		}
		if dead := got[store.DeadDeliveries]; dead.Count < 3 || !dead.Oldest.Equal(booksAt) {
			t.Errorf("got %+v, want the dead deliveries of all changes", dead)
		}
	})
}
