package api

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/payment"
)

// recording is what a merchant notes in its own books of a payment.
type recording struct {
	Amount *string   `json:"amount,omitempty" maxLength:"40"`
	At     time.Time `json:"at,omitzero"`
}

// starting is the wish to send the payer of a waiting payment to a gateway.
type starting struct {
	Gateway string `json:"gateway,omitempty" maxLength:"100"`
}

// noted is a word of the merchant's own.
type noted struct {
	Note string `json:"note,omitempty" maxLength:"500"`
}

// attested is an operator's word about a payment that no gateway knows of.
type attested struct {
	Invoice  string            `json:"invoice" minLength:"1" maxLength:"200"`
	Status   string            `json:"status"`
	Amount   *string           `json:"amount,omitempty" maxLength:"40"`
	Method   string            `json:"method,omitempty"`
	Receipt  string            `json:"receipt,omitempty" maxLength:"200"`
	Operator string            `json:"operator" minLength:"1" maxLength:"100"`
	Note     string            `json:"note,omitempty" maxLength:"500"`
	Metadata map[string]string `json:"metadata,omitempty" maxProperties:"20"`
}

// moneyCame is an operator's word that the money of a payment is there.
type moneyCame struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Receipt  string `json:"receipt" minLength:"1" maxLength:"200"`
	Note     string `json:"note,omitempty" maxLength:"500"`
}

// attestable are what can be said of a payment that no gateway knows of.
var attestable = []string{string(payment.Canceled), string(payment.Captured), string(payment.Failed)}

var saidWords = words{
	"recording": {
		"amount": {
			doc:     "What you count as yours, at most what can still be given back; leave it out for all of that.",
			example: "12.50",
		},
		"at": {doc: "When you recorded it; leave it out for now.", example: "2026-12-01T18:00:00Z"},
	},
	"starting": {
		"gateway": {doc: "Your name for the gateway; leave it out for the one it was made for.", example: "zarinpal"},
	},
	"noted":   {"note": noteWord},
	"decided": {"operator": operatorWord, "note": noteWord},
	"attested": {
		"invoice": {doc: "The id of the invoice that was paid.", example: exampleInvoice},
		"status": {
			doc:     "captured: the money is there, and is booked. failed, canceled: it came to nothing.",
			example: string(payment.Captured), choices: attestable,
		},
		"amount": {
			doc: "What was paid, in the invoice's unit; leave it out for all that is unpaid.", example: "12.50",
		},
		"method": {doc: "How it was paid.", example: string(payment.Cash), choices: choices(payment.Methods)},
		"receipt": {
			doc: "The number of the bank or the till; each counts once. Leave it out where there is none.", example: "till-7",
		},
		"operator": operatorWord, "note": noteWord,
	},
	"moneyCame": {
		"operator": operatorWord, "note": noteWord,
		"receipt": {doc: "The number of the bank or the till; each counts once.", example: "till-7"},
	},
}

// paymentWishes are what a merchant can do to a payment besides collecting it.
func (d *desk) paymentWishes(asked story[paymentView]) []operation {
	changed := d.paymentTold()
	return []operation{
		act(row{
			id: "startPayment", path: "/payments/{id}/start", scope: merchant.PaymentsWrite, summary: "Start a payment",
			about: "Opens the page of a payment that is waiting, such as the next part of a split: send the payer to pay_url.",
			faults: []fault.Code{
				fault.CodePaymentNotFound, fault.CodeWrongState, fault.CodeInvoiceClosed, fault.CodeInvoiceHeld,
				fault.CodeAmountAboveRemaining, fault.CodeNoGateway, fault.CodeGatewayRefused, fault.CodeGatewayUnavailable,
				fault.CodeGatewayNotFound,
			},
		}, d.startPayment, asked),
		act(row{
			id: "cancelPayment", path: "/payments/{id}/cancel", scope: merchant.PaymentsWrite, summary: "Cancel a payment",
			about: "Withdraws a payment that is not paid. One that is waiting, or whose money would be received by hand, is " +
				"canceled at once. One that is open at a gateway stays processing until the gateway says that it is over, " +
				"because its payer may be paying now; nobody is sent there any more.",
			faults: []fault.Code{fault.CodePaymentNotFound, fault.CodeGatewayNotFound, fault.CodeWrongState},
		}, d.cancelPayment, changed),
		act(row{
			id: "recordPayment", path: "/payments/{id}/record", scope: merchant.PaymentsWrite, summary: "Record a payment",
			about: "Notes that you count a payment whose money was taken as settled in your own books, once. No money moves, " +
				"and no more than you recorded goes back from then on. Of what a wallet paid all is recorded or nothing, and " +
				"nothing of what is the payer's because a gateway refused to give it back.",
			faults: []fault.Code{
				fault.CodePaymentNotFound, fault.CodeWrongState, fault.CodeAmountInvalid, fault.CodeAmountTooSmall,
				fault.CodeAmountAboveRemaining,
			},
		}, d.recordPayment, changed),
	}
}

// paymentDecisions are what whoever runs the server says of a payment. A merchant
// whose own word were money could pay itself out what nobody paid.
func (d *desk) paymentDecisions(asked story[paymentView]) []operation {
	faults := []fault.Code{
		fault.CodePaymentNotFound, fault.CodeGatewayNotFound, fault.CodeUnsupported, fault.CodeWrongState,
	}
	return []operation{
		create(row{
			id: "attestPayment", path: "/payments/attest", scope: merchant.Operator, summary: "Attest a payment",
			about: "Puts a payment on record that was made without any gateway of ours, such as in cash or by a transfer to " +
				"the merchant's bank. What has come is booked at once, as received by hand: there must be a gateway " +
				"for that in the unit of the invoice.",
			faults: []fault.Code{
				fault.CodeInvoiceNotFound, fault.CodeInvoiceClosed, fault.CodeInvoicePaid, fault.CodeInvoiceHeld,
				fault.CodeAmountInvalid,
				fault.CodeAmountTooSmall, fault.CodeAmountAboveRemaining, fault.CodeNoGateway, fault.CodeUnsupported,
				fault.CodeWrongState, fault.CodeDuplicate,
			},
		}, "pay", d.attestPayment, d.paymentTold()),
		act(row{
			id: "confirmPayment", path: "/payments/{id}/confirm", scope: merchant.Operator, summary: "Confirm a payment",
			about: "Says that the money of a payment has come, and books it. What a gateway answers for is unsupported, " +
				"unless it called for a person. Money that its invoice has no room for is kept apart, to go back. Of one that " +
				"calls for a person because it was paid after its end, the receipt that it has says that somebody has looked.",
			faults: append(slices.Clone(faults), fault.CodeDuplicate),
		}, d.confirmPayment, asked),
		act(row{
			id: "rejectPayment", path: "/payments/{id}/reject", scope: merchant.Operator, summary: "Reject a payment",
			about: "Says that the money of a payment did not come: it has failed. What a gateway answers for is " +
				"unsupported, unless it called for a person. Of one that calls for a person and had ended without money, was " +
				"given back, or is held, it says that somebody has looked, and ends the call; held money stays held, and a step " +
				"that its gateway never answered is not waited for any more.",
			faults: faults,
		}, d.rejectPayment, asked),
	}
}

// paymentTold draws the answer from a change of one payment.
func (d *desk) paymentTold() story[paymentView] {
	return story[paymentView]{now: d.paymentNow, of: func(change app.Change) (out paymentView, ok bool) {
		if len(change.Payments) != 1 {
			return out, false
		}
		return d.viewPayment(change.Payments[0]), true
	}}
}

// said names an operator together with the key that vouches for the name.
func (c *call) said(operator string) string { return operator + " with " + c.Key.ID }

func (d *desk) startPayment(c *call, id string, in starting) (out paymentView, err error) {
	p, err := d.App.Payment(c.Context(), c.Merchant, id)
	if err != nil {
		return out, err
	}
	if p.State != payment.Waiting {
		return out, fault.New(fault.CodeWrongState, "payment", "")
	}
	if err := d.knownGateway(c, in.Gateway); err != nil {
		return out, err
	}
	made, err := d.App.StartWaiting(c.Context(), c.Merchant, id, in.Gateway)
	return show(d.viewPayment)(made.Payment, unserved(err, "gateway"))
}

func (d *desk) cancelPayment(c *call, id string, in noted) (paymentView, error) {
	return show(d.viewPayment)(d.App.CancelPayment(c.Context(), c.Merchant, id, "", in.Note))
}

func (d *desk) recordPayment(c *call, id string, in recording) (out paymentView, err error) {
	amount, err := d.partOf(c, id, in.Amount)
	if err != nil {
		return out, err
	}
	if in.At.After(d.Now()) {
		return out, fault.New(fault.CodeParameterInvalid, "at", "It must not be in the future.")
	}
	return show(d.viewPayment)(d.App.RecordPayment(c.Context(), c.Merchant, id, in.At, amount))
}

func (d *desk) attestPayment(c *call, id string, in attested) (out paymentView, err error) {
	view, err := d.App.Invoice(c.Context(), c.Merchant, in.Invoice)
	if err != nil {
		return out, err
	}
	amount, err := unpaidOr(view, in.Amount)
	if err != nil {
		return out, err
	}
	bag, err := packMetadata(in.Metadata)
	if err != nil {
		return out, err
	}
	made, err := d.App.AttestPayment(c.Context(), c.Merchant, app.Attestation{
		ID: id, Invoice: in.Invoice, Amount: amount, Method: payment.Method(in.Method), Said: payment.State(in.Status),
		Receipt: in.Receipt, Bag: bag, Operator: c.said(in.Operator), Note: in.Note,
	})
	return show(d.viewPayment)(made, unserved(err, "invoice", "amount"))
}

func (d *desk) confirmPayment(c *call, id string, in moneyCame) (paymentView, error) {
	return show(d.viewPayment)(d.App.ConfirmPayment(c.Context(), c.Merchant, app.Confirmation{
		Payment: id, Paid: true, Receipt: in.Receipt, Operator: c.said(in.Operator), Note: in.Note,
	}))
}

func (d *desk) rejectPayment(c *call, id string, in decided) (out paymentView, err error) {
	p, err := d.App.Payment(c.Context(), c.Merchant, id)
	if err != nil {
		return out, err
	}
	if !p.Unfinished() && p.Attention == "" {
		return out, fault.New(fault.CodeWrongState, "payment", "")
	}
	return show(d.viewPayment)(d.App.ConfirmPayment(c.Context(), c.Merchant, app.Confirmation{
		Payment: id, Operator: c.said(in.Operator), Note: in.Note,
	}))
}
