package orderpay

import (
	"strings"

	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
)

// status is how a payment or an order stands, in the words of this API.
type status string

// The words.
const (
	pending   status = "PENDING"
	completed status = "COMPLETED"
	failed    status = "FAILED"
	cancelled status = "CANCELLED"
	refunded  status = "REFUNDED"
)

// claimable are those that a caller may state of a new payment.
var claimable = []status{pending, completed, failed, cancelled}

// statusOf is how a payment stands.
func statusOf(p payment.Payment) status {
	switch p.State {
	case payment.Waiting, payment.Processing, payment.Authorized:
		return pending
	case payment.Captured, payment.Settled:
		return completed
	case payment.Failed, payment.Expired:
		return failed
	case payment.Canceled:
		return cancelled
	case payment.Refunded, payment.Reversed:
		return refunded
	}
	return pending
}

// orderStatus is how an order stands.
func orderStatus(i invoice.Invoice) status {
	switch i.State {
	case invoice.Open:
		return pending
	case invoice.Paid, invoice.Completed:
		return completed
	case invoice.Canceled, invoice.Expired, invoice.Rejected:
		return cancelled
	case invoice.Refunded:
		return refunded
	}
	return pending
}

// method is one way of paying that this API names.
type method struct {
	word string // as it is printed
	core payment.Method
	// contract is the merchant's name for a gateway that is meant by this word and
	// by no other; empty = any gateway with the method will do.
	contract string
}

// byHand says that the money comes without any gateway.
func (m method) byHand() bool { return payment.Methods[m.core].Flow == payment.Requisites }

// methods are the six, in the order of the copied API.
var methods = []method{
	{"Bkash", payment.MobileWallet, "bkash"},
	{"Card", payment.Card, ""},
	{"Cash", payment.Cash, ""},
	{"Bank Transfer", payment.BankTransfer, ""},
	{"Nagad", payment.MobileWallet, "nagad"},
	{"Rocket", payment.Rocket, ""},
}

// readMethod finds a method by its word, in any case.
func readMethod(text string) (method, bool) {
	for _, m := range methods {
		if strings.EqualFold(m.word, text) {
			return m, true
		}
	}
	return method{}, false
}

// methodWord is the word for how a payment was or will be made. One that was
// begun elsewhere has no word of its own, and the nearest one is given.
func methodWord(p payment.Payment) string {
	if word := p.Bag[bagMethod]; word != "" {
		return word
	}
	for _, m := range methods {
		if m.contract != "" && m.contract == p.Attempt.Gateway {
			return m.word
		}
	}
	for _, m := range methods {
		if m.core == p.Attempt.Method {
			return m.word
		}
	}
	return "Card"
}
