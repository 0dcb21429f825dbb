package app

import (
	"context"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// CloseInvoice ends an invoice that has taken money and would take more: what was
// taken stays, and nothing more is. Payers who are at a gateway meanwhile are treated as
// on any invoice without room: their money goes back. One that is closed already
// stays as it is. Errors: invoice_not_found, wrong_state when it is paid, is paid as a
// whole, has taken nothing, or money for it is held, being verified, or sent by a person.
func (a *App) CloseInvoice(ctx context.Context, merchantID, id string) (i invoice.Invoice, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if i, err = r.Invoice(ctx, merchantID, id); err != nil || i.Closed() {
			return store.Change{}, err
		}
		if err := i.Closable(); err != nil {
			return store.Change{}, err
		}
		payments, err := r.PaymentsOf(ctx, merchantID, id)
		if err != nil {
			return store.Change{}, err
		}
		for _, p := range payments {
			// A gateway can leave the money or give it back; a person can do neither.
			if p.State == payment.Authorized || p.State == payment.Processing && p.Attempt.Gateway == "" {
				return store.Change{}, fault.New(fault.CodeWrongState, "payment",
					"A payment of this invoice is not decided yet.")
			}
		}
		var change store.Change
		if i, err = advance(i, a.now(), &change, byMerchant, invoice.Close); err != nil {
			return store.Change{}, err
		}
		if i.PaidAt.IsZero() {
			i.PaidAt = i.UpdatedAt
		}
		change.Invoices = []invoice.Invoice{i}
		return change, nil
	})
	return i, err
}
