package app

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// authorize books money that a payer's bank holds. What nobody wants any more
// is let go at once.
func (a *App) authorize(ctx context.Context, p payment.Payment, c candidate, report gateway.Report,
) (payment.Payment, error) {
	if why := mismatch(p, c, report); why != "" {
		return p, a.flag(ctx, p, why)
	}
	var fresh payment.Payment
	stale := false
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		fresh, err = r.Payment(ctx, p.Merchant, p.ID)
		stale = fresh.Attempt.Number != p.Attempt.Number
		if err != nil || stale || fresh.State != payment.Processing {
			return store.Change{}, err
		}
		i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		from := fresh.State
		if fresh.State, err = payment.States.Next(from, payment.Authorize); err != nil {
			return store.Change{}, err
		}
		fresh.Holding, fresh.UpdatedAt, fresh.CheckAt = fresh.Amount, now, now.Add(holdCheck)
		fresh.Attention = lastingCall(fresh.Attention)
		if report.Card != "" {
			fresh.Card = report.Card
		}
		change := store.Change{Events: []event.Event{happened(event.Payment, p.Merchant, p.ID, from, payment.Authorize,
			fresh.State, byGateway, "", now)}}
		if held, found := placeOf(i, fresh); found == enough {
			held.UpdatedAt, fresh.Reserved = now, true
			change.Invoices = []invoice.Invoice{held}
		} else {
			fresh.Step = payment.Step{Kind: payment.ToVoid, ID: a.newID(now)}
		}
		change.Payments = []payment.Payment{fresh}
		err = a.post(&change, ledger.RuleAuthorized, ledger.Cause{Merchant: p.Merchant, Subject: p.ID, At: now},
			fresh.Attempt.Gateway, fresh.Amount)
		return change, err
	})
	switch {
	case err != nil:
		return fresh, err
	case stale: // the payer gave another instrument meanwhile
		return fresh, a.letGo(ctx, p, c)
	case fresh.State != payment.Processing && fresh.State != payment.Authorized:
		return fresh, a.letGo(ctx, fresh, c)
	}
	if fresh, err = a.store.Payment(ctx, p.Merchant, p.ID); err != nil || fresh.Step.Kind == "" {
		return fresh, err
	}
	return a.runStep(ctx, fresh, c)
}

// letGo gives up money that a bank holds for a payment which has ended: the
// payer was too late. Should it fail, the bank lets go by itself after its time.
func (a *App) letGo(ctx context.Context, p payment.Payment, c candidate) error {
	capturer, ok := c.conn.(gateway.Capturer)
	if !ok || p.Collected() {
		return nil
	}
	amount, err := p.Amount.In(c.info.Unit)
	if err != nil {
		return err
	}
	report := capturer.Void(asking(ctx, toVoid), gateway.Held{Attempt: a.attempt(p, c, ""), Amount: amount, Step: "late"})
	switch report.Outcome {
	case gateway.Canceled:
		return nil
	case gateway.Captured: // before it could be let go
		_, err := a.capture(ctx, p, c, report)
		return err
	case gateway.Authorized, gateway.Declined, gateway.Expired, gateway.Undone, gateway.Pending, gateway.Unknown:
	}
	return a.flag(ctx, p, heldTooLate)
}

// lookAfterHold goes on with what is being done to held money, or asks whether
// it is still held.
func (a *App) lookAfterHold(ctx context.Context, p payment.Payment, c candidate) (payment.Payment, error) {
	if p.Step.Kind != "" {
		return a.runStep(ctx, p, c)
	}
	report := c.conn.Resolve(asking(ctx, toLook), a.holding(p, c), gateway.Look)
	switch report.Outcome {
	case gateway.Authorized, gateway.Pending, gateway.Unknown:
		return p, a.askAboutHold(ctx, p, report)
	case gateway.Captured:
		return a.captureHeld(ctx, p, c, report, payment.Step{Kind: payment.ToCapture, Amount: p.Amount})
	case gateway.Canceled, gateway.Undone:
		return a.endHold(ctx, p, payment.Cancel, byGateway, why{note: report.Word})
	case gateway.Expired:
		return a.endHold(ctx, p, payment.Expire, byGateway, why{note: report.Word})
	case gateway.Declined:
		return a.endHold(ctx, p, payment.Decline, byGateway, declined(report))
	}
	return p, a.askAboutHold(ctx, p, report)
}

// holding is an attempt with the amount that the bank holds, which may be more
// than what is still wanted of it.
func (a *App) holding(p payment.Payment, c candidate) gateway.Attempt {
	attempt := a.attempt(p, c, "")
	if held, err := p.Holding.In(c.info.Unit); err == nil {
		attempt.Amount = held
	}
	return attempt
}

// askAboutHold sets the time of the next look at money that is still held.
func (a *App) askAboutHold(ctx context.Context, p payment.Payment, report gateway.Report) error {
	if report.Alarm != "" {
		return a.flagHeld(ctx, p, report.Alarm)
	}
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err := r.Payment(ctx, p.Merchant, p.ID)
		if err != nil || fresh.State != payment.Authorized || fresh.Step.Kind != "" {
			return store.Change{}, err
		}
		now := a.now()
		if fresh.UpdatedAt = now; fresh.CheckAt.Equal(p.CheckAt) { // otherwise what was done meanwhile says when
			fresh.CheckAt = now.Add(holdCheck)
		}
		if report.Outcome == gateway.Authorized && sameHold(p, fresh) {
			fresh.Attention = lastingCall(fresh.Attention) // it is as we have it
		}
		return store.Change{Payments: []payment.Payment{fresh}}, nil
	})
}

// flagHeld is flag for what a look at held money found, unless something was done to the
// money since: then the look was of what it was before, and the next one will tell.
func (a *App) flagHeld(ctx context.Context, p payment.Payment, why string) error {
	return a.flagWhile(ctx, p, why, func(fresh payment.Payment) bool { return sameHold(p, fresh) })
}

// sameHold says that nothing was done to held money since a payment was read.
func sameHold(p, fresh payment.Payment) bool {
	return fresh.State == payment.Authorized && p.State == fresh.State && p.Step.ID == fresh.Step.ID &&
		p.Holding == fresh.Holding && p.Amount == fresh.Amount && p.Attempt.Number == fresh.Attempt.Number
}

// endHold ends a payment whose money is not held any more and was not taken.
func (a *App) endHold(ctx context.Context, p payment.Payment, t payment.Trigger, actor string, because why,
) (fresh payment.Payment, err error) {
	err = a.update(ctx, func(r store.Reader) (change store.Change, err error) {
		if fresh, err = r.Payment(ctx, p.Merchant, p.ID); err != nil || fresh.State != payment.Authorized {
			return change, err
		}
		change, err = a.endingHold(ctx, r, &fresh, t, actor, because, a.now())
		change.Payments = []payment.Payment{fresh}
		return change, err
	})
	return fresh, err
}

// endingHold is what becomes true with the end of held money, but for the payment itself.
func (a *App) endingHold(ctx context.Context, r store.Reader, p *payment.Payment, t payment.Trigger, actor string,
	because why, now time.Time,
) (change store.Change, err error) {
	if *p, err = freeInvoice(ctx, r, *p, now, actor, &change); err != nil {
		return change, err
	}
	from := p.State
	if p.State, err = payment.States.Next(from, t); err != nil {
		return change, err
	}
	p.Step, p.Holding = payment.Step{}, money.Amount{}
	because.explain(p)
	p.FinalizedAt, p.UpdatedAt, p.CheckAt = now, now, never
	change.Events = append(change.Events,
		happened(event.Payment, p.Merchant, p.ID, from, t, p.State, actor, because.note, now))
	if p.Amount.Sign() > 0 {
		err = a.post(&change, ledger.RuleReleased, ledger.Cause{Merchant: p.Merchant, Subject: p.ID, At: now},
			p.Attempt.Gateway, p.Amount)
	}
	return change, err
}

// release frees the room that a payment which ends holds on its invoice.
func release(ctx context.Context, r store.Reader, p payment.Payment, now time.Time, change *store.Change,
) (payment.Payment, error) {
	if !p.Reserved {
		return p, pageGone(ctx, r, p, now, change)
	}
	return releaseThen(ctx, r, p, now, change, func(i invoice.Invoice) (invoice.Invoice, error) {
		return roomGone(ctx, r, i, p, now, change)
	})
}

// releaseOpen frees the room of a payment that goes on: whoever has its page may pay yet, so
// that the invoice stays as it is.
func releaseOpen(ctx context.Context, r store.Reader, p payment.Payment, now time.Time, change *store.Change,
) (payment.Payment, error) {
	return releaseThen(ctx, r, p, now, change, func(i invoice.Invoice) (invoice.Invoice, error) { return i, nil })
}

// releaseThen frees the room that a payment holds on its invoice, which asks for nothing more of
// one that was withdrawn; then is what becomes of the invoice.
func releaseThen(ctx context.Context, r store.Reader, p payment.Payment, now time.Time, change *store.Change,
	then func(invoice.Invoice) (invoice.Invoice, error),
) (payment.Payment, error) {
	if !p.Reserved {
		return p, nil
	}
	if p.Withdrawn && p.Direct {
		return freeInvoice(ctx, r, p, now, byMerchant, change)
	}
	i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
	if err != nil {
		return p, err
	}
	if i, err = i.Release(p.Amount); err != nil {
		return p, err
	}
	if i, err = then(i); err != nil {
		return p, err
	}
	i.UpdatedAt, p.Reserved = now, false
	change.Invoices = append(change.Invoices, i)
	return p, nil
}

// freeInvoice frees the room that a payment holds on its invoice. One that was
// made for it asks for the rest, and is closed where there is none.
func freeInvoice(ctx context.Context, r store.Reader, p payment.Payment, now time.Time, actor string,
	change *store.Change,
) (payment.Payment, error) {
	if !p.Direct {
		return release(ctx, r, p, now, change)
	}
	i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
	if err != nil {
		return p, err
	}
	if p.Reserved {
		if i, err = i.Release(p.Amount); err != nil {
			return p, err
		}
	}
	if p.Amount.Sign() > 0 && !p.Dropped { // or all of it was let go before
		if i, err = dropShare(i, p.Amount, now, actor, change); err != nil {
			return p, err
		}
	}
	if i, err = roomGone(ctx, r, i, p, now, change); err != nil {
		return p, err
	}
	i.UpdatedAt, p.Reserved, p.Dropped = now, false, true
	change.Invoices = append(change.Invoices, i)
	return p, nil
}

// dropShare makes an invoice ask for nothing of a payment any more that it was made for, whose
// share it is: it is canceled where nothing is left to ask for, and paid where others have
// paid the rest.
func dropShare(i invoice.Invoice, share money.Amount, now time.Time, actor string, change *store.Change,
) (invoice.Invoice, error) {
	if i.State != invoice.Open {
		return i, nil
	}
	i, asks, err := i.Drop(share)
	switch {
	case err != nil:
		return i, err
	case !asks:
		return advance(i, now, change, actor, invoice.Cancel)
	case i.Full():
		return pay(i, now, change, actor)
	}
	return i, nil
}
