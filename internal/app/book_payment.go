package app

import (
	"cmp"
	"context"
	"slices"
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

// book makes true what a gateway reported.
func (a *App) book(ctx context.Context, p payment.Payment, c candidate, r gateway.Report) (payment.Payment, error) {
	switch r.Outcome {
	case gateway.Captured:
		return a.capture(ctx, p, c, r)
	case gateway.Declined:
		return a.close(ctx, p, closing(p, payment.Decline), byGateway, declined(r))
	case gateway.Canceled:
		return a.close(ctx, p, payment.Cancel, byGateway, why{note: r.Word})
	case gateway.Expired:
		return a.close(ctx, p, closing(p, payment.Expire), byGateway, why{note: r.Word})
	case gateway.Undone:
		return a.close(ctx, p, closing(p, payment.Decline), byGateway,
			why{"the gateway gave the money back: " + r.Word, payment.GivenBack})
	case gateway.Pending:
		// The gateway itself says that nobody has paid, and its page is closed.
		if a.now().After(p.Attempt.Deadline.Add(grace)) && !r.Doubt && a.callOff(ctx, p, c) {
			return a.close(ctx, p, closing(p, payment.Expire), byGateway, why{note: r.Word})
		}
		return a.stayOpen(ctx, p, c, r)
	case gateway.Authorized:
		if p.Hold {
			return a.authorize(ctx, p, c, r)
		}
		return a.stayOpen(ctx, p, c, r)
	case gateway.Unknown:
		return a.stayOpen(ctx, p, c, r)
	}
	return a.stayOpen(ctx, p, c, r)
}

// closing is the trigger that ends a payment: a superseded one was withdrawn,
// whatever the gateway calls its end.
func closing(p payment.Payment, t payment.Trigger) payment.Trigger {
	if p.Superseded {
		return payment.Cancel
	}
	return t
}

// why is how the end of a payment is explained: to the operator in words, and to
// software, where it failed, by a reason.
type why struct {
	note   string
	reason payment.Reason
}

// declined explains what a gateway declined.
func declined(r gateway.Report) why { return why{r.Word, cmp.Or(r.Reason, payment.Refused)} }

// explain writes down why a payment ended. Only one that failed has a reason.
func (w why) explain(p *payment.Payment) {
	p.Note, p.Reason = w.note, ""
	if p.State == payment.Failed {
		p.Reason = w.reason
	}
}

// close ends a payment for which no money was taken.
func (a *App) close(ctx context.Context, p payment.Payment, t payment.Trigger, actor string, because why,
) (payment.Payment, error) {
	var fresh payment.Payment
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		if fresh, err = r.Payment(ctx, p.Merchant, p.ID); err != nil {
			return store.Change{}, err
		}
		now := a.now()
		if fresh.Attempt.Number != p.Attempt.Number {
			return store.Change{}, nil // it was tried again meanwhile: this is about a try before
		}
		if !active(fresh) {
			return unasked(fresh, now), nil // somebody else was first, or it was closed before
		}
		var change store.Change
		if fresh, err = release(ctx, r, fresh, now, &change); err != nil {
			return store.Change{}, err
		}
		fresh.UpdatedAt, fresh.CheckAt = now, never
		if fresh.Attention = lastingCall(fresh.Attention); actor == byOperator {
			fresh.Attention = "" // a person has just looked
		}
		from := fresh.State
		if from == payment.Expired { // a late payment that was none: it stays expired
			change.Payments = append(change.Payments, fresh)
			return change, nil
		}
		if fresh.State, err = payment.States.Next(from, t); err != nil {
			return store.Change{}, err
		}
		because.explain(&fresh)
		fresh.FinalizedAt = now
		change.Payments = append(change.Payments, fresh)
		change.Events = append(change.Events,
			happened(event.Payment, p.Merchant, p.ID, from, t, fresh.State, actor, because.note, now))
		return change, nil
	})
	return fresh, err
}

// closeAtWord is close at a person's word, which is refused where somebody else was first: the
// payment is in none of the states that it ends in, its money came, or it was tried again.
func (a *App) closeAtWord(ctx context.Context, p payment.Payment, t payment.Trigger, actor string, because why,
	ends ...payment.State,
) (payment.Payment, error) {
	fresh, err := a.close(ctx, p, t, actor, because)
	if err == nil && (!slices.Contains(ends, fresh.State) || fresh.Attempt.Receipt != "" ||
		fresh.Attempt.Number != p.Attempt.Number) {
		err = fault.New(fault.CodeWrongState, "payment", "")
	}
	return fresh, err
}

// unasked stops the questions about a payment that was closed before.
func unasked(p payment.Payment, now time.Time) store.Change {
	if !closedAndDue(p) {
		return store.Change{}
	}
	p.CheckAt, p.UpdatedAt = never, now
	return store.Change{Payments: []payment.Payment{p}}
}

// patience is how often a gateway may answer nothing that we understand before
// a person is called. The asking goes on.
const patience = 5

// pauseAt is how long to wait before the next question: little while a payer
// has a telephone in hand, more and more otherwise.
func pauseAt(c candidate, p payment.Payment, now time.Time) time.Duration {
	if c.info.Poll > 0 && now.Before(p.Attempt.Deadline.Add(grace)) {
		return c.info.Poll
	}
	return pause(p.Checks)
}

// stayOpen records an answer that decides nothing. Room stays reserved while
// an answer that may have taken the money is missing.
func (a *App) stayOpen(ctx context.Context, p payment.Payment, c candidate, report gateway.Report,
) (payment.Payment, error) {
	var fresh payment.Payment
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		fresh, err = r.Payment(ctx, p.Merchant, p.ID)
		if err != nil || fresh.Attempt.Number != p.Attempt.Number {
			return store.Change{}, err
		}
		now := a.now()
		if !active(fresh) {
			return stayClosed(fresh, report, now), nil
		}
		var change store.Change
		if report.Outcome == gateway.Pending && !report.Doubt {
			if fresh, err = releaseOpen(ctx, r, fresh, now, &change); err != nil {
				return store.Change{}, err
			}
		}
		fresh.Checks++
		fresh.CheckAt, fresh.UpdatedAt = now.Add(pauseAt(c, fresh, now)), now
		fresh.Attempt.Doubtful = fresh.Attempt.Doubtful || report.Doubt
		why := report.Alarm
		asked := fresh.Checks > patience && pauseAt(c, fresh, now) >= firstCheck // not while it is asked every few seconds
		if why == "" && asked && report.Outcome == gateway.Unknown && fresh.Attention == "" {
			why = "the gateway has not said whether this payment was made"
		}
		if why != "" {
			called(&fresh, why, byGateway, now, &change)
		}
		change.Payments = append(change.Payments, fresh)
		return change, nil
	})
	return fresh, err
}

// capture books money that the gateway says it has taken: into the invoice
// where it has room, into suspense where it has not.
func (a *App) capture(ctx context.Context, p payment.Payment, c candidate, report gateway.Report,
) (payment.Payment, error) {
	if why := mismatch(p, c, report); why != "" {
		return p, a.flag(ctx, p, why)
	}
	fresh, stale, found, err := a.bookTaken(ctx, p, c, report, lastingCall)
	if err == nil && stale {
		return fresh, a.flag(ctx, fresh, earlierTry)
	}
	if err == nil && found == busy && fresh.State == payment.Processing {
		return fresh, a.checkAgain(ctx, fresh, soon)
	}
	if fault.Is(err, fault.CodeDuplicate) {
		return p, a.flag(ctx, p, "the gateway named a receipt that belongs to another payment")
	}
	return fresh, err
}

// bookTaken is capture without a word to anybody about what it found instead: that the money
// is for a try before, or that another payment is being verified for the same room. What
// stays of a call for a person is left.
func (a *App) bookTaken(ctx context.Context, p payment.Payment, c candidate, report gateway.Report,
	left func(string) string,
) (fresh payment.Payment, stale bool, found room, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err = r.Payment(ctx, p.Merchant, p.ID)
		stale = fresh.Attempt.Number != p.Attempt.Number
		// Where somebody learned meanwhile that the money is held, lookAfterHold goes on.
		if err != nil || stale || !askable(fresh) || fresh.State == payment.Authorized {
			return store.Change{}, err
		}
		i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		change := store.Change{Claims: []store.Claim{{
			Merchant: p.Merchant, Kind: store.ReceiptClaim,
			Key: sessionKey(c.info.Connector, report.Receipt), Subject: p.ID,
		}}}
		fresh.Attempt.Receipt, fresh.Attempt.Fee = report.Receipt, inUnit(report.Fee, p.Amount.Unit())
		fresh.UpdatedAt, fresh.CheckAt, fresh.Attention = now, never, left(fresh.Attention)
		if report.Card != "" {
			fresh.Card = report.Card
		}
		if !fresh.Reserved {
			if i, found = placeOf(i, fresh); found == busy && fresh.State == payment.Processing {
				return store.Change{}, nil
			} else if found != enough {
				return a.toSuspense(&fresh, now, change)
			}
		}
		return a.collect(ctx, r, &fresh, i, now, change)
	})
	return fresh, stale, found, err
}

// mismatch says why a positive answer cannot be ours; empty when it is.
func mismatch(p payment.Payment, c candidate, r gateway.Report) string {
	return mismatchOf(p.Amount, c, r)
}

// mismatchOf says it of an amount.
func mismatchOf(amount money.Amount, c candidate, r gateway.Report) string {
	if r.Receipt == "" {
		return "the gateway says paid but names no receipt"
	}
	if !r.Amount.Valid() {
		return ""
	}
	ours, err := amount.In(c.info.Unit)
	if err != nil || ours != r.Amount {
		return otherwisePay + r.Amount.String() + " instead of " + amount.String()
	}
	return ""
}

// inUnit expresses what a gateway told in the payment's unit; not valid when
// it cannot be expressed exactly or was not told.
func inUnit(a money.Amount, u money.Unit) money.Amount {
	if !a.Valid() {
		return a
	}
	there, err := a.In(u)
	if err != nil {
		return money.Amount{}
	}
	return there
}

// collect makes the money the merchant's.
func (a *App) collect(ctx context.Context, r store.Reader, p *payment.Payment, i invoice.Invoice, now time.Time,
	change store.Change,
) (store.Change, error) {
	if err := take(ctx, r, p, i, now, byGateway, &change); err != nil {
		return change, err
	}
	cause := ledger.Cause{Merchant: p.Merchant, Subject: p.ID, At: now}
	rule, names := takingOf(i, *p)
	if err := a.postFor(&change, rule, cause, names, p.Amount); err != nil {
		return change, err
	}
	if p.Attempt.Fee.Sign() > 0 {
		if err := a.post(&change, ledger.RuleFee, cause, p.Attempt.Gateway, p.Attempt.Fee); err != nil {
			return change, err
		}
	}
	return change, nil
}

// lateMoney is how the call for a person begins where money came for a closed payment: to
// keep it, or to give it back.
const lateMoney = "late money: "

// take moves a payment whose money came, and its invoice, in which the amount
// is set aside.
func take(ctx context.Context, r store.Reader, p *payment.Payment, i invoice.Invoice, now time.Time, actor string,
	change *store.Change,
) error {
	trigger := payment.Capture
	if p.State != payment.Processing && p.State != payment.Authorized {
		trigger = payment.ArriveLate
		p.Attention = calledFor(p.Attention, lateMoney+"it was "+string(p.State)+" before it came")
	}
	from := p.State
	var err error
	if p.State, err = payment.States.Next(from, trigger); err != nil {
		return err
	}
	p.Reserved, p.FinalizedAt, p.Note, p.Reason = false, now, "", ""
	if i, err = i.Capture(p.Amount); err != nil {
		return err
	}
	i.UpdatedAt = now
	change.Events = append(change.Events,
		happened(event.Payment, p.Merchant, p.ID, from, trigger, p.State, actor, "", now))
	if i.State == invoice.Open && i.Full() { // or it was paid before, and is paid twice
		if i, err = pay(i, now, change, actor); err != nil {
			return err
		}
	}
	if i, err = useLink(ctx, r, i, *p); err != nil {
		return err
	}
	change.Invoices, change.Payments = append(change.Invoices, i), append(change.Payments, *p)
	return nil
}

// advance moves an invoice through the given triggers, with one event each.
func advance(i invoice.Invoice, now time.Time, change *store.Change, actor string, triggers ...invoice.Trigger,
) (invoice.Invoice, error) {
	for _, t := range triggers {
		from := i.State
		to, err := invoice.States.Next(from, t)
		if err != nil {
			return i, err
		}
		i.State, i.UpdatedAt = to, now
		change.Events = append(change.Events, happened(event.Invoice, i.Merchant, i.ID, from, t, to, actor, "", now))
	}
	return i, nil
}

// useLink marks the invoice's link as used once its amount came in through it.
func useLink(ctx context.Context, r store.Reader, i invoice.Invoice, p payment.Payment) (invoice.Invoice, error) {
	if p.Link == "" || p.Link != i.Link.Token || i.Link.Kind == invoice.OpenAmount {
		return i, nil
	}
	paid, err := paidThrough(ctx, r, i) // before this payment's own
	if err != nil {
		return i, err
	}
	if paid, err = paid.Add(p.Amount); err != nil {
		return i, err
	}
	over, err := paid.Cmp(i.Link.Amount)
	i.Link.Used = i.Link.Used || over >= 0
	return i, err
}

// paidThrough sums what was ever collected through the invoice's link.
func paidThrough(ctx context.Context, r store.Reader, i invoice.Invoice) (money.Amount, error) {
	sum := money.Zero(i.Amount.Unit())
	all, err := r.PaymentsOf(ctx, i.Merchant, i.ID)
	if err != nil {
		return sum, err
	}
	for _, p := range all {
		if p.Link == i.Link.Token && !p.FinalizedAt.IsZero() &&
			(p.Collected() || p.State == payment.Reversed || p.State == payment.Refunded) {
			if sum, err = sum.Add(p.Amount); err != nil {
				return sum, err
			}
		}
	}
	return sum, nil
}

// takingOf is the rule under which a gateway's payment of an invoice is booked.
func takingOf(i invoice.Invoice, p payment.Payment) (ledger.Rule, ledger.Names) {
	names := ledger.Names{Gateway: p.Attempt.Gateway}
	switch {
	case i.Account != 0:
		names.Owner = ownerOf(i.Account)
		return ledger.RuleDeposited, names
	case i.VerifyIn > 0:
		return ledger.RuleHeld, names
	default:
		return ledger.RuleCaptured, names
	}
}

// post books one rule into the change.
func (a *App) post(change *store.Change, rule ledger.Rule, cause ledger.Cause, gatewayName string, amount money.Amount,
) error {
	return a.postFor(change, rule, cause, ledger.Names{Gateway: gatewayName}, amount)
}

// postFor books one rule in which more than a gateway may take part.
func (a *App) postFor(change *store.Change, rule ledger.Rule, cause ledger.Cause, n ledger.Names, amount money.Amount,
) error {
	cause.Entry = a.newID(cause.At)
	entry, err := ledger.Book(rule, cause, n, amount)
	if err != nil {
		return err
	}
	change.Entries = append(change.Entries, entry)
	return nil
}

// toSuspense books money that the gateway took although nobody has room for
// it, and opens its way back. The payment ends without having been collected.
func (a *App) toSuspense(p *payment.Payment, now time.Time, change store.Change) (store.Change, error) {
	const note = "the gateway took money that the invoice has no room for: it is on its way back"
	from := p.State
	if from == payment.Processing || from == payment.Authorized {
		to, err := payment.States.Next(from, payment.Decline)
		if err != nil {
			return change, err
		}
		p.State = to
	}
	why{note, payment.NoRoom}.explain(p)
	p.Attention, p.FinalizedAt = calledFor(p.Attention, note), now
	change.Payments = append(change.Payments, *p)
	change.Events = append(change.Events,
		happened(event.Payment, p.Merchant, p.ID, from, payment.Decline, p.State, byGateway, note, now))
	err := a.giveFromSuspense(*p, p.Amount, "no room on the invoice", now, &change)
	return change, err
}

// giveFromSuspense sends back what a gateway took and nothing here has a place for.
func (a *App) giveFromSuspense(p payment.Payment, amount money.Amount, reason string, now time.Time,
	change *store.Change,
) error {
	cause := ledger.Cause{Merchant: p.Merchant, Subject: p.ID, At: now}
	if err := a.post(change, ledger.RuleLate, cause, p.Attempt.Gateway, amount); err != nil {
		return err
	}
	back := refund.Refund{
		ID: a.newID(now), Merchant: p.Merchant, State: refund.Requested, Payment: p.ID, Amount: amount,
		Source: refund.FromSuspense, Gateway: p.Attempt.Gateway, Reason: reason,
		CheckAt: now, CreatedAt: now, UpdatedAt: now,
	}
	change.Refunds = append(change.Refunds, back)
	change.Events = append(change.Events,
		happened(event.Refund, p.Merchant, back.ID, "", create, back.State, byWorker, reason, now))
	return nil
}
