package payout

import "github.com/purserhq/purser/internal/fsm"

// State is where a payout stands.
type State string

// Trigger is what moves a payout from one state to another.
type Trigger string

// The states of a payout; each comment names who acts next.
const (
	Requested  State = "requested"  // an operator acts next; above a limit a second one
	Approved   State = "approved"   // we tell the gateway, or a trader takes it
	Processing State = "processing" // the rail or the trader acts next, or an answer was lost
	Paid       State = "paid"       // the money has arrived
	Rejected   State = "rejected"   // an operator said no; the money is where it was
	Canceled   State = "canceled"   // withdrawn before it was sent
	Expired    State = "expired"    // nobody took it in time; the money is where it was
	Failed     State = "failed"     // the rail refused, or it came back; the money is where it was
)

// The triggers of a payout.
const (
	Approve  Trigger = "approve"
	Submit   Trigger = "submit"
	Confirm  Trigger = "confirm"
	Reject   Trigger = "reject"
	Cancel   Trigger = "cancel"
	Expire   Trigger = "expire"
	GiveBack Trigger = "give_back"
	Fail     Trigger = "fail"
	Undo     Trigger = "undo"
)

// States is the machine; docs/states.md is drawn from it. A trader who has taken
// one may give it back, and one that a trader was paid for may be undone.
//
//exhaustive:ignore
var States = fsm.Table[State, Trigger]{
	Requested:  {Approve: Approved, Reject: Rejected, Cancel: Canceled, Expire: Expired},
	Approved:   {Submit: Processing, Reject: Rejected, Cancel: Canceled, Expire: Expired},
	Processing: {Confirm: Paid, Fail: Failed, GiveBack: Approved},
	Paid:       {Undo: Failed},
	Rejected:   {},
	Canceled:   {},
	Expired:    {},
	Failed:     {},
}

// Waits says who must act next.
var Waits = map[State]fsm.Actor{
	Requested: fsm.Operator, Approved: fsm.Trader, Processing: fsm.Gateway, Paid: fsm.Nobody,
	Rejected: fsm.Nobody, Canceled: fsm.Nobody, Expired: fsm.Nobody, Failed: fsm.Nobody,
}
