package ifthenpay

import (
	"strings"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
)

// The code of success: sent at start, paid at status.
const codeGood = "000"

// notStarted are the codes that say that a start pushed nothing that can be
// paid.
var notStarted = map[string]string{
	"100": "could not be done, try again",
	"122": "refused to this user",
	"999": "error, typically no subscriber of MB WAY",
}

// status is what the report of one code of status is.
type status struct {
	words   string
	outcome gateway.Outcome
}

// statuses are the codes of status. Any other is unknown.
var statuses = map[string]status{
	codeGood: {"paid", gateway.Captured},
	"020":    {"rejected by the payer in the app", gateway.Canceled},
	"101":    {"expired", gateway.Expired},
	"122":    {"declined to the payer", gateway.Declined},
	"123":    {"waiting for the payer", gateway.Pending},
}

// refusals are the codes of a refund that was not made.
var refusals = map[string]string{
	"-1": "not enough available money",
	"0":  "refused",
}

const refundDone = "1"

// words join a code with what it means and what the provider says, without the
// payer's telephone number.
func (g *Gateway) words(code, message string) string {
	return g.client.Words(code, numberForm.ReplaceAllString(message, "[redacted]"))
}

// started maps the answer of a start. Success about something else is no
// session of ours: a push may be there, but what it asks for is not known.
func (g *Gateway) started(said pushed, a gateway.Attempt) gateway.Started {
	code, request := string(said.Status), string(said.RequestID)
	if words, ok := notStarted[code]; ok {
		return gateway.Started{Outcome: gateway.Refused, Word: g.words(code+": "+words, said.Message)}
	}
	lost := gateway.Started{Outcome: gateway.NoAnswer}
	switch {
	case code != codeGood:
		lost.Word = g.words("status "+code, said.Message)
	case !requestForm.MatchString(request):
		lost.Word = "a RequestId of strange characters"
	case said.OrderID != "" && string(said.OrderID) != a.Short:
		lost.Alarm = "start speaks of another order"
	case said.Amount != "" && said.Amount.In(money.EUR) != a.Amount:
		lost.Alarm = "start speaks of another amount"
	default:
		return gateway.Started{Outcome: gateway.Opened, Session: request}
	}
	return lost
}

// reported maps a status, after it is certain that it speaks of our push. It
// names no amount: the request was made for ours, and what a callback said of
// the amount is compared.
func (g *Gateway) reported(said statusWire, a gateway.Attempt) gateway.Report {
	code := string(said.Status)
	known, ok := statuses[code]
	report := gateway.Report{Outcome: gateway.Unknown, Word: code + ": " + known.words}
	switch {
	case !ok:
		report.Word = g.words("status "+code, said.Message)
		return report
	case string(said.RequestID) != a.Session:
		report.Alarm = "status speaks of another request"
		return report
	}
	switch known.outcome {
	case gateway.Captured:
		if told, ok := toldAmount(a.Word); ok && told != a.Amount {
			report.Alarm = "a callback speaks of another amount"
			return report
		}
		report.Receipt, report.Amount = a.Session, a.Amount
	case gateway.Pending:
		// After its time a push cannot be paid, so a provider that still calls it
		// open has not decided yet.
		if !a.Deadline.IsZero() && g.now().After(a.Deadline) {
			return report
		}
	case gateway.Declined, gateway.Canceled, gateway.Expired, gateway.Authorized, gateway.Undone, gateway.Unknown:
	}
	report.Outcome = known.outcome
	return report
}

// refunded maps the answer of a refund.
func (g *Gateway) refunded(said refundAnswer) gateway.ReturnReport {
	code := said.Code.String()
	if code == refundDone {
		return gateway.ReturnReport{Outcome: gateway.Done}
	}
	if words, ok := refusals[code]; ok {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: g.words(code+": "+words, said.Message)}
	}
	return gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: g.words("code "+code, said.Message)}
}

// The words of notices, with an amount behind them.
const (
	wordPaid     = "callback: paid "
	wordRefunded = "callback: refunded "
)

// toldAmount is the amount of a payment that a callback spoke of.
func toldAmount(word string) (money.Amount, bool) {
	text, ok := strings.CutPrefix(word, wordPaid)
	return client.Decimal(text).In(money.EUR), ok
}
