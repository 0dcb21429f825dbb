package deal

import "github.com/purserhq/purser/internal/fsm"

// State is where a deal stands.
type State string

// Trigger is what moves a deal from one state to another.
type Trigger string

// The states of a deal; each comment names who acts next.
const (
	TransferWaiting   State = "transfer_waiting"   // the payer acts next: send the money
	TransferConfirmed State = "transfer_confirmed" // the payer says it is sent: the trader acts next
	Disputed          State = "dispute"            // an operator acts next
	Completed         State = "completed"          // the money was sent, and is paid for
	Canceled          State = "canceled"           // no money moved, or it was decided so
)

// The triggers of a deal.
const (
	ConfirmTransfer Trigger = "confirm_transfer"
	Complete        Trigger = "complete"
	Cancel          Trigger = "cancel"
	OpenDispute     Trigger = "dispute"
	Correct         Trigger = "correct" // another sum came than was said
)

// States is the machine; docs/states.md is drawn from it. A payer may say of a
// deal that was canceled that the money was sent all the same, and a merchant of a
// payout that it did not arrive.
//
//exhaustive:ignore
var States = fsm.Table[State, Trigger]{
	TransferWaiting:   {ConfirmTransfer: TransferConfirmed, Complete: Completed, Cancel: Canceled, OpenDispute: Disputed},
	TransferConfirmed: {Complete: Completed, Cancel: Canceled, OpenDispute: Disputed},
	Disputed:          {Complete: Completed, Cancel: Canceled},
	Completed:         {OpenDispute: Disputed, Correct: Completed},
	Canceled:          {OpenDispute: Disputed},
}

// Waits says who must act next.
var Waits = map[State]fsm.Actor{
	TransferWaiting: fsm.Payer, TransferConfirmed: fsm.Trader, Disputed: fsm.Operator,
	Completed: fsm.Nobody, Canceled: fsm.Nobody,
}
