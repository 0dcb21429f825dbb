package dialect

import "math"

// Kind is what a value is on the wire.
type Kind string

// The kinds of values.
const (
	Null   Kind = "null"
	Bool   Kind = "bool"
	Number Kind = "number"
	Text   Kind = "text"
	List   Kind = "list"
	Object Kind = "object"
)

// Value is one value of a body or a query. Numbers keep their text: nothing
// here is ever a float.
type Value struct {
	Kind   Kind
	Text   string // of Text, Number and Bool
	Items  []Value
	Fields Fields // of an Object
}

// Field is a named value.
type Field struct {
	Name  string
	Value Value
}

// Fields are named values in the order received. Signatures over fields need
// that order, so they are no map.
type Fields []Field

// Find gives the value of a name. A name that came several times, which only
// forms and queries can have, is a List. ok is false when it did not come.
func (f Fields) Find(name string) (v Value, ok bool) {
	for _, field := range f {
		switch {
		case field.Name != name:
		case !ok:
			v, ok = field.Value, true
		case v.Kind == List:
			v.Items = append(v.Items, field.Value)
		default:
			v = Value{Kind: List, Items: []Value{v, field.Value}}
		}
	}
	return v, ok
}

// Whole reads a JSON number that is a whole one, however it is written: 1000,
// 1000.0 and 1e3 are the same. One that does not fit comes back as the nearest
// int64, which no amount of money is. ok is false for a fraction and for
// anything that is not a Number.
func (v Value) Whole() (n int64, ok bool) {
	if v.Kind != Number {
		return 0, false
	}
	d := cutNumber(v.Text)
	if d.digits == "" {
		return 0, true
	}
	if d.exponent < 0 {
		return 0, false
	}
	limit := uint64(math.MaxInt64)
	if d.negative {
		limit++
	}
	var magnitude uint64
	for i := range len(d.digits) + d.exponent {
		var digit uint64
		if i < len(d.digits) {
			digit = uint64(d.digits[i] - '0')
		}
		if magnitude > (limit-digit)/10 {
			magnitude = limit
			break
		}
		magnitude = magnitude*10 + digit
	}
	if d.negative {
		magnitude = -magnitude
	}
	return int64(magnitude), true //nolint:gosec // The limit keeps it in range, and the wrap is the sign.
}

// decimal is a number as digits without zeros at either end, times a power of ten.
type decimal struct {
	negative bool
	digits   string // empty = zero
	exponent int
}

// farExponent stands for every exponent that is out of sight.
const farExponent = 1_000_000

// cutNumber takes a valid JSON number apart.
func cutNumber(text string) decimal {
	var d decimal
	var digits []byte
	exponent, sign, inFraction, inExponent := 0, 1, false, false
	for _, c := range []byte(text) {
		switch {
		case c == 'e' || c == 'E':
			inExponent = true
		case c == '.':
			inFraction = true
		case c == '-' && inExponent:
			sign = -1
		case c == '-':
			d.negative = true
		case c == '+':
		case inExponent:
			exponent = min(exponent*10+int(c-'0'), farExponent)
		default:
			digits = append(digits, c)
			if inFraction {
				d.exponent--
			}
		}
	}
	d.exponent += sign * exponent
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		d.exponent++
	}
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
	}
	d.digits = string(digits)
	return d
}
