package app

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// Card is a payer's card on its way to a gateway: it is never stored or shown.
type Card = gateway.Card

// NewCard copies the data of a card, from bytes that can be wiped too; Wipe ends
// the copy.
func NewCard[T string | []byte](number, cvv T, name string, month, year int) Card {
	return gateway.NewCard(number, cvv, name, month, year)
}

// Instrument is what a payer gave the merchant to pay with.
type Instrument struct {
	Method payment.Method // Card, or one whose payer confirms on a phone
	Card   Card           // of Card
	Payer  payment.Payer  // its Mobile is where the payer confirms
	Bag    map[string]string
}

// NewCharge is the wish to collect with an instrument that the merchant passes
// on, without a page.
type NewCharge struct {
	ID          string // of the payment
	Invoice     string // of the invoice that is made with it
	Amount      money.Amount
	Description string
	Instrument  Instrument
}

// Charge asks for money with the payer's instrument. What it returns may be
// authorized or captured, failed, or processing: then nobody knows yet, or the
// payer has to confirm. A card's money is only held where the gateway can do
// so. Where the amount has to be confirmed, the gateway is not asked and the
// payment fails. Errors: amount_invalid, no_gateway.
func (a *App) Charge(ctx context.Context, merchantID string, n NewCharge) (payment.Payment, error) {
	if !n.Amount.Valid() || n.Amount.Sign() <= 0 {
		return payment.Payment{}, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	c, err := a.charger(ctx, merchantID, n.Amount, n.Instrument.Method)
	if err != nil {
		return payment.Payment{}, err
	}
	now := a.now()
	zero := money.Zero(n.Amount.Unit())
	i := invoice.Invoice{
		ID: n.Invoice, Merchant: merchantID, State: invoice.Open, Amount: n.Amount, Captured: zero, Reserved: zero,
		Title: n.Description, CreatedAt: now, UpdatedAt: now,
	}
	held, err := a.unusual(ctx, tillOf(i), i.Amount)
	if err != nil {
		return payment.Payment{}, err
	}
	p := payment.Payment{
		ID: n.ID, Merchant: merchantID, State: payment.Processing, Invoice: n.Invoice, Amount: n.Amount,
		Refunded: zero, Returning: zero, Direct: true, Batch: a.newID(now), Description: n.Description,
		CreatedAt: now, UpdatedAt: now,
	}
	p = with(p, n.Instrument, c)
	p = a.attemptAt(p, c, now)
	change := store.Change{Claims: shortClaims(p, c), Events: []event.Event{
		happened(event.Invoice, merchantID, i.ID, "", create, i.State, byMerchant, "", now),
		happened(event.Payment, merchantID, p.ID, "", create, p.State, byMerchant, c.name, now),
	}}
	if held {
		i = holdBack(i, i.Amount, now, &change)
		if p, err = unsent(p, now, &change); err != nil {
			return payment.Payment{}, err
		}
	}
	change.Invoices, change.Payments = []invoice.Invoice{i}, []payment.Payment{p}
	if err := a.commit(ctx, change); err != nil {
		return payment.Payment{}, err
	}
	if p.Version++; held {
		return p, nil
	}
	return a.charge(ctx, p, c, n.Instrument.Card)
}

// unsent ends a charge whose invoice is held before any gateway hears of it: a
// card is kept for nobody, so it is charged again when the merchant has confirmed.
func unsent(p payment.Payment, now time.Time, change *store.Change) (payment.Payment, error) {
	from := p.State
	to, err := payment.States.Next(from, payment.Decline)
	if err != nil {
		return p, err
	}
	p.State, p.FinalizedAt, p.CheckAt = to, now, never
	why{"the invoice waits for the merchant's confirmation", payment.Unconfirmed}.explain(&p)
	change.Events = append(change.Events,
		happened(event.Payment, p.Merchant, p.ID, from, payment.Decline, to, byWorker, p.Note, now))
	return p, nil
}

// charger finds the gateway that takes an instrument.
func (a *App) charger(ctx context.Context, merchantID string, amount money.Amount, m payment.Method,
) (candidate, error) {
	w := wanted{method: m}
	switch payment.Methods[m].Flow {
	case payment.Push:
	case payment.Redirect, payment.Direct:
		w.able = func(g gateway.Gateway) bool {
			_, ok := g.(gateway.Charger)
			return ok
		}
	case payment.Requisites:
		return candidate{}, fault.New(fault.CodeNoGateway, "gateway", "")
	default:
		return candidate{}, fault.New(fault.CodeNoGateway, "gateway", "")
	}
	candidates, err := a.route(ctx, merchantID, amount, w)
	if err != nil {
		return candidate{}, err
	}
	return candidates[0], nil
}

// with puts what may be kept of an instrument into a payment.
func with(p payment.Payment, n Instrument, c candidate) payment.Payment {
	p.Attempt.Method, p.Payer, p.Bag, p.Card = n.Method, n.Payer, n.Bag, ""
	if last := n.Card.Last(); last != "" {
		p.Card = maskedCard + last
	}
	_, holds := c.conn.(gateway.Capturer)
	p.Hold = holds && n.Method == payment.Card
	return p
}

const maskedCard = "************"

// ChargeAgain tries a failed charge with another instrument, perhaps for
// another amount; an amount that is not valid stays.
// Errors: payment_not_found, wrong_state when it has not failed, amount_invalid,
// no_gateway, invoice_held.
func (a *App) ChargeAgain(ctx context.Context, merchantID, id string, amount money.Amount, n Instrument,
) (payment.Payment, error) {
	p, err := a.DirectPayment(ctx, merchantID, id)
	if err != nil {
		return p, err
	}
	if !amount.Valid() {
		amount = p.Amount
	}
	if amount.Sign() <= 0 {
		return p, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	c, err := a.charger(ctx, merchantID, amount, n.Method)
	if err != nil {
		return p, err
	}
	if err := a.holdResized(ctx, p, amount); err != nil {
		return p, err
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if p, err = r.Payment(ctx, merchantID, id); err != nil {
			return store.Change{}, err
		}
		if err := chargeable(p); err != nil {
			return store.Change{}, err
		}
		i, err := r.Invoice(ctx, merchantID, p.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		if i, err = refit(i, p, amount); err != nil {
			return store.Change{}, err
		}
		now := a.now()
		from := p.State
		if p.State, err = payment.States.Next(from, payment.Retry); err != nil {
			return store.Change{}, err
		}
		p.Amount, p.Note, p.Reason, p.FinalizedAt, p.Checks, p.Dropped = amount, "", "", never, 0, false
		p = a.attemptAt(with(p, n, c), c, now)
		p.UpdatedAt, i.UpdatedAt = now, now
		return store.Change{
			Claims: shortClaims(p, c), Invoices: []invoice.Invoice{i}, Payments: []payment.Payment{p},
			Events: []event.Event{happened(event.Payment, merchantID, p.ID, from, payment.Retry, p.State,
				byMerchant, c.name, now)},
		}, nil
	})
	if err != nil {
		return p, err
	}
	p.Version++
	return a.charge(ctx, p, c, n.Card)
}

// refit is the invoice of a charge that is tried again with another amount, for which it has
// room. Errors: invoice_held, and those of invoice.Follow and Reserve.
func refit(i invoice.Invoice, p payment.Payment, amount money.Amount) (invoice.Invoice, error) {
	if i.Held && amount == p.Amount {
		return i, fault.New(fault.CodeInvoiceHeld, "invoice", "")
	}
	i.Held = false // it was for another amount: this one is not unusual
	was := p.Amount
	if p.Dropped { // the invoice asks for it anew
		was = money.Zero(was.Unit())
	}
	i, err := i.Follow(was, amount)
	if err == nil {
		_, err = i.Reserve(amount) // others may have paid it meanwhile
	}
	return i, err
}

// chargeable is nil when a payment can be tried with another instrument.
func chargeable(p payment.Payment) error {
	if p.State != payment.Failed || p.Withdrawn || p.Attempt.Receipt != "" {
		return fault.New(fault.CodeWrongState, "payment", "")
	}
	if p.Attention != "" { // nobody would ask any more what became of this try
		return fault.New(fault.CodeWrongState, "payment", "A person was called for it, who has to look first.")
	}
	return nil
}

// DirectPayment finds a payment that the merchant made with an instrument.
// Error: payment_not_found, also for one that was withdrawn.
func (a *App) DirectPayment(ctx context.Context, merchantID, id string) (payment.Payment, error) {
	p, err := a.store.Payment(ctx, merchantID, id)
	if err == nil && (!p.Direct || !p.Listed()) {
		return payment.Payment{}, fault.New(fault.CodePaymentNotFound, "payment", "")
	}
	return p, err
}

// charge asks the gateway, after the attempt is on record, and books its answer.
func (a *App) charge(ctx context.Context, p payment.Payment, c candidate, card Card) (payment.Payment, error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	ctx, end := a.about(ctx, p)
	defer end()
	attempt := a.attempt(p, c, "")
	if payment.Methods[p.Attempt.Method].Flow == payment.Push {
		return a.bookCharge(ctx, p, c, gateway.Charged{
			Started: c.conn.Start(asking(ctx, toStart), attempt), Report: gateway.Report{Outcome: gateway.Pending},
		})
	}
	charger, ok := passedOn(p, c)
	if !ok { // the contract is another one than it was
		return a.close(ctx, p, payment.Decline, byGateway,
			why{"this gateway takes no cards from us", payment.NotOpened})
	}
	return a.bookCharge(ctx, p, c, charger.Charge(asking(ctx, toCharge), attempt, card, p.Hold))
}

// bookCharge makes true what a gateway answered to a charge.
func (a *App) bookCharge(ctx context.Context, p payment.Payment, c candidate, said gateway.Charged,
) (payment.Payment, error) {
	if said.Alarm != "" {
		a.log.ErrorContext(ctx, "gateway set-up needs a look",
			slog.String("merchant", p.Merchant), slog.String("gateway", c.name), slog.String("alarm", said.Alarm))
	}
	switch {
	case said.Outcome == gateway.Refused:
		return a.close(ctx, p, payment.Decline, byGateway, why{said.Word, payment.NotOpened})
	case said.Outcome != gateway.Opened || said.Session == "":
		return p, nil // it is asked about: see abandon
	}
	if p.Attempt.Session != said.Session {
		done, err := a.accept(ctx, p, c, said.Started, opening{actor: byMerchant})
		if fault.Is(err, fault.CodeDuplicate) {
			return p, a.flag(ctx, p, "the gateway repeated a session")
		}
		if err != nil {
			return p, err
		}
		if p = done.Payment; said.Report.Outcome == gateway.Pending && !said.Report.Doubt {
			return p, nil
		}
	}
	return a.book(ctx, p, c, said.Report)
}

// passedOn is the gateway of a payment whose card the merchant passed on.
func passedOn(p payment.Payment, c candidate) (gateway.Charger, bool) {
	g, ok := c.conn.(gateway.Charger)
	return g, ok && p.Direct && p.Attempt.Method == payment.Card
}

// askCharge asks what became of a charge whose answer was lost: to charge
// again without a card does only what was not done.
func (a *App) askCharge(ctx context.Context, p payment.Payment, c candidate, g gateway.Charger,
) (payment.Payment, error) {
	said := g.Charge(asking(ctx, toCharge), a.attempt(p, c, ""), Card{}, p.Hold)
	if said.Outcome == gateway.NoAnswer {
		return p, a.flag(ctx, p, cmp.Or(said.Alarm, "the gateway has not said what became of this charge"))
	}
	return a.bookCharge(ctx, p, c, said)
}

// callOff sees to it that a charge which nobody has paid in time cannot be paid
// any more: its payer's bank may still be asking. What has a page of its own
// ends with it.
func (a *App) callOff(ctx context.Context, p payment.Payment, c candidate) bool {
	capturer, ok := c.conn.(gateway.Capturer)
	if _, passed := passedOn(p, c); !passed || !ok {
		return true
	}
	attempt := a.attempt(p, c, "")
	report := capturer.Void(asking(ctx, toVoid), gateway.Held{Attempt: attempt, Amount: attempt.Amount, Step: "unpaid"})
	return report.Outcome == gateway.Canceled
}
