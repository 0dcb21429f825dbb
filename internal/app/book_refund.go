package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// bookReturn makes true what a gateway said about money on its way back.
func (a *App) bookReturn(ctx context.Context, b refund.Refund, r gateway.ReturnReport) (refund.Refund, error) {
	switch r.Outcome {
	case gateway.Done:
		return a.finishRefund(ctx, b, r)
	case gateway.Denied:
		return a.failRefund(ctx, b, r.Word, orphaned(b), nil)
	case gateway.Underway, gateway.ReturnUnsure:
		return a.askLater(ctx, b, r)
	}
	return a.askLater(ctx, b, r)
}

// finishRefund books money that is back with the payer. One return of a gateway
// ends one refund of ours: where a provider only lists what it gave back of a
// payment, two refunds of the same sum look alike.
func (a *App) finishRefund(ctx context.Context, b refund.Refund, r gateway.ReturnReport) (refund.Refund, error) {
	done, err := a.bookRefund(ctx, b, r, nil)
	if !fault.Is(err, fault.CodeDuplicate) {
		return done, err
	}
	// The id that it named, perhaps in an earlier answer, is no good for asking about ours.
	if err := a.forgetReturn(ctx, b); err != nil {
		return b, err
	}
	return a.askLater(ctx, b, gateway.ReturnReport{
		Outcome: gateway.ReturnUnsure, Alarm: "the gateway named a return that belongs to another refund",
	})
}

// forgetReturn takes back the gateway's id of a refund.
func (a *App) forgetReturn(ctx context.Context, b refund.Refund) error {
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err := r.Refund(ctx, b.Merchant, b.ID)
		if err != nil || fresh.State != refund.Processing || fresh.Receipt == "" {
			return store.Change{}, err
		}
		fresh.Receipt, fresh.UpdatedAt = "", a.now()
		return store.Change{Refunds: []refund.Refund{fresh}}, nil
	})
}

// bookRefund books it at the gateway's word, or at a person's.
func (a *App) bookRefund(ctx context.Context, b refund.Refund, r gateway.ReturnReport, said *RefundWord,
) (refund.Refund, error) {
	return a.moveRefund(ctx, b.Merchant, b.ID, refund.Succeed, said,
		func(reader store.Reader, back *refund.Refund, change *store.Change, now time.Time) error {
			back.Receipt, back.Attention, back.Word = r.Receipt, "", ""
			if r.Undone {
				back.Way = refund.ByReversal
			}
			rule := ledger.RuleRefunded
			if back.Way == refund.ByReversal {
				rule = ledger.RuleReversed
			} else if r.Receipt != "" {
				change.Claims = append(change.Claims, returnClaim(*back))
			}
			if err := a.post(change, rule, causeOf(*back, now), back.Gateway, back.Amount); err != nil {
				return err
			}
			if back.Source == refund.FromSuspense {
				return clearSuspense(ctx, reader, *back, change, now)
			}
			p, err := reader.Payment(ctx, back.Merchant, back.Payment)
			if err != nil {
				return err
			}
			return a.takeOut(ctx, reader, p, *back, change, now)
		})
}

// returnClaim makes a gateway's return of a payment's money count once.
func returnClaim(b refund.Refund) store.Claim {
	return store.Claim{
		Merchant: b.Merchant, Kind: store.RefundClaim, Subject: b.ID, Key: b.Gateway + "/" + b.Payment + "/" + b.Receipt,
	}
}

// clearSuspense takes the payment off the list of what waits for a person.
func clearSuspense(ctx context.Context, r store.Reader, b refund.Refund, change *store.Change, now time.Time) error {
	p, err := r.Payment(ctx, b.Merchant, b.Payment)
	if err != nil {
		return err
	}
	p.Attention, p.UpdatedAt = lastingCall(p.Attention), now
	if !p.Collected() { // or only what was taken beyond it
		p.Note = "the money went back to the payer"
	}
	change.Payments = append(change.Payments, p)
	return nil
}

// takeOut takes returned money out of its payment and invoice and moves
// their states: a drained payment is reversed or refunded; an invoice of
// which some money remains is open for the rest, one of which none remains is
// refunded. Where any amounts may be paid it stays open, and one that was closed stays so.
func (a *App) takeOut(ctx context.Context, r store.Reader, p payment.Payment, b refund.Refund, change *store.Change,
	now time.Time,
) error {
	i, err := r.Invoice(ctx, b.Merchant, p.Invoice)
	if err != nil {
		return err
	}
	if p, err = p.Returned(b.Amount, true); err != nil {
		return err
	}
	p.UpdatedAt = now
	if p.Drained() {
		from, trigger := p.State, payment.Refund
		if b.Way == refund.ByReversal && payment.States.Can(from, payment.Reverse) {
			trigger = payment.Reverse
		}
		if p.State, err = payment.States.Next(from, trigger); err != nil {
			return err
		}
		if strings.HasPrefix(p.Attention, lateMoney) { // it is nobody's question any more whether to keep it
			p.Attention = ""
		}
		change.Events = append(change.Events,
			happened(event.Payment, p.Merchant, p.ID, from, trigger, p.State, byGateway, "", now))
	}
	if p.State == payment.Reversed && p.Attempt.Fee.Sign() > 0 {
		err := a.post(change, ledger.RuleFeeReversed, causeOf(b, now), p.Attempt.Gateway, p.Attempt.Fee)
		if err != nil {
			return err
		}
	}
	closed := i.Closed()
	if i, err = i.GiveBack(b.Amount); err != nil {
		return err
	}
	i.UpdatedAt = now
	if t, ok := afterGivingBack(i, closed); ok {
		if i, err = advance(i, now, change, byGateway, t); err != nil {
			return err
		}
	}
	change.Payments, change.Invoices = append(change.Payments, p), append(change.Invoices, i)
	return nil
}

// afterGivingBack says how an invoice moves when money of it went back: one that was closed
// before takes no more.
func afterGivingBack(i invoice.Invoice, closed bool) (invoice.Trigger, bool) {
	switch {
	case i.Reserved.Sign() > 0: // there is a payment that it still has room for: see roomGone
		return "", false
	case i.Captured.IsZero() && (!i.Open || i.State == invoice.Completed) && invoice.States.Can(i.State, invoice.Refund):
		return invoice.Refund, true
	case !i.Captured.IsZero() && !closed && i.State == invoice.Completed:
		return invoice.Reopen, true
	default:
		return "", false
	}
}

// roomGone moves an invoice of which all that was taken had gone back while room of it was set
// aside, once that is free and the payment over: it ends as it would have without it, unless
// somebody else may be paying it, whose end decides then.
func roomGone(ctx context.Context, r store.Reader, i invoice.Invoice, over payment.Payment, now time.Time,
	change *store.Change,
) (invoice.Invoice, error) {
	payments, back, err := wentBack(ctx, r, i)
	if err != nil || !back {
		return i, err
	}
	return lastGone(i, payments, over, now, change)
}

// pageGone is roomGone for a payment that ends without room, which a "not yet" of its gateway
// may have freed before. An invoice that somebody else may be paying is written all the same,
// so that of two payments that end at once the later one sees the end of the other.
func pageGone(ctx context.Context, r store.Reader, over payment.Payment, now time.Time, change *store.Change) error {
	i, err := r.Invoice(ctx, over.Merchant, over.Invoice)
	if err != nil {
		return err
	}
	payments, back, err := wentBack(ctx, r, i)
	if err != nil || !back {
		return err
	}
	i, err = lastGone(i, payments, over, now, change)
	i.UpdatedAt = now
	change.Invoices = append(change.Invoices, i)
	return err
}

// wentBack says that an invoice is open although all that was taken of it went back, and of
// which payments. One that was extended since asks for that.
func wentBack(ctx context.Context, r store.Reader, i invoice.Invoice) (of []payment.Payment, back bool, err error) {
	_, ends := afterGivingBack(i, i.Closed())
	if !ends || i.State != invoice.Open || i.Link.Kind == invoice.Extension && !i.Link.Used {
		return nil, false, nil
	}
	of, err = r.PaymentsOf(ctx, i.Merchant, i.ID)
	return of, slices.ContainsFunc(of, func(p payment.Payment) bool {
		return p.State == payment.Refunded || p.State == payment.Reversed
	}), err
}

// lastGone ends an invoice of which all went back with the last of the payments that it is
// open for.
func lastGone(i invoice.Invoice, payments []payment.Payment, over payment.Payment, now time.Time,
	change *store.Change,
) (invoice.Invoice, error) {
	if slices.ContainsFunc(payments, func(p payment.Payment) bool {
		return (p.State == payment.Processing || p.State == payment.Authorized) && p.ID != over.ID
	}) {
		return i, nil
	}
	return advance(i, now, change, byGateway, invoice.Refund)
}

// orphaned says that the money of a refund that fails is nobody's here: a
// person must find another way to give it back.
func orphaned(b refund.Refund) bool {
	return b.Source == refund.FromSuspense || b.Source == refund.FromOwed
}

// failing is the rule for a refund that a gateway refused.
func failing(s refund.Source) ledger.Rule {
	switch s {
	case refund.FromSuspense, refund.FromOwed:
		return ledger.RuleSuspenseFailed
	case refund.FromDeposit:
		return ledger.RuleDepositFailed
	case refund.FromMerchant, refund.FromHold: // what was only held is given up at once, and cannot fail
	}
	return ledger.RuleRefundFailed
}

// failRefund puts the money back where it was taken from, or into suspense.
func (a *App) failRefund(ctx context.Context, b refund.Refund, word string, needsPerson bool, said *RefundWord,
) (refund.Refund, error) {
	return a.moveRefund(ctx, b.Merchant, b.ID, refund.Fail, said,
		func(reader store.Reader, back *refund.Refund, change *store.Change, now time.Time) error {
			back.Word, back.Attention = word, ""
			if needsPerson {
				back.Attention = "the payer's money is still here: " + word
			}
			p, err := reader.Payment(ctx, back.Merchant, back.Payment)
			if err != nil {
				return err
			}
			names := ledger.Names{Gateway: back.Gateway}
			if back.Source == refund.FromDeposit {
				i, err := reader.Invoice(ctx, back.Merchant, p.Invoice)
				if err != nil {
					return err
				}
				names.Owner = ownerOf(i.Account)
			}
			if err := a.postFor(change, failing(back.Source), causeOf(*back, now), names, back.Amount); err != nil {
				return err
			}
			if back.Source == refund.FromSuspense {
				p.Attention = calledFor(p.Attention, "the gateway took money that nothing here has a place for: it is still here")
				p.UpdatedAt = now
				change.Payments = append(change.Payments, p)
				return nil
			}
			if p, err = p.Returned(back.Amount, false); err != nil {
				return err
			}
			p.UpdatedAt = now
			change.Payments = append(change.Payments, p)
			return nil
		})
}

// cannotGo is why a person is called for a refund of which no gateway has heard.
const cannotGo = "its gateway could not be told to give the money back"

// askLater keeps a refund open whose outcome nobody knows, or that could not be sent.
func (a *App) askLater(ctx context.Context, b refund.Refund, r gateway.ReturnReport) (refund.Refund, error) {
	var back refund.Refund
	err := a.update(ctx, func(reader store.Reader) (store.Change, error) {
		var err error
		if back, err = reader.Refund(ctx, b.Merchant, b.ID); err != nil || refund.States.Final(back.State) {
			return store.Change{}, err
		}
		now := a.now()
		back.Checks++
		back.CheckAt, back.UpdatedAt = now.Add(pause(back.Checks)), now
		if r.Receipt != "" {
			back.Receipt = r.Receipt
		}
		var change store.Change
		if r.Word != "" {
			back.Word = r.Word
		}
		alarm := r.Alarm
		if alarm == "" && r.Outcome == gateway.ReturnUnsure && back.Checks > patience {
			alarm = "the gateway does not say whether the money went back"
			if back.State == refund.Requested {
				alarm = cannotGo
			}
		}
		if alarm != "" && back.Attention != alarm {
			back.Attention = alarm
			change.Events = append(change.Events, happenedToRefund(back, refund.Flag, byGateway, alarm, now))
		}
		change.Refunds = append(change.Refunds, back)
		return change, nil
	})
	back.Version++
	return back, err
}

// ResolveRefund goes on with a refund that is due: it submits one that was
// only requested and asks about one whose answer is missing.
func (a *App) ResolveRefund(ctx context.Context, merchantID, id string) (refund.Refund, error) {
	if err := a.sound(); err != nil {
		return refund.Refund{}, err
	}
	b, err := a.store.Refund(ctx, merchantID, id)
	if err != nil {
		return b, err
	}
	switch b.State {
	case refund.Requested:
		return a.resubmit(ctx, b)
	case refund.Processing:
		return a.askReturn(ctx, b)
	case refund.Succeeded, refund.Failed:
		return b, nil
	}
	return b, nil
}

// resubmit sends a refund that was never sent: the state says that no gateway
// has heard of it.
func (a *App) resubmit(ctx context.Context, b refund.Refund) (refund.Refund, error) {
	if b.Way == "" && !orphaned(b) {
		return a.failRefund(ctx, b, cannotReturn, false, nil)
	}
	if b.Way == "" {
		p, c, err := a.refundContext(ctx, b)
		if err != nil {
			return b, err
		}
		if b, err = a.chooseWay(ctx, b, wayBack(c, b.Amount == p.Amount)); err != nil || b.State != refund.Requested {
			return b, err
		}
	}
	return a.sendBack(ctx, b)
}

// chooseWay decides how money goes back that is not the merchant's, once. What is in
// suspense is held from now on; what is owed is held already.
func (a *App) chooseWay(ctx context.Context, b refund.Refund, way refund.Way) (chosen refund.Refund, err error) {
	err = a.update(ctx, func(r store.Reader) (change store.Change, err error) {
		chosen, err = r.Refund(ctx, b.Merchant, b.ID)
		if err != nil || chosen.State != refund.Requested || chosen.Way != "" {
			return change, err
		}
		now := a.now()
		// Where there is none, sending it will say that the gateway cannot.
		chosen.Way, chosen.UpdatedAt = cmp.Or(way, refund.ByRefund), now
		change = store.Change{
			Refunds: []refund.Refund{chosen},
			Events:  []event.Event{happenedToRefund(chosen, refund.ChooseWay, byWorker, string(way), now)},
		}
		chosen.Version++
		if chosen.Source == refund.FromSuspense {
			err = a.post(&change, ledger.RuleSuspenseOpened, causeOf(chosen, now), chosen.Gateway, chosen.Amount)
		}
		return change, err
	})
	return chosen, err
}

// askReturn asks what became of a refund. A reversal shows on the payment itself.
func (a *App) askReturn(ctx context.Context, b refund.Refund) (refund.Refund, error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	p, c, err := a.refundContext(ctx, b)
	if err != nil {
		return b, err
	}
	ctx, end := a.aboutRefund(ctx, b, p)
	defer end()
	if refunder, ok := c.conn.(gateway.Refunder); ok && b.Way == refund.ByRefund {
		return a.bookReturn(ctx, b, refunder.RefundState(asking(ctx, toLook), a.returnOf(p, c, b), b.Receipt))
	}
	report := c.conn.Resolve(asking(ctx, toLook), a.attempt(p, c, ""), gateway.Look)
	told := cmp.Or(b.SentAt, b.CreatedAt)
	switch {
	case report.Outcome == gateway.Undone:
		return a.bookReturn(ctx, b, gateway.ReturnReport{Outcome: gateway.Done, Undone: true})
	case report.Outcome == gateway.Captured && a.now().After(told.Add(settleTime)):
		// The gateway still calls it paid long after it was asked to undo it.
		return a.bookReturn(ctx, b, gateway.ReturnReport{Outcome: gateway.Denied, Word: "the gateway did not undo it"})
	default:
		return a.askLater(ctx, b, gateway.ReturnReport{Outcome: gateway.ReturnUnsure})
	}
}

// settleTime is how long a gateway may take to show a reversal that it did.
const settleTime = 10 * time.Minute
