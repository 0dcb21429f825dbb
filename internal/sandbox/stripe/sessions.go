package stripe

import (
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// sessionNames are the names that a Checkout Session's form may have.
var sessionNames = []string{
	"mode", "success_url", "cancel_url", "client_reference_id", "customer_email", "expires_at", "locale",
	"submit_type", "payment_method_types[*]", "metadata[*]", "payment_intent_data[metadata][*]",
	"payment_intent_data[description]", "payment_intent_data[capture_method]", "payment_intent_data[receipt_email]",
	"line_items[*][quantity]", "line_items[*][price_data][currency]", "line_items[*][price_data][unit_amount]",
	"line_items[*][price_data][product_data][name]", "line_items[*][price_data][product_data][description]",
}

// How long a session may be open.
const (
	shortestSession = 30 * time.Minute
	longestSession  = 24 * time.Hour
)

func createSession(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	if a.get("mode") != "payment" {
		return nil, nil, invalid("", "mode", "This sandbox knows the mode payment.")
	}
	total, currency, f := a.items()
	if f != nil {
		return nil, nil, f
	}
	if f := a.sum(total, true, "line_items", currency); f != nil {
		return nil, nil, f
	}
	if !sandbox.WebAddress(a.get("success_url")) || a.has("cancel_url") && !sandbox.WebAddress(a.get("cancel_url")) {
		return nil, nil, invalid("url_invalid", "success_url", "Not a valid URL")
	}
	ends := a.Now.Add(a.Length(switchSessionLife))
	if a.has("expires_at") {
		at, ok := a.whole("expires_at")
		ends = time.Unix(at, 0).UTC()
		// The number has no parts of a second, so the border has none either.
		left := ends.Sub(a.Now.Truncate(time.Second))
		if !ok || left < shortestSession || left > longestSession {
			return nil, nil, invalid("", "expires_at", "It must be 30 minutes to 24 hours from now.")
		}
	}
	number, mode := a.Next(), "test"
	if a.live {
		mode = "live"
	}
	p := a.Create(sandbox.Payment{
		ID: "cs_" + mode + "_" + a.Letters("session", number, 58), Merchant: a.merchant.ID, Amount: total, Asked: total,
		Currency: currency, OrderID: a.get("client_reference_id"), ExpiresAt: ends, Facts: map[string]string{},
		Description: a.get("payment_intent_data[description]"),
		AutoVerify:  a.get("payment_intent_data[capture_method]") != "manual",
	})
	a.Subject = p.ID
	p.Callback = fill(a.get("success_url"), p.ID)
	facts := []string{
		factIntent, "pi_" + a.Letters("intent", number, 24), factSession, a.metadata("metadata"),
		factMetadata, a.metadata("payment_intent_data[metadata]"), factSuccess, a.get("success_url"),
		factCancel, a.get("cancel_url"), factEmail, a.get("customer_email"),
	}
	if a.live {
		facts = append(facts, factLive, "yes")
	}
	if !p.AutoVerify {
		facts = append(facts, factManual, "yes")
	}
	a.set(p, facts...)
	return p, a.session(p), nil
}

// fill puts the session's id into the address where it is wished.
func fill(address, id string) string { return strings.ReplaceAll(address, "{CHECKOUT_SESSION_ID}", id) }

// items adds up what is sold.
func (a *asked) items() (total int64, currency string, f *failure) {
	for i := 0; ; i++ {
		item := "line_items[" + strconv.Itoa(i) + "]"
		if !a.has(item+"[price_data][currency]") && !a.has(item+"[quantity]") {
			break
		}
		for _, name := range []string{
			"[price_data][currency]", "[price_data][unit_amount]", "[price_data][product_data][name]", "[quantity]",
		} {
			if a.get(item+name) == "" {
				return 0, "", invalid("parameter_missing", item+name, "Missing required param.")
			}
		}
		unit, ok := a.whole(item + "[price_data][unit_amount]")
		quantity, counted := a.whole(item + "[quantity]")
		if !ok || !counted || unit < 0 || unit > 99_999_999 || quantity < 1 || quantity > 999_999 {
			return 0, "", invalid("parameter_invalid_integer", item, "Invalid integer")
		}
		other := strings.ToLower(a.get(item + "[price_data][currency]"))
		if currency != "" && other != currency {
			return 0, "", invalid("", item+"[price_data][currency]", "All items have one currency.")
		}
		currency, total = other, total+unit*quantity
	}
	if currency == "" {
		return 0, "", invalid("parameter_missing", "line_items", "Missing required param: line_items.")
	}
	return total, currency, nil
}

func readSession(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	id := a.Request.PathValue("id")
	p, ok := a.find(id)
	if !ok || p.ID != id {
		return nil, nil, missing(id)
	}
	object := a.session(p)
	if _, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		object.Set("status", "new_status")
	}
	if _, ok := a.Fault(sandbox.FaultSlowTruth); ok && p.Charges > 0 {
		object.Set("status", "open")
		object.Set("payment_status", "unpaid")
		object.Set("payment_intent", nil)
	}
	if _, ok := a.Fault(sandbox.FaultWrongAmount); ok {
		object.Set("amount_total", p.Asked/10)
	}
	if _, ok := a.Fault(FaultWrongCurrency); ok {
		object.Set("currency", "xts")
	}
	if _, ok := a.Fault(sandbox.FaultWrongOrder); ok {
		object.Set("client_reference_id", "another-order")
	}
	return nil, object, nil
}

func expireSession(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	id := a.Request.PathValue("id")
	p, ok := a.find(id)
	if !ok || p.ID != id {
		return nil, nil, missing(id)
	}
	if p.State != sandbox.Open || p.Facts[factComplete] != "" {
		return nil, nil, invalid("", "", "Only open sessions can be expired.")
	}
	p.State, p.ExpiresAt = sandbox.Expired, a.Now
	a.Save(p)
	a.emit(p, "checkout.session.expired", a.session(p))
	return p, a.session(p), nil
}

// decided turns the frame's choice into what Stripe makes of it: a refused card and a payer who goes back leave the
// payment open, and some cards do more than pay.
func (e *Emulator) decided(c *sandbox.Call, p *sandbox.Payment) {
	a := &asked{Call: c, e: e}
	if _, ok := a.Fault(FaultForgedNotice); ok {
		a.forge(p)
	}
	switch p.State {
	case sandbox.Canceled, sandbox.Failed:
		refused := p.State == sandbox.Failed
		p.State = sandbox.Open
		a.back(p, false)
		switch {
		case !isSession(p):
			a.decline(p, effect{code: "payment_intent_authentication_failure"})
		case refused:
			a.decline(p, effect{code: "card_declined", decline: "generic_decline"})
		default:
			a.Save(p)
		}
	case sandbox.Expired:
		a.Save(p)
		if isSession(p) {
			a.emit(p, "checkout.session.expired", a.session(p))
		}
	case sandbox.Paid, sandbox.Verified:
		a.charged(p)
	case sandbox.Open, sandbox.Returned, sandbox.Reversed, sandbox.Refunding, sandbox.Refunded:
	}
}

// charged looks at the card that the payer gave.
func (a *asked) charged(p *sandbox.Payment) {
	does := byNumber(a.Call, p.Card)
	fault, unpaid := a.Fault(FaultCompletedUnpaid)
	if does.code != "" || unpaid {
		p.State, p.Charges, p.Captures = sandbox.Open, 0, 0
		p.PaidAt, p.VerifiedAt, p.ReturnsAt = time.Time{}, time.Time{}, time.Time{}
	}
	switch {
	case does.code != "":
		a.back(p, false)
		a.decline(p, does)
		return
	case unpaid:
		fate := succeeded
		if fault.Value == "failure" {
			fate = "failed"
		}
		a.back(p, true)
		a.set(p, factComplete, "yes")
		a.process(p, fate, fault)
	default:
		a.back(p, true)
		a.paid(p)
	}
	if isSession(p) {
		a.emit(p, "checkout.session.completed", a.session(p))
	}
}

// back chooses where the payer's browser goes.
func (a *asked) back(p *sandbox.Payment, success bool) {
	if !isSession(p) {
		return
	}
	p.Callback = fill(p.Facts[factSuccess], p.ID)
	if !success && p.Facts[factCancel] != "" {
		p.Callback = p.Facts[factCancel]
	}
	if fault, ok := a.Fault(sandbox.FaultSwappedReturn); ok && success {
		other := fault.Value
		for _, q := range a.Payments() {
			if other == "" && q.ID != p.ID {
				other = q.ID
			}
		}
		p.Callback = fill(p.Facts[factSuccess], other)
	}
}
