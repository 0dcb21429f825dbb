package bkash

import (
	"github.com/purserhq/purser/internal/sandbox"
)

// refundsInV2 is how many refunds one payment may have, where there is a limit.
const refundsInV2 = 10

// refundV1 pays back; without an amount the same address asks whether that has been done.
func refundV1(a *asked) sandbox.Object {
	if !a.fields.Has("amount") {
		if a.Setting(switchV1StatusPath) != "same" {
			return a.failed(codeMissing)
		}
		a.Name = "refund-v1-query"
		return a.refundedV1()
	}
	p, ok := a.own(a.fields.Text("paymentID"))
	amount, given := a.amount("amount")
	switch {
	case !ok || p.Captures == 0 || trxID(a.Call, p) != a.fields.Text("trxID"):
		return a.failed(codeNotFound)
	case !given:
		return a.failed(codeAmount)
	case len(p.Refunds) > 0 && a.Setting(switchV1Once) == "on":
		return a.failed(codeReversed)
	case amount > p.Refundable():
		return a.failed(codeAbove)
	case a.late(p):
		return a.failed(codeNotAllowed)
	}
	return a.showV1(p, a.give(p, amount))
}

// refundV1Status is the other address of the question.
func refundV1Status(a *asked) sandbox.Object {
	if a.Setting(switchV1StatusPath) == "same" {
		a.gone = true
		return nil
	}
	return a.refundedV1()
}

// refundedV1 tells of the refund that was made; without one it names no refundTrxID.
func (a *asked) refundedV1() sandbox.Object {
	p, ok := a.own(a.fields.Text("paymentID"))
	if !ok || p.Captures == 0 || trxID(a.Call, p) != a.fields.Text("trxID") {
		return a.failed(codeNotFound)
	}
	if len(p.Refunds) == 0 {
		return a.done(sandbox.Member{Name: "originalTrxID", Value: trxID(a.Call, p)})
	}
	return a.showV1(p, p.Refunds[len(p.Refunds)-1])
}

func (a *asked) showV1(p *sandbox.Payment, r sandbox.Refund) sandbox.Object {
	return a.done(
		sandbox.Member{Name: "originalTrxID", Value: trxID(a.Call, p)},
		sandbox.Member{Name: "refundTrxID", Value: refundID(a.Call, r)},
		sandbox.Member{Name: "transactionStatus", Value: "Completed"},
		sandbox.Member{Name: "amount", Value: taka(r.Amount)},
		sandbox.Member{Name: "currency", Value: p.Currency},
		sandbox.Member{Name: "charge", Value: "0.00"},
		sandbox.Member{Name: "completedTime", Value: stamp(r.At)},
	)
}

// late says that the time for refunds is over.
func (a *asked) late(p *sandbox.Payment) bool {
	return a.Setting(switchRefundWindow) != "none" && a.Now.After(p.VerifiedAt.Add(a.Length(switchRefundWindow)))
}

// give books a refund, which is with the buyer at once.
func (a *asked) give(p *sandbox.Payment, amount int64) sandbox.Refund {
	r := sandbox.Refund{
		ID: a.Next(), Amount: amount, Reason: a.fields.Text("reason"), Description: a.fields.Text("sku"),
		Status: sandbox.RefundSucceeded, At: a.Now, DueAt: a.Now,
	}
	p.Refunds = append(p.Refunds, r)
	if p.Refundable() == 0 {
		p.State = sandbox.Refunded
	}
	a.Save(p)
	return r
}

// refundV2 pays back the whole or a part.
func refundV2(a *asked) sandbox.Object {
	p, code := a.refundable()
	amount, given := a.amount("refundAmount")
	switch {
	case code != "":
		return a.failed(code)
	case !given || amount > p.Refundable():
		return a.failed(codeRefundAmount)
	case len(a.fields.Text("sku")) > mostText:
		return a.failed(codeSKULong)
	case len(a.fields.Text("reason")) > mostText:
		return a.failed(codeReasonLong)
	case a.fields.Text("reason") == "":
		return a.failed(codeReason)
	case a.late(p):
		return a.failed(codeTooLate)
	case a.Setting(switchV2Max) != "none" && len(p.Refunds) >= refundsInV2:
		return a.failed(codeNotAllowed)
	}
	r := a.give(p, amount)
	return sandbox.Object{
		{Name: "originalTrxId", Value: trxID(a.Call, p)},
		{Name: "refundTrxId", Value: refundID(a.Call, r)},
		{Name: "refundTransactionStatus", Value: "Completed"},
		{Name: "originalTrxAmount", Value: taka(p.Amount)},
		{Name: "refundAmount", Value: taka(amount)},
		{Name: "currency", Value: p.Currency},
		{Name: "completedTime", Value: stamp(r.At)},
		{Name: "sku", Value: r.Description},
		{Name: "reason", Value: r.Reason},
	}
}

// refundable finds the payment that a refund of version 2 is about, or says why there is none.
func (a *asked) refundable() (*sandbox.Payment, string) {
	p, ok := a.own(a.fields.Text("paymentId"))
	switch {
	case !ok:
		return nil, codePaymentID
	case p.Captures == 0:
		return nil, codeRefundNotDone
	case trxID(a.Call, p) != a.fields.Text("trxId"):
		return nil, codeRefundTrx
	}
	return p, ""
}

// refundV2Status lists the refunds of a payment.
func refundV2Status(a *asked) sandbox.Object {
	p, code := a.refundable()
	if code != "" {
		return a.failed(code)
	}
	list := []sandbox.Object{}
	for _, r := range p.Refunds {
		list = append(list, sandbox.Object{
			{Name: "refundTrxId", Value: refundID(a.Call, r)},
			{Name: "refundTransactionStatus", Value: "Completed"},
			{Name: "refundAmount", Value: taka(r.Amount)},
			{Name: "completedTime", Value: stamp(r.At)},
		})
	}
	return sandbox.Object{
		{Name: "originalTrxId", Value: trxID(a.Call, p)},
		{Name: "originalTrxAmount", Value: taka(p.Amount)},
		{Name: "originalTrxCompletedTime", Value: stamp(p.VerifiedAt)},
		{Name: "refundTransactions", Value: list},
	}
}
