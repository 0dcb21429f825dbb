package app

import (
	"context"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// CorrectDeal takes an operator's word that another sum came for a completed deal
// than was said. The coins and the fee are those of the new sum at the deal's own
// rate, and the difference goes from the trader to the merchant, or back. The
// invoice is paid in the new sum, and whoever follows it hears so.
// Errors: deal_not_found, parameter_missing, unit_mismatch, amount_invalid for a
// sum that is not above zero or that it is paid in already, amount_too_small,
// wrong_state for a deal that is not completed or is of a payout, or where
// money of the invoice went back or more is asked for, insufficient_funds when the
// coins of the trader, or of the merchant, do not pay for the difference.
func (a *App) CorrectDeal(ctx context.Context, w DealWord) (d deal.Deal, err error) {
	if err := named(w.Operator); err != nil {
		return d, err
	}
	if !w.Paid.Valid() {
		return d, fault.New(fault.CodeParameterMissing, "paid", "")
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if d, err = r.Deal(ctx, w.Merchant, w.Deal); err != nil {
			return store.Change{}, err
		}
		if err := correctable(d, w.Paid); err != nil {
			return store.Change{}, err
		}
		p, err := r.Payment(ctx, w.Merchant, d.Payment)
		if err != nil {
			return store.Change{}, err
		}
		i, err := r.Invoice(ctx, w.Merchant, d.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		before, now := d, a.now()
		d.Paid = w.Paid
		if err := reprice(&d); err != nil {
			return store.Change{}, err
		}
		var change store.Change
		said := byOperatorNote(strings.TrimSpace(w.Operator), corrected(before, w))
		if err := moveDeal(&d, deal.Correct, byOperator, said, now, &change); err != nil {
			return store.Change{}, err
		}
		if err := correctPayment(p, i, before.Paid, d.Paid, now, &change); err != nil {
			return store.Change{}, err
		}
		err = a.bookCorrection(&change, before, d, now)
		return change, err
	})
	d.Version++
	return d, err
}

// correctable is nil when a deal may turn out to have brought a sum.
func correctable(d deal.Deal, paid money.Amount) error {
	switch {
	case d.Out():
		return fault.New(fault.CodeWrongState, "deal", "A payout is sent as a whole.")
	case d.State != deal.Completed:
		return fault.New(fault.CodeWrongState, "deal", "")
	case paid.Unit() != d.Paid.Unit():
		return fault.New(fault.CodeUnitMismatch, "paid", "")
	case paid.Sign() <= 0:
		return fault.New(fault.CodeAmountInvalid, "paid", "")
	case paid == d.Paid:
		return fault.New(fault.CodeAmountInvalid, "paid", "The deal is paid in this sum already.")
	}
	return nil
}

// corrected is what an operator says, with the sum that was said before: nothing
// else remembers it.
func corrected(before deal.Deal, w DealWord) string {
	said := w.Paid.String() + " and not " + before.Paid.String()
	if w.Note != "" {
		said += ": " + w.Note
	}
	return said
}

// correctPayment moves a payment, and its invoice, from one sum to another.
// Error: wrong_state when money of them went back or may be about to, or when the
// invoice waits for more.
func correctPayment(p payment.Payment, i invoice.Invoice, was, is money.Amount, now time.Time, change *store.Change,
) error {
	if p.Refunded.Sign() > 0 || p.Returning.Sign() > 0 {
		return fault.New(fault.CodeWrongState, "deal", "Some of its money went back.")
	}
	to, err := payment.States.Next(p.State, payment.Correct)
	if err != nil {
		return err
	}
	change.Events = append(change.Events,
		happened(event.Payment, p.Merchant, p.ID, p.State, payment.Correct, to, byOperator, "", now))
	p.State, p.Amount, p.UpdatedAt = to, is, now
	if i, err = i.Correct(was, is); err != nil {
		return err
	}
	if i, err = advance(i, now, change, byOperator, invoice.Correct); err != nil {
		return err
	}
	change.Payments, change.Invoices = append(change.Payments, p), append(change.Invoices, i)
	return nil
}

// bookCorrection moves what a deal costs, and its fee, by the difference to what
// they were. The money of a payment is taken once: what was booked then stays.
func (a *App) bookCorrection(change *store.Change, before, d deal.Deal, now time.Time) error {
	names := ledger.Names{Gateway: feesOfDeals, Trader: d.Trader}
	for _, part := range []struct {
		more, less ledger.Rule
		was, is    money.Amount
	}{
		{ledger.RuleDealRaised, ledger.RuleDealLowered, before.Coins, d.Coins},
		{ledger.RuleFee, ledger.RuleFeeReversed, before.Fee, d.Fee},
	} {
		rule := part.more
		by, err := part.is.Sub(part.was)
		if err == nil && by.Sign() < 0 {
			rule = part.less
			by, err = by.Neg()
		}
		if err != nil {
			return err
		}
		if by.IsZero() { // so little that it is not worth a coin's smallest step
			continue
		}
		if err := a.postFor(change, rule, causeOfDeal(d, now), names, by); err != nil {
			return err
		}
	}
	return nil
}
