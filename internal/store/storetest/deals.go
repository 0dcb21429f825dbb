package storetest

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// dealRoundTrip stores and reads traders, requisites and deals with every
// field, twice: as they are made and as they are changed.
func dealRoundTrip(s *shop) {
	t, ctx := s.T, s.Context()
	tom := full(s, func(*deal.Trader) {})
	q := full(s, func(q *deal.Requisite) { q.Most = money.New(q.Least.Steps()+5, unit) })
	d := full(s, func(d *deal.Deal) { d.State = deal.TransferWaiting })
	for version := range int64(2) {
		s.must(store.Change{Traders: []deal.Trader{tom}, Requisites: []deal.Requisite{q}, Deals: []deal.Deal{d}})
		tom.Version, q.Version, d.Version = version+1, version+1, version+1
		gotT, err := s.Trader(ctx, s.id, tom.ID)
		same(t, "trader", gotT, err, tom)
		gotQ, err := s.Requisite(ctx, s.id, q.ID)
		same(t, "requisite", gotQ, err, q)
		gotD, err := s.Deal(ctx, s.id, d.ID)
		same(t, "deal", gotD, err, d)
		d.State = deal.Completed
	}
	photo := full(s, func(p *deal.Attachment) { p.Deal = d.ID })
	s.must(store.Change{Attachments: []deal.Attachment{photo}})
	gotP, err := s.Attachment(ctx, s.id, photo.ID)
	same(t, "attachment", gotP, err, photo)
	label := photo
	label.Data = nil
	labels, err := s.Attachments(ctx, s.id, newID(), d.ID)
	same(t, "attachments", labels, err, []deal.Attachment{label})
	if none, err := s.Attachments(ctx, "another", d.ID, newID()); err != nil || len(none) > 0 {
		t.Errorf("another merchant's attachments: %v, %v", none, err)
	}
	for _, of := range []struct {
		noun event.Noun
		id   string
	}{{event.Trader, tom.ID}, {event.Requisite, q.ID}, {event.Deal, d.ID}} {
		owner, err := s.Owner(ctx, of.noun, of.id)
		same(t, "owner of a "+string(of.noun), owner, err, s.id)
	}
	for what, err := range map[string]error{
		"trader":     last(s.Trader(ctx, "another", tom.ID)),
		"requisite":  last(s.Requisite(ctx, "another", q.ID)),
		"deal":       last(s.Deal(ctx, "another", d.ID)),
		"attachment": last(s.Attachment(ctx, "another", photo.ID)),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("another merchant's %s: %v", what, err)
		}
	}
}

// last is the error of a call.
func last[T any](_ T, err error) error { return err }

// requisite is one that takes from 100 to 5000, the n-th to have been used.
func (s *shop) requisite(n int, more func(*deal.Requisite)) deal.Requisite {
	q := deal.Requisite{
		ID: newID(), Merchant: s.id, Trader: "tom", Option: "SBP", Method: "sberbank", Number: "1",
		Least: money.New(100, unit), Most: money.New(5000, unit), UsedAt: noon.Add(time.Duration(n) * time.Minute),
		CreatedAt: noon, UpdatedAt: noon,
	}
	more(&q)
	return q
}

// dealOn is a deal on a requisite.
func (s *shop) dealOn(q deal.Requisite, amount int64, state deal.State) deal.Deal {
	return deal.Deal{
		ID: newID(), Merchant: s.id, State: state, Invoice: "i-" + q.ID, Trader: q.Trader, Requisite: q.ID,
		Amount: money.New(amount, unit), Deadline: noon.Add(time.Hour), CreatedAt: noon, UpdatedAt: noon,
	}
}

// freeRequisites are those on which a deal may begin, the longest unused first.
func freeRequisites(s *shop) {
	t, ctx := s.T, s.Context()
	all := []deal.Requisite{
		s.requisite(3, func(*deal.Requisite) {}),
		s.requisite(1, func(q *deal.Requisite) { q.Method = "vtb" }),
		s.requisite(2, func(q *deal.Requisite) { q.Option = "TO_CARD" }),
		s.requisite(0, func(q *deal.Requisite) { q.Disabled = true }),
		s.requisite(0, func(q *deal.Requisite) { q.Most = money.New(1499, unit) }),
		s.requisite(0, func(q *deal.Requisite) { q.Least = money.New(1501, unit) }),
		s.requisite(0, func(q *deal.Requisite) {
			q.Least, q.Most = money.New(100, money.USDT), money.New(5000, money.USDT)
		}),
		s.requisite(4, func(*deal.Requisite) {}),
	}
	s.must(store.Change{Requisites: all, Deals: []deal.Deal{
		s.dealOn(all[7], 1500, deal.TransferConfirmed), s.dealOn(all[0], 1500, deal.Canceled),
		s.dealOn(all[0], 1501, deal.TransferWaiting),
	}})
	for name, c := range map[string]struct {
		wish deal.Wish
		busy bool
		want []int
	}{
		"any":             {deal.Wish{}, false, []int{1, 2, 0}},
		"a way":           {deal.Wish{Option: "SBP"}, false, []int{1, 0}},
		"a bank":          {deal.Wish{Method: "sberbank"}, false, []int{2, 0}},
		"both":            {deal.Wish{Option: "TO_CARD", Method: "vtb"}, false, nil},
		"busy ones too":   {deal.Wish{}, true, []int{1, 2, 0, 7}},
		"raised over one": {deal.Wish{Most: money.New(1501, unit)}, true, []int{5, 1, 2, 0, 7}},
	} {
		c.wish.Amount = money.New(1500, unit)
		got, err := s.FreeRequisites(ctx, s.id, c.wish, c.busy, 10)
		var ids, want []string
		for _, q := range got {
			ids = append(ids, q.ID)
		}
		for _, n := range c.want {
			want = append(want, all[n].ID)
		}
		same(t, name, ids, err, want)
	}
	live, err := s.LiveDeals(ctx, s.id, all[0].ID, all[7].ID)
	same(t, "live deals", len(live), err, 2)
	offers, err := s.Offers(ctx, s.id)
	same(t, "offers", offers, err, []deal.Offer{
		{Option: "SBP", Method: "sberbank", Least: money.New(100, unit), Most: money.New(5000, unit)},
		{Option: "SBP", Method: "sberbank", Least: money.New(100, money.USDT), Most: money.New(5000, money.USDT)},
		{Option: "SBP", Method: "vtb", Least: money.New(100, unit), Most: money.New(5000, unit)},
		{Option: "TO_CARD", Method: "sberbank", Least: money.New(100, unit), Most: money.New(5000, unit)},
	})
	offers, err = s.Offers(ctx, "another")
	same(t, "another merchant's offers", len(offers), err, 0)
	banks, err := s.Banks(ctx, unit) // of other tests' merchants too
	same(t, "banks", slices.Contains(banks, "sberbank") && slices.Contains(banks, "vtb") && slices.IsSorted(banks) &&
		len(slices.Compact(banks)) == len(banks), err, true)
	banks, err = s.Banks(ctx, "XXX")
	same(t, "banks of a unit that nobody has", len(banks), err, 0)
	none, err := s.FreeRequisites(ctx, "another", deal.Wish{Amount: money.New(1500, unit)}, true, 10)
	same(t, "another merchant's", len(none), err, 0)
}

// oneLiveDeal holds also against a decision that forgot to look.
func oneLiveDeal(s *shop) {
	t := s.T
	q := s.requisite(0, func(*deal.Requisite) {})
	first := s.dealOn(q, 1500, deal.TransferWaiting)
	s.must(store.Change{Deals: []deal.Deal{first}})
	second := store.Change{Deals: []deal.Deal{s.dealOn(q, 1500, deal.TransferWaiting)}}
	if err := s.Commit(t.Context(), second); err == nil {
		t.Error("two live deals on one requisite for one sum")
	}
	s.must(store.Change{Deals: []deal.Deal{s.dealOn(q, 1501, deal.TransferWaiting), s.dealOn(q, 1500, deal.Canceled)}})
	first.Version, first.State = 1, deal.Completed
	s.must(store.Change{Deals: []deal.Deal{first}})
	s.must(store.Change{Deals: []deal.Deal{s.dealOn(q, 1500, deal.TransferWaiting)}})
}

// dealLists are what each filter leaves.
func dealLists(s *shop) {
	t, ctx := s.T, s.Context()
	q, other := s.requisite(0, func(*deal.Requisite) {}), s.requisite(1, func(q *deal.Requisite) { q.Trader = "ann" })
	a, b, c := s.dealOn(q, 1, deal.TransferWaiting), s.dealOn(other, 2, deal.Disputed), s.dealOn(q, 3, deal.Completed)
	b.CreatedAt, c.CreatedAt = noon.Add(time.Minute), noon.Add(2*time.Minute)
	s.must(store.Change{
		Requisites: []deal.Requisite{q, other}, Deals: []deal.Deal{a, b, c},
		Traders: []deal.Trader{{ID: newID(), Merchant: s.id, CreatedAt: noon, UpdatedAt: noon}},
	})
	ids := func(list []deal.Deal) (all []string) {
		for _, d := range list {
			all = append(all, d.ID)
		}
		return all
	}
	for name, c := range map[string]struct {
		filter store.DealFilter
		want   []string
	}{
		"all":        {store.DealFilter{}, []string{c.ID, b.ID, a.ID}},
		"a trader's": {store.DealFilter{Trader: "tom"}, []string{c.ID, a.ID}},
		"in a state": {store.DealFilter{State: deal.Disputed}, []string{b.ID}},
	} {
		c.filter.Merchant = s.id
		got, err := s.Deals(ctx, c.filter, store.Page{Limit: 10})
		same(t, name, ids(got), err, c.want)
	}
	got, err := s.DealsOf(ctx, s.id, a.Invoice, b.Invoice)
	same(t, "of invoices", ids(got), err, []string{a.ID, b.ID, c.ID})
	due, err := s.DueDeals(ctx, noon.Add(time.Hour), 1000)
	same(t, "due", slices.Contains(ids(due), a.ID) && !slices.Contains(ids(due), b.ID), err, true)
	due, err = s.DueDeals(ctx, noon.Add(time.Hour-time.Second), 1000)
	same(t, "not due yet", slices.Contains(ids(due), a.ID), err, false)
	list, err := s.Requisites(ctx, s.id, store.RequisiteFilter{Trader: "ann", Unit: unit}, store.Page{Limit: 10})
	same(t, "requisites of a trader", len(list), err, 1)
	traders, err := s.Traders(ctx, s.id, store.Page{Limit: 10})
	same(t, "traders", len(traders), err, 1)
}
