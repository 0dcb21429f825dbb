package app

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

// isOwed says that what is left of a payment is the payer's: a gateway refused to give it back
// before, so that it lies in suspense and is not the merchant's (ADR 0015).
func isOwed(refunds []refund.Refund) bool {
	return slices.ContainsFunc(refunds, func(b refund.Refund) bool {
		return b.Source == refund.FromOwed && b.State == refund.Failed
	})
}

// owedOf is what lies in suspense of a payment of which isOwed: what its first refund took
// from the merchant, than which none later is larger, less what went back since or is on its way.
func owedOf(p payment.Payment, refunds []refund.Refund) (money.Amount, error) {
	zero := money.Zero(p.Amount.Unit())
	taken, back := zero, zero
	for _, b := range refunds {
		if b.Source != refund.FromOwed {
			continue
		}
		larger, err := b.Amount.Cmp(taken)
		if err != nil {
			return zero, err
		}
		if larger > 0 {
			taken = b.Amount
		}
		if b.State == refund.Failed {
			continue
		}
		if back, err = back.Add(b.Amount); err != nil {
			return zero, err
		}
	}
	return taken.Sub(back)
}

// returnable is what may go back of a payment after the refunds before.
func returnable(p payment.Payment, before []refund.Refund) (money.Amount, error) {
	if isOwed(before) {
		return owedOf(p, before)
	}
	return p.Refundable(), nil
}

// onItsWay sets a part of that aside.
func onItsWay(p payment.Payment, part money.Amount, before []refund.Refund) (payment.Payment, error) {
	if !isOwed(before) {
		return p.Return(part)
	}
	owed, err := owedOf(p, before)
	if err != nil {
		return p, err
	}
	return p.ReturnOwed(part, owed)
}

// answered are the refunds of owed money among some that called for a person, who has been
// there now.
func answered(refunds []refund.Refund, now time.Time) (all []refund.Refund) {
	for _, b := range refunds {
		if b.Source == refund.FromOwed && b.State == refund.Failed && b.Attention != "" {
			b.Attention, b.UpdatedAt = "", now
			all = append(all, b)
		}
	}
	return all
}
