package app

import (
	"cmp"
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// captureHeld books held money that the gateway has taken, of which the step says how much
// was wanted. What was held and not taken is the payer's again, by the same call. What the
// gateway took all the same, at its own pages, goes back; all of it where the invoice has no
// room for it.
func (a *App) captureHeld(ctx context.Context, p payment.Payment, c candidate, report gateway.Report, s payment.Step,
) (payment.Payment, error) {
	asHeld, taken := p, s.Amount
	if tookThere(p, report) == p.Holding {
		taken = p.Holding
	}
	p.Amount = taken
	if why := mismatch(p, c, report); why != "" {
		return p, a.flagHeld(ctx, asHeld, why)
	}
	var fresh payment.Payment
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		if fresh, err = r.Payment(ctx, p.Merchant, p.ID); err != nil || !sameHold(asHeld, fresh) {
			return store.Change{}, err // what was done to it meanwhile is due, and asks again
		}
		i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		change := store.Change{Claims: []store.Claim{receiptOf(p, c, report)}}
		cause := ledger.Cause{Merchant: p.Merchant, Subject: p.ID, At: now}
		if err := a.post(&change, ledger.RuleReleased, cause, fresh.Attempt.Gateway, fresh.Amount); err != nil {
			return store.Change{}, err
		}
		held := fresh.Amount
		fresh = takenOf(fresh, report, s, now)
		with, err := shrink(i, fresh, held, s.Amount)
		if err == nil {
			if err := a.giveSurplus(&fresh, taken, now, &change); err != nil {
				return store.Change{}, err
			}
			return a.collect(ctx, r, &fresh, with, now, change)
		}
		if !fault.Is(err, fault.CodeInvoiceClosed) && !fault.Is(err, fault.CodeAmountAboveRemaining) {
			return store.Change{}, err
		}
		fresh.Amount = taken
		return a.takenWithoutRoom(&fresh, i, held, now, change)
	})
	if fault.Is(err, fault.CodeDuplicate) {
		return p, a.flag(ctx, p, "the gateway named a receipt that belongs to another payment")
	}
	if err != nil {
		return fresh, err
	}
	return a.store.Payment(ctx, p.Merchant, p.ID)
}

// takenWithoutRoom is held money that was taken all the same, though its invoice has no room
// for it.
func (a *App) takenWithoutRoom(p *payment.Payment, i invoice.Invoice, held money.Amount, now time.Time,
	change store.Change,
) (store.Change, error) {
	p.Record = payment.Record{}
	if !p.Reserved {
		return a.toSuspense(p, now, change)
	}
	i, err := i.Release(held)
	if err != nil {
		return store.Change{}, err
	}
	p.Reserved, i.UpdatedAt = false, now
	change.Invoices = []invoice.Invoice{i}
	return a.toSuspense(p, now, change)
}

// receiptOf claims the receipt of money for a payment.
func receiptOf(p payment.Payment, c candidate, report gateway.Report) store.Claim {
	return store.Claim{
		Merchant: p.Merchant, Kind: store.ReceiptClaim, Key: sessionKey(c.info.Connector, report.Receipt), Subject: p.ID,
	}
}

// tookThere is what a gateway says that it took of what it held, in the unit of that; not valid
// where it does not say, or says what cannot be.
func tookThere(p payment.Payment, report gateway.Report) money.Amount {
	there := inUnit(report.Amount, p.Holding.Unit())
	if above, err := there.Cmp(p.Holding); err != nil || above > 0 || there.Sign() <= 0 {
		return money.Amount{}
	}
	return there
}

// giveSurplus sends back what was taken of a payment beyond what it is of.
func (a *App) giveSurplus(p *payment.Payment, taken money.Amount, now time.Time, change *store.Change) error {
	over, err := taken.Sub(p.Amount)
	if err != nil || over.IsZero() {
		return err
	}
	called(p, "the gateway took "+taken.String()+" instead of "+p.Amount.String()+": the rest is on its way back",
		byGateway, now, change)
	return a.giveFromSuspense(*p, over, "more was taken than wanted", now, change)
}

// letGoTaken ends a payment that was to be let go and of whose money its gateway had taken some
// or all: that goes back. The void stays asked for where it is not plain what was taken.
func (a *App) letGoTaken(ctx context.Context, p payment.Payment, c candidate, report gateway.Report,
) (fresh payment.Payment, err error) {
	taken := tookThere(p, report)
	if !taken.Valid() {
		taken = p.Holding
	}
	if why := mismatchOf(taken, c, report); why != "" {
		return a.stepRefused(ctx, p, gateway.Report{Outcome: gateway.Unknown, Alarm: why})
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if fresh, err = r.Payment(ctx, p.Merchant, p.ID); err != nil || !sameHold(p, fresh) {
			return store.Change{}, err
		}
		now := a.now()
		note := "the gateway had taken what was to be let go: it is on its way back"
		change, err := a.endingHold(ctx, r, &fresh, payment.Cancel, byMerchant, why{note: note}, now)
		if err != nil {
			return store.Change{}, err
		}
		fresh.Attempt.Receipt = report.Receipt
		called(&fresh, note, byGateway, now, &change)
		change.Payments, change.Claims = []payment.Payment{fresh}, []store.Claim{receiptOf(p, c, report)}
		err = a.giveFromSuspense(fresh, taken, "it was to be let go", now, &change)
		return change, err
	})
	if fault.Is(err, fault.CodeDuplicate) {
		return p, a.flag(ctx, p, "the gateway named a receipt that belongs to another payment")
	}
	return fresh, err
}

// takenOf is a payment of which its gateway has taken what a step asked for.
func takenOf(p payment.Payment, report gateway.Report, s payment.Step, now time.Time) payment.Payment {
	at := s.At
	if at.IsZero() {
		at = now
	}
	p.Asked, p.Amount, p.Holding, p.Step = p.Agreed(), s.Amount, money.Amount{}, payment.Step{}
	p.Record = payment.Record{At: at, Amount: s.Amount, Before: money.Zero(s.Amount.Unit())}
	p.Attempt.Receipt, p.Attempt.Fee = report.Receipt, inUnit(report.Fee, s.Amount.Unit())
	p.UpdatedAt, p.CheckAt, p.Attention = now, never, lastingCall(p.Attention)
	if report.Card != "" {
		p.Card = report.Card
	}
	return p
}

// shrink makes the room that a payment holds on its invoice as large as what
// is taken of it; an invoice that was made for it follows. Errors: invoice_closed where it
// holds none, and what the invoice refuses.
func shrink(i invoice.Invoice, p payment.Payment, held, taken money.Amount) (invoice.Invoice, error) {
	if !p.Reserved {
		return i, fault.New(fault.CodeInvoiceClosed, "invoice", "")
	}
	i, err := i.Release(held)
	if err != nil {
		return i, err
	}
	if p.Direct {
		if i, err = i.Follow(held, taken); err != nil {
			return i, err
		}
	}
	return i.Reserve(taken)
}

// holdNow writes down that the payer agreed to another amount, of which target
// is still wanted, and what follows from it in the books and on the invoice.
func (a *App) holdNow(ctx context.Context, r store.Reader, p payment.Payment, target money.Amount, actor string,
	change *store.Change,
) (payment.Payment, error) {
	i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
	if err != nil {
		return p, err
	}
	if i, err = shrink(i, p, p.Amount, target); err != nil {
		return p, err
	}
	now := a.now()
	rule := ledger.RuleAuthorized
	by, err := target.Sub(p.Amount)
	if err == nil && by.Sign() < 0 {
		rule = ledger.RuleReleased
		by, err = p.Amount.Sub(target)
	}
	if err != nil {
		return p, err
	}
	if p.Asked, err = target.Add(p.LetGo()); err != nil {
		return p, err
	}
	p.Amount, p.UpdatedAt, i.UpdatedAt = target, now, now
	change.Invoices, change.Payments = append(change.Invoices, i), append(change.Payments, p)
	change.Events = append(change.Events, happenedTo(p, payment.Adjust, actor, target.String(), now))
	if by.IsZero() { // it was asked for twice
		return p, nil
	}
	return p, a.post(change, rule, ledger.Cause{Merchant: p.Merchant, Subject: p.ID, At: now}, p.Attempt.Gateway, by)
}

// adjusted books that the bank holds more.
func (a *App) adjusted(ctx context.Context, p payment.Payment) (payment.Payment, error) {
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err := r.Payment(ctx, p.Merchant, p.ID)
		if err != nil || fresh.State != payment.Authorized || fresh.Step.ID != p.Step.ID {
			return store.Change{}, err
		}
		fresh.Step, fresh.Holding, fresh.CheckAt = payment.Step{}, p.Step.Amount, a.now().Add(holdCheck)
		var change store.Change
		_, err = a.holdNow(ctx, r, fresh, p.Step.Amount, byGateway, &change)
		return change, err
	})
	if err != nil {
		return p, err
	}
	return a.store.Payment(ctx, p.Merchant, p.ID)
}

// releaseHeld gives up a part of held money, or all of it: a refund that is
// over the moment it is made, since nothing was taken. What is given up as a
// whole is let go at the gateway too.
func (a *App) releaseHeld(ctx context.Context, merchantID string, n NewRefund) (refund.Refund, error) {
	var back refund.Refund
	var p payment.Payment
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		if p, err = r.Payment(ctx, merchantID, n.Payment); err != nil {
			return store.Change{}, err
		}
		amount := n.Amount
		if !amount.Valid() {
			amount = p.Amount
		}
		if amount.Sign() <= 0 {
			return store.Change{}, fault.New(fault.CodeAmountInvalid, "amount", "")
		}
		i, err := r.Invoice(ctx, merchantID, p.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		if p.State == payment.Authorized && p.Step.Kind != "" {
			return store.Change{}, begunBefore(p.Step)
		}
		left, err := p.Release(amount)
		if err != nil {
			return store.Change{}, err
		}
		var change store.Change
		now := a.now()
		if left.Amount.IsZero() {
			left.Reserved = false
			left.Step, left.CheckAt = payment.Step{Kind: payment.ToVoid, ID: a.newID(now)}, now.Add(2*gatewayTime)
		}
		if i, err = freeRoom(i, p, left.Amount, now, &change); err != nil {
			return store.Change{}, err
		}
		p, i.UpdatedAt, p.UpdatedAt = left, now, now
		back = a.letGoOf(p, amount, n, now)
		change.Invoices, change.Payments = []invoice.Invoice{i}, []payment.Payment{p}
		change.Refunds, change.Events = []refund.Refund{back}, append(releasedEvents(p, back, now), change.Events...)
		err = a.post(&change, ledger.RuleReleased, causeOf(back, now), p.Attempt.Gateway, amount)
		return change, err
	})
	if err != nil {
		return refund.Refund{}, err
	}
	back.Version++
	if p.Step.Kind == payment.ToVoid {
		p.Version++
		a.lookAfterPayment(ctx, p) // should it fail, the worker goes on
	}
	return back, nil
}

// freeRoom gives back the room that a payment has on an invoice, but for what is left of it.
func freeRoom(i invoice.Invoice, p payment.Payment, left money.Amount, now time.Time, change *store.Change,
) (invoice.Invoice, error) {
	if left.Sign() > 0 {
		return shrink(i, p, p.Amount, left)
	}
	i, err := i.Release(p.Amount)
	if err != nil || !p.Direct {
		return i, err
	}
	return dropShare(i, p.Amount, now, byMerchant, change)
}

// letGoOf is the refund of money that was never taken.
func (a *App) letGoOf(p payment.Payment, amount money.Amount, n NewRefund, now time.Time) refund.Refund {
	return refund.Refund{
		ID: cmp.Or(n.ID, a.newID(now)), Merchant: p.Merchant, State: refund.Succeeded, Payment: p.ID, Amount: amount,
		Way: refund.ByRelease, Source: refund.FromHold, Gateway: p.Attempt.Gateway, Listed: n.ID != "", Reason: n.Reason,
		CreatedAt: now, UpdatedAt: now,
	}
}

func releasedEvents(p payment.Payment, b refund.Refund, now time.Time) []event.Event {
	return []event.Event{
		happened(event.Refund, p.Merchant, b.ID, "", create, refund.Processing, byMerchant, b.Reason, now),
		happened(event.Refund, p.Merchant, b.ID, refund.Processing, refund.Succeed, b.State, byMerchant, "", now),
		happenedTo(p, payment.Release, byMerchant, b.Amount.String(), now),
	}
}
