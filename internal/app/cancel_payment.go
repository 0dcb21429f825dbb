package app

import (
	"context"
	"strings"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// CancelPayment withdraws a payment that is not paid. One that waits, or that an
// operator answers for, ends at once. Nobody is sent any more to one that is open
// at a gateway; it ends by the gateway's word, because its payer may be paying at
// this moment. An operator who says so in the merchant's place is named.
// Errors: payment_not_found, wrong_state when it is over, its money is held or a deal brings it.
func (a *App) CancelPayment(ctx context.Context, merchantID, id, operator, note string) (payment.Payment, error) {
	actor, words := byMerchant, note
	if operator = strings.TrimSpace(operator); operator != "" {
		actor, words = byOperator, byOperatorNote(operator, note)
	}
	p, err := a.Payment(ctx, merchantID, id)
	if err != nil {
		return p, err
	}
	if ofDeal(p) {
		return p, fault.New(fault.CodeWrongState, "payment", "A deal brings it: cancel the deal.")
	}
	if p.State == payment.Processing {
		c, err := a.gatewayOf(ctx, merchantID, p.Attempt.Gateway)
		if err != nil {
			return p, err
		}
		if byHand(c.conn) {
			return a.closeAtWord(ctx, p, payment.Cancel, actor, why{note: words}, payment.Canceled)
		}
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if p, err = r.Payment(ctx, merchantID, id); err != nil {
			return store.Change{}, err
		}
		if p.Superseded && p.State == payment.Processing {
			return store.Change{}, nil
		}
		from, trigger, now := p.State, payment.Supersede, a.now()
		switch p.State {
		case payment.Waiting:
			trigger = payment.Cancel
			if p.State, err = payment.States.Next(from, trigger); err != nil {
				return store.Change{}, err
			}
			p.FinalizedAt, p.Note = now, words
		case payment.Processing:
			p.Superseded = true
		case payment.Authorized, payment.Captured, payment.Settled, payment.Failed, payment.Canceled, payment.Expired,
			payment.Reversed, payment.Refunded:
			return store.Change{}, fault.New(fault.CodeWrongState, "payment", "")
		}
		p.UpdatedAt = now
		return store.Change{
			Payments: []payment.Payment{p},
			Events:   []event.Event{happened(event.Payment, merchantID, id, from, trigger, p.State, actor, words, now)},
		}, nil
	})
	return p, err
}

// ofDeal says that a deal is to bring the money of a payment, from person to person: no
// gateway knows of it.
func ofDeal(p payment.Payment) bool {
	return p.State == payment.Processing && p.Attempt.Gateway == ""
}
