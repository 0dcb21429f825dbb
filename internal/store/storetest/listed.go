package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// listed is a payment that lists show, the n-th of its merchant.
func (s *shop) listed(n int, more func(*payment.Payment)) payment.Payment {
	p := s.payment(s.invoice().ID)
	p.ID, p.Direct, p.Hidden = fmt.Sprintf("%s-%02d", s.id, n), true, false
	p.CreatedAt = noon.Add(time.Duration(n) * time.Minute)
	more(&p)
	return p
}

// findPayments leaves what each filter asks for, and nobody else's.
func findPayments(s *shop) {
	t, ctx := s.T, s.Context()
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	all := []payment.Payment{
		s.listed(0, func(p *payment.Payment) { p.Attempt.Method, p.Amount = payment.Card, money.New(10, unit) }),
		s.listed(1, func(p *payment.Payment) {
			p.Amount, p.Asked, p.Record.At = money.New(20, unit), money.New(50, unit), minute(30)
		}),
		s.listed(2, func(p *payment.Payment) { p.Owner, p.Amount = "anna", money.New(30, unit) }),
		s.listed(3, func(p *payment.Payment) { p.Owner, p.Direct = "ben", false }),
		s.listed(4, func(p *payment.Payment) { p.Hidden = true }),
		s.listed(5, func(p *payment.Payment) { p.Withdrawn = true }),
		s.listed(6, func(p *payment.Payment) { p.Direct = false }),
	}
	s.must(store.Change{Payments: all})
	for name, c := range map[string]struct {
		filter store.PaymentFilter
		want   []int
	}{
		"nobody's":      {store.PaymentFilter{}, []int{0, 1}},
		"anna's":        {store.PaymentFilter{Owner: "anna"}, []int{2}},
		"everybody's":   {store.PaymentFilter{Owned: true}, []int{2, 3}},
		"an id":         {store.PaymentFilter{ID: all[1].ID}, []int{1}},
		"a hidden id":   {store.PaymentFilter{ID: all[4].ID}, nil},
		"a method":      {store.PaymentFilter{Method: payment.Card}, []int{0}},
		"at least":      {store.PaymentFilter{Least: money.New(50, unit)}, []int{1}},
		"at most":       {store.PaymentFilter{Most: money.New(10, unit)}, []int{0}},
		"another unit":  {store.PaymentFilter{Least: money.New(1, money.USDT)}, nil},
		"created from":  {store.PaymentFilter{CreatedFrom: minute(1)}, []int{1}},
		"created to":    {store.PaymentFilter{CreatedTo: minute(0)}, []int{0}},
		"recorded from": {store.PaymentFilter{RecordedFrom: minute(30)}, []int{1}},
		"recorded to":   {store.PaymentFilter{RecordedTo: minute(29)}, nil},
		"recorded":      {store.PaymentFilter{Standing: payment.Recorded}, []int{1}},
		"all the filters": {store.PaymentFilter{
			ID: all[1].ID, Least: money.New(50, unit), Most: money.New(50, unit), CreatedFrom: minute(1),
			CreatedTo: minute(1), RecordedFrom: minute(30), RecordedTo: minute(30), Standing: payment.Recorded,
		}, []int{1}},
	} {
		got, err := s.FindPayments(ctx, s.id, c.filter, store.Page{Limit: 10, Oldest: true})
		var ids, want []string
		for _, p := range got {
			ids = append(ids, p.ID)
		}
		for _, n := range c.want {
			want = append(want, all[n].ID)
		}
		same(t, name, ids, err, want)
	}
	page, err := s.FindPayments(ctx, s.id, store.PaymentFilter{}, store.Page{Limit: 1, Offset: 1})
	same(t, "the second of the newest", page[0].ID, err, all[0].ID)
	none, err := s.FindPayments(ctx, "another", store.PaymentFilter{}, store.Page{Limit: 10})
	same(t, "another merchant's", len(none), err, 0)
}

// standings of payments in every state are those that the noun says.
func standings(s *shop) {
	t, ctx := s.T, s.Context()
	var all []payment.Payment
	for _, state := range payment.States.States() {
		for _, more := range []func(*payment.Payment){
			func(*payment.Payment) {},
			func(p *payment.Payment) { p.Record.At = noon },
			func(p *payment.Payment) { p.Asked, p.Released = money.New(9, unit), money.New(4, unit) },
			func(p *payment.Payment) {
				p.Asked, p.Released, p.Amount = money.New(9, unit), money.New(9, unit), money.Zero(unit)
			},
			func(p *payment.Payment) { p.Released = money.Zero(unit) },
		} {
			all = append(all, s.listed(len(all), func(p *payment.Payment) {
				p.State = state
				more(p)
			}))
		}
	}
	s.must(store.Change{Payments: all})
	found := 0
	for _, standing := range []payment.Standing{payment.Undecided, payment.Good, payment.Recorded, payment.Bad} {
		got, err := s.FindPayments(ctx, s.id, store.PaymentFilter{Standing: standing}, store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		found += len(got)
		for _, p := range got {
			if p.Standing() != standing {
				t.Errorf("%s with %v recorded, %v released: it stands as %s, and is listed as %s", p.State, p.Record.At,
					p.Released, p.Standing(), standing)
			}
		}
	}
	if found != len(all) {
		t.Errorf("%d payments stand in some way, of %d", found, len(all))
	}
}

// findRefunds leaves what each filter asks for.
func findRefunds(s *shop) {
	t, ctx := s.T, s.Context()
	p := s.payment(s.invoice().ID)
	var all []refund.Refund
	for n := range 3 {
		all = append(all, refund.Refund{
			ID: fmt.Sprintf("%s-r%d", s.id, n), Merchant: s.id, State: refund.Succeeded, Payment: p.ID, Listed: n < 2,
			Source: refund.FromMerchant, Amount: money.New(5, unit), CreatedAt: noon.Add(time.Duration(n) * time.Second),
			UpdatedAt: noon,
		})
	}
	all[1].Payment = "other"
	s.must(store.Change{Payments: []payment.Payment{p}, Refunds: all})
	for name, c := range map[string]struct {
		filter store.RefundFilter
		want   []string
	}{
		"all":          {store.RefundFilter{}, []string{all[0].ID, all[1].ID}},
		"of a payment": {store.RefundFilter{Payment: p.ID}, []string{all[0].ID}},
		"an id":        {store.RefundFilter{ID: all[1].ID}, []string{all[1].ID}},
		"both":         {store.RefundFilter{ID: all[1].ID, Payment: p.ID}, nil},
	} {
		got, err := s.FindRefunds(ctx, s.id, c.filter, store.Page{Limit: 10, Oldest: true})
		var ids []string
		for _, r := range got {
			ids = append(ids, r.ID)
		}
		same(t, name, ids, err, slices.Clone(c.want))
	}
}
