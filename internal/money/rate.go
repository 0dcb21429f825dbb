package money

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/purserhq/purser/internal/fault"
)

// Rounding says how an exact result is cut to whole steps.
type Rounding string

// The roundings, for results of either sign.
const (
	HalfEven Rounding = "half_even" // to the nearest step, a half to the even one
	HalfUp   Rounding = "half_up"   // to the nearest step, a half away from zero
	Down     Rounding = "down"      // towards zero
	Up       Rounding = "up"        // away from zero
	Floor    Rounding = "floor"     // towards the lower step
	Ceiling  Rounding = "ceiling"   // towards the higher step
)

// rounders names apd's own word for each rounding.
var rounders = map[Rounding]apd.Rounder{
	HalfEven: apd.RoundHalfEven,
	HalfUp:   apd.RoundHalfUp,
	Down:     apd.RoundDown,
	Up:       apd.RoundUp,
	Floor:    apd.RoundFloor,
	Ceiling:  apd.RoundCeiling,
}

// rateDigits is how many significant digits, and how many decimal places, a
// rate may have.
const rateDigits = 38

// Rate is a positive exact decimal number that one unit's amount is multiplied
// with to give another's: how many of the second unit one of the first is
// worth. It can be compared with ==; the zero value is no rate.
type Rate struct {
	text string // the shortest decimal text, so that equal rates are equal
}

// ParseRate reads a rate from plain decimal text, as Parse reads amounts. It
// gives a rate_invalid fault for anything else, for zero, and for more than 38
// digits.
func ParseRate(text string) (Rate, error) {
	whole, fraction, ok := cutDecimal(text)
	if !ok {
		return Rate{}, fault.New(fault.CodeRateInvalid, "rate", "")
	}
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return Rate{}, fault.New(fault.CodeRateInvalid, "rate", "The rate is zero.")
	}
	if len(digits) > rateDigits || len(fraction) > rateDigits {
		return Rate{}, fault.Newf(fault.CodeRateInvalid, "rate", "The rate has more than %d digits.", rateDigits)
	}
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return Rate{text: whole + fraction}, nil
}

// Text is the shortest decimal text of the rate, or none for the zero value.
func (r Rate) Text() string { return r.text }

// String is Text, for people and logs.
func (r Rate) String() string { return r.text }

// Valid reports whether r was made by ParseRate.
func (r Rate) Valid() bool { return r.text != "" }

// Hundredth is the rate divided by a hundred, exactly: a share of so many per
// cent. Error: rate_invalid where it would have too many places.
func (r Rate) Hundredth() (Rate, error) {
	whole, fraction, _ := strings.Cut(r.text, ".")
	for len(whole) < 3 { //nolint:mnd // two digits move behind the point
		whole = "0" + whole
	}
	at := len(whole) - 2
	return ParseRate(whole[:at] + "." + whole[at:] + fraction)
}

// Convert multiplies a with the rate and cuts the exact result to whole steps
// of the other unit. The residue is the exact result less out, as decimal text
// in whole units of the other unit and with its sign ("0" where nothing is
// left), so that it can be booked. Nothing else is lost on the way. It gives
// rate_invalid, unit_unknown, amount_overflow, or parameter_invalid for an
// unknown rounding.
func (r Rate) Convert(a Amount, to Unit, rounding Rounding) (out Amount, residue string, err error) {
	from, err := Lookup(a.unit)
	if err != nil {
		return Amount{}, "", err
	}
	target, err := Lookup(to)
	if err != nil {
		return Amount{}, "", err
	}
	rounder, ok := rounders[rounding]
	if !ok {
		return Amount{}, "", unknownRounding()
	}
	rate, _, err := apd.NewFromString(r.text)
	if err != nil {
		return Amount{}, "", fault.New(fault.CodeRateInvalid, "rate", "").With(err)
	}
	arithmetic := apd.MakeErrDecimal(&exact)
	var product, whole, rest apd.Decimal
	arithmetic.Mul(&product, apd.New(a.steps, exponent(from.Scale)), rate)
	arithmetic.Quantize(&whole, &product, exponent(target.Scale))
	arithmetic.Sub(&rest, &product, &whole)
	if rest.Sign() != 0 && rounder.ShouldAddOne(&whole.Coeff, rest.Negative, half(&rest, target.Scale)) {
		step := apd.New(int64(rest.Sign()), exponent(target.Scale))
		arithmetic.Add(&whole, &whole, step)
		arithmetic.Sub(&rest, &rest, step)
	}
	rest.Reduce(&rest)
	residue = rest.Text('f')
	whole.Exponent = 0 // from here on it counts steps
	steps := arithmetic.Int64(&whole)
	if err := arithmetic.Err(); err != nil {
		return Amount{}, "", fault.New(fault.CodeAmountOverflow, "amount", "").With(err)
	}
	return Amount{steps: steps, unit: to}, residue, nil
}

// exact is arithmetic that never rounds products here: an amount has at most
// 19 digits and a rate 38. Quantize cuts towards zero, and Convert rounds from
// there, because apd's own rounding takes a result below a tenth of a step for
// zero even when it should be rounded up.
var exact = apd.Context{
	Precision:   100,
	MaxExponent: apd.MaxExponent,
	MinExponent: apd.MinExponent,
	Traps:       apd.DefaultTraps,
	Rounding:    apd.RoundDown,
}

// exponent is the power of ten of a scale's smallest step.
func exponent(scale int) int32 {
	return -int32(scale) //nolint:gosec // Scales are those of the register, all below ten.
}

// half compares the size of rest with half a step of the scale: -1, 0 or 1.
func half(rest *apd.Decimal, scale int) int {
	var size apd.Decimal
	return size.Abs(rest).Cmp(apd.New(5, exponent(scale)-1))
}
