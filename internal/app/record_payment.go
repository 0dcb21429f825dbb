package app

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// RecordPayment writes down that the merchant counts a payment whose money was
// taken as settled, with an amount of at most what did not go back: no more
// than that can go back from then on. No money moves. What pays an invoice that is
// verified goes back as a whole, when it is not verified in time also against the
// merchant's will, so that nothing can be recorded of it, and of what a wallet
// paid only all. What a gateway refused to give back is the payer's, and nothing
// that the merchant could keep.
// Errors: payment_not_found, wrong_state when nothing was taken or it is
// recorded already or its invoice is one that is verified or what is left is the
// payer's, amount_invalid, amount_above_remaining.
func (a *App) RecordPayment(ctx context.Context, merchantID, id string, at time.Time, amount money.Amount,
) (p payment.Payment, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if p, err = r.Payment(ctx, merchantID, id); err != nil {
			return store.Change{}, err
		}
		i, err := r.Invoice(ctx, merchantID, p.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		refunds, err := r.RefundsOf(ctx, merchantID, id)
		if err != nil {
			return store.Change{}, err
		}
		kept, err := recordable(p, i, refunds, amount)
		if err != nil {
			return store.Change{}, err
		}
		before, err := p.Refunded.Add(p.Returning)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		if at.IsZero() {
			at = now
		}
		p.Record, p.UpdatedAt = payment.Record{At: at, Amount: kept, Before: before}, now
		return store.Change{
			Payments: []payment.Payment{p},
			Events:   []event.Event{happenedTo(p, payment.SetRecord, byMerchant, kept.String(), now)},
		}, nil
	})
	if err == nil {
		p.Version++
	}
	return p, err
}

// recordable is what a merchant who wishes so may record of a payment: without an
// amount, all that did not go back.
func recordable(p payment.Payment, i invoice.Invoice, refunds []refund.Refund, amount money.Amount,
) (money.Amount, error) {
	if p.Withdrawn || !p.Collected() || p.Record.Recorded() {
		return amount, fault.New(fault.CodeWrongState, "payment", "")
	}
	if i.VerifyIn > 0 {
		return amount, fault.New(fault.CodeWrongState, "payment", "Its invoice is given back as a whole.")
	}
	if isOwed(refunds) {
		return amount, fault.New(fault.CodeWrongState, "payment", "What is left of it is the payer's.")
	}
	if !amount.Valid() {
		amount = p.Refundable()
	}
	if amount.Sign() <= 0 {
		return amount, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	over, err := amount.Cmp(p.Refundable())
	if err != nil || over > 0 {
		return amount, fault.New(fault.CodeAmountAboveRemaining, "amount", "").With(err)
	}
	if over < 0 && p.Wallet != 0 {
		return amount, fault.New(fault.CodeAmountInvalid, "amount", "What a wallet paid goes back as a whole.")
	}
	return amount, nil
}

// WithdrawPayment deletes a payment for its merchant: held money is let go
// first, and money that comes later is not wanted and goes back. What was taken
// stays taken, in the books. Its invoice is canceled where it asks for nothing
// else. Errors: payment_not_found, wrong_state while something is being done to
// held money, gateway_refused, gateway_unavailable.
func (a *App) WithdrawPayment(ctx context.Context, merchantID, id string) error {
	for range maxTries {
		p, err := a.DirectPayment(ctx, merchantID, id)
		if err != nil {
			return err
		}
		var refused error
		if p.State == payment.Authorized {
			_, refused = a.VoidPayment(ctx, merchantID, id)
			if refused != nil && !fault.Is(refused, fault.CodeWrongState) {
				return refused
			}
		}
		if done, err := a.withdraw(ctx, p); done || err != nil { // also what is held no more since it was read
			return err
		}
		if refused != nil {
			return refused
		}
	}
	return fault.New(fault.CodeVersionConflict, "", "")
}

// withdraw hides a payment that holds nothing, and makes its invoice ask for nothing more of
// it; done is false when it does hold something by now.
func (a *App) withdraw(ctx context.Context, p payment.Payment) (done bool, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err := r.Payment(ctx, p.Merchant, p.ID)
		if done = fresh.State != payment.Authorized; err != nil || !done || fresh.Withdrawn {
			return store.Change{}, err
		}
		now := a.now()
		fresh.Withdrawn, fresh.UpdatedAt = true, now
		change := store.Change{Events: []event.Event{happenedTo(fresh, payment.Withdraw, byMerchant, "", now)}}
		if !fresh.Collected() && !fresh.Reserved && !fresh.Dropped { // or the end of what is being verified does it
			if fresh, err = freeInvoice(ctx, r, fresh, now, byMerchant, &change); err != nil {
				return store.Change{}, err
			}
		}
		change.Payments = []payment.Payment{fresh}
		return change, nil
	})
	return done, err
}
