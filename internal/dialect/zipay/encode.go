package zipay

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// single is the answer about one thing.
type single struct {
	Result  any  `json:"result"`
	Success bool `json:"success"`
	Status  int  `json:"status"`
}

// pageBody is the answer with a part of a list. Total counts all matches.
type pageBody struct {
	Items   any    `json:"items"`
	Total   int    `json:"total"`
	Limit   int    `json:"limit"`
	Page    int    `json:"page"`
	Sort    string `json:"sort"`
	Success bool   `json:"success"`
	Status  int    `json:"status"`
}

// listBody is the answer with the whole of a short list.
type listBody struct {
	Items   any  `json:"items"`
	Success bool `json:"success"`
	Status  int  `json:"status"`
}

// createdBody is a new invoice. Message is always there and always null.
type createdBody struct {
	TrackID  string  `json:"trackid"`
	Redirect string  `json:"redirect"`
	Message  *string `json:"message"`
}

// coinBody is a currency.
type coinBody struct {
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Symbol   string `json:"symbol"`
}

// coins are the currencies in the words of the copied API.
var coins = []coinBody{
	{"United States dollar", string(money.USD), "$"},
	{"USD Tether", string(money.USDT), "USDT"},
	{"Toman", string(money.IRT), "IRT"},
}

// encodeCoin writes a unit. One that the copied API does not know has the
// words of the register.
func encodeCoin(u money.Unit) coinBody {
	if at := slices.IndexFunc(coins, func(c coinBody) bool { return c.Currency == string(u) }); at >= 0 {
		return coins[at]
	}
	info, err := money.Lookup(u)
	if err != nil {
		return coinBody{Name: string(u), Currency: string(u), Symbol: string(u)}
	}
	return coinBody{Name: info.Name, Currency: string(u), Symbol: info.Symbol}
}

// The forms of times, all in UTC.
const (
	dateForm    = "02/01/2006 15:04 UTC"
	w3cForm     = "2006-01-02T15:04:05+00:00"
	utcDateForm = "2006-01-02 15:04 UTC"
)

func dateText(t time.Time) string { return t.UTC().Format(dateForm) }

func w3cText(t time.Time) string { return t.UTC().Format(w3cForm) }

// invoiceBody is an invoice. What is only known of a paid one is null before.
type invoiceBody struct {
	TrackID        string   `json:"trackid"`
	Status         string   `json:"status"`
	Amount         string   `json:"amount"`
	Coin           coinBody `json:"coin"`
	InvoiceNumber  string   `json:"invoice_number"`
	Time           int64    `json:"time"`
	Date           string   `json:"date"`
	PayDate        *string  `json:"pay_date"`
	DateW3C        string   `json:"datew3c"`
	PayDateW3C     *string  `json:"pay_datew3c"`
	Terminal       int64    `json:"merchant_terminal_number"`
	Number         int64    `json:"invoice_transaction_id"`
	NationalID     string   `json:"national_id"`
	PayerFirstName *string  `json:"payer_firstname"`
	PayerLastName  *string  `json:"payer_lastname"`
	PayerEmail     *string  `json:"payer_email"`
	PayerAccount   *int64   `json:"payer_account_number"`
}

// encodeInvoice writes an invoice. A payer who came through a gateway is known
// by nothing.
func encodeInvoice(v app.InvoiceView) invoiceBody {
	i := v.Invoice
	body := invoiceBody{
		TrackID: i.ID, Status: status(v), Amount: i.Amount.Text(), Coin: encodeCoin(i.Amount.Unit()),
		InvoiceNumber: i.Reference, Time: i.CreatedAt.Unix(), Date: dateText(i.CreatedAt), DateW3C: w3cText(i.CreatedAt),
		Terminal: i.Terminal, Number: i.Number, NationalID: i.NationalID,
	}
	if i.PaidAt.IsZero() {
		return body
	}
	date, w3c := dateText(i.PaidAt), w3cText(i.PaidAt)
	body.PayDate, body.PayDateW3C = &date, &w3c
	body.PayerFirstName, body.PayerLastName = &i.PaidBy.FirstName, &i.PaidBy.LastName
	if i.PaidBy.Email != "" {
		body.PayerEmail = &i.PaidBy.Email
	}
	if i.PaidBy.Account != 0 {
		body.PayerAccount = &i.PaidBy.Account
	}
	return body
}

// The statuses of an invoice.
const (
	generated = "generated"
	waiting   = "waiting"
	pending   = "pending"
	completed = "completed"
	rejected  = "rejected"
	refunded  = "refunded"
)

// statuses are all of them.
var statuses = []string{generated, waiting, pending, completed, rejected, refunded}

// status is where an invoice stands in the words of this API. One that nobody
// pays at the moment is as good as new, whatever was tried before.
func status(v app.InvoiceView) string {
	if v.Invoice.State == invoice.Open {
		for _, p := range v.Payments {
			if p.Unfinished() {
				return waiting
			}
		}
	}
	return stateWord(v.Invoice.State)
}

// stateWord is a state in the words of this API; only the payments of an open
// invoice can tell generated from waiting.
func stateWord(s invoice.State) string {
	switch s {
	case invoice.Open:
		return generated
	case invoice.Paid:
		return pending
	case invoice.Completed:
		return completed
	case invoice.Rejected, invoice.Expired, invoice.Canceled:
		return rejected
	case invoice.Refunded:
		return refunded
	}
	return generated
}

// selecting is the search for one of the statuses; an empty one is for all.
func selecting(word string) app.InvoiceFilter {
	switch word {
	case "":
		return app.InvoiceFilter{}
	case generated:
		return app.InvoiceFilter{States: []invoice.State{invoice.Open}, Busy: app.IsIdle}
	case waiting:
		return app.InvoiceFilter{States: []invoice.State{invoice.Open}, Busy: app.IsBusy}
	}
	var f app.InvoiceFilter
	for _, s := range invoice.States.States() {
		if s != invoice.Open && stateWord(s) == word {
			f.States = append(f.States, s)
		}
	}
	return f
}
