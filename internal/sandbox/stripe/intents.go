package stripe

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// cardNames are the names under which a card comes with a confirmation.
var cardNames = []string{
	"payment_method", "return_url", "off_session", "error_on_requires_action", "receipt_email",
}

// calls are the provider's paths.
var calls = []call{
	{"POST /v1/payment_intents", "create", append([]string{
		"amount", "currency", "automatic_payment_methods[enabled]", "automatic_payment_methods[allow_redirects]",
		"confirm", "capture_method", "description", "metadata[*]", "payment_method_types[*]",
		"payment_method_options[card][request_incremental_authorization]", "confirmation_method", "customer",
	}, cardNames...), []string{"amount", "currency"}, createIntent},
	{"GET /v1/payment_intents/{id}", "read", []string{"client_secret"}, nil, readIntent},
	{"POST /v1/payment_intents/{id}/confirm", "confirm", cardNames, nil, confirmIntent},
	{"POST /v1/payment_intents/{id}/capture", "capture", []string{"amount_to_capture", "metadata[*]"}, nil, captureIntent},
	{"POST /v1/payment_intents/{id}/cancel", "cancel", []string{"cancellation_reason"}, nil, cancelIntent},
	{"POST /v1/payment_intents/{id}/increment_authorization", "increment", []string{
		"amount", "description", "metadata[*]",
	}, []string{"amount"}, incrementIntent},
	{"POST /v1/payment_methods", "card", []string{
		"type", "card[number]", "card[exp_month]", "card[exp_year]", "card[cvc]", "billing_details[name]",
		"billing_details[email]",
	}, []string{"type", "card[number]", "card[exp_month]", "card[exp_year]"}, createMethod},
	{"POST /v1/checkout/sessions", "session", sessionNames, []string{"mode"}, createSession},
	{"GET /v1/checkout/sessions/{id}", "read-session", nil, nil, readSession},
	{"POST /v1/checkout/sessions/{id}/expire", "expire", nil, nil, expireSession},
	{"GET /v1/charges/{id}", "read-charge", nil, nil, readCharge},
	{"POST /v1/refunds", "refund", []string{
		"payment_intent", "charge", "amount", "reason", "metadata[*]",
	}, nil, createRefund},
	{"GET /v1/refunds", "list-refunds", []string{
		"payment_intent", "charge", "limit", "starting_after", "ending_before",
	}, nil, listRefunds},
	{"GET /v1/refunds/{id}", "read-refund", nil, nil, readRefund},
	{"POST /v1/refunds/{id}/cancel", "cancel-refund", nil, nil, cancelRefund},
}

// far is the end of an intent, which has none.
const far = 10 * 365 * 24 * time.Hour

func missing(id string) *failure {
	f := invalid("resource_missing", "id", "No such object: "+id)
	f.status = http.StatusNotFound
	return f
}

// unexpected refuses what the intent's state does not allow.
func (a *asked) unexpected(p *sandbox.Payment) *failure {
	f := invalid("payment_intent_unexpected_state", "", "The intent's status is "+intentStatus(p)+".")
	f.intent = a.intent(p)
	return f
}

// sum checks an amount and a currency.
func (a *asked) sum(amount int64, ok bool, param, currency string) *failure {
	switch {
	case !ok || amount < 1:
		return invalid("parameter_invalid_integer", param, "Invalid positive integer")
	case amount > 99_999_999:
		return invalid("amount_too_large", param, "The amount is too large.")
	case amount < a.Number(switchMinimum):
		return invalid("amount_too_small", param, "The amount is too small.")
	case len(currency) != 3 || currency != strings.ToLower(currency):
		return invalid("", "currency", "Invalid currency: "+currency)
	}
	return nil
}

func createIntent(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	amount, ok := a.whole("amount")
	currency := strings.ToLower(a.get("currency"))
	if f := a.sum(amount, ok, "amount", currency); f != nil {
		return nil, nil, f
	}
	method := a.get("capture_method")
	if !slices.Contains([]string{"", "automatic", "automatic_async", "manual"}, method) {
		return nil, nil, invalid("", "capture_method", "Invalid capture_method")
	}
	if a.get("confirm") == "true" {
		if _, f := a.effect(); f != nil {
			return nil, nil, f
		}
	}
	number := a.Next()
	p := a.Create(sandbox.Payment{
		ID: "pi_" + a.Letters("intent", number, 24), Merchant: a.merchant.ID, Amount: amount, Asked: amount,
		Currency: currency, Callback: a.get("return_url"), Description: a.get("description"),
		AutoVerify: method != "manual", ExpiresAt: a.Now.Add(far), Facts: map[string]string{},
	})
	a.Subject = p.ID
	facts := []string{
		factMetadata, a.metadata("metadata"), factReturn, a.get("return_url"), factEmail, a.get("receipt_email"),
	}
	if method == "manual" {
		facts = append(facts, factManual, "yes")
	}
	if a.get("payment_method_options[card][request_incremental_authorization]") == "if_available" {
		facts = append(facts, factAdjust, "yes")
	}
	if a.live {
		facts = append(facts, factLive, "yes")
	}
	if a.has("payment_method") {
		facts = append(facts, factStatus, needsConfirm, factMethod, a.get("payment_method"))
	}
	a.set(p, facts...)
	a.emit(p, "payment_intent.created", a.intent(p))
	if a.get("confirm") == "true" {
		return a.confirm(p)
	}
	return p, a.intent(p), nil
}

// effect is what the card of the form does.
func (a *asked) effect() (effect, *failure) {
	name := a.get("payment_method")
	if number, ok := a.e.cards[name]; ok {
		return byNumber(a.Call, number), nil
	}
	known, ok := byName(a.Call, name)
	if !ok {
		f := missing(name)
		f.param = "payment_method"
		return effect{}, f
	}
	return known, nil
}

func readIntent(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	p, ok := a.find(a.Request.PathValue("id"))
	if !ok {
		return nil, nil, missing(a.Request.PathValue("id"))
	}
	return nil, a.spoiled(p, a.intent(p)), nil
}

// spoiled lays the faults of a positive answer on an intent.
func (a *asked) spoiled(p *sandbox.Payment, object sandbox.Object) sandbox.Object {
	if _, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		object.Set("status", "new_status")
	}
	if _, ok := a.Fault(sandbox.FaultSlowTruth); ok && p.Charges > 0 {
		object.Set("status", processing)
		object.Set("amount_received", 0)
	}
	for _, name := range []string{sandbox.FaultWrongAmount, FaultOtherAmount, FaultPartly} {
		if _, ok := a.Fault(name); ok && p.Captures > 0 {
			object.Set("amount_received", max(1, p.Amount/10))
		}
	}
	if _, ok := a.Fault(FaultWrongCurrency); ok {
		object.Set("currency", "xts")
	}
	if _, ok := a.Fault(sandbox.FaultWrongOrder); ok {
		object.Set("metadata", map[string]string{"payment": "another-order"})
	}
	return object
}

func confirmIntent(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	p, ok := a.find(a.Request.PathValue("id"))
	if !ok || isSession(p) {
		return nil, nil, missing(a.Request.PathValue("id"))
	}
	if status := intentStatus(p); status != needsMethod && status != needsConfirm {
		return nil, nil, a.unexpected(p)
	}
	if !a.has("payment_method") {
		if p.Facts[factMethod] == "" {
			return nil, nil, a.unexpected(p)
		}
		a.form = append(a.form, pair{"payment_method", p.Facts[factMethod]})
	}
	if _, f := a.effect(); f != nil {
		return nil, nil, f
	}
	if back := a.get("return_url"); back != "" {
		p.Callback = back
		a.set(p, factReturn, back)
	}
	return a.confirm(p)
}

// confirm tries the card of the form.
func (a *asked) confirm(p *sandbox.Payment) (*sandbox.Payment, sandbox.Object, *failure) {
	does, _ := a.effect()
	name := a.get("payment_method")
	card := a.e.cards[name]
	a.set(p, factMethod, name, factCode, "", factDecline, "", factStatus, "")
	if card != "" {
		p.Card = shown(card)
	}
	for fault, fate := range map[string]string{FaultProcessingSuccess: succeeded, FaultProcessingFailure: "failed"} {
		if struck, ok := a.Fault(fault); ok {
			a.process(p, fate, struck)
			return p, a.intent(p), nil
		}
	}
	switch {
	case does.threeDS:
		a.set(p, factStatus, needsAction)
		a.emit(p, "payment_intent.requires_action", a.intent(p))
		return p, a.intent(p), nil
	case does.code != "":
		a.decline(p, does)
		return p, nil, &failure{
			status: http.StatusPaymentRequired, kind: "card_error", code: does.code, decline: does.decline,
			message: "declined", intent: a.intent(p), kept: true,
		}
	}
	if does.dispute {
		a.set(p, factDispute, "yes")
	}
	if does.refundFails {
		a.set(p, factBadRefund, "yes")
	}
	a.pay(p, card)
	if _, ok := a.Fault(FaultConfirm500); ok {
		return p, nil, &failure{status: http.StatusInternalServerError, kind: "api_error", message: "sorry", kept: true}
	}
	return p, a.intent(p), nil
}

// process leaves the money on its way.
func (a *asked) process(p *sandbox.Payment, fate string, fault sandbox.Fault) {
	pause := cmp.Or(fault.Wait, time.Hour)
	p.State, p.ExpiresAt = sandbox.Open, a.Now.Add(far)
	a.set(p, factStatus, processing, factFate, fate, factDue, a.Now.Add(pause).Format(time.RFC3339))
	a.emit(p, "payment_intent.processing", a.intent(p))
}

// pay charges the card and, unless the capture is a call of its own, takes the money.
func (a *asked) pay(p *sandbox.Payment, card string) {
	if card == "" {
		card = "4242424242424242"
	}
	p.Card, p.Charges, p.PaidAt = shown(card), p.Charges+1, a.Now
	p.State, p.ReturnsAt = sandbox.Paid, a.Now.Add(a.Length(switchHoldLife))
	if p.AutoVerify {
		p.Verify(a.Now)
	}
	a.paid(p)
}

// paid tells what a charge has led to.
func (a *asked) paid(p *sandbox.Payment) {
	if _, ok := a.Fault(FaultDispute); ok {
		a.set(p, factDispute, "yes")
	}
	a.set(p, factCharge, "ch_"+a.Letters("charge", a.Next(), 24), factCode, "", factStatus, "")
	if p.State == sandbox.Paid {
		a.emit(p, "payment_intent.amount_capturable_updated", a.intent(p))
	} else {
		a.emit(p, "payment_intent.succeeded", a.intent(p))
	}
	if p.Facts[factDispute] != "" {
		a.emit(p, "charge.dispute.created", sandbox.Object{
			{Name: "id", Value: "dp_" + a.Letters("dispute", p.Number, 24)},
			{Name: "object", Value: "dispute"},
			{Name: "amount", Value: p.Amount},
			{Name: "charge", Value: p.Facts[factCharge]},
			{Name: "currency", Value: p.Currency},
			{Name: "payment_intent", Value: intentID(p)},
			{Name: "status", Value: "needs_response"},
			{Name: "metadata", Value: map[string]string{}},
		})
	}
}

// decline notes a try that failed: the intent waits for another card.
func (a *asked) decline(p *sandbox.Payment, does effect) {
	p.State = sandbox.Open
	a.set(p, factCode, does.code, factDecline, does.decline, factStatus, "",
		factCharge, "ch_"+a.Letters("charge", a.Next(), 24))
	a.emit(p, "payment_intent.payment_failed", a.intent(p))
}

func captureIntent(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	p, ok := a.find(a.Request.PathValue("id"))
	if !ok {
		return nil, nil, missing(a.Request.PathValue("id"))
	}
	if intentStatus(p) != needsCapture {
		return nil, nil, a.unexpected(p)
	}
	amount := p.Amount
	if a.has("amount_to_capture") {
		wanted, ok := a.whole("amount_to_capture")
		if !ok || wanted < 1 || wanted > p.Amount {
			return nil, nil, invalid("amount_too_large", "amount_to_capture", "More than is held.")
		}
		amount = wanted
	}
	p.Amount = amount // the rest goes back to the payer's bank
	p.Verify(a.Now)
	a.Save(p)
	a.emit(p, "payment_intent.succeeded", a.intent(p))
	return p, a.intent(p), nil
}

func cancelIntent(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	p, ok := a.find(a.Request.PathValue("id"))
	if !ok {
		return nil, nil, missing(a.Request.PathValue("id"))
	}
	reason := a.get("cancellation_reason")
	if !slices.Contains([]string{"", "abandoned", "duplicate", "fraudulent", "requested_by_customer"}, reason) {
		return nil, nil, invalid("", "cancellation_reason", "Invalid cancellation_reason")
	}
	switch intentStatus(p) {
	case needsMethod, needsConfirm, needsAction, needsCapture:
	default:
		return nil, nil, a.unexpected(p)
	}
	if p.State == sandbox.Paid {
		p.State = sandbox.Returned
	} else {
		p.State = sandbox.Canceled
	}
	a.set(p, factReason, reason)
	a.emit(p, "payment_intent.canceled", a.intent(p))
	return p, a.intent(p), nil
}

func incrementIntent(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	p, ok := a.find(a.Request.PathValue("id"))
	if !ok {
		return nil, nil, missing(a.Request.PathValue("id"))
	}
	amount, ok := a.whole("amount")
	switch {
	case intentStatus(p) != needsCapture:
		return nil, nil, a.unexpected(p)
	case p.Facts[factAdjust] == "" || a.Setting(switchIncremental) != "available":
		return nil, nil, invalid("", "", "Incremental authorization is not available.")
	case !ok || amount <= p.Amount:
		return nil, nil, invalid("parameter_invalid_integer", "amount", "It must be more than before.")
	}
	p.Amount, p.Asked = amount, amount
	a.Save(p)
	a.emit(p, "payment_intent.amount_capturable_updated", a.intent(p))
	return p, a.intent(p), nil
}

// createMethod makes a card known. Its id depends on the number alone, so that a repeat gives the same one.
func createMethod(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	number := a.get("card[number]")
	month, known := a.whole("card[exp_month]")
	switch {
	case a.get("type") != "card":
		return nil, nil, invalid("", "type", "This sandbox knows the type card.")
	case len(number) < 12 || strings.Trim(number, "0123456789") != "":
		return nil, nil, &failure{
			status: http.StatusPaymentRequired, kind: "card_error", code: "incorrect_number", param: "number",
			message: "The number is not a card number.",
		}
	case !known || month < 1 || month > 12:
		return nil, nil, invalid("invalid_expiry_month", "card[exp_month]", "Not a month.")
	}
	id := "pm_" + a.Letters("card "+number, 0, 24)
	a.e.cards[id] = number
	return nil, sandbox.Object{
		{Name: "id", Value: id},
		{Name: "object", Value: "payment_method"},
		{Name: "card", Value: sandbox.Object{
			{Name: "brand", Value: "visa"},
			{Name: "last4", Value: number[len(number)-4:]},
		}},
		{Name: "created", Value: a.Now.Unix()},
		{Name: "livemode", Value: a.live},
		{Name: "type", Value: "card"},
	}, nil
}

func readCharge(a *asked) (*sandbox.Payment, sandbox.Object, *failure) {
	id := a.Request.PathValue("id")
	p, ok := a.find(id)
	if !ok || p.Facts[factCharge] != id {
		return nil, nil, missing(id)
	}
	return nil, a.charge(p), nil
}
