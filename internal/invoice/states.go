package invoice

import "github.com/purserhq/purser/internal/fsm"

// State is where an invoice stands.
type State string

// Trigger is what moves an invoice from one state to another.
type Trigger string

// The states of an invoice; each comment names who acts next.
const (
	Open      State = "open"      // the payer acts next
	Paid      State = "paid"      // the merchant acts next: verify, where that was asked for
	Completed State = "completed" // the money is the merchant's
	Expired   State = "expired"   // nobody paid in time
	Canceled  State = "canceled"  // the merchant withdrew it
	Rejected  State = "rejected"  // not verified in time; the money went back in the same commit
	Refunded  State = "refunded"  // all that was captured went back
)

// The triggers of an invoice.
const (
	Pay      Trigger = "pay"      // the captured sum reached the amount
	Complete Trigger = "complete" // verified, or no verification was asked for
	Expire   Trigger = "expire"
	Cancel   Trigger = "cancel"
	Reject   Trigger = "reject"
	Refund   Trigger = "refund"  // the last captured money went back
	Reopen   Trigger = "reopen"  // extended, a part of the money went back, or a dispute was won
	Correct  Trigger = "correct" // a payment of it brought another sum than was said, or it was paid twice
	Close    Trigger = "close"   // any amounts were paid, and no more are wanted
)

// States is the machine; docs/states.md is drawn from it.
//
//exhaustive:ignore
var States = fsm.Table[State, Trigger]{
	Open:      {Pay: Paid, Expire: Expired, Cancel: Canceled, Refund: Refunded, Close: Completed},
	Paid:      {Complete: Completed, Reject: Rejected},
	Completed: {Refund: Refunded, Reopen: Open, Correct: Completed},
	Expired:   {Reopen: Open},
	Canceled:  {Reopen: Open},
	Rejected:  {},
	Refunded:  {Reopen: Open},
}

// Waits says who must act next.
var Waits = map[State]fsm.Actor{
	Open: fsm.Payer, Paid: fsm.Merchant, Completed: fsm.Nobody, Expired: fsm.Nobody,
	Canceled: fsm.Nobody, Rejected: fsm.Nobody, Refunded: fsm.Nobody,
}
