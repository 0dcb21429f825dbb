package app

import (
	"cmp"
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// Attestation is a merchant's own word about a payment of an invoice that was
// made, or was not, without any gateway of ours.
type Attestation struct {
	ID      string // of the payment
	Invoice string
	Amount  money.Amount
	Method  payment.Method
	Said    payment.State // Captured, Failed or Canceled: what became of it
	Receipt string        // the merchant's own number of the money; unique; empty = it has none
	Owner   string        // the merchant's own name for whose payment it is; empty = the invoice's
	Bag     map[string]string
	// Operator says so in the merchant's place; empty = the merchant, and Note says who.
	Operator string
	Note     string
	Once     Once
}

// words are whose word it is, and what they are on record with.
func (n Attestation) words() (actor, note string) {
	if n.Operator != "" {
		return byOperator, byOperatorNote(n.Operator, n.Note)
	}
	return byMerchant, n.Note
}

// AttestPayment records a payment at the merchant's word. Money that is said to
// have come is booked at once, as received by hand, if the invoice has room.
// Errors: invoice_not_found, invoice_closed, amount_invalid,
// amount_above_remaining, unsupported where only a wallet may pay, wrong_state
// while another payment holds the room, parameter_invalid for any other state,
// no_gateway where the merchant receives nothing by hand in this unit, duplicate
// with the parameter "receipt", idempotency_in_progress.
func (a *App) AttestPayment(ctx context.Context, merchantID string, n Attestation) (payment.Payment, error) {
	if !n.Amount.Valid() || n.Amount.Sign() <= 0 {
		return payment.Payment{}, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	now := a.now()
	zero := money.Zero(n.Amount.Unit())
	p := payment.Payment{
		ID: n.ID, Merchant: merchantID, Invoice: n.Invoice, Amount: n.Amount, Refunded: zero, Returning: zero,
		Owner: n.Owner, Bag: n.Bag, Batch: a.newID(now), CreatedAt: now, UpdatedAt: now,
	}
	p.Attempt.Method = n.Method
	decide := func(r store.Reader) (store.Change, error) { return a.attestUnpaid(ctx, r, &p, n) }
	switch n.Said {
	case payment.Captured:
		candidates, err := a.route(ctx, merchantID, n.Amount, wanted{able: byHand})
		if err != nil {
			return payment.Payment{}, err
		}
		received := a.receivedBy(p, candidates[0], n.Receipt, now)
		decide = func(r store.Reader) (store.Change, error) {
			p = received
			return a.attestPaid(ctx, r, &p, candidates[0], n)
		}
	case payment.Failed, payment.Canceled:
	case payment.Waiting, payment.Processing, payment.Authorized, payment.Settled, payment.Expired, payment.Reversed,
		payment.Refunded:
		return payment.Payment{}, fault.New(fault.CodeParameterInvalid, "state", "")
	default:
		return payment.Payment{}, fault.New(fault.CodeParameterInvalid, "state", "")
	}
	if err := a.update(ctx, decide); err != nil {
		return payment.Payment{}, n.Once.taken(err)
	}
	p.Version++
	return p, nil
}

// byHand says that a gateway's truth is a person's word.
func byHand(g gateway.Gateway) bool {
	c, ok := g.(gateway.Confirmer)
	return ok && c.Confirmable()
}

// receivedBy is a payment that came in by hand, before it is booked. Without a
// number of the merchant's its own id is the receipt.
func (a *App) receivedBy(p payment.Payment, c candidate, receipt string, now time.Time) payment.Payment {
	method := p.Attempt.Method
	p = a.attemptAt(p, c, now)
	p.State, p.CheckAt, p.Attempt.Method = payment.Processing, never, method
	p.Attempt.Session, p.Attempt.Receipt = p.Reference(), receipt
	if receipt == "" {
		p.Attempt.Receipt = p.ID
	}
	return p
}

// attestPaid books the money, in the commit in which the payment is made.
func (a *App) attestPaid(ctx context.Context, r store.Reader, p *payment.Payment, c candidate, n Attestation,
) (store.Change, error) {
	i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
	if err != nil {
		return store.Change{}, err
	}
	p.Owner = cmp.Or(n.Owner, i.Owner())
	if err := payable(i, NewPayment{Amount: n.Amount}); err != nil {
		return store.Change{}, err
	}
	i, found := setAside(i, n.Amount)
	if found != enough {
		return store.Change{}, fault.New(fault.CodeWrongState, "invoice", "Another payment of it is being verified.")
	}
	now := p.CreatedAt
	actor, note := n.words()
	return a.collect(ctx, r, p, i, now, store.Change{
		Answer: n.Once.claim(p.Merchant, p.ID, now),
		Claims: []store.Claim{
			{
				Merchant: p.Merchant, Kind: store.SessionClaim, Subject: p.ID,
				Key: sessionKey(c.info.Connector, p.Attempt.Session),
			},
			{
				Merchant: p.Merchant, Kind: store.ReceiptClaim, Subject: p.ID,
				Key: sessionKey(c.info.Connector, p.Attempt.Receipt),
			},
		},
		Events: []event.Event{
			happened(event.Payment, p.Merchant, p.ID, "", create, p.State, actor, c.name, now),
			happenedTo(*p, payment.Attest, actor, note, now),
		},
	})
}

// attestUnpaid records a payment that came to nothing.
func (a *App) attestUnpaid(ctx context.Context, r store.Reader, p *payment.Payment, n Attestation,
) (store.Change, error) {
	i, err := r.Invoice(ctx, p.Merchant, p.Invoice)
	if err != nil {
		return store.Change{}, err
	}
	p.Owner = cmp.Or(n.Owner, i.Owner())
	if err := payable(i, NewPayment{Amount: n.Amount}); err != nil {
		return store.Change{}, err
	}
	trigger := payment.Decline
	if n.Said == payment.Canceled {
		trigger = payment.Cancel
	}
	now := p.CreatedAt
	if p.State, err = payment.States.Next(payment.Waiting, trigger); err != nil {
		return store.Change{}, err
	}
	actor, note := n.words()
	p.FinalizedAt, p.Note = now, note
	return store.Change{
		Answer: n.Once.claim(p.Merchant, p.ID, now), Payments: []payment.Payment{*p},
		Events: []event.Event{
			happened(event.Payment, p.Merchant, p.ID, "", create, payment.Waiting, actor, "", now),
			happened(event.Payment, p.Merchant, p.ID, payment.Waiting, trigger, p.State, actor, note, now),
		},
	}, nil
}
