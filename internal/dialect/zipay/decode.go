package zipay

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Limits of inputs.
const (
	maxText    = 200           // characters
	maxAddress = 2000          // bytes of an address of the merchant
	maxWhole   = 2_000_000_000 // of whole numbers
	usualLimit = 10            // items of a list
	maxLimit   = 100
)

// The directions of a list.
const (
	newestFirst = "desc"
	oldestFirst = "asc"
)

// currencies are those that callers may name, in the order in which balances
// are shown.
var currencies = []string{string(money.USD), string(money.USDT), string(money.IRT)}

// inputs reads the fields of one call and gathers everything that is wrong
// with them, in the order in which they are read.
type inputs struct {
	fields dialect.Fields
	faults fault.List
}

func (in *inputs) fail(name, words string) {
	code := fault.CodeParameterInvalid
	if !in.given(name) {
		code, words = fault.CodeParameterMissing, "is required"
	}
	in.faults.Add(fault.New(code, name, name+" "+words+"."))
}

// err is everything that was wrong so far. It is a method of the pointer, so
// that one return statement can read the fields and then ask for it.
func (in *inputs) err() error { return in.faults.Err() }

// given says whether a field came with a value. Null is as good as nothing,
// and so is an empty text: forms know no other way to leave a field out.
func (in *inputs) given(name string) bool {
	v, ok := in.fields.Find(name)
	return ok && v.Kind != dialect.Null && (v.Kind != dialect.Text || v.Text != "")
}

// optional reads a field only when it came with a value, and is usual otherwise.
func optional[T any](in *inputs, name string, usual T, read func(string) T) T {
	if in.given(name) {
		return read(name)
	}
	return usual
}

// text reads a text of 1 to 200 characters.
func (in *inputs) text(name string) string {
	v, _ := in.fields.Find(name)
	switch {
	case v.Kind != dialect.Text || v.Text == "":
		in.fail(name, "must be a string")
	case utf8.RuneCountInString(v.Text) > maxText:
		in.fail(name, "must have at most "+strconv.Itoa(maxText)+" characters")
	default:
		return v.Text
	}
	return ""
}

// oneOf reads a text that must be one of some words.
func (in *inputs) oneOf(words ...string) func(string) string {
	return func(name string) string {
		v, _ := in.fields.Find(name)
		if v.Kind != dialect.Text || !slices.Contains(words, v.Text) {
			in.fail(name, "must be "+strings.Join(words, " or "))
			return ""
		}
		return v.Text
	}
}

// whole reads a whole number above zero, written as a number or as its digits.
func (in *inputs) whole(name string) int64 {
	v, _ := in.fields.Find(name)
	n, ok := v.Whole()
	if v.Kind == dialect.Text {
		n, ok = digits(v.Text)
	}
	return in.positive(name, n, ok)
}

// integer is whole for a field that must not be a text where the body can tell
// the two apart.
func (in *inputs) integer(name string, typed bool) int64 {
	if v, _ := in.fields.Find(name); typed && v.Kind == dialect.Text {
		return in.positive(name, 0, false)
	}
	return in.whole(name)
}

func (in *inputs) positive(name string, n int64, ok bool) int64 {
	if !ok || n < 1 || n > maxWhole {
		in.fail(name, "must be an integer from 1 to "+strconv.Itoa(maxWhole))
		return 0
	}
	return n
}

// limit reads how many items a list may have; more than there may be is cut.
func (in *inputs) limit(name string) int {
	v, _ := in.fields.Find(name)
	n, ok := v.Whole()
	if v.Kind == dialect.Text {
		if n, ok = digits(v.Text); !ok && isDigits(v.Text) {
			n, ok = maxLimit, true // it is beyond what can be counted
		}
	}
	if !ok || n < 1 {
		in.fail(name, "must be an integer of at least 1")
		return usualLimit
	}
	return int(min(n, maxLimit))
}

// digits reads a number that is written as nothing but digits.
func digits(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && isDigits(text)
}

func isDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// amount reads money above zero, written as a number or as decimal text. A
// currency that is none leaves only its form to look at.
func (in *inputs) amount(currency string) money.Amount {
	const name = "amount"
	v, _ := in.fields.Find(name)
	if v.Kind != dialect.Number && v.Kind != dialect.Text {
		in.fail(name, "must be a decimal number")
		return money.Amount{}
	}
	if !slices.Contains(currencies, currency) {
		if !isDecimal(v.Text) {
			in.fail(name, "must be a decimal number above 0, without an exponent")
		}
		return money.Amount{}
	}
	a, err := money.Parse(v.Text, money.Unit(currency))
	switch {
	case fault.Is(err, fault.CodeAmountOverflow):
		in.fail(name, "is beyond what can be counted")
	case err != nil && isDecimal(v.Text):
		in.fail(name, "has more decimal places than "+currency)
	case err != nil || a.Sign() <= 0:
		in.fail(name, "must be a decimal number above 0, without an exponent")
	default:
		return a
	}
	return money.Amount{}
}

// isDecimal says that a text is digits, perhaps with a point between them, and
// more than zero.
func isDecimal(text string) bool {
	whole, fraction, point := strings.Cut(text, ".")
	return isDigits(whole) && (!point || isDigits(fraction)) && strings.Trim(text, "0.") != ""
}

// named is the text of a field as it came, for the rule of another one.
func (in *inputs) named(name string) string {
	if v, ok := in.fields.Find(name); ok && v.Kind == dialect.Text {
		return v.Text
	}
	return ""
}

func (in *inputs) currency(name string) money.Unit { return money.Unit(in.oneOf(currencies...)(name)) }

// address reads an absolute web address.
func (in *inputs) address(name string) string {
	v, _ := in.fields.Find(name)
	if v.Kind != dialect.Text || !isAddress(v.Text) {
		in.fail(name, "must be an http or https URL of at most "+strconv.Itoa(maxAddress)+" characters")
		return ""
	}
	return v.Text
}

func isAddress(text string) bool {
	if len(text) > maxAddress {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

// page is which part of a list is asked for.
type page struct {
	limit, page int
	sort        string
}

func (in *inputs) page() page {
	return page{
		limit: optional(in, "limit", usualLimit, in.limit),
		page:  int(optional(in, "page", 1, in.whole)),
		sort:  optional(in, "sort", newestFirst, in.oneOf(newestFirst, oldestFirst)),
	}
}

// core is the page as the core counts it.
func (p page) core() app.Page {
	return app.Page{Limit: p.limit, Offset: (p.page - 1) * p.limit, Oldest: p.sort == oldestFirst}
}
