package app

import (
	"context"
	"slices"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// CancelInvoice is the wish to withdraw an invoice that nobody has paid.
type CancelInvoice struct {
	Merchant, Invoice string
	ByPayer           bool
}

// CancelInvoice withdraws an invoice, and with it the deal that only waits for
// money, in one commit. One that is canceled already stays as it is.
// Errors: invoice_not_found, wrong_state when some of it is paid, when money may
// be on its way, or when it is closed otherwise.
func (a *App) CancelInvoice(ctx context.Context, n CancelInvoice) (i invoice.Invoice, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if i, err = r.Invoice(ctx, n.Merchant, n.Invoice); err != nil || i.State == invoice.Canceled {
			return store.Change{}, err
		}
		if i.State != invoice.Open || i.Captured.Sign() > 0 || i.Reserved.Sign() > 0 {
			return store.Change{}, fault.New(fault.CodeWrongState, "invoice", "")
		}
		change, err := a.dropWaiting(ctx, r, i, actorOf(n.ByPayer))
		if err != nil {
			return store.Change{}, err
		}
		if i, err = advance(i, a.now(), &change, actorOf(n.ByPayer), invoice.Cancel); err != nil {
			return store.Change{}, err
		}
		change.Invoices = []invoice.Invoice{i}
		return change, nil
	})
	return i, err
}

// dropWaiting cancels the deal of an invoice that waits for money, if there is one.
// Error: wrong_state where money may be on its way.
func (a *App) dropWaiting(ctx context.Context, r store.Reader, i invoice.Invoice, actor string) (store.Change, error) {
	var change store.Change
	deals, err := r.DealsOf(ctx, i.Merchant, i.ID)
	if err != nil {
		return change, err
	}
	dropped := map[string]bool{} // payments that end with their deals
	for _, d := range deals {
		if !d.Live() {
			continue
		}
		if d.State != deal.TransferWaiting {
			return change, fault.New(fault.CodeWrongState, "deal", "Money may be on its way.")
		}
		dropped[d.Payment] = true
		if err := a.dropDeal(ctx, r, &d, actor, "the invoice was canceled", a.now(), &change); err != nil {
			return change, err
		}
	}
	paying, err := beingPaid(ctx, r, i, dropped)
	if err == nil && paying {
		err = fault.New(fault.CodeWrongState, "payment", "A payment of this invoice is not decided yet.")
	}
	return change, err
}

// beingPaid says that a payment of an invoice is not decided, apart from some.
func beingPaid(ctx context.Context, r store.Reader, i invoice.Invoice, without map[string]bool) (bool, error) {
	payments, err := r.PaymentsOf(ctx, i.Merchant, i.ID)
	return slices.ContainsFunc(payments, func(p payment.Payment) bool {
		return (p.State == payment.Processing || p.State == payment.Authorized) && !without[p.ID]
	}), err
}
