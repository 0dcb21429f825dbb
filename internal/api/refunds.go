package api

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/refund"
)

// refundView is a refund as callers see it.
type refundView struct {
	ID        string      `json:"id"`
	Status    string      `json:"status"`
	Payment   string      `json:"payment"`
	Amount    string      `json:"amount"`
	Unit      string      `json:"unit"`
	Way       string      `json:"way,omitempty"`
	Gateway   string      `json:"gateway,omitempty"`
	Receipt   string      `json:"receipt,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	Failure   string      `json:"failure,omitempty"`
	Expanded  *refundMore `json:"expanded,omitempty" table:"-"`
	CreatedAt string      `json:"created_at" format:"date-time"`
	UpdatedAt string      `json:"updated_at" format:"date-time"`
}

// refundMore is what a refund is shown with.
type refundMore struct {
	Payment *paymentView `json:"payment,omitempty"`
}

// refundExpand is what one refund can be shown with.
type refundExpand struct {
	Expand []string `query:"expand"`
}

// newRefund is the wish to give money back.
type newRefund struct {
	Payment string  `json:"payment" minLength:"1" maxLength:"200"`
	Amount  *string `json:"amount,omitempty" maxLength:"40"`
	Reason  string  `json:"reason,omitempty" maxLength:"500"`
}

// refundList is what a list of refunds can be narrowed down to.
type refundList struct {
	dated

	Payment string   `query:"payment" maxLength:"200"`
	Status  string   `query:"status"`
	Gateway string   `query:"gateway" maxLength:"100"`
	Expand  []string `query:"expand"`
}

var refundWords = words{
	"refundView": {
		"id": {doc: "Its id.", example: exampleRefund},
		"status": {
			doc: "requested: we act next. processing: the gateway does it, or nobody knows yet. succeeded: the money is " +
				"back with the payer. failed: the gateway refused, and the money is where it was.",
			example: "succeeded", choices: choices(refund.States),
		},
		"payment": {doc: "The id of the payment whose money it is.", example: examplePayment},
		"amount":  {doc: "What goes back.", example: "2.50"},
		"way": {
			doc: "How it goes back. reversal: the payment is undone. refund: the gateway sends money. wallet: into the " +
				"wallet it came from. release: it was only held.",
			example: string(refund.ByRefund),
			choices: []string{
				string(refund.ByRefund), string(refund.ByRelease), string(refund.ByReversal), string(refund.ByWallet),
			},
		},
		"gateway":  {doc: "Your name for the gateway.", example: "stripe"},
		"receipt":  {doc: "The gateway's id of the refund.", example: "re_1"},
		"reason":   {doc: "Why, in your words.", example: "Seat 12 was taken"},
		"expanded": moreWord,
		"failure":  {doc: "Why the gateway refused.", example: "the payment is too old"},
	},
	"refundMore":   {"payment": {doc: "The payment whose money it is, with expand=payment."}},
	"refundExpand": {"expand": together("payment")},
	"newRefund": {
		"payment": {doc: "The id of the payment whose money goes back.", example: examplePayment},
		"amount": {
			doc: "What is to go back, in the payment's unit; leave it out for all that can.", example: "2.50",
		},
		"reason": {doc: "Why, in your words.", example: "Seat 12 was taken"},
	},
	"refundList": {
		"payment": {doc: "Only those of this payment.", example: examplePayment},
		"status":  {doc: "Only those in this state.", example: "succeeded", choices: choices(refund.States)},
		"gateway": ofGateway, "expand": together("payment"),
	},
}

// exampleRefund is the id of the document's refund.
const exampleRefund = "rfd_01941f29-7c00-7000-8000-000000000001"

func (d *desk) refunds() resource {
	return resource{
		name: "refunds", about: "A refund gives money of a payment back to the payer.",
		words: refundWords, example: exampleRefund,
		operations: []operation{
			create(row{
				id: "createRefund", path: "/refunds", scope: merchant.RefundsWrite, summary: "Create a refund",
				about: "Gives money of a payment back, through the gateway it came from. Refunds, those on their way too, never " +
					"exceed what was captured. The answer may say processing: then nobody knows yet, and we go on asking. An " +
					"invoice that is verified, or was paid from a wallet, is refunded as a whole: see refundInvoice. What a gateway " +
					"refused to give back then can be tried again here. What an operator confirmed goes back by hand: the refund " +
					"calls for a person, and confirmRefund or rejectRefund ends it. " +
					"Another invoice of which a part goes back is open again for that part: payments of it can be asked for, and " +
					"its page asks its payer for none. Where you want no more of it, closeInvoice ends it.",
				faults: []fault.Code{
					fault.CodePaymentNotFound, fault.CodeRefundTooLarge, fault.CodeRefundInProgress, fault.CodeAmountInvalid,
					fault.CodeAmountTooSmall, fault.CodeUnsupported, fault.CodeInsufficientFunds, fault.CodeGatewayRefused,
					fault.CodeGatewayUnavailable, fault.CodeGatewayNotFound, fault.CodeWrongState,
				},
			}, "rfd", d.createRefund, story[refundView]{now: d.refundNow}),
			get(row{
				id: "getRefund", path: "/refunds/{id}", scope: merchant.RefundsRead, summary: "Get a refund",
				about: "Shows a refund, whichever API made it.", faults: []fault.Code{fault.CodeRefundNotFound},
			}, d.getRefund),
			act(row{
				id: "refreshRefund", path: "/refunds/{id}/refresh", scope: merchant.RefundsWrite,
				summary: "Ask the gateway about a refund",
				about: "Goes on with a refund at once: sends it to the gateway if that was not done, and asks what became of it. " +
					"We do so by ourselves too. One that is over stays as it is.",
				faults: []fault.Code{fault.CodeRefundNotFound, fault.CodeGatewayNotFound},
			}, d.refreshRefund, story[refundView]{now: d.refundNow}),
			act(row{
				id: "confirmRefund", path: "/refunds/{id}/confirm", scope: merchant.Operator, summary: "Confirm a refund",
				about: "Says that the payer has the money of a refund that calls for a person, because its gateway does not say " +
					"what became of it, or refused to give back what is the payer's: the gateway gave it back after all, or " +
					"somebody did by hand. After a refusal the answer is a new refund, which has succeeded, of as much as was " +
					"still to go back. Where that is nothing, the call ends.",
				faults: []fault.Code{fault.CodeRefundNotFound, fault.CodeWrongState, fault.CodeDuplicate},
			}, d.confirmRefund, story[refundView]{now: d.refundNow}),
			act(row{
				id: "rejectRefund", path: "/refunds/{id}/reject", scope: merchant.Operator, summary: "Reject a refund",
				about: "Says that the gateway did not give back the money of a refund that calls for a person, and will not: it " +
					"has failed. What was yours is yours again; what is the payer's is kept apart until it goes back. " +
					"Where nothing of it is kept any more, the call ends.",
				faults: []fault.Code{fault.CodeRefundNotFound, fault.CodeWrongState},
			}, d.rejectRefund, story[refundView]{now: d.refundNow}),
			list(row{
				id: "listRefunds", path: "/refunds", scope: merchant.RefundsRead, summary: "List refunds",
				about: "Lists all refunds, those too that nobody asked for, such as of money that came late.",
			}, d.listRefunds),
		},
	}
}

func (d *desk) createRefund(c *call, id string, in newRefund) (out refundView, err error) {
	amount, err := d.partOf(c, in.Payment, in.Amount)
	if err != nil {
		return out, err
	}
	made, err := d.App.RefundPayment(c.Context(), c.Merchant, app.NewRefund{
		ID: id, Payment: in.Payment, Amount: amount, Reason: in.Reason,
	})
	return show(viewRefund)(made, short(d.standing(c, in.Payment, err, "There is nothing of it to give back."), "payment"))
}

func (d *desk) refundNow(c *call, id string) (refundView, error) {
	return show(viewRefund)(d.App.Refund(c.Context(), c.Merchant, id))
}

func (d *desk) refreshRefund(c *call, id string, _ none) (refundView, error) {
	return show(viewRefund)(d.App.ResolveRefund(c.Context(), c.Merchant, id))
}

func (d *desk) confirmRefund(c *call, id string, in moneyCame) (refundView, error) {
	return show(viewRefund)(d.App.SayRefund(c.Context(), c.Merchant, app.RefundWord{
		Refund: id, Back: true, Receipt: in.Receipt, Operator: c.said(in.Operator), Note: in.Note,
	}))
}

func (d *desk) rejectRefund(c *call, id string, in decided) (refundView, error) {
	return show(viewRefund)(d.App.SayRefund(c.Context(), c.Merchant, app.RefundWord{
		Refund: id, Operator: c.said(in.Operator), Note: in.Note,
	}))
}

func (d *desk) getRefund(c *call, id string, q refundExpand) (refundView, error) {
	view, err := d.refundNow(c, id)
	return d.refundExpansions().one(c, q.Expand, view, err)
}

// refundExpansions are what a refund can be shown with.
func (d *desk) refundExpansions() expansions[refundView] {
	return expansions[refundView]{"payment": {merchant.PaymentsRead, func(c *call, v *refundView) error {
		view, err := show(d.viewPayment)(d.App.Payment(c.Context(), c.Merchant, v.Payment))
		if err == nil {
			more(&v.Expanded).Payment = &view
		}
		return err
	}}}
}

func (d *desk) listRefunds(c *call, q refundList) (out pageOf[refundView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	wanted := app.RefundList{Payment: q.Payment, State: refund.State(q.Status), Gateway: q.Gateway}
	out, err = seek(c, q.paging, app.Refunds, wanted.Sought(), part, func(part app.Older) ([]refund.Refund, error) {
		return d.App.ListRefunds(c.Context(), c.Merchant, wanted, part)
	}, viewRefund, func(b refund.Refund) (time.Time, string) { return b.CreatedAt, b.ID })
	return d.refundExpansions().page(c, q.Expand, out, err)
}

// viewRefund shows a refund.
func viewRefund(b refund.Refund) refundView {
	return refundView{
		ID: b.ID, Status: string(b.State), Payment: b.Payment, Amount: b.Amount.Fixed(), Unit: string(b.Amount.Unit()),
		Way: string(b.Way), Gateway: b.Gateway, Receipt: b.Receipt, Reason: b.Reason, Failure: b.Word,
		CreatedAt: moment(b.CreatedAt), UpdatedAt: moment(b.UpdatedAt),
	}
}
