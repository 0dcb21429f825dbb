package sandbox

import (
	"maps"
	"time"
)

// State says where a payment's money is, in words that fit every provider. Each emulator shows its own words instead.
type State string

// The states, with who acts next.
const (
	Open      State = "open"      // the payer
	Paid      State = "paid"      // the merchant: verify before the window closes
	Verified  State = "verified"  // nobody, or the merchant: reverse or refund
	Failed    State = "failed"    // nobody
	Canceled  State = "canceled"  // nobody
	Expired   State = "expired"   // nobody: the payer never came
	Returned  State = "returned"  // nobody: paid, never verified, and the money went back
	Reversed  State = "reversed"  // nobody
	Refunding State = "refunding" // the bank
	Refunded  State = "refunded"  // nobody
)

// RefundStatus says how far one refund is.
type RefundStatus string

// The words for a refund.
const (
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"
)

// Fates that a fault lays on a refund when it is asked for.
const (
	FateStays    = "stays"
	FateFails    = "fails"
	FateReverses = "reverses"
)

// Refund is money on its way back to the payer.
type Refund struct {
	ID          int64        `json:"id"`
	Amount      int64        `json:"amount"`
	Method      string       `json:"method,omitempty"`
	Reason      string       `json:"reason,omitempty"`
	Description string       `json:"description,omitempty"`
	Status      RefundStatus `json:"status"`
	At          time.Time    `json:"at"`
	DueAt       time.Time    `json:"due_at"`
	Fate        string       `json:"fate,omitempty"`
}

// Payment is one payment in the emulated provider's books. Amounts are whole rial.
type Payment struct {
	ID          string   `json:"id"`     // what the provider calls it before it is paid
	Number      int64    `json:"number"` // its place in the order of arrival
	Merchant    string   `json:"merchant"`
	Amount      int64    `json:"amount"`
	Asked       int64    `json:"asked"` // the number as it was sent, in Currency
	Currency    string   `json:"currency"`
	Callback    string   `json:"callback"`
	OrderID     string   `json:"order_id,omitempty"`
	Description string   `json:"description,omitempty"`
	Mobile      string   `json:"mobile,omitempty"`
	Cards       []string `json:"cards,omitempty"` // the only cards that may pay; empty means any

	State      State  `json:"state"`
	Code       int    `json:"code,omitempty"` // the provider's own number for a refusal
	Card       string `json:"card,omitempty"`
	Reference  int64  `json:"reference,omitempty"` // what the provider calls it once paid
	Panel      int64  `json:"panel,omitempty"`     // its number in the merchant's panel
	AutoVerify bool   `json:"auto_verify,omitempty"`
	// Facts are what only one provider knows of a payment.
	Facts map[string]string `json:"facts,omitempty"`

	Charges  int      `json:"charges"`  // how often the payer's card was charged
	Captures int      `json:"captures"` // how often the money became the merchant's
	Refunds  []Refund `json:"refunds,omitempty"`

	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	PaidAt     time.Time `json:"paid_at,omitzero"`
	ReturnsAt  time.Time `json:"returns_at,omitzero"`
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	ReversedAt time.Time `json:"reversed_at,omitzero"`
}

// Refunded is the money that refunds have brought back to the payer, in rial.
func (p *Payment) Refunded() int64 { return p.refundSum(RefundSucceeded) }

// Refundable is what is left to refund, pending refunds counted, in rial.
func (p *Payment) Refundable() int64 {
	if p.Captures == 0 || p.State == Reversed {
		return 0
	}
	return p.Amount - p.refundSum(RefundSucceeded) - p.refundSum(RefundPending)
}

// RefundsPending tells whether a refund is still under way.
func (p *Payment) RefundsPending() bool { return p.refundSum(RefundPending) > 0 }

func (p *Payment) refundSum(status RefundStatus) int64 {
	var sum int64
	for _, refund := range p.Refunds {
		if refund.Status == status {
			sum += refund.Amount
		}
	}
	return sum
}

// Verify makes the money the merchant's own. Only a paid payment can be verified; the answer tells whether it was.
func (p *Payment) Verify(at time.Time) bool {
	if p.State != Paid {
		return false
	}
	p.State, p.VerifiedAt = Verified, at
	p.Captures++
	return true
}

// Reverse gives the whole payment back before it is settled.
func (p *Payment) Reverse(at time.Time) {
	p.State, p.ReversedAt = Reversed, at
}

// settle lets the clock do its part: an open payment expires, unverified money goes back, refunds arrive.
func (p *Payment) settle(now time.Time, afterRefund func(*Payment)) {
	switch {
	case p.State == Open && !now.Before(p.ExpiresAt):
		p.State = Expired
	case p.State == Paid && !now.Before(p.ReturnsAt):
		p.State = Returned
	}
	for i := range p.Refunds {
		refund := &p.Refunds[i]
		if refund.Status != RefundPending || refund.Fate == FateStays || now.Before(refund.DueAt) {
			continue
		}
		refund.Status = RefundSucceeded
		if refund.Fate == FateFails {
			refund.Status = RefundFailed
		}
		if refund.Fate == FateReverses {
			// The bank chose to undo the payment as a whole, so no money counts as refunded.
			refund.Status = RefundFailed
			p.Reverse(refund.DueAt)
		}
		if afterRefund != nil && p.State != Reversed {
			afterRefund(p)
		}
	}
}

// clone copies what a caller could otherwise change behind the emulator's back.
func (p *Payment) clone() Payment {
	twin := *p
	twin.Facts = maps.Clone(p.Facts)
	twin.Cards = append([]string(nil), p.Cards...)
	twin.Refunds = append([]Refund(nil), p.Refunds...)
	return twin
}

// Books is the emulated provider's money, added up; every figure is in rial.
type Books struct {
	Payments int   `json:"payments"`
	Charged  int64 `json:"charged"`  // taken from payers' cards
	Captured int64 `json:"captured"` // made the merchant's by verify
	Waiting  int64 `json:"waiting"`  // charged, neither verified nor given back yet
	Returned int64 `json:"returned"` // charged, never verified, given back
	Reversed int64 `json:"reversed"`
	Refunded int64 `json:"refunded"`
	Pending  int64 `json:"pending"` // refunds under way
}

// add enters one payment.
func (b *Books) add(p *Payment) {
	b.Payments++
	b.Charged += int64(p.Charges) * p.Amount
	b.Captured += int64(p.Captures) * p.Amount
	b.Refunded += p.Refunded()
	b.Pending += p.refundSum(RefundPending)
	switch p.State {
	case Paid:
		b.Waiting += int64(p.Charges) * p.Amount
	case Returned:
		b.Returned += int64(p.Charges) * p.Amount
	case Reversed:
		b.Reversed += p.Amount - p.Refunded()
	case Open, Verified, Failed, Canceled, Expired, Refunding, Refunded:
		// The sums above say all there is.
	}
}
