package money_test

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		steps   int64
		weights []int64
		want    []int64
	}{
		{"even", 100, []int64{1, 1}, []int64{50, 50}},
		{"thirds of a hundred", 100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{"the largest remainder first", 10, []int64{3, 3, 1}, []int64{4, 4, 2}},
		{"a remainder late in the row", 10, []int64{1, 1, 9}, []int64{1, 1, 8}},
		{"nobody's share", 7, []int64{0, 1, 0}, []int64{0, 7, 0}},
		{"fewer steps than shares", 2, []int64{1, 1, 1}, []int64{1, 1, 0}},
		{"negative", -100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{"zero", 0, []int64{5, 7}, []int64{0, 0}},
		{"the top", math.MaxInt64, []int64{math.MaxInt64, math.MaxInt64}, []int64{math.MaxInt64/2 + 1, math.MaxInt64 / 2}},
		{"the bottom", math.MinInt64, []int64{1}, []int64{math.MinInt64}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			shares, err := money.New(test.steps, money.IRR).Split(test.weights...)
			expectCode(t, err, "")
			var got []int64
			for _, s := range shares {
				if s.Unit() != money.IRR {
					t.Errorf("a share has the unit %q, want IRR", s.Unit())
				}
				got = append(got, s.Steps())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("Split = %v, want %v", got, test.want)
			}
		})
	}
}

func TestSplitRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		amount  money.Amount
		weights []int64
		want    fault.Code
	}{
		{"no weights", money.New(1, money.IRR), nil, fault.CodeParameterInvalid},
		{"only zeros", money.New(1, money.IRR), []int64{0, 0}, fault.CodeParameterInvalid},
		{"a negative weight", money.New(1, money.IRR), []int64{2, -1}, fault.CodeParameterInvalid},
		{
			"weights beyond counting", money.New(1, money.IRR),
			[]int64{math.MaxInt64, math.MaxInt64, math.MaxInt64},
			fault.CodeParameterInvalid,
		},
		{"no amount", money.Amount{}, []int64{1}, fault.CodeUnitUnknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			shares, err := test.amount.Split(test.weights...)
			expectCode(t, err, test.want)
			if shares != nil {
				t.Errorf("Split = %v, want nothing", shares)
			}
		})
	}
}

// The shares sum exactly to the whole, and each is less than one step away
// from its exact proportion.
func TestSplitLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := money.New(anySteps().Draw(t, "steps"), anyUnit().Draw(t, "unit"))
		weight := rapid.OneOf(rapid.Int64Range(0, 100), rapid.Int64Range(0, math.MaxInt64/10))
		weights := rapid.SliceOfN(weight, 1, 10).Draw(t, "weights")
		whole := new(big.Int)
		for _, w := range weights {
			whole.Add(whole, big.NewInt(w))
		}
		shares, err := a.Split(weights...)
		if whole.Sign() == 0 {
			expectCode(t, err, fault.CodeParameterInvalid)
			return
		}
		expectCode(t, err, "")
		sum, err := money.Sum(a.Unit(), shares...)
		expect(t, sum, err, result{amount: a})
		for i, w := range weights {
			// |share - steps*w/whole| < 1, both sides multiplied with the whole.
			exact := new(big.Int).Mul(big.NewInt(a.Steps()), big.NewInt(w))
			given := new(big.Int).Mul(big.NewInt(shares[i].Steps()), whole)
			if exact.Sub(exact, given).CmpAbs(whole) >= 0 {
				t.Fatalf("share %d of %v by %v is %v: a step or more off", i, a, weights, shares[i])
			}
		}
	})
}
