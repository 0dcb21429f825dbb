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

// cannotReturn is why a refund fails where a gateway has no way back.
const cannotReturn = "this gateway cannot give money back"

// NewRefund is the wish to give money back.
type NewRefund struct {
	ID      string // chosen by the caller, whose lists show it; empty = one of ours, which they do not
	Payment string
	Amount  money.Amount // not valid = everything that is left
	Reason  string
}

// RefundPayment gives money of a collected payment back: undone where the
// whole of it goes back and the gateway can undo, paid back otherwise. Held
// money is let go instead. The
// refund that is returned may have succeeded, failed (its Word says why) or be
// processing, which means that nobody knows yet.
// Errors: payment_not_found when nothing is collected, refund_in_progress,
// refund_too_large, unsupported when only its whole invoice can be refunded
// or it came from person to person,
// insufficient_funds when a deposit is spent already.
func (a *App) RefundPayment(ctx context.Context, merchantID string, n NewRefund) (refund.Refund, error) {
	p, err := a.Payment(ctx, merchantID, n.Payment)
	if err != nil {
		return refund.Refund{}, err
	}
	i, err := a.store.Invoice(ctx, merchantID, p.Invoice)
	if err != nil {
		return refund.Refund{}, err
	}
	before, err := a.store.RefundsOf(ctx, merchantID, p.ID)
	if err != nil {
		return refund.Refund{}, err
	}
	if p.Wallet != 0 || i.VerifyIn > 0 && !isOwed(before) {
		return refund.Refund{}, fault.New(fault.CodeUnsupported, "payment", "Refund the whole invoice instead.")
	}
	if byPerson(p) {
		return refund.Refund{}, fault.New(fault.CodeUnsupported, "payment", sentBack)
	}
	if p.Attempt.Gateway == "" { // nothing of it ever came
		return refund.Refund{}, fault.New(fault.CodePaymentNotFound, "payment", "")
	}
	if p.State == payment.Authorized {
		back, err := a.releaseHeld(ctx, merchantID, n)
		if !fault.Is(err, fault.CodePaymentNotFound) {
			return back, err
		} // it was taken meanwhile
	}
	c, err := a.gatewayOf(ctx, merchantID, p.Attempt.Gateway)
	if err != nil {
		return refund.Refund{}, err
	}
	var back refund.Refund
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if p, err = r.Payment(ctx, merchantID, n.Payment); err != nil {
			return store.Change{}, err
		}
		if before, err = r.RefundsOf(ctx, merchantID, p.ID); err != nil {
			return store.Change{}, err
		}
		var change store.Change
		back, change, err = a.openRefund(p, i, c, n, before)
		return change, err
	})
	if err != nil {
		return refund.Refund{}, err
	}
	if back.Way == "" {
		return a.failRefund(ctx, back, cannotReturn, orphaned(back), nil)
	}
	return a.sendBack(ctx, back)
}

// openRefund decides the way back and holds the money, after the refunds before.
func (a *App) openRefund(p payment.Payment, i invoice.Invoice, c candidate, n NewRefund, before []refund.Refund,
) (refund.Refund, store.Change, error) {
	left, err := returnable(p, before)
	if err != nil {
		return refund.Refund{}, store.Change{}, err
	}
	amount := n.Amount
	if p.Returning.Sign() > 0 && !amount.Valid() {
		return refund.Refund{}, store.Change{}, fault.New(fault.CodeRefundInProgress, "payment", "")
	}
	if !amount.Valid() {
		amount = left
	}
	if p.Collected() && amount.Sign() <= 0 {
		return refund.Refund{}, store.Change{}, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	held, err := onItsWay(p, amount, before)
	if err != nil {
		return refund.Refund{}, store.Change{}, err
	}
	now := a.now()
	held.UpdatedAt = now
	back := refund.Refund{
		ID: cmp.Or(n.ID, a.newID(now)), Merchant: p.Merchant, State: refund.Requested, Payment: p.ID, Amount: amount,
		Way: wayBack(c, amount == p.Amount), Source: refund.FromMerchant, Gateway: p.Attempt.Gateway,
		Listed: n.ID != "", Reason: n.Reason, CheckAt: now.Add(2 * gatewayTime), CreatedAt: now, UpdatedAt: now,
	}
	change := store.Change{
		Payments: []payment.Payment{held}, Refunds: []refund.Refund{back},
		Events: []event.Event{
			happened(event.Refund, p.Merchant, back.ID, "", create, back.State, byMerchant, n.Reason, now),
			happenedTo(p, payment.HoldRefund, byMerchant, "", now),
		},
	}
	rule, names := ledger.RuleRefundOpened, ledger.Names{Gateway: back.Gateway}
	switch {
	case isOwed(before):
		back.Source, rule = refund.FromOwed, ledger.RuleSuspenseOpened
		if amount == left {
			change.Refunds = append(change.Refunds, answered(before, now)...)
		}
	case i.Account != 0:
		back.Source = refund.FromDeposit
		rule, names.Owner = ledger.RuleDepositOpened, ownerOf(i.Account)
	}
	change.Refunds[0].Source = back.Source
	err = a.postFor(&change, rule, causeOf(back, now), names, amount)
	return back, change, err
}

// wayBack picks how money goes back at a gateway; empty when it cannot.
func wayBack(c candidate, whole bool) refund.Way {
	if _, ok := c.conn.(gateway.Reverser); ok && whole {
		return refund.ByReversal
	}
	if r, ok := c.conn.(gateway.Refunder); ok && r.CanRefund() {
		return refund.ByRefund
	}
	return ""
}

// causeOf books a refund for its payment, so that the payment's entries tell
// its whole story.
func causeOf(b refund.Refund, now time.Time) ledger.Cause {
	return ledger.Cause{Merchant: b.Merchant, Subject: b.Payment, At: now}
}

// sendBack submits a requested refund. That it is on its way is on record
// before the gateway hears of it; after that it is only ever asked about.
func (a *App) sendBack(ctx context.Context, b refund.Refund) (refund.Refund, error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	p, c, err := a.refundContext(ctx, b)
	if err != nil {
		return b, err
	}
	back, err := a.moveRefund(ctx, b.Merchant, b.ID, refund.Submit, nil, sent)
	if err != nil {
		return back, err
	}
	ctx, end := a.aboutRefund(ctx, back, p)
	defer end()
	if back.Way == refund.ByReversal {
		reverser, _ := c.conn.(gateway.Reverser)
		report := reverser.Reverse(asking(ctx, toReverse), a.returnOf(p, c, back))
		refunder, can := c.conn.(gateway.Refunder)
		if report.Outcome != gateway.Denied || !can || !refunder.CanRefund() {
			return a.bookReturn(ctx, back, report)
		}
		// The window for undoing is over; nothing moved, so it may be paid back.
		var turned bool
		if back, turned, err = a.changeWay(ctx, back); !turned {
			return back, err
		}
	}
	refunder, ok := c.conn.(gateway.Refunder)
	if !ok || !refunder.CanRefund() {
		return a.failRefund(ctx, back, cannotReturn, orphaned(back), nil)
	}
	return a.bookReturn(ctx, back, refunder.Refund(asking(ctx, toRefund), a.returnOf(p, c, back)))
}

// sent is what a refund begins with when its gateway is told.
func sent(_ store.Reader, b *refund.Refund, _ *store.Change, now time.Time) error {
	b.SentAt, b.Checks, b.Attention = now, 0, ""
	return nil
}

func (a *App) refundContext(ctx context.Context, b refund.Refund) (payment.Payment, candidate, error) {
	p, err := a.store.Payment(ctx, b.Merchant, b.Payment)
	if err != nil {
		return p, candidate{}, err
	}
	c, err := a.gatewayOf(ctx, b.Merchant, b.Gateway)
	return p, c, err
}

func (a *App) returnOf(p payment.Payment, c candidate, b refund.Refund) gateway.Return {
	amount, err := b.Amount.In(c.info.Unit)
	if err != nil {
		amount = money.Amount{}
	}
	return gateway.Return{
		Refund: b.ID, Attempt: a.attempt(p, c, ""), Receipt: p.Attempt.Receipt, Amount: amount,
		PaidAt: p.FinalizedAt, Reason: b.Reason,
	}
}

// moveRefund takes a refund through one trigger; settle adds what else must
// become true with it. A person moves only one that calls for a person; nil is nobody's word.
func (a *App) moveRefund(ctx context.Context, merchantID, id string, t refund.Trigger, said *RefundWord,
	settle func(store.Reader, *refund.Refund, *store.Change, time.Time) error,
) (refund.Refund, error) {
	var back refund.Refund
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		if back, err = r.Refund(ctx, merchantID, id); err != nil {
			return store.Change{}, err
		}
		actor, from := byGateway, back.State
		if said != nil {
			if err := sayable(back); err != nil {
				return store.Change{}, err
			}
			actor = byOperator
		}
		if back.State, err = refund.States.Next(from, t); err != nil {
			return store.Change{}, err
		}
		now := a.now()
		back.UpdatedAt, back.CheckAt = now, now.Add(2*gatewayTime)
		if refund.States.Final(back.State) {
			back.CheckAt = never
		}
		var change store.Change
		if settle != nil {
			if err := settle(r, &back, &change, now); err != nil {
				return store.Change{}, err
			}
		}
		note := back.Word
		if said != nil {
			note = said.said()
		}
		change.Refunds = append(change.Refunds, back)
		change.Events = append(change.Events, happened(event.Refund, merchantID, id, from, t, back.State, actor, note, now))
		return change, nil
	})
	back.Version++
	return back, err
}

// changeWay turns a refused reversal into a refund, on record before the call. One whose end
// is known by now is not turned.
func (a *App) changeWay(ctx context.Context, b refund.Refund) (back refund.Refund, turned bool, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		turned = false
		back, err = r.Refund(ctx, b.Merchant, b.ID)
		if err != nil || back.State != refund.Processing || back.Way != refund.ByReversal {
			return store.Change{}, err
		}
		now := a.now()
		back.Way, back.UpdatedAt = refund.ByRefund, now
		change := store.Change{
			Refunds: []refund.Refund{back},
			Events:  []event.Event{happenedToRefund(back, refund.ChangeWay, byGateway, "too late to undo it", now)},
		}
		back.Version++
		turned = true
		return change, nil
	})
	return back, turned && err == nil, err
}
