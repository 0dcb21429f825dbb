package payment

import "github.com/purserhq/purser/internal/fsm"

// State is where a payment stands.
type State string

// Trigger is what moves a payment from one state to another.
type Trigger string

// The states of a payment; each comment names who acts next.
const (
	Waiting    State = "waiting"    // nobody was sent yet: the payer or the merchant acts next
	Processing State = "processing" // an attempt is at the gateway, or its outcome is unknown: the gateway, then we
	Authorized State = "authorized" // the money is held: the merchant captures or voids
	Captured   State = "captured"   // the money is taken: the gateway settles
	Settled    State = "settled"    // the gateway paid the money out to the merchant
	Failed     State = "failed"     // the gateway said no, or the money was left to go back
	Canceled   State = "canceled"   // withdrawn before any money moved
	Expired    State = "expired"    // the payer did not pay in time, and the gateway said so
	Reversed   State = "reversed"   // undone at the gateway before settlement
	Refunded   State = "refunded"   // all of it was given back
)

// The triggers of a payment.
const (
	Start      Trigger = "start"   // an attempt is about to be opened at a gateway
	Retreat    Trigger = "retreat" // the gateway refused to open the attempt; nobody was sent
	Authorize  Trigger = "authorize"
	Capture    Trigger = "capture"
	Settle     Trigger = "settle"
	Decline    Trigger = "decline"
	Cancel     Trigger = "cancel"
	Expire     Trigger = "expire"
	Reverse    Trigger = "reverse"
	Refund     Trigger = "refund"
	Retry      Trigger = "retry"       // the payer gave another instrument
	ArriveLate Trigger = "arrive_late" // closed, but the gateway took the money after all
	Correct    Trigger = "correct"     // another sum came than was said
)

// What happens to a payment and leaves its state as it is, in the words of its history.
const (
	Open       Trigger = "open"        // its gateway opened a page
	FailOver   Trigger = "fail_over"   // one did not, and another is asked
	Adopt      Trigger = "adopt"       // its gateway told the session of a start whose answer was lost
	Return     Trigger = "return"      // the payer's browser came back
	Reserve    Trigger = "reserve"     // its amount was set aside on the invoice
	Flag       Trigger = "flag"        // a person was called
	Confirm    Trigger = "confirm"     // a person said that its money came
	Reject     Trigger = "reject"      // a person said that none came
	Attest     Trigger = "attest"      // a person said that it was paid elsewhere
	Supersede  Trigger = "supersede"   // a newer request took over, while its page may be open
	HoldRefund Trigger = "hold_refund" // a part of it is to go back
	Adjust     Trigger = "adjust"      // another amount is held
	Release    Trigger = "release"     // a part of what is held was given up
	SetRecord  Trigger = "record"      // the merchant put it down in its own books
	Withdraw   Trigger = "withdraw"    // the merchant deleted it
)

// States is the machine; docs/states.md is drawn from it. Late money wins
// over early pessimism: a payment that was closed and turns out to be paid
// becomes captured, if its invoice still has room for it.
//
//exhaustive:ignore
var States = fsm.Table[State, Trigger]{
	Waiting: {Start: Processing, Cancel: Canceled, Expire: Expired, Decline: Failed},
	Processing: {
		Retreat: Waiting, Authorize: Authorized, Capture: Captured,
		Decline: Failed, Cancel: Canceled, Expire: Expired,
	},
	Authorized: {Capture: Captured, Cancel: Canceled, Decline: Failed, Expire: Expired},
	Captured:   {Settle: Settled, Reverse: Reversed, Refund: Refunded, Correct: Captured},
	Settled:    {Refund: Refunded},
	Failed:     {ArriveLate: Captured, Retry: Processing},
	Canceled:   {ArriveLate: Captured},
	Expired:    {ArriveLate: Captured},
	Reversed:   {},
	Refunded:   {},
}

// Waits says who must act next.
var Waits = map[State]fsm.Actor{
	Waiting: fsm.Payer, Processing: fsm.Gateway, Authorized: fsm.Merchant, Captured: fsm.Gateway,
	Settled: fsm.Nobody, Failed: fsm.Nobody, Canceled: fsm.Nobody, Expired: fsm.Nobody,
	Reversed: fsm.Nobody, Refunded: fsm.Nobody,
}
