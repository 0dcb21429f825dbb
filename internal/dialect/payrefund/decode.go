package payrefund

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// Limits of inputs, in characters where nothing else is said.
const (
	mostPlaces   = 2 // decimal places of an amount
	longestName  = 19
	longestPhone = 9
	longestYear  = 4
	longestMonth = 2
	longestCard  = 16
	longestCVV   = 3
	fewestDigits = 12 // of a card's number
	longestPage  = 1_000_000
)

// The words of this API for methods.
const (
	wordCard  = "credit_card"
	wordMBWay = "mbway"
)

// methodOf is what a word for a method means.
func methodOf(word string) (payment.Method, bool) {
	switch word {
	case wordCard:
		return payment.Card, true
	case wordMBWay:
		return payment.MBWay, true
	}
	return "", false
}

// inputs reads the fields of one call and gathers everything that is wrong
// with them, in the order in which they are read. Nothing that came is ever
// repeated in what is said about it.
type inputs struct {
	fields dialect.Fields
	under  string // the name of the object that the fields are of, with a dot
	faults *fault.List
}

func (in inputs) fail(name, words string) {
	code := fault.CodeParameterInvalid
	if !in.given(name) {
		code = fault.CodeParameterMissing
	}
	in.faults.Add(fault.New(code, name, in.under+name+" "+words))
}

// given says whether a field came with a value. Null is as good as nothing.
func (in inputs) given(name string) bool {
	v, ok := in.fields.Find(name)
	return ok && v.Kind != dialect.Null
}

// text reads a text of at most so many characters.
func (in inputs) text(name string, most int) string {
	v, _ := in.fields.Find(name)
	if v.Kind != dialect.Text || utf8.RuneCountInString(v.Text) > most {
		in.fail(name, "must be a string of at most "+strconv.Itoa(most)+" characters")
		return ""
	}
	return v.Text
}

// perhaps reads a text that may be missing.
func (in inputs) perhaps(name string, most int) string {
	if !in.given(name) {
		return ""
	}
	return in.text(name, most)
}

// secret judges a text that was taken out of the body before it was read, by
// what stands in its place.
func (in inputs) secret(name string, kept []byte, most int) {
	v, _ := in.fields.Find(name)
	if v.Kind != dialect.Text || utf8.RuneCount(kept) > most {
		in.fail(name, "must be a string of at most "+strconv.Itoa(most)+" characters")
	}
}

// object reads the fields of an object; ok is false when it is none.
func (in inputs) object(name string) (inside inputs, ok bool) {
	v, _ := in.fields.Find(name)
	if v.Kind != dialect.Object {
		in.fail(name, "must be an object")
		return inputs{faults: in.faults}, false
	}
	return inputs{fields: v.Fields, under: in.under + name + ".", faults: in.faults}, true
}

// holder reads the name on a card. Somebody who puts the number there would
// have us keep it.
func (in inputs) holder(name string) string {
	text := in.perhaps(name, longestName)
	digits := 0
	for _, c := range text {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits >= fewestDigits {
		in.fail(name, "must be a name")
		return ""
	}
	return text
}

// method reads a word for a method.
func (in inputs) method(name string) payment.Method {
	v, _ := in.fields.Find(name)
	m, ok := methodOf(v.Text)
	if v.Kind != dialect.Text || !ok {
		in.fail(name, "must be "+wordCard+" or "+wordMBWay)
	}
	return m
}

// number reads a JSON number as an amount.
func (in inputs) number(name string, unit money.Unit, places int) money.Amount {
	v, _ := in.fields.Find(name)
	amount, err := money.Parse(v.Text, unit)
	if v.Kind != dialect.Number || err != nil || decimals(v.Text) > places {
		in.fail(name, "must be a number with at most "+strconv.Itoa(places)+" decimal places")
		return money.Amount{}
	}
	return amount
}

// decimals counts the decimal places that say something.
func decimals(text string) int {
	_, fraction, _ := strings.Cut(text, ".")
	return len(strings.TrimRight(fraction, "0"))
}

// amount reads a number above zero.
func (in inputs) amount(name string, unit money.Unit, places int) money.Amount {
	amount := in.number(name, unit, places)
	if amount.Valid() && amount.Sign() <= 0 {
		in.fail(name, "must be more than 0")
		return money.Amount{}
	}
	return amount
}

// date reads a time.
func (in inputs) date(name string) time.Time {
	v, _ := in.fields.Find(name)
	at, ok := readDate(v.Text)
	if v.Kind != dialect.Text || !ok {
		in.fail(name, "must be a date such as 2020-04-07T15:01:07")
		return time.Time{}
	}
	return at
}

// bound reads an amount in a query, where every decimal place may be given: the
// next whole step up or down is the same bound.
func (in inputs) bound(name string, unit money.Unit, up bool) (a money.Amount) {
	v, came := in.fields.Find(name)
	if !came {
		return a
	}
	a, ok := readBound(v.Text, unit, up)
	if v.Kind != dialect.Text || !ok {
		in.fail(name, "must be a decimal number")
	}
	return a
}

// day reads a time in a query.
func (in inputs) day(name string) time.Time {
	if _, came := in.fields.Find(name); !came {
		return time.Time{}
	}
	return in.date(name)
}

// word reads any text of a query; it must not come twice.
func (in inputs) word(name string) (text string, came bool) {
	v, came := in.fields.Find(name)
	if came && v.Kind != dialect.Text {
		in.fail(name, "must be given once")
	}
	return v.Text, came
}

// count reads a whole number of a query.
func (in inputs) count(name string, least int) int {
	v, came := in.fields.Find(name)
	if !came {
		return 0
	}
	n, err := strconv.Atoi(v.Text)
	if v.Kind != dialect.Text || err != nil || n < least || n > longestPage {
		in.fail(name, "must be a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(longestPage))
		return 0
	}
	return n
}

// readBound reads decimal text as the whole step above or below it. What is
// beyond all amounts is the last of them.
func readBound(text string, unit money.Unit, up bool) (a money.Amount, ok bool) {
	info, err := money.Lookup(unit)
	if err != nil {
		return a, false
	}
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if !isDigits(whole) || point && !isDigits(fraction) {
		return a, false
	}
	kept := fraction[:min(len(fraction), info.Scale)]
	rest := strings.Trim(fraction[len(kept):], "0") != ""
	if kept != "" {
		whole += "." + kept
	}
	sign := int64(1)
	if negative {
		sign, whole = -1, "-"+whole
	}
	if a, err = money.Parse(whole, unit); err != nil {
		return money.New(sign*mostSteps, unit), true
	}
	if !rest || negative == up {
		return a, true
	}
	if next, err := a.Add(money.New(sign, unit)); err == nil {
		a = next
	}
	return a, true
}

const mostSteps = 1<<63 - 1

func isDigits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}

// dateForms are how a date may be written: with an offset or a Z, without one,
// which is UTC, or without a time, which is midnight.
var dateForms = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", time.DateOnly}

// readDate reads a date in UTC from the year 1 to 9999.
func readDate(text string) (time.Time, bool) {
	const longest = 40
	if len(text) > longest || strings.Contains(text, ",") {
		return time.Time{}, false
	}
	for _, form := range dateForms {
		at, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		if at = at.UTC(); at.IsZero() {
			at = at.Add(time.Microsecond) // the zero value means that there is none
		}
		return at, at.Year() >= 1 && at.Year() <= 9999
	}
	return time.Time{}, false
}

// lastFour are the digits of a card's number that may be kept; none of what is
// no number of a card.
func lastFour(number []byte) string {
	if len(number) < fewestDigits {
		return ""
	}
	return string(number[len(number)-4:])
}

// isMask says that a number is one that was shown, which is no number.
func isMask(number []byte) bool { return slices.Contains(number, '*') }
