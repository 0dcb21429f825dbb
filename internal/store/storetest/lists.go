package storetest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// events get their numbers in the order given and are the history of each thing.
func events(s *shop) {
	t, ctx := s.T, s.Context()
	a := event.Event{
		Merchant: s.id, Noun: event.Payment, Subject: "a", Trigger: "create", To: "waiting", Actor: "payer",
		Note: "words", At: noon, Seq: 99, // the store counts, not the caller
	}
	b := a
	b.Subject, b.Noun, b.Note = "b", event.Invoice, ""
	c := a
	c.From, c.To, c.Trigger, c.At = "waiting", "processing", "start", noon.Add(time.Microsecond)
	s.must(store.Change{Events: []event.Event{a, b}})
	s.must(store.Change{Events: []event.Event{c}})
	a.Seq, b.Seq, c.Seq = 1, 2, 3
	got, err := s.Events(ctx, s.id, 0, 10)
	same(t, "events", got, err, []event.Event{a, b, c})
	for _, after := range []int64{3, math.MaxInt64 - 11, math.MaxInt64 - 10, math.MaxInt64} {
		got, err = s.Events(ctx, s.id, after, 10)
		same(t, fmt.Sprint("events after ", after), len(got), err, 0)
	}
	got, err = s.History(ctx, s.id, event.Payment, "a")
	same(t, "history", got, err, []event.Event{a, c})
	got, err = s.History(ctx, s.id, event.Invoice, "a")
	same(t, "history of another noun", len(got), err, 0)
	got, err = s.EventsOf(ctx, s.id, "a", 0, 10)
	same(t, "events of a subject", got, err, []event.Event{a, c})
	got, err = s.EventsOf(ctx, s.id, "a", 0, 1)
	same(t, "the first of a subject", got, err, []event.Event{a})
	got, err = s.EventsOf(ctx, s.id, "a", 1, 10)
	same(t, "the next of a subject", got, err, []event.Event{c})
	got, err = s.EventsOf(ctx, s.id, "a", 0, 0)
	same(t, "no events of a subject", len(got), err, 0)
	got, err = s.EventsOf(ctx, newShop(t, s.Store).id, "a", 0, 10)
	same(t, "events of a subject of another", len(got), err, 0)
}

// acts are what operators did and what was administered, the newest first.
func acts(s *shop) {
	t, ctx := s.T, s.Context()
	var want []event.Event
	for n, c := range []struct {
		event.Event
		isAct bool
	}{
		{event.Event{Noun: event.Payment, Subject: "a", Trigger: "create", To: "waiting", Actor: "payer"}, false},
		{event.Event{
			Noun: event.Payment, Subject: "a", From: "waiting", Trigger: "confirm", To: "captured", Actor: "operator",
		}, true},
		{event.Event{
			Noun: event.Key, Subject: "b", Trigger: event.Create, To: event.Kept, Actor: "merchant", Note: "key k",
		}, true},
		{event.Event{Noun: event.Payment, Subject: "c", Trigger: "create", To: "waiting", Actor: "merchant"}, false},
		{event.Event{
			Noun: event.Receiver, Subject: "d", Trigger: event.Create, To: event.Kept, Actor: "operator", Note: "Zoe",
		}, true},
		{event.Event{
			Noun: event.Market, Subject: "e", Trigger: "create", To: "priced", Actor: "merchant", Note: "key k",
		}, true},
		{event.Event{Noun: event.Customer, Subject: "f", Trigger: "create", To: "active", Actor: "merchant"}, false},
		{event.Event{
			Noun: event.Customer, Subject: "f", From: "active", Trigger: "block", To: "blocked", Actor: "merchant",
		}, true},
		{event.Event{Noun: event.Customer, Subject: "g", Trigger: "create", To: "active", Actor: "operator"}, true},
	} {
		e := c.Event
		e.Merchant, e.At, e.Seq = s.id, noon, int64(n)+1
		s.must(store.Change{Events: []event.Event{e}})
		if c.isAct {
			want = append([]event.Event{e}, want...)
		}
	}
	other := newShop(t, s.Store)
	other.must(store.Change{Events: []event.Event{{
		Merchant: other.id, Noun: event.Key, Subject: "b", Trigger: event.Create, To: event.Kept, Actor: "operator", At: noon,
	}}})
	got, err := s.Acts(ctx, s.id, 0, 10)
	same(t, "acts", got, err, want)
	got, err = s.Acts(ctx, s.id, 0, 1)
	same(t, "the last act", got, err, want[:1])
	got, err = s.Acts(ctx, s.id, want[0].Seq, 10)
	same(t, "acts before", got, err, want[1:])
	got, err = s.Acts(ctx, s.id, want[len(want)-1].Seq, 10)
	same(t, "acts before all", len(got), err, 0)
}

// eventsMany counts without a gap while many write and many are refused.
func eventsMany(s *shop) {
	t := s.T
	errs := together(scale(640), func(n int) error {
		i := s.invoice()
		if n%3 == 0 {
			i.Version = 5
		}
		list := []event.Event{s.event(i.ID, "create")}
		for k := range n % 4 {
			list = append(list, s.event(i.ID, fmt.Sprint(k)))
		}
		return s.Commit(t.Context(), store.Change{Invoices: []invoice.Invoice{i}, Events: list})
	})
	var seen []event.Event
	for {
		page, err := s.Events(t.Context(), s.id, int64(len(seen)), 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		seen = append(seen, page...)
	}
	want := 0
	for n, err := range errs {
		if err == nil {
			want += 1 + n%4
		}
	}
	if len(seen) != want {
		t.Errorf("got %d events, want %d", len(seen), want)
	}
	for n, e := range seen {
		if e.Seq != int64(n)+1 {
			t.Fatalf("event %d: got the number %d, want %d", n, e.Seq, n+1)
		}
		if e.Trigger != "create" && seen[n-1].Subject != e.Subject {
			t.Errorf("event %d is not beside the one of the same change", n)
		}
	}
}

// eventPages reads the feed in parts.
func eventPages(s *shop) {
	t, ctx := s.T, s.Context()
	for range 7 {
		s.must(store.Change{Events: []event.Event{s.event(newID(), "create")}})
	}
	for _, test := range []struct {
		after int64
		limit int
		want  []int64
	}{
		{0, 3, []int64{1, 2, 3}},
		{3, 3, []int64{4, 5, 6}},
		{6, 3, []int64{7}},
		{7, 3, nil},
		{100, 3, nil},
		{0, 0, nil},
		{-5, 6, []int64{1}},
	} {
		got, err := s.Events(ctx, s.id, test.after, test.limit)
		var numbers []int64
		for _, e := range got {
			numbers = append(numbers, e.Seq)
		}
		same(t, fmt.Sprintf("%d events after %d", test.limit, test.after), numbers, err, test.want)
	}
}

// invoicePages lists a merchant's invoices, newest first.
func invoicePages(s *shop) {
	t, other, ctx := s.T, newShop(s.T, s.Store), s.Context()
	var ids []string
	for n := range 5 {
		i := s.invoice()
		i.CreatedAt = noon.Add(time.Duration(n/2) * time.Second) // some at the same time: then by id
		s.must(store.Change{Invoices: []invoice.Invoice{i}})
		ids = append(ids, i.ID)
	}
	other.must(store.Change{Invoices: []invoice.Invoice{other.invoice()}})
	slices.Reverse(ids)
	for _, test := range []struct {
		page store.Page
		want []string
	}{
		{store.Page{Limit: 2}, ids[:2]},
		{store.Page{Limit: 2, Offset: 2}, ids[2:4]},
		{store.Page{Limit: 2, Offset: 4}, ids[4:]},
		{store.Page{Limit: 2, Offset: 5}, nil},
		{store.Page{Limit: 5000}, ids},
		{store.Page{Limit: 1, Offset: 1, Oldest: true}, ids[3:4]},
	} {
		list, total, err := s.Invoices(ctx, s.id, test.page)
		var got []string
		for _, i := range list {
			got = append(got, i.ID)
		}
		same(t, fmt.Sprintf("page %+v", test.page), got, err, test.want)
		if total != 5 {
			t.Errorf("page %+v: got a total of %d, want 5", test.page, total)
		}
	}
}

// merchantLists lists merchants, keys and gateways.
func merchantLists(s *shop) {
	t, ctx := s.T, s.Context()
	// Far in the future, so that the other tests' merchants come after them.
	older := merchant.Merchant{ID: s.id, CreatedAt: noon.AddDate(200, 0, 0)}
	younger := newShop(t, s.Store)
	young := merchant.Merchant{ID: younger.id, CreatedAt: noon.AddDate(201, 0, 0)}
	s.must(store.Change{Merchants: []merchant.Merchant{older}})
	younger.must(store.Change{Merchants: []merchant.Merchant{young}})
	list, err := s.Merchants(ctx, store.Page{Limit: 2})
	if err != nil || len(list) != 2 || list[0].ID != young.ID || list[1].ID != older.ID {
		t.Errorf("merchants: got %+v, %v, want the youngest first", list, err)
	}
	list, err = s.Merchants(ctx, store.Page{Limit: 1, Offset: 1})
	if err != nil || len(list) != 1 || list[0].ID != older.ID {
		t.Errorf("second page of merchants: got %+v, %v, want the older one", list, err)
	}
	first, second := s.key(), s.key()
	second.CreatedAt = noon.Add(time.Second)
	s.must(store.Change{Keys: []merchant.Key{second, first}})
	first.Version, second.Version = 1, 1
	keys, err := s.Keys(ctx, s.id)
	same(t, "keys", keys, err, []merchant.Key{first, second})
	a := merchant.Gateway{Name: "a", Merchant: s.id, Order: 2, CreatedAt: noon, UpdatedAt: noon}
	b := merchant.Gateway{Name: "b", Merchant: s.id, Order: 1, CreatedAt: noon, UpdatedAt: noon}
	c := merchant.Gateway{Name: "c", Merchant: s.id, Order: 1, CreatedAt: noon, UpdatedAt: noon}
	s.must(store.Change{Gateways: []merchant.Gateway{c, a, b}})
	a.Version, b.Version, c.Version = 1, 1, 1
	gateways, err := s.Gateways(ctx, s.id)
	same(t, "gateways", gateways, err, []merchant.Gateway{b, c, a})
}

// paymentsOf lists the payments of several invoices in order of creation, and
// the refunds of a payment.
func paymentsOf(s *shop) {
	t, ctx := s.T, s.Context()
	one, two, three := s.payment("one"), s.payment("two"), s.payment("one")
	one.Invoice, two.Invoice, three.Invoice = s.id+"1", s.id+"2", s.id+"1"
	one.CreatedAt = noon.Add(time.Hour)
	another := s.payment(s.id + "3")
	first, second := s.refund(one.ID), s.refund(one.ID)
	s.must(store.Change{
		Payments: []payment.Payment{one, two, three, another}, Refunds: []refund.Refund{second, first},
	})
	one.Version, two.Version, three.Version, first.Version, second.Version = 1, 1, 1, 1, 1
	got, err := s.PaymentsOf(ctx, s.id, s.id+"1", s.id+"2", "it's \"none\"")
	same(t, "payments", got, err, []payment.Payment{two, three, one})
	got, err = s.PaymentsOf(ctx, s.id, s.id+"2")
	same(t, "payments of one", got, err, []payment.Payment{two})
	refunds, err := s.RefundsOf(ctx, s.id, one.ID)
	same(t, "refunds", refunds, err, []refund.Refund{first, second})
}

// due lists what it is time for. The times are long before those of the other
// tests, which share the lists.
func due(s *shop) {
	t, ctx := s.T, s.Context()
	now := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	early, late, future, closed := s.invoice(), s.invoice(), s.invoice(), s.invoice()
	early.Due, late.Due, future.Due = now.Add(-time.Hour), now, now.Add(time.Microsecond)
	closed.Due, closed.State = now.Add(-2*time.Hour), invoice.Expired
	p, never, r := s.payment(early.ID), s.payment(early.ID), s.refund("p")
	last := s.payment(early.ID)
	p.CheckAt, last.CheckAt, r.CheckAt = now.Add(-time.Hour), now.Add(-time.Second), now
	s.must(store.Change{
		Invoices: []invoice.Invoice{late, future, early, closed, s.invoice()},
		Payments: []payment.Payment{last, p, never}, Refunds: []refund.Refund{r},
	})
	early.Version, late.Version, p.Version, last.Version, r.Version = 1, 1, 1, 1, 1
	late.Number, early.Number = 1, 3
	is, err := s.DueInvoices(ctx, now, 10)
	same(t, "invoices", is, err, []invoice.Invoice{early, late})
	is, err = s.DueInvoices(ctx, now, 1)
	same(t, "first invoice", is, err, []invoice.Invoice{early})
	ps, err := s.DuePayments(ctx, now, 10)
	same(t, "payments", ps, err, []payment.Payment{p, last})
	ps, err = s.DuePayments(ctx, now, 1)
	same(t, "first payment", ps, err, []payment.Payment{p})
	rs, err := s.DueRefunds(ctx, now, 10)
	same(t, "refunds", rs, err, []refund.Refund{r})
	payoutsToAsk(s, now)
	dueAndBusy(s, now)
	// What was looked after is not due any more.
	early.State, p.CheckAt, r.CheckAt = invoice.Expired, time.Time{}, now.Add(time.Hour)
	s.must(store.Change{
		Invoices: []invoice.Invoice{early}, Payments: []payment.Payment{p}, Refunds: []refund.Refund{r},
	})
	is, err = s.DueInvoices(ctx, now, 10)
	same(t, "invoices left", is, err, []invoice.Invoice{late})
	ps, err = s.DuePayments(ctx, now, 10)
	same(t, "payments left", ps, err, []payment.Payment{last})
	rs, err = s.DueRefunds(ctx, now, 10)
	same(t, "refunds left", len(rs), err, 0)
	late.State, late.Version, last.CheckAt = invoice.Canceled, 1, time.Time{}
	s.must(store.Change{Invoices: []invoice.Invoice{late}, Payments: []payment.Payment{last}})
}

// dueAndBusy finds no invoices of which money may be on its way, so that those keep none
// behind them waiting.
func dueAndBusy(s *shop, now time.Time) {
	t, ctx := s.T, s.Context()
	free := s.invoice()
	free.Due = now.Add(-2 * time.Hour)
	var busy store.Change
	for _, state := range []payment.State{payment.Processing, payment.Authorized, payment.Expired} {
		i := s.invoice()
		i.Due, i.Reserved = now.Add(-3*time.Hour), i.Amount
		p := s.payment(i.ID)
		p.State, p.Reserved = state, true
		if state == payment.Processing { // nothing is set aside for it
			i.Reserved, p.Reserved = money.Zero(unit), false
		}
		busy.Invoices, busy.Payments = append(busy.Invoices, i), append(busy.Payments, p)
	}
	other := newShop(s.T, s.Store) // its payments are no business of the invoice of that id
	waiting, failed, others := s.payment(free.ID), s.payment(free.ID), other.payment(free.ID)
	failed.State, others.State = payment.Failed, payment.Processing
	s.must(store.Change{Invoices: []invoice.Invoice{free}, Payments: []payment.Payment{waiting, failed}})
	other.must(store.Change{Payments: []payment.Payment{others}})
	s.must(busy)
	due, err := s.DueInvoices(ctx, now, 1)
	if err != nil || len(due) != 1 || due[0].ID != free.ID {
		t.Fatalf("got %+v, %v, want the invoice that is free", due, err)
	}
	free.State, free.Version = invoice.Expired, 1
	s.must(store.Change{Invoices: []invoice.Invoice{free}})
	// The end of what was undecided makes the invoice due.
	busy.Payments[0].State, busy.Payments[0].Version = payment.Failed, 1
	s.must(store.Change{Payments: busy.Payments[:1]})
	if due, err = s.DueInvoices(ctx, now, 1); err != nil || len(due) != 1 || due[0].ID != busy.Invoices[0].ID {
		t.Fatalf("got %+v, %v, want the invoice whose payment failed", due, err)
	}
	for n := range busy.Invoices {
		busy.Invoices[n].State, busy.Invoices[n].Version = invoice.Canceled, 1
	}
	s.must(store.Change{Invoices: busy.Invoices})
}

// payoutsToAsk finds payouts whose gateway is to be asked, until it was.
func payoutsToAsk(s *shop, now time.Time) {
	t, ctx := s.T, s.Context()
	later, first, last, never := s.payout(), s.payout(), s.payout(), s.payout()
	later.CheckAt, first.CheckAt, last.CheckAt = now.Add(time.Second), now.Add(-time.Hour), now
	first.Gateway, first.Checks, first.State = "bank", 3, payout.Processing
	s.must(store.Change{Payouts: []payout.Payout{last, later, never, first}})
	first.Version, last.Version = 1, 1
	due, err := s.PayoutsToAsk(ctx, now, 10)
	same(t, "payouts", due, err, []payout.Payout{first, last})
	due, err = s.PayoutsToAsk(ctx, now, 1)
	same(t, "first payout", due, err, []payout.Payout{first})
	first.CheckAt, last.CheckAt = time.Time{}, now.Add(time.Hour)
	s.must(store.Change{Payouts: []payout.Payout{first, last}})
	due, err = s.PayoutsToAsk(ctx, now, 10)
	same(t, "payouts left", len(due), err, 0)
}

// attention lists what waits for a person.
func attention(s *shop) {
	t, ctx := s.T, s.Context()
	p, r, out := s.payment("i"), s.refund("p"), s.payout()
	out.Attention, out.UpdatedAt = "lost", noon.Add(time.Minute)
	p.Attention, p.UpdatedAt = "nobody knows", noon.Add(time.Second)
	r.Attention, r.UpdatedAt = "refused", noon
	s.must(store.Change{Payments: []payment.Payment{p, s.payment("i")}, Refunds: []refund.Refund{r, s.refund("p")}})
	s.must(store.Change{Payouts: []payout.Payout{out, s.payout()}})
	mine := func() []store.Waiting {
		all, err := s.Attention(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(all, func(w store.Waiting) bool { return w.Merchant != s.id })
	}
	same(t, "waiting", mine(), nil, []store.Waiting{
		{Merchant: s.id, Noun: event.Refund, Subject: r.ID, Reason: "refused", Since: r.UpdatedAt},
		{Merchant: s.id, Noun: event.Payment, Subject: p.ID, Reason: "nobody knows", Since: p.UpdatedAt},
		{Merchant: s.id, Noun: event.Payout, Subject: out.ID, Reason: "lost", Since: out.UpdatedAt},
	})
	p.Attention, p.Version, r.Attention, r.Version, out.Attention, out.Version = "", 1, "", 1, "", 1
	s.must(store.Change{
		Payments: []payment.Payment{p}, Refunds: []refund.Refund{r}, Payouts: []payout.Payout{out},
	})
	same(t, "waiting after a look", len(mine()), nil, 0)
}

// books reads entries and balances back.
func books(s *shop) {
	t, ctx := s.T, s.Context()
	subject := newID()
	book := func(rule ledger.Rule, at time.Time, amount money.Amount) ledger.Entry {
		cause := ledger.Cause{Entry: newID(), Merchant: s.id, Subject: subject, At: at}
		e, err := ledger.Book(rule, cause, ledger.Names{Gateway: "bank"}, amount)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	captured := book(ledger.RuleCaptured, noon, money.New(1000, unit))
	fee := book(ledger.RuleFee, noon, money.New(30, unit))
	opened := book(ledger.RuleRefundOpened, noon.Add(time.Hour), money.New(200, unit))
	dollars := book(ledger.RuleFee, noon.Add(2*time.Hour), money.New(5, money.USD))
	s.must(store.Change{Entries: entries(captured, fee)})
	s.must(store.Change{Entries: entries(opened, dollars, s.move(7))})
	got, err := s.Entries(ctx, s.id, subject)
	same(t, "entries", got, err, entries(captured, fee, opened, dollars))
	balances, err := s.Balances(ctx, s.id)
	account := func(role ledger.Role, owner string, u money.Unit, steps int64) ledger.Posting {
		return ledger.Posting{
			Account: ledger.Account{Merchant: s.id, Role: role, Owner: owner, Unit: u}, Amount: money.New(steps, u),
		}
	}
	same(t, "balances", balances, err, []ledger.Posting{
		account(ledger.Fees, "bank", unit, 30), account(ledger.Fees, "bank", money.USD, 5),
		account(ledger.GatewayClearing, "bank", unit, -1000),
		account(ledger.MerchantAvailable, "", unit, 763), account(ledger.MerchantAvailable, "", money.USD, -5),
		account(ledger.RefundsInTransit, "", unit, 200), account(ledger.Suspense, "", unit, 7),
	})
	s.someBalances(balances)
	// One payment is captured once, whatever the ids say.
	s.refused(store.Change{Entries: entries(book(ledger.RuleCaptured, noon, money.New(1, unit)))}, "duplicate")
}

// someBalances wants accounts to be listed in parts and by what they are.
func (s *shop) someBalances(all []ledger.Posting) {
	for name, test := range map[string]struct {
		list store.BalanceList
		want []ledger.Posting
	}{
		"all":         {store.BalanceList{Limit: 1001}, all},
		"a part":      {store.BalanceList{Limit: 2}, all[:2]},
		"the rest":    {store.BalanceList{Limit: 9, After: all[1].Account.Key()}, all[2:]},
		"a role":      {store.BalanceList{Limit: 9, Role: ledger.Fees}, all[:2]},
		"an owner":    {store.BalanceList{Limit: 9, Owner: "bank"}, all[:3]},
		"a unit":      {store.BalanceList{Limit: 9, Role: ledger.Fees, Unit: money.USD}, all[1:2]},
		"nobody's":    {store.BalanceList{Limit: 9, Owner: "nobody"}, nil},
		"behind them": {store.BalanceList{Limit: 9, After: all[len(all)-1].Account.Key()}, nil},
	} {
		got, err := s.ListBalances(s.Context(), s.id, test.list)
		same(s.T, "balances of "+name, got, err, test.want)
	}
}
