package money

import (
	"math/big"
	"strings"

	"github.com/purserhq/purser/internal/fault"
)

// ConvertBack divides a by the rate: how much of the rate's first unit an
// amount of its second is worth. The exact quotient is cut to whole steps of
// the target unit; exact says that nothing was cut. The rate is never inverted,
// because its inverse may have no end. It gives rate_invalid, unit_unknown,
// amount_overflow, or parameter_invalid for an unknown rounding.
func (r Rate) ConvertBack(a Amount, to Unit, rounding Rounding) (out Amount, exact bool, err error) {
	from, err := Lookup(a.unit)
	if err != nil {
		return Amount{}, false, err
	}
	target, err := Lookup(to)
	if err != nil {
		return Amount{}, false, err
	}
	if !r.Valid() {
		return Amount{}, false, fault.New(fault.CodeRateInvalid, "rate", "")
	}
	// steps / 10^from / (digits / 10^places) * 10^target, as one fraction of whole numbers.
	whole, fraction, _ := strings.Cut(r.text, ".")
	digits, _ := new(big.Int).SetString(whole+fraction, 10) // a valid rate is nothing but digits
	over := new(big.Int).Mul(big.NewInt(a.steps), tens(target.Scale+len(fraction)))
	under := new(big.Int).Mul(digits, tens(from.Scale))
	steps, rest := new(big.Int).QuoRem(over, under, new(big.Int))
	if rest.Sign() != 0 {
		away, err := awayFromZero(rounding, rest, under, steps.Bit(0) == 1)
		if err != nil {
			return Amount{}, false, err
		}
		if away {
			steps.Add(steps, big.NewInt(int64(rest.Sign())))
		}
	} else if _, ok := rounders[rounding]; !ok {
		return Amount{}, false, unknownRounding()
	}
	if !steps.IsInt64() {
		return Amount{}, false, overflow()
	}
	return Amount{steps: steps.Int64(), unit: to}, rest.Sign() == 0, nil
}

// tens is a power of ten.
func tens(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// awayFromZero says whether a quotient that was cut towards zero goes on to
// the next step, by what was cut: rest of under, with the sign of the quotient.
func awayFromZero(rounding Rounding, rest, under *big.Int, odd bool) (bool, error) {
	twice := new(big.Int).Abs(rest)
	half := twice.Lsh(twice, 1).Cmp(under)
	switch rounding {
	case Down:
		return false, nil
	case Up:
		return true, nil
	case Floor:
		return rest.Sign() < 0, nil
	case Ceiling:
		return rest.Sign() > 0, nil
	case HalfUp:
		return half >= 0, nil
	case HalfEven:
		return half > 0 || (half == 0 && odd), nil
	}
	return false, unknownRounding()
}

func unknownRounding() error {
	return fault.New(fault.CodeParameterInvalid, "rounding", "The rounding is not known.")
}
