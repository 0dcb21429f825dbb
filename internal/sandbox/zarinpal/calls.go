package zarinpal

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

const (
	maxUnverified = 100
	reverseWindow = 30 * time.Minute
	shaparakFee   = 1200
	dateForm      = "2006-01-02 15:04:05"
)

// verify captures a paid authority: 100 the first time, 101 ever after.
func verify(a *asked) (sandbox.Object, *refusal) {
	if _, ok := a.Fault(FaultVerify52); ok {
		return nil, coded(-52)
	}
	amount, ok := a.fields.Whole("amount")
	if !ok {
		return nil, invalid("amount", "The amount must be an integer.")
	}
	p, refused := a.own()
	if refused != nil {
		return nil, refused
	}
	if amount != verifyAmount(a, p) {
		return nil, coded(-50)
	}
	switch p.State {
	case sandbox.Verified, sandbox.Refunded, sandbox.Refunding:
		return verified(a, p, false), nil
	case sandbox.Paid:
	case sandbox.Open, sandbox.Failed, sandbox.Canceled, sandbox.Expired, sandbox.Returned, sandbox.Reversed:
		return nil, coded(-51)
	}
	if _, ok := a.Fault(FaultPaidBut51); ok {
		return nil, coded(-51)
	}
	first := p.Verify(a.Now)
	a.Save(p)
	if _, ok := a.Fault(FaultVerify101First); ok {
		first = false
	}
	return verified(a, p, first), nil
}

// verifyAmount is the number that verify must repeat.
func verifyAmount(a *asked, p *sandbox.Payment) int64 {
	if a.Setting(switchVerifyUnit) == "rial" {
		return p.Amount
	}
	return p.Asked
}

// verified is the answer of a verify that found the money.
func verified(a *asked, p *sandbox.Payment, first bool) sandbox.Object {
	code, message := 101, "Verified"
	if first {
		code, message = 100, a.Setting(switchVerifyText)
	}
	if _, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		code = 777
	}
	hash := a.Digest("card/"+p.Card, 0)
	data := sandbox.Object{
		{Name: "code", Value: code},
		{Name: "message", Value: message},
		{Name: "card_hash", Value: fmt.Sprintf("%X", hash)},
		{Name: "card_pan", Value: masked(p.Card)},
		{Name: "ref_id", Value: p.Reference},
		{Name: "fee_type", Value: a.Setting(switchFeeType)},
		{Name: "fee", Value: a.Number(switchFee)},
	}
	if a.Setting(switchVerifyExtra) == "short" {
		return data
	}
	order := any(nil)
	if p.OrderID != "" {
		order = p.OrderID
	}
	if fault, ok := a.Fault(sandbox.FaultWrongOrder); ok {
		order = cmp.Or(fault.Value, "another-order")
	}
	data = append(sandbox.Object{{Name: "wages", Value: nil}}, data...)
	return append(data, sandbox.Member{Name: "shaparak_fee", Value: shaparakFee},
		sandbox.Member{Name: "order_id", Value: order})
}

// inquiry says how far a payment is, and changes nothing.
func inquiry(a *asked) (sandbox.Object, *refusal) {
	if fault, ok := a.Fault(FaultInquiryRefused); ok {
		code, err := strconv.Atoi(cmp.Or(fault.Value, "-54"))
		if err != nil {
			code = -54
		}
		return nil, coded(code)
	}
	p, refused := a.own()
	if refused != nil {
		return nil, refused
	}
	word := inquiryWord(p.State)
	if p.Charges > 0 {
		if _, ok := a.Fault(sandbox.FaultSlowTruth); ok {
			word = "IN_BANK"
		}
	}
	if fault, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		word = cmp.Or(fault.Value, "SETTLING")
	}
	return sandbox.Object{
		{Name: "status", Value: word}, {Name: "code", Value: 100}, {Name: "message", Value: "Success"},
	}, nil
}

// inquiryWord is the provider's word for a state.
func inquiryWord(state sandbox.State) string {
	switch state {
	case sandbox.Open:
		return "IN_BANK"
	case sandbox.Paid:
		return "PAID"
	case sandbox.Verified, sandbox.Refunding, sandbox.Refunded:
		return "VERIFIED"
	case sandbox.Reversed:
		return "REVERSED"
	case sandbox.Failed, sandbox.Canceled, sandbox.Expired, sandbox.Returned:
	}
	return "FAILED"
}

// unverified lists the paid payments that nobody has verified, the newest first and not more than a hundred.
func unverified(a *asked) (sandbox.Object, *refusal) {
	list := foreign(a)
	for _, p := range a.Payments() {
		if p.Merchant != a.id || p.State != sandbox.Paid {
			continue
		}
		amount := p.Amount
		if fault, ok := a.Fault(sandbox.FaultWrongAmount); ok {
			amount = otherAmount(fault, amount)
		}
		list = append(list, listed(p.ID, amount, p.Callback, "", p.PaidAt))
	}
	code := any(100)
	if a.Setting(switchUnverifiedCode) == "text" {
		code = "100"
	}
	return sandbox.Object{
		{Name: "code", Value: code},
		{Name: "message", Value: "Success"},
		{Name: "authorities", Value: list[:min(len(list), maxUnverified)]},
	}, nil
}

func listed(authority string, amount int64, callback, referer string, at time.Time) sandbox.Object {
	return sandbox.Object{
		{Name: "authority", Value: authority},
		{Name: "amount", Value: amount},
		{Name: "callback_url", Value: callback},
		{Name: "referer", Value: referer},
		{Name: "date", Value: at.In(tehran).Format(dateForm)},
	}
}

// foreign makes up payments that other systems of the same merchant have open.
func foreign(a *asked) []sandbox.Object {
	list := []sandbox.Object{}
	fault, ok := a.Fault(FaultUnverifiedForeign)
	if !ok {
		return list
	}
	count := 3
	if fault.Value == "flood" {
		count = maxUnverified
	}
	junk := []string{"https://other-shop.test/back", "app://return", "", "not a url at all \u0000"}
	for i := range count {
		authority := "S" + a.Letters("foreign", int64(i), 35)
		list = append(list, listed(authority, int64(10_000+i), junk[i%len(junk)], junk[(i+1)%len(junk)], a.Now))
	}
	return list
}

// reverse gives a verified payment back within half an hour of its payment.
func reverse(a *asked) (sandbox.Object, *refusal) {
	p, refused := a.own()
	if refused != nil {
		return nil, refused
	}
	if _, ok := a.Fault(FaultReverseLate); ok {
		return nil, coded(-63)
	}
	switch {
	case a.merchant.Flag("no-server-address"):
		return nil, coded(-62)
	case p.State != sandbox.Verified || p.Refundable() != p.Amount:
		return nil, coded(-61)
	case a.Now.After(p.PaidAt.Add(reverseWindow)):
		return nil, coded(-63)
	}
	p.Reverse(a.Now)
	a.Save(p)
	return sandbox.Object{{Name: "code", Value: 100}, {Name: "message", Value: "Reversed"}}, nil
}

// feeCalculation says what a payment would cost.
func feeCalculation(a *asked) (sandbox.Object, *refusal) {
	amount, currency, refused := money(a)
	if refused != nil {
		return nil, refused
	}
	if currency == "IRT" {
		amount /= rialPerToman
	}
	fee := a.Number(switchFee)
	suggested := any(amount + fee)
	if a.Setting(switchSuggested) == "text" {
		suggested = strconv.FormatInt(amount+fee, 10)
	}
	return sandbox.Object{
		{Name: "amount", Value: amount},
		{Name: "fee", Value: fee},
		{Name: "fee_type", Value: a.Setting(switchFeeType)},
		{Name: "suggested_amount", Value: suggested},
		{Name: "code", Value: 100},
		{Name: "message", Value: "Success"},
	}, nil
}

// refresh gives an open authority a new life.
func refresh(a *asked) (sandbox.Object, *refusal) {
	p, refused := a.own()
	if refused != nil {
		return nil, refused
	}
	life, refused := lifetime(a, "expire")
	if refused != nil {
		return nil, refused
	}
	if p.State != sandbox.Open {
		return nil, coded(-51)
	}
	p.ExpiresAt = a.Now.Add(life)
	a.Save(p)
	return sandbox.Object{{Name: "code", Value: 100}, {Name: "message", Value: "Success"}}, nil
}

// oldRefund is the REST refund of earlier papers: the whole payment, at once; 101 when it went back before.
func oldRefund(a *asked) (sandbox.Object, *refusal) {
	p, refused := a.own()
	if refused != nil {
		return nil, refused
	}
	code := 101
	switch {
	case p.State == sandbox.Refunded:
	case p.State != sandbox.Verified || p.Refundable() != p.Amount:
		return nil, coded(-51)
	default:
		code = 100
		p.Refunds = append(p.Refunds, sandbox.Refund{
			ID: a.Next(), Amount: p.Amount, Method: "CARD", Status: sandbox.RefundSucceeded, At: a.Now, DueAt: a.Now,
		})
		p.State = sandbox.Refunded
		a.Save(p)
	}
	return sandbox.Object{
		{Name: "code", Value: code},
		{Name: "message", Value: "Success"},
		{Name: "ref_id", Value: p.Reference},
		{Name: "iban", Value: "IR" + strings.Repeat("0", 20) + "1234"},
	}, nil
}

// masked shows six and four digits of a card.
func masked(card string) string {
	if len(card) != 16 {
		return ""
	}
	return card[:6] + "******" + card[12:]
}

// otherAmount is what a wrong answer says instead of the amount.
func otherAmount(fault sandbox.Fault, amount int64) int64 {
	if other, err := strconv.ParseInt(fault.Value, 10, 64); err == nil {
		return other
	}
	return amount / 10
}
