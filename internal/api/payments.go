package api

import (
	"github.com/purserhq/purser/internal/payment"
)

// paymentView is a payment as callers see it.
type paymentView struct {
	ID          string            `json:"id"`
	Status      string            `json:"status"`
	Invoice     string            `json:"invoice"`
	Amount      string            `json:"amount"`
	Refunded    string            `json:"refunded"`
	Refundable  string            `json:"refundable"`
	Unit        string            `json:"unit"`
	Gateway     string            `json:"gateway,omitempty"`
	Method      string            `json:"method,omitempty"`
	PayURL      string            `json:"pay_url,omitempty"`
	Account     int64             `json:"account,omitempty"`
	Receipt     string            `json:"receipt,omitempty"`
	Card        string            `json:"card,omitempty"`
	Description string            `json:"description,omitempty"`
	Payer       *payerView        `json:"payer,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	FinishedAt  string            `json:"finished_at,omitempty" format:"date-time"`
	CreatedAt   string            `json:"created_at" format:"date-time"`
	UpdatedAt   string            `json:"updated_at" format:"date-time"`
}

var paymentWords = words{
	"paymentView": {
		"id": {doc: "Its id.", example: examplePayment},
		"status": {
			doc: "waiting: nobody was sent to a gateway yet. processing: it is at the gateway, or nobody knows yet. " +
				"authorized: the money is held; capture or void it. captured: the money is taken. settled: the gateway has " +
				"paid it out.",
			example: "processing", choices: choices(payment.States),
		},
		"invoice":     {doc: "The id of its invoice.", example: exampleInvoice},
		"amount":      {doc: "What is collected.", example: "12.50"},
		"refunded":    {doc: "What was given back.", example: "0.00"},
		"refundable":  {doc: "What may still be given back.", example: "0.00"},
		"gateway":     {doc: "Your name for the gateway.", example: "stripe"},
		"method":      {doc: "How the payer pays, where that is known.", example: "card"},
		"pay_url":     {doc: "Where to send the payer, while that helps.", example: "https://gateway.example/pay/1"},
		"account":     {doc: "The account it was paid from, where that was a wallet.", example: 10001},
		"receipt":     {doc: "The gateway's id of the movement of money.", example: "ch_1"},
		"card":        {doc: "The payer's card, masked, as the gateway told it.", example: "************1234"},
		"finished_at": {doc: "When it was captured, failed or canceled.", example: "2026-12-01T12:00:00Z"},
	},
}

// examplePayment is the id of the document's payment.
const examplePayment = "pay_01941f29-7c00-7000-8000-000000000001"

// viewPayment shows a payment.
func (d *desk) viewPayment(p payment.Payment) paymentView {
	view := paymentView{
		ID: p.ID, Status: string(p.State), Invoice: p.Invoice, Amount: p.Amount.Fixed(), Refunded: p.Refunded.Fixed(),
		Refundable: p.Refundable().Fixed(), Unit: string(p.Amount.Unit()), Gateway: p.Attempt.Gateway,
		Method: string(p.Attempt.Method), Account: p.Wallet, Receipt: p.Attempt.Receipt, Card: p.Card,
		Description: p.Description, Metadata: metadata(p.Bag), FinishedAt: moment(p.FinalizedAt),
		CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
	if p.Live(d.Now()) {
		view.PayURL = p.Attempt.Link
	}
	if p.Payer != (payment.Payer{}) {
		payer := payerView(p.Payer)
		view.Payer = &payer
	}
	return view
}
