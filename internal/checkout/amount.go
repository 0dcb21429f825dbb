package checkout

import (
	"strconv"
	"strings"
	"unicode"

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
		return shownAmount{Number: v.Digits(a.Text()), Unit: v.unitName(a.Unit())} // only the lowest int64
	}
	shown := sign + v.Number(n)
	if broken {
		if info, err := money.Lookup(a.Unit()); err == nil && info.Times == 1 && len(fraction) == 1 {
			fraction += "0" // nobody writes 12.5 dollars
		}
		shown += v.point + v.Digits(fraction)
	}
	return shownAmount{Number: shown, Unit: v.unitName(a.Unit())}
}

func (v *voice) unitName(u money.Unit) string {
	if id := "unit." + string(u); v.has(id) {
		return v.T(id)
	}
	return string(u)
}

// typedAmount reads what a person types: digits of Persian, Arabic or Latin
// script, grouped or not. A comma must group thousands: "1,5" could be meant
// as one and a half, so it is refused instead of read as fifteen.
// Errors: amount_invalid, amount_overflow.
func typedAmount(text string, u money.Unit) (money.Amount, error) {
	info, err := money.Lookup(u)
	if err != nil {
		return money.Amount{}, err
	}
	invalid := fault.New(fault.CodeAmountInvalid, "amount", "")
	var b strings.Builder
	group := -1 // digits since the last comma; -1 = there was none
	for _, c := range text {
		switch digit, isDigit := digitOf(c); {
		case isDigit:
			b.WriteByte(digit)
			if group >= 0 {
				group++
			}
		case (c == '.' || c == '٫') && info.Scale > 0:
			if group >= 0 && group != 3 {
				return money.Amount{}, invalid
			}
			b.WriteByte('.')
			group = -1
		case c == ',' || c == '٬' || c == '،':
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

// digitOf is the Latin digit of a Latin, Persian or Arabic one.
func digitOf(c rune) (digit byte, ok bool) {
	for _, zero := range []rune{'0', '۰', '٠'} {
		if c >= zero && c <= zero+9 {
			return byte('0' + c - zero), true //nolint:gosec // It is 0 to 9.
		}
	}
	return 0, false
}
