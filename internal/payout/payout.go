// Package payout is money sent out to somebody who is owed it.
package payout

import (
	"slices"
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
	Approvers   []string     // who approved it, in order
	Receipt     string       // the rail's id of the money movement; empty until it is paid
	Note        string       // for the operator: why it ended as it did
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Net is what arrives: the amount less the fee.
func (p Payout) Net() (money.Amount, error) { return p.Amount.Sub(p.Fee) }

// Approvals is how many people have to approve it: two where it takes more than
// the limit in its unit.
func (p Payout) Approvals(limits []money.Amount) int {
	for _, limit := range limits {
		if over, err := p.Amount.Cmp(limit); err == nil && over > 0 { // of another unit is no limit
			return 2
		}
	}
	return 1
}

// ApprovedBy is the payout with one more person's approval; enough says that it
// has as many as the limits ask for. Error: parameter_invalid for somebody who
// has approved it already.
func (p Payout) ApprovedBy(name string, limits []money.Amount) (next Payout, enough bool, err error) {
	for _, one := range p.Approvers {
		if strings.EqualFold(one, name) {
			return p, false, fault.New(fault.CodeParameterInvalid, "operator",
				"The same person has approved it already: a second one has to.")
		}
	}
	p.Approvers = append(slices.Clone(p.Approvers), name)
	return p, len(p.Approvers) >= p.Approvals(limits), nil
}

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
