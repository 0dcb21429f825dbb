// Package bkash is a make-believe bKash (Tokenized Checkout, v1.2.0-beta, with refund v2): tokens, create, the
// customer page, execute, which alone moves the money, status, search, capture, void and both refunds.
package bkash

import (
	"cmp"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// The switches' names.
const (
	switchTokenPrefix   = "token-prefix"
	switchGrantLimit    = "grant-limit"
	switchLife          = "payment-life"
	switchURLForm       = "bkash-url-form"
	switchCallbackExtra = "callback-extra"
	switchErrorShape    = "error-shape"
	switchV1StatusPath  = "refund-v1-status-path"
	switchV1Once        = "refund-v1-once"
	switchRefundWindow  = "refund-window"
	switchV2Max         = "refund-v2-max"
	switchV2ErrorStatus = "refund-v2-error-status"
	switchCapturePath   = "capture-path"
	switchStrictStatus  = "strict-status-use"
)

// The faults beyond the common ones. execute-lost-answer and refund-lost-answer are short for lost-answer on the call.
const (
	FaultExecute2117      = "execute-2117"                // the money moved, and the answer is that it was done before
	FaultStatusLags       = "status-lags"                 // status says Initiated though the money moved
	FaultTokenRevoked     = "token-revoked-early"         // the token is refused from now on
	FaultGrantBlocked     = "grant-blocked"               // grant and refresh are refused as too frequent
	FaultDuplicateInvoice = "duplicate-invoice"           // create says that the invoice number was used
	FaultNotVerified      = "return-success-not-verified" // execute says that the buyer is not through
	FaultTrxReused        = "trx-reused"                  // execute and status name another payment's trxID
	FaultWrongCurrency    = "wrong-currency"              // a positive answer in another currency: Value, or USD
)

// callStrayStatus is the journal's name of a status call after a good execute, while strict-status-use is on.
const callStrayStatus = "status-after-success"

// The roots of the calls' paths.
const (
	rootV1 = "/v1.2.0-beta/tokenized/checkout"
	rootV2 = "/v2/tokenized-checkout/refund/payment"
)

// dhaka is the zone of the times.
var dhaka = time.FixedZone("Asia/Dhaka", 6*3600)

// Emulator is one make-believe bKash.
type Emulator struct{ *sandbox.Bench }

// New makes an emulator that knows the merchants that are listed: the id is the app_key, the panel token the
// app_secret, and flags may say username:... and password:.... While none is listed, any credentials will do.
func New(o sandbox.Options) (*Emulator, error) {
	bench, err := sandbox.NewBench(o, profile())
	if err != nil {
		return nil, err
	}
	d := &desk{tokens: map[string]session{}, refreshes: map[string]session{}, grants: map[string][]time.Time{}}
	bench.Handle("POST "+rootV1+"/token/grant", "grant", nil, d.front(d.grant))
	bench.Handle("POST "+rootV1+"/token/refresh", "refresh", nil, d.front(d.refresh))
	for path, call := range map[string]struct {
		name string
		work func(a *asked) sandbox.Object
	}{
		"/create":                    {"create", create},
		"/execute":                   {"execute", execute},
		"/payment/status":            {"status", status},
		"/general/searchTransaction": {"search", search},
		"/payment/confirm/capture":   {"capture", twoPaths(capture)},
		"/payment/confirm/void":      {"void", twoPaths(void)},
		"/payment/confirm":           {"confirm", confirm},
		"/agreement/status":          {"agreement-status", agreementStatus},
		"/agreement/cancel":          {"agreement-cancel", agreementCancel},
		"/payment/refund":            {"refund-v1", refundV1},
		"/payment/refund/status":     {"refund-v1-status", refundV1Status},
	} {
		bench.Handle("POST "+rootV1+path, call.name, subject, d.merchants(call.work, failureV1))
	}
	bench.Handle("POST "+rootV2+"/transaction", "refund", subject, d.merchants(refundV2, failureV2))
	bench.Handle("POST "+rootV2+"/status", "refund-status", subject, d.merchants(refundV2Status, failureV2))
	for _, path := range []string{"/{$}", "/redirect/tokenized/{$}"} {
		bench.Handle("GET "+path, "page", visited, show)
		bench.Handle("POST "+path, "decide", visited, press)
	}
	return &Emulator{Bench: bench}, nil
}

// subject reads the payment's id, which the refunds of version 2 spell otherwise.
func subject(c *sandbox.Call) string {
	fields, err := sandbox.ParseJSON(c.Body)
	if err != nil {
		return ""
	}
	return cmp.Or(fields.Text("paymentID"), fields.Text("paymentId"))
}

func profile() sandbox.Profile {
	const differ, single, assumed = "sources differ", "one source", "assumption"
	return sandbox.Profile{
		Name: "bkash", Title: "bKash", Life: switchLife, Window: switchLife,
		Calls: []string{callStrayStatus, "confirm", "search", "refund-v1-query"},
		Switches: []sandbox.Switch{
			{Name: switchTokenPrefix, Values: []string{"bare", "both"}, Why: differ},
			{Name: switchGrantLimit, Values: []string{"2-per-hour", "off"}, Why: single},
			{Name: switchLife, Values: []string{"15m", "24h"}, Free: sandbox.FreeDuration, Why: differ},
			{Name: switchURLForm, Values: []string{"new", "old"}, Why: differ},
			{Name: switchCallbackExtra, Values: []string{"none", "signature"}, Why: single},
			{Name: switchErrorShape, Values: []string{"statusCode", "errorCode"}, Why: "both occur"},
			{Name: switchV1StatusPath, Values: []string{"same", "separate"}, Why: differ},
			{Name: switchV1Once, Values: []string{"on", "off"}, Why: single},
			{Name: switchRefundWindow, Values: []string{"none", "360h"}, Free: sandbox.FreeDuration, Why: single},
			{Name: switchV2Max, Values: []string{"10", "none"}, Why: single},
			{Name: switchV2ErrorStatus, Values: []string{"400", "200"}, Why: assumed},
			{Name: switchCapturePath, Values: []string{"two", "combined"}, Why: differ},
			{Name: switchStrictStatus, Values: []string{"off", "on"}, Why: single},
		},
		Faults: []string{
			FaultExecute2117, FaultStatusLags, FaultTokenRevoked, FaultGrantBlocked, FaultDuplicateInvoice,
			FaultNotVerified, FaultTrxReused, FaultWrongCurrency,
		},
		Short: map[string]sandbox.Fault{
			"execute-lost-request": {Name: sandbox.FaultLostRequest, Call: "execute"},
			"execute-slow":         {Name: sandbox.FaultDelay, Call: "execute", Wait: 35 * time.Second},
		},
		Return:  returnMembers,
		Decided: consented,
	}
}

// consented takes back that the payer was charged: approving is a consent, and execute alone moves the money. The
// consent is worth something as long as the payment itself.
func consented(c *sandbox.Call, p *sandbox.Payment) {
	if p.State != sandbox.Paid {
		return
	}
	p.Charges, p.ReturnsAt = 0, p.ExpiresAt
	if !p.ReturnsAt.After(c.Now) {
		p.ReturnsAt = c.Now.Add(c.Length(switchLife)) // paid late after all
	}
	c.Save(p)
}

// returnMembers is what the browser brings back; the signature's making is not public, so nobody can check it.
func returnMembers(c *sandbox.Call, p sandbox.Payment, success bool) sandbox.Object {
	word := "failure"
	switch {
	case success:
		word = "success"
	case p.State == sandbox.Canceled:
		word = "cancel"
	}
	members := sandbox.Object{{Name: "paymentID", Value: p.ID}, {Name: "status", Value: word}}
	if c.Setting(switchCallbackExtra) == "signature" {
		members = append(members, sandbox.Member{Name: "signature", Value: c.Letters("signature", p.Number, 10)},
			sandbox.Member{Name: "apiVersion", Value: "1.2.0-beta"})
	}
	return members
}
