package sslcommerz

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/sandbox"
)

// The words for a payment.
const (
	wordValid     = "VALID"
	wordValidated = "VALIDATED"
	wordPending   = "PENDING"
	wordFailed    = "FAILED"
	wordCanceled  = "CANCELLED"
	wordExpired   = "EXPIRED"
	wordInvalid   = "INVALID_TRANSACTION"
)

// fixed writes poisha as taka.
func fixed(poisha int64) string { return money.New(poisha, money.BDT).Fixed() }

// valID is the name of a payment's success: its second charge has another.
func valID(p sandbox.Payment, second bool) string {
	return "26112" + marked(p, second) + "abc"
}

// bankID is the bank's name for the money movement.
func bankID(p sandbox.Payment, second bool) string {
	return "26112" + marked(p, second) + "B77"
}

func marked(p sandbox.Payment, second bool) string {
	number := strconv.FormatInt(1_000_000+p.Reference, 10)
	if second {
		number += "2"
	}
	return number
}

// byValID finds the payment that a validation is about.
func byValID(c *sandbox.Call) string {
	return input(c).Get("val_id")
}

// connect answers APIConnect when a question is not accepted; ok means that it is.
func connect(c *sandbox.Call, in url.Values) (word string, ok bool) {
	if fault, struck := c.Fault(sandbox.FaultRefuse); struck {
		return fault.Value, false
	}
	if fault, struck := c.Fault(FaultAPIConnect); struck {
		return cmp.Or(fault.Value, "FAILED"), false
	}
	if !store(c, in.Get("store_id"), in.Get("store_passwd")) {
		return "INACTIVE", false
	}
	return "DONE", true
}

// unaccepted answers a question that is not accepted.
func unaccepted(word string) sandbox.Reply {
	return sandbox.JSON(http.StatusOK, sandbox.Object{{Name: "APIConnect", Value: word}})
}

// validate says whether a val_id is money: VALID when it is asked for the first time, VALIDATED afterwards.
func validate(c *sandbox.Call) sandbox.Reply {
	in := input(c)
	word, ok := connect(c, in)
	if !ok {
		return unaccepted(word)
	}
	p, second := findValID(c, in)
	if p == nil {
		return sandbox.JSON(http.StatusOK, sandbox.Object{
			{Name: "APIConnect", Value: word},
			{Name: "status", Value: wordInvalid},
			{Name: "error", Value: "INVALID TRANSACTION"},
		})
	}
	c.Subject = p.ID
	status := wordValidated
	_, validatedFirst := c.Fault(FaultValidatedFirst)
	if p.Facts["validated"] == "" && !validatedFirst {
		status = wordValid
	}
	if _, slow := c.Fault(sandbox.FaultSlowTruth); slow {
		if status = wordInvalid; c.Setting(switchWords) == "with-pending" {
			status = wordPending
		}
	} else if p.Facts["validated"] == "" {
		p.Facts["validated"] = "yes"
		c.Save(p)
	}
	if fault, struck := c.Fault(sandbox.FaultUnknownWord); struck {
		status = cmp.Or(fault.Value, "SETTLING")
	}
	answer := append(sandbox.Object{{Name: "APIConnect", Value: word}}, described(*p, status, second)...)
	spoilAnswer(c, answer)
	return sandbox.JSON(http.StatusOK, append(answer,
		sandbox.Member{Name: "validated_on", Value: c.Now.In(dhaka).Format(timeForm)},
		sandbox.Member{Name: "gw_version", Value: ""}, sandbox.Member{Name: "emi_instalment", Value: "0"},
		sandbox.Member{Name: "emi_amount", Value: "0.00"}, sandbox.Member{Name: "emi_description", Value: ""},
		sandbox.Member{Name: "emi_issuer", Value: ""}, sandbox.Member{Name: "discount_percentage", Value: "0"},
		sandbox.Member{Name: "discount_amount", Value: "0.00"}, sandbox.Member{Name: "discount_remarks", Value: ""},
	))
}

// findValID finds the charge that a val_id names.
func findValID(c *sandbox.Call, in url.Values) (p *sandbox.Payment, second bool) {
	for _, p := range c.Payments() {
		for charge := range p.Charges {
			if p.Merchant == in.Get("store_id") && valID(*p, charge > 0) == in.Get("val_id") {
				return p, charge > 0
			}
		}
	}
	return nil, false
}

// spoilAnswer lays the faults of a positive answer on it.
func spoilAnswer(c *sandbox.Call, answer sandbox.Object) {
	if fault, ok := c.Fault(sandbox.FaultWrongAmount); ok {
		answer.Set("amount", cmp.Or(fault.Value, "10.00"))
		answer.Set("currency_amount", cmp.Or(fault.Value, "10.00"))
	}
	if fault, ok := c.Fault(sandbox.FaultWrongOrder); ok {
		answer.Set("tran_id", cmp.Or(fault.Value, "anotherorder001"))
	}
	if fault, ok := c.Fault(FaultWrongCurrency); ok {
		answer.Set("currency", cmp.Or(fault.Value, "USD"))
		answer.Set("currency_type", cmp.Or(fault.Value, "USD"))
	}
	if fault, ok := c.Fault(FaultForeignStore); ok {
		answer.Set("store_id", cmp.Or(fault.Value, "foreignstore"))
	}
	if _, ok := c.Fault(FaultRisk); ok {
		answer.Set("risk_level", "1")
		answer.Set("risk_title", "Not Safe")
	}
}

// question tells which of the four calls on the shared address it is.
func question(c *sandbox.Call) string {
	in := input(c)
	switch {
	case in.Has("refund_ref_id"):
		c.Name = "refund-query"
	case in.Has("bank_tran_id"):
		c.Name = "refund"
	}
	return in.Get("tran_id")
}

func answerQuestion(c *sandbox.Call) sandbox.Reply {
	in := input(c)
	word, ok := connect(c, in)
	switch {
	case !ok:
		return unaccepted(word)
	case c.Name == "refund-query":
		return refundState(c, in)
	case c.Name == "refund":
		return refund(c, in)
	case in.Has("sessionkey"):
		return bySession(c, in)
	case in.Has("tran_id"):
		return byTran(c, in)
	}
	return unaccepted("INVALID_REQUEST")
}

// bySession describes one checkout.
func bySession(c *sandbox.Call, in url.Values) sandbox.Reply {
	for _, p := range c.Payments() {
		if p.Merchant == in.Get("store_id") && p.Facts["session"] == in.Get("sessionkey") {
			status := wordOf(*p)
			if _, slow := c.Fault(sandbox.FaultSlowTruth); slow && p.Charges > 0 {
				status = wordPending
			}
			answer := described(*p, status, false)
			return sandbox.JSON(http.StatusOK, append(sandbox.Object{
				{Name: "APIConnect", Value: "DONE"}, {Name: "sessionkey", Value: p.Facts["session"]},
			}, answer...))
		}
	}
	return unaccepted("INVALID_REQUEST")
}

// byTran lists the attempts under one tran_id. An open checkout that nobody tried to pay is not one.
func byTran(c *sandbox.Call, in url.Values) sandbox.Reply {
	elements := []sandbox.Object{}
	_, empty := c.Fault(FaultQueryEmpty)
	for _, p := range c.Payments() {
		if p.Merchant == in.Get("store_id") && p.OrderID == in.Get("tran_id") && !empty {
			elements = append(elements, attempts(c, *p)...)
		}
	}
	for _, element := range elements {
		if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok {
			element.Set("status", cmp.Or(fault.Value, "SETTLING"))
		}
		spoilAnswer(c, element)
	}
	return sandbox.JSON(http.StatusOK, sandbox.Object{
		{Name: "APIConnect", Value: "DONE"},
		{Name: "no_of_trans_found", Value: len(elements)},
		{Name: "element", Value: elements},
	})
}

// attempts are what the query shows of one checkout.
func attempts(c *sandbox.Call, p sandbox.Payment) []sandbox.Object {
	var list []sandbox.Object
	if p.Facts["failed"] != "" {
		list = append(list, described(p, wordFailed, false))
	}
	if p.State == sandbox.Open {
		return list
	}
	if p.Charges == 0 {
		return append(list, described(p, wordOf(p), false))
	}
	if _, slow := c.Fault(sandbox.FaultSlowTruth); slow {
		return append(list, described(p, wordPending, false))
	}
	for charge := range p.Charges {
		list = append(list, described(p, wordOf(p), charge > 0))
	}
	return list
}

// wordOf is the provider's word for a payment's state.
func wordOf(p sandbox.Payment) string {
	switch {
	case p.Charges > 0 && p.Facts["validated"] != "":
		return wordValidated
	case p.Charges > 0:
		return wordValid
	}
	switch p.State {
	case sandbox.Failed:
		return wordFailed
	case sandbox.Canceled:
		return wordCanceled
	case sandbox.Expired:
		return wordExpired
	case sandbox.Open, sandbox.Paid, sandbox.Verified, sandbox.Returned, sandbox.Reversed, sandbox.Refunding,
		sandbox.Refunded:
	}
	return wordPending
}

// described are the fields that the notice, the return and the answers share. Failed ones are shorter.
func described(p sandbox.Payment, status string, second bool) sandbox.Object {
	used, at := usedBy(p), p.PaidAt
	if at.IsZero() {
		at = p.CreatedAt
	}
	val, bank, storeAmount, failure := valID(p, second), bankID(p, second), fixed(p.Amount-p.Amount/40), ""
	if status != wordValid && status != wordValidated {
		val, bank, storeAmount = "", "", "0.00"
		if status == wordFailed {
			failure = "Declined by the bank"
		}
	}
	rate := strconv.FormatInt(rates[p.Currency], 10) + ".0000"
	return sandbox.Object{
		{Name: "status", Value: status},
		{Name: "tran_date", Value: at.In(dhaka).Format(timeForm)},
		{Name: "tran_id", Value: p.OrderID},
		{Name: "val_id", Value: val},
		{Name: "amount", Value: fixed(p.Amount)},
		{Name: "store_amount", Value: storeAmount},
		{Name: "card_type", Value: used.kind},
		{Name: "card_no", Value: used.number},
		{Name: "currency", Value: "BDT"},
		{Name: "bank_tran_id", Value: bank},
		{Name: "card_issuer", Value: used.issuer},
		{Name: "card_brand", Value: used.brand},
		{Name: "card_sub_brand", Value: "Classic"},
		{Name: "card_issuer_country", Value: "Bangladesh"},
		{Name: "card_issuer_country_code", Value: "BD"},
		{Name: "currency_type", Value: p.Currency},
		{Name: "currency_amount", Value: fixed(p.Asked)},
		{Name: "currency_rate", Value: rate},
		{Name: "base_fair", Value: "0.00"},
		{Name: "value_a", Value: p.Facts["value_a"]},
		{Name: "value_b", Value: p.Facts["value_b"]},
		{Name: "value_c", Value: p.Facts["value_c"]},
		{Name: "value_d", Value: p.Facts["value_d"]},
		{Name: "risk_level", Value: "0"},
		{Name: "risk_title", Value: "Safe"},
		{Name: "error", Value: failure},
		{Name: "store_id", Value: p.Merchant},
	}
}
