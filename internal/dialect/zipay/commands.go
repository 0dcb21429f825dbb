package zipay

import (
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
)

// newInvoice is the body of create-invoice.
type newInvoice struct {
	terminal          int64
	amount            money.Amount
	number, national  string
	callback, webhook string
}

func decodeInvoice(f dialect.Fields) (newInvoice, error) {
	in := inputs{fields: f}
	n := newInvoice{
		terminal: in.whole("terminal_number"),
		amount:   in.amount(in.named("currency")),
	}
	in.currency("currency")
	n.number = in.text("invoice_number")
	n.national = optional(&in, "national_id", "", in.text)
	n.callback = in.address("callback")
	n.webhook = optional(&in, "webhook", "", in.address)
	return n, in.err()
}

// decodeTrackID reads the input of the calls that want nothing else.
func decodeTrackID(f dialect.Fields) (string, error) {
	in := inputs{fields: f}
	return in.text("trackid"), in.err()
}

// invoiceSearch is the body of invoice-list.
type invoiceSearch struct {
	terminal       int64
	number, status string
	page           page
}

func decodeInvoiceSearch(f dialect.Fields) (invoiceSearch, error) {
	in := inputs{fields: f}
	return invoiceSearch{
		terminal: optional(&in, "terminal_number", 0, in.whole),
		number:   optional(&in, "invoice_number", "", in.text),
		status:   optional(&in, "status", "", in.oneOf(statuses...)),
		page:     in.page(),
	}, in.err()
}

// decodeMarket reads the name of a market; empty = all of them.
func decodeMarket(f dialect.Fields) (string, error) {
	in := inputs{fields: f}
	return optional(&in, "market", "", in.text), in.err()
}

// newExchange is the body of exchange.
type newExchange struct {
	amount money.Amount
	to     money.Unit
}

func decodeExchange(f dialect.Fields) (newExchange, error) {
	in := inputs{fields: f}
	n := newExchange{amount: in.amount(in.named("from_currency"))}
	from := in.currency("from_currency")
	n.to = in.currency("to_currency")
	if n.to != "" && n.to == from {
		in.fail("to_currency", "must not be from_currency")
	}
	return n, in.err()
}

// exchangeSearch is the body of exchange-list.
type exchangeSearch struct {
	id   string
	page page
}

func decodeExchangeSearch(f dialect.Fields) (exchangeSearch, error) {
	in := inputs{fields: f}
	return exchangeSearch{id: optional(&in, "trackid", "", in.text), page: in.page()}, in.err()
}

// newTransfer is the body of transfer. receiver is a number in digits or an
// e-mail address.
type newTransfer struct {
	receiver             string
	amount               money.Amount
	orderID, description string
}

func decodeTransfer(f dialect.Fields) (newTransfer, error) {
	in := inputs{fields: f}
	n := newTransfer{
		receiver: in.receiver("receiver", in.named("currency")),
		amount:   in.amount(in.named("currency")),
	}
	in.currency("currency")
	n.orderID = in.text("order_id")
	n.description = optional(&in, "description", "", in.text)
	return n, in.err()
}

// receiver reads whom money goes to. A number may carry the currency, such as
// 10017USD, which then must be the one that is sent.
func (in *inputs) receiver(name, currency string) string {
	text := in.text(name)
	number := strings.TrimRight(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if number == text || !isDigits(number) {
		return text
	}
	if text != number+currency {
		in.fail(name, "names another currency than the one that is sent")
	}
	return number
}

// transferSearch is the body of transfer-list.
type transferSearch struct {
	id, direction, orderID string
	page                   page
}

func decodeTransferSearch(f dialect.Fields) (transferSearch, error) {
	in := inputs{fields: f}
	return transferSearch{
		id:        optional(&in, "trackid", "", in.text),
		direction: optional(&in, "transfer_type", "", in.oneOf(sentOut, cameIn)),
		orderID:   optional(&in, "order_id", "", in.text),
		page:      in.page(),
	}, in.err()
}

// newWithdrawal is the body of crypto-withdraw.
type newWithdrawal struct {
	orderID          int64
	network, address string
	amount           money.Amount
}

// reference is the order_id as the core keeps it.
func (n newWithdrawal) reference() string { return strconv.FormatInt(n.orderID, 10) }

// destination reads an address on a network; on one that is none, every text is
// as good as another.
func (in *inputs) destination(name, network string) string {
	text := in.text(name)
	if text == "" || network == "" {
		return text
	}
	if err := payout.CheckAddress(network, text); err != nil {
		in.faults.Add(fault.From(err))
	}
	return text
}

// decodeWithdrawal reads a withdrawal. typed says that the body can tell
// numbers from texts, as JSON can: then order_id must be a number.
func decodeWithdrawal(f dialect.Fields, typed bool) (newWithdrawal, error) {
	in := inputs{fields: f}
	n := newWithdrawal{orderID: in.integer("order_id", typed)}
	in.oneOf(string(money.USDT))("coin")
	n.network = in.oneOf(networks()...)("network")
	n.amount = in.amount(string(money.USDT))
	n.address = in.destination("address", n.network)
	return n, in.err()
}
