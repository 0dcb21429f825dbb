package checkout

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// shownAmount is an amount in the words of one language.
type shownAmount struct {
	Number string // grouped, in the language's digits
	Unit   string // the unit's name
	Beside string // the same money in the unit that people count in; empty = the same unit
}

// String is the number with its unit, in one line.
func (a shownAmount) String() string { return a.Number + "\u00a0" + a.Unit }

// Long says that the number needs smaller digits to stand in one line on a phone.
func (a shownAmount) Long() bool { return utf8.RuneCountInString(a.Number) > 14 }

// Amount shows an amount: exactly, whatever its unit's decimal places.
func (v *voice) Amount(a money.Amount) shownAmount {
	shown := v.plain(a)
	everyday := money.Unit(v.T("unit.beside_" + string(a.Unit())))
	if everyday == a.Unit() {
		return shown
	}
	// Not every unit has a second one, and not every amount comes out in it.
	if same, err := a.In(everyday); err == nil {
		shown.Beside = v.T("unit.beside", "Amount", v.plain(same).String())
	}
	return shown
}

// plain shows an amount in its own unit. Only the whole part goes through the
// language's printer, which knows no decimal text; the fraction is appended.
func (v *voice) plain(a money.Amount) shownAmount {
	text, sign := a.Text(), ""
	if digits, negative := strings.CutPrefix(text, "-"); negative {
		text, sign = digits, "\u2212"
	}
	whole, fraction, broken := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return shownAmount{Number: v.Digits(a.Text()), Unit: v.unitName(a.Unit(), many)} // only the lowest int64
	}
	shown := sign + v.Number(n)
	if broken {
		if info, err := money.Lookup(a.Unit()); err == nil && info.Times == 1 && len(fraction) == 1 {
			fraction += "0" // nobody writes 12.5 dollars
		}
		shown += v.point + v.Digits(fraction)
	}
	return shownAmount{Number: shown, Unit: v.unitName(a.Unit(), text)}
}

// many is a count for the name of a unit that stands for itself.
const many = "1000"

// unitName is the unit's name as it is said after a number, given as plain
// decimal text: nouns change with it in some languages.
func (v *voice) unitName(u money.Unit, count string) string {
	if id := "unit." + string(u); v.has(id) {
		return v.Count(id, count)
	}
	return string(u)
}

// typedAmount reads what a person types: digits of any script that the pages
// are written in, grouped or not. What separates thousands in the payer's
// language must do so: "1,5" in English could be meant as one and a half, so
// it is refused instead of read as fifteen.
// Errors: amount_invalid, amount_overflow.
func (v *voice) typedAmount(text string, u money.Unit) (money.Amount, error) {
	info, err := money.Lookup(u)
	if err != nil {
		return money.Amount{}, err
	}
	invalid := fault.New(fault.CodeAmountInvalid, "amount", "")
	var b strings.Builder
	group := -1 // digits since the last comma; -1 = there was none
	for _, c := range text {
		c = v.separator(c)
		switch digit, isDigit := digitOf(c); {
		case isDigit:
			b.WriteByte(digit)
			if group >= 0 {
				group++
			}
		case c == '.' && info.Scale > 0:
			if group >= 0 && group != 3 {
				return money.Amount{}, invalid
			}
			b.WriteByte('.')
			group = -1
		case c == ',' && !strings.Contains(b.String(), "."):
			group = 0
		case unicode.IsSpace(c) || c == '\u200c' || c == '\u200e' || c == '\u200f':
			// Marks of direction and joining come along when people paste.
		default:
			return money.Amount{}, invalid
		}
	}
	if group >= 0 && group != 3 {
		return money.Amount{}, invalid
	}
	return money.Parse(b.String(), u)
}

// separator turns the decimal separator that a payer types into a point, and
// what groups thousands into a comma. Other characters stay as they are.
func (v *voice) separator(c rune) rune {
	switch {
	case c == '٫' || (c == ',' && v.point == ","):
		return '.'
	case c == '٬' || c == '،' || (c == '.' && v.point == ","):
		return ','
	}
	return c
}

// digitOf is the Latin digit of a Latin, Persian, Arabic or Bengali one.
func digitOf(c rune) (digit byte, ok bool) {
	for _, zero := range []rune{'0', '۰', '٠', '০'} {
		if c >= zero && c <= zero+9 {
			return byte('0' + c - zero), true //nolint:gosec // It is 0 to 9.
		}
	}
	return 0, false
}
