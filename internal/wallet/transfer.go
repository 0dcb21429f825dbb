package wallet

import (
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Transfer is money that went from one account of a merchant to another. It is
// immediate and final.
type Transfer struct {
	ID          string
	Merchant    string
	From, To    int64 // numbers of accounts
	Amount      money.Amount
	Reference   string // the sender's own name for it, unique for the sender
	Description string
	CreatedAt   time.Time
}

// Check is nil when the transfer may be booked, if the balance covers it.
// Errors: amount_invalid, parameter_invalid for a transfer to oneself.
func (t Transfer) Check() error {
	if t.Amount.Sign() <= 0 {
		return fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	if t.From == t.To {
		return fault.New(fault.CodeParameterInvalid, "receiver", "An account cannot send money to itself.")
	}
	return nil
}
