// Package payout is money sent out to somebody who is owed it.
package payout

import (
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Payout is one sending of money to a destination outside.
type Payout struct {
	ID          string
	Merchant    string
	Version     int64 // the version that was read; 0 = not stored yet
	State       State
	Account     int64        // number of the account that it is taken from
	Amount      money.Amount // taken from the account, fee included
	Fee         money.Amount // kept of it; zero = none
	Rail        string       // the way it goes, such as "TRX"
	Destination string       // an address that the rail understands
	Reference   string       // the wish's own name, unique for the account
	Receipt     string       // the rail's id of the money movement; empty until it is paid
	Note        string       // for the operator: why it ended as it did
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Net is what arrives: the amount less the fee.
func (p Payout) Net() (money.Amount, error) { return p.Amount.Sub(p.Fee) }

// Check is nil when the payout may be asked for, if the balance covers it.
// Errors: amount_invalid, amount_too_small when nothing is left after the fee,
// parameter_missing.
func (p Payout) Check() error {
	if p.Amount.Sign() <= 0 || p.Fee.Sign() < 0 {
		return fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	net, err := p.Net()
	if err != nil {
		return err
	}
	if net.Sign() <= 0 {
		return fault.New(fault.CodeAmountTooSmall, "amount", "The fee would take all of it.")
	}
	if strings.TrimSpace(p.Destination) == "" {
		return fault.New(fault.CodeParameterMissing, "address", "")
	}
	return nil
}
