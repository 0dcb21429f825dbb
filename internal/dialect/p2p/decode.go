package p2p

import (
	"net/url"
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
	maxText    = 200  // characters
	maxAddress = 2000 // bytes
	maxToken   = 500  // bytes
	usualLimit = 50   // items of a list
	maxLimit   = 100
	maxPage    = 1_000_000
)

// Words of this API.
const (
	typeIn          = "in"
	typeOut         = "out"
	crossBorder     = "CROSS_BORDER"
	reasonUnknown   = "unknown"
	reasonOtherSum  = "invalid_sum"
	amountOfDispute = "disputeReasonData[amount]"
)

// reasons are those that are kept as they come.
var reasons = []string{reasonUnknown, "has_payment", "no_payment", reasonOtherSum, "invalid_requisites"}

// inputs reads the fields of one call and gathers everything that is wrong with
// them, in the order in which they are read.
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

// err is everything that was wrong so far.
func (in *inputs) err() error { return in.faults.Err() }

// given says whether a field came with a value. Null is as good as nothing.
func (in *inputs) given(name string) bool {
	v, ok := in.fields.Find(name)
	return ok && v.Kind != dialect.Null
}

// text reads a text of at most so many bytes, or its usual length in characters.
func (in *inputs) text(name string, most int) string {
	v, _ := in.fields.Find(name)
	switch {
	case v.Kind != dialect.Text:
		in.fail(name, "must be a string")
	case len(v.Text) > most && utf8.RuneCountInString(v.Text) > most:
		in.fail(name, "must have at most "+strconv.Itoa(most)+" characters")
	default:
		return v.Text
	}
	return ""
}

// maybe reads a text that may be left out.
func (in *inputs) maybe(name string) string {
	if !in.given(name) {
		return ""
	}
	return in.text(name, maxText)
}

// word reads a text that must not be empty.
func (in *inputs) word(name string) string {
	before := len(in.faults)
	text := in.text(name, maxText)
	if text == "" && len(in.faults) == before {
		in.fail(name, "must not be empty")
	}
	return text
}

// flag reads true or false, which may be left out.
func (in *inputs) flag(name string) bool {
	if !in.given(name) {
		return false
	}
	v, _ := in.fields.Find(name)
	if v.Kind != dialect.Bool {
		in.fail(name, "must be true or false")
	}
	return v.Kind == dialect.Bool && v.Text == "true"
}

// address reads a web address; an empty text and none at all are as good as
// nothing.
func (in *inputs) address(name string) string {
	if !in.given(name) {
		return ""
	}
	before := len(in.faults)
	text := in.text(name, maxAddress)
	if text == "" || len(in.faults) > before {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil {
		in.fail(name, "must be an http or https URL")
		return ""
	}
	return text
}

// amount reads money above zero, as text or as a number without an exponent.
func (in *inputs) amount(name string, unit money.Unit) money.Amount {
	v, _ := in.fields.Find(name)
	if v.Kind != dialect.Text && v.Kind != dialect.Number {
		in.fail(name, "must be a decimal number")
		return money.Amount{}
	}
	if unit == "" { // it is not known: only the form can be looked at
		unit = money.USDT
	}
	a, err := money.Parse(v.Text, unit)
	if err != nil || a.Sign() <= 0 {
		in.fail(name, "must be a decimal number above 0 with no more places than its currency has")
		return money.Amount{}
	}
	return a
}

// unit reads a currency that has a register's entry.
func (in *inputs) unit(name string) money.Unit {
	text := in.word(name)
	if text == "" {
		return ""
	}
	if _, err := money.Lookup(money.Unit(text)); err != nil {
		in.fail(name, "is not a currency of this store")
		return ""
	}
	return money.Unit(text)
}

// count reads a whole number from 1 of a query, or its usual value.
func (in *inputs) count(name string, usual, most int) int {
	v, ok := in.fields.Find(name)
	if !ok {
		return usual
	}
	n, err := strconv.Atoi(v.Text)
	if v.Kind != dialect.Text || err != nil || n < 1 || strings.Trim(v.Text, "0123456789") != "" {
		in.fail(name, "must be a whole number from 1")
		return usual
	}
	return min(n, most)
}

// newInvoice is a decoded wish for an invoice.
type newInvoice struct {
	amount, most             money.Amount // most is not valid where the sum may not be raised
	option, method           string
	internalID, userID       string
	notifyURL, notifyToken   string
	successURL, cancelURL    string
	startDeal                bool
	crossCurrency, crossKind string
	matching, singleTransfer bool
	out                      bool
	payee                    requisitesBody // of one that goes out
}

// decodeInvoice reads the body of a new invoice; reachable says whether its address
// can be told. Whether the store takes its amount is asked later, after everything
// else.
func decodeInvoice(fields dialect.Fields, reachable func(address string) error) (newInvoice, error) {
	in := &inputs{fields: fields}
	kind := in.word("type")
	if !slices.Contains([]string{typeIn, typeOut, ""}, kind) {
		in.fail("type", "must be in or out")
	}
	// The currency says how many places the amount may have.
	later := &inputs{fields: fields}
	unit := later.unit("currency")
	n := newInvoice{amount: in.amount("amount", unit), out: kind == typeOut}
	in.faults = append(in.faults, later.faults...)
	if n.notifyURL = in.notice("notificationUrl", maxAddress); n.notifyURL != "" {
		if err := reachable(n.notifyURL); err != nil {
			in.faults.Add(fault.New(fault.CodeParameterInvalid, "notificationUrl", fault.From(err).Words))
		}
	}
	n.notifyToken = in.notice("notificationToken", maxToken)
	n.internalID, n.userID = in.maybe("internalId"), in.maybe("userId")
	in.way(&n)
	n.startDeal = in.flag("startDeal")
	if in.given("maxAmount") {
		n.most = in.amount("maxAmount", unit)
		if over, err := n.amount.Cmp(n.most); err == nil && over > 0 {
			in.fail("maxAmount", "must not be less than amount")
		}
	}
	n.matching = in.flag("allowMatching")
	n.crossCurrency, n.crossKind = in.maybe("crossBorderCurrency"), in.maybe("crossBorderRequisiteType")
	n.successURL, n.cancelURL = in.address("successUrl"), in.address("cancelUrl")
	n.singleTransfer = in.flag("strictlySingleTransfer")
	in.crossing(n, unit)
	return n, in.err()
}

// notice reads what notices need: it must be there and may be empty.
func (in *inputs) notice(name string, most int) string {
	before := len(in.faults)
	text := in.text(name, most)
	if len(in.faults) == before && strings.ContainsFunc(text, unicode.IsControl) {
		in.fail(name, "must be one line of text")
	}
	return text
}

// crossing holds a wish to what money across a border needs.
func (in *inputs) crossing(n newInvoice, unit money.Unit) {
	if n.crossKind != "" && !slices.Contains([]string{"PHONE", "CARD"}, n.crossKind) {
		in.fail("crossBorderRequisiteType", "must be PHONE or CARD")
	}
	if n.out || n.option != crossBorder {
		return
	}
	if unit != "" && unit != money.RUB {
		in.fail("currency", "must be RUB for "+crossBorder)
	}
	if !n.startDeal {
		in.faults.Add(fault.New(fault.CodeParameterInvalid, "startDeal", "startDeal must be true for "+crossBorder+"."))
	}
	if n.crossCurrency == "" {
		in.faults.Add(fault.New(fault.CodeParameterMissing, "crossBorderCurrency", "crossBorderCurrency is required."))
	} else if _, err := money.Lookup(money.Unit(n.crossCurrency)); err != nil {
		in.fail("crossBorderCurrency", "is not known")
	}
}

// route is the way and the bank that a deal is wished for.
type route struct{ option, method string }

func decodeRoute(fields dialect.Fields) (route, error) {
	in := &inputs{fields: fields}
	wish := route{option: in.maybe("paymentOption"), method: in.maybe("paymentMethod")}
	return wish, in.err()
}

// newDispute is a decoded dispute.
type newDispute struct {
	deal, reason string
	amount       money.Amount // what was really sent; not valid = as agreed
}

func decodeDispute(fields dialect.Fields, unit money.Unit) (newDispute, error) {
	in := &inputs{fields: fields}
	n := newDispute{deal: in.maybe("dealId"), reason: in.word("disputeReason")}
	if !slices.Contains(reasons, n.reason) {
		n.reason = reasonUnknown
	}
	if n.reason == reasonOtherSum || in.given(amountOfDispute) {
		n.amount = in.amount(amountOfDispute, unit)
	}
	if n.reason != reasonOtherSum {
		n.amount = money.Amount{}
	}
	return n, in.err()
}

// decodeFiles are the files of a call that hold anything.
func decodeFiles(fields dialect.Fields) [][]byte {
	var files [][]byte
	for _, f := range fields {
		if f.Value.Kind == file && f.Value.Text != "" && (f.Name == "attachment" || f.Name == "attachment[]") {
			files = append(files, []byte(f.Value.Text))
		}
	}
	return files
}
