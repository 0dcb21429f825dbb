package zibal

import (
	"context"
	"strconv"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/payment"
)

// Results that decide something; result and status are two code spaces, and
// the platform has a third.
const (
	resultDone      = 100
	resultDoneAgain = 201 // verified before
	resultUnpaid    = 202
	resultNoTrack   = 203

	platformDone = 1
)

// Statuses that need more than the table.
const (
	statusVerified  = 1
	statusPaid      = 2
	statusRefunded  = 15
	statusRefunding = 16
	statusReversed  = 18
)

// code is what is known of one of the provider's codes.
type code struct {
	words string
	setUp bool // our contract or our settings there are wrong, not the payer
}

// results are the refusals of the payment host.
var results = map[int]code{
	102: {"merchant not found", true},
	103: {"merchant inactive or contract not signed", true},
	104: {"merchant not valid", true},
	105: {"amount too small", false},
	106: {"return address not valid", true},
	107: {"percentMode not valid", true},
	108: {"split receiver not valid", true},
	109: {"split receiver inactive", true},
	110: {"split without our own share", true},
	111: {"amount is not the sum of the shares", true},
	112: {"wallet too low for the fee", true},
	113: {"amount above the ceiling", false},
	114: {"national code not valid", false},
	115: {"server address not registered", true},
	116: {"feeMode not valid", true},
	140: {"return address missing", true},

	resultDoneAgain: {"verified before", false},
	resultUnpaid:    {"not paid or failed", false},
	resultNoTrack:   {"trackId not valid", true},
}

// notStarted are the results that say that request opened nothing.
func notStarted(result int) bool { return result >= 102 && result <= 116 || result == 140 }

// status is what the report of one status is, except for money that is there.
type status struct {
	words   string
	outcome gateway.Outcome
	setUp   bool
	reason  payment.Reason // of one that is declined
}

// statuses are the states of a payment in their words.
var statuses = map[int]status{
	-1:              {"waiting", gateway.Pending, false, ""},
	-2:              {"internal error", gateway.Unknown, false, ""},
	statusVerified:  {"paid and verified", gateway.Captured, false, ""},
	statusPaid:      {"paid, not verified", gateway.Authorized, false, ""},
	3:               {"canceled by the payer", gateway.Canceled, false, ""},
	4:               {"card number not valid", gateway.Declined, false, payment.WrongDetails},
	5:               {"not enough money", gateway.Declined, false, payment.NoFunds},
	6:               {"wrong PIN", gateway.Declined, false, payment.WrongDetails},
	7:               {"too many requests", gateway.Declined, false, payment.OverLimit},
	8:               {"daily count exceeded", gateway.Declined, false, payment.OverLimit},
	9:               {"daily amount exceeded", gateway.Declined, false, payment.OverLimit},
	10:              {"card issuer not valid", gateway.Declined, false, payment.Refused},
	11:              {"switch error", gateway.Unknown, false, ""},
	12:              {"card not reachable", gateway.Declined, false, payment.TryLater},
	statusRefunded:  {"refunded", gateway.Undone, false, ""},
	statusRefunding: {"refund under way", gateway.Unknown, false, ""},
	statusReversed:  {"reversed", gateway.Undone, false, ""},
	21:              {"merchant not valid", gateway.Unknown, true, ""},
}

// platformResults are the refusals of the platform host.
var platformResults = map[int]code{
	2: {"key missing", true}, 3: {"key wrong", true}, 4: {"no access", true}, 5: {"callback wrong", true},
	6: {"input wrong", false}, 7: {"server address wrong", true}, 8: {"key inactive", true},
	9: {"the minimum is 1,000 Rial", false}, 10: {"wallet not found", true}, 11: {"wallet too low", true},
	12: {"the settlement minimum is 10,000 Rial", false}, 13: {"settlement rule", false},
	14: {"settlement rule", false}, 15: {"settlement rule", false}, 16: {"settlement rule", false},
	17: {"settlement rule", false}, 18: {"gateway merchant missing or inactive", true},
	20: {"sub-merchant", true}, 21: {"sub-merchant", true}, 22: {"sub-merchant", true}, 23: {"sub-merchant", true},
	24: {"account number", true}, 25: {"account number", true}, 26: {"account number", true},
	29: {"wallet too low for the fee", true}, 44: {"account number not found", false},
	45: {"the banks are down", false},
}

// words are a code in our words, or in theirs when we have none.
func (g *Gateway) words(s saidWire, known map[int]code) string {
	if c, ok := known[s.Result]; ok {
		return strconv.Itoa(s.Result) + ": " + c.words
	}
	return g.client.Words(strconv.Itoa(s.Result), s.Message)
}

// refusedStart is the report of a request that opened nothing, or of a result
// that we do not know.
func (g *Gateway) refusedStart(s saidWire) gateway.Started {
	started := gateway.Started{Outcome: gateway.NoAnswer, Word: g.words(s, results)}
	if notStarted(s.Result) {
		started.Outcome = gateway.Refused
		if results[s.Result].setUp {
			started.Alarm = "the contract is not set up for this: " + started.Word
		}
	}
	return started
}

// take verifies. decided is false when inquiry has to tell the rest.
func (g *Gateway) take(ctx context.Context, a gateway.Attempt) (report gateway.Report, decided bool) {
	data, err := g.verify(ctx, a)
	if err != nil {
		return client.LostReport(err), true
	}
	switch data.Result {
	case resultDone:
		if data.Amount == nil || data.OrderID == "" || data.Status == nil {
			return gateway.Report{}, false
		}
		if *data.Status != statusVerified {
			return gateway.Report{
				Outcome: gateway.Unknown, Word: statuses[*data.Status].words,
				Alarm: "verify succeeds with another status",
			}, true
		}
		return g.reported("verify", data, a), true
	case resultDoneAgain, resultUnpaid:
		return gateway.Report{}, false
	}
	return g.unclear("verify", data), true
}

// look inquires.
func (g *Gateway) look(ctx context.Context, a gateway.Attempt) gateway.Report {
	data, err := g.inquiry(ctx, a)
	if err != nil {
		return gateway.Report{Outcome: gateway.Unknown, Word: err.Error()} // a question moves nothing
	}
	if data.Result != resultDone {
		return g.unclear("inquiry", data)
	}
	return g.reported("inquiry", data, a)
}

// unclear is the report of a result that is no verdict.
func (g *Gateway) unclear(call string, data reportWire) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown, Word: g.words(data.saidWire, results)}
	if results[data.Result].setUp {
		report.Alarm = call + " says " + report.Word
	}
	return report
}

// reported maps a status, after it is certain that it speaks of our attempt.
// Money counts only with the whole story: amount, order and reference.
func (g *Gateway) reported(call string, data reportWire, a gateway.Attempt) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown, Card: client.Card(data.CardNumber)}
	switch {
	case data.Status == nil:
		report.Word = "a report without a status"
		return report
	case data.Amount != nil && *data.Amount != a.Amount.Steps():
		report.Alarm = call + " speaks of another amount"
		return report
	case data.OrderID != "" && string(data.OrderID) != a.Reference:
		report.Alarm = call + " speaks of another order"
		return report
	}
	known, ok := statuses[*data.Status]
	report.Word = strconv.Itoa(*data.Status) + ": " + known.words
	switch {
	case !ok:
		report.Word = "status " + strconv.Itoa(*data.Status)
		return report
	case known.setUp:
		report.Alarm = call + " says " + report.Word
	}
	switch known.outcome {
	case gateway.Captured:
		if data.Amount == nil || data.OrderID == "" || data.RefNumber == "" {
			report.Alarm = call + " says that it is paid, without amount, order or reference"
			return report
		}
		report.Receipt, report.Amount = string(data.RefNumber), a.Amount
	case gateway.Authorized:
		// Verify takes no amount, so taking would take whatever was paid.
		if data.Amount == nil || data.OrderID == "" {
			report.Alarm = call + " says that it is paid, without amount or order"
			return report
		}
		report.Amount = a.Amount
	case gateway.Declined, gateway.Canceled, gateway.Expired, gateway.Pending, gateway.Undone, gateway.Unknown:
	}
	report.Outcome, report.Reason = known.outcome, known.reason
	return report
}

// refunded is the report of an answer to refund.
func (g *Gateway) refunded(answer refundAnswer) gateway.ReturnReport {
	if answer.Result != platformDone {
		report := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: g.words(answer.saidWire, platformResults)}
		if known, ok := platformResults[answer.Result]; ok {
			report.Outcome = gateway.Denied
			if known.setUp {
				report.Alarm = "refund says " + report.Word
			}
		}
		return report
	}
	report := gateway.ReturnReport{Outcome: gateway.Underway}
	if answer.Data == nil {
		return report
	}
	if answer.Data.Reversed != nil && *answer.Data.Reversed {
		return gateway.ReturnReport{Outcome: gateway.Done, Undone: true}
	}
	if len(answer.Data.Split) == 1 {
		report.Receipt = string(answer.Data.Split[0].RefundID)
	}
	return report
}

// refundState maps the platform's word for the refund with the id.
func refundState(r gateway.Return, receipt string, list refundList) (gateway.ReturnReport, bool) {
	if list.Result != platformDone {
		return gateway.ReturnReport{}, false
	}
	for _, found := range list.Data {
		if string(found.RefundID) == receipt && found.Amount == r.Amount.Steps() {
			return stateReport(r, receipt, found.Status)
		}
	}
	return gateway.ReturnReport{}, false
}

// returnState maps what inquiry says of the payment. Its status speaks of all
// refunds of it together, so it settles only a refund of the whole payment.
func (g *Gateway) returnState(r gateway.Return, receipt string, said reportWire) gateway.ReturnReport {
	unsure := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: receipt}
	if said.Result != resultDone || said.Status == nil {
		unsure.Word = g.words(said.saidWire, results)
		return unsure
	}
	if said.OrderID != "" && string(said.OrderID) != r.Attempt.Reference {
		unsure.Alarm = "inquiry speaks of another order"
		return unsure
	}
	whole := r.Amount == r.Attempt.Amount
	if report, known := stateReport(r, receipt, *said.Status); known && (whole || *said.Status != statusRefunded) {
		return report
	}
	unsure.Word = statuses[*said.Status].words
	return unsure
}

// stateReport maps the three statuses that speak of money on its way back.
func stateReport(r gateway.Return, receipt string, status int) (gateway.ReturnReport, bool) {
	report := gateway.ReturnReport{Outcome: gateway.Done, Receipt: receipt}
	switch status {
	case statusRefunded:
	case statusRefunding:
		report.Outcome = gateway.Underway
	case statusReversed:
		report.Undone = true
		if r.Amount != r.Attempt.Amount {
			report.Alarm = "the provider gave back the whole payment instead of a part"
		}
	default:
		return gateway.ReturnReport{}, false
	}
	return report, true
}
