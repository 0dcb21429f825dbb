package money_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

func TestConvertBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount, unit, rate, to string
		rounding               money.Rounding
		want                   string
		exact                  bool
	}{
		{"440590392.01", "IRT", "53064", "USD", money.Down, "8303.00000018", false},
		{"102000", "IRT", "51000", "USD", money.Down, "2", true},
		{"1", "IRT", "3", "USD", money.Down, "0.33333333", false},
		{"1", "IRT", "3", "USD", money.Up, "0.33333334", false},
		{"-1", "IRT", "3", "USD", money.Down, "-0.33333333", false},
		{"-1", "IRT", "3", "USD", money.Floor, "-0.33333334", false},
		{"-1", "IRT", "3", "USD", money.Ceiling, "-0.33333333", false},
		{"1", "IRT", "3", "USD", money.Ceiling, "0.33333334", false},
		{"1", "RUB", "8", "IRR", money.HalfEven, "0", false},
		{"4", "RUB", "8", "IRR", money.HalfEven, "0", false},
		{"4", "RUB", "8", "IRR", money.HalfUp, "1", false},
		{"12", "RUB", "8", "IRR", money.HalfEven, "2", false},
		{"1", "EUR", "0.00000001", "USD", money.HalfEven, "100000000", true},
	} {
		rate, err := money.ParseRate(c.rate)
		if err != nil {
			t.Fatal(err)
		}
		amount, err := money.Parse(c.amount, money.Unit(c.unit))
		if err != nil {
			t.Fatal(err)
		}
		got, exact, err := rate.ConvertBack(amount, money.Unit(c.to), c.rounding)
		if err != nil || got.Text() != c.want || exact != c.exact {
			t.Errorf("%s %s / %s, %s: got %s, exact %v, %v; want %s, exact %v",
				c.amount, c.unit, c.rate, c.rounding, got.Text(), exact, err, c.want, c.exact)
		}
	}
}

func TestConvertBackRefuses(t *testing.T) {
	t.Parallel()
	tiny, err := money.ParseRate("0.00000000000000000001")
	if err != nil {
		t.Fatal(err)
	}
	most := money.New(math.MaxInt64, money.IRR)
	for name, c := range map[string]struct {
		rate     money.Rate
		amount   money.Amount
		to       money.Unit
		rounding money.Rounding
		want     fault.Code
	}{
		"no rate":                      {money.Rate{}, most, money.USD, money.Down, fault.CodeRateInvalid},
		"no amount":                    {tiny, money.Amount{}, money.USD, money.Down, fault.CodeUnitUnknown},
		"an unknown unit":              {tiny, most, "XXX", money.Down, fault.CodeUnitUnknown},
		"a result beyond all amounts":  {tiny, most, money.USD, money.Down, fault.CodeAmountOverflow},
		"an unknown rounding":          {tiny, money.New(1, money.IRR), money.USD, "nearly", fault.CodeParameterInvalid},
		"an unknown rounding of parts": {third(t), money.New(1, money.IRR), money.USD, "nearly", fault.CodeParameterInvalid},
	} {
		if _, _, err := c.rate.ConvertBack(c.amount, c.to, c.rounding); !fault.Is(err, c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func third(t *testing.T) money.Rate {
	t.Helper()
	r, err := money.ParseRate("3")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestConvertBackAgainstFractions compares with exact fractions: cut towards
// zero, the result times the rate is the amount less than one step's worth.
func TestConvertBackAgainstFractions(t *testing.T) {
	t.Parallel()
	units := money.Units()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[1-9][0-9]{0,8}(\.[0-9]{0,8}[1-9])?`).Draw(t, "rate")
		rate, err := money.ParseRate(text)
		if err != nil {
			t.Fatal(err)
		}
		from := rapid.SampledFrom(units).Draw(t, "from")
		to := rapid.SampledFrom(units).Draw(t, "to")
		amount := money.New(rapid.Int64Range(-1e12, 1e12).Draw(t, "steps"), from.Unit)
		got, exact, err := rate.ConvertBack(amount, to.Unit, money.Down)
		if fault.Is(err, fault.CodeAmountOverflow) {
			t.Skip("beyond all amounts")
		}
		if err != nil {
			t.Fatal(err)
		}
		divisor, _ := new(big.Rat).SetString(text)
		want, _ := new(big.Rat).SetString(amount.Fixed())
		want.Quo(want, divisor)
		have, _ := new(big.Rat).SetString(got.Fixed())
		left := new(big.Rat).Sub(want, have)
		if exact != (left.Sign() == 0) || left.Sign()*want.Sign() < 0 {
			t.Fatalf("%v / %s: got %v, left %v, exact %v", amount, text, got, left, exact)
		}
		step := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(to.Scale)), nil))
		if left.Abs(left).Cmp(step) >= 0 {
			t.Fatalf("%v / %s: got %v, which leaves %v", amount, text, got, left)
		}
	})
}
