package storetest

import (
	"fmt"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// book makes the entry of a rule.
func (s *shop) book(rule ledger.Rule, n ledger.Names, steps int64) ledger.Entry {
	s.Helper()
	e, err := ledger.Book(rule, ledger.Cause{Entry: newID(), Merchant: s.id, Subject: newID(), At: noon}, n,
		money.New(steps, unit))
	if err != nil {
		s.Fatalf("make an entry: %v", err)
	}
	return e
}

// covered takes what must be there from an account that has no floor.
func covered(s *shop) {
	t := s.T
	send := func(steps int64) ledger.Entry {
		return s.book(ledger.RuleTransferred, ledger.Names{To: "10001"}, steps)
	}
	opened := func(steps int64) ledger.Entry { return s.book(ledger.RuleRefundOpened, ledger.Names{}, steps) }
	earned := func(steps int64) ledger.Entry {
		return s.book(ledger.RuleCaptured, ledger.Names{Gateway: "bank"}, steps)
	}
	s.refused(store.Change{Entries: entries(send(1))}, fault.CodeInsufficientFunds)
	s.must(store.Change{Entries: entries(earned(100))})
	s.refused(store.Change{Entries: entries(send(101))}, fault.CodeInsufficientFunds)
	s.refused(store.Change{Entries: entries(send(60), send(41))}, fault.CodeInsufficientFunds)
	s.refused(store.Change{Entries: entries(opened(60), send(41))}, fault.CodeInsufficientFunds)
	s.must(store.Change{Entries: entries(send(70))})
	s.must(store.Change{Entries: entries(opened(50))}) // what a gateway takes is taken
	if got := s.balance(s.available()); got != -20 {
		t.Errorf("balance: got %d, want -20", got)
	}
	s.refused(store.Change{Entries: entries(send(1))}, fault.CodeInsufficientFunds)
	s.must(store.Change{Entries: entries(earned(25), send(5))}) // nothing is taken in all
	s.refused(store.Change{Entries: entries(send(1))}, fault.CodeInsufficientFunds)
	s.must(store.Change{Entries: entries(send(5), earned(25))})
	if got := s.balance(s.available()); got != 20 {
		t.Errorf("balance: got %d, want 20", got)
	}
}

// coveredMany sends from one account that has no floor to many from many
// sides: exactly what there is goes out.
func coveredMany(s *shop) {
	t := s.T
	s.must(store.Change{Entries: entries(s.book(ledger.RuleCaptured, ledger.Names{Gateway: "bank"}, 100))})
	n := scale(10_000)
	var errs []error
	for len(errs) < n {
		errs = append(errs, together(min(1000, n-len(errs)), func(i int) error {
			transfer := s.transfer(wallet.House, int64(10001+i%7))
			return s.Commit(t.Context(), store.Change{
				Transfers: []wallet.Transfer{transfer},
				Entries:   entries(s.book(ledger.RuleTransferred, ledger.Names{To: fmt.Sprint(transfer.To)}, 1)),
			})
		})...)
	}
	tally(t, errs, 100, fault.CodeInsufficientFunds)
	var received int64
	for to := range 7 {
		list, err := s.BalancesOf(t.Context(), s.id, ledger.CustomerWallet, fmt.Sprint(10001+to))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			received += p.Amount.Steps()
		}
	}
	if left := s.balance(s.available()); left != 0 || received != 100 {
		t.Errorf("got %d left and %d received, want 0 and 100", left, received)
	}
	_, total, err := s.Transfers(t.Context(), s.id, store.TransferFilter{Account: wallet.House}, store.Page{Limit: 1})
	same(t, "transfers", total, err, 100)
}

// balancesOf reads the accounts of one owner.
func balancesOf(s *shop) {
	t, ctx := s.T, s.Context()
	cause := ledger.Cause{Entry: newID(), Merchant: s.id, Subject: newID(), At: noon}
	dollars, err := ledger.Book(ledger.RuleDeposited, cause, ledger.Names{Gateway: "bank", Owner: "10001"},
		money.New(7, money.USD))
	if err != nil {
		t.Fatal(err)
	}
	s.must(store.Change{Entries: entries(dollars,
		s.book(ledger.RuleDeposited, ledger.Names{Gateway: "bank", Owner: "10001"}, 5),
		s.book(ledger.RuleDeposited, ledger.Names{Gateway: "bank", Owner: "10002"}, 9),
		s.book(ledger.RuleCaptured, ledger.Names{Gateway: "bank"}, 3))})
	of := func(owner string, steps int64, u money.Unit) ledger.Posting {
		return ledger.Posting{Account: ledger.Own(s.id, owner, u), Amount: money.New(steps, u)}
	}
	got, err := s.BalancesOf(ctx, s.id, ledger.CustomerWallet, "10001")
	same(t, "wallet", got, err, []ledger.Posting{of("10001", 5, unit), of("10001", 7, money.USD)})
	got, err = s.BalancesOf(ctx, s.id, ledger.MerchantAvailable, "")
	same(t, "the merchant's own", got, err, []ledger.Posting{of("", 3, unit)})
}

// transferLists lists the transfers of an account through every filter.
func transferLists(s *shop) {
	t := s.T
	for n, f := range []wallet.Transfer{
		{From: 10001, To: 10002, Reference: "a"},
		{From: 10002, To: 10001, Reference: "a"},
		{From: 10001, To: 10000, Reference: "b"},
		{From: 10002, To: 10003, Reference: "b"},
		{From: 10000, To: 10001},
	} {
		f.ID, f.Merchant, f.Amount = s.id+fmt.Sprint(n), s.id, money.New(1, unit)
		f.CreatedAt = noon.Add(time.Duration(n/2) * time.Second) // some at the same time: then by id
		c := store.Change{Transfers: []wallet.Transfer{f}}
		if f.Reference != "" {
			c.Claims = []store.Claim{{
				Merchant: s.id, Kind: store.TransferClaim, Key: fmt.Sprintf("%d/%s", f.From, f.Reference), Subject: f.ID,
			}}
		}
		s.must(c)
	}
	const me = 10001
	for name, test := range map[string]struct {
		filter store.TransferFilter
		page   store.Page
		want   string // the last digits of the ids
		total  int
	}{
		"all":                {store.TransferFilter{Account: me}, store.Page{}, "4210", 4},
		"oldest":             {store.TransferFilter{Account: me}, store.Page{Oldest: true, Limit: 3}, "012", 4},
		"page":               {store.TransferFilter{Account: me}, store.Page{Limit: 2, Offset: 1}, "21", 4},
		"sent":               {store.TransferFilter{Account: me, Sent: true}, store.Page{}, "20", 2},
		"received":           {store.TransferFilter{Account: me, Received: true}, store.Page{}, "41", 2},
		"both":               {store.TransferFilter{Account: me, Sent: true, Received: true}, store.Page{Limit: 2}, "42", 4},
		"reference":          {store.TransferFilter{Account: me, Reference: "a"}, store.Page{}, "10", 2},
		"reference sent":     {store.TransferFilter{Account: me, Reference: "a", Sent: true}, store.Page{}, "0", 1},
		"reference received": {store.TransferFilter{Account: me, Reference: "a", Received: true}, store.Page{}, "1", 1},
		"no reference":       {store.TransferFilter{Account: me, Reference: "c"}, store.Page{}, "", 0},
		"id":                 {store.TransferFilter{Account: me, ID: s.id + "1"}, store.Page{}, "1", 1},
		"id of another":      {store.TransferFilter{Account: me, ID: s.id + "3"}, store.Page{}, "", 0},
		"id, not sent":       {store.TransferFilter{Account: me, ID: s.id + "1", Sent: true}, store.Page{}, "", 0},
		"nobody":             {store.TransferFilter{Account: 7}, store.Page{}, "", 0},
	} {
		list, total, err := s.Transfers(s.Context(), s.id, test.filter, test.page)
		got := ""
		for _, f := range list {
			got += f.ID[len(f.ID)-1:]
		}
		if same(t, name, got, err, test.want); total != test.total {
			t.Errorf("%s: got a total of %d, want %d", name, total, test.total)
		}
	}
}

// customerLists lists customers, terminals and markets.
func customerLists(s *shop) {
	t, ctx := s.T, s.Context()
	second, first, third := s.customer(10002), s.customer(10001), s.customer(10010)
	s.must(store.Change{Customers: []wallet.Customer{second, first, third}})
	for name, test := range map[string]struct {
		page store.Page
		want []int64
	}{
		"newest": {store.Page{Limit: 2}, []int64{10010, 10002}},
		"second": {store.Page{Limit: 2, Offset: 2}, []int64{10001}},
		"oldest": {store.Page{Oldest: true}, []int64{10001, 10002, 10010}},
	} {
		list, err := s.Customers(ctx, s.id, test.page)
		var got []int64
		for _, c := range list {
			got = append(got, c.Number)
		}
		same(t, name, got, err, test.want)
	}
	last, err := s.LastCustomer(ctx, s.id)
	same(t, "last", last, err, 10010)
	s.must(store.Change{
		Terminals: []merchant.Terminal{
			{Merchant: s.id, Number: 10000}, {Merchant: s.id, Number: 1001}, {Merchant: s.id, Number: 2000},
		},
		Markets: []wallet.Market{
			{Merchant: s.id, Base: money.USD, Quote: unit}, {Merchant: s.id, Base: money.EUR, Quote: unit},
		},
	})
	terminals, err := s.Terminals(ctx, s.id)
	var numbers []int64
	for _, m := range terminals {
		numbers = append(numbers, m.Number)
	}
	same(t, "terminals", numbers, err, []int64{1001, 2000, 10000})
	markets, err := s.Markets(ctx, s.id)
	var names []string
	for _, m := range markets {
		names = append(names, m.Name())
	}
	same(t, "markets", names, err, []string{"EURIRR", "USDIRR"})
}

// exchangeLists lists the exchanges of an account.
func exchangeLists(s *shop) {
	t := s.T
	var ids []string
	for n := range 3 {
		x := s.exchange(10001)
		x.CreatedAt = noon.Add(time.Duration(n) * time.Second)
		s.must(store.Change{Exchanges: []wallet.Exchange{x, s.exchange(10002)}})
		ids = append(ids, x.ID)
	}
	for name, test := range map[string]struct {
		id    string
		page  store.Page
		want  []string
		total int
	}{
		"oldest":  {"", store.Page{Oldest: true}, ids, 3},
		"newest":  {"", store.Page{Limit: 1}, ids[2:], 3},
		"page":    {"", store.Page{Limit: 1, Offset: 1}, ids[1:2], 3},
		"by id":   {ids[0], store.Page{}, ids[:1], 1},
		"nothing": {"nothing", store.Page{}, nil, 0},
	} {
		list, total, err := s.Exchanges(s.Context(), s.id, 10001, test.id, test.page)
		var got []string
		for _, x := range list {
			got = append(got, x.ID)
		}
		if same(t, name, got, err, test.want); total != test.total {
			t.Errorf("%s: got a total of %d, want %d", name, total, test.total)
		}
	}
	inParts(s, "exchanges", 3, func() {}, func(o store.Older) ([]wallet.Exchange, error) {
		return s.ListExchanges(s.Context(), s.id, 10001, o)
	}, func(x wallet.Exchange) (time.Time, string) { return x.CreatedAt, x.ID })
	other := newShop(t, s.Store)
	other.must(store.Change{Exchanges: []wallet.Exchange{other.exchange(10001)}})
	inParts(s, "all exchanges", 6, func() {}, func(o store.Older) ([]wallet.Exchange, error) {
		return s.ListExchanges(s.Context(), s.id, 0, o)
	}, func(x wallet.Exchange) (time.Time, string) { return x.CreatedAt, x.ID })
	one, err := s.Exchange(s.Context(), s.id, ids[1])
	same(t, "one", one.ID, err, ids[1])
	none, err := s.Exchange(s.Context(), newShop(t, s.Store).id, ids[1])
	missing(t, "exchange of another", none, err, fault.CodeNotFound)
}

// payoutLists lists payouts through every filter.
func payoutLists(s *shop) {
	t, other := s.T, newShop(s.T, s.Store)
	var ids []string
	for n, state := range []payout.State{payout.Requested, payout.Paid, payout.Requested} {
		p := s.payout()
		// Far in the future, so that the other tests' payouts come after them.
		p.State, p.CreatedAt = state, noon.AddDate(200, 0, n)
		s.must(store.Change{Payouts: []payout.Payout{p}})
		ids = append(ids, p.ID)
	}
	theirs := other.payout()
	theirs.CreatedAt = noon.AddDate(201, 0, 0)
	other.must(store.Change{Payouts: []payout.Payout{theirs}})
	for name, test := range map[string]struct {
		filter store.PayoutFilter
		page   store.Page
		want   []string
	}{
		"merchant":  {store.PayoutFilter{Merchant: s.id}, store.Page{Oldest: true}, ids},
		"state":     {store.PayoutFilter{Merchant: s.id, State: payout.Requested}, store.Page{}, []string{ids[2], ids[0]}},
		"page":      {store.PayoutFilter{Merchant: s.id}, store.Page{Limit: 1, Offset: 1}, ids[1:2]},
		"all":       {store.PayoutFilter{}, store.Page{Limit: 2}, []string{theirs.ID, ids[2]}},
		"all asked": {store.PayoutFilter{State: payout.Requested}, store.Page{Limit: 3}, []string{theirs.ID, ids[2], ids[0]}},
		"none":      {store.PayoutFilter{Merchant: s.id, State: payout.Failed}, store.Page{}, nil},
	} {
		list, err := s.Payouts(s.Context(), test.filter, test.page)
		var got []string
		for _, p := range list {
			got = append(got, p.ID)
		}
		same(t, name, got, err, test.want)
	}
}
