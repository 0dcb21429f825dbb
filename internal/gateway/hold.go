package gateway

import (
	"context"

	"github.com/purserhq/purser/internal/money"
)

// Held is money that the payer's bank keeps for us and that was not taken yet.
type Held struct {
	Attempt Attempt
	Amount  money.Amount // of the step: what to take, or what shall be held from now on
	Step    string       // our own id of the step, the same when it is asked for again
}

// Capturer can take held money and let it go. Each call may be repeated with
// the same step: the provider runs it once.
type Capturer interface {
	// Capture takes the amount, at most what is held, and lets go of the rest:
	// Captured, or Declined, or Unknown. Where all that was held is taken
	// already, by whoever did that, it is Captured with all of it.
	Capture(ctx context.Context, h Held) Report
	// Void lets go of all of it: Canceled, or Unknown, or Captured where all
	// of it is taken already.
	Void(ctx context.Context, h Held) Report
}

// Adjuster can change how much is held without a new consent of the payer.
type Adjuster interface {
	// Adjust holds the amount instead of what was held: Authorized, or Declined
	// when the provider will not, and then the old amount is still held. Captured
	// says that it held the amount, and that all of this is taken already.
	Adjust(ctx context.Context, h Held) Report
}

// Charger can ask a payer's bank at once, with the card that the payer gave us.
type Charger interface {
	// Charge asks for the attempt's amount. Held says that it is only to be held.
	// It may be repeated for the same attempt: the provider runs it once. Without a
	// card it does nothing new: it says what became of an earlier call, and sees to
	// it that one which never got as far as the card stays without effect.
	Charge(ctx context.Context, a Attempt, c Card, held bool) Charged
}

// Charged is the answer of Charge.
type Charged struct {
	Started // its session and, where the payer's bank wants to see the payer, the link to go to
	Report  Report
}
