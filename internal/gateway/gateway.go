// Package gateway is the port to payment providers: what a connector must be
// able to do, what it may be able to do, and the few words in which every
// connector answers.
//
// Only an explicit word of the provider, in answer to our own question, is
// Captured or Declined. Everything that is not understood is Unknown.
package gateway

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// Outcome is what became of an attempt, as far as the provider said.
type Outcome string

// The outcomes of Resolve.
const (
	Captured   Outcome = "captured"   // the money is taken, and amount, order and ids are ours
	Authorized Outcome = "authorized" // the payer paid; a capturing call is still needed
	Declined   Outcome = "declined"   // it will not be paid
	Canceled   Outcome = "canceled"   // the payer stopped it
	Expired    Outcome = "expired"    // its time ran out at the provider
	Pending    Outcome = "pending"    // the provider says it is open
	Undone     Outcome = "undone"     // it was paid and then reversed or given back in full
	Unknown    Outcome = "unknown"    // anything else: no answer, unreadable, a mismatch
)

// Info is what a connector declares about itself.
type Info struct {
	Connector string // such as the provider's own name
	Title     string // for people
	Unit      money.Unit
	Min, Max  money.Amount // Max not valid = none
	Methods   []payment.Method
	Lifetime  time.Duration // how long an opened page can be paid
	// VerifyCaptures: asking with Take moves the money; until then it goes back by itself.
	VerifyCaptures bool
	// CanLook: there is a question that changes nothing. Without it Look answers Unknown.
	CanLook bool
	// LostStartIsHarmless: when the answer of Start is lost nobody can pay it.
	LostStartIsHarmless bool
	// Poll is how often to ask while an attempt is open and nobody came back; 0 =
	// the usual growing pauses. Where the payer confirms on a phone it is seconds.
	Poll time.Duration
	// Instructions say where the money goes where payers pay the merchant directly: plain
	// text of a few lines, in whatever language it is; empty = nobody said it.
	Instructions string
	// Warning is what the operator should know of terms that work all the same, and what
	// to do about it; empty = nothing.
	Warning string
}

// Attempt is what a connector is told of one try of a payment.
type Attempt struct {
	Reference   string       // our id of the attempt
	Short       string       // another one, of 15 letters and digits, for providers whose field is short
	Amount      money.Amount // in the connector's unit
	Description string
	Payer       payment.Payer
	Method      payment.Method // the payer's choice; empty = whatever the contract offers
	ReturnURL   string         // carries an unguessable token; browsers may come with GET or POST
	NotifyURL   string         // where the provider's server may tell; empty = nowhere
	// The rest is known after Start.
	Session   string
	Word      string // what the payer's browser brought back; only a reason to ask
	Doubtful  bool   // an answer that may have moved money was lost before
	StartedAt time.Time
	Deadline  time.Time
}

// Started is the answer of Start.
type Started struct {
	Outcome StartOutcome
	Session string // the provider's id of the open page
	Link    string // where to send the payer
	Word    string // the provider's reason, for the operator; no secrets
	Alarm   string // not empty: our own set-up is wrong, and how
}

// StartOutcome is what became of the wish to open an attempt.
type StartOutcome string

// The outcomes of Start.
const (
	Opened   StartOutcome = "opened"
	Refused  StartOutcome = "refused"   // the provider said no; no money can move
	NoAnswer StartOutcome = "no_answer" // nothing that we understand came back
)

// Question is how much Resolve may do to learn the truth.
type Question string

// The questions.
const (
	Look Question = "look" // change nothing
	Take Question = "take" // we want the money: verify, execute or capture as the provider needs
)

// Report is the answer of Resolve.
type Report struct {
	Outcome Outcome
	Receipt string       // the provider's id of the money movement; needed for Captured
	Amount  money.Amount // what the provider says was paid; not valid when it does not say
	Fee     money.Amount // what the provider keeps; not valid when it does not say
	Card    string       // masked
	Word    string       // the provider's words, for the operator; no secrets
	Alarm   string       // not empty: a person must look, and why
	Doubt   bool         // an answer that may have moved money was lost

	Reason payment.Reason // why it was declined; empty = the provider said no more than that
}

// Gateway is one contract with one provider. Every method takes at most the
// connector's own time limit and is safe for many callers at once.
type Gateway interface {
	Info() Info
	// Start opens an attempt. It is called once for an attempt and never repeated.
	Start(ctx context.Context, a Attempt) Started
	// Resolve learns the truth about an opened attempt. It may be called any
	// number of times.
	Resolve(ctx context.Context, a Attempt, q Question) Report
}

// Healther is a gateway that knows how it has been doing lately.
type Healther interface {
	Healthy() bool
}

// Return is money that is to go back.
type Return struct {
	Refund  string // our id of the refund
	Attempt Attempt
	Receipt string       // of the payment
	Amount  money.Amount // what is to go back
	PaidAt  time.Time
	Reason  string
}

// ReturnOutcome is what became of a return.
type ReturnOutcome string

// The outcomes of Reverse and Refund.
const (
	Done         ReturnOutcome = "done"     // the money is back, or the payment undone
	Underway     ReturnOutcome = "underway" // accepted, not there yet
	Denied       ReturnOutcome = "denied"   // the provider said no; nothing moved
	ReturnUnsure ReturnOutcome = "unknown"  // anything else: ask, do not repeat
)

// ReturnReport is the answer of Reverse, Refund and their inquiries.
type ReturnReport struct {
	Outcome ReturnOutcome
	Receipt string // the provider's id of the return, if any
	Undone  bool   // the provider reversed the payment instead of paying back
	Word    string // safe to show to the merchant
	Alarm   string
}

// Reverser can undo a whole payment before it is settled.
type Reverser interface {
	// Reverse is called once for a return and never repeated by itself.
	Reverse(ctx context.Context, r Return) ReturnReport
}

// Refunder can pay money back after the payment.
type Refunder interface {
	// CanRefund says whether the merchant's contract includes it: the
	// credentials for it are there.
	CanRefund() bool
	// Refund is called once for a return and never repeated by itself.
	Refund(ctx context.Context, r Return) ReturnReport
	// RefundState asks what became of a refund whose answer was lost or open.
	RefundState(ctx context.Context, r Return, receipt string) ReturnReport
}

// Unclaimed is a paid attempt that nobody has verified yet.
type Unclaimed struct {
	Session string
	Amount  money.Amount
}

// Sweeper can list attempts that are paid and not verified.
type Sweeper interface {
	Sweep(ctx context.Context) ([]Unclaimed, error)
}

// Confirmer is a gateway whose truth is a person's word.
type Confirmer interface {
	// Confirmable says that an operator may confirm or refuse its payments.
	Confirmable() bool
}

// Notice is what a payer's browser or a provider's server brought: a reason
// to ask, never a fact.
type Notice struct {
	Session string // the provider's id it speaks of; empty where it names only ours
	Short   string // our short id of the attempt, where the provider names it
	Word    string // what it says, in the provider's words
	Good    bool   // it claims success
}

// Returner reads what the payer's browser brings back.
type Returner interface {
	// ReadReturn finds its own parameters in a query; ok is false when the
	// query is not this provider's.
	ReadReturn(query map[string][]string) (n Notice, ok bool)
}

// Directory opens a merchant's contract as a live connector.
type Directory interface {
	// Open builds the connector of a contract, or finds the one that was built
	// for this version of it. Error: setting_invalid when its settings do not
	// make one.
	Open(contract merchant.Gateway) (Gateway, error)
}
