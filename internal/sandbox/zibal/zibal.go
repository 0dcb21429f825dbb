// Package zibal is a make-believe Zibal (IPG v1): request, verify and inquiry of the payment host, its page, and the
// refunds of the platform host, all on one listener. Every result code comes under HTTP status 200.
package zibal

import (
	"cmp"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// TestMerchant selects the provider's own test mode.
const TestMerchant = "zibal"

// The switches' names.
const (
	switchAmountBorder   = "amount-border"
	switchHTTPSOnly      = "callback-https-only"
	switchVerify201      = "verify-201-body"
	switchFeeMode2       = "feemode-2"
	switchSuccessWord    = "success-word"
	switchTrackIDType    = "track-id-type"
	switchCeiling        = "ceiling"
	switchCeilingCode    = "ceiling-code"
	switchOrderUnique    = "order-id-unique"
	switchInquiryByOrder = "inquiry-by-order"
	switchLife           = "track-life"
	switchWindow         = "verify-window"
	switchRefundAnswer   = "refund-answer"
	switchRefundCycle    = "refund-cycle"
)

// The faults beyond the common ones. verify-lost-answer and refund-lost-answer are short for lost-answer on the call.
const (
	FaultVerify201First    = "verify-201-first"     // the first verify answers as if somebody had verified before
	FaultInquiryMinus2     = "inquiry-minus-2"      // inquiry says internal error
	FaultStatus11Then2     = "status-11-then-2"     // a switch error that turns out paid, for Times answers
	FaultRefundStays16     = "refund-stays-16"      // the refund never arrives
	FaultRefundBecomes18   = "refund-becomes-18"    // the bank reverses instead of refunding
	FaultHTTP500WithResult = "http-500-with-result" // the right answer under status 500
	FaultHugeTrackID       = "huge-track-id"        // 16 digits that a floating-point number cannot hold
)

// Status codes of a payment, as far as the code needs them by name.
const (
	statusWaiting   = -1
	statusInternal  = -2
	statusVerified  = 1
	statusPaid      = 2
	statusCanceled  = 3
	statusNoMoney   = 5
	statusSwitch    = 11
	statusRefunded  = 15
	statusRefunding = 16
	statusReversed  = 18
)

// tehran is the zone of the times, which carry none; Iran has had no summer time since 2022.
var tehran = time.FixedZone("Asia/Tehran", 3*3600+1800)

// Emulator is one make-believe Zibal.
type Emulator struct{ *sandbox.Bench }

// New makes an emulator that knows the merchant "zibal" and those that are listed.
func New(o sandbox.Options) (*Emulator, error) {
	bench, err := sandbox.NewBench(o, profile())
	if err != nil {
		return nil, err
	}
	bench.Handle("POST /v1/request", "request", nil, payments(request))
	bench.Handle("POST /v1/verify", "verify", subject, payments(verify))
	bench.Handle("POST /v1/inquiry", "inquiry", subject, payments(inquiry))
	bench.Handle("POST /v1/account/refund", "refund", subject, platform(refund))
	bench.Handle("POST /v1/account/refund/inquiry", "refund-inquiry", nil, platform(refundInquiry))
	bench.Handle("POST /v1/account/refund/list", "refund-list", nil, platform(refundList))
	bench.Page("/start/{id}")
	bench.Page("/start/{id}/direct")
	return &Emulator{Bench: bench}, nil
}

// subject reads the trackId, which is all that faults and the journal need to know.
func subject(c *sandbox.Call) string {
	fields, err := sandbox.ParseJSON(c.Body)
	if err != nil {
		return ""
	}
	return fields.Word("trackId")
}

func profile() sandbox.Profile {
	const differ, assumed, single = "sources differ", "assumption", "one source"
	return sandbox.Profile{
		Name: "zibal", Title: "Zibal", Life: switchLife, Window: switchWindow,
		Decline: statusNoMoney, Cancel: statusCanceled, Refusals: refusals(),
		Switches: []sandbox.Switch{
			{Name: switchAmountBorder, Values: []string{"1000-allowed", "1000-refused"}, Why: differ},
			{Name: switchHTTPSOnly, Values: []string{"off", "on"}, Why: differ},
			{Name: switchVerify201, Values: []string{"short", "full"}, Why: single},
			{Name: switchFeeMode2, Values: []string{"allowed", "116"}, Why: differ},
			{Name: switchSuccessWord, Values: []string{"1/0", "true/false", "2"}, Why: differ},
			{Name: switchTrackIDType, Values: []string{"number", "text"}, Why: differ},
			{Name: switchCeiling, Values: []string{"500000000"}, Free: sandbox.FreeNumber, Why: single},
			{Name: switchCeilingCode, Values: []string{"113", "114"}, Why: differ},
			{Name: switchOrderUnique, Values: []string{"off", "on"}, Why: assumed},
			{Name: switchInquiryByOrder, Values: []string{"off", "on"}, Why: single},
			{Name: switchLife, Values: []string{"30m"}, Free: sandbox.FreeDuration, Why: assumed},
			{Name: switchWindow, Values: []string{"30m"}, Free: sandbox.FreeDuration, Why: assumed},
			{Name: switchRefundAnswer, Values: []string{"full", "short"}, Why: single},
			{Name: switchRefundCycle, Values: []string{"24h"}, Free: sandbox.FreeDuration, Why: assumed},
		},
		Faults: []string{
			FaultVerify201First, FaultInquiryMinus2, FaultStatus11Then2, FaultRefundStays16, FaultRefundBecomes18,
			FaultHTTP500WithResult, FaultHugeTrackID,
		},
		Return:      returnMembers,
		AfterRefund: afterRefund,
	}
}

// refusals are the buttons of the bank page beside the plain ones.
func refusals() []sandbox.Refusal {
	return []sandbox.Refusal{
		{Code: statusInternal, Words: "internal error"},
		{Code: statusCanceled, Words: "cancelled by the payer"},
		{Code: 4, Words: "card number not valid"},
		{Code: statusNoMoney, Words: "not enough money"},
		{Code: 6, Words: "wrong PIN"},
		{Code: 7, Words: "too many requests"},
		{Code: 8, Words: "daily count exceeded"},
		{Code: 9, Words: "daily amount exceeded"},
		{Code: 10, Words: "card issuer not valid"},
		{Code: statusSwitch, Words: "switch error"},
		{Code: 12, Words: "card not reachable"},
		{Code: 21, Words: "merchant not valid"},
	}
}

// statusOf is the provider's number for a payment's state.
func statusOf(p sandbox.Payment) int {
	switch p.State {
	case sandbox.Open, sandbox.Expired:
		return statusWaiting
	case sandbox.Paid:
		return statusPaid
	case sandbox.Verified:
		return statusVerified
	case sandbox.Refunding:
		return statusRefunding
	case sandbox.Refunded:
		return statusRefunded
	case sandbox.Reversed, sandbox.Returned:
		return statusReversed
	case sandbox.Failed, sandbox.Canceled:
	}
	return p.Code
}

// afterRefund sets the state once a refund has come to its end: a failed one leaves the payment as it was.
func afterRefund(p *sandbox.Payment) {
	switch {
	case p.RefundsPending():
		p.State = sandbox.Refunding
	case p.Refunded() > 0:
		p.State = sandbox.Refunded
	default:
		p.State = sandbox.Verified
	}
}

// returnMembers is what the browser brings back: no signature.
func returnMembers(c *sandbox.Call, p sandbox.Payment, success bool) sandbox.Object {
	status := statusOf(p)
	if success && status != statusVerified {
		status = statusPaid
	}
	if p.Charges > 0 {
		if _, ok := c.Fault(FaultStatus11Then2); ok {
			status, success = statusSwitch, false
		}
	}
	order := p.OrderID
	if fault, ok := c.Fault(sandbox.FaultWrongOrder); ok {
		order = cmp.Or(fault.Value, "another-order")
	}
	members := sandbox.Object{
		{Name: "trackId", Value: p.ID},
		{Name: "success", Value: successWord(c.Setting(switchSuccessWord), success)},
		{Name: "status", Value: status},
	}
	if order != "" {
		members = append(members, sandbox.Member{Name: "orderId", Value: order})
	}
	return members
}

// successWord writes yes and no as the switch asks.
func successWord(words string, success bool) string {
	yes, no := "1", "0"
	switch words {
	case "true/false":
		yes, no = "true", "false"
	case "2":
		yes = "2"
	}
	if success {
		return yes
	}
	return no
}

// messages are the provider's words, shortened; nobody may rely on them.
var messages = map[int]string{
	100: "success", 102: "merchant not found", 103: "merchant inactive", 104: "merchant invalid",
	105: "amount must be above 1,000 rial", 106: "callbackUrl invalid", 107: "percentMode invalid",
	108: "a share's receiver is invalid", 109: "a share's receiver is inactive", 110: "the shares have no self entry",
	111: "amount is not the sum of the shares", 112: "wallet too low for the fee", 113: "amount above the ceiling",
	114: "nationalCode invalid", 115: "ip not registered", 116: "feeMode invalid", 117: "orderId used before",
	140: "callbackUrl missing", 201: "already verified", 202: "not paid or failed", 203: "trackId invalid",
}

// result answers with a result code under status 200.
func result(code int) sandbox.Object {
	message, ok := messages[code]
	if !ok {
		message = "unknown"
	}
	return sandbox.Object{{Name: "message", Value: message}, {Name: "result", Value: code}}
}

// reply writes an answer; only the fault for it moves the status away from 200.
func reply(c *sandbox.Call, body sandbox.Object) sandbox.Reply {
	status := http.StatusOK
	if _, ok := c.Fault(FaultHTTP500WithResult); ok {
		status = http.StatusInternalServerError
	}
	return sandbox.JSON(status, body)
}
