package storetest

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// payoutsByTraders finds payouts that are due, what was asked for at a terminal,
// and the deals of payouts, of which one at a time is live.
func payoutsByTraders(s *shop) {
	t, ctx := s.T, s.Context()
	at := func(terminal int64, minute int, state payout.State) payout.Payout {
		p := s.payout()
		p.Terminal, p.State, p.CreatedAt = terminal, state, noon.Add(time.Duration(minute)*time.Minute)
		p.Due = p.CreatedAt.Add(time.Hour)
		return p
	}
	all := []payout.Payout{
		at(1001, 0, payout.Requested), at(1001, 2, payout.Approved), at(1001, 3, payout.Processing), at(1002, 4, payout.Paid),
	}
	i := invoice.Invoice{
		ID: newID(), Merchant: s.id, State: invoice.Open, Amount: money.New(1, unit), Captured: money.Zero(unit),
		Reserved: money.Zero(unit), Terminal: 1001, CreatedAt: noon.Add(time.Minute), UpdatedAt: noon,
	}
	s.must(store.Change{Payouts: all, Invoices: []invoice.Invoice{i}})
	s.heldByPayouts()
	dueAt := func(minutes int) (ids []string) {
		list, err := s.DuePayouts(ctx, noon.Add(time.Hour+time.Duration(minutes)*time.Minute), 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if p.Merchant == s.id {
				ids = append(ids, p.ID)
			}
		}
		return ids
	}
	same(t, "due at first", dueAt(0), nil, []string{all[0].ID})
	same(t, "due later", dueAt(60), nil, []string{all[0].ID, all[1].ID})
	asked, err := s.AskedAt(ctx, s.id, 1001, store.Page{Limit: 3})
	same(t, "asked at a terminal", asked, err, []store.Asked{
		{Noun: event.Payout, ID: all[2].ID}, {Noun: event.Payout, ID: all[1].ID}, {Noun: event.Invoice, ID: i.ID},
	})
	asked, err = s.AskedAt(ctx, s.id, 1001, store.Page{Limit: 3, Offset: 3})
	same(t, "the rest of it", asked, err, []store.Asked{{Noun: event.Payout, ID: all[0].ID}})
	asked, err = s.AskedAt(ctx, "another", 1001, store.Page{})
	same(t, "asked of another merchant", len(asked), err, 0)

	of := func(p payout.Payout) deal.Deal {
		return deal.Deal{
			ID: newID(), Merchant: s.id, State: deal.TransferWaiting, Payout: p.ID, Trader: "tom", Amount: money.New(5, unit),
			Deadline: noon, CreatedAt: noon, UpdatedAt: noon,
		}
	}
	first, other := of(all[1]), of(all[2])
	s.must(store.Change{Deals: []deal.Deal{first, other}}) // of one sum, and of no requisite
	if err := s.Commit(ctx, store.Change{Deals: []deal.Deal{of(all[1])}}); err == nil {
		t.Error("one payout has two deals that are live")
	}
	first.Version, first.State = 1, deal.Canceled
	second := of(all[1])
	second.CreatedAt = noon.Add(time.Minute)
	s.must(store.Change{Deals: []deal.Deal{first}})
	s.must(store.Change{Deals: []deal.Deal{second}})
	deals, err := s.DealsOfPayouts(ctx, s.id, all[1].ID)
	first.Version, second.Version = 2, 1
	same(t, "deals of a payout", deals, err, []deal.Deal{first, second})
	deals, err = s.DealsOfPayouts(ctx, "another", all[1].ID)
	same(t, "deals of another merchant's payout", len(deals), err, 0)
	due, err := s.DueDeals(ctx, noon.Add(time.Hour), 1000)
	same(t, "deals of payouts end by time", slices.ContainsFunc(due, func(d deal.Deal) bool { return d.ID == second.ID }),
		err, false)
}

// heldByPayouts adds up what payouts have taken that are not decided: three of the merchant's
// own are there before.
func (s *shop) heldByPayouts() {
	t, ctx := s.T, s.Context()
	ofCustomer, inAnother := s.payout(), s.payout()
	ofCustomer.Account, inAnother.Amount, inAnother.Fee = 10001, money.New(7, money.USDT), money.Zero(money.USDT)
	s.must(store.Change{Payouts: []payout.Payout{ofCustomer, inAnother}})
	for account, want := range map[int64]money.Amount{
		wallet.House: money.New(30, unit), 10001: money.New(10, unit), 10002: money.Zero(unit),
	} {
		held, err := s.HeldByPayouts(ctx, s.id, account, unit)
		same(t, "held by payouts of an account", held, err, want)
	}
	held, err := s.HeldByPayouts(ctx, s.id, wallet.House, money.USDT)
	same(t, "held in another unit", held, err, money.New(7, money.USDT))
	held, err = s.HeldByPayouts(ctx, "another", wallet.House, unit)
	same(t, "held of another merchant", held, err, money.Zero(unit))
}
