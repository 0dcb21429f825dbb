package gateway

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/money"
)

// Order is money that is to be sent to somebody.
type Order struct {
	Reference   string       // our id of the payout, by which the provider can be asked
	Amount      money.Amount // what is to arrive, in the connector's unit
	Destination string       // an account or an address, in the provider's form
	AskedAt     time.Time    // when the payout was asked for
}

// SendOutcome is what became of an order.
type SendOutcome string

// The outcomes of Disburse and DisburseState.
const (
	Sent       SendOutcome = "sent"     // the provider says that it has paid
	Sending    SendOutcome = "sending"  // accepted, not paid yet
	NotSent    SendOutcome = "not_sent" // the provider said no: nothing moved, and nothing will
	SendUnsure SendOutcome = "unknown"  // anything else: ask, do not repeat
)

// SendReport is the answer of Disburse and DisburseState.
type SendReport struct {
	Outcome SendOutcome
	Receipt string       // the provider's id of the money movement; needed for Sent
	Amount  money.Amount // what the provider says that it sent; not valid when it does not say
	Word    string       // safe to show to the operator; no secrets
	Alarm   string       // not empty: a person must look, and why
}

// Disburser can send money out by itself.
type Disburser interface {
	// CanDisburse says whether the merchant's contract includes it: the
	// credentials for it are there.
	CanDisburse() bool
	// Disburse is called once for an order and never repeated: what is lost of its
	// answer is asked for with DisburseState.
	Disburse(ctx context.Context, o Order) SendReport
	// DisburseState asks by our reference what became of an order. That the provider
	// does not know the reference is not its no, and so SendUnsure: the order may
	// still be on its way to it.
	DisburseState(ctx context.Context, o Order) SendReport
}
