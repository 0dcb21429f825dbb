// Package zarinpal is a make-believe ZarinPal: the REST v4 calls, the payment page and the GraphQL refunds of the
// Iranian provider, on one listener, with a switch for every point on which the sources about it differ.
package zarinpal

import (
	"regexp"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// The switches' names.
const (
	switchMerchants      = "merchants"
	switchErrorStatus    = "error-status"
	switchErrorShape     = "error-shape"
	switchReverseEmpty   = "reverse-empty-data"
	switchMinAmount      = "min-amount"
	switchVerifyText     = "verify-text"
	switchVerifyExtra    = "verify-extra"
	switchUnverifiedCode = "unverified-code"
	switchVerifyUnit     = "irt-verify-unit"
	switchRefundMinimum  = "refund-minimum"
	switchRefundAuth     = "refund-auth"
	switchPanelID        = "panel-id"
	switchLife           = "authority-life"
	switchWindow         = "verify-window"
	switchAutoVerify     = "auto-verify"
	switchFee            = "fee"
	switchFeeType        = "fee-type"
	switchSuggested      = "suggested-amount"
	switchPayaCycle      = "paya-cycle"
)

// The faults beyond the common ones. verify-lost-answer and reverse-lost-answer are short for lost-answer on the call.
const (
	FaultVerify101First    = "verify-101-first"   // the first verify answers as if somebody had verified before
	FaultVerify52          = "verify-52"          // verify fails at the gateway, with nothing done
	FaultPaidBut51         = "paid-but-51"        // verify says unpaid while inquiry says PAID
	FaultInquiryRefused    = "inquiry-refused"    // inquiry answers the code in Value, or -54
	FaultUnverifiedForeign = "unverified-foreign" // entries of others: a few, or with Value "flood" a hundred in front
	FaultReverseLate       = "reverse-late"       // -63, whatever the clock says
	FaultRefundPending     = "refund-stays-pending"
	FaultRefundFails       = "refund-fails-later"
	FaultTerminalSuspended = "terminal-suspended" // -15
	FaultHTTP200Error      = "http-200-error"     // a failure under status 200
)

// tehran is the zone of the dates that the provider writes; Iran has had no summer time since 2022.
var tehran = time.FixedZone("Asia/Tehran", 3*3600+1800)

var (
	merchantForm  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	authorityForm = regexp.MustCompile(`^[AS][0-9A-Za-z]{35}$`)
)

// Emulator is one make-believe ZarinPal.
type Emulator struct{ *sandbox.Bench }

// New makes an emulator. Any well-formed merchant id works unless the switch merchants says listed.
func New(o sandbox.Options) (*Emulator, error) {
	bench, err := sandbox.NewBench(o, profile())
	if err != nil {
		return nil, err
	}
	const base = "/pg/v4/payment/"
	for _, route := range []struct {
		path, call string
		work       sandbox.Work
	}{
		{"request.json", "request", rest(request)},
		{"verify.json", "verify", rest(verify)},
		{"inquiry.json", "inquiry", rest(inquiry)},
		{"unVerified.json", "unverified", rest(unverified)},
		{"reverse.json", "reverse", rest(reverse)},
		{"feeCalculation.json", "fee", rest(feeCalculation)},
		{"refresh.json", "refresh", rest(refresh)},
		{"refund.json", "old-refund", rest(oldRefund)},
	} {
		bench.Handle("POST "+base+route.path, route.call, subject, route.work)
	}
	bench.Handle("POST /api/v4/graphql", "graphql", operation, graphQL)
	bench.Handle("POST /api/v4/graphql/{$}", "graphql", operation, graphQL)
	bench.Page("/pg/StartPay/{id}")
	bench.Page("/pg/StartPay/{id}/ZarinGate")
	return &Emulator{Bench: bench}, nil
}

// subject reads the authority, which is all that faults and the journal need to know.
func subject(c *sandbox.Call) string {
	fields, err := sandbox.ParseJSON(c.Body)
	if err != nil {
		return ""
	}
	return fields.Text("authority")
}

func profile() sandbox.Profile {
	return sandbox.Profile{
		Name: "zarinpal", Title: "ZarinPal", Life: switchLife, Window: switchWindow,
		Switches: switches(),
		Calls:    []string{"refund", "session", "session-by-id", "transactions", "get-refund", "get-refunds"},
		Faults: []string{
			FaultVerify101First, FaultVerify52, FaultPaidBut51, FaultInquiryRefused, FaultUnverifiedForeign,
			FaultReverseLate, FaultRefundPending, FaultRefundFails, FaultTerminalSuspended, FaultHTTP200Error,
		},
		Return:      returnMembers,
		AfterRefund: afterRefund,
	}
}

// switches lists the settings; the reason names how well the point is known.
func switches() []sandbox.Switch {
	const differ, assumed, single = "sources differ", "assumption", "one source"
	return []sandbox.Switch{
		{Name: switchMerchants, Values: []string{"any", "listed"}, Why: "any id works in the provider's own sandbox"},
		{Name: switchErrorStatus, Values: []string{"422", "400", "200", "mixed"}, Why: differ},
		{Name: switchErrorShape, Values: []string{"object", "list", "nested-text"}, Why: differ},
		{Name: switchReverseEmpty, Values: []string{"array", "object"}, Why: differ},
		{Name: switchMinAmount, Values: []string{"1000", "10000"}, Why: differ},
		{Name: switchVerifyText, Values: []string{"Paid", "Verified"}, Why: differ},
		{Name: switchVerifyExtra, Values: []string{"full", "short"}, Why: single},
		{Name: switchUnverifiedCode, Values: []string{"number", "text"}, Why: differ},
		{Name: switchVerifyUnit, Values: []string{"as-requested", "rial"}, Why: assumed},
		{Name: switchRefundMinimum, Values: []string{"20000", "1000"}, Why: differ},
		{Name: switchRefundAuth, Values: []string{"bearer", "bare"}, Why: differ},
		{Name: switchPanelID, Values: []string{"own", "ref-id"}, Why: assumed},
		{Name: switchLife, Values: []string{"30m"}, Free: sandbox.FreeDuration, Why: assumed},
		{Name: switchWindow, Values: []string{"30m"}, Free: sandbox.FreeDuration, Why: assumed},
		{Name: switchAutoVerify, Values: []string{"off", "on"}, Why: "the merchant chooses it in the panel"},
		{Name: switchFee, Values: []string{"3500"}, Free: sandbox.FreeNumber, Why: "the merchant's contract"},
		{Name: switchFeeType, Values: []string{"Merchant", "Payer"}, Why: "the merchant chooses it in the panel"},
		{Name: switchSuggested, Values: []string{"number", "text"}, Why: differ},
		{Name: switchPayaCycle, Values: []string{"4h"}, Free: sandbox.FreeDuration, Why: assumed},
	}
}

// returnMembers is what the browser brings back: no amount and no signature.
func returnMembers(_ *sandbox.Call, p sandbox.Payment, success bool) sandbox.Object {
	status := "NOK"
	if success {
		status = "OK"
	}
	return sandbox.Object{{Name: "Authority", Value: p.ID}, {Name: "Status", Value: status}}
}

// afterRefund closes a payment whose money has gone back as a whole; a part leaves it verified.
func afterRefund(p *sandbox.Payment) {
	if p.State == sandbox.Verified && p.Refunded() == p.Amount {
		p.State = sandbox.Refunded
	}
}
