package stripe

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// The facts that a payment keeps of its objects.
const (
	factIntent    = "intent"   // the id of a session's intent
	factCharge    = "charge"   // the latest charge
	factMetadata  = "metadata" // of the intent
	factSession   = "session-metadata"
	factManual    = "manual" // the capture is a call of its own
	factStatus    = "status" // of an open intent; empty = requires_payment_method
	factCode      = "error-code"
	factDecline   = "error-decline"
	factMethod    = "payment-method"
	factReturn    = "return"
	factSuccess   = "success"
	factCancel    = "cancel"
	factReason    = "cancellation-reason"
	factFate      = "fate" // what becomes of processing: succeeded, failed
	factDue       = "due"
	factComplete  = "complete"
	factDispute   = "dispute"
	factBadRefund = "refund-fails"
	factEmail     = "email"
	factLive      = "live"
	factAdjust    = "incremental" // the hold may grow
)

// The words for an intent.
const (
	needsMethod  = "requires_payment_method"
	needsConfirm = "requires_confirmation"
	needsAction  = "requires_action"
	processing   = "processing"
	needsCapture = "requires_capture"
	succeeded    = "succeeded"
	canceled     = "canceled"
)

// set keeps facts of a payment.
func (a *asked) set(p *sandbox.Payment, facts ...string) {
	p.Facts = maps.Clone(p.Facts)
	if p.Facts == nil {
		p.Facts = map[string]string{}
	}
	for i := 0; i+1 < len(facts); i += 2 {
		p.Facts[facts[i]] = facts[i+1]
	}
	a.Save(p)
}

func intentID(p *sandbox.Payment) string {
	if isSession(p) {
		return p.Facts[factIntent]
	}
	return p.ID
}

func secretOf(p *sandbox.Payment) string { return intentID(p) + "_secret_x" }

// intentStatus is the intent's word for the payment's state.
func intentStatus(p *sandbox.Payment) string {
	switch p.State {
	case sandbox.Paid:
		return needsCapture
	case sandbox.Verified, sandbox.Refunding, sandbox.Refunded:
		return succeeded
	case sandbox.Canceled, sandbox.Returned, sandbox.Reversed:
		return canceled
	case sandbox.Open, sandbox.Failed, sandbox.Expired:
	}
	if p.State == sandbox.Expired && isSession(p) {
		return canceled
	}
	if status := p.Facts[factStatus]; status != "" {
		return status
	}
	return needsMethod
}

// intent writes a PaymentIntent. What a read shows may be spoiled by faults; see spoiled.
func (a *asked) intent(p *sandbox.Payment) sandbox.Object {
	status := intentStatus(p)
	var capturable, received int64
	switch status {
	case needsCapture:
		capturable = p.Amount
	case succeeded:
		received = p.Amount
	}
	method := "automatic"
	if p.Facts[factManual] != "" {
		method = "manual"
	}
	return sandbox.Object{
		{Name: "id", Value: intentID(p)},
		{Name: "object", Value: "payment_intent"},
		{Name: "amount", Value: p.Asked},
		{Name: "amount_capturable", Value: capturable},
		{Name: "amount_received", Value: received},
		{Name: "cancellation_reason", Value: sandbox.OrNull(p.Facts[factReason])},
		{Name: "capture_method", Value: method},
		{Name: "client_secret", Value: secretOf(p)},
		{Name: "created", Value: p.CreatedAt.Unix()},
		{Name: "currency", Value: p.Currency},
		{Name: "description", Value: sandbox.OrNull(p.Description)},
		{Name: "last_payment_error", Value: lastError(p)},
		{Name: "latest_charge", Value: a.expandedCharge("latest_charge", p)},
		{Name: "livemode", Value: p.Facts[factLive] != ""},
		{Name: "metadata", Value: members(p.Facts[factMetadata])},
		{Name: "next_action", Value: a.nextAction(p, status)},
		{Name: "payment_method", Value: sandbox.OrNull(p.Facts[factMethod])},
		{Name: "receipt_email", Value: sandbox.OrNull(p.Facts[factEmail])},
		{Name: "status", Value: status},
	}
}

func lastError(p *sandbox.Payment) any {
	if p.Facts[factCode] == "" || intentStatus(p) == succeeded {
		return nil
	}
	return sandbox.Object{
		{Name: "type", Value: "card_error"},
		{Name: "code", Value: p.Facts[factCode]},
		{Name: "decline_code", Value: sandbox.OrNull(p.Facts[factDecline])},
		{Name: "message", Value: "declined"},
	}
}

func (a *asked) nextAction(p *sandbox.Payment, status string) any {
	if status != needsAction {
		return nil
	}
	return sandbox.Object{
		{Name: "type", Value: "redirect_to_url"},
		{Name: "redirect_to_url", Value: sandbox.Object{
			{Name: "url", Value: a.PublicURL() + "/3ds/" + p.ID},
			{Name: "return_url", Value: sandbox.OrNull(p.Facts[factReturn])},
		}},
	}
}

// charge writes the latest charge.
func (a *asked) charge(p *sandbox.Payment) sandbox.Object {
	captured := p.Captures > 0
	var taken int64
	if captured {
		taken = p.Amount
	}
	status := "failed"
	if p.Charges > 0 {
		status = "succeeded"
	}
	incremental := "unavailable"
	if p.Facts[factAdjust] != "" {
		incremental = a.Setting(switchIncremental)
	}
	last := "4242"
	if len(p.Card) == 16 && p.Card != benchCard {
		last = p.Card[12:]
	}
	back := p.Refunded()
	return sandbox.Object{
		{Name: "id", Value: p.Facts[factCharge]},
		{Name: "object", Value: "charge"},
		{Name: "amount", Value: p.Asked},
		{Name: "amount_captured", Value: taken},
		{Name: "amount_refunded", Value: back},
		{Name: "captured", Value: captured},
		{Name: "created", Value: p.PaidAt.Unix()},
		{Name: "currency", Value: p.Currency},
		{Name: "disputed", Value: p.Facts[factDispute] != ""},
		{Name: "livemode", Value: p.Facts[factLive] != ""},
		{Name: "metadata", Value: members(p.Facts[factMetadata])},
		{Name: "paid", Value: p.Charges > 0},
		{Name: "payment_intent", Value: intentID(p)},
		{Name: "payment_method_details", Value: sandbox.Object{
			{Name: "type", Value: "card"},
			{Name: "card", Value: sandbox.Object{
				{Name: "brand", Value: "visa"},
				{Name: "last4", Value: last},
				{Name: "incremental_authorization", Value: sandbox.Object{{Name: "status", Value: incremental}}},
			}},
		}},
		{Name: "refunded", Value: captured && back == p.Amount},
		{Name: "status", Value: status},
	}
}

// session writes a Checkout Session. Its intent is shown from the payer's first try on.
func (a *asked) session(p *sandbox.Payment) sandbox.Object {
	status, paid := "open", "unpaid"
	switch {
	case p.Charges > 0:
		status = "complete"
		if p.Captures > 0 {
			paid = "paid"
		}
	case p.Facts[factComplete] != "":
		status = "complete"
	case p.State != sandbox.Open:
		status = "expired"
	}
	intent := ""
	if status == "complete" || p.Facts[factCode] != "" {
		intent = intentID(p)
	}
	link := any(nil)
	if status == "open" {
		link = a.PublicURL() + "/c/pay/" + p.ID
	}
	return sandbox.Object{
		{Name: "id", Value: p.ID},
		{Name: "object", Value: "checkout.session"},
		{Name: "amount_total", Value: p.Asked},
		{Name: "cancel_url", Value: sandbox.OrNull(p.Facts[factCancel])},
		{Name: "client_reference_id", Value: sandbox.OrNull(p.OrderID)},
		{Name: "created", Value: p.CreatedAt.Unix()},
		{Name: "currency", Value: p.Currency},
		{Name: "customer_email", Value: sandbox.OrNull(p.Facts[factEmail])},
		{Name: "expires_at", Value: p.ExpiresAt.Unix()},
		{Name: "livemode", Value: p.Facts[factLive] != ""},
		{Name: "metadata", Value: members(p.Facts[factSession])},
		{Name: "mode", Value: "payment"},
		{Name: "payment_intent", Value: a.expandedIntent(intent, p)},
		{Name: "payment_status", Value: paid},
		{Name: "status", Value: status},
		{Name: "success_url", Value: sandbox.OrNull(p.Facts[factSuccess])},
		{Name: "url", Value: link},
	}
}

// refundID is what the provider calls a refund.
func (a *asked) refundID(r sandbox.Refund) string { return "re_" + a.Letters("refund", r.ID, 24) }

// refundObject writes a refund. One that is going to fail says that it succeeded until then.
func (a *asked) refundObject(p *sandbox.Payment, r sandbox.Refund) sandbox.Object {
	status, failed := "succeeded", any(nil)
	switch {
	case r.Status == sandbox.RefundFailed && r.Method == canceled:
		status = canceled
	case r.Status == sandbox.RefundFailed:
		status, failed = "failed", "expired_or_canceled_card"
	case r.Status == sandbox.RefundPending && r.Fate != sandbox.FateFails:
		status = "pending"
	}
	return sandbox.Object{
		{Name: "id", Value: a.refundID(r)},
		{Name: "object", Value: "refund"},
		{Name: "amount", Value: r.Amount},
		{Name: "charge", Value: a.expandedCharge("charge", p)},
		{Name: "created", Value: r.At.Unix()},
		{Name: "currency", Value: p.Currency},
		{Name: "failure_reason", Value: failed},
		{Name: "metadata", Value: members(r.Description)},
		{Name: "payment_intent", Value: a.expandedIntent(intentID(p), p)},
		{Name: "reason", Value: sandbox.OrNull(r.Reason)},
		{Name: "status", Value: status},
	}
}

// expanded is an id, or the whole object where the request wishes it so.
func (a *asked) expanded(name, id string, object func() sandbox.Object) any {
	if id == "" {
		return nil
	}
	wishes := a.list("expand")
	at := slices.IndexFunc(wishes, func(w string) bool { return w == name || strings.HasPrefix(w, name+".") })
	if at < 0 {
		return id
	}
	// What stands behind the name is wished of the inner object; the inner one must not meet its own name again.
	var inner []pair
	for i, wish := range wishes {
		if rest, ok := strings.CutPrefix(wish, name+"."); ok {
			inner = append(inner, pair{"expand[" + strconv.Itoa(i) + "]", rest})
		}
	}
	outer := a.form
	a.form = inner
	shown := object()
	a.form = outer
	return shown
}

func (a *asked) expandedCharge(name string, p *sandbox.Payment) any {
	return a.expanded(name, p.Facts[factCharge], func() sandbox.Object { return a.charge(p) })
}

func (a *asked) expandedIntent(id string, p *sandbox.Payment) any {
	return a.expanded("payment_intent", id, func() sandbox.Object { return a.intent(p) })
}

// members writes metadata, sorted by name.
func members(text string) any {
	held := map[string]string{}
	_ = json.Unmarshal([]byte(text), &held) // our own text, or none
	return held
}

// metadata keeps the members of a map of the form.
func (a *asked) metadata(name string) string {
	text, err := json.Marshal(a.inside(name))
	if err != nil {
		panic("sandbox: encode metadata: " + err.Error()) // of texts alone
	}
	return string(text)
}

// owns tells whether a payment is of the key's account and mode.
func (a *asked) owns(p *sandbox.Payment) bool {
	return p.Merchant == a.merchant.ID && (p.Facts[factLive] != "") == a.live
}

// find looks a payment up by the id of its session, intent or charge, and lets the clock do its part.
func (a *asked) find(id string) (*sandbox.Payment, bool) {
	p, ok := a.Find(id)
	if !ok {
		for _, other := range a.Payments() {
			if intentID(other) == id || other.Facts[factCharge] == id {
				p, ok = other, true
				break
			}
		}
	}
	if !ok || !a.owns(p) {
		return nil, false
	}
	a.Subject = p.ID
	a.ripen(p)
	return p, true
}

// ripen ends what was processing.
func (a *asked) ripen(p *sandbox.Payment) {
	due, err := time.Parse(time.RFC3339, p.Facts[factDue])
	if err != nil || a.Now.Before(due) || intentStatus(p) != processing {
		return
	}
	fate := p.Facts[factFate]
	a.set(p, factStatus, "", factFate, "", factDue, "")
	if fate == succeeded {
		a.pay(p, p.Card)
		if isSession(p) {
			a.emit(p, "checkout.session.async_payment_succeeded", a.session(p))
		}
		return
	}
	a.decline(p, effect{code: "card_declined", decline: "generic_decline"})
	if isSession(p) {
		a.emit(p, "checkout.session.async_payment_failed", a.session(p))
	}
}
