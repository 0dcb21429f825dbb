package money_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

var roundings = []money.Rounding{
	money.HalfEven, money.HalfUp, money.Down, money.Up, money.Floor, money.Ceiling,
}

func TestParseRate(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"1", "1"},
		{"98.50", "98.5"},
		{"0.085", "0.085"},
		{"007.00", "7"},
		{"100", "100"},
		{strings.Repeat("9", 38), strings.Repeat("9", 38)},
		{"0." + strings.Repeat("0", 37) + "1", "0." + strings.Repeat("0", 37) + "1"},
		{"1." + strings.Repeat("0", 50), "1"},
	}
	for _, test := range tests {
		r, err := money.ParseRate(test.text)
		expectCode(t, err, "")
		if r.Text() != test.want || r.String() != test.want || !r.Valid() {
			t.Errorf("ParseRate(%q) = %q, valid %v, want %q", test.text, r.Text(), r.Valid(), test.want)
		}
	}
	refused := []string{
		"", "0", "0.000", "-1", "+1", "1.", ".5", "1e3", "NaN", "Inf", " 1", "۱",
		strings.Repeat("9", 39), "1." + strings.Repeat("0", 37) + "1", "0." + strings.Repeat("0", 38) + "1",
	}
	for _, text := range refused {
		r, err := money.ParseRate(text)
		expectCode(t, err, fault.CodeRateInvalid)
		if r.Valid() {
			t.Errorf("ParseRate(%q) = %v, want no rate", text, r)
		}
	}
}

func TestEqualRatesAreEqual(t *testing.T) {
	t.Parallel()
	if a, b := rate(t, "098.50"), rate(t, "98.5"); a != b {
		t.Errorf("%v != %v, want equal", a, b)
	}
}

// rate parses a rate that must be good.
func rate(t rapid.TB, text string) money.Rate {
	t.Helper()
	r, err := money.ParseRate(text)
	if err != nil {
		t.Fatalf("ParseRate(%q): %v", text, err)
	}
	return r
}

func TestConvert(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		from     string
		unit     money.Unit
		rate     string
		to       money.Unit
		rounding money.Rounding
		want     string
		residue  string
	}{
		{"a coin into Toman", "12.345678", money.USDT, "105123.45", money.IRT, money.HalfEven, "1297820.2639", "0.0000491"},
		{"a coin into Rial", "12.345678", money.USDT, "105123.45", money.IRR, money.HalfEven, "1297820", "0.2639491"},
		{"exact", "2.5", money.EUR, "2", money.EUR, money.HalfEven, "5", "0"},
		{"a fee rounded up", "20.30456853", money.USDT, "0.085", money.USDT, money.Up, "1.72588833", "-0.00000000495"},
		{"a half to even, down", "0.01", money.EUR, "0.5", money.EUR, money.HalfEven, "0", "0.005"},
		{"a half to even, up", "0.03", money.EUR, "0.5", money.EUR, money.HalfEven, "0.02", "-0.005"},
		{"a half up", "0.01", money.EUR, "0.5", money.EUR, money.HalfUp, "0.01", "-0.005"},
		{"a half up, negative", "-0.01", money.EUR, "0.5", money.EUR, money.HalfUp, "-0.01", "0.005"},
		{"down, negative", "-0.19", money.EUR, "0.1", money.EUR, money.Down, "-0.01", "-0.009"},
		{"floor, negative", "-0.11", money.EUR, "0.1", money.EUR, money.Floor, "-0.02", "0.009"},
		{"ceiling", "0.11", money.EUR, "0.1", money.EUR, money.Ceiling, "0.02", "-0.009"},
		{"up from almost nothing", "0.01", money.EUR, "0.000001", money.EUR, money.Up, "0.01", "-0.00999999"},
		{"floor from almost nothing", "-0.01", money.EUR, "0.000001", money.EUR, money.Floor, "-0.01", "0.00999999"},
		{"nothing", "0", money.EUR, "3.7", money.IRR, money.Up, "0", "0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			from, err := money.Parse(test.from, test.unit)
			expectCode(t, err, "")
			want, err := money.Parse(test.want, test.to)
			expectCode(t, err, "")
			got, residue, err := rate(t, test.rate).Convert(from, test.to, test.rounding)
			expect(t, got, err, result{amount: want})
			if residue != test.residue {
				t.Errorf("residue = %q, want %q", residue, test.residue)
			}
		})
	}
}

func TestConvertRefuses(t *testing.T) {
	t.Parallel()
	one, big := money.New(1, money.EUR), money.New(1<<62, money.EUR)
	tests := []struct {
		name     string
		rate     money.Rate
		amount   money.Amount
		to       money.Unit
		rounding money.Rounding
		want     fault.Code
	}{
		{"no amount", rate(t, "1"), money.Amount{}, money.EUR, money.Down, fault.CodeUnitUnknown},
		{"an unknown unit", rate(t, "1"), one, "XXX", money.Down, fault.CodeUnitUnknown},
		{"an unknown rounding", rate(t, "1"), one, money.EUR, "sideways", fault.CodeParameterInvalid},
		{"no rate", money.Rate{}, one, money.EUR, money.Down, fault.CodeRateInvalid},
		{"too much", rate(t, "2"), big, money.EUR, money.Down, fault.CodeAmountOverflow},
		{"far too much", rate(t, strings.Repeat("9", 38)), big, money.USD, money.Down, fault.CodeAmountOverflow},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, residue, err := test.rate.Convert(test.amount, test.to, test.rounding)
			expect(t, got, err, refuses(test.want))
			if residue != "" {
				t.Errorf("residue = %q, want none", residue)
			}
		})
	}
}

// Against exact fractions: out plus residue is the amount times the rate, out
// is the step that the rounding asks for, and only what does not fit is refused.
func TestConvertAgreesWithFractions(t *testing.T) {
	t.Parallel()
	digits := rapid.OneOf(
		rapid.StringMatching(`[1-9][0-9]{0,5}(\.[0-9]{0,3}[1-9])?`),
		rapid.StringMatching(`0\.[0-9]{0,12}[1-9]`),
		rapid.StringMatching(`[1-9][0-9]{0,17}\.[0-9]{0,18}[1-9]`),
		rapid.SampledFrom([]string{"0.5", "0.05", "0.005", "1.5", "1"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		a := money.New(anySteps().Draw(t, "steps"), anyUnit().Draw(t, "from"))
		to, text := anyUnit().Draw(t, "to"), digits.Draw(t, "rate")
		rounding := rapid.SampledFrom(roundings).Draw(t, "rounding")

		factor, _ := new(big.Rat).SetString(text)
		exact := new(big.Rat).Mul(rat(a), factor)
		steps := new(big.Rat).Quo(exact, rat(money.New(1, to)))
		wish := round(steps, rounding)

		got, residue, err := rate(t, text).Convert(a, to, rounding)
		if !wish.IsInt64() {
			expect(t, got, err, refuses(fault.CodeAmountOverflow))
			return
		}
		expect(t, got, err, gives(wish.Int64(), to))
		rest, ok := new(big.Rat).SetString(residue)
		if !ok || rest.Add(rest, rat(got)).Cmp(exact) != 0 {
			t.Fatalf("%v and residue %q do not make %v", got, residue, exact)
		}
	})
}

// round is the reference: a fraction to a whole number.
func round(x *big.Rat, rounding money.Rounding) *big.Int {
	floor := new(big.Int).Div(x.Num(), x.Denom()) // Euclidean, which is floor for a positive denominator
	if x.IsInt() {
		return floor
	}
	ceiling := new(big.Int).Add(floor, big.NewInt(1))
	toZero, fromZero := floor, ceiling
	if x.Sign() < 0 {
		toZero, fromZero = ceiling, floor
	}
	rest := new(big.Rat).Sub(x, new(big.Rat).SetInt(toZero))
	half := rest.Abs(rest).Cmp(big.NewRat(1, 2))
	switch rounding {
	case money.Floor:
		return floor
	case money.Ceiling:
		return ceiling
	case money.Down:
		return toZero
	case money.Up:
		return fromZero
	case money.HalfUp:
		if half >= 0 {
			return fromZero
		}
	case money.HalfEven:
		if half > 0 || half == 0 && toZero.Bit(0) == 1 {
			return fromZero
		}
	}
	return toZero
}
