package zibal

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// Result codes of the platform host, which are another set than those of the payment host.
const (
	platformDone       = 1
	platformNoKey      = 2
	platformWrongKey   = 3
	platformWrongInput = 6
	platformMinimum    = 9
)

// reverseWindow is how long a payment can be undone instead of refunded; nobody publishes it.
const reverseWindow = 30 * time.Minute

const firstRefund = 88_000

// office is one platform call that has passed the token check.
type office struct {
	*sandbox.Call
	fields sandbox.Fields
	owner  string // the only merchant whose payments may be seen; empty means all
}

// platform wraps the token check and the answer shape of the platform host around one of its calls. A call answers
// its data, or a result code other than 1.
func platform(work func(o *office) (sandbox.Object, int)) sandbox.Work {
	return func(c *sandbox.Call) sandbox.Reply {
		if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
			return reply(c, platformResult(number(fault.Value, platformWrongInput)))
		}
		token, found := strings.CutPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
		if !found || token == "" {
			return reply(c, platformResult(platformNoKey))
		}
		owner, ok := c.PanelOwner(token)
		if !ok {
			return reply(c, platformResult(platformWrongKey))
		}
		fields, err := sandbox.ParseJSON(c.Body)
		if err != nil {
			return sandbox.JSON(http.StatusBadRequest, sandbox.Object{{Name: "message", Value: "bad request"}})
		}
		data, code := work(&office{Call: c, fields: fields, owner: owner})
		if code != 0 {
			return reply(c, platformResult(code))
		}
		body := append(platformResult(platformDone), data...)
		if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok {
			body.Set("result", number(fault.Value, 777))
		}
		return reply(c, body)
	}
}

// platformWords are the platform's own words, shortened.
var platformWords = map[int]string{
	platformDone: "success", platformNoKey: "api key missing", platformWrongKey: "api key wrong",
	platformWrongInput: "input wrong", platformMinimum: "minimum is 1,000 rial",
}

func platformResult(code int) sandbox.Object {
	message, ok := platformWords[code]
	if !ok {
		message = "refused"
	}
	return sandbox.Object{{Name: "result", Value: code}, {Name: "message", Value: message}}
}

// refund sends money back with the bank's next cycle, or undoes the whole payment where that is still possible.
func refund(o *office) (sandbox.Object, int) {
	p, known := o.Find(o.fields.Word("trackId"))
	if !known || !o.sees(p) || o.fields.Word("accountId") == "" || p.Captures == 0 {
		return nil, platformWrongInput
	}
	amount := p.Refundable()
	if o.fields.Has("amount") {
		wanted, ok := o.fields.Whole("amount")
		switch {
		case !ok:
			return nil, platformWrongInput
		case wanted < minAmount:
			return nil, platformMinimum
		}
		amount = wanted
	}
	if amount <= 0 || amount > p.Refundable() {
		return nil, platformWrongInput
	}
	undoable := amount == p.Amount && !o.Now.After(p.PaidAt.Add(reverseWindow))
	if wanted, _ := o.fields.Flag("tryReverse"); wanted && undoable {
		p.Reverse(o.Now)
		o.Save(p)
		return o.refundAnswer(p, nil), 0
	}
	given := o.give(p, amount)
	return o.refundAnswer(p, given), 0
}

// give books a refund that arrives with the bank's next cycle.
func (o *office) give(p *sandbox.Payment, amount int64) *sandbox.Refund {
	given := sandbox.Refund{
		ID: firstRefund + o.Next(), Amount: amount, Description: o.fields.Text("description"),
		Status: sandbox.RefundPending, At: o.Now, DueAt: o.Now.Add(o.Length(switchRefundCycle)),
	}
	if _, ok := o.Fault(FaultRefundStays16); ok {
		given.Fate = sandbox.FateStays
	}
	if _, ok := o.Fault(FaultRefundBecomes18); ok {
		given.Fate = sandbox.FateReverses
	}
	p.Refunds = append(p.Refunds, given)
	afterRefund(p)
	o.Save(p)
	return &given
}

// sees tells whether the token's owner may know of a payment.
func (o *office) sees(p *sandbox.Payment) bool { return o.owner == "" || p.Merchant == o.owner }

// refundAnswer says what became of a refund; without one the payment was reversed.
func (o *office) refundAnswer(p *sandbox.Payment, given *sandbox.Refund) sandbox.Object {
	data := sandbox.Object{{Name: "reversed", Value: given == nil}}
	if o.Setting(switchRefundAnswer) == "short" {
		return sandbox.Object{{Name: "data", Value: data}}
	}
	split := []sandbox.Object{}
	if given != nil {
		split = append(split, showRefund(*given))
	}
	data = append(data,
		sandbox.Member{Name: "remaining", Value: p.Refundable()}, sandbox.Member{Name: "split", Value: split})
	return sandbox.Object{{Name: "status", Value: statusOf(*p)}, {Name: "data", Value: data}}
}

func showRefund(r sandbox.Refund) sandbox.Object {
	return sandbox.Object{
		{Name: "amount", Value: r.Amount},
		{Name: "wageAmount", Value: 0},
		{Name: "refundId", Value: r.ID},
		{Name: "predictedTime", Value: r.DueAt.In(tehran).Format("2006-01-02T15:04:05")},
	}
}

// refundInquiry reports on one refund, or on all refunds of one payment.
func refundInquiry(o *office) (sandbox.Object, int) {
	wanted, track := o.fields.Word("refundId"), o.fields.Word("transactionTrackId")
	if wanted == "" && track == "" {
		return nil, platformWrongInput
	}
	list := o.refunds(func(p *sandbox.Payment, r sandbox.Refund) bool {
		return (wanted == "" || wanted == strconv.FormatInt(r.ID, 10)) && (track == "" || track == p.ID)
	})
	if len(list) == 0 {
		return nil, platformWrongInput
	}
	return sandbox.Object{{Name: "data", Value: list}}, 0
}

// refundList reports on all refunds, the latest payment's first.
func refundList(o *office) (sandbox.Object, int) {
	return sandbox.Object{
		{Name: "data", Value: o.refunds(func(*sandbox.Payment, sandbox.Refund) bool { return true })},
	}, 0
}

// refunds lists what the token's owner may see and the filter lets through.
func (o *office) refunds(wanted func(p *sandbox.Payment, r sandbox.Refund) bool) []sandbox.Object {
	list := []sandbox.Object{}
	for _, p := range o.Payments() {
		if !o.sees(p) {
			continue
		}
		for _, r := range p.Refunds {
			if wanted(p, r) {
				list = append(list, append(showRefund(r), sandbox.Member{Name: "trackId", Value: json.Number(p.ID)},
					sandbox.Member{Name: "status", Value: refundStatus(p, r)}))
			}
		}
	}
	return list
}

// refundStatus is the payment's status number that fits one refund.
func refundStatus(p *sandbox.Payment, r sandbox.Refund) int {
	switch {
	case p.State == sandbox.Reversed:
		return statusReversed
	case r.Status == sandbox.RefundPending:
		return statusRefunding
	case r.Status == sandbox.RefundSucceeded:
		return statusRefunded
	}
	return statusVerified
}
