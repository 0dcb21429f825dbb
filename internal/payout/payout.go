// Package payout is money sent out to somebody who is owed it.
package payout

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Traders is the rail of payouts that traders send, by hand, to people's accounts
// in another currency. They are paid for it in coins.
const Traders = "traders"

// Payee is to whom a trader sends money.
type Payee struct {
	Option string // the way, such as "SBP"
	Method string // the bank
	Number string // a card, a telephone, an account
	Holder string // whose it is; may be empty
}

// Notice is who is told about one payout beside the merchant's endpoints.
type Notice struct {
	URL      string // empty = nobody
	Form     string // how it is told, in the words of the API that the payout was asked for through
	Endpoint string // the id of the endpoint whose secrets sign it; empty = not signed
	Sealed   []byte // a secret of the merchant's that comes with it, encrypted; empty = none
}

// Payout is one sending of money to a destination outside.
type Payout struct {
	ID          string
	Merchant    string
	Version     int64 // the version that was read; 0 = not stored yet
	State       State
	Account     int64             // number of the account that it is taken from
	Amount      money.Amount      // taken from the account, fee included
	Fee         money.Amount      // kept of it; zero = none
	Rail        string            // the way it goes, such as "TRX"
	Destination string            // an address that the rail understands
	Reference   string            // the wish's own name, unique for the account
	Approvers   []string          // who approved it, in order
	Receipt     string            // the rail's id of the money movement; empty until it is paid
	Note        string            // for the operator: why it ended as it did
	Terminal    int64             // the merchant's terminal that it was asked for at; 0 = none
	Due         time.Time         // when it ends unless somebody has begun to send it; zero = never
	Bag         map[string]string // words of the API that it was asked for through; no meaning here
	Notice      Notice

	// What follows is only there when it goes through traders.

	Sum     money.Amount // what is to be sent, in its own currency; not valid = the net amount itself
	Rate    money.Rate   // of Sum's unit for one coin, fixed when it was asked for
	Percent money.Rate   // the fee, of a hundred; not valid = none
	Payee   Payee

	// What follows is only there when a gateway sends it by itself.

	Gateway   string    // the merchant's gateway that sends it; empty = a person or a trader does
	CheckAt   time.Time // when the gateway is next to be told or asked; zero = not needed
	Checks    int       // how often it was asked and said nothing that decides
	Attention string    // not empty: a person must look, and why

	CreatedAt time.Time
	UpdatedAt time.Time
}

// ByTraders says that traders send it.
func (p Payout) ByTraders() bool { return p.Rail == Traders }

// ByGateway says that a gateway sends it by itself.
func (p Payout) ByGateway() bool { return p.Gateway != "" }

// Waiting says that nobody has begun to send it.
func (p Payout) Waiting() bool { return p.State == Requested || p.State == Approved }

// Net is what arrives: the amount less the fee.
func (p Payout) Net() (money.Amount, error) { return p.Amount.Sub(p.Fee) }

// Approvals is how many people have to approve it: two where what it takes, or
// what is to be sent, is more than the limit in its unit.
func (p Payout) Approvals(limits []money.Amount) int {
	for _, limit := range limits {
		for _, amount := range []money.Amount{p.Amount, p.Sum} {
			if amount.Unit() == limit.Unit() && amount.Steps() > limit.Steps() {
				return 2
			}
		}
	}
	return 1
}

// sameName says that two names look alike: blanks, capitals and letters that show nothing make
// no second person. Letters of other alphabets may still look like each other.
func sameName(one, other string) bool {
	seen := func(name string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || !unicode.IsGraphic(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) ||
				unicode.Is(unicode.Variation_Selector, r) {
				return -1
			}
			return r
		}, name)
	}
	return strings.EqualFold(seen(one), seen(other))
}

// ApprovedBy is the payout with one more person's approval; enough says that it
// has as many as the limits ask for. Error: parameter_invalid for somebody who
// has approved it already.
func (p Payout) ApprovedBy(name string, limits []money.Amount) (next Payout, enough bool, err error) {
	for _, one := range p.Approvers {
		if sameName(one, name) {
			return p, false, fault.New(fault.CodeParameterInvalid, "operator",
				"The same person has approved it already: a second one has to.")
		}
	}
	p.Approvers = append(slices.Clone(p.Approvers), name)
	return p, len(p.Approvers) >= p.Approvals(limits), nil
}

// CheckSending is nil when a trader can be asked to send it: somebody gets some
// money. Errors: amount_invalid, parameter_missing.
func (p Payout) CheckSending() error {
	if p.Sum.Sign() <= 0 {
		return fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	for _, part := range []struct{ name, text string }{
		{"option", p.Payee.Option}, {"method", p.Payee.Method}, {"requisites", p.Payee.Number},
	} {
		if strings.TrimSpace(part.text) == "" {
			return fault.New(fault.CodeParameterMissing, part.name, "")
		}
	}
	return nil
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
