package stripe

import (
	"cmp"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// badRefundAfter is how long a refund that fails says that it succeeded.
const badRefundAfter = time.Hour

func createRefund(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	id := cmp.Or(a.get("payment_intent"), a.get("charge"))
	if id == "" {
		return nil, nil, invalid("parameter_missing", "payment_intent", "One of payment_intent and charge is needed.")
	}
	p, ok := a.find(id)
	if !ok || p.ID == id && isSession(p) {
		return nil, nil, missing(id)
	}
	if !slices.Contains([]string{"", "duplicate", "fraudulent", "requested_by_customer"}, a.get("reason")) {
		return nil, nil, invalid("", "reason", "Invalid reason")
	}
	if p.Captures == 0 {
		return nil, nil, invalid("", "", "The payment has no charge that can be refunded.")
	}
	amount := p.Refundable()
	if amount == 0 {
		return nil, nil, invalid("charge_already_refunded", "", "The charge has been refunded.")
	}
	if a.has("amount") {
		wanted, ok := a.whole("amount")
		if !ok || wanted < 1 || wanted > amount {
			return nil, nil, invalid("", "amount", "The amount is more than what is left.")
		}
		amount = wanted
	}
	given := sandbox.Refund{
		ID: a.Next(), Amount: amount, Reason: a.get("reason"), Description: a.metadata("metadata"),
		Status: sandbox.RefundSucceeded, At: a.Now, DueAt: a.Now,
	}
	fault, fails := a.Fault(FaultRefundFails)
	if fails || p.Facts[factBadRefund] != "" {
		given.Status, given.Fate = sandbox.RefundPending, sandbox.FateFails
		given.DueAt = a.Now.Add(cmp.Or(fault.Wait, badRefundAfter))
	}
	p.Refunds = append(p.Refunds, given)
	if p.Refundable() == 0 && !p.RefundsPending() {
		p.State = sandbox.Refunded
	}
	a.Save(p)
	object := a.refundObject(p, given)
	a.emit(p, "refund.created", object)
	a.emit(p, "charge.refunded", a.charge(p))
	return p, object, nil
}

// refundOf finds a refund by its id.
func (a *asked) refundOf(id string) (*sandbox.Payment, *sandbox.Refund) {
	for _, p := range a.Payments() {
		for i := range p.Refunds {
			if a.owns(p) && a.refundID(p.Refunds[i]) == id {
				return p, &p.Refunds[i]
			}
		}
	}
	return nil, nil
}

func readRefund(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	p, r := a.refundOf(a.Request.PathValue("id"))
	if p == nil {
		return nil, nil, missing(a.Request.PathValue("id"))
	}
	object := a.refundObject(p, *r)
	if _, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		object.Set("status", "new_status")
	}
	return nil, object, nil
}

func listRefunds(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	list := []sandbox.Object{}
	id := cmp.Or(a.get("payment_intent"), a.get("charge"))
	for _, p := range a.Payments() {
		if !a.owns(p) || id != "" && intentID(p) != id && p.Facts[factCharge] != id {
			continue
		}
		for i := len(p.Refunds) - 1; i >= 0; i-- {
			list = append(list, a.refundObject(p, p.Refunds[i]))
		}
	}
	most, ok := a.whole("limit")
	if !ok {
		most = 10
	}
	if most < 1 || most > 100 {
		return nil, nil, invalid("parameter_invalid_integer", "limit", "It must be 1 to 100.")
	}
	if after := a.get("starting_after"); after != "" {
		at := slices.IndexFunc(list, func(o sandbox.Object) bool { return o.Member("id") == after })
		list = list[at+1:]
	}
	more := int64(len(list)) > most
	if more {
		list = list[:most]
	}
	return nil, sandbox.Object{
		{Name: "object", Value: "list"},
		{Name: "url", Value: "/v1/refunds"},
		{Name: "has_more", Value: more},
		{Name: "data", Value: list},
	}, nil
}

func cancelRefund(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	p, r := a.refundOf(a.Request.PathValue("id"))
	if p == nil {
		return nil, nil, missing(a.Request.PathValue("id"))
	}
	if r.Status != sandbox.RefundPending {
		return nil, nil, invalid("", "", "Only a refund that is open can be canceled.")
	}
	r.Status, r.Method = sandbox.RefundFailed, canceled
	a.Save(p)
	object := a.refundObject(p, *r)
	a.emit(p, "refund.updated", object)
	return p, object, nil
}
