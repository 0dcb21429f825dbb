package zarinpal

import (
	"context"
	"strconv"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
)

// Codes that decide something.
const (
	codeDone      = 100
	codeDoneAgain = 101 // verified before: the same success
	codeUnpaid    = -51
	badReferrer   = 429 // the only refusal with a code above zero
)

// code is what is known of one of the provider's codes.
type code struct {
	words string
	setUp bool // our contract or our settings there are wrong, not the payer
	alarm bool // verify and inquiry never answer so about an attempt of ours
}

// codes are the refusals of every call. A code that is not here is no word
// that we know.
var codes = map[int]code{
	-9:  {words: "input refused"},
	-10: {words: "merchant or server address not accepted", setUp: true, alarm: true},
	-11: {words: "terminal not active", setUp: true, alarm: true},
	-12: {words: "too many tries in a short time", alarm: true},
	-13: {words: "terminal limit reached", setUp: true, alarm: true},
	-14: {words: "return address is not of the registered domain", setUp: true, alarm: true},
	-15: {words: "terminal suspended", setUp: true, alarm: true},
	-16: {words: "merchant level too low", setUp: true, alarm: true},
	-17: {words: "merchant level too low", setUp: true, alarm: true},
	-18: {words: "site is not the registered domain", setUp: true, alarm: true},
	-19: {words: "terminal may not create transactions", setUp: true, alarm: true},
	-30: {words: "floating split not allowed", setUp: true},
	-31: {words: "split needs a default bank account", setUp: true},
	-32: {words: "floating split above the limit", setUp: true},
	-33: {words: "split percentages wrong", setUp: true},
	-34: {words: "fixed split above the amount", setUp: true},
	-35: {words: "too many split receivers", setUp: true},
	-36: {words: "split share too small", setUp: true},
	-37: {words: "split account inactive", setUp: true},
	-38: {words: "split account not registered", setUp: true},
	-39: {words: "split error", setUp: true},
	-40: {words: "lifetime wrong"},
	-41: {words: "amount above the limit"},
	-42: {words: "lifetime outside the limits"},
	-50: {words: "the amount differs from the requested one", alarm: true},
	-51: {words: "no successful payment"},
	-52: {words: "unexpected error at the gateway"},
	-53: {words: "authority of another merchant", alarm: true},
	-54: {words: "authority not valid", alarm: true},
	-55: {words: "manual payment request not found", alarm: true},
	-60: {words: "the bank refuses the reversal"},
	-61: {words: "not successful, or reversed before"},
	-62: {words: "no server address is registered on the terminal", setUp: true},
	-63: {words: "outside the reversal window"},

	badReferrer: {words: "referrer code badly formed", setUp: true},
}

// maybeReversed are the refusals of reverse that inquiry may contradict.
var maybeReversed = map[int]bool{-60: true, -61: true, -62: true, -63: true}

// words are a code in our words, or in theirs when we have none.
func (g *Gateway) words(s said) string {
	known, ok := codes[s.code]
	switch {
	case s.code == 0 && s.message == "":
		return ""
	case !ok:
		return g.client.Words(strconv.Itoa(s.code), s.message)
	case s.code == -9:
		return g.client.Words(strconv.Itoa(s.code), known.words, s.message)
	}
	return strconv.Itoa(s.code) + ": " + known.words
}

// refusedStart is the report of a request that opened nothing.
func (g *Gateway) refusedStart(s said) gateway.Started {
	known, ok := codes[s.code]
	if !ok {
		return gateway.Started{Outcome: gateway.NoAnswer, Word: g.words(s)}
	}
	started := gateway.Started{Outcome: gateway.Refused, Word: g.words(s)}
	if known.setUp {
		started.Alarm = "the contract is not set up for this: " + g.words(s)
	}
	return started
}

// take verifies and reports. unpaid is the answer that inquiry must explain.
func (g *Gateway) take(ctx context.Context, a gateway.Attempt) (report gateway.Report, unpaid bool) {
	data, s, err := g.verify(ctx, a)
	if err != nil {
		return client.LostReport(err), false
	}
	if s.code == codeUnpaid {
		return gateway.Report{Outcome: gateway.Unknown, Word: g.words(s)}, true
	}
	if s.code != codeDone && s.code != codeDoneAgain {
		return g.unclear("verify", s), false
	}
	report = gateway.Report{Outcome: gateway.Unknown, Card: client.Card(data.CardPan), Word: strconv.Itoa(s.code)}
	switch {
	case data.RefID == "":
		report.Alarm = "verify succeeds without a reference of the payment"
	case data.OrderID != "" && string(data.OrderID) != a.Reference:
		report.Alarm = "verify speaks of another order"
	default:
		// Verify has compared the amount that we sent with the paid one, or it would have said -50.
		report.Outcome, report.Receipt, report.Amount = gateway.Captured, string(data.RefID), a.Amount
		report.Fee = feeOf(data, a.Amount)
	}
	return report, false
}

// feeOf is what the provider keeps of the amount; a fee that the payer pays
// comes on top of it and keeps nothing.
func feeOf(data verified, amount money.Amount) money.Amount {
	switch {
	case data.FeeType == "Payer":
		return money.Zero(money.IRR)
	case data.FeeType == "Merchant" && data.Fee != nil && *data.Fee >= 0 && *data.Fee <= amount.Steps():
		return money.New(*data.Fee, money.IRR)
	}
	return money.Amount{}
}

// look inquires and reports. verified means that verify must be asked, since
// inquiry tells neither amount nor reference.
func (g *Gateway) look(ctx context.Context, a gateway.Attempt) (report gateway.Report, verified bool) {
	status, s, err := g.inquiry(ctx, a)
	if err != nil {
		report = client.LostReport(err)
		report.Doubt = false // a question moves nothing
		return report, false
	}
	if s.code != codeDone {
		return g.unclear("inquiry", s), false
	}
	report = gateway.Report{Outcome: gateway.Unknown, Word: g.client.Words(status)}
	switch status {
	case "VERIFIED":
		return report, true
	case "PAID":
		report.Outcome = gateway.Authorized
	case "IN_BANK":
		report.Outcome = gateway.Pending
	case "FAILED":
		report.Outcome = gateway.Declined
	case "REVERSED":
		report.Outcome = gateway.Undone
	}
	return report, false
}

// unclear is the report of a refusal, none of which is a verdict.
func (g *Gateway) unclear(call string, s said) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown, Word: g.words(s)}
	if codes[s.code].alarm {
		report.Alarm = call + " says " + g.words(s)
	}
	return report
}

// reversed is the report of an answer to reverse.
func (g *Gateway) reversed(s said) gateway.ReturnReport {
	known, ok := codes[s.code]
	report := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: g.words(s)}
	switch {
	case s.code == codeDone:
		return gateway.ReturnReport{Outcome: gateway.Done, Undone: true}
	case ok && s.code != -52:
		report.Outcome = gateway.Denied
	}
	if known.setUp || known.alarm {
		report.Alarm = "reverse says " + g.words(s)
	}
	return report
}

// refunded is the report of an answer to AddRefund.
func (g *Gateway) refunded(r gateway.Return, refund resource, s graphSaid) gateway.ReturnReport {
	if s.message != "" {
		return g.refusedRefund(s)
	}
	return refundReport(r, string(refund.ID), refund.Amount, refund.Timeline.Status)
}

// refusedRefund is the report of a refusal by the panel.
func (g *Gateway) refusedRefund(s graphSaid) gateway.ReturnReport {
	report := gateway.ReturnReport{Outcome: gateway.Denied, Word: g.client.Words(s.message)}
	if s.barred {
		report.Alarm = "the panel does not accept the access token"
	}
	return report
}

// refundReport maps the panel's word for a refund.
func refundReport(r gateway.Return, id string, amount int64, status string) gateway.ReturnReport {
	report := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: id}
	if amount != r.Amount.Steps() {
		report.Alarm = "the panel shows the refund with another amount"
		return report
	}
	switch status {
	case "SUCCESS":
		report.Outcome = gateway.Done
	case "PENDING":
		report.Outcome = gateway.Underway
	case "FAILED":
		report.Outcome, report.Word = gateway.Denied, "the refund failed"
	}
	return report
}
