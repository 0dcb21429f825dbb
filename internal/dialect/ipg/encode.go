package ipg

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// timeForm is ISO 8601 in UTC with milliseconds.
const timeForm = "2006-01-02T15:04:05.000Z"

func timeText(t time.Time) string { return t.UTC().Format(timeForm) }

// limitless is where the invoice's bag keeps that it was made for a link: such
// an invoice says whether its amount is open, others do not mention it.
const limitless = "unlimit_amount"

// invoiceBody is an invoice, its keys in the order of the copied API. What is
// not there is left out, never null.
type invoiceBody struct {
	Title               string        `json:"title"`
	TotalAmount         int64         `json:"totalAmount"`
	PreviousTotalAmount *int64        `json:"previousTotalAmount,omitempty"`
	Mobile              string        `json:"mobile,omitempty"`
	Email               string        `json:"email,omitempty"`
	IsDone              bool          `json:"isDone"`
	ReadyToPayToken     string        `json:"readyToPayToken,omitempty"`
	UserFullName        string        `json:"userFullName,omitempty"`
	Description         string        `json:"description,omitempty"`
	UnlimitAmount       *bool         `json:"unlimitAmount,omitempty"`
	ReadyAmount         *int64        `json:"readyAmount,omitempty"`
	ReadyToPayGateway   string        `json:"readyToPayGateway,omitempty"`
	ID                  string        `json:"_id"`
	Payments            []paymentBody `json:"payments"`
	CreatedAt           string        `json:"createdAt"`
	UpdatedAt           string        `json:"updatedAt"`
	Version             int           `json:"__v"`
}

// paymentBody is a payment inside an invoice or a list.
type paymentBody struct {
	Gateway     string `json:"gateway"`
	Authority   string `json:"authority"`
	Amount      int64  `json:"amount"`
	Description string `json:"description"`
	Mobile      string `json:"mobile,omitempty"`
	Email       string `json:"email,omitempty"`
	Status      string `json:"status"`
	FinalizedAt string `json:"paymentFinalizedDate,omitempty"`
	CardNumber  string `json:"cardNumber,omitempty"`
	ID          string `json:"_id"`
	CreatedAt   string `json:"createdAt"`
	UpdatedAt   string `json:"updatedAt"`
}

// gatewayBody is what a gateway opened.
type gatewayBody struct {
	IsOk      bool   `json:"isOk"`
	Link      string `json:"link"`
	Authority string `json:"authority"`
}

// openedBody is the answer of everything that opens an attempt.
type openedBody struct {
	Gateway   gatewayBody `json:"gateway"`
	InvoiceID string      `json:"invoiceId"`
	Authority string      `json:"authority"`
	Waiting   *[]string   `json:"waitingPayments,omitempty"` // nil = the route has no such key
	PaymentID string      `json:"paymentId"`
}

// reversedBody is the answer of a reversal, good or bad.
type reversedBody struct {
	IsOk   bool     `json:"isOk"`
	Errors []string `json:"errors"`
}

// linkBody is a new link.
type linkBody struct {
	Token string `json:"token"`
	Link  string `json:"readyToPayLink"`
}

// statusBody is the status of a payment.
type statusBody struct {
	Status string `json:"status"`
}

// rial is an amount as this API counts it. Error: unit_mismatch or
// unit_inexact for money that is none of this API's.
func rial(a money.Amount) (int64, error) {
	same, err := a.In(money.IRR)
	return same.Steps(), err
}

// encodeInvoice writes an invoice whole. One in another currency does not
// exist here. Error: invoice_not_found.
func encodeInvoice(v app.InvoiceView) (invoiceBody, error) {
	i := v.Invoice
	unknown := func(cause error) error { return fault.New(fault.CodeInvoiceNotFound, "invoice", "").With(cause) }
	total, err := rial(i.Amount)
	if err != nil {
		return invoiceBody{}, unknown(err)
	}
	body := invoiceBody{
		Title: i.Title, TotalAmount: total, Mobile: i.Payer.Mobile, Email: i.Payer.Email, IsDone: i.Collected(),
		ReadyToPayToken: i.Link.Token, UserFullName: i.Payer.Name, Description: i.Description,
		ReadyToPayGateway: i.Link.Gateway, ID: i.ID, Payments: make([]paymentBody, 0, len(v.Payments)),
		CreatedAt: timeText(i.CreatedAt), UpdatedAt: timeText(i.UpdatedAt),
	}
	if i.Previous.Valid() {
		before, err := rial(i.Previous)
		if err != nil {
			return invoiceBody{}, unknown(err)
		}
		body.PreviousTotalAmount = &before
	}
	if i.Link.Token != "" && i.Link.Kind != invoice.OpenAmount {
		ready, err := rial(i.Link.Amount)
		if err != nil {
			return invoiceBody{}, unknown(err)
		}
		body.ReadyAmount = &ready
	}
	if _, told := i.Bag[limitless]; told || i.Open {
		body.UnlimitAmount = &i.Open
	}
	for _, p := range v.Payments {
		one, err := encodePayment(p)
		if err != nil {
			return invoiceBody{}, err
		}
		body.Payments = append(body.Payments, one)
	}
	return body, nil
}

// withoutPerson leaves out who pays and what lets others pay: for callers who
// only know the id.
func (b invoiceBody) withoutPerson() invoiceBody {
	b.Mobile, b.Email, b.UserFullName, b.ReadyToPayToken = "", "", "", ""
	for n := range b.Payments {
		b.Payments[n].Mobile, b.Payments[n].Email, b.Payments[n].CardNumber = "", "", ""
	}
	return b
}

// encodePayment writes a payment. Error: payment_not_found for one in another
// currency.
func encodePayment(p payment.Payment) (paymentBody, error) {
	amount, err := rial(p.Amount)
	if err != nil {
		return paymentBody{}, fault.New(fault.CodePaymentNotFound, "payment", "").With(err)
	}
	body := paymentBody{
		Gateway: p.Attempt.Gateway, Authority: p.Attempt.Session, Amount: amount, Description: p.Description,
		Mobile: p.Payer.Mobile, Email: p.Payer.Email, Status: status(p.State), CardNumber: p.Card,
		ID: p.ID, CreatedAt: timeText(p.CreatedAt), UpdatedAt: timeText(p.UpdatedAt),
	}
	if !p.FinalizedAt.IsZero() {
		body.FinalizedAt = timeText(p.FinalizedAt)
	}
	return body, nil
}

// status is a payment's state in the words of this API. Every unknown outcome
// is pending.
func status(s payment.State) string {
	switch s {
	case payment.Waiting:
		return "waiting"
	case payment.Processing, payment.Authorized:
		return "pending"
	case payment.Captured, payment.Settled:
		return "success"
	case payment.Failed, payment.Expired:
		return "failed"
	case payment.Canceled:
		return "canceled"
	case payment.Reversed, payment.Refunded:
		return "reversed"
	}
	return "pending"
}

// encodeOpened writes what a gateway opened; withWaiting adds the ids of the
// rest of a split, which this very request made.
func encodeOpened(done app.Requested, withWaiting bool) openedBody {
	p := done.Payment
	body := openedBody{
		Gateway:   gatewayBody{IsOk: true, Link: p.Attempt.Link, Authority: p.Attempt.Session},
		InvoiceID: p.Invoice, Authority: p.Attempt.Session, PaymentID: p.ID,
	}
	if withWaiting {
		ids := make([]string, len(done.Waiting))
		for n, w := range done.Waiting {
			ids[n] = w.ID
		}
		body.Waiting = &ids
	}
	return body
}
