package money_test

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		unit money.Unit
		want result
	}{
		{"100.99", money.USD, gives(10099000000, money.USD)},
		{"1", money.USD, gives(100000000, money.USD)},
		{"0.00000001", money.USDT, gives(1, money.USDT)},
		{"0.000000010000", money.USDT, gives(1, money.USDT)},
		{"-0.5", money.EUR, gives(-50, money.EUR)},
		{"-0", money.EUR, gives(0, money.EUR)},
		{"007", money.EUR, gives(700, money.EUR)},
		{"1000", money.IRR, gives(1000, money.IRR)},
		{"1000.00", money.IRR, gives(1000, money.IRR)},
		{"9223372036854775807", money.IRR, gives(math.MaxInt64, money.IRR)},
		{"-9223372036854775808", money.IRR, gives(math.MinInt64, money.IRR)},
		{"92233720368547758.07", money.EUR, gives(math.MaxInt64, money.EUR)},

		{"9223372036854775808", money.IRR, refuses(fault.CodeAmountOverflow)},
		{"-9223372036854775809", money.IRR, refuses(fault.CodeAmountOverflow)},
		{"92233720368547758.08", money.EUR, refuses(fault.CodeAmountOverflow)},
		{"99999999999999999999999999", money.EUR, refuses(fault.CodeAmountOverflow)},

		{"0.001", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"0.1", money.IRR, refuses(fault.CodeAmountInvalid)},
		{"", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"-", money.EUR, refuses(fault.CodeAmountInvalid)},
		{".", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"1.", money.EUR, refuses(fault.CodeAmountInvalid)},
		{".5", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"1.2.3", money.EUR, refuses(fault.CodeAmountInvalid)},
		{" 1", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"1 ", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"1\n", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"+1", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"--1", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"1e2", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"0x10", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"1_000", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"1,5", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"NaN", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"Inf", money.EUR, refuses(fault.CodeAmountInvalid)},
		{"۱۲", money.IRR, refuses(fault.CodeAmountInvalid)},
		{"1\x00", money.EUR, refuses(fault.CodeAmountInvalid)},

		{"1", "XXX", refuses(fault.CodeUnitUnknown)},
		{"1", "", refuses(fault.CodeUnitUnknown)},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%q %s", test.text, test.unit), func(t *testing.T) {
			t.Parallel()
			got, err := money.Parse(test.text, test.unit)
			expect(t, got, err, test.want)
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		amount              money.Amount
		text, fixed, string string
	}{
		{money.New(10099000000, money.USD), "100.99", "100.99000000", "100.99 USD"},
		{money.New(100, money.EUR), "1", "1.00", "1 EUR"},
		{money.New(1000, money.IRR), "1000", "1000", "1000 IRR"},
		{money.New(100000, money.EUR), "1000", "1000.00", "1000 EUR"},
		{money.Zero(money.EUR), "0", "0.00", "0 EUR"},
		{money.Zero(money.IRR), "0", "0", "0 IRR"},
		{money.New(-1, money.USDT), "-0.00000001", "-0.00000001", "-0.00000001 USDT"},
		{money.New(-150, money.EUR), "-1.5", "-1.50", "-1.5 EUR"},
		{money.New(-10, money.IRR), "-10", "-10", "-10 IRR"},
		{
			money.New(math.MinInt64, money.IRT), "-922337203685477.5808", "-922337203685477.5808",
			"-922337203685477.5808 IRT",
		},
		{money.Amount{}, "", "", "no amount"},
	}
	for _, test := range tests {
		t.Run(test.string, func(t *testing.T) {
			t.Parallel()
			if got := test.amount.Text(); got != test.text {
				t.Errorf("Text = %q, want %q", got, test.text)
			}
			if got := test.amount.Fixed(); got != test.fixed {
				t.Errorf("Fixed = %q, want %q", got, test.fixed)
			}
			if got := test.amount.String(); got != test.string {
				t.Errorf("String = %q, want %q", got, test.string)
			}
		})
	}
}

// Every amount of every unit is read back from what was printed.
func TestParseReadsWhatTextPrints(t *testing.T) {
	t.Parallel()
	for _, i := range money.Units() {
		t.Run(string(i.Unit), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				a := money.New(anySteps().Draw(t, "steps"), i.Unit)
				for _, text := range []string{a.Text(), a.Fixed()} {
					back, err := money.Parse(text, i.Unit)
					expect(t, back, err, result{amount: a})
				}
			})
		})
	}
}

// Whatever text arrives: an amount that is accepted is exactly the number that
// the text says, and prints a text that gives the same amount again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"0", "-0", "1", "100.99", "0.00000001", "007", "1.50", "-92233720368547758.08", "9223372036854775807",
		"", ".", "1.", ".5", " 1", "+1", "1e9", "1_0", "۱", "0x1p-2", "1/3", "Inf", strings.Repeat("0", 100) + ".0",
	} {
		for unit := range money.Units() {
			f.Add(text, unit)
		}
	}
	f.Fuzz(func(t *testing.T, text string, unit int) {
		units := money.Units()
		i := units[int(uint(unit)%uint(len(units)))]
		a, err := money.Parse(text, i.Unit)
		if err != nil {
			if !fault.Is(err, fault.CodeAmountInvalid) && !fault.Is(err, fault.CodeAmountOverflow) {
				t.Fatalf("Parse(%q, %s) gave %v, want amount_invalid or amount_overflow", text, i.Unit, err)
			}
			return
		}
		if strings.Trim(text, "-.0123456789") != "" {
			t.Fatalf("Parse(%q, %s) accepted more than digits, a minus and a point", text, i.Unit)
		}
		said, ok := new(big.Rat).SetString(text)
		if !ok || said.Cmp(rat(a)) != 0 {
			t.Fatalf("Parse(%q, %s) = %v", text, i.Unit, a)
		}
		back, err := money.Parse(a.Text(), i.Unit)
		expect(t, back, err, result{amount: a})
	})
}

// rat is an amount as an exact fraction of its unit.
func rat(a money.Amount) *big.Rat {
	i, err := money.Lookup(a.Unit())
	if err != nil {
		panic(err)
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(i.Scale)), nil)
	return new(big.Rat).SetFrac(big.NewInt(a.Steps()), scale)
}
