package refund

import "github.com/purserhq/purser/internal/fsm"

// State is where a refund stands.
type State string

// Trigger is what moves a refund from one state to another.
type Trigger string

// The states of a refund; each comment names who acts next.
const (
	Requested  State = "requested"  // we act next
	Processing State = "processing" // the gateway acts next, or its answer was lost
	Succeeded  State = "succeeded"  // the money is back with the payer
	Failed     State = "failed"     // the gateway refused; the money is where it was
)

// The triggers of a refund.
const (
	Submit  Trigger = "submit"
	Succeed Trigger = "succeed"
	Fail    Trigger = "fail"
)

// What happens to a refund and leaves its state as it is, in the words of its history.
const (
	ChooseWay Trigger = "choose_way" // how its money goes back was decided
	ChangeWay Trigger = "change_way" // it was too late to undo the payment: it is paid back
	Flag      Trigger = "flag"       // a person was called
	Answer    Trigger = "answer"     // a person ended the call: nothing is left to give back
	Settle    Trigger = "settle"     // a settlement of its gateway has it
)

// States is the machine; docs/states.md is drawn from it.
//
//exhaustive:ignore
var States = fsm.Table[State, Trigger]{
	Requested:  {Submit: Processing, Fail: Failed},
	Processing: {Succeed: Succeeded, Fail: Failed},
	Succeeded:  {},
	Failed:     {},
}

// Waits says who must act next.
var Waits = map[State]fsm.Actor{
	Requested: fsm.Us, Processing: fsm.Gateway, Succeeded: fsm.Nobody, Failed: fsm.Nobody,
}
