package money

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/purserhq/purser/internal/fault"
)

// Split shares a in proportion to the weights and loses nothing: the shares
// sum exactly to a and each is within one step of its proportion. The steps
// that do not divide go to the largest remainders, the earlier of equals first.
// Weights below zero, none at all, or all zero give a parameter_invalid fault.
func (a Amount) Split(weights ...int64) ([]Amount, error) {
	if !a.Valid() {
		return nil, fault.New(fault.CodeUnitUnknown, "currency", "")
	}
	whole, err := total(weights)
	if err != nil {
		return nil, err
	}
	magnitude, sign := pattern(a.steps), int64(1)
	if a.steps < 0 {
		magnitude, sign = -magnitude, -1
	}
	left := magnitude
	shares := make([]uint64, len(weights))
	remainders := make([]uint64, len(weights))
	for i, w := range weights {
		// A weight is at most the whole, so the quotient is at most the magnitude.
		high, low := bits.Mul64(magnitude, pattern(w))
		shares[i], remainders[i] = bits.Div64(high, low, whole)
		left -= shares[i]
	}
	for _, i := range byRemainder(remainders)[:left] {
		shares[i]++
	}
	amounts := make([]Amount, len(shares))
	for i, s := range shares {
		amounts[i] = Amount{steps: sign * number(s), unit: a.unit}
	}
	return amounts, nil
}

// total adds the weights.
func total(weights []int64) (uint64, error) {
	var whole, carry uint64
	for _, w := range weights {
		if w < 0 {
			return 0, fault.New(fault.CodeParameterInvalid, "weights", "A weight is below zero.")
		}
		if whole, carry = bits.Add64(whole, uint64(w), 0); carry != 0 {
			return 0, fault.New(fault.CodeParameterInvalid, "weights", "The weights are too large.")
		}
	}
	if whole == 0 {
		return 0, fault.New(fault.CodeParameterInvalid, "weights", "There is no weight above zero.")
	}
	return whole, nil
}

// byRemainder lists the indexes, largest remainder first, earlier ones first
// among equals.
func byRemainder(remainders []uint64) []int {
	order := make([]int, len(remainders))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(remainders[j], remainders[i]) })
	return order
}
