package app

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// How long we wait between two questions about an open payment: the last one
// repeats for ever, because no timer decides an unknown outcome.
var pauses = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour,
}

const (
	firstCheck = time.Minute     // after the payer was sent away
	soon       = 5 * time.Second // when only another payment's verification is in the way
	holdCheck  = 6 * time.Hour   // while a payer's bank holds money
	grace      = time.Minute     // beyond a page's deadline, for clocks that differ
)

// never is the CheckAt of what waits for no gateway.
var never time.Time

func pause(checks int) time.Duration { return pauses[min(checks, len(pauses)-1)] }

// ReturnPayer takes what a payer's browser brought back from a gateway. It is
// a hint: the answer comes from our own question to the gateway.
// Error: payment_not_found when the return belongs to no attempt of ours, or
// pairs one attempt's token with another's session; nothing changes then.
func (a *App) ReturnPayer(ctx context.Context, query map[string][]string) (payment.Payment, error) {
	p, notice, trusted, err := a.returned(ctx, query)
	if err != nil {
		return payment.Payment{}, err
	}
	ctx, end := a.about(ctx, p)
	defer end()
	heard(ctx, byReturn, gateway.MaskedFields(query))
	if trusted && notice.Word != "" && p.Attempt.Word != notice.Word && p.State == payment.Processing {
		if err := a.noteReturn(ctx, p, notice); err != nil {
			return payment.Payment{}, err
		}
	}
	return a.resolveOnce(ctx, p, hint{good: notice.Good, actor: byPayer})
}

// returned finds the attempt that a return speaks of. Only one that carries
// the attempt's token is trusted to be about this payer.
func (a *App) returned(ctx context.Context, query map[string][]string) (
	p payment.Payment, n gateway.Notice, trusted bool, err error,
) {
	unknown := fault.New(fault.CodePaymentNotFound, "payment", "")
	if token := first(query["t"]); token != "" {
		if p, err = a.PaymentByToken(ctx, token); err != nil {
			return p, n, false, err
		}
		c, err := a.gatewayOf(ctx, p.Merchant, p.Attempt.Gateway)
		if err != nil {
			return p, n, false, err
		}
		reader, ok := c.conn.(gateway.Returner)
		if !ok {
			return p, n, true, nil
		}
		n, ok = reader.ReadReturn(query)
		if n.Session == "" && n.Short != "" && n.Short == p.Attempt.Short {
			n.Session = p.Attempt.Session // some providers' browsers bring only our own id back
		}
		if !ok || n.Session != p.Attempt.Session {
			return p, n, false, unknown
		}
		return p, n, true, nil
	}
	for _, r := range a.returners {
		n, ok := r.ReadReturn(query)
		if !ok {
			continue
		}
		claim, err := a.store.Claimed(ctx, "", store.SessionClaim, sessionKey(r.Connector, n.Session))
		if err != nil {
			return p, n, false, unknown
		}
		p, err = a.store.Payment(ctx, claim.Merchant, claim.Subject)
		return p, n, false, err
	}
	return p, n, false, unknown
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// anyPayment finds a payment by an id that nobody can guess.
func (a *App) anyPayment(ctx context.Context, id string) (payment.Payment, error) {
	owner, err := a.store.Owner(ctx, event.Payment, id)
	if err != nil {
		return payment.Payment{}, err
	}
	return a.store.Payment(ctx, owner, id)
}

// noteReturn keeps what the browser said, for gateways that have no question
// that changes nothing.
func (a *App) noteReturn(ctx context.Context, p payment.Payment, n gateway.Notice) error {
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err := r.Payment(ctx, p.Merchant, p.ID)
		if err != nil || fresh.State != payment.Processing || fresh.Attempt.Session != n.Session ||
			fresh.Attempt.Word == n.Word {
			return store.Change{}, err
		}
		now := a.now()
		fresh.Attempt.Word, fresh.UpdatedAt = n.Word, now
		return store.Change{
			Payments: []payment.Payment{fresh},
			Events:   []event.Event{happenedTo(fresh, payment.Return, byPayer, "browser says "+n.Word, now)},
		}, nil
	})
}

// hint is why a payment is asked about.
type hint struct {
	good  bool // somebody claims that it is paid
	actor string
}

// ResolvePayment asks the gateway about a payment and books what it says.
// It may be called any number of times, by anybody.
func (a *App) ResolvePayment(ctx context.Context, merchantID, id string) (payment.Payment, error) {
	p, err := a.store.Payment(ctx, merchantID, id)
	if err != nil {
		return p, err
	}
	return a.resolveOnce(ctx, p, hint{actor: byWorker})
}

// resolveOnce lets equal questions that arrive together share one answer. It
// only spares calls: that money is booked once is the store's promise.
func (a *App) resolveOnce(ctx context.Context, p payment.Payment, h hint) (payment.Payment, error) {
	key := p.Merchant + "/" + p.ID
	if h.good {
		key += "/good"
	}
	if err := a.sound(); err != nil {
		return p, err
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	done, err, _ := a.resolving.Do(key, func() (any, error) { return a.resolve(ctx, p.Merchant, p.ID, h) })
	if err != nil {
		return p, err
	}
	resolved, _ := done.(payment.Payment)
	return resolved, nil
}

// resolve asks without changing anything where the gateway can be asked so,
// makes sure of room on the invoice, and only then asks for the money.
func (a *App) resolve(ctx context.Context, merchantID, id string, h hint) (payment.Payment, error) {
	p, err := a.store.Payment(ctx, merchantID, id)
	if err != nil {
		return p, err
	}
	if !askable(p) || p.Attempt.Gateway == "" { // of a deal nobody can be asked: people decide
		return p, a.stopAsking(ctx, p)
	}
	c, err := a.gatewayOf(ctx, merchantID, p.Attempt.Gateway)
	if err != nil {
		return p, err
	}
	ctx, end := a.about(ctx, p)
	defer end()
	if p.Attempt.Session == "" {
		return a.abandon(ctx, p, c)
	}
	if p.State == payment.Authorized {
		return a.lookAfterHold(ctx, p, c)
	}
	over := a.now().After(p.Attempt.StartedAt.Add(2 * gatewayTime)) // the call that carried the card, if any
	if g, ok := passedOn(p, c); ok && over && p.State == payment.Processing {
		return a.askCharge(ctx, p, c, g)
	}
	if c.info.CanLook && !p.Reserved && (p.State != payment.Processing || !h.good) {
		report := c.conn.Resolve(asking(ctx, toLook), a.attempt(p, c, ""), gateway.Look)
		if report.Outcome != gateway.Authorized || !takeable(p) {
			return a.book(ctx, p, c, report)
		}
	}
	if !takeable(p) {
		return p, a.stopAsking(ctx, p)
	}
	return a.askForMoney(ctx, p, c, h)
}

// askForMoney takes what the gateway has, if the invoice has room for it.
func (a *App) askForMoney(ctx context.Context, p payment.Payment, c candidate, h hint) (payment.Payment, error) {
	if !c.info.CanLook && !p.Reserved && !h.good && p.Attempt.Word == "" && a.now().Before(p.Attempt.Deadline) {
		// Asking would set the amount aside and keep other payers out, while
		// nothing says that this one has paid. Ask when its page is closed.
		return p, a.checkAgain(ctx, p, p.Attempt.Deadline.Add(grace).Sub(a.now()))
	}
	if c.info.VerifyCaptures {
		room, fresh, err := a.reserve(ctx, p, h)
		if err != nil || !askable(fresh) {
			return fresh, err
		}
		if p = fresh; room != enough {
			return a.leave(ctx, p, c, h, room)
		}
	}
	return a.book(ctx, p, c, c.conn.Resolve(asking(ctx, toTake), a.attempt(p, c, ""), gateway.Take))
}

// askable says that the gateway's word could still change it. Closed ones are
// asked because late money wins over early pessimism.
func askable(p payment.Payment) bool {
	switch p.State {
	case payment.Processing, payment.Authorized:
		return true
	case payment.Failed, payment.Canceled, payment.Expired:
		return p.Attempt.Session != "" && p.Attempt.Receipt == ""
	case payment.Waiting, payment.Captured, payment.Settled, payment.Reversed, payment.Refunded:
		return false
	}
	return false
}

// takeable says that we would take the money if the gateway has it: it was
// never decided otherwise. An expired payment was only too slow.
func takeable(p payment.Payment) bool {
	return p.State == payment.Processing || p.State == payment.Expired
}

// active says that an answer of the gateway is being waited for.
func active(p payment.Payment) bool {
	return p.State == payment.Processing || (p.State == payment.Expired && p.Reserved)
}

// room says whether an invoice can take a payment.
type room int

const (
	none   room = iota // closed, or it would be over-collected
	enough             // the amount is set aside for this payment
	busy               // another payment is being verified: ask again soon
)

// setAside reserves an amount on an invoice, or says why it cannot.
func setAside(i invoice.Invoice, amount money.Amount) (invoice.Invoice, room) {
	held, err := i.Reserve(amount)
	switch {
	case err == nil:
		return held, enough
	case i.Takes(amount) == nil:
		return i, busy
	default:
		return i, none
	}
}

// placeOf sets the amount of a payment aside, or says why it cannot: the money of one that
// was withdrawn is not wanted, whatever its invoice asks for besides.
func placeOf(i invoice.Invoice, p payment.Payment) (invoice.Invoice, room) {
	if p.Withdrawn {
		return i, none
	}
	return setAside(i, p.Amount)
}

// reserve sets the payment's amount aside on its invoice, so that no other
// payment can be captured into the same room while the gateway is asked.
func (a *App) reserve(ctx context.Context, p payment.Payment, h hint) (found room, fresh payment.Payment, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if fresh, err = r.Payment(ctx, p.Merchant, p.ID); err != nil {
			return store.Change{}, err
		}
		if found = enough; fresh.Reserved || !takeable(fresh) {
			return store.Change{}, nil
		}
		i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		held, room := placeOf(i, fresh)
		if found = room; found != enough {
			return store.Change{}, nil
		}
		now := a.now()
		fresh.Reserved, fresh.UpdatedAt, held.UpdatedAt = true, now, now
		// Should this process die before the answer is on record, the worker asks again.
		fresh.CheckAt = now.Add(2 * gatewayTime)
		change := store.Change{Invoices: []invoice.Invoice{held}}
		if !fresh.Attempt.Weighed { // once: a payer who comes back again and again adds nothing to the history
			fresh.Attempt.Weighed = true
			change.Events = []event.Event{happenedTo(fresh, payment.Reserve, h.actor, "", now)}
		}
		change.Payments = []payment.Payment{fresh}
		return change, nil
	})
	if err == nil {
		// What was written has the next version; reading it again is simpler than guessing.
		fresh, err = a.store.Payment(ctx, p.Merchant, p.ID)
	}
	return found, fresh, err
}

// leave ends a payment whose invoice has no room: the money is not taken, so
// the gateway gives it back to the payer by itself.
func (a *App) leave(ctx context.Context, p payment.Payment, c candidate, h hint, found room) (payment.Payment, error) {
	if found == busy {
		return p, a.checkAgain(ctx, p, soon)
	}
	// Without a word that somebody paid, the page may still be open: wait for its end.
	if !h.good && !c.info.CanLook && a.now().Before(p.Attempt.Deadline.Add(grace)) {
		return p, a.checkAgain(ctx, p, pause(p.Checks))
	}
	if h.good && c.info.CanLook {
		// It may be taken already, where the gateway verifies by itself.
		report := c.conn.Resolve(asking(ctx, toLook), a.attempt(p, c, ""), gateway.Look)
		if report.Outcome != gateway.Authorized {
			return a.book(ctx, p, c, report)
		}
	}
	return a.close(ctx, p, payment.Decline, h.actor,
		why{"the invoice has no room for it: the money was left to go back", payment.NoRoom})
}

// checkAgain sets the time of the next question, while there is one to ask.
func (a *App) checkAgain(ctx context.Context, p payment.Payment, after time.Duration) error {
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err := r.Payment(ctx, p.Merchant, p.ID)
		if err != nil || !active(fresh) && fresh.CheckAt.IsZero() {
			return store.Change{}, err
		}
		now := a.now()
		return store.Change{Payments: []payment.Payment{askedAgain(fresh, now, after)}}, nil
	})
}

// askedAgain is a payment that is asked about once more after a time; never, where its end
// is known.
func askedAgain(p payment.Payment, now time.Time, after time.Duration) payment.Payment {
	p.UpdatedAt, p.CheckAt = now, never
	if askable(p) {
		p.Checks++
		p.CheckAt = now.Add(after)
	}
	return p
}

// stopAsking takes a payment about which nobody can be asked off the list of those that are
// due, where it would keep its place for ever.
func (a *App) stopAsking(ctx context.Context, p payment.Payment) error {
	if p.CheckAt.IsZero() {
		return nil
	}
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err := r.Payment(ctx, p.Merchant, p.ID)
		if err != nil || fresh.CheckAt.IsZero() || fresh.State != p.State || fresh.Attempt.Number != p.Attempt.Number {
			return store.Change{}, err
		}
		fresh.CheckAt, fresh.UpdatedAt = never, a.now()
		return store.Change{Payments: []payment.Payment{fresh}}, nil
	})
}

// putOff asks later about a payment that was closed before, of which its gateway says nothing.
func putOff(p payment.Payment, now time.Time) store.Change {
	if !closedAndDue(p) {
		return store.Change{}
	}
	return store.Change{Payments: []payment.Payment{askedAgain(p, now, pause(p.Checks+1))}}
}

// stayClosed records an answer that decides nothing about a payment that was closed before. An
// alarm calls a person for it too.
func stayClosed(p payment.Payment, report gateway.Report, now time.Time) store.Change {
	if report.Alarm != "" && askable(p) {
		return flagged(p, report.Alarm, byGateway, now)
	}
	return putOff(p, now)
}

// closedAndDue says that a payment has ended without money and is asked about all the same:
// somebody was called for it.
func closedAndDue(p payment.Payment) bool {
	closed := p.State == payment.Failed || p.State == payment.Canceled || p.State == payment.Expired
	return closed && !p.CheckAt.IsZero()
}

// abandon ends an attempt whose start was never answered. Where that is
// harmless nobody was sent to a page, so nobody can pay it.
func (a *App) abandon(ctx context.Context, p payment.Payment, c candidate) (payment.Payment, error) {
	if p.State != payment.Processing || a.now().Before(p.CheckAt) {
		return p, nil
	}
	if g, ok := passedOn(p, c); ok {
		return a.askCharge(ctx, p, c, g)
	}
	if !c.info.LostStartIsHarmless {
		return p, a.flag(ctx, p, "the gateway never answered whether it opened this payment")
	}
	return a.close(ctx, p, payment.Decline, byWorker, why{"no gateway opened a page", payment.NotOpened})
}

// flag puts a payment on the list of what waits for a person.
func (a *App) flag(ctx context.Context, p payment.Payment, why string) error {
	return a.flagWhile(ctx, p, why, func(payment.Payment) bool { return true })
}

// flagWhile is flag while a condition holds for the payment as it is stored.
func (a *App) flagWhile(ctx context.Context, p payment.Payment, why string, while func(payment.Payment) bool) error {
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		fresh, err := r.Payment(ctx, p.Merchant, p.ID)
		if err != nil || !while(fresh) {
			return store.Change{}, err
		}
		return flagged(fresh, why, byWorker, a.now()), nil
	})
}
