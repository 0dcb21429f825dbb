package event

import "github.com/purserhq/purser/internal/fsm"

// State is where the delivery of an event to an endpoint stands.
type State string

// Trigger is what moves a delivery from one state to another.
type Trigger string

// The states of a delivery; each comment names who acts next.
const (
	Due       State = "due"       // we act next: send it
	Delivered State = "delivered" // the endpoint took it
	Dead      State = "dead"      // the last try failed: the merchant may ask for it again
)

// The triggers of a delivery.
const (
	Accept Trigger = "accept"
	Retry  Trigger = "retry"
	GiveUp Trigger = "give_up"
	Resend Trigger = "resend"
)

// States is the machine; docs/states.md is drawn from it.
//
//exhaustive:ignore
var States = fsm.Table[State, Trigger]{
	Due:       {Accept: Delivered, Retry: Due, GiveUp: Dead},
	Delivered: {Resend: Due},
	Dead:      {Resend: Due},
}

// Waits says who must act next.
var Waits = map[State]fsm.Actor{Due: fsm.Us, Delivered: fsm.Nobody, Dead: fsm.Merchant}
