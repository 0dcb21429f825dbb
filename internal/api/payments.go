package api

import (
	"github.com/purserhq/purser/internal/payment"
)

// paymentView is a payment as callers see it.
type paymentView struct {
	ID          string            `json:"id" doc:"Its id." example:"pay_01941f29-7c00-7000-8000-000000000001"`
	Status      string            `json:"status" enum:"waiting,processing,authorized,captured,settled,failed,canceled,expired,reversed,refunded" doc:"processing: it is at the gateway, or nobody knows yet. authorized: the money is held; capture or void it. captured: the money is taken. settled: the gateway has paid it out." example:"processing"`
	Invoice     string            `json:"invoice" doc:"The id of its invoice." example:"inv_01941f29-7c00-7000-8000-000000000001"`
	Amount      string            `json:"amount" doc:"What is collected." example:"12.50"`
	Refunded    string            `json:"refunded" doc:"What was given back." example:"0.00"`
	Refundable  string            `json:"refundable" doc:"What may still be given back." example:"0.00"`
	Unit        string            `json:"unit" doc:"The unit of the amounts." example:"EUR"`
	Gateway     string            `json:"gateway,omitempty" doc:"Your name for the gateway." example:"stripe"`
	Method      string            `json:"method,omitempty" doc:"How the payer pays, where that is known." example:"card"`
	PayURL      string            `json:"pay_url,omitempty" doc:"Where to send the payer while it is processing." example:"https://gateway.example/pay/1"`
	Account     int64             `json:"account,omitempty" doc:"The account it was paid from, where that was a wallet." example:"10001"`
	Receipt     string            `json:"receipt,omitempty" doc:"The gateway's id of the movement of money." example:"ch_1"`
	Card        string            `json:"card,omitempty" doc:"The payer's card, masked, as the gateway told it." example:"************1234"`
	Description string            `json:"description,omitempty" doc:"What it is for." example:"Row 7, seats 11 and 12"`
	Payer       *payerView        `json:"payer,omitempty" doc:"What is known of the person who pays."`
	Metadata    map[string]string `json:"metadata,omitempty" doc:"Words of your own." example:"{\"basket\":\"7\"}"`
	FinishedAt  string            `json:"finished_at,omitempty" format:"date-time" doc:"When it was captured, failed or canceled." example:"2026-12-01T12:00:00Z"`
	CreatedAt   string            `json:"created_at" format:"date-time" doc:"When it was made." example:"2026-12-01T11:00:00Z"`
	UpdatedAt   string            `json:"updated_at" format:"date-time" doc:"When it changed last." example:"2026-12-01T11:00:00Z"`
}

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
