package ipg

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Limits of inputs.
const (
	maxAmount = 9007199254740991 // Rial: the largest whole number that every JSON reader keeps
	maxText   = 500              // characters
	maxListed = 1000             // invoices of one answer
)

// gateways are the names that a shop may ask for.
var gateways = []string{"zarinpal", "shepa", "zibal"}

// inputs reads the fields of one call and gathers everything that is wrong
// with them, in the order in which they are read.
type inputs struct {
	fields dialect.Fields
	faults fault.List
}

func (in *inputs) fail(name, words string) {
	code := fault.CodeParameterInvalid
	if v, ok := in.fields.Find(name); !ok || v.Kind == dialect.Null {
		code = fault.CodeParameterMissing
	}
	in.faults.Add(fault.New(code, name, name+" "+words))
}

// err is everything that was wrong so far. It is a method of the pointer, so
// that one return statement can read the fields and then ask for it.
func (in *inputs) err() error { return in.faults.Err() }

// given says whether a field came with a value. Null is as good as nothing.
func (in *inputs) given(name string) bool {
	v, ok := in.fields.Find(name)
	return ok && v.Kind != dialect.Null
}

// text reads a text that must be there and may be empty.
func (in *inputs) text(name string) string {
	v, _ := in.fields.Find(name)
	switch {
	case v.Kind != dialect.Text:
		in.fail(name, "must be a string")
	case utf8.RuneCountInString(v.Text) > maxText:
		in.fail(name, "must be shorter than or equal to "+strconv.Itoa(maxText)+" characters")
	default:
		return v.Text
	}
	return ""
}

// filled reads a text that must be there and not be empty.
func (in *inputs) filled(name string) string {
	faults := len(in.faults)
	text := in.text(name)
	if text == "" && len(in.faults) == faults {
		in.fail(name, "should not be empty")
	}
	return text
}

// matching reads a text that must have a form; words say which.
func (in *inputs) matching(name string, ok func(string) bool, words string) string {
	v, _ := in.fields.Find(name)
	if v.Kind != dialect.Text || !ok(v.Text) {
		in.fail(name, words)
		return ""
	}
	return v.Text
}

// invoice and payment read the id of one, which has a form of its own where our own
// API made it.
func (in *inputs) invoice(name string) string { return in.id(name, dialect.NativeInvoice) }

func (in *inputs) payment(name string) string { return in.id(name, dialect.NativePayment) }

func (in *inputs) id(name, kind string) string {
	return strings.ToLower(in.matching(name, func(text string) bool {
		return isObjectID(text) || dialect.Native(kind, text)
	}, "must be a mongodb id"))
}

func (in *inputs) phone(name string) string {
	return in.matching(name, isPhone, "must be a phone number")
}

func (in *inputs) email(name string) string { return in.matching(name, isEmail, "must be an email") }

func (in *inputs) gateway(name string) string {
	return in.matching(name, func(text string) bool { return slices.Contains(gateways, text) },
		"must be one of the following values: "+strings.Join(gateways, ", "))
}

// optional reads a field only when it came with a value.
func optional[T any](in *inputs, name string, read func(string) T) (v T) {
	if in.given(name) {
		v = read(name)
	}
	return v
}

// amount reads Rial of at least least.
func (in *inputs) amount(name string, least int64) money.Amount {
	v, _ := in.fields.Find(name)
	n, ok := v.Whole()
	if !ok {
		in.fail(name, "must be an integer number")
		return money.Amount{}
	}
	return money.New(in.between(name, n, least, maxAmount), money.IRR)
}

func (in *inputs) between(name string, n, least, most int64) int64 {
	if n < least {
		in.fail(name, "must not be less than "+strconv.FormatInt(least, 10))
	} else if n > most {
		in.fail(name, "must not be greater than "+strconv.FormatInt(most, 10))
	}
	return n
}

// count reads a whole number of a query, where everything is text.
func (in *inputs) count(name string, usual, least, most int64) int {
	v, ok := in.fields.Find(name)
	if !ok {
		return int(usual)
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if v.Kind != dialect.Text || err != nil {
		in.fail(name, "must be an integer number")
		return int(usual)
	}
	return int(in.between(name, n, least, most))
}

// isObjectID accepts what the copied API does: 24 hex digits of either case.
func isObjectID(text string) bool {
	if len(text) != 24 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// isPhone wants 6 to 15 ASCII digits with single blanks or dashes between
// them, after an optional + or 00.
func isPhone(text string) bool {
	rest, plus := strings.CutPrefix(text, "+")
	digits, gap := 0, true
	for _, c := range []byte(rest) {
		switch {
		case c >= '0' && c <= '9':
			digits++
			gap = false
		case (c == ' ' || c == '-') && !gap:
			gap = true
		default:
			return false
		}
	}
	if gap {
		return false
	}
	international := !plus && strings.HasPrefix(rest, "00") && digits-2 >= 6 && digits-2 <= 15
	return digits >= 6 && digits <= 15 || international
}

// isEmail wants one @ between a usual local part and a host name with a dot.
func isEmail(text string) bool {
	local, host, ok := strings.Cut(text, "@")
	if !ok || len(local) > 64 || len(text) > 254 || !isDotted(local, isLocalRune) {
		return false
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return len(labels) > 1 && len(labels[len(labels)-1]) > 1 && isDotted(host, isHostRune)
}

// isDotted says that text is one or more parts of allowed runes, with single
// dots between them.
func isDotted(text string, allowed func(rune) bool) bool {
	for part := range strings.SplitSeq(text, ".") {
		if part == "" || strings.ContainsFunc(part, func(c rune) bool { return !allowed(c) }) {
			return false
		}
	}
	return true
}

func isHostRune(c rune) bool { return c == '-' || unicode.IsLetter(c) || unicode.IsDigit(c) }

func isLocalRune(c rune) bool { return isHostRune(c) || strings.ContainsRune("!#$%&'*+/=?^_`{|}~", c) }
