package nagad

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
)

// The words of a success, which counts only with its code.
const (
	statusSuccess   = "Success"
	statusCancelled = "Cancelled"
	codeSuccess     = "000"
)

// statuses are the other words of verify.
var statuses = map[string]gateway.Outcome{
	statusCancelled: gateway.Canceled, "Aborted": gateway.Canceled, "Failed": gateway.Declined,
	"OrderInitiated": gateway.Pending, "Ready": gateway.Pending, "InProgress": gateway.Pending,
}

// untouched are the words of a page that nobody has begun to pay on.
var untouched = []string{"OrderInitiated", "Ready"}

// patience is how long after our own expiry an untouched page is still open
// for us: the provider has no word for time that ran out.
const patience = time.Hour

// words are a refusal in the provider's words.
func (g *Gateway) words(r refusalWire) string {
	return g.client.Words(string(r.Reason), string(r.Message), string(r.DevMessage))
}

// reported maps what verify says, after it is certain that it speaks of our
// attempt. Money counts only with the whole story.
func (g *Gateway) reported(facts factsWire, a gateway.Attempt) gateway.Report {
	report := gateway.Report{
		Outcome: gateway.Unknown, Word: g.client.Words(facts.Status, string(facts.StatusCode)),
	}
	if facts.given() {
		report.Word = g.words(facts.refusalWire)
		return report
	}
	if other := g.differs(facts, a); other != "" {
		report.Alarm = "verify speaks of another " + other
		return report
	}
	success, zero := facts.Status == statusSuccess, facts.StatusCode == codeSuccess
	outcome, known := statuses[facts.Status]
	switch {
	case success != zero:
		report.Alarm = "verify says success in its status or in its code, but not in both"
	case success && zero:
		return g.paid(report, facts, a)
	case !known:
	case outcome != gateway.Pending && (facts.IssuerPaymentRef != "" || facts.CancelRef != ""):
		report.Alarm = "verify says that it was paid and is not any more"
	case slices.Contains(untouched, facts.Status) && g.late(a):
		report.Outcome = gateway.Expired
	default:
		report.Outcome = outcome
	}
	return report
}

// differs names the first value that is there and is not ours.
func (g *Gateway) differs(facts factsWire, a gateway.Attempt) string {
	switch {
	case facts.MerchantID != "" && string(facts.MerchantID) != g.merchant.Reveal():
		return "merchant"
	case facts.OrderID != "" && string(facts.OrderID) != a.Short:
		return "order"
	case facts.PaymentRefID != "" && string(facts.PaymentRefID) != a.Session:
		return "payment"
	case facts.Amount != "" && !equal(facts.Amount, a.Amount):
		return "amount"
	}
	return ""
}

// paid is the report of a success, which must name everything.
func (g *Gateway) paid(report gateway.Report, facts factsWire, a gateway.Attempt) gateway.Report {
	if facts.MerchantID == "" || facts.OrderID == "" || facts.PaymentRefID == "" || facts.Amount == "" ||
		facts.IssuerPaymentRef == "" {
		report.Alarm = "verify says that it is paid, and not what"
		return report
	}
	report.Outcome, report.Receipt, report.Amount = gateway.Captured, string(facts.IssuerPaymentRef), a.Amount
	return report
}

// equal compares decimal text with an amount, digit by digit.
func equal(text json.Number, amount money.Amount) bool {
	read, err := money.Parse(text.String(), amount.Unit())
	return err == nil && read == amount
}

// late says that our own expiry is long past.
func (g *Gateway) late(a gateway.Attempt) bool {
	return !a.Deadline.IsZero() && !g.now().Before(a.Deadline.Add(patience))
}

// trusted says that a page's address is on a host that the contract names.
func (g *Gateway) trusted(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	if u.Scheme != "https" && (g.live || u.Scheme != "http") {
		return false
	}
	return slices.ContainsFunc(g.hosts, func(host string) bool {
		return u.Host == host || strings.HasPrefix(host, ".") && strings.HasSuffix(u.Host, host)
	})
}

// returned maps a cancel answer that opened.
func returned(r gateway.Return, said backAnswer, words func(...string) string) gateway.ReturnReport {
	report := gateway.ReturnReport{
		Outcome: gateway.ReturnUnsure, Receipt: string(said.CancelRef), Word: words(said.Status),
	}
	switch {
	case !equal(said.CancelAmount, r.Amount):
		report.Alarm = "cancel answers with another amount"
	case said.OrderID != "" && string(said.OrderID) != r.Attempt.Short:
		report.Alarm = "cancel answers for another order"
	case said.Status == "" || said.Status == statusSuccess || said.Status == statusCancelled:
		report.Outcome = gateway.Done
	}
	return report
}

// returnState maps what verify says of money that went back. It names the last
// cancel only, so that without its number only a whole one is certainly ours.
func (g *Gateway) returnState(r gateway.Return, receipt string, facts factsWire) gateway.ReturnReport {
	report := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: receipt, Word: g.words(facts.refusalWire)}
	other := g.differs(facts, r.Attempt)
	switch {
	case facts.given():
	case other != "":
		report.Alarm = "verify speaks of another " + other
	case facts.CancelRef == "":
		report.Word = "verify shows no cancel"
	case receipt == string(facts.CancelRef), receipt == "" && r.Amount == r.Attempt.Amount:
		report.Outcome, report.Receipt = gateway.Done, string(facts.CancelRef)
	default:
		report.Word = "verify shows another cancel, or one of which it does not say whose it is"
	}
	return report
}
