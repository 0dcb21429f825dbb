package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// ResolveDue asks the gateways about every payment, refund and payout that is due, up
// to limit of each, and says how many it looked after. One that fails or hangs
// does not keep the others waiting.
func (a *App) ResolveDue(ctx context.Context, limit int) (int, error) {
	payments, err := a.store.DuePayments(ctx, a.now(), limit)
	if err != nil {
		return 0, err
	}
	// All are read before any is asked about: what a payment brings forth here, such
	// as the refund of one that came late, waits for the next turn, always.
	refunds, failed := a.store.DueRefunds(ctx, a.now(), limit)
	sent, failure := a.store.PayoutsToAsk(ctx, a.now(), limit)
	var asking errgroup.Group
	asking.SetLimit(a.atOnce(askedAtOnce))
	for _, p := range payments {
		asking.Go(func() error {
			a.lookAfterPayment(ctx, p)
			return nil
		})
	}
	for _, b := range refunds {
		asking.Go(func() error {
			a.lookAfterRefund(ctx, b)
			return nil
		})
	}
	for _, p := range sent {
		asking.Go(func() error {
			a.lookAfterPayout(ctx, p)
			return nil
		})
	}
	_ = asking.Wait() // each reports its own failure
	return len(payments) + len(refunds) + len(sent), errors.Join(failed, failure)
}

// askedAtOnce bounds how many gateways are being asked by one worker, so that
// one that hangs does not keep the others waiting.
const askedAtOnce = 8

// atOnce is how many things may be done at the same time: as many as usual, unless
// the server is alone.
func (a *App) atOnce(usual int) int {
	if a.alone {
		return 1
	}
	return usual
}

func (a *App) lookAfterPayment(ctx context.Context, p payment.Payment) {
	if ctx.Err() != nil {
		return
	}
	if _, err := a.resolveOnce(ctx, p, hint{actor: byWorker}); err != nil {
		a.log.WarnContext(ctx, "payment could not be resolved", slog.String("merchant", p.Merchant),
			slog.String("payment", p.ID), slog.String("error", fault.Detail(err)))
		_ = a.checkAgain(ctx, p, pause(p.Checks)) // it stays due when this fails too
	}
}

func (a *App) lookAfterRefund(ctx context.Context, b refund.Refund) {
	if ctx.Err() != nil {
		return
	}
	if _, err := a.ResolveRefund(ctx, b.Merchant, b.ID); err != nil {
		a.log.WarnContext(ctx, "refund could not be resolved", slog.String("merchant", b.Merchant),
			slog.String("refund", b.ID), slog.String("error", fault.Detail(err)))
		_, _ = a.askLater(ctx, b, gateway.ReturnReport{Outcome: gateway.ReturnUnsure}) // it stays due when this fails too
	}
}

// ExpireDue closes open invoices whose due time has passed and that nobody is
// paying at this moment, up to limit, and says how many.
func (a *App) ExpireDue(ctx context.Context, limit int) (int, error) {
	due, err := a.store.DueInvoices(ctx, a.now(), limit)
	if err != nil {
		return 0, err
	}
	closed := 0
	var failures []error
	for _, i := range due {
		done, err := a.expire(ctx, i.Merchant, i.ID)
		if err != nil { // one that fails keeps no other waiting
			failures = append(failures, fmt.Errorf("expire invoice %s of merchant %s: %w", i.ID, i.Merchant, err))
		} else if done {
			closed++
		}
	}
	return closed, errors.Join(failures...)
}

func (a *App) expire(ctx context.Context, merchantID, id string) (done bool, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		done = false
		i, err := r.Invoice(ctx, merchantID, id)
		if err != nil || i.State != invoice.Open || i.Due.IsZero() || a.now().Before(i.Due) {
			return store.Change{}, err
		}
		if i.Reserved.Sign() > 0 {
			return store.Change{}, nil // the end of what is being verified decides, such as of late money
		}
		paying, err := beingPaid(ctx, r, i, nil)
		if err != nil || paying {
			return store.Change{}, err // its end decides
		}
		var change store.Change
		if i, err = advance(i, a.now(), &change, byWorker, invoice.Expire); err != nil {
			return store.Change{}, err
		}
		change.Invoices, done = []invoice.Invoice{i}, true
		return change, nil
	})
	return done, err
}

// SweepGateways looks through what gateways hold as paid and unverified, and
// resolves what is ours: payers whose return was lost. Entries of other
// systems on the same contract are left alone.
func (a *App) SweepGateways(ctx context.Context) (int, error) {
	found := 0
	var failures []error
	for offset := 0; ; offset += sweepPage {
		merchants, err := a.store.Merchants(ctx, Page{Limit: sweepPage, Offset: offset})
		if err != nil {
			return found, err
		}
		for _, m := range merchants {
			n, err := a.sweepMerchant(ctx, m.ID)
			found += n
			failures = append(failures, err)
		}
		if len(merchants) < sweepPage {
			return found, errors.Join(failures...)
		}
	}
}

const sweepPage = 100

func (a *App) sweepMerchant(ctx context.Context, merchantID string) (int, error) {
	known, err := a.Gateways(ctx, merchantID)
	if err != nil {
		return 0, err
	}
	found := 0
	var failures []error
	for _, g := range known {
		c, err := a.open(g)
		if err != nil {
			continue // route says so to whoever wants to use it
		}
		n, err := a.sweep(ctx, merchantID, c)
		found += n
		if err != nil { // one that fails keeps no other waiting
			failures = append(failures, fmt.Errorf("sweep %s of merchant %s: %w", g.Name, merchantID, err))
		}
	}
	return found, errors.Join(failures...)
}

// sweep looks through one gateway of a merchant.
func (a *App) sweep(ctx context.Context, merchantID string, c candidate) (int, error) {
	sweeper, ok := c.conn.(gateway.Sweeper)
	if !ok {
		return 0, nil
	}
	unclaimed, err := sweeper.Sweep(ctx)
	if err != nil {
		return 0, err
	}
	found := 0
	var failures []error
	for _, u := range unclaimed {
		claim, err := a.store.Claimed(ctx, merchantID, store.SessionClaim, sessionKey(c.info.Connector, u.Session))
		if fault.Is(err, fault.CodeNotFound) {
			continue
		}
		if err == nil {
			_, err = a.ResolvePayment(ctx, merchantID, claim.Subject)
		}
		if err != nil {
			failures = append(failures, err)
			continue
		}
		found++
	}
	return found, errors.Join(failures...)
}

// Attention lists what waits for a person.
func (a *App) Attention(ctx context.Context) ([]store.Waiting, error) { return a.store.Attention(ctx) }

// Confirmation is an operator's word about a payment whose gateway knows none.
type Confirmation struct {
	Payment  string
	Receipt  string // of the bank or the till; unique
	Paid     bool   // false: the money did not come
	Operator string // who says so
	Note     string
}

// ConfirmPayment takes an operator's word for a payment that only a person can
// confirm: one whose gateway has no answer of its own, or one that a person was
// called for. Where its money was taken, the word with the receipt of that money
// says that a person has looked. Errors: payment_not_found, unsupported when its gateway answers
// for itself, parameter_missing, wrong_state, duplicate with the parameter
// "receipt" when another payment has it.
func (a *App) ConfirmPayment(ctx context.Context, merchantID string, n Confirmation) (payment.Payment, error) {
	if strings.TrimSpace(n.Operator) == "" {
		return payment.Payment{}, fault.New(fault.CodeParameterMissing, "operator", "")
	}
	if n.Paid && strings.TrimSpace(n.Receipt) == "" {
		return payment.Payment{}, fault.New(fault.CodeParameterMissing, "receipt", "")
	}
	p, err := a.Payment(ctx, merchantID, n.Payment)
	if err != nil {
		return p, err
	}
	c, err := a.confirmable(ctx, p)
	if err != nil {
		return p, err
	}
	if looked(p, n) {
		return a.lookedAt(ctx, p, n)
	}
	if p.State == payment.Authorized {
		return p, errHeld()
	}
	if !n.Paid && !active(p) {
		return p, fault.New(fault.CodeWrongState, "payment", "")
	}
	if !n.Paid {
		return a.closeAtWord(ctx, p, payment.Decline, byOperator,
			why{n.Operator + ": " + n.Note, payment.NotReceived}, payment.Failed, payment.Expired)
	}
	has, err := a.store.Claimed(ctx, merchantID, store.ReceiptClaim, sessionKey(c.info.Connector, n.Receipt))
	if err == nil && has.Subject != p.ID {
		return p, fault.New(fault.CodeDuplicate, "receipt", "")
	}
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		return p, err
	}
	if p, err = a.noteConfirmation(ctx, p, n); err != nil {
		return p, err
	}
	fresh, stale, found, err := a.bookTaken(ctx, p, c, gateway.Report{Outcome: gateway.Captured, Receipt: n.Receipt},
		func(string) string { return "" })
	switch {
	case fault.Is(err, fault.CodeDuplicate):
		return p, fault.New(fault.CodeDuplicate, "receipt", "")
	case err == nil && found == busy && fresh.State == payment.Processing:
		return p, errBusy()
	case err == nil && (stale || fresh.Attempt.Receipt != n.Receipt): // or somebody else was first
		return p, fault.New(fault.CodeWrongState, "payment", "")
	}
	return fresh, err
}

// confirmable is the gateway of a payment of which a person may say what became of it.
// Errors: unsupported, wrong_state when it never had a gateway, gateway_not_found.
func (a *App) confirmable(ctx context.Context, p payment.Payment) (candidate, error) {
	switch {
	case ofDeal(p):
		return candidate{}, fault.New(fault.CodeUnsupported, "payment", "A deal brings it: confirm or reject the deal.")
	case p.Attempt.Gateway == "":
		return candidate{}, fault.New(fault.CodeWrongState, "payment", "")
	}
	c, err := a.gatewayOf(ctx, p.Merchant, p.Attempt.Gateway)
	if err != nil {
		return c, err
	}
	if g, ok := c.conn.(gateway.Confirmer); (!ok || !g.Confirmable()) && p.Attention == "" {
		return c, fault.New(fault.CodeUnsupported, "payment", "Its gateway answers for itself.")
	}
	return c, nil
}

// errBusy is for money that has no place yet: nobody would come back to a person's word.
func errBusy() error {
	return fault.New(fault.CodeWrongState, "payment",
		"Another payment of its invoice is being verified. Try again when that is over.")
}

// errHeld is for money that a bank holds: it is not for a person to say that it came,
// since it is booked as held until it is taken or let go.
func errHeld() error {
	return fault.New(fault.CodeWrongState, "payment", "The payer's bank holds the money: capture it or void it.")
}

// noteConfirmation records who said that the money came.
func (a *App) noteConfirmation(ctx context.Context, p payment.Payment, n Confirmation) (payment.Payment, error) {
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		if p, err = r.Payment(ctx, p.Merchant, p.ID); err != nil {
			return store.Change{}, err
		}
		if p.State == payment.Authorized {
			return store.Change{}, errHeld()
		}
		if !askable(p) {
			return store.Change{}, fault.New(fault.CodeWrongState, "payment", "")
		}
		i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		if _, found := placeOf(i, p); found == busy && !p.Reserved {
			return store.Change{}, errBusy()
		}
		now := a.now()
		p.UpdatedAt = now
		return store.Change{
			Payments: []payment.Payment{p},
			Events:   []event.Event{happenedTo(p, payment.Confirm, byOperator, n.Operator+": "+n.Note, now)},
		}, nil
	})
	return p, err
}

// looked says that an operator's word is the answer to a call for a person about a payment
// that is over: that its money stays, and not other money, or that none came. Of held money,
// of what was given back, and of money that is in no book, it says that a person has looked.
func looked(p payment.Payment, n Confirmation) bool {
	back := p.State == payment.Refunded || p.State == payment.Reversed
	switch {
	case p.Attention == "":
		return false
	case n.Paid:
		return (p.Collected() || back) && p.Attempt.Receipt == n.Receipt
	}
	return back || !active(p) && (askable(p) || !p.Collected() && lastingCall(p.Attention) != "")
}

// lookedAt takes a payment that is over off the list of what waits for a person, with the
// name of the one who looked.
func (a *App) lookedAt(ctx context.Context, p payment.Payment, n Confirmation) (fresh payment.Payment, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if fresh, err = r.Payment(ctx, p.Merchant, p.ID); err != nil {
			return store.Change{}, err
		}
		if !looked(fresh, n) {
			return store.Change{}, fault.New(fault.CodeWrongState, "payment", "")
		}
		now := a.now()
		said := payment.Confirm
		if !n.Paid {
			said = payment.Reject
		}
		change := store.Change{Events: []event.Event{happenedTo(fresh, said, byOperator, n.Operator+": "+n.Note, now)}}
		fresh.Attention, fresh.CheckAt, fresh.UpdatedAt = "", never, now
		if fresh.State == payment.Authorized { // what was asked for and never answered is not waited for any more
			fresh.CheckAt = now.Add(soon)
			if fresh.Step.Kind != "" && fresh.Reserved && fresh.Amount.Sign() > 0 { // or nobody wants the money any more
				change.Events = append(change.Events, happenedTo(fresh, fresh.Step.Kind.Dropped(), byOperator, "", now))
				fresh.Step = payment.Step{}
			}
		}
		change.Payments = []payment.Payment{fresh}
		return change, nil
	})
	return fresh, err
}
