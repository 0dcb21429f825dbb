package app

import (
	"context"
	"errors"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// Capture is the wish to take held money.
type Capture struct {
	Amount money.Amount // at most what is held; not valid = all of it
	At     time.Time    // when the merchant records it; zero = now
}

// CapturePayment takes held money, or a part of it, and lets go of the rest.
// Errors: payment_not_found, wrong_state when nothing is held or something else
// is being done to it, amount_invalid, amount_above_remaining, gateway_refused,
// gateway_unavailable: then it is tried again until the gateway has answered.
func (a *App) CapturePayment(ctx context.Context, merchantID, id string, w Capture) (payment.Payment, error) {
	return a.step(ctx, merchantID, id, func(p payment.Payment) (payment.Step, error) {
		amount := w.Amount
		if !amount.Valid() {
			amount = p.Amount
		}
		if amount.Sign() <= 0 {
			return payment.Step{}, fault.New(fault.CodeAmountInvalid, "amount", "")
		}
		over, err := amount.Cmp(p.Amount)
		if err == nil && over > 0 {
			err = fault.New(fault.CodeAmountAboveRemaining, "amount", "")
		}
		return payment.Step{Kind: payment.ToCapture, Amount: amount, At: w.At}, err
	})
}

// VoidPayment lets go of held money. Errors: those of CapturePayment.
func (a *App) VoidPayment(ctx context.Context, merchantID, id string) (payment.Payment, error) {
	return a.step(ctx, merchantID, id, func(payment.Payment) (payment.Step, error) {
		return payment.Step{Kind: payment.ToVoid}, nil
	})
}

// AdjustPayment changes what the payer agreed to while it is only held: less
// without a word to the gateway, which is asked for less in the end, and more
// where the gateway can. Refunds that were made stay.
// Errors: those of CapturePayment; amount_invalid when refunds exceed the
// amount; unsupported where more cannot be held; invoice_held for more than is usual.
func (a *App) AdjustPayment(ctx context.Context, merchantID, id string, agreed money.Amount) (payment.Payment, error) {
	if err := a.adjustable(ctx, merchantID, id, agreed); err != nil {
		return payment.Payment{}, err
	}
	for {
		p, err := a.resize(ctx, merchantID, id, agreed)
		if err != nil || p.Step.Kind == "" && p.Agreed() == agreed {
			return p, err
		}
		p, err = a.step(ctx, merchantID, id, func(p payment.Payment) (payment.Step, error) {
			target, err := agreed.Sub(p.LetGo())
			if err == nil && target.Sign() <= 0 {
				err = fault.New(fault.CodeAmountInvalid, "amount", "")
			}
			if more, wrong := target.Cmp(p.Holding); err == nil && wrong == nil && more <= 0 && p.Step.Kind == "" {
				err = errHeldMeanwhile
			}
			return payment.Step{Kind: payment.ToAdjust, Amount: target}, err
		})
		if !errors.Is(err, errHeldMeanwhile) {
			return p, err
		}
	}
}

// errHeldMeanwhile says that somebody else had the bank hold as much or more.
var errHeldMeanwhile = errors.New("as much is held by now")

// resize changes what the payer agreed to as far as the bank holds enough, and
// leaves the payment as it is where it does not, or where an adjustment is under way.
func (a *App) resize(ctx context.Context, merchantID, id string, agreed money.Amount) (p payment.Payment, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if p, err = r.Payment(ctx, merchantID, id); err != nil {
			return store.Change{}, err
		}
		if p.State == payment.Authorized && p.Step.Kind == payment.ToAdjust && !p.Withdrawn {
			return store.Change{}, nil
		}
		if err := steppable(p); err != nil {
			return store.Change{}, err
		}
		target, err := agreed.Sub(p.LetGo())
		if err != nil {
			return store.Change{}, err
		}
		if target.Sign() <= 0 {
			return store.Change{}, fault.New(fault.CodeAmountInvalid, "amount", "")
		}
		if more, err := target.Cmp(p.Holding); err != nil || more > 0 || target == p.Amount {
			return store.Change{}, err
		}
		var change store.Change
		p, err = a.holdNow(ctx, r, p, target, byMerchant, &change)
		return change, err
	})
	return p, err
}

// steppable is nil when something can be done to held money.
func steppable(p payment.Payment) error {
	if p.Withdrawn {
		return fault.New(fault.CodePaymentNotFound, "payment", "")
	}
	if p.State != payment.Authorized {
		return fault.New(fault.CodeWrongState, "payment", "")
	}
	if p.Step.Kind != "" {
		return begunBefore(p.Step)
	}
	return nil
}

// begunBefore refuses what comes while something else is being done to held money.
func begunBefore(s payment.Step) error {
	e := fault.New(fault.CodeWrongState, "payment", "")
	return e.Because(e.Words + " " + goesOn(s, "was asked for before"))
}

// goesOn says that a step is being done although nobody asks for it again.
func goesOn(s payment.Step, how string) string {
	what := "A void"
	switch s.Kind {
	case payment.ToCapture:
		what = "A capture of " + s.Amount.Fixed() + " " + string(s.Amount.Unit())
	case payment.ToAdjust:
		what = "An adjustment to " + s.Amount.Fixed() + " " + string(s.Amount.Unit())
	case payment.ToVoid:
	}
	return what + " " + how + ", and goes on by itself until the gateway has answered."
}

// step records what is to be done to held money and does it. The same wish
// goes on with what an earlier one began.
func (a *App) step(ctx context.Context, merchantID, id string,
	decide func(payment.Payment) (payment.Step, error),
) (payment.Payment, error) {
	var p payment.Payment
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		if p, err = r.Payment(ctx, merchantID, id); err != nil {
			return store.Change{}, err
		}
		begun, free := p.Step, p
		free.Step = payment.Step{}
		if err := steppable(free); err != nil {
			return store.Change{}, err
		}
		next, err := decide(p)
		if err != nil {
			return store.Change{}, err
		}
		if begun.Kind == next.Kind && begun.Amount == next.Amount {
			return store.Change{}, nil
		}
		if begun.Kind != "" {
			return store.Change{}, begunBefore(begun)
		}
		now := a.now()
		next.ID = a.newID(now)
		p.Step, p.UpdatedAt, p.CheckAt, p.Checks = next, now, now.Add(2*gatewayTime), 0
		return store.Change{
			Payments: []payment.Payment{p},
			Events:   []event.Event{happenedTo(p, next.Kind.Begun(), byMerchant, "", now)},
		}, nil
	})
	if err != nil {
		return p, err
	}
	c, err := a.gatewayOf(ctx, merchantID, p.Attempt.Gateway)
	if err != nil {
		return p, err
	}
	return a.runStep(ctx, p, c)
}

// runStep asks the gateway to do the recorded step, which it does once however
// often it is asked, and books the answer.
func (a *App) runStep(ctx context.Context, p payment.Payment, c candidate) (payment.Payment, error) {
	if err := a.sound(); err != nil { // a step that was begun before is not committed again
		return p, err
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	ctx, end := a.about(ctx, p)
	defer end()
	capturer, ok := c.conn.(gateway.Capturer)
	if !ok {
		return a.cannotStep(ctx, p, fault.New(fault.CodeUnsupported, "payment", ""))
	}
	wanted := p.Step.Amount
	if !wanted.Valid() {
		wanted = p.Holding
	}
	amount, err := wanted.In(c.info.Unit)
	if err != nil {
		return a.cannotStep(ctx, p, err)
	}
	held := gateway.Held{Attempt: a.holding(p, c), Amount: amount, Step: p.Step.ID}
	switch p.Step.Kind {
	case payment.ToCapture:
		report := capturer.Capture(asking(ctx, toCapture), held)
		if report.Outcome == gateway.Captured {
			return a.captureHeld(ctx, p, c, report, p.Step)
		}
		return a.stepRefused(ctx, p, report)
	case payment.ToVoid:
		report := capturer.Void(asking(ctx, toVoid), held)
		if report.Outcome == gateway.Canceled {
			return a.endHold(ctx, p, payment.Cancel, byMerchant, why{})
		}
		if report.Outcome == gateway.Captured {
			return a.letGoTaken(ctx, p, c, report)
		}
		return a.stepRefused(ctx, p, report)
	case payment.ToAdjust:
		adjuster, ok := c.conn.(gateway.Adjuster)
		if !ok {
			return a.dropStep(ctx, p, fault.New(fault.CodeUnsupported, "amount", ""))
		}
		return a.bookAdjust(ctx, p, c, adjuster.Adjust(asking(ctx, toAdjust), held))
	}
	return p, fault.New(fault.CodeWrongState, "payment", "")
}

// bookAdjust books what became of an adjustment. What was taken since is held no more.
func (a *App) bookAdjust(ctx context.Context, p payment.Payment, c candidate, report gateway.Report,
) (payment.Payment, error) {
	switch {
	case report.Outcome == gateway.Authorized:
		return a.adjusted(ctx, p)
	case report.Outcome != gateway.Captured:
		return a.stepRefused(ctx, p, report)
	case inUnit(report.Amount, p.Step.Amount.Unit()) != p.Step.Amount: // the next look books it
		report.Outcome = gateway.Declined
		return a.stepRefused(ctx, p, report)
	}
	p, err := a.adjusted(ctx, p)
	if err != nil || p.State != payment.Authorized {
		return p, err
	}
	return a.lookAfterHold(ctx, p, c)
}

// cannotStep is for a step for which the gateway cannot be asked. A void stays asked for: nobody
// wants the money any more.
func (a *App) cannotStep(ctx context.Context, p payment.Payment, reason error) (payment.Payment, error) {
	if p.Step.Kind != payment.ToVoid {
		return a.dropStep(ctx, p, reason)
	}
	return a.stepRefused(ctx, p, gateway.Report{
		Outcome: gateway.Unknown, Alarm: "its gateway cannot be asked to let go of the money: " + fault.Detail(reason),
	})
}

// stepRefused ends a step to which the gateway said no, and keeps one whose
// answer is missing: it is asked for again.
func (a *App) stepRefused(ctx context.Context, p payment.Payment, r gateway.Report) (payment.Payment, error) {
	if r.Outcome == gateway.Declined && p.Step.Kind != payment.ToVoid {
		return a.dropStep(ctx, p, fault.New(fault.CodeGatewayRefused, "payment", "").
			With(fault.New(fault.CodeGatewayRefused, "", r.Word)))
	}
	err := a.update(ctx, func(reader store.Reader) (store.Change, error) {
		fresh, err := reader.Payment(ctx, p.Merchant, p.ID)
		if err != nil || fresh.State != payment.Authorized || fresh.Step.ID != p.Step.ID {
			return store.Change{}, err
		}
		now := a.now()
		fresh.Checks++
		fresh.CheckAt, fresh.UpdatedAt = now.Add(pause(fresh.Checks)), now
		var change store.Change
		why := r.Alarm
		if why == "" && fresh.Checks > patience && fresh.Attention == "" {
			why = "the gateway has not said whether it did what was asked for: " + string(fresh.Step.Kind)
		}
		if why != "" {
			called(&fresh, why, byGateway, now, &change)
		}
		change.Payments = append(change.Payments, fresh)
		return change, nil
	})
	if err != nil {
		return p, err
	}
	e := fault.New(fault.CodeGatewayUnavailable, "gateway", "")
	return p, e.Because(e.Words + " " + goesOn(p.Step, "stays asked for"))
}

// dropStep forgets a step that was not done, and gives the reason. What is
// still held is looked at soon: the gateway may know of its end.
func (a *App) dropStep(ctx context.Context, p payment.Payment, reason error) (payment.Payment, error) {
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err := r.Payment(ctx, p.Merchant, p.ID)
		if err != nil || fresh.State != payment.Authorized || fresh.Step.ID != p.Step.ID {
			return store.Change{}, err
		}
		now := a.now()
		kind := fresh.Step.Kind
		fresh.Step, fresh.UpdatedAt, fresh.CheckAt = payment.Step{}, now, now.Add(soon)
		return store.Change{
			Payments: []payment.Payment{fresh},
			Events:   []event.Event{happenedTo(fresh, kind.Dropped(), byGateway, fault.Detail(reason), now)},
		}, nil
	})
	if err != nil {
		return p, err
	}
	return p, reason
}
