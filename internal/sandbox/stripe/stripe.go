// Package stripe is a make-believe Stripe: PaymentIntents, Checkout Sessions, charges, refunds and signed events, with
// forms of nested names as requests and JSON as answers. Test and live differ by the key alone.
package stripe

import (
	"context"
	"net/http"
	"strings"

	"github.com/purserhq/purser/internal/sandbox"
)

// The switches' names.
const (
	switchKeyLife      = "key-life"
	switchMismatch     = "idempotency-mismatch-status"
	switchEventVersion = "event-version"
	switchWebhookRetry = "webhook-retry"
	switchMinimum      = "minimum"
	switchThreeDS      = "threeds-name"
	switchUnknown      = "unknown-parameter"
	switchExampleCard  = "example-card"
	switchIncremental  = "incremental"
	switchSessionLife  = "session-life"
	switchHoldLife     = "hold-life"
)

// The faults beyond the common ones. create-lost-answer is short for lost-answer on the call create.
const (
	FaultConfirm500        = "confirm-500-after-charge" // the charge is made, the answer is 500 and stays so for the key
	FaultKeyInUse          = "key-in-use"               // 409: another call with the key is running
	FaultKeyPruned         = "key-pruned"               // the key is not remembered
	FaultProcessingSuccess = "processing-then-succeeded"
	FaultProcessingFailure = "processing-then-failed"
	FaultCompletedUnpaid   = "completed-unpaid" // Value failure: it fails in the end
	FaultOtherAmount       = "succeeded-other-amount"
	FaultPartly            = "partially-captured"
	FaultEventBefore       = "event-before-answer"
	FaultEventOld          = "event-old-timestamp"
	FaultEventWrongSecret  = "event-wrong-secret"
	FaultEventTwo          = "event-two-signatures"
	FaultEventLivemode     = "event-livemode"
	FaultNoNotice          = "no-notice"
	FaultDoubleNotice      = "double-notice"
	FaultLateNotice        = "late-notice" // an hour, or Wait
	FaultForgedNotice      = "forged-notice"
	FaultRefundFails       = "refund-fails-later"
	FaultDispute           = "dispute"
	FaultShouldRetry       = "should-retry" // Value: true, false
	FaultWrongCurrency     = "wrong-currency"
)

// Emulator is one make-believe Stripe. Merchants whose NoticeURL is set get events, signed with every secret of their
// NoticeKey, which holds one secret, or two with a comma between them while the secret is being changed.
type Emulator struct {
	*sandbox.Bench
	courier *courier
	cards   map[string]string // numbers by payment method, until the end of the process
}

// New makes an emulator. While no merchant has a key of its own, any key of the right form is accepted.
func New(o sandbox.Options) (*Emulator, error) {
	e := &Emulator{cards: map[string]string{}}
	known := profile()
	known.Decided = e.decided
	bench, err := sandbox.NewBench(o, known)
	if err != nil {
		return nil, err
	}
	e.Bench, e.courier = bench, newCourier(bench.Now)
	for _, call := range calls {
		bench.Handle(call.pattern, call.name, subject, e.work(call))
	}
	bench.Page("/c/pay/{id}")
	bench.Page("/3ds/{id}")
	return e, nil
}

// Close ends the deliveries and lets go of the state file.
func (e *Emulator) Close() error {
	e.courier.stop()
	return e.Bench.Close()
}

// Control is the bench's control interface, with GET /deliveries beside it. Whatever moves the clock also sends what
// has become due.
func (e *Emulator) Control() http.Handler {
	inner := e.Bench.Control()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/deliveries" {
			sandbox.Show(w, http.StatusOK, e.Deliveries())
			return
		}
		inner.ServeHTTP(w, r)
		e.courier.start()
	})
}

// Deliveries are the events with what became of sending them.
func (e *Emulator) Deliveries() []Delivery { return e.courier.all() }

// exchange is what one answer has beside its body.
type exchange struct {
	header http.Header
	first  []*Delivery // to be sent before the answer
}

type exchangeKey struct{}

// ServeHTTP gives every answer a Request-Id, and sends the events that the call made.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{header: w.Header()}
	w.Header().Set("Request-Id", "req_"+e.courier.draw())
	defer e.courier.start() // also when the answer is dropped
	e.Bench.ServeHTTP(&early{ResponseWriter: w, exchange: x, courier: e.courier},
		r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
}

// early sends the events that overtake their answer.
type early struct {
	http.ResponseWriter
	*exchange
	courier *courier
}

// Unwrap lets the frame flush.
func (w *early) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader sends the events first.
func (w *early) WriteHeader(status int) {
	for _, delivery := range w.first {
		w.courier.send(delivery)
	}
	w.ResponseWriter.WriteHeader(status)
}

// subject is the id in the path, which is all that faults and the journal need to know.
func subject(c *sandbox.Call) string { return c.Request.PathValue("id") }

func profile() sandbox.Profile {
	const single, contract, strict = "one source", "contract", "strictness"
	return sandbox.Profile{
		Name: "stripe", Title: "Stripe", Life: switchSessionLife, Window: switchHoldLife,
		Decline: 1, Cancel: 2,
		Switches: []sandbox.Switch{
			{Name: switchKeyLife, Values: []string{"24h"}, Free: sandbox.FreeDuration, Why: "may be pruned after"},
			{Name: switchMismatch, Values: []string{"400", "409"}, Why: single},
			{Name: switchEventVersion, Values: []string{"same train", "other train", "old date"}, Why: "SDK refusal"},
			{Name: switchWebhookRetry, Values: []string{"live plan", "test plan"}, Why: single},
			{Name: switchMinimum, Values: []string{"50"}, Free: sandbox.FreeNumber, Why: contract},
			{Name: switchThreeDS, Values: []string{
				"both", "pm_card_authenticationRequired", "pm_card_threeDSecure2Required",
			}, Why: "sources differ"},
			{Name: switchUnknown, Values: []string{"refused", "ignored"}, Why: strict},
			{Name: switchExampleCard, Values: []string{"declined", "accepted"}, Why: "1234567890123456 in examples"},
			{Name: switchIncremental, Values: []string{"available", "unavailable"}, Why: contract},
			{Name: switchSessionLife, Values: []string{"24h"}, Free: sandbox.FreeDuration, Why: contract},
			{Name: switchHoldLife, Values: []string{"168h"}, Free: sandbox.FreeDuration, Why: contract},
		},
		Faults: []string{
			FaultConfirm500, FaultKeyInUse, FaultKeyPruned, FaultProcessingSuccess, FaultProcessingFailure,
			FaultCompletedUnpaid, FaultOtherAmount, FaultPartly, FaultEventBefore, FaultEventOld, FaultEventWrongSecret,
			FaultEventTwo, FaultEventLivemode, FaultNoNotice, FaultDoubleNotice, FaultLateNotice, FaultForgedNotice,
			FaultRefundFails, FaultDispute, FaultShouldRetry, FaultWrongCurrency,
		},
		Short:  map[string]sandbox.Fault{"notice-first": {Name: FaultEventBefore}},
		Return: returned,
		AfterRefund: func(p *sandbox.Payment) {
			p.State = sandbox.Verified
			if p.Refundable() == 0 {
				p.State = sandbox.Refunded
			}
		},
	}
}

// returned are the members that a 3-D Secure page adds to the return address; Checkout fills its address in itself.
func returned(_ *sandbox.Call, p sandbox.Payment, success bool) sandbox.Object {
	if isSession(&p) {
		return nil
	}
	status := "failed"
	if success {
		status = "succeeded"
	}
	return sandbox.Object{
		{Name: "payment_intent", Value: p.ID},
		{Name: "payment_intent_client_secret", Value: secretOf(&p)},
		{Name: "redirect_status", Value: status},
	}
}

func isSession(p *sandbox.Payment) bool { return strings.HasPrefix(p.ID, "cs_") }
