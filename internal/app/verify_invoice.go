package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// VerifyInvoice makes the held money of a paid invoice the merchant's. Asking
// again changes nothing. Errors: invoice_not_found, wrong_state when it is not
// paid or its time is over.
func (a *App) VerifyInvoice(ctx context.Context, merchantID, id string) (InvoiceView, error) {
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		i, err := r.Invoice(ctx, merchantID, id)
		if err != nil || i.State == invoice.Completed {
			return store.Change{}, err
		}
		now := a.now()
		if err := i.Verifiable(now); err != nil {
			return store.Change{}, err
		}
		var change store.Change
		if i, err = advance(i, now, &change, byMerchant, invoice.Complete); err != nil {
			return store.Change{}, err
		}
		change.Invoices = []invoice.Invoice{i}
		err = a.postFor(&change, ledger.RuleVerified,
			ledger.Cause{Merchant: merchantID, Subject: id, At: now}, ledger.Names{}, i.Captured)
		return change, err
	})
	if err != nil {
		return InvoiceView{}, err
	}
	return a.Invoice(ctx, merchantID, id)
}

// RejectOverdue rejects paid invoices that were not verified in time, up to
// limit, and says how many. The money goes back in the same commit: into the
// wallet that it came from, or onto its way to a gateway.
func (a *App) RejectOverdue(ctx context.Context, limit int) (int, error) {
	overdue, err := a.store.OverdueInvoices(ctx, a.now(), limit)
	if err != nil {
		return 0, err
	}
	rejected := 0
	var failures []error
	for _, i := range overdue {
		done, err := a.reject(ctx, i.Merchant, i.ID)
		if err != nil { // one that fails keeps no other waiting
			failures = append(failures, fmt.Errorf("reject invoice %s of merchant %s: %w", i.ID, i.Merchant, err))
		} else if done {
			rejected++
		}
	}
	return rejected, errors.Join(failures...)
}

func (a *App) reject(ctx context.Context, merchantID, id string) (done bool, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		done = false
		i, err := r.Invoice(ctx, merchantID, id)
		if err != nil || !i.Overdue(a.now()) {
			return store.Change{}, err
		}
		payments, err := r.PaymentsOf(ctx, merchantID, id)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		var change store.Change
		if i, err = advance(i, now, &change, byWorker, invoice.Reject); err != nil {
			return store.Change{}, err
		}
		done = true
		err = a.returnAll(&change, i, payments, returning{
			toWallet: ledger.RuleWalletRejected, toGateway: ledger.RuleRejected,
			actor: byWorker, reason: "not verified in time", now: now,
		})
		return change, err
	})
	return done, err
}

// returning says how the whole money of an invoice goes back.
type returning struct {
	toWallet, toGateway ledger.Rule
	actor, reason       string
	now                 time.Time
}

// returnAll sends everything that was collected for an invoice back to who
// paid it, and puts the invoice, whose state the caller has moved, into the
// change. What a gateway has to give back is the payer's from now on.
// Error: refund_in_progress when nothing is left of a payment but what is on its way.
func (a *App) returnAll(change *store.Change, i invoice.Invoice, payments []payment.Payment, how returning) error {
	for _, p := range payments {
		if !p.Collected() || p.Drained() {
			continue
		}
		if p.Refundable().IsZero() { // others send it back at this moment
			return fault.New(fault.CodeRefundInProgress, "invoice", "")
		}
		var err error
		if p.Wallet != 0 {
			i, err = a.returnToWallet(change, i, p, how)
		} else {
			err = a.returnThroughGateway(change, p, how)
		}
		if err != nil {
			return err
		}
	}
	i.UpdatedAt = how.now
	change.Invoices = append(change.Invoices, i)
	return nil
}

// returnToWallet gives the rest of a payment back to the wallet it came from:
// the refund is over the moment it is made.
func (a *App) returnToWallet(change *store.Change, i invoice.Invoice, p payment.Payment, how returning,
) (invoice.Invoice, error) {
	amount := p.Refundable()
	p, err := p.Return(amount)
	if err != nil {
		return i, err
	}
	if p, err = p.Returned(amount, true); err != nil {
		return i, err
	}
	if i, err = i.GiveBack(amount); err != nil {
		return i, err
	}
	from := p.State
	if p.State, err = payment.States.Next(from, payment.Refund); err != nil {
		return i, err
	}
	p.UpdatedAt = how.now
	b := a.refundOf(p, amount, refund.ByWallet, how)
	b.State, b.CheckAt = refund.Succeeded, never
	change.Payments, change.Refunds = append(change.Payments, p), append(change.Refunds, b)
	change.Events = append(change.Events,
		happened(event.Refund, p.Merchant, b.ID, "", create, refund.Processing, how.actor, how.reason, how.now),
		happened(event.Refund, p.Merchant, b.ID, refund.Processing, refund.Succeed, b.State, how.actor, "", how.now),
		happened(event.Payment, p.Merchant, p.ID, from, payment.Refund, p.State, how.actor, "", how.now))
	return i, a.postFor(change, how.toWallet, causeOf(b, how.now), ledger.Names{Owner: ownerOf(p.Wallet)}, amount)
}

// returnThroughGateway opens the refund that a gateway has to make. The worker
// finds the way and sends it; until it is confirmed the sum is booked as owed to
// the payer.
func (a *App) returnThroughGateway(change *store.Change, p payment.Payment, how returning) error {
	amount := p.Refundable()
	p, err := p.Return(amount)
	if err != nil {
		return err
	}
	p.UpdatedAt = how.now
	b := a.refundOf(p, amount, "", how)
	change.Payments, change.Refunds = append(change.Payments, p), append(change.Refunds, b)
	change.Events = append(change.Events,
		happened(event.Refund, p.Merchant, b.ID, "", create, b.State, how.actor, how.reason, how.now),
		happenedTo(p, payment.HoldRefund, how.actor, "", how.now))
	return a.post(change, how.toGateway, causeOf(b, how.now), b.Gateway, amount)
}

// refundOf is a refund that the payer is owed, due at once.
func (a *App) refundOf(p payment.Payment, amount money.Amount, way refund.Way, how returning) refund.Refund {
	return refund.Refund{
		ID: a.newID(how.now), Merchant: p.Merchant, State: refund.Requested, Payment: p.ID, Amount: amount, Way: way,
		Source: refund.FromOwed, Gateway: p.Attempt.Gateway, Reason: how.reason,
		CheckAt: how.now, CreatedAt: how.now, UpdatedAt: how.now,
	}
}
