package wallet

import (
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Market is a pair of units that a merchant exchanges, with its two rates:
// how many of Quote one Base is worth.
type Market struct {
	Merchant    string
	Base, Quote money.Unit
	Version     int64      // the version that was read; 0 = not stored yet
	Buy         money.Rate // used when Base is bought
	Sell        money.Rate // used when Base is spent
	Source      string     // where the rates come from
	SetAt       time.Time
	CreatedAt   time.Time
}

// Name is both units, such as "USDIRT".
func (m Market) Name() string { return string(m.Base) + string(m.Quote) }

// Check is nil when the market can be traded on. Errors: unit_unknown,
// unit_mismatch when both units are the same, rate_invalid, parameter_invalid
// when Base would be sold for more than it is bought for.
func (m Market) Check() error {
	for _, u := range []money.Unit{m.Base, m.Quote} {
		if _, err := money.Lookup(u); err != nil {
			return err
		}
	}
	if m.Base == m.Quote {
		return fault.New(fault.CodeUnitMismatch, "currency", "A market needs two different units.")
	}
	if !m.Buy.Valid() || !m.Sell.Valid() {
		return fault.New(fault.CodeRateInvalid, "rate", "")
	}
	if less(m.Buy, m.Sell) {
		return fault.New(fault.CodeParameterInvalid, "sell",
			"The sell rate is above the buy rate: every round trip would give money away.")
	}
	return nil
}

// less compares two rates by their shortest decimal texts.
func less(a, b money.Rate) bool {
	wholeA, fractionA, _ := strings.Cut(a.Text(), ".")
	wholeB, fractionB, _ := strings.Cut(b.Text(), ".")
	if len(wholeA) != len(wholeB) {
		return len(wholeA) < len(wholeB)
	}
	return wholeA < wholeB || (wholeA == wholeB && fractionA < fractionB)
}

// Side says which unit of the market was spent.
type Side string

// The sides of an exchange.
const (
	Sell Side = "sell" // Base was spent
	Buy  Side = "buy"  // Base was received
)

// Exchange is one amount turned into another at a rate that is kept with it.
// It is immediate and final.
type Exchange struct {
	ID        string
	Merchant  string
	Account   int64 // whose money it is
	Spent     money.Amount
	Got       money.Amount // cut towards zero; what was cut stays with the exchange desk
	Exact     bool         // nothing was cut
	Market    string
	Side      Side
	Rate      money.Rate
	CreatedAt time.Time
}

// Trade works out what an amount buys on one of the markets.
// Errors: amount_invalid, unit_mismatch when nothing would change, rate_missing
// when no market has both units, amount_too_small when nothing whole comes out.
func Trade(markets []Market, spent money.Amount, to money.Unit) (Exchange, error) {
	if spent.Sign() <= 0 {
		return Exchange{}, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	if spent.Unit() == to {
		return Exchange{}, fault.New(fault.CodeUnitMismatch, "to_currency", "The two currencies must differ.")
	}
	at := slices.IndexFunc(markets, func(m Market) bool {
		return (m.Base == spent.Unit() && m.Quote == to) || (m.Base == to && m.Quote == spent.Unit())
	})
	if at < 0 {
		return Exchange{}, fault.New(fault.CodeRateMissing, "to_currency", "")
	}
	m := markets[at]
	e := Exchange{Merchant: m.Merchant, Spent: spent, Market: m.Name(), Side: Sell, Rate: m.Sell}
	if m.Base == to {
		e.Side, e.Rate = Buy, m.Buy
	}
	var err error
	if e.Got, e.Exact, err = e.worth(to); err != nil {
		return Exchange{}, err
	}
	if e.Got.IsZero() {
		return Exchange{}, fault.New(fault.CodeAmountTooSmall, "amount", "Nothing would come out of so small an amount.")
	}
	return e, nil
}

// worth is what the exchange's rate gives for what was spent.
func (e Exchange) worth(to money.Unit) (got money.Amount, exact bool, err error) {
	if e.Side == Buy {
		return e.Rate.ConvertBack(e.Spent, to, money.Down)
	}
	got, residue, err := e.Rate.Convert(e.Spent, to, money.Down)
	return got, residue == "0", err
}

// Right says that the exchange gave what its own rate says, to the last step.
func (e Exchange) Right() bool {
	got, exact, err := e.worth(e.Got.Unit())
	return err == nil && got == e.Got && exact == e.Exact && e.Spent.Sign() > 0 && e.Got.Sign() > 0
}
