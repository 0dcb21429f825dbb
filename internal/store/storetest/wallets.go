package storetest

import (
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// never is a time at which nothing of a test expires.
var never = noon.AddDate(100, 0, 0)

// walletRoundTrip stores and reads each noun of the wallets with every field,
// twice: as it is made and as it is changed.
func walletRoundTrip(s *shop) {
	t, ctx := s.T, s.Context()
	m := full(s, func(*merchant.Terminal) {})
	c := full(s, func(c *wallet.Customer) { c.State = wallet.Blocked })
	p := full(s, func(p *payout.Payout) { p.State = payout.Paid })
	k := full(s, func(*wallet.Market) {})
	n := full(s, func(n *wallet.Tries) { n.ExpiresAt = never })
	f := full(s, func(*wallet.Transfer) {})
	x := full(s, func(*wallet.Exchange) {})
	s.must(store.Change{Transfers: []wallet.Transfer{f}, Exchanges: []wallet.Exchange{x}})
	gotF, total, err := s.Transfers(ctx, s.id, store.TransferFilter{Account: f.From}, store.Page{})
	if same(t, "transfers", gotF, err, []wallet.Transfer{f}); total != 1 {
		t.Errorf("transfers: got a total of %d, want 1", total)
	}
	gotX, total, err := s.Exchanges(ctx, s.id, x.Account, "", store.Page{})
	if same(t, "exchanges", gotX, err, []wallet.Exchange{x}); total != 1 {
		t.Errorf("exchanges: got a total of %d, want 1", total)
	}
	for version := range int64(2) { // each has the version at which it was read
		s.must(store.Change{
			Terminals: []merchant.Terminal{m}, Customers: []wallet.Customer{c}, Payouts: []payout.Payout{p},
			Markets: []wallet.Market{k}, Tries: []wallet.Tries{n},
		})
		for _, v := range []*int64{&m.Version, &c.Version, &p.Version, &k.Version, &n.Version} {
			*v = version + 1
		}
		gotM, err := s.Terminals(ctx, s.id)
		same(t, "terminals", gotM, err, []merchant.Terminal{m})
		gotC, err := s.Customer(ctx, s.id, c.Number)
		same(t, "customer", gotC, err, c)
		gotP, err := s.Payout(ctx, s.id, p.ID)
		same(t, "payout", gotP, err, p)
		gotK, err := s.Markets(ctx, s.id)
		same(t, "markets", gotK, err, []wallet.Market{k})
		gotN, err := s.Tries(ctx, s.id, n.Key)
		same(t, "tries", gotN, err, n)
		owner, err := s.Owner(ctx, event.Payout, p.ID)
		same(t, "owner", owner, err, s.id)
		// What is changed the second time is everything that is not a name.
		m.Name, m.Origins, m.VerifyIn, m.Disabled = "new", nil, time.Microsecond, false
		c.PIN, c.State, p.Note, p.State, p.Fee = "new", wallet.Active, "new", payout.Failed, money.Amount{}
		k.Buy, k.Sell, k.SetAt, n.Count, n.ExpiresAt = k.Sell, money.Rate{}, time.Time{}, 0, never.Add(time.Second)
	}
}

// walletsNotFound wants the noun's own fault, and empty lists.
func walletsNotFound(s *shop) {
	t, ctx := s.T, s.Context()
	c, err := s.Customer(ctx, s.id, 10001)
	missing(t, "customer", c, err, fault.CodeAccountNotFound)
	c, err = s.Customer(ctx, s.id, 0)
	missing(t, "customer without a number", c, err, fault.CodeAccountNotFound)
	p, err := s.Payout(ctx, s.id, "nothing")
	missing(t, "payout", p, err, fault.CodePayoutNotFound)
	o, err := s.Owner(ctx, event.Payout, "nothing")
	missing(t, "owner of a payout", o, err, fault.CodePayoutNotFound)
	last, err := s.LastCustomer(ctx, s.id)
	same(t, "last customer", last, err, 0)
	tries, err := s.Tries(ctx, s.id, "address/192.0.2.1")
	same(t, "tries", tries, err, wallet.Tries{Merchant: s.id, Key: "address/192.0.2.1"})
	customers, err := s.Customers(ctx, s.id, store.Page{})
	same(t, "customers", len(customers), err, 0)
	terminals, err := s.Terminals(ctx, s.id)
	same(t, "terminals", len(terminals), err, 0)
	markets, err := s.Markets(ctx, s.id)
	same(t, "markets", len(markets), err, 0)
	payouts, err := s.Payouts(ctx, store.PayoutFilter{Merchant: s.id}, store.Page{})
	same(t, "payouts", len(payouts), err, 0)
	transfers, total, err := s.Transfers(ctx, s.id, store.TransferFilter{Account: 10001}, store.Page{})
	same(t, "transfers", len(transfers)+total, err, 0)
	exchanges, total, err := s.Exchanges(ctx, s.id, 10001, "", store.Page{})
	same(t, "exchanges", len(exchanges)+total, err, 0)
	invoices, total, err := s.FindInvoices(ctx, s.id, store.InvoiceFilter{}, store.Page{})
	same(t, "invoices", len(invoices)+total, err, 0)
	balances, err := s.BalancesOf(ctx, s.id, ledger.CustomerWallet, "10001")
	same(t, "balances", len(balances), err, 0)
}

// customer is a new customer.
func (s *shop) customer(number int64) wallet.Customer {
	return wallet.Customer{
		Merchant: s.id, Number: number, State: wallet.Active, CreatedAt: noon, UpdatedAt: noon,
	}
}

// transfer is a new transfer of one step.
func (s *shop) transfer(from, to int64) wallet.Transfer {
	return wallet.Transfer{
		ID: newID(), Merchant: s.id, From: from, To: to, Amount: money.New(1, unit), CreatedAt: noon,
	}
}

// exchange is a new exchange.
func (s *shop) exchange(account int64) wallet.Exchange {
	return wallet.Exchange{
		ID: newID(), Merchant: s.id, Account: account, Spent: money.New(10, unit), Got: money.New(1, money.IRT),
		CreatedAt: noon,
	}
}

// payout is a new payout.
func (s *shop) payout() payout.Payout {
	return payout.Payout{
		ID: newID(), Merchant: s.id, State: payout.Requested, Account: wallet.House, Amount: money.New(10, unit),
		Fee: money.Zero(unit), CreatedAt: noon, UpdatedAt: noon,
	}
}

// walletsOfOthers looks for another merchant's things.
func walletsOfOthers(s *shop) {
	t, other, ctx := s.T, newShop(s.T, s.Store), s.Context()
	c, p, f, x := s.customer(10001), s.payout(), s.transfer(10001, 10002), s.exchange(10001)
	k := wallet.Market{Merchant: s.id, Base: money.USD, Quote: unit, CreatedAt: noon}
	m := merchant.Terminal{Merchant: s.id, Number: 1001, CreatedAt: noon, UpdatedAt: noon}
	n := wallet.Tries{Merchant: s.id, Key: "account/10001", Count: 3, ExpiresAt: never}
	s.must(store.Change{
		Terminals: []merchant.Terminal{m}, Customers: []wallet.Customer{c}, Payouts: []payout.Payout{p},
		Markets: []wallet.Market{k}, Tries: []wallet.Tries{n}, Transfers: []wallet.Transfer{f},
		Exchanges: []wallet.Exchange{x},
	})
	walletsNotFound(other)
	gotP, err := s.Payout(ctx, other.id, p.ID)
	missing(t, "payout", gotP, err, fault.CodePayoutNotFound)
	gotF, _, err := s.Transfers(ctx, other.id, store.TransferFilter{Account: 10001, ID: f.ID}, store.Page{})
	same(t, "transfer", len(gotF), err, 0)
	gotX, _, err := s.Exchanges(ctx, other.id, 10001, x.ID, store.Page{})
	same(t, "exchange", len(gotX), err, 0)
	gotN, err := s.Tries(ctx, other.id, n.Key)
	same(t, "tries", gotN, err, wallet.Tries{Merchant: other.id, Key: n.Key})
	// The same names may be other things of another merchant.
	theirs := other.customer(10001)
	theirs.FirstName = "another"
	m.Merchant, k.Merchant, n.Merchant, n.Count = other.id, other.id, other.id, 1
	other.must(store.Change{
		Terminals: []merchant.Terminal{m}, Customers: []wallet.Customer{theirs}, Markets: []wallet.Market{k},
		Tries: []wallet.Tries{n},
	})
	c.Version = 1
	mine, err := s.Customer(ctx, s.id, 10001)
	same(t, "customer of the first", mine, err, c)
	for _, owner := range []struct {
		id    string
		count int
	}{{s.id, 3}, {other.id, 1}} {
		tries, err := s.Tries(ctx, owner.id, "account/10001")
		same(t, "tries of "+owner.id, tries.Count, err, owner.count)
	}
}

// walletVersions stores things on top of versions other than the present one,
// and what is always new a second time.
func walletVersions(s *shop) {
	t := s.T
	c, p, f, x := s.customer(10001), s.payout(), s.transfer(10001, 10002), s.exchange(10001)
	k := wallet.Market{Merchant: s.id, Base: money.USD, Quote: unit}
	m := merchant.Terminal{Merchant: s.id, Number: 1001}
	n := wallet.Tries{Merchant: s.id, Key: "account/10001", ExpiresAt: never}
	changes := map[string]func(version int64) store.Change{
		"customer": func(v int64) store.Change { c.Version = v; return store.Change{Customers: []wallet.Customer{c}} },
		"payout":   func(v int64) store.Change { p.Version = v; return store.Change{Payouts: []payout.Payout{p}} },
		"market":   func(v int64) store.Change { k.Version = v; return store.Change{Markets: []wallet.Market{k}} },
		"terminal": func(v int64) store.Change { m.Version = v; return store.Change{Terminals: []merchant.Terminal{m}} },
		"tries":    func(v int64) store.Change { n.Version = v; return store.Change{Tries: []wallet.Tries{n}} },
	}
	for name, change := range changes {
		for _, step := range []struct {
			version int64
			good    bool
		}{{1, false}, {0, true}, {0, false}, {2, false}, {1, true}, {1, false}, {2, true}} {
			err := s.Commit(t.Context(), change(step.version))
			if step.good && err != nil || !step.good && !fault.Is(err, fault.CodeVersionConflict) {
				t.Errorf("%s at version %d: got %s, want it done: %t", name, step.version, fault.Detail(err), step.good)
			}
		}
	}
	for name, change := range map[string]store.Change{
		"transfer": {Transfers: []wallet.Transfer{f}}, "exchange": {Exchanges: []wallet.Exchange{x}},
	} {
		if s.must(change); s.Commit(t.Context(), change) == nil {
			t.Errorf("%s: the second one was not refused", name)
		}
	}
	for name, change := range map[string]store.Change{
		"a customer without a number": {Customers: []wallet.Customer{s.customer(0)}},
		"a terminal without a number": {Terminals: []merchant.Terminal{{Merchant: s.id}}},
		"tries without a key":         {Tries: []wallet.Tries{{Merchant: s.id}}},
		"a fee in another unit": {Payouts: []payout.Payout{{
			ID: newID(), Merchant: s.id, State: payout.Requested, Amount: money.New(1, unit), Fee: money.New(1, money.USD),
		}}},
		"no such state": {Customers: []wallet.Customer{{Merchant: s.id, Number: 10002, State: "lost"}}},
	} {
		if err := s.Commit(t.Context(), change); !fault.Is(err, fault.CodeInternal) {
			t.Errorf("%s: got %s, want internal", name, fault.Detail(err))
		}
	}
}

// reliedOn makes decisions that hold only while a customer stays as it was read.
func reliedOn(s *shop) {
	t := s.T
	c := s.customer(10001)
	relying := func(version int64) store.Change {
		c := c
		c.Version = version
		f := s.transfer(10001, 10002)
		return store.Change{Relied: []wallet.Customer{c}, Transfers: []wallet.Transfer{f}}
	}
	s.refused(relying(1), fault.CodeVersionConflict) // it is not there at all
	s.refused(relying(0), fault.CodeInternal)        // nothing was read
	s.must(store.Change{Customers: []wallet.Customer{c}})
	errs := together(32, func(int) error { return s.Commit(t.Context(), relying(1)) })
	tally(t, errs, len(errs), "") // whoever only relies on it is in nobody's way
	c.Version, c.State = 1, wallet.Blocked
	got, err := s.Customer(t.Context(), s.id, 10001)
	same(t, "version", got.Version, err, 1)
	s.must(store.Change{Customers: []wallet.Customer{c}})
	s.refused(relying(1), fault.CodeVersionConflict)
	s.must(relying(2))
	_, total, err := s.Transfers(t.Context(), s.id, store.TransferFilter{Account: 10001}, store.Page{Limit: 1})
	same(t, "transfers", total, err, len(errs)+1)
}

// triesExpire wants tries that have expired to be forgotten.
func triesExpire(s *shop) {
	t, ctx := s.T, s.Context()
	old := wallet.Tries{Merchant: s.id, Key: "old", Count: 5, ExpiresAt: noon.AddDate(-50, 0, 0)}
	kept := wallet.Tries{Merchant: s.id, Key: "kept", Count: 2, ExpiresAt: never}
	s.must(store.Change{Tries: []wallet.Tries{old, kept}})
	for removed := 1; removed > 0; {
		n, err := s.Forget(ctx, store.Aged{}, 100)
		if err != nil {
			t.Fatalf("forget: %s", fault.Detail(err))
		}
		removed = n
	}
	got, err := s.Tries(ctx, s.id, "old")
	same(t, "old tries", got, err, wallet.Tries{Merchant: s.id, Key: "old"})
	got, err = s.Tries(ctx, s.id, "kept")
	kept.Version = 1
	same(t, "kept tries", got, err, kept)
	// Under the key of those that went, new ones can be counted.
	old.ExpiresAt = never
	s.must(store.Change{Tries: []wallet.Tries{old}})
	got, err = s.Tries(ctx, s.id, "old")
	same(t, "new tries", got.Count, err, 5)
}
