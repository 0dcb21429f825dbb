package shepa

import (
	"strconv"

	"github.com/purserhq/purser/internal/sandbox"
)

// Where the ids start, so that they look like the provider's.
const (
	firstReference   = 40_020_000
	firstTransaction = 9_910_000
	dateForm         = "2006-01-02 15:04:05"
)

// token opens a payment.
func token(a *asked) (any, *refusal) {
	amount, ok := a.fields.Whole("amount")
	callback := a.fields.Text("callback")
	switch {
	case !ok || amount < a.Number(switchMinAmount):
		return nil, &refusal{codeAmount, "amount is not valid"}
	case !sandbox.WebAddress(callback):
		return nil, &refusal{codeCallback, "callback is not valid"}
	case !sandbox.OnDomain(callback, a.merchant.Domain):
		return nil, &refusal{codeCallback, "callback domain is not valid"}
	case a.Setting(switchRequireDescription) == "on" && a.fields.Text("description") == "":
		return nil, &refusal{codeDescription, "description is required"}
	}
	mobile := a.fields.Word("mobile")
	if mobile == "" {
		mobile = a.fields.Word("CellNumber")
	}
	number := a.Next()
	kept := a.Create(sandbox.Payment{
		ID: "tk" + a.Letters("token", number, 30), Merchant: a.key, Amount: amount, Asked: amount, Currency: "IRR",
		Callback: callback, Description: a.fields.Text("description"), Mobile: mobile,
		Cards: a.fields.Texts("cardnumber"),
	})
	a.Subject = kept.ID
	result := sandbox.Object{{Name: "token", Value: kept.ID}}
	if _, ok := a.Fault(FaultURLMissing); ok {
		return result, nil
	}
	address := a.PublicURL() + "/v1/" + kept.ID
	if fault, ok := a.Fault(FaultURLForeign); ok {
		address = fault.Value
		if address == "" {
			address = "https://pay.elsewhere.test/v1/" + kept.ID
		}
	}
	return append(result, sandbox.Member{Name: "url", Value: address}), nil
}

// verify captures a paid token. What a second verify says hangs on a switch: nobody publishes it.
func verify(a *asked) (any, *refusal) {
	amount, ok := a.fields.Whole("amount")
	if !ok {
		return nil, &refusal{codeAmount, "amount is not valid"}
	}
	p, known := a.Find(a.fields.Text("token"))
	if !known || p.Merchant != a.key {
		return nil, &refusal{codeToken, "token is not valid"}
	}
	if amount != p.Amount {
		return nil, &refusal{codeOtherAmount, "amount does not match the transaction"}
	}
	switch p.State {
	case sandbox.Verified, sandbox.Refunding, sandbox.Refunded:
		if a.Setting(switchRepeatVerify) == "error" {
			return nil, &refusal{codeVerifiedBefore, "transaction is not valid"}
		}
		return a.result(p), nil
	case sandbox.Paid:
	case sandbox.Open, sandbox.Failed, sandbox.Canceled, sandbox.Expired, sandbox.Returned, sandbox.Reversed:
		return nil, &refusal{codeNotPaid, "transaction is not paid"}
	}
	if _, ok := a.Fault(sandbox.FaultSlowTruth); ok {
		return nil, &refusal{codeNotPaid, "transaction is not paid"}
	}
	p.Verify(a.Now)
	a.Save(p)
	return a.result(p), nil
}

// result is the answer of a verify that found the money.
func (a *asked) result(p *sandbox.Payment) sandbox.Object {
	result := sandbox.Object{
		{Name: "refid", Value: a.id(firstReference + p.Reference)},
		{Name: "transaction_id", Value: a.id(firstTransaction + p.Panel)},
	}
	amount := p.Amount
	for _, name := range []string{sandbox.FaultWrongAmount, FaultVerifyOtherAmount} {
		if fault, ok := a.Fault(name); ok {
			amount = otherAmount(fault, amount)
		}
	}
	if _, ok := a.Fault(FaultVerifyNoAmount); !ok {
		result = append(result, sandbox.Member{Name: "amount", Value: amount})
	}
	return append(result,
		sandbox.Member{Name: "card_pan", Value: p.Card[:6] + "******" + p.Card[12:]},
		sandbox.Member{Name: "date", Value: p.PaidAt.In(tehran).Format(dateForm)})
}

// otherAmount is what a wrong answer says instead of the amount.
func otherAmount(fault sandbox.Fault, amount int64) int64 {
	if other, err := strconv.ParseInt(fault.Value, 10, 64); err == nil {
		return other
	}
	return amount / 10
}

// refund gives money back at once. Its answer is a tracking code alone.
func refund(a *asked) (any, *refusal) {
	if !a.bodyFits() {
		return nil, &refusal{codeBody, "the request cannot be read"}
	}
	p := a.transaction()
	amount, ok := a.fields.Whole("amount")
	sent := a.fields.Text("token")
	switch {
	case p == nil, a.key != "" && p.Merchant != a.key, sent != "" && sent != p.ID:
		return nil, &refusal{codeToken, "transaction is not valid"}
	case p.Merchant == SandboxKey && a.Setting(switchRefundInSandbox) == "refused":
		return nil, &refusal{codeRefund, "refund is not possible in the sandbox"}
	case !ok || amount <= 0 || amount > p.Refundable():
		return nil, &refusal{codeAmount, "amount is not valid"}
	case len(p.Refunds) > 0 && a.Setting(switchRefundRepeat) == "refused":
		return nil, &refusal{codeRefund, "transaction is refunded already"}
	}
	p.Refunds = append(p.Refunds, sandbox.Refund{
		ID: a.Next(), Amount: amount, Status: sandbox.RefundSucceeded, At: a.Now, DueAt: a.Now,
	})
	if p.Refunded() == p.Amount {
		p.State = sandbox.Refunded
	}
	a.Subject = p.ID
	a.Save(p)
	return "rf" + a.Letters("refund", p.Refunds[len(p.Refunds)-1].ID, 10), nil
}

// bodyFits tells whether a refund came in a form that the switch lets through.
func (a *asked) bodyFits() bool {
	form := "bare"
	switch {
	case a.key != "" && a.fields.Has("transaction_id") && a.fields.Has("token"):
		form = "api-token"
	case a.key != "" && a.fields.Has("transaction_id"):
		form = "api"
	case a.key != "" || !a.fields.Has("transaction"):
		return false
	}
	wanted := a.Setting(switchRefundBody)
	return wanted == "any" || wanted == form
}

// transaction finds the payment that a refund names.
func (a *asked) transaction() *sandbox.Payment {
	number, ok := a.fields.Whole("transaction_id")
	if !ok {
		number, ok = a.fields.Whole("transaction")
	}
	if !ok {
		return nil
	}
	for _, p := range a.Payments() {
		if p.Captures > 0 && firstTransaction+p.Panel == number {
			return p
		}
	}
	return nil
}
