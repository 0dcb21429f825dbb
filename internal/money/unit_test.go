package money_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// The scales that the dialects and gateways rely on.
func TestScales(t *testing.T) {
	t.Parallel()
	want := map[money.Unit]int{
		money.IRR: 0, money.IRT: 4, money.USD: 8, money.USDT: 8, money.RUB: 2, money.EUR: 2, money.BDT: 2, money.KZT: 2,
		"GBP": 2, "TRY": 2, "AED": 2, "JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3, "OMR": 3, "BTC": 8,
		"VND": 0, "UZS": 2, "TJS": 2,
	}
	for u, scale := range want {
		i, err := money.Lookup(u)
		if err != nil || i.Scale != scale {
			t.Errorf("Lookup(%q) = scale %d, %v, want scale %d", u, i.Scale, err, scale)
		}
	}
}

func TestLookupOfAnUnknownUnit(t *testing.T) {
	t.Parallel()
	for _, u := range []money.Unit{"", "usd", "USD ", "XXX"} {
		if got, err := money.Lookup(u); got != (money.Info{}) || !fault.Is(err, fault.CodeUnitUnknown) {
			t.Errorf("Lookup(%q) = %v, %v, want a unit_unknown fault", u, got, err)
		}
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	units := money.Units()
	if !slices.IsSortedFunc(units, func(a, b money.Info) int { return strings.Compare(string(a.Unit), string(b.Unit)) }) {
		t.Errorf("Units are not sorted: %v", units)
	}
	for _, i := range units {
		if found, err := money.Lookup(i.Unit); err != nil || found != i {
			t.Errorf("Lookup(%q) = %v, %v, want the row of Units", i.Unit, found, err)
		}
		if i.Scale < 0 || i.Scale > 9 || i.Times < 1 || i.Name == "" || i.Symbol == "" {
			t.Errorf("%q: incomplete row %+v", i.Unit, i)
		}
		if i.Kind != money.Fiat && i.Kind != money.Crypto {
			t.Errorf("%q: kind %q", i.Unit, i.Kind)
		}
		own, err := money.Lookup(money.Unit(i.Currency))
		if err != nil || own.Times != 1 || own.Kind != i.Kind {
			t.Errorf("%q: the unit of its currency %q is %+v, %v", i.Unit, i.Currency, own, err)
		}
	}
	if toman, err := money.Lookup(money.IRT); err != nil || toman.Currency != "IRR" || toman.Times != 10 {
		t.Errorf("Lookup(IRT) = %+v, %v, want ten of IRR", toman, err)
	}
	tether, err := money.Lookup(money.USDT)
	if err != nil || tether.Rounding != money.Down || tether.Kind != money.Crypto {
		t.Errorf("Lookup(USDT) = %+v, %v, want a coin that is rounded down", tether, err)
	}
}
