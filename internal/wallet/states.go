package wallet

import "github.com/purserhq/purser/internal/fsm"

// State is where a customer stands.
type State string

// Trigger is what moves a customer from one state to another.
type Trigger string

// The states of a customer; each comment names who acts next.
const (
	Active  State = "active"  // nobody has to act
	Blocked State = "blocked" // an operator acts next: money comes in and none goes out
)

// The triggers of a customer.
const (
	Block   Trigger = "block"
	Unblock Trigger = "unblock"
)

// States is the machine; docs/states.md is drawn from it.
//
//exhaustive:ignore
var States = fsm.Table[State, Trigger]{
	Active:  {Block: Blocked},
	Blocked: {Unblock: Active},
}

// Waits says who must act next.
var Waits = map[State]fsm.Actor{Active: fsm.Nobody, Blocked: fsm.Operator}

// Completed is the only state of a transfer or an exchange: both are final the
// moment they are made.
const Completed = "completed"

// Priced is the only state of a market: it has rates, whichever they are.
const Priced = "set"
