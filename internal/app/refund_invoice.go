package app

import (
	"context"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// RefundInvoice gives the whole of a completed invoice back to who paid it, out
// of the merchant's own money: into a wallet at once, through a gateway as soon
// as it does it. Errors: invoice_not_found, wrong_state when it is not
// completed or its terminal's time for refunds is over or its merchant recorded
// a part of a payment, more than which does not go back, refund_in_progress when
// a part of it is on its way back, unsupported when a part of it came from person
// to person, insufficient_funds.
func (a *App) RefundInvoice(ctx context.Context, merchantID, id string) (InvoiceView, error) {
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		i, err := r.Invoice(ctx, merchantID, id)
		if err != nil {
			return store.Change{}, err
		}
		payments, err := a.refundable(ctx, r, i)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		var change store.Change
		if i, err = advance(i, now, &change, byMerchant, invoice.Refund); err != nil {
			return store.Change{}, err
		}
		err = a.returnAll(&change, i, payments, returning{
			toWallet: ledger.RuleWalletRefunded, toGateway: ledger.RuleRefundOwed,
			actor: byMerchant, reason: "the merchant refunded the invoice", now: now,
		})
		return change, err
	})
	if err != nil {
		return InvoiceView{}, err
	}
	return a.Invoice(ctx, merchantID, id)
}

// refundable is the payments of an invoice, when the whole of it may be refunded now. What
// goes back is what they say: read once more, they may be others.
func (a *App) refundable(ctx context.Context, r store.Reader, i invoice.Invoice) ([]payment.Payment, error) {
	wrong := fault.New(fault.CodeWrongState, "invoice", "")
	if i.State != invoice.Completed || i.Account != 0 {
		return nil, wrong
	}
	if i.Terminal != 0 {
		t, err := a.Terminal(ctx, i.Merchant, i.Terminal)
		if err != nil {
			return nil, err
		}
		if t.RefundIn > 0 && !a.now().Before(i.PaidAt.Add(t.RefundIn)) {
			return nil, wrong.Because("It is too late for a refund.")
		}
	}
	payments, err := r.PaymentsOf(ctx, i.Merchant, i.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		switch {
		case p.Returning.Sign() > 0:
			return nil, fault.New(fault.CodeRefundInProgress, "invoice", "")
		case byPerson(p):
			return nil, fault.New(fault.CodeUnsupported, "invoice", sentBack)
		case p.Curbed():
			return nil, wrong.Because("No more goes back than was recorded of its payment: refund that.")
		}
	}
	return payments, nil
}

// sentBack is what to do about money that no gateway took in.
const sentBack = "It came from person to person: send it back by a payout."

// byPerson says that a payment was brought by a deal: the money never was at a
// gateway, so that none can give it back.
func byPerson(p payment.Payment) bool {
	return p.Collected() && p.Wallet == 0 && p.Attempt.Gateway == ""
}
