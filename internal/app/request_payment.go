package app

import (
	"cmp"
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// NewPayment is the wish to collect a part of an invoice.
type NewPayment struct {
	Invoice     string
	Amount      money.Amount
	Gateway     string         // the merchant's name for it; empty = by routing
	Method      payment.Method // the payer's choice; empty = whatever the gateway offers
	Description string
	Payer       payment.Payer
	NewID       func() string // mints payment ids in the form the caller's users know
	Split       bool          // an amount above the merchant's limit becomes several payments
	Supersede   bool          // it takes the place of earlier requests on the invoice
	Link        string        // token of the link it comes through, if any
	ByPayer     bool          // the payer asks, not the merchant
	ByHand      bool          // through a gateway whose truth is a person's word
	Owner       string        // the merchant's own name for whose payment it is; empty = the invoice's
	Bag         map[string]string
	Kept        bool // it is seen at once, and as failed where no gateway opens it; it takes nobody's place
	Once        Once
}

// Requested is what a gateway opened.
type Requested struct {
	Payment payment.Payment   // processing: send the payer to its Attempt.Link
	Waiting []payment.Payment // the rest of a split, to be started later
}

// RequestPayment opens a page at a gateway on which the payer can pay. The
// attempt is on record before the gateway hears of it; nothing is seen of it
// before the gateway agrees, and nothing at all when it does not; one that is
// Kept is seen from the beginning, and in the end as what became of it.
// Errors: invoice_not_found, invoice_closed, amount_above_remaining,
// no_gateway, gateway_refused, gateway_unavailable (neither of one that is
// Kept), idempotency_in_progress.
func (a *App) RequestPayment(ctx context.Context, merchantID string, n NewPayment) (Requested, error) {
	now := a.now()
	m, err := a.Merchant(ctx, merchantID)
	if err != nil {
		return Requested{}, err
	}
	// The invoice is asked before the gateways: its answer is the clearer one.
	i, err := a.store.Invoice(ctx, merchantID, n.Invoice)
	if err != nil {
		return Requested{}, err
	}
	parts := []money.Amount{n.Amount}
	if n.Split && i.VerifyIn == 0 { // what is verified as a whole comes in as a whole
		if parts, err = Parts(m, n.Amount); err != nil {
			return Requested{}, err
		}
	}
	if err := payable(i, n); err != nil {
		return Requested{}, err
	}
	w := wanted{gateway: n.Gateway, method: n.Method}
	if n.ByHand {
		w.able = byHand
	}
	candidates, err := a.route(ctx, merchantID, parts[0], w)
	if err != nil {
		return Requested{}, err
	}
	p := payment.Payment{
		ID: n.NewID(), Merchant: merchantID, State: payment.Processing, Invoice: n.Invoice,
		Amount: parts[0], Refunded: money.Zero(n.Amount.Unit()), Returning: money.Zero(n.Amount.Unit()),
		Batch: a.newID(now), Hidden: !n.Kept, Link: n.Link, Description: n.Description, Payer: n.Payer,
		Owner: cmp.Or(n.Owner, i.Owner()), Bag: n.Bag, CreatedAt: now, UpdatedAt: now,
	}
	p.Attempt.Method = n.Method
	p = a.attemptAt(p, candidates[0], now)
	if err := a.record(ctx, p, n, candidates[0]); err != nil {
		return Requested{}, err
	}
	p.Version++
	done, err := a.openPayment(ctx, p, candidates, opening{
		title: i.Title, rest: parts[1:], newID: n.NewID, supersede: n.Supersede, actor: actorOf(n.ByPayer),
	})
	if n.Kept && (fault.Is(err, fault.CodeGatewayRefused) || fault.Is(err, fault.CodeGatewayUnavailable)) {
		done.Payment, err = a.store.Payment(ctx, merchantID, p.ID)
	}
	return done, err
}

// Parts are the sums in which a merchant asks for an amount: all of it at once
// where the merchant has no limit, or one in another currency.
func Parts(m merchant.Merchant, amount money.Amount) ([]money.Amount, error) {
	limit, err := m.SplitLimit.In(amount.Unit())
	if err != nil {
		return []money.Amount{amount}, nil //nolint:nilerr // it says that the limit is none for this amount
	}
	least, err := money.New(leastPiece, m.SplitLimit.Unit()).In(amount.Unit())
	if err != nil {
		return nil, err
	}
	return payment.Parts(amount, limit, least)
}

// payable is nil when the invoice takes a payment of this amount through a
// gateway. Errors: those of Payable; amount_invalid for a part of an invoice
// that is to be verified as a whole; unsupported where only a wallet may pay.
func payable(i invoice.Invoice, n NewPayment) error {
	if i.NationalID != "" {
		return fault.New(fault.CodeUnsupported, "gateway", "This invoice can only be paid from a wallet.")
	}
	if i.VerifyIn > 0 && n.Amount != i.Amount {
		return fault.New(fault.CodeAmountInvalid, "amount", "This invoice is paid in one sum.")
	}
	return i.Payable(n.Amount)
}

func actorOf(payer bool) string {
	if payer {
		return byPayer
	}
	return byMerchant
}

// record commits the attempt while the invoice still has room for it. It is
// only a first look: room is made sure of when the money is about to be taken.
func (a *App) record(ctx context.Context, p payment.Payment, n NewPayment, c candidate) error {
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		if err := i.Payable(n.Amount); err != nil {
			return store.Change{}, err
		}
		return store.Change{
			Claims:   shortClaims(p, c),
			Answer:   n.Once.claim(p.Merchant, p.ID, p.CreatedAt),
			Payments: []payment.Payment{p},
			Events: []event.Event{happened(event.Payment, p.Merchant, p.ID, "", create, p.State,
				actorOf(n.ByPayer), p.Attempt.Gateway, p.CreatedAt)},
		}, nil
	})
	return n.Once.taken(err)
}

// StartWaiting opens a page for a payment that waits: the rest of a split. An
// empty gateway leaves the one it was made for.
// Errors: payment_not_found when it is not waiting, and those of RequestPayment.
func (a *App) StartWaiting(ctx context.Context, merchantID, paymentID, gatewayName string) (Requested, error) {
	return a.startWaiting(ctx, merchantID, paymentID, Way{Gateway: gatewayName}, byMerchant)
}

// startWaiting also takes the payer's method and phone. The method of an
// earlier choice holds only where no gateway is named.
func (a *App) startWaiting(ctx context.Context, merchantID, paymentID string, w Way, actor string) (Requested, error) {
	p, i, err := a.waiting(ctx, merchantID, paymentID)
	if err != nil {
		return Requested{}, err
	}
	if w.Gateway == "" {
		w.Gateway, w.Method = p.Attempt.Gateway, cmp.Or(w.Method, p.Attempt.Method)
	}
	candidates, err := a.route(ctx, merchantID, p.Amount, wanted{gateway: w.Gateway, method: w.Method})
	if err != nil {
		return Requested{}, err
	}
	err = a.update(ctx, func(store.Reader) (store.Change, error) {
		if p, i, err = a.waiting(ctx, merchantID, paymentID); err != nil {
			return store.Change{}, err
		}
		now := a.now()
		from := p.State
		if p.State, err = payment.States.Next(p.State, payment.Start); err != nil {
			return store.Change{}, err
		}
		p.Attempt.Method, p.Payer = w.Method, w.payer(p.Payer)
		p = a.attemptAt(p, candidates[0], now)
		p.UpdatedAt = now
		return store.Change{
			Claims:   shortClaims(p, candidates[0]),
			Payments: []payment.Payment{p},
			Events: []event.Event{happened(event.Payment, merchantID, p.ID, from, payment.Start, p.State,
				actor, p.Attempt.Gateway, now)},
		}, nil
	})
	if err != nil {
		return Requested{}, err
	}
	p.Version++
	return a.openPayment(ctx, p, candidates, opening{title: i.Title, retreat: true, actor: actor})
}

// waiting finds a payment that can be started and its invoice.
func (a *App) waiting(ctx context.Context, merchantID, id string) (payment.Payment, invoice.Invoice, error) {
	p, err := a.Payment(ctx, merchantID, id)
	if err != nil {
		return p, invoice.Invoice{}, err
	}
	if p.State != payment.Waiting {
		return p, invoice.Invoice{}, fault.New(fault.CodePaymentNotFound, "payment", "")
	}
	i, err := a.store.Invoice(ctx, merchantID, p.Invoice)
	if err != nil {
		return p, i, err
	}
	return p, i, i.Payable(p.Amount)
}

// attemptAt prepares the next attempt of a payment at a gateway.
func (a *App) attemptAt(p payment.Payment, c candidate, now time.Time) payment.Payment {
	p.Attempt = payment.Attempt{
		Gateway: c.name, Number: p.Attempt.Number + 1, Short: a.newShort(now), Method: p.Attempt.Method, Token: a.newToken(),
		StartedAt: now, Deadline: now.Add(c.info.Lifetime),
	}
	// Should this process die before the answer is on record, the worker looks after it.
	p.CheckAt = now.Add(2 * gatewayTime)
	return p
}
