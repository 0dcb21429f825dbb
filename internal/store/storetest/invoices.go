package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// invoiceNumbers counts a merchant's invoices in the order given, whatever
// their callers say, and lets nobody change a number.
func invoiceNumbers(s *shop) {
	t, ctx := s.T, s.Context()
	number := func(of invoice.Invoice) int64 {
		t.Helper()
		got, err := s.Invoice(ctx, s.id, of.ID)
		if err != nil {
			t.Fatalf("invoice: %s", fault.Detail(err))
		}
		return got.Number
	}
	a, b, c := s.invoice(), s.invoice(), s.invoice()
	a.Number = 77
	s.must(store.Change{Invoices: []invoice.Invoice{b, a}})
	stale, lost := s.invoice(), s.invoice()
	stale.Version = 3
	s.refused(store.Change{Invoices: []invoice.Invoice{lost, stale}}, fault.CodeVersionConflict)
	b.Version = 1
	s.must(store.Change{Invoices: []invoice.Invoice{b, c}}) // one that is not new takes no number
	c.Version, c.Number = 1, 99
	s.must(store.Change{Invoices: []invoice.Invoice{c}})
	got := []int64{number(b), number(a), number(c)}
	same(t, "numbers", got, nil, []int64{1, 2, 3})
	other := newShop(t, s.Store)
	first := other.invoice()
	other.must(store.Change{Invoices: []invoice.Invoice{first}})
	theirs, err := s.Invoice(ctx, other.id, first.ID)
	same(t, "number of another merchant's", theirs.Number, err, 1)
}

// numbersMany makes and changes invoices from many sides while others are
// refused: the numbers have no gap and stay what they were.
func numbersMany(s *shop) {
	t := s.T
	list := make([]invoice.Invoice, scale(300))
	for n := range list {
		list[n] = s.invoice()
	}
	errs := together(3*len(list), func(n int) error {
		i := list[n/3]
		switch n % 3 {
		case 0:
			return s.Commit(t.Context(), store.Change{Invoices: []invoice.Invoice{i}})
		case 1: // as soon as it is there, perhaps in the same batch
			i.Version, i.Title = 1, "changed"
			for {
				err := s.Commit(t.Context(), store.Change{Invoices: []invoice.Invoice{i}})
				if !fault.Is(err, fault.CodeVersionConflict) {
					return err
				}
			}
		default:
			stale := s.invoice()
			stale.Version = 7
			return s.Commit(t.Context(), store.Change{Invoices: []invoice.Invoice{s.invoice(), stale}})
		}
	})
	tally(t, errs, 2*len(list), fault.CodeVersionConflict)
	stored, total, err := s.Invoices(t.Context(), s.id, store.Page{})
	if err != nil || total != len(list) || len(stored) != len(list) {
		t.Fatalf("invoices: got %d of %d, %v, want %d", len(stored), total, err, len(list))
	}
	slices.SortFunc(stored, func(a, b invoice.Invoice) int { return int(a.Number - b.Number) })
	for n, i := range stored {
		if i.Number != int64(n)+1 || i.Title != "changed" {
			t.Fatalf("invoice %d: got the number %d at version %d, want it numbered in turn and changed", n+1, i.Number,
				i.Version)
		}
	}
}

// atTerminal is a new invoice of a terminal, some seconds after noon, with the
// claim on its reference.
func (s *shop) atTerminal(terminal int64, reference string, state invoice.State, seconds int) store.Change {
	i := s.invoice()
	i.Terminal, i.Reference, i.State, i.Title = terminal, reference, state, fmt.Sprintf("%d %s", terminal, reference)
	i.CreatedAt = noon.Add(time.Duration(seconds) * time.Second)
	c := store.Change{Invoices: []invoice.Invoice{i}}
	if terminal != 0 {
		key := fmt.Sprintf("%d/%s", terminal, reference)
		c.Claims = []store.Claim{{Merchant: s.id, Kind: store.ReferenceClaim, Key: key, Subject: i.ID}}
	}
	return c
}

// findInvoices lists those at terminals through every filter.
func findInvoices(s *shop) {
	t, other := s.T, newShop(s.T, s.Store)
	const odd = "it's \"c\" %_"
	s.must(store.Change{Terminals: []merchant.Terminal{
		{Merchant: s.id, Number: 1001}, {Merchant: s.id, Number: 1002},
	}})
	other.must(store.Change{Terminals: []merchant.Terminal{{Merchant: other.id, Number: 1001}}})
	for n, c := range []store.Change{
		s.atTerminal(1001, "a", invoice.Open, 0), s.atTerminal(1002, "a", invoice.Paid, 1),
		s.atTerminal(1001, "b", invoice.Completed, 1), s.atTerminal(1002, odd, invoice.Open, 3),
		s.atTerminal(0, "a", invoice.Open, 4),
	} {
		if s.must(c); n == 0 {
			s.refused(s.atTerminal(1001, "a", invoice.Open, 9), fault.CodeDuplicate)
		}
	}
	other.must(other.atTerminal(1001, "a", invoice.Open, 0))
	type filter = store.InvoiceFilter
	states := func(list ...invoice.State) filter { return filter{States: list} }
	exact := filter{Terminal: 1001, Reference: "a", States: []invoice.State{invoice.Open}, Busy: store.IsIdle}
	for name, test := range map[string]struct {
		filter store.InvoiceFilter
		page   store.Page
		want   []string // titles
		total  int
	}{
		"all":             {filter{}, store.Page{}, []string{"1002 " + odd, "1001 b", "1002 a", "1001 a"}, 4},
		"oldest":          {filter{}, store.Page{Oldest: true, Limit: 2}, []string{"1001 a", "1002 a"}, 4},
		"page":            {filter{}, store.Page{Limit: 2, Offset: 1}, []string{"1001 b", "1002 a"}, 4},
		"beyond":          {filter{}, store.Page{Limit: 2, Offset: 4}, nil, 4},
		"terminal":        {filter{Terminal: 1001}, store.Page{}, []string{"1001 b", "1001 a"}, 2},
		"no terminal":     {filter{Terminal: 7}, store.Page{}, nil, 0},
		"reference":       {filter{Reference: "a"}, store.Page{}, []string{"1002 a", "1001 a"}, 2},
		"odd reference":   {filter{Reference: odd}, store.Page{}, []string{"1002 " + odd}, 1},
		"no reference":    {filter{Reference: "%"}, store.Page{}, nil, 0},
		"both":            {filter{Terminal: 1002, Reference: "a"}, store.Page{}, []string{"1002 a"}, 1},
		"state":           {states(invoice.Paid), store.Page{}, []string{"1002 a"}, 1},
		"states":          {states(invoice.Paid, invoice.Completed), store.Page{}, []string{"1001 b", "1002 a"}, 2},
		"unknown state":   {states("it's lost"), store.Page{}, nil, 0},
		"everything":      {exact, store.Page{}, []string{"1001 a"}, 1},
		"nothing is busy": {filter{Busy: store.IsBusy}, store.Page{}, nil, 0},
	} {
		list, total, err := s.FindInvoices(s.Context(), s.id, test.filter, test.page)
		var got []string
		for _, i := range list {
			got = append(got, i.Title)
		}
		if same(t, name, got, err, test.want); total != test.total {
			t.Errorf("%s: got a total of %d, want %d", name, total, test.total)
		}
	}
}

// busyInvoices tells open invoices that somebody is paying from others.
func busyInvoices(s *shop) {
	t := s.T
	var busy, idle []string
	for n, test := range []struct {
		state   invoice.State
		payment payment.State // empty = none
		hidden  bool
		busy    bool
	}{
		{invoice.Open, "", false, false},
		{invoice.Open, payment.Waiting, false, true},
		{invoice.Open, payment.Processing, false, true},
		{invoice.Open, payment.Authorized, false, true},
		{invoice.Open, payment.Processing, true, false},
		{invoice.Open, payment.Failed, false, false},
		{invoice.Paid, payment.Processing, false, false},
		{invoice.Completed, payment.Captured, false, false},
	} {
		c := s.atTerminal(1001, fmt.Sprint(n), test.state, n)
		if test.payment != "" {
			p := s.payment(c.Invoices[0].ID)
			p.State, p.Hidden = test.payment, test.hidden
			c.Payments = []payment.Payment{p}
		}
		s.must(c)
		switch {
		case test.busy:
			busy = append(busy, c.Invoices[0].ID)
		case test.state == invoice.Open:
			idle = append(idle, c.Invoices[0].ID)
		}
	}
	for _, test := range []struct {
		way  store.Busy
		want []string
	}{{store.IsBusy, busy}, {store.IsIdle, idle}} {
		filter := store.InvoiceFilter{Busy: test.way}
		list, total, err := s.FindInvoices(s.Context(), s.id, filter, store.Page{Oldest: true})
		var got []string
		for _, i := range list {
			got = append(got, i.ID)
		}
		if same(t, string(test.way), got, err, test.want); total != len(test.want) {
			t.Errorf("%s: got a total of %d, want %d", test.way, total, len(test.want))
		}
	}
}

// overdue lists paid invoices that were not verified in time. The times are
// long before those of the other tests, which share the list.
func overdue(s *shop) {
	t, ctx := s.T, s.Context()
	now := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	early, late, future, open := s.invoice(), s.invoice(), s.invoice(), s.invoice()
	for _, i := range []*invoice.Invoice{&early, &late, &future} {
		i.State = invoice.Paid
	}
	early.VerifyBy, late.VerifyBy, future.VerifyBy = now.Add(-time.Hour), now, now.Add(time.Microsecond)
	open.VerifyBy = now.Add(-2 * time.Hour)
	s.must(store.Change{Invoices: []invoice.Invoice{late, future, early, open}})
	late.Version, late.Number, early.Version, early.Number = 1, 1, 1, 3
	got, err := s.OverdueInvoices(ctx, now, 10)
	same(t, "overdue", got, err, []invoice.Invoice{early, late})
	got, err = s.OverdueInvoices(ctx, now, 1)
	same(t, "first", got, err, []invoice.Invoice{early})
	early.State, late.State, future.Version, future.State = invoice.Rejected, invoice.Completed, 1, invoice.Completed
	s.must(store.Change{
		Invoices: []invoice.Invoice{early, late, future}, Events: []event.Event{s.event(early.ID, "reject")},
	})
	got, err = s.OverdueInvoices(ctx, now.Add(time.Hour), 10)
	same(t, "left", len(got), err, 0)
}

// paidAmounts finds what was paid last, in each terminal and unit by itself.
func paidAmounts(s *shop) {
	t, ctx, other := s.T, s.Context(), newShop(s.T, s.Store)
	put := func(of *shop, terminal int64, amount money.Amount, state invoice.State, seconds int) {
		t.Helper()
		c := of.atTerminal(terminal, fmt.Sprint(seconds), state, seconds)
		i := &c.Invoices[0]
		i.Amount, i.Open = amount, amount.IsZero()
		i.Captured, i.Reserved = money.Zero(amount.Unit()), money.Zero(amount.Unit())
		of.must(c)
	}
	rial, toman := money.IRR, money.IRT
	for n, state := range []invoice.State{
		invoice.Completed, invoice.Open, invoice.Paid, invoice.Expired, invoice.Canceled, invoice.Rejected, invoice.Refunded,
	} {
		put(s, 1001, money.New(int64(n)+1, rial), state, n)
	}
	put(s, 1001, money.New(10, rial), invoice.Completed, 10)
	put(s, 1001, money.New(11, toman), invoice.Completed, 11)
	put(s, 1001, money.Zero(rial), invoice.Completed, 12) // its payer chose the amount
	put(s, 1002, money.New(13, rial), invoice.Completed, 13)
	put(s, 0, money.New(14, rial), invoice.Completed, 14)
	put(other, 1001, money.New(15, rial), invoice.Completed, 15)
	for _, c := range []struct {
		terminal int64
		unit     money.Unit
		limit    int
		want     []int64
	}{
		{1001, rial, 9, []int64{10, 3, 1}},
		{1001, rial, 2, []int64{10, 3}},
		{1001, toman, 9, []int64{11}},
		{1002, rial, 9, []int64{13}},
		{0, rial, 9, []int64{14}},
		{0, toman, 9, nil},
		{1003, rial, 9, nil},
	} {
		got, err := s.PaidAmounts(ctx, s.id, c.terminal, c.unit, c.limit)
		same(t, fmt.Sprintf("paid at %d in %s", c.terminal, c.unit), got, err, c.want)
	}
}
