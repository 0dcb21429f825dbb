// Package refund is money that goes back to a payer.
//
// Undoing a payment before settlement (a reversal) and paying it back later
// are the same noun: the way differs, the bookkeeping does not.
package refund

import (
	"time"

	"github.com/purserhq/purser/internal/money"
)

// Way is how the money goes back.
type Way string

// The ways back. ByReversal undoes the payment at the gateway and is always
// the full amount; ByRefund sends money back in a movement of its own; ByWallet
// gives it back to the wallet it was paid from, at once; ByRelease gives up money
// that was held and not taken.
const (
	ByReversal Way = "reversal"
	ByRefund   Way = "refund"
	ByWallet   Way = "wallet"
	ByRelease  Way = "release"
)

// Source is the account that the money is taken from.
type Source string

// The sources of a refund.
const (
	FromMerchant Source = "merchant" // the money was the merchant's
	FromSuspense Source = "suspense" // late or surplus money that never became the merchant's
	FromOwed     Source = "owed"     // the payer's again: not verified in time, or the invoice was refunded
	FromDeposit  Source = "deposit"  // it was put into a customer's wallet
	FromHold     Source = "hold"     // it was never taken from the payer
)

// Refund is one return of money for one payment.
type Refund struct {
	ID        string
	Merchant  string
	Version   int64 // the version that was read; 0 = not stored yet
	State     State
	Payment   string
	Amount    money.Amount
	Way       Way
	Source    Source
	Gateway   string
	Listed    bool      // the merchant named it: shown in lists
	SettledAt time.Time // when the gateway's statement showed it; zero before
	Receipt   string    // the gateway's id of the refund, if it gave one
	Reason    string    // as the merchant gave it
	Word      string    // why the gateway refused, in words that may be shown
	Attention string    // not empty: a person must look, and why
	CheckAt   time.Time // when to ask the gateway next; zero = not waiting for it
	Checks    int
	SentAt    time.Time // when its gateway was to be told; zero before, and where it was not kept yet
	CreatedAt time.Time
	UpdatedAt time.Time
}
