// Package sslcommerz is a make-believe SSLCommerz (v4): the checkout, its page, validation, the query, refunds, and
// the signed notices to the merchant's server.
package sslcommerz

import (
	"context"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// TestStore is known from the start, with TestPassword.
const (
	TestStore    = "testbox"
	TestPassword = "qwerty"
)

// The switches' names.
const (
	switchNeedRefundID = "require-refund-trans-id"
	switchCategory     = "category-limit"
	switchSHA2         = "sha2"
	switchVerifyKey    = "verify-key"
	switchRetry        = "ipn-retry"
	switchLife         = "checkout-life"
	switchRefundCount  = "refund-count"
	switchRefundAgain  = "refund-same-id"
	switchWords        = "validation-words"
	switchNagad        = "nagad-key"
	switchRefundCycle  = "refund-cycle"
)

// The faults beyond the common ones. refund-lost-answer is short for lost-answer on the call refund.
const (
	FaultNoNotice       = "no-notice"
	FaultDoubleNotice   = "double-notice"
	FaultLateNotice     = "late-notice"                // it comes Wait later, or a minute
	FaultForgedNotice   = "forged-notice"              // it says VALID though nothing was paid
	FaultTampered       = "ipn-tampered-amount"        // another amount, and a right sum over a verify_key without it
	FaultBadSum         = "ipn-bad-sum"                // a sum of something else
	FaultNoValID        = "ipn-no-val-id"              // success without a val_id
	FaultFailedFirst    = "failed-then-valid"          // a failed try stands in front of the paid one
	FaultTwoValid       = "two-valid"                  // the payer is charged twice
	FaultRisk           = "risk-1"                     // the money is there, and the goods must wait
	FaultAPIConnect     = "apiconnect-failed"          // the question is not accepted: Value, or FAILED
	FaultValidatedFirst = "validation-validated-first" // as if somebody had asked before
	FaultQueryEmpty     = "query-empty"                // nothing found although paid
	FaultOtherCardType  = "other-card-type"            // paid with a card, whatever was filtered
	FaultForeignStore   = "foreign-store"              // another store's id in answers and notices
	FaultRefundLong     = "refund-processing-long"     // the refund never arrives
	FaultRefundFails    = "refund-cancelled"           // the refund is given up by the provider
	FaultWrongCurrency  = "wrong-currency"             // a positive answer in another currency: Value, or USD
)

// dhaka is the zone of the times, which carry none.
var dhaka = time.FixedZone("Asia/Dhaka", 6*3600)

// timeForm is how the provider writes a time.
const timeForm = "2006-01-02 15:04:05"

// Emulator is one make-believe SSLCommerz.
type Emulator struct {
	*sandbox.Bench
	mail *courier
}

// New makes an emulator that knows TestStore and the merchants that are listed: the id is the store's, the panel token
// its password.
func New(o sandbox.Options) (*Emulator, error) {
	e := &Emulator{mail: &courier{}}
	bench, err := sandbox.NewBench(o, e.profile())
	if err != nil {
		return nil, err
	}
	e.Bench, e.mail.now = bench, bench.Now
	const validation, query = "/validator/api/validationserverAPI.php", "/validator/api/merchantTransIDvalidationAPI.php"
	bench.Handle("POST /gwprocess/v4/api.php", "start", nil, start)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		bench.Handle(method+" "+validation, "validation", byValID, validate)
		bench.Handle(method+" "+query, "query", question, answerQuestion)
	}
	bench.Handle("GET /pay/{id}", "page", onPage, show)
	bench.Handle("POST /pay/{id}", "decide", onPage, press)
	return e, nil
}

// ServeHTTP answers as the provider's host would. What the payer's choice tells the merchant's server is sent before
// the choice is answered, so that tests need not wait for it.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer e.mail.deliver(r.Context())
	e.Bench.ServeHTTP(w, r)
}

// Control is the bench's. Whatever it changes, the notices that are due then are sent before it answers.
func (e *Emulator) Control() http.Handler {
	inner := e.Bench.Control()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer e.mail.deliver(r.Context())
		inner.ServeHTTP(w, r)
	})
}

// Act does what the payer would do on the page and sends the notices that are due.
func (e *Emulator) Act(id string, d sandbox.Decision) (sandbox.Outcome, error) {
	defer e.mail.deliver(context.Background())
	return e.Bench.Act(id, d)
}

// Advance moves the emulator's time and sends the notices that are due then.
func (e *Emulator) Advance(d time.Duration) error {
	err := e.Bench.Advance(d)
	e.mail.deliver(context.Background())
	return err
}

func (e *Emulator) profile() sandbox.Profile {
	const differ, assumed, single = "sources differ", "assumption", "one source"
	return sandbox.Profile{
		Name: "sslcommerz", Title: "SSLCommerz", Life: switchLife, Window: switchLife,
		Switches: []sandbox.Switch{
			{Name: switchNeedRefundID, Values: []string{"on", "off"}, Why: differ},
			{Name: switchCategory, Values: []string{"50", "100"}, Free: sandbox.FreeNumber, Why: differ},
			{Name: switchSHA2, Values: []string{"formula", "random", "absent"}, Why: "unknown; the formula is ours"},
			{Name: switchVerifyKey, Values: []string{"full", "reduced"}, Why: "the sender's choice"},
			{Name: switchRetry, Values: []string{"none", "3"}, Why: "unknown"},
			{Name: switchLife, Values: []string{"30m"}, Free: sandbox.FreeDuration, Why: assumed},
			{Name: switchRefundCount, Values: []string{"many", "one"}, Why: "unknown"},
			{Name: switchRefundAgain, Values: []string{"same-refund", "refused", "second-refund"}, Why: assumed},
			{Name: switchWords, Values: []string{"four", "with-pending"}, Why: single},
			{Name: switchNagad, Values: []string{"accepted", "refused"}, Why: single},
			{Name: switchRefundCycle, Values: []string{"24h"}, Free: sandbox.FreeDuration, Why: assumed},
		},
		Faults: []string{
			FaultNoNotice, FaultDoubleNotice, FaultLateNotice, FaultForgedNotice, FaultTampered, FaultBadSum, FaultNoValID,
			FaultFailedFirst, FaultTwoValid, FaultRisk, FaultAPIConnect, FaultValidatedFirst, FaultQueryEmpty,
			FaultOtherCardType, FaultForeignStore, FaultRefundLong, FaultRefundFails, FaultWrongCurrency,
		},
		Calls:   []string{"refund", "refund-query"},
		Return:  returnMembers,
		Decided: e.decided,
	}
}

// store looks a store up and compares its password.
func store(c *sandbox.Call, id, password string) bool {
	merchant, ok := c.Merchant(id)
	if !ok {
		return id == TestStore && password == TestPassword
	}
	return merchant.Accepts(c.Request.RemoteAddr) && merchant.Refuse == "" && merchant.PanelToken == password
}

// passwordOf is the password that notices of a store are signed with.
func passwordOf(c *sandbox.Call, id string) string {
	if merchant, ok := c.Merchant(id); ok {
		return merchant.PanelToken
	}
	return TestPassword
}
