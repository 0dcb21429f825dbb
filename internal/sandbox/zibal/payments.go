package zibal

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

const (
	minAmount      = 1000
	firstReference = 123_400_000_000
	timeForm       = "2006-01-02T15:04:05.000000"
)

// Track ids have fourteen digits; the huge ones are odd and above 2^53, where a float64 holds even numbers only.
const (
	firstTrackID = 10_000_000_000_000
	trackIDs     = 90_000_000_000_000
	firstHuge    = 9_100_000_000_000_001
)

// asked is one call on the payment host that has passed the shared checks.
type asked struct {
	*sandbox.Call
	fields   sandbox.Fields
	id       string // the merchant's
	merchant sandbox.Merchant
}

// payments wraps the checks and the answer shape of the payment host around one of its calls. A call answers a body,
// or a result code other than 100.
func payments(work func(a *asked) (sandbox.Object, int)) sandbox.Work {
	return func(c *sandbox.Call) sandbox.Reply {
		fields, err := sandbox.ParseJSON(c.Body)
		if err != nil || sandbox.MediaType(c.Request) != "application/json" {
			return sandbox.JSON(http.StatusBadRequest, sandbox.Object{{Name: "message", Value: "bad request"}})
		}
		a := &asked{Call: c, fields: fields, id: fields.Text("merchant")}
		code := a.admit()
		var body sandbox.Object
		if code == 0 {
			body, code = work(a)
		}
		if code != 0 {
			body = result(code)
		}
		if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok && c.Name != "inquiry" {
			body.Set("result", json.Number(cmp.Or(fault.Value, "777")))
		}
		return reply(c, body)
	}
}

// admit finds out whether the merchant may call; zero means yes.
func (a *asked) admit() int {
	if fault, ok := a.Fault(sandbox.FaultRefuse); ok {
		return number(fault.Value, 104)
	}
	merchant, listed := a.Merchant(a.id)
	a.merchant = merchant
	switch {
	case a.id != TestMerchant && !listed:
		return 102
	case merchant.Refuse != "":
		return number(merchant.Refuse, 104)
	case !merchant.Accepts(a.Request.RemoteAddr):
		return 115
	}
	return 0
}

// number reads a code from outside.
func number(code string, usual int) int {
	value, err := strconv.Atoi(code)
	if err != nil {
		return usual
	}
	return value
}

// request opens a payment.
func request(a *asked) (sandbox.Object, int) {
	for _, check := range []func(*asked) int{
		checkAmount, checkCallback, checkModes, checkShares, checkPayer, checkOrder,
	} {
		if code := check(a); code != 0 {
			return nil, code
		}
	}
	amount, _ := a.fields.Whole("amount")
	kept := a.Create(sandbox.Payment{
		ID: a.trackID(), Merchant: a.id, Amount: amount, Asked: amount, Currency: "IRR",
		Callback: a.fields.Text("callbackUrl"), OrderID: a.fields.Word("orderId"),
		Description: a.fields.Text("description"), Mobile: a.fields.Word("mobile"),
		Cards: a.fields.Texts("allowedCards"),
	})
	a.Subject = kept.ID
	track := any(json.Number(kept.ID))
	if a.Setting(switchTrackIDType) == "text" {
		track = kept.ID
	}
	body := append(result(100), sandbox.Member{Name: "trackId", Value: track})
	if wanted, _ := a.fields.Flag("linkToPay"); wanted {
		body = append(body, sandbox.Member{Name: "payLink", Value: a.PublicURL() + "/start/" + kept.ID})
	}
	return body, 0
}

// trackID draws a number that no payment has.
func (a *asked) trackID() string {
	if _, ok := a.Fault(FaultHugeTrackID); ok {
		return strconv.FormatInt(firstHuge+2*a.Next(), 10)
	}
	for {
		digest := a.Digest("track", a.Next())
		var drawn int64
		for _, octet := range digest[:7] {
			drawn = drawn<<8 | int64(octet)
		}
		id := strconv.FormatInt(firstTrackID+drawn%trackIDs, 10)
		if _, taken := a.Find(id); !taken {
			return id
		}
	}
}

// verify captures a paid payment: 100 the first time, 201 ever after. It takes no amount.
func verify(a *asked) (sandbox.Object, int) {
	p, ok := a.Find(a.fields.Word("trackId"))
	if !ok || p.Merchant != a.id {
		return nil, 203
	}
	switch p.State {
	case sandbox.Verified, sandbox.Refunding, sandbox.Refunded:
		return a.verifiedBefore(p), 0
	case sandbox.Paid:
	case sandbox.Open, sandbox.Failed, sandbox.Canceled, sandbox.Expired, sandbox.Returned, sandbox.Reversed:
		return nil, 202
	}
	for _, name := range []string{sandbox.FaultSlowTruth, FaultStatus11Then2} {
		if _, ok := a.Fault(name); ok {
			return nil, 202
		}
	}
	p.Verify(a.Now)
	a.Save(p)
	if _, ok := a.Fault(FaultVerify201First); ok {
		return a.verifiedBefore(p), 0
	}
	return append(result(100), a.report(p, statusOf(*p))...), 0
}

// verifiedBefore is the answer of a repeated verify.
func (a *asked) verifiedBefore(p *sandbox.Payment) sandbox.Object {
	body := result(201)
	if a.Setting(switchVerify201) == "full" {
		body = append(body, a.report(p, statusOf(*p))...)
	}
	return body
}

// inquiry reports on a payment and changes nothing. Result 100 only says that there is a report.
func inquiry(a *asked) (sandbox.Object, int) {
	p := a.inquired()
	if p == nil {
		return nil, 203
	}
	status := statusOf(*p)
	if p.Charges > 0 {
		if _, ok := a.Fault(sandbox.FaultSlowTruth); ok {
			status = statusWaiting
		}
		if _, ok := a.Fault(FaultStatus11Then2); ok {
			status = statusSwitch
		}
	}
	if _, ok := a.Fault(FaultInquiryMinus2); ok {
		status = statusInternal
	}
	if fault, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		status = number(fault.Value, 77)
	}
	body := append(result(100), a.report(p, status)...)
	return append(body,
		sandbox.Member{Name: "createdAt", Value: stamp(p.CreatedAt)},
		sandbox.Member{Name: "verifiedAt", Value: stamp(p.VerifiedAt)},
		sandbox.Member{Name: "wage", Value: 0}), 0
}

// inquired finds the payment by its trackId, or by the order where the switch lets it.
func (a *asked) inquired() *sandbox.Payment {
	if p, ok := a.Find(a.fields.Word("trackId")); ok && p.Merchant == a.id {
		return p
	}
	order := a.fields.Word("orderId")
	if a.fields.Has("trackId") || order == "" || a.Setting(switchInquiryByOrder) == "off" {
		return nil
	}
	for _, p := range a.Payments() {
		if p.Merchant == a.id && p.OrderID == order {
			a.Subject = p.ID
			return p
		}
	}
	return nil
}

// report is what verify and inquiry tell about a payment.
func (a *asked) report(p *sandbox.Payment, status int) sandbox.Object {
	amount, order := p.Amount, p.OrderID
	if fault, ok := a.Fault(sandbox.FaultWrongAmount); ok {
		amount /= 10
		if other, err := strconv.ParseInt(fault.Value, 10, 64); err == nil {
			amount = other
		}
	}
	if fault, ok := a.Fault(sandbox.FaultWrongOrder); ok {
		order = cmp.Or(fault.Value, "another-order")
	}
	reference, card := any(nil), any(nil)
	if p.Charges > 0 && status != statusWaiting {
		reference, card = firstReference+p.Reference, masked(p.Card)
	}
	return sandbox.Object{
		{Name: "status", Value: status},
		{Name: "amount", Value: amount},
		{Name: "refNumber", Value: reference},
		{Name: "paidAt", Value: stamp(p.PaidAt)},
		{Name: "cardNumber", Value: card},
		{Name: "orderId", Value: sandbox.OrNull(order)},
		{Name: "description", Value: sandbox.OrNull(p.Description)},
		{Name: "multiplexingInfos", Value: []any{}},
	}
}

// stamp writes a time as Tehran's clock shows it, without saying so; null when there is none.
func stamp(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.In(tehran).Format(timeForm)
}

// masked shows five and two digits of a card.
func masked(card string) string {
	if len(card) != 16 {
		return ""
	}
	return card[:5] + strings.Repeat("*", 4) + card[14:]
}
