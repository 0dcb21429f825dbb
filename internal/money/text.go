package money

import (
	"math"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/fault"
)

// Parse reads exact decimal text: digits, perhaps a leading minus, perhaps a
// point with digits on both sides. There is no exponent, no plus, no grouping
// and no other script's digits. Decimal places beyond the unit's scale must be
// zeros. It gives amount_invalid, amount_overflow or unit_unknown.
func Parse(text string, u Unit) (Amount, error) {
	i, err := Lookup(u)
	if err != nil {
		return Amount{}, err
	}
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, ok := cutDecimal(digits)
	if !ok {
		return Amount{}, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > i.Scale {
		return Amount{}, fault.Newf(fault.CodeAmountInvalid, "amount",
			"The amount has more than the %d decimal places of %s.", i.Scale, u)
	}
	fraction += strings.Repeat("0", i.Scale-len(fraction))
	magnitude, err := strconv.ParseUint(whole+fraction, 10, 64)
	limit := uint64(math.MaxInt64)
	if negative {
		limit++ // the lowest int64 is one step further from zero than the highest
	}
	if err != nil || magnitude > limit {
		return Amount{}, overflow()
	}
	if negative {
		magnitude = -magnitude
	}
	return Amount{steps: number(magnitude), unit: u}, nil
}

// cutDecimal splits plain decimal text at its point and reports whether it is
// such text.
func cutDecimal(text string) (whole, fraction string, ok bool) {
	whole, fraction, point := strings.Cut(text, ".")
	return whole, fraction, isDigits(whole) && (!point || isDigits(fraction))
}

// isDigits reports whether text is one or more of 0 to 9.
func isDigits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}

// Text is the shortest exact decimal text, such as "100.99" or "1000". The
// zero value, which is no amount, gives no text.
func (a Amount) Text() string {
	fixed := a.Fixed()
	if !strings.Contains(fixed, ".") {
		return fixed
	}
	return strings.TrimSuffix(strings.TrimRight(fixed, "0"), ".")
}

// Fixed is the decimal text with every decimal place of the unit, such as
// "100.99000000". The zero value gives no text.
func (a Amount) Fixed() string {
	i, err := Lookup(a.unit)
	if err != nil {
		return ""
	}
	sign, magnitude := "", pattern(a.steps)
	if a.steps < 0 {
		sign, magnitude = "-", -magnitude
	}
	digits := strconv.FormatUint(magnitude, 10)
	if short := i.Scale + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	if i.Scale == 0 {
		return sign + digits
	}
	point := len(digits) - i.Scale
	return sign + digits[:point] + "." + digits[point:]
}

// String is the shortest text and the unit, such as "100.99 USD", for people
// and logs.
func (a Amount) String() string {
	if !a.Valid() {
		return "no amount"
	}
	return a.Text() + " " + string(a.unit)
}
