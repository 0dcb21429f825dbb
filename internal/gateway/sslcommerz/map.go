package sslcommerz

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
)

// The provider's words.
const (
	connected     = "DONE"
	wordSuccess   = "SUCCESS"
	wordFailed    = "FAILED"
	wordValid     = "VALID"
	wordValidated = "VALIDATED"
	wordPending   = "PENDING"
	wordCanceled  = "CANCELLED"
	wordExpired   = "EXPIRED"
	wordUntried   = "UNATTEMPTED"
)

// The words for a risk.
const (
	riskNone = "0"
	riskHigh = "1"
)

// rocketPrefix begins the card type of what was paid with Rocket.
const rocketPrefix = "DBBLMOBILEB"

// refusedStart is the report of a checkout that was not opened.
func (g *Gateway) refusedStart(reason string) gateway.Started {
	started := gateway.Started{Outcome: gateway.Refused, Word: g.client.Words(reason)}
	if strings.Contains(strings.ToLower(reason), "store") {
		started.Alarm = "the provider does not accept the store: " + started.Word
	}
	return started
}

// unaccepted is the report of a question that was not accepted.
func (g *Gateway) unaccepted(call string, connect text) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown, Word: g.client.Words(string(connect))}
	if connect == "INACTIVE" || connect == "INVALID_REQUEST" {
		report.Alarm = call + " is not accepted: " + report.Word
	}
	return report
}

// look lists the tries. The val_ids of those that are money come with it, the
// earliest first; without one the report says how the attempt stands.
func (g *Gateway) look(ctx context.Context, a gateway.Attempt) (gateway.Report, []string) {
	data, err := g.query(ctx, a.Session)
	if err != nil {
		return lost(err), nil
	}
	if data.Connect != connected {
		return g.unaccepted("the query", data.Connect), nil
	}
	if len(data.List) == 0 {
		return g.nothingTried(a, data.Found), nil
	}
	words := map[text]bool{}
	var good []try
	for _, found := range data.List {
		if found.Tran != text(a.Session) {
			return gateway.Report{Outcome: gateway.Unknown, Alarm: "the query speaks of another order"}, nil
		}
		words[found.Status] = true
		if found.Status == wordValid || found.Status == wordValidated {
			good = append(good, found)
		}
	}
	if len(good) > 0 {
		return validIDs(good)
	}
	return g.stands(a, words), nil
}

// validIDs are the val_ids of tries that are money.
func validIDs(good []try) (gateway.Report, []string) {
	slices.SortFunc(good, func(x, y try) int {
		return strings.Compare(string(x.Date+x.Val), string(y.Date+y.Val))
	})
	var ids []string
	for _, found := range good {
		if !validForm.MatchString(string(found.Val)) {
			return gateway.Report{Outcome: gateway.Unknown, Alarm: "a try that is paid has no val_id"}, nil
		}
		if !slices.Contains(ids, string(found.Val)) {
			ids = append(ids, string(found.Val))
		}
	}
	return gateway.Report{Outcome: gateway.Unknown}, ids
}

// stands is the report of an attempt none of whose tries is money.
func (g *Gateway) stands(a gateway.Attempt, words map[text]bool) gateway.Report {
	over := !a.Deadline.IsZero() && g.now().After(a.Deadline)
	said := make([]string, 0, len(words))
	for word := range words {
		said = append(said, string(word))
		if !slices.Contains([]text{wordPending, wordFailed, wordCanceled, wordExpired, wordUntried}, word) {
			return gateway.Report{Outcome: gateway.Unknown, Word: g.client.Words(string(word))}
		}
	}
	slices.Sort(said)
	report := gateway.Report{Outcome: gateway.Pending, Word: strings.Join(said, ", ")}
	switch {
	case words[wordPending]:
	case words[wordCanceled]:
		report.Outcome = gateway.Canceled
	case words[wordExpired] || (over && words[wordUntried]):
		report.Outcome = gateway.Expired
	case over: // failed tries only: until then the payer may try again
		report.Outcome = gateway.Declined
	}
	return report
}

// nothingTried is the report of an empty list. It is believed when it is given
// again an hour after the time was over.
func (g *Gateway) nothingTried(a gateway.Attempt, found text) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown, Word: "a list without its tries"}
	if found != "0" {
		return report
	}
	report.Outcome, report.Word = gateway.Pending, "nothing was tried"
	now := g.now()
	if !a.Deadline.IsZero() && now.After(a.Deadline) && g.empty.again(a.Session, now) {
		report.Outcome = gateway.Expired
	}
	return report
}

// confirm validates a val_id and compares everything with the attempt.
func (g *Gateway) confirm(ctx context.Context, a gateway.Attempt, id string) gateway.Report {
	data, err := g.validate(ctx, id)
	if err != nil {
		return lost(err)
	}
	if data.Connect != connected {
		return g.unaccepted("validation", data.Connect)
	}
	report := gateway.Report{Outcome: gateway.Unknown, Word: g.client.Words(string(data.Status), string(data.CardType))}
	if data.Status != wordValid && data.Status != wordValidated {
		if data.Status == "INVALID_TRANSACTION" {
			report.Alarm = "validation does not know the payment that the query shows"
		}
		return report
	}
	if report.Alarm = g.differs(a, id, data.try); report.Alarm != "" {
		return report
	}
	report.Amount, report.Card = a.Amount, client.Card(string(data.CardNo))
	switch data.Risk {
	case riskNone:
		report.Outcome, report.Receipt = gateway.Captured, string(data.Bank)
		report.Fee = feeOf(a.Amount, data.Kept)
	case riskHigh:
		report.Outcome, report.Alarm = gateway.Pending, "it is paid, and the provider sees a risk: a person must decide"
	default:
		report.Alarm = "it is paid, and the provider does not say whether there is a risk"
	}
	if g.filters[a.Method] == filterRocket && !strings.HasPrefix(string(data.CardType), rocketPrefix) {
		report.Word = g.client.Words("not paid with Rocket", report.Word)
	}
	return report
}

// differs says in which point a positive validation is not about the attempt;
// empty = in none.
func (g *Gateway) differs(a gateway.Attempt, id string, found try) string {
	switch {
	case found.Tran != text(a.Session):
		return "validation speaks of another order"
	case found.Val != "" && found.Val != text(id):
		return "validation speaks of another payment"
	case found.Store != "" && found.Store != text(g.store):
		return "validation speaks of another store"
	case found.Currency != "BDT" || (found.Asked != "" && found.Asked != "BDT"):
		return "validation speaks of another currency"
	case found.Amount.taka() != a.Amount || (found.AskedSum != "" && found.AskedSum.taka() != a.Amount):
		return "validation speaks of another amount"
	case !receiptForm.MatchString(string(found.Bank)):
		return "validation succeeds without a reference of the payment"
	}
	return ""
}

// feeOf is what the provider keeps of the amount; not valid when it does not say.
func feeOf(amount money.Amount, kept text) money.Amount {
	fee, err := amount.Sub(kept.taka())
	if err != nil || fee.Sign() < 0 {
		return money.Amount{}
	}
	return fee
}

// lost is the report of a question without a usable answer; it moves nothing.
func lost(err error) gateway.Report {
	return gateway.Report{Outcome: gateway.Unknown, Word: err.Error()}
}

// refunded is the report of an answer to a refund.
func (g *Gateway) refunded(r gateway.Return, data givenBack) gateway.ReturnReport {
	report := gateway.ReturnReport{
		Outcome: gateway.ReturnUnsure, Word: g.client.Words(string(data.Status), string(data.Reason)),
	}
	if data.Connect != connected {
		report.Word = g.client.Words(string(data.Connect))
		report.Alarm = "the refund is not accepted: " + report.Word
		return report
	}
	if data.Bank != text(r.Receipt) {
		report.Alarm = "the answer to the refund speaks of another payment"
		return report
	}
	switch {
	case data.Status == "failed" && data.ID == "":
		report.Outcome = gateway.Denied
	case (data.Status == "success" || data.Status == "processing") && receiptForm.MatchString(string(data.ID)):
		report.Outcome, report.Receipt, report.Word = gateway.Underway, string(data.ID), ""
	}
	return report
}

// refundStands is the report of an answer about a refund.
func (g *Gateway) refundStands(r gateway.Return, receipt string, data givenBack) gateway.ReturnReport {
	report := gateway.ReturnReport{
		Outcome: gateway.ReturnUnsure, Receipt: receipt, Word: g.client.Words(string(data.Status), string(data.Reason)),
	}
	switch {
	case data.Connect != connected:
		report.Word = g.client.Words(string(data.Connect))
	case data.Bank != text(r.Receipt) || (data.ID != "" && data.ID != text(receipt)):
		report.Alarm = "the answer about the refund speaks of another one"
	case data.Status == "refunded":
		report.Outcome, report.Word = gateway.Done, ""
	case data.Status == "processing":
		report.Outcome, report.Word = gateway.Underway, ""
	case data.Status == "cancelled":
		report.Outcome = gateway.Denied
	}
	return report
}

// How long an empty answer is remembered about, and how many at most.
const (
	emptyGap  = time.Hour
	emptyMost = 10_000
)

// empty remembers when the provider first said, after an attempt's time was
// over, that nothing was tried. What is forgotten only takes an hour longer.
type empty struct {
	mu    sync.Mutex
	first map[string]time.Time
}

func newEmpty() *empty { return &empty{first: map[string]time.Time{}} }

// again notes an empty answer and says that another came an hour before it.
func (e *empty) again(session string, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	first, known := e.first[session]
	if !known {
		if len(e.first) >= emptyMost {
			clear(e.first)
		}
		e.first[session] = now
		return false
	}
	return now.Sub(first) >= emptyGap
}
