// Package payment is one collection for an invoice through a gateway.
//
// A payment carries its present attempt: the gateway, the reference that we
// send, the session that the gateway gives back and, once money moved, the
// gateway's receipt for it.
package payment

import (
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Payer is what is known of the person who pays. Every field may be empty.
type Payer struct {
	Name   string
	Mobile string
	Email  string
}

// Payment is one collection for an invoice.
type Payment struct {
	ID        string // opaque; its form is chosen by whoever made it
	Merchant  string
	Version   int64 // the version that was read; 0 = not stored yet
	State     State
	Invoice   string
	Amount    money.Amount
	Refunded  money.Amount // given back
	Returning money.Amount // on its way back: refunds whose outcome is not known yet

	Wallet   int64   // number of the account it was paid from; 0 = through a gateway
	Attempt  Attempt // of one through a gateway
	Reserved bool    // its amount is set aside on the invoice while the gateway is asked to take the money

	Hold     bool         // its money is first held and taken later, by a wish of the merchant
	Asked    money.Amount // what the payer agreed to, where Amount became less or more since; not valid = Amount
	Released money.Amount // of Asked: let go by refunds before anything was taken; not valid = nothing
	Holding  money.Amount // what the payer's bank keeps for us; not valid = nothing
	Step     Step         // what is being done to it
	Record   Record       // what the merchant has recorded of it

	Batch       string // payments made by one request share it; a newer batch supersedes an older one
	Superseded  bool   // a newer request took over; canceled as soon as the gateway says this one is dead
	Hidden      bool   // the gateway never accepted it: kept for the record, shown to nobody
	Direct      bool   // the merchant passed the payer's instrument on: it has an invoice of its own, which follows it
	Dropped     bool   // of a direct one: its invoice asks for nothing of it any more
	Withdrawn   bool   // the merchant deleted it: shown to nobody, and its money is not wanted
	Owner       string // the merchant's own name for whose payment it is; empty = nobody's in particular
	Link        string // token of the link it was opened through, if any
	Description string
	Bag         map[string]string // words of one dialect that the core has no word for
	Payer       Payer
	Card        string    // masked, as the gateway told it
	Note        string    // for the operator: why it ended as it did
	Reason      Reason    // for software: why it failed
	Attention   string    // not empty: a person must look, and why
	CheckAt     time.Time // when to ask the gateway next; zero = not waiting for it
	Checks      int       // how often it was asked without an end
	FinalizedAt time.Time // when it was captured, failed or canceled; zero before
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Attempt is one try of a payment at one gateway.
type Attempt struct {
	Gateway   string       // the merchant's name for the gateway
	Number    int          // 1 for the first try; 0 = none was made
	Short     string       // our id of it in 15 letters and digits; empty = none was made
	Method    Method       // the payer's choice; empty = whatever the gateway offers
	Session   string       // the gateway's id for the open page; empty until it was accepted
	Link      string       // where the payer is sent
	Token     string       // unguessable, carried by the return address
	Word      string       // what the payer's browser brought back last; a hint, never a fact
	Doubtful  bool         // an answer that may have moved money was lost
	Weighed   bool         // its amount was set aside on the invoice before, and that is on record
	Receipt   string       // the gateway's id of the money movement
	Fee       money.Amount // what the gateway keeps; not valid when it did not say
	StartedAt time.Time
	Deadline  time.Time // after it the gateway's page is closed
}

// Reference is what we send to the gateway as our own id of the attempt.
func (p Payment) Reference() string {
	return p.ID + "-" + strconv.Itoa(p.Attempt.Number)
}

// Live says that the payer can be sent to its gateway page now.
func (p Payment) Live(now time.Time) bool {
	return p.State == Processing && p.Attempt.Session != "" && !p.Superseded && now.Before(p.Attempt.Deadline)
}

// Unfinished says that it may still become paid.
func (p Payment) Unfinished() bool {
	return p.State == Waiting || p.State == Processing || p.State == Authorized
}

// Collected says that its money is here and has not gone back in full.
func (p Payment) Collected() bool { return p.State == Captured || p.State == Settled }

// Refundable is what may still be given back: pending refunds count as given,
// and after a record no more than what was recorded goes back. Of held money it
// is what can still be let go. It is zero unless the payment is collected or
// held.
func (p Payment) Refundable() money.Amount {
	if p.State == Authorized {
		return p.Amount
	}
	left, back := p.left()
	return p.Record.limit(left, back)
}

// Curbed says that less may be given back than is left: its merchant recorded a part.
func (p Payment) Curbed() bool {
	left, _ := p.left()
	less, err := p.Refundable().Cmp(left)
	return err == nil && less < 0
}

// left is what is collected, and back what went back or is on its way.
func (p Payment) left() (left, back money.Amount) {
	zero := money.Zero(p.Amount.Unit())
	if !p.Collected() {
		return zero, zero
	}
	back, err := p.Refunded.Add(p.Returning)
	if err != nil {
		return zero, zero
	}
	left, err = p.Amount.Sub(back)
	if err != nil || left.Sign() < 0 {
		return zero, back
	}
	return left, back
}

// Return sets amount aside as being on its way back.
// Errors: payment_not_found when nothing was collected, refund_in_progress,
// refund_too_large, unit_mismatch.
func (p Payment) Return(amount money.Amount) (Payment, error) {
	if !p.Collected() {
		return p, fault.New(fault.CodePaymentNotFound, "payment", "")
	}
	return p.setAside(amount, p.Refundable())
}

// ReturnOwed does so with a part of what the payer is owed, however much of the payment its
// merchant recorded.
func (p Payment) ReturnOwed(amount, owed money.Amount) (Payment, error) {
	if !p.Collected() {
		return p, fault.New(fault.CodePaymentNotFound, "payment", "")
	}
	left, _ := p.left()
	less, err := owed.Cmp(left)
	if err != nil {
		return p, err
	}
	if less < 0 {
		left = owed
	}
	return p.setAside(amount, left)
}

// setAside is for an amount of which no more than most may go back.
func (p Payment) setAside(amount, most money.Amount) (Payment, error) {
	over, err := amount.Cmp(most)
	if err != nil {
		return p, err
	}
	if over > 0 {
		if p.Returning.Sign() > 0 {
			return p, fault.New(fault.CodeRefundInProgress, "payment", "")
		}
		return p, fault.New(fault.CodeRefundTooLarge, "amount", "")
	}
	p.Returning, err = p.Returning.Add(amount)
	return p, err
}

// Returned ends what Return began: the money is back with the payer when
// done, and still collected when not.
func (p Payment) Returned(amount money.Amount, done bool) (Payment, error) {
	var err error
	if p.Returning, err = p.Returning.Sub(amount); err != nil || !done {
		return p, err
	}
	p.Refunded, err = p.Refunded.Add(amount)
	return p, err
}

// Drained says that all of it was given back.
func (p Payment) Drained() bool {
	left, err := p.Amount.Cmp(p.Refunded)
	return err == nil && left == 0
}
