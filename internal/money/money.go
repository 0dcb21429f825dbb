// Package money is amounts of money: whole numbers of a unit's smallest step,
// never a float, never of two units at once. It has the register of units and
// the only places where one unit becomes another: In and Rate.Convert.
package money

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"

	"github.com/purserhq/purser/internal/fault"
)

// Amount is so many smallest steps of one unit. It can be compared with ==.
// The zero value is no amount at all and is refused by all arithmetic. It has
// no wire form: each edge writes amounts as its own protocol wants them.
type Amount struct {
	steps int64
	unit  Unit
}

// New makes an amount of a unit that is known to be registered. It panics on
// any other, which is a mistake in the program; input goes through Of or Parse.
func New(steps int64, u Unit) Amount {
	a, err := Of(steps, u)
	if err != nil {
		panic(fmt.Sprintf("money: unit %q is not registered", u))
	}
	return a
}

// Zero is nothing of a registered unit. Like New, it panics on any other.
func Zero(u Unit) Amount { return New(0, u) }

// Of makes an amount of steps of the unit, or gives a unit_unknown fault.
func Of(steps int64, u Unit) (Amount, error) {
	if _, err := Lookup(u); err != nil {
		return Amount{}, err
	}
	return Amount{steps: steps, unit: u}, nil
}

// Steps is the number of smallest steps of the unit.
func (a Amount) Steps() int64 { return a.steps }

// Unit is the unit; it is empty for the zero value.
func (a Amount) Unit() Unit { return a.unit }

// Valid reports whether a has a unit: it is false for the zero value alone.
func (a Amount) Valid() bool { return a.unit != "" }

// IsZero reports whether there are no steps.
func (a Amount) IsZero() bool { return a.steps == 0 }

// Sign is -1, 0 or 1.
func (a Amount) Sign() int { return cmp.Compare(a.steps, 0) }

// Add is a + b. It gives unit_mismatch, unit_unknown or amount_overflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if err := a.same(b.unit); err != nil {
		return Amount{}, err
	}
	sum := a.steps + b.steps
	// The sum went over the edge when it lies on the wrong side of a.
	if (sum > a.steps) != (b.steps > 0) {
		return Amount{}, overflow()
	}
	return Amount{steps: sum, unit: a.unit}, nil
}

// Sub is a - b, with the faults of Add.
func (a Amount) Sub(b Amount) (Amount, error) {
	if err := a.same(b.unit); err != nil {
		return Amount{}, err
	}
	difference := a.steps - b.steps
	if (difference < a.steps) != (b.steps > 0) {
		return Amount{}, overflow()
	}
	return Amount{steps: difference, unit: a.unit}, nil
}

// Neg is -a. The lowest int64 has no opposite and gives amount_overflow.
func (a Amount) Neg() (Amount, error) {
	return Amount{unit: a.unit}.Sub(a)
}

// Cmp is -1, 0 or 1 as a is less than, equal to or more than b, or a
// unit_mismatch or unit_unknown fault.
func (a Amount) Cmp(b Amount) (int, error) {
	if err := a.same(b.unit); err != nil {
		return 0, err
	}
	return cmp.Compare(a.steps, b.steps), nil
}

// Sum adds amounts of one unit; no amounts are zero. Only a total that does
// not fit gives amount_overflow, whatever the order of the amounts.
func Sum(u Unit, amounts ...Amount) (Amount, error) {
	total, err := Of(0, u)
	if err != nil {
		return Amount{}, err
	}
	var high, low uint64 // a 128-bit sum in two's complement
	for _, a := range amounts {
		if err := total.same(a.unit); err != nil {
			return Amount{}, err
		}
		var carry uint64
		low, carry = bits.Add64(low, pattern(a.steps), 0)
		high, _ = bits.Add64(high, pattern(a.steps>>63), carry)
	}
	total.steps = number(low)
	if number(high) != total.steps>>63 {
		return Amount{}, overflow()
	}
	return total, nil
}

// In is the same money in another unit of the same currency: 10 IRR are 1 IRT.
// It gives unit_mismatch for another currency, unit_inexact where no whole
// number of steps comes out, and amount_overflow.
func (a Amount) In(u Unit) (Amount, error) {
	from, err := Lookup(a.unit)
	if err != nil {
		return Amount{}, err
	}
	to, err := Lookup(u)
	if err != nil {
		return Amount{}, err
	}
	if from.Currency != to.Currency {
		return Amount{}, fault.Newf(fault.CodeUnitMismatch, "currency",
			"An amount of %s cannot be said in %s.", from.Unit, to.Unit)
	}
	grow, shrink := from.Times*pow10(to.Scale), to.Times*pow10(from.Scale)
	common := gcd(grow, shrink)
	grow, shrink = grow/common, shrink/common
	if a.steps%shrink != 0 {
		return Amount{}, fault.Newf(fault.CodeUnitInexact, "amount",
			"%s is not a whole number of the smallest step of %s.", a, to.Unit)
	}
	steps := a.steps / shrink
	if steps > math.MaxInt64/grow || steps < math.MinInt64/grow {
		return Amount{}, overflow()
	}
	return Amount{steps: steps * grow, unit: u}, nil
}

// same refuses another unit and an amount without a unit.
func (a Amount) same(u Unit) error {
	if a.unit != u {
		return fault.Newf(fault.CodeUnitMismatch, "currency", "An amount of %q meets an amount of %q.", a.unit, u)
	}
	if u == "" {
		return fault.New(fault.CodeUnitUnknown, "currency", "")
	}
	return nil
}

// pattern is a number as its 64 bits, and number is the way back.
func pattern(n int64) uint64 {
	return uint64(n) //nolint:gosec // The wrap is what two's complement arithmetic is made of.
}

func number(bits uint64) int64 {
	return int64(bits) //nolint:gosec // The wrap is what two's complement arithmetic is made of.
}

// overflow is the fault of a result that does not fit.
func overflow() error { return fault.New(fault.CodeAmountOverflow, "amount", "") }

// pow10 is ten to the power of n, for the scales of the register.
func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// gcd is the greatest common divisor of two positive numbers.
func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
