package storetest

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// listMarket reads the lists of payouts, traders, requisites and deals part by part,
// while more payouts and deals are made, and finds each thing that was there once.
func listMarket(s *shop) {
	ctx := s.Context()
	var first store.Change
	for n := range 7 {
		at := noon.Add(time.Duration(n/3) * time.Second) // some are made at the same time
		p := s.payout()
		p.CreatedAt = at
		q := s.requisite(n, func(q *deal.Requisite) { q.CreatedAt = at })
		d := s.dealOn(q, 100, deal.TransferWaiting)
		d.CreatedAt = at
		if n == 2 {
			p.State, d.State, d.Payout, d.Invoice, d.Trader, q.Trader = payout.Paid, deal.Completed, p.ID, "", "ann", "ann"
		}
		first.Payouts, first.Deals = append(first.Payouts, p), append(first.Deals, d)
		first.Requisites = append(first.Requisites, q)
		first.Traders = append(first.Traders, deal.Trader{
			ID: newID(), Merchant: s.id, Name: "Tom", CreatedAt: at, UpdatedAt: at,
		})
	}
	s.must(first)
	later, more := noon.Add(time.Hour), s.payout()
	grow := func() {
		later = later.Add(time.Second)
		more.ID, more.CreatedAt = newID(), later
		d := s.dealOn(first.Requisites[0], 100, deal.Canceled)
		d.CreatedAt = later
		s.must(store.Change{Payouts: []payout.Payout{more}, Deals: []deal.Deal{d}})
	}

	inParts(s, "payouts", 7, grow, func(o store.Older) ([]payout.Payout, error) {
		return s.ListPayouts(ctx, s.id, store.PayoutList{}, o)
	}, func(p payout.Payout) (time.Time, string) { return p.CreatedAt, p.ID })
	inParts(s, "traders", 7, grow, func(o store.Older) ([]deal.Trader, error) {
		return s.ListTraders(ctx, s.id, "", o)
	}, func(t deal.Trader) (time.Time, string) { return t.CreatedAt, t.ID })
	inParts(s, "requisites", 7, grow, func(o store.Older) ([]deal.Requisite, error) {
		return s.ListRequisites(ctx, s.id, store.RequisiteFilter{}, o)
	}, func(q deal.Requisite) (time.Time, string) { return q.CreatedAt, q.ID })
	inParts(s, "deals", 7, grow, func(o store.Older) ([]deal.Deal, error) {
		return s.ListDeals(ctx, s.id, store.DealList{}, o)
	}, func(d deal.Deal) (time.Time, string) { return d.CreatedAt, d.ID })
	s.narrowedMarket(first)
}

// narrowedMarket lists only some, and nothing of another merchant.
func (s *shop) narrowedMarket(c store.Change) {
	t, ctx := s.T, s.Context()
	all := store.Older{Limit: 100}
	payouts, err := s.ListPayouts(ctx, s.id, store.PayoutList{State: payout.Paid}, all)
	same(t, "paid", len(payouts), err, 1)
	same(t, "the paid one", payouts[0].ID, nil, c.Payouts[2].ID)
	for what, one := range map[string]struct {
		list store.DealList
		want int
	}{
		"of an invoice":          {store.DealList{Invoice: c.Deals[3].Invoice}, 3},
		"of a payout":            {store.DealList{Payout: c.Payouts[2].ID}, 2},
		"of a trader":            {store.DealList{Trader: "ann"}, 2},
		"in a state":             {store.DealList{State: deal.Completed}, 2},
		"of a trader in a state": {store.DealList{Trader: "tom", State: deal.Completed}, -1},
	} {
		deals, err := s.ListDeals(ctx, s.id, one.list, all)
		if one.want < 0 {
			same(t, what, len(deals), err, 0)
			continue
		}
		same(t, what, len(deals), err, 1)
		same(t, "the one "+what, deals[0].ID, nil, c.Deals[one.want].ID)
	}
	theirs, err := s.ListRequisites(ctx, s.id, store.RequisiteFilter{Trader: "ann"}, all)
	same(t, "requisites of a trader", len(theirs), err, 1)
	theirs, err = s.ListRequisites(ctx, s.id, store.RequisiteFilter{Unit: money.USD}, all)
	same(t, "requisites in another unit", len(theirs), err, 0)
	s.standing(all)
	other := newShop(t, s.Store).id
	payouts, err = s.ListPayouts(ctx, other, store.PayoutList{}, all)
	same(t, "payouts of another", len(payouts), err, 0)
	deals, err := s.ListDeals(ctx, other, store.DealList{}, all)
	same(t, "deals of another", len(deals), err, 0)
	traders, err := s.ListTraders(ctx, other, "", all)
	same(t, "traders of another", len(traders), err, 0)
	theirs, err = s.ListRequisites(ctx, other, store.RequisiteFilter{}, all)
	same(t, "requisites of another", len(theirs), err, 0)
}

// standing lists traders and requisites by whether new deals may begin.
func (s *shop) standing(all store.Older) {
	t, ctx := s.T, s.Context()
	gone := deal.Trader{ID: newID(), Merchant: s.id, Name: "Eve", Disabled: true, CreatedAt: noon, UpdatedAt: noon}
	shut := s.requisite(9, func(q *deal.Requisite) { q.Disabled = true })
	s.must(store.Change{Traders: []deal.Trader{gone}, Requisites: []deal.Requisite{shut}})
	for standing, want := range map[deal.Standing]int{"": 8, deal.Active: 7, deal.Disabled: 1} {
		traders, err := s.ListTraders(ctx, s.id, standing, all)
		same(t, "traders that are "+string(standing), len(traders), err, want)
		same(t, "the trader who is gone is there", slices.ContainsFunc(traders, func(one deal.Trader) bool {
			return one.ID == gone.ID
		}), nil, standing != deal.Active)
		requisites, err := s.ListRequisites(ctx, s.id, store.RequisiteFilter{Standing: standing}, all)
		same(t, "requisites that are "+string(standing), len(requisites), err, want)
		pages, err := s.Requisites(ctx, s.id, store.RequisiteFilter{Standing: standing}, store.Page{})
		same(t, "pages of the same", len(pages), err, want)
	}
}
