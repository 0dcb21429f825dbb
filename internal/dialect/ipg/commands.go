package ipg

import (
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/money"
)

// newInvoice is the body of POST /invoice/create.
type newInvoice struct {
	total                money.Amount
	title, mobile, email string
}

func decodeInvoice(f dialect.Fields) (newInvoice, error) {
	in := inputs{fields: f}
	return newInvoice{
		total:  in.amount("totalAmount", 1),
		title:  in.filled("title"),
		mobile: optional(&in, "mobile", in.phone),
		email:  optional(&in, "email", in.email),
	}, in.err()
}

// newPayment is the body of POST /payment/request.
type newPayment struct {
	invoice, gateway           string
	amount                     money.Amount
	description, mobile, email string
}

func decodePayment(f dialect.Fields) (newPayment, error) {
	in := inputs{fields: f}
	return newPayment{
		invoice:     in.invoice("invoiceId"),
		gateway:     optional(&in, "gateway", in.gateway),
		amount:      in.amount("amount", leastPayable),
		description: in.text("description"),
		mobile:      optional(&in, "mobile", in.phone),
		email:       optional(&in, "email", in.email),
	}, in.err()
}

// aim names a payment, and the invoice it must be of when that is not empty.
type aim struct{ payment, invoice string }

func decodeStatus(f dialect.Fields) (aim, error) {
	in := inputs{fields: f}
	return aim{
		payment: in.payment("paymentId"),
		invoice: optional(&in, "invoiceId", in.invoice),
	}, in.err()
}

// reversal is the body of POST /payment/refund.
type reversal struct{ authority, invoice string }

func decodeReversal(f dialect.Fields) (reversal, error) {
	in := inputs{fields: f}
	return reversal{authority: in.filled("authority"), invoice: in.invoice("invoiceId")}, in.err()
}

// decodeInvoiceID reads the input of the routes that want nothing else.
func decodeInvoiceID(f dialect.Fields) (string, error) {
	in := inputs{fields: f}
	return in.invoice("invoiceId"), in.err()
}

// start is the body of POST /payment/startWaiting.
type start struct{ payment, gateway string }

func decodeStart(f dialect.Fields) (start, error) {
	in := inputs{fields: f}
	return start{
		payment: in.payment("paymentId"),
		gateway: optional(&in, "gateway", in.gateway),
	}, in.err()
}

// newLink is the body of POST /admin/payment/getReadyToPayLink.
type newLink struct {
	amount                                      money.Amount // not valid = not given
	description, name, mobile, gateway, invoice string
}

func decodeLink(f dialect.Fields) (newLink, error) {
	in := inputs{fields: f}
	return newLink{
		amount:      optional(&in, "amount", func(name string) money.Amount { return in.amount(name, 1) }),
		description: optional(&in, "description", in.text),
		name:        in.text("userFullName"),
		mobile:      in.phone("mobile"),
		gateway:     optional(&in, "readyToPayGateway", in.gateway),
		invoice:     optional(&in, "invoiceId", in.invoice),
	}, in.err()
}

// decodeToken reads the query of the link pages.
func decodeToken(f dialect.Fields) (string, error) {
	in := inputs{fields: f}
	return in.filled("token"), in.err()
}

// openPay is the body of POST /payment/readyToPayDynamic/process.
type openPay struct {
	token              string
	amount             money.Amount
	email, description string
}

func decodeOpenPay(f dialect.Fields) (openPay, error) {
	in := inputs{fields: f}
	return openPay{
		token:       in.filled("token"),
		amount:      in.amount("amount", leastPayable),
		email:       optional(&in, "email", in.email),
		description: optional(&in, "description", in.text),
	}, in.err()
}

// page is the query of GET /admin/payment/allPaymentsStatus.
type page struct{ limit, offset int }

func decodePage(f dialect.Fields) (page, error) {
	in := inputs{fields: f}
	return page{
		limit:  in.count("limit", maxListed, 1, maxListed),
		offset: in.count("offset", 0, 0, maxAmount),
	}, in.err()
}
