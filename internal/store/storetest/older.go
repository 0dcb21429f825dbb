package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// listEverything reads long lists part by part while more is made, and finds
// each thing that was there once.
func listEverything(s *shop) {
	ctx := s.Context()
	var first store.Change
	for n := range 7 {
		at := noon.Add(time.Duration(n/3) * time.Second) // some are made at the same time
		i := s.invoice()
		i.CreatedAt = at
		p := s.payment(i.ID)
		p.CreatedAt = at
		if n == 2 {
			p.State = payment.Processing
		}
		b := s.refund(p.ID)
		b.CreatedAt = at
		first.Invoices, first.Payments = append(first.Invoices, i), append(first.Payments, p)
		first.Refunds = append(first.Refunds, b)
		first.Transfers = append(first.Transfers, wallet.Transfer{
			ID: newID(), Merchant: s.id, From: 10001 + int64(n), To: 10002 + int64(n), Amount: money.New(1, unit), CreatedAt: at,
		})
	}
	hidden, withdrawn := s.payment(first.Invoices[0].ID), s.payment(first.Invoices[0].ID)
	hidden.Hidden, withdrawn.Withdrawn = true, true
	first.Payments = append(first.Payments, hidden, withdrawn)
	s.must(first)
	later := s.invoice()
	later.CreatedAt = noon.Add(time.Hour)
	grow := func() {
		later.ID = newID()
		later.CreatedAt = later.CreatedAt.Add(time.Second)
		s.must(store.Change{Invoices: []invoice.Invoice{later}})
	}

	inParts(s, "invoices", 7, grow, func(o store.Older) ([]invoice.Invoice, error) {
		return s.ListInvoices(ctx, s.id, store.InvoiceList{}, o)
	}, func(i invoice.Invoice) (time.Time, string) { return i.CreatedAt, i.ID })
	inParts(s, "payments", 7, grow, func(o store.Older) ([]payment.Payment, error) {
		return s.ListPayments(ctx, s.id, store.PaymentList{}, o)
	}, func(p payment.Payment) (time.Time, string) { return p.CreatedAt, p.ID })
	inParts(s, "refunds", 7, grow, func(o store.Older) ([]refund.Refund, error) {
		return s.ListRefunds(ctx, s.id, store.RefundList{}, o)
	}, func(b refund.Refund) (time.Time, string) { return b.CreatedAt, b.ID })
	inParts(s, "transfers", 7, grow, func(o store.Older) ([]wallet.Transfer, error) {
		return s.ListTransfers(ctx, s.id, store.TransferList{}, o)
	}, func(t wallet.Transfer) (time.Time, string) { return t.CreatedAt, t.ID })
	s.narrowed(first)
}

// inParts reads a list two by two, from below what grows on top of it.
func inParts[T any](s *shop, what string, want int, grow func(), read func(store.Older) ([]T, error),
	at func(T) (time.Time, string),
) {
	s.Helper()
	part := store.Older{Limit: 2, At: noon.Add(time.Minute), ID: "~"} // below those that are made meanwhile
	var seen []string
	for {
		found, err := read(part)
		if err != nil {
			s.Fatal(err)
		}
		if len(found) == 0 {
			break
		}
		for _, thing := range found {
			when, id := at(thing)
			seen = append(seen, fmt.Sprint(when.UnixMicro(), " ", id))
			part.At, part.ID = when, id
		}
		grow()
	}
	sorted := slices.Sorted(slices.Values(seen))
	slices.Reverse(sorted)
	if len(slices.Compact(sorted)) != want || !slices.Equal(sorted, seen) {
		s.Errorf("%s: got %v, want %d, each once, the newest first", what, seen, want)
	}
}

// narrowed lists only some, and nothing of another merchant.
func (s *shop) narrowed(c store.Change) {
	t, ctx := s.T, s.Context()
	all := store.Older{Limit: 100}
	payments, err := s.ListPayments(ctx, s.id, store.PaymentList{State: payment.Processing}, all)
	same(t, "processing", payments, err, stored(c.Payments[2:3]))
	payments, err = s.ListPayments(ctx, s.id, store.PaymentList{Invoice: c.Invoices[3].ID}, all)
	same(t, "of an invoice", payments, err, stored(c.Payments[3:4]))
	refunds, err := s.ListRefunds(ctx, s.id, store.RefundList{Payment: c.Payments[1].ID, State: refund.Requested}, all)
	same(t, "of a payment", len(refunds), err, 1)
	second := store.Older{Limit: 100, From: noon.Add(time.Second), Until: noon.Add(2 * time.Second)}
	refunds, err = s.ListRefunds(ctx, s.id, store.RefundList{}, second)
	same(t, "refunds of one second", len(refunds), err, 3)
	second.At, second.ID = c.Payments[5].CreatedAt, "~"
	payments, err = s.ListPayments(ctx, s.id, store.PaymentList{}, second)
	same(t, "payments of one second, from its end on", len(payments), err, 3)
	second.Until = second.From
	transfers, err := s.ListTransfers(ctx, s.id, store.TransferList{}, second)
	same(t, "transfers of no time", len(transfers), err, 0)
	transfers, err = s.ListTransfers(ctx, s.id, store.TransferList{Account: 10003}, all)
	same(t, "of an account", transfers, err, []wallet.Transfer{c.Transfers[2], c.Transfers[1]})
	transfer, err := s.Transfer(ctx, s.id, c.Transfers[4].ID)
	same(t, "transfer", transfer, err, c.Transfers[4])
	none, err := s.Transfer(ctx, newShop(t, s.Store).id, c.Transfers[4].ID)
	missing(t, "transfer of another", none, err, fault.CodeNotFound)
	invoices, err := s.ListInvoices(ctx, s.id, store.InvoiceList{State: invoice.Paid}, all)
	same(t, "paid", len(invoices), err, 0)
	s.needed(c.Invoices[0])
	s.linked(all)
	s.held(all)
	s.failed(c.Invoices[0].ID, all)
	other := newShop(t, s.Store)
	payments, err = s.ListPayments(ctx, other.id, store.PaymentList{}, all)
	same(t, "of another", len(payments), err, 0)
	for n := range 3 {
		s.must(store.Change{Customers: []wallet.Customer{{
			Merchant: s.id, Number: 10001 + int64(n), State: wallet.Active, CreatedAt: noon, UpdatedAt: noon,
		}}})
	}
	customers, err := s.ListCustomers(ctx, s.id, store.CustomerList{}, 0, store.Older{Limit: 2})
	same(t, "customers", numbers(customers), err, []int64{10003, 10002})
	customers, err = s.ListCustomers(ctx, s.id, store.CustomerList{}, 10002, store.Older{Limit: 2})
	same(t, "more customers", numbers(customers), err, []int64{10001})
	s.must(store.Change{Customers: []wallet.Customer{{
		Merchant: s.id, Number: 10004, State: wallet.Blocked, CreatedAt: noon.Add(time.Hour), UpdatedAt: noon,
	}}})
	for _, c := range []struct {
		list store.CustomerList
		part store.Older
		want []int64
	}{
		{store.CustomerList{State: wallet.Blocked}, store.Older{Limit: 9}, []int64{10004}},
		{store.CustomerList{State: wallet.Active}, store.Older{Limit: 2}, []int64{10003, 10002}},
		{store.CustomerList{}, store.Older{Limit: 9, From: noon.Add(time.Hour)}, []int64{10004}},
		{store.CustomerList{}, store.Older{Limit: 9, Until: noon.Add(time.Hour)}, []int64{10003, 10002, 10001}},
		{store.CustomerList{State: wallet.Blocked}, store.Older{Limit: 9, Until: noon.Add(time.Hour)}, nil},
	} {
		customers, err := s.ListCustomers(ctx, s.id, c.list, 0, c.part)
		same(t, "selected customers", numbers(customers), err, c.want)
	}
}

func numbers(customers []wallet.Customer) (list []int64) {
	for _, c := range customers {
		list = append(list, c.Number)
	}
	return list
}

// stored are payments as they are read after their first commit.
func stored(payments []payment.Payment) []payment.Payment {
	list := slices.Clone(payments)
	for n := range list {
		list[n].Version = 1
	}
	return list
}

// needed asks what needs a gateway.
func (s *shop) needed(i invoice.Invoice) {
	t, ctx := s.T, s.Context()
	needing := s.payment(i.ID)
	needing.State, needing.Attempt.Gateway = payment.Authorized, "needed"
	_, needed, err := s.GatewayNeed(ctx, s.id, "needed")
	same(t, "a gateway that nothing needs", needed, err, false)
	s.must(store.Change{Payments: []payment.Payment{needing}})
	need, needed, err := s.GatewayNeed(ctx, s.id, "needed")
	same(t, "what needs a gateway", need, err, store.Need{Noun: "payment", ID: needing.ID})
	same(t, "whether something needs it", needed, err, true)
	_, needed, err = s.GatewayNeed(ctx, newShop(t, s.Store).id, "needed")
	same(t, "whether something of another needs it", needed, err, false)
}

// failed lists payments that failed for a reason.
func (s *shop) failed(of string, all store.Older) {
	t, ctx := s.T, s.Context()
	poor, slow, waits := s.payment(of), s.payment(of), s.payment(of)
	poor.State, poor.Reason, slow.State, slow.Reason = payment.Failed, payment.NoFunds, payment.Failed, payment.TimedOut
	waits.Reason = payment.NoFunds
	s.must(store.Change{Payments: []payment.Payment{poor, slow, waits}})
	list := store.PaymentList{Reason: payment.NoFunds}
	payments, err := s.ListPayments(ctx, s.id, list, all)
	same(t, "that failed for a reason", len(payments) == 1 && payments[0].ID == poor.ID, err, true)
	list.State = payment.Captured
	payments, err = s.ListPayments(ctx, s.id, list, all)
	same(t, "that did not fail", len(payments), err, 0)
	payments, err = s.ListPayments(ctx, newShop(t, s.Store).id, store.PaymentList{Reason: payment.NoFunds}, all)
	same(t, "that failed of another", len(payments), err, 0)
}

// held lists invoices that wait for the merchant's confirmation.
func (s *shop) held(all store.Older) {
	t, ctx := s.T, s.Context()
	whole, err := s.ListInvoices(ctx, s.id, store.InvoiceList{}, all)
	same(t, "all", len(whole) > 0, err, true)
	waits, over := s.invoice(), s.invoice()
	waits.Held, over.Held, over.State = true, true, invoice.Canceled
	s.must(store.Change{Invoices: []invoice.Invoice{waits, over}})
	invoices, err := s.ListInvoices(ctx, s.id, store.InvoiceList{Held: new(true)}, all)
	same(t, "that wait", len(invoices) == 1 && invoices[0].ID == waits.ID, err, true)
	invoices, err = s.ListInvoices(ctx, s.id, store.InvoiceList{Held: new(false)}, all)
	same(t, "that do not", len(invoices), err, len(whole)+1)
	invoices, err = s.ListInvoices(ctx, newShop(t, s.Store).id, store.InvoiceList{Held: new(true)}, all)
	same(t, "of another", len(invoices), err, 0)
}

// linked lists invoices that have links.
func (s *shop) linked(all store.Older) {
	t, ctx := s.T, s.Context()
	var linked []invoice.Invoice
	for n, kind := range []invoice.LinkKind{invoice.Fixed, invoice.OpenAmount} {
		i := s.invoice()
		i.CreatedAt, i.Link = noon.Add(time.Duration(n)), invoice.Link{Token: newID(), Kind: kind, Amount: i.Amount}
		s.must(store.Change{Invoices: []invoice.Invoice{i}})
		linked = append(linked, i)
	}
	invoices, err := s.ListInvoices(ctx, s.id, store.InvoiceList{Linked: true}, all)
	same(t, "with links", len(invoices), err, len(linked))
	invoices, err = s.ListInvoices(ctx, s.id, store.InvoiceList{Linked: true, Link: invoice.OpenAmount}, all)
	same(t, "with a link of a kind", len(invoices) == 1 && invoices[0].ID == linked[1].ID, err, true)
	invoices, err = s.ListInvoices(ctx, newShop(t, s.Store).id, store.InvoiceList{Linked: true}, all)
	same(t, "links of another", len(invoices), err, 0)
}
