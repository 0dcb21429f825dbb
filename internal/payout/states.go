package payout

import "github.com/purserhq/purser/internal/fsm"

// State is where a payout stands.
type State string

// Trigger is what moves a payout from one state to another.
type Trigger string

// The states of a payout; each comment names who acts next.
const (
	Requested  State = "requested"  // an operator acts next; above a limit a second one
	Approved   State = "approved"   // we act next
	Processing State = "processing" // the rail acts next, or its answer was lost
	Paid       State = "paid"       // the money has arrived
	Rejected   State = "rejected"   // an operator said no; the money is where it was
	Canceled   State = "canceled"   // withdrawn before it was sent
	Failed     State = "failed"     // the rail refused; the money is where it was
)

// The triggers of a payout.
const (
	Approve Trigger = "approve"
	Submit  Trigger = "submit"
	Confirm Trigger = "confirm"
	Reject  Trigger = "reject"
	Cancel  Trigger = "cancel"
	Fail    Trigger = "fail"
)

// States is the machine; docs/states.md is drawn from it.
//
//exhaustive:ignore
var States = fsm.Table[State, Trigger]{
	Requested:  {Approve: Approved, Reject: Rejected, Cancel: Canceled},
	Approved:   {Submit: Processing, Cancel: Canceled},
	Processing: {Confirm: Paid, Fail: Failed},
	Paid:       {},
	Rejected:   {},
	Canceled:   {},
	Failed:     {},
}

// Waits says who must act next.
var Waits = map[State]fsm.Actor{
	Requested: fsm.Operator, Approved: fsm.Us, Processing: fsm.Gateway, Paid: fsm.Nobody,
	Rejected: fsm.Nobody, Canceled: fsm.Nobody, Failed: fsm.Nobody,
}
