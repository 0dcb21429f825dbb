package stripe

import (
	"strings"

	"github.com/purserhq/purser/internal/money"
)

// coin is the contract's currency as the provider counts it.
type coin struct {
	unit   money.Unit
	name   string // on the wire
	factor int64  // smallest steps of ours in one of theirs
	whole  int64  // what the number on the wire must be a multiple of
}

// places are the decimal places of currencies that do not have two.
//
//exhaustive:ignore
var places = map[money.Unit]int{"JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3, "OMR": 3}

// coinOf finds a currency. Coins, and currencies that the provider does not take, are none.
func coinOf(unit money.Unit) (coin, bool) {
	i, err := money.Lookup(unit)
	if err != nil || i.Kind != money.Fiat || i.Times != 1 || unit == money.IRR || unit == "IQD" {
		return coin{}, false
	}
	count, other := places[unit]
	if !other {
		count = 2
	}
	if i.Scale < count {
		return coin{}, false
	}
	c := coin{unit: unit, name: strings.ToLower(string(unit)), factor: 1, whole: 1}
	for range i.Scale - count {
		c.factor *= 10
	}
	if count == 3 {
		c.whole = 10 // of three places the provider wants the last to be 0
	}
	return c, true
}

// wire is the amount in the provider's count; false where it has no whole number of it.
func (c coin) wire(a money.Amount) (int64, bool) {
	n := a.Steps() / c.factor
	return n, a.Steps()%c.factor == 0 && n%c.whole == 0
}

// amount is the way back; not valid for what no payment can be.
func (c coin) amount(n int64) money.Amount {
	const most = 1_000_000_000
	if n < 0 || n > most {
		return money.Amount{}
	}
	return money.New(n*c.factor, c.unit)
}
