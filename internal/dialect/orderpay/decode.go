package orderpay

import (
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// What is said of a field.
const (
	mustNotBeNull  = "Must not be null"
	mustNotBeEmpty = "Must not be empty"
	mustBePositive = "Must be greater than 0"
	mustBeText     = "Must be a string"
	mustBeNumber   = "Must be a number"
	mustBePlain    = "Must be a decimal number without an exponent"
	mustBeSmaller  = "Must be smaller"
	mustBeUUID     = "Must be a UUID"
)

// The bounds of what is sent.
const (
	mostPlaces         = 2  // decimal places of an amount
	mostDigits         = 18 // in front of them; more is no amount of any unit
	longestTransaction = 100
	longestKey         = 255
	currencyLength     = 3
)

// The fields of bodies, and the parameters of lists.
const (
	orderName       = "orderId"
	amountName      = "amount"
	statusName      = "status"
	methodName      = "paymentMethod"
	transactionName = "transactionId"
	userName        = "userId"
	totalName       = "total"
	currencyName    = "currency"
	limitName       = "limit"
	offsetName      = "offset"
)

// reader reads the fields of a body in the order in which it is asked for them,
// and keeps all that is wrong with them.
type reader struct {
	fields dialect.Fields
	wrong  fault.List
}

// mistake is what is wrong with one field.
func mistake(name, words string) *fault.Error {
	return fault.New(fault.CodeParameterInvalid, name, words)
}

func (r *reader) refuse(name, words string) { r.wrong.Add(mistake(name, words)) }

// text reads a text that is needed.
func (r *reader) text(name string) string {
	text, sent := r.optional(name)
	switch {
	case !sent:
		r.refuse(name, mustNotBeNull)
	case strings.TrimSpace(text) == "" && !r.refused(name):
		r.refuse(name, mustNotBeEmpty)
	}
	return text
}

// refused says that the last mistake is about the field.
func (r *reader) refused(name string) bool {
	return len(r.wrong) > 0 && r.wrong[len(r.wrong)-1].Param == name
}

// optional reads a text that may be left out or null.
func (r *reader) optional(name string) (text string, sent bool) {
	v, sent := r.fields.Find(name)
	if !sent || v.Kind == dialect.Null {
		return "", false
	}
	if v.Kind != dialect.Text {
		r.refuse(name, mustBeText)
		return "", true
	}
	return v.Text, true
}

// decimal reads an amount that is needed, as decimal text above zero.
func (r *reader) decimal(name string) string {
	v, sent := r.fields.Find(name)
	switch {
	case !sent || v.Kind == dialect.Null:
		r.refuse(name, mustNotBeNull)
		return ""
	case v.Kind != dialect.Number:
		r.refuse(name, mustBeNumber)
		return ""
	case strings.ContainsAny(v.Text, "eE"):
		r.refuse(name, mustBePlain)
		return ""
	}
	whole, fraction, _ := strings.Cut(v.Text, ".")
	fraction = strings.TrimRight(fraction, "0")
	switch {
	case strings.HasPrefix(whole, "-") || whole == "0" && fraction == "":
		r.refuse(name, mustBePositive)
	case len(fraction) > mostPlaces:
		r.refuse(name, tooManyPlaces(mostPlaces))
	case len(whole) > mostDigits:
		r.refuse(name, mustBeSmaller)
	case fraction != "":
		return whole + "." + fraction
	}
	return whole
}

func tooManyPlaces(most int) string {
	if most == 0 {
		return "Must be a whole number"
	}
	return "Must have at most " + strconv.Itoa(most) + " decimal places"
}

// wish is a payment as it is asked for.
type wish struct {
	order       string // perhaps no id at all
	decimal     string
	claim       status
	method      method
	transaction string // empty = none
}

// decodePayment reads the body of POST /payment.
func decodePayment(fields dialect.Fields) (wish, error) {
	r := reader{fields: fields}
	w := wish{order: r.text(orderName), decimal: r.decimal(amountName)}
	if text := r.text(statusName); !r.refused(statusName) {
		if w.claim = readClaim(text); w.claim == "" {
			r.refuse(statusName, "Must be one of "+list(claimable, func(s status) string { return string(s) }))
		}
	}
	if text := r.text(methodName); !r.refused(methodName) {
		m, known := readMethod(text)
		if !known {
			r.refuse(methodName, "Must be one of "+list(methods, func(m method) string { return m.word }))
		}
		w.method = m
	}
	w.transaction, _ = r.optional(transactionName)
	switch {
	case utf8.RuneCountInString(w.transaction) > longestTransaction:
		r.refuse(transactionName, "Must have at most 100 characters")
	case strings.ContainsFunc(w.transaction, unicode.IsControl):
		r.refuse(transactionName, "Must not hold control characters")
	}
	return w, r.wrong.Err()
}

// readClaim finds a status that may be stated; empty = it may not.
func readClaim(text string) status {
	for _, s := range claimable {
		if string(s) == text {
			return s
		}
	}
	return ""
}

// list joins words for a message.
func list[T any](items []T, word func(T) string) string {
	words := make([]string, len(items))
	for n, item := range items {
		words[n] = word(item)
	}
	return strings.Join(words, ", ")
}

// amountIn reads decimal text in a unit. name is the field that it came in.
func amountIn(decimal string, unit money.Unit, name string) (money.Amount, error) {
	amount, err := money.Parse(decimal, unit)
	switch {
	case fault.Is(err, fault.CodeAmountOverflow):
		return amount, mistake(name, mustBeSmaller)
	case fault.Is(err, fault.CodeAmountInvalid):
		info, unknown := money.Lookup(unit)
		if unknown != nil {
			return amount, unknown
		}
		return amount, mistake(name, tooManyPlaces(info.Scale))
	}
	return amount, err
}

// newOrder is an order as it is asked for.
type newOrder struct {
	id    string // empty = one of ours
	user  string
	total money.Amount
}

// decodeOrder reads the body of POST /order.
func decodeOrder(fields dialect.Fields) (newOrder, error) {
	r := reader{fields: fields}
	var n newOrder
	if text, sent := r.optional(orderName); sent && !r.refused(orderName) {
		n.id = r.uuid(orderName, text)
	}
	if text := r.text(userName); !r.refused(userName) {
		n.user = r.uuid(userName, text)
	}
	decimal := r.decimal(totalName)
	unit := money.BDT
	if text, sent := r.optional(currencyName); sent && !r.refused(currencyName) {
		unit = money.Unit(strings.ToUpper(text))
		if _, err := money.Lookup(unit); err != nil || len(text) != currencyLength {
			r.refuse(currencyName, "Must be a known currency of 3 letters")
		}
	}
	if err := r.wrong.Err(); err != nil {
		return n, err
	}
	var err error
	n.total, err = amountIn(decimal, unit, totalName)
	return n, err
}

// uuid is the id in a text.
func (r *reader) uuid(name, text string) string {
	id, ok := readUUID(text)
	if !ok {
		r.refuse(name, mustBeUUID)
	}
	return id
}

// The bounds of a page.
const (
	usualLimit = 10
	mostLimit  = 100
	mostOffset = 1_000_000_000
)

// decodePage reads which part of a list is wanted.
func decodePage(params dialect.Fields) (app.Page, error) {
	var wrong fault.List
	page := app.Page{Limit: usualLimit}
	for _, bound := range []struct {
		name        string
		into        *int
		least, most int
	}{
		{limitName, &page.Limit, 1, mostLimit}, {offsetName, &page.Offset, 0, mostOffset},
	} {
		v, sent := params.Find(bound.name)
		if !sent {
			continue
		}
		n, ok := readInteger(v)
		if !ok {
			return page, fault.New(fault.CodeParameterInvalid, "", "Invalid numeric value")
		}
		if n < bound.least || n > bound.most {
			wrong.Add(mistake(bound.name, "Must be between "+strconv.Itoa(bound.least)+" and "+strconv.Itoa(bound.most)))
		}
		*bound.into = n
	}
	return page, wrong.Err()
}

// readInteger reads a whole number; one that does not fit is the nearest one
// that does.
func readInteger(v dialect.Value) (n int, ok bool) {
	digits := strings.TrimPrefix(v.Text, "-")
	if v.Kind != dialect.Text || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, _ = strconv.Atoi(v.Text) // it is digits, and out of range it is the last number in it
	return n, true
}

// keyOf is the caller's own name for the wish of a call; empty = it has none.
func keyOf(h http.Header) (string, error) {
	values := h.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	unprintable := func(c rune) bool { return c < ' ' || c > '~' }
	if len(values) > 1 || key == "" || len(key) > longestKey || strings.ContainsFunc(key, unprintable) {
		return "", fault.New(fault.CodeParameterInvalid, "",
			"The header Idempotency-Key must come once, with 1 to 255 printable characters")
	}
	return key, nil
}
