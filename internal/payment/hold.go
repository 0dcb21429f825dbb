package payment

import (
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Step is what is being done to money that a payer's bank holds. It is on
// record before the gateway hears of it, and stays until the gateway has said
// what became of it.
type Step struct {
	Kind   StepKind     // empty = nothing is being done
	ID     string       // ours, the same however often it is sent
	Amount money.Amount // of a capture: what is taken; of an adjustment: what shall be held
	At     time.Time    // of a capture: when the merchant wants it to be recorded
}

// StepKind is one of the things that can be done to held money.
type StepKind string

// The steps.
const (
	ToCapture StepKind = "capture"
	ToVoid    StepKind = "void"
	ToAdjust  StepKind = "adjust"
)

// Begun is its wish, as the history of a payment calls it.
func (k StepKind) Begun() Trigger { return "to_" + Trigger(k) }

// Dropped is that it was not done.
func (k StepKind) Dropped() Trigger { return "not_" + Trigger(k) }

// Record is what a merchant has recorded of a payment in its own books: that
// it counts the sale as settled, when and for how much.
type Record struct {
	At     time.Time    // zero = nothing was recorded
	Amount money.Amount // what the merchant keeps, at most what was taken and not given back
	Before money.Amount // what had been given back by then
}

// limit is what may go back of a recorded payment, of which left could.
func (r Record) limit(left, back money.Amount) money.Amount {
	if r.At.IsZero() {
		return left
	}
	since, err := back.Sub(r.Before)
	if err != nil {
		return money.Zero(left.Unit())
	}
	kept, err := r.Amount.Sub(since)
	if err != nil || kept.Sign() < 0 {
		return money.Zero(left.Unit())
	}
	if over, err := left.Cmp(kept); err == nil && over > 0 {
		return kept
	}
	return left
}

// Recorded says that the merchant has recorded it.
func (r Record) Recorded() bool { return !r.At.IsZero() }

// Agreed is what the payer agreed to pay, whatever became of it since.
func (p Payment) Agreed() money.Amount {
	if p.Asked.Valid() {
		return p.Asked
	}
	return p.Amount
}

// LetGo is what refunds gave up before anything was taken.
func (p Payment) LetGo() money.Amount {
	if p.Released.Valid() {
		return p.Released
	}
	return money.Zero(p.Amount.Unit())
}

// Release gives up a part of held money, or all of it. Errors: payment_not_found
// when nothing is held, wrong_state while something is being done to it,
// refund_too_large, unit_mismatch.
func (p Payment) Release(amount money.Amount) (Payment, error) {
	if p.State != Authorized {
		return p, fault.New(fault.CodePaymentNotFound, "payment", "")
	}
	if p.Step.Kind != "" {
		return p, fault.New(fault.CodeWrongState, "payment", "")
	}
	over, err := amount.Cmp(p.Amount)
	if err != nil {
		return p, err
	}
	if over > 0 {
		return p, fault.New(fault.CodeRefundTooLarge, "amount", "")
	}
	agreed := p.Agreed()
	if p.Released, err = p.LetGo().Add(amount); err != nil {
		return p, err
	}
	p.Asked = agreed
	p.Amount, err = p.Amount.Sub(amount)
	return p, err
}

// Standing is how a payment stands for its merchant, in the few words of those
// who do not care how it got there.
type Standing string

// The standings.
const (
	Undecided Standing = "undecided" // nobody knows yet
	Good      Standing = "good"      // the money is held or taken, or was and went back
	Recorded  Standing = "recorded"  // that, and the merchant has recorded it
	Bad       Standing = "bad"       // there is no money, and there was none
)

// Standing says how the payment stands.
func (p Payment) Standing() Standing {
	if p.Record.Recorded() {
		return Recorded
	}
	switch p.State {
	case Waiting, Processing:
		return Undecided
	case Authorized, Captured, Settled, Reversed, Refunded:
		return Good
	case Canceled:
		if p.LetGo().Sign() > 0 && p.LetGo() == p.Agreed() {
			return Good // all of it was given back before any was taken
		}
		return Bad
	case Failed, Expired:
		return Bad
	}
	return Bad
}

// Listed says that it is shown in lists by its own name, and not only as a part
// of its invoice.
func (p Payment) Listed() bool { return (p.Direct || p.Owner != "") && !p.Hidden && !p.Withdrawn }
