package nagad

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/sandbox"
)

// The facts of a payment that only this provider knows.
const (
	factStage     = "stage" // the word of an open order
	factChallenge = "challenge"
	factInfo      = "info" // the merchant's own, as JSON text
)

// The words of an open order.
const (
	wordInitiated = "OrderInitiated"
	wordReady     = "Ready"
	wordProgress  = "InProgress"
)

const (
	stampForm = "20060102150405"
	shownForm = "2006-01-02 15:04:05.0" // the form of verify's times is made up
	takaCode  = "050"
)

// initialize opens an order and tells its reference.
func initialize(a *asked) (answer, *refusal) {
	order := a.message.Text("orderId")
	switch {
	case a.Request.PathValue("merchant") != a.merchant.ID:
		return answer{}, noMerchant
	case order == "" || len(order) > maxOrder || a.Request.PathValue("order") != order:
		return answer{}, noOrder
	case a.message.Text("challenge") == "":
		return answer{}, badFields
	case !a.punctual():
		return answer{}, badClock
	case a.Setting(switchRepeat) == "refused" && a.used(order):
		return answer{}, usedOrder
	}
	number := a.Next()
	challenge := a.Letters("challenge", number, 8)
	kept := a.Create(sandbox.Payment{
		ID: a.reference(number), Merchant: a.merchant.ID, Currency: string(money.BDT), OrderID: order, AutoVerify: true,
		Mobile: a.body.Text("accountNumber"), Facts: map[string]string{factStage: wordInitiated, factChallenge: challenge},
	})
	a.Subject = kept.ID
	if _, ok := a.Fault(FaultChallenge); ok {
		challenge = "another" + challenge
	}
	return answer{sealed: sandbox.Object{
		{Name: "paymentReferenceId", Value: kept.ID},
		{Name: "challenge", Value: challenge},
		{Name: "acceptDateTime", Value: a.Now.In(dhaka).Format(stampForm)},
	}}, nil
}

// punctual compares both times of initialize with the emulator's clock.
func (a *asked) punctual() bool {
	inside := a.message.Text("datetime")
	at, err := time.ParseInLocation(stampForm, inside, dhaka)
	if err != nil || a.body.Text("dateTime") != inside {
		return false
	}
	if a.Setting(switchTolerance) == "off" {
		return true
	}
	return a.Now.Sub(at).Abs() <= a.Length(switchTolerance)
}

// used tells whether the merchant had the order before.
func (a *asked) used(order string) bool {
	for _, p := range a.Payments() {
		if p.Merchant == a.merchant.ID && p.OrderID == order {
			return true
		}
	}
	return false
}

// reference draws a payment reference: base64 of 39 digits, which is 52 letters.
func (a *asked) reference(number int64) string {
	drawn := a.Digest("reference", number)
	digits := fmt.Sprintf("%s%05d%020d", a.Now.In(dhaka).Format(stampForm), number, binary.BigEndian.Uint64(drawn[:8]))
	return base64.StdEncoding.EncodeToString([]byte(digits))
}

// complete names the amount and opens the customer page.
func complete(a *asked) (answer, *refusal) {
	p, ok := a.Find(a.Request.PathValue("reference"))
	callback := a.body.Text("merchantCallbackURL")
	amount, err := money.Parse(a.message.Text("amount"), money.BDT)
	switch {
	case !ok || p.Merchant != a.merchant.ID:
		return answer{}, noPayment
	case a.message.Text("orderId") != p.OrderID:
		return answer{}, noOrder
	case a.message.Text("challenge") != p.Facts[factChallenge]:
		return answer{}, badFields
	case a.message.Text("currencyCode") != takaCode || err != nil || amount.Steps() < 100:
		return answer{}, badFields
	case !sandbox.WebAddress(callback) || len(callback) > maxCallback || !sandbox.OnDomain(callback, a.merchant.Domain):
		return answer{}, badFields
	case a.body.Has("paymentRefId") && a.body.Text("paymentRefId") != p.ID:
		return answer{}, badFields
	case p.State != sandbox.Open || p.Facts[factStage] != wordInitiated:
		return answer{}, badState
	}
	p.Amount, p.Asked, p.Callback = amount.Steps(), amount.Steps(), callback
	p.Facts[factStage], p.Facts[factInfo] = wordReady, string(a.body["additionalMerchantInfo"])
	a.Save(p)
	page, status := a.PublicURL()+"/check-out/"+p.ID, "Success"
	if _, ok := a.Fault(FaultForeignPage); ok {
		page = "https://nagad.example.net/check-out/" + p.ID
	}
	if fault, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		status = cmp.Or(fault.Value, "Queued")
	}
	return answer{plain: sandbox.Object{{Name: "callBackUrl", Value: page}, {Name: "status", Value: status}}}, nil
}

// verify reports on a payment, unsigned, and changes nothing.
func verify(c *sandbox.Call) sandbox.Reply {
	if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
		return refuse(c, refusal{fault.Value, "refused"})
	}
	if c.Request.Header.Get("X-KM-Api-Version") != apiVersion {
		return refuse(c, *badHeader)
	}
	p, ok := c.Find(c.Subject)
	if !ok {
		return refuse(c, *noPayment)
	}
	body := sandbox.Object{
		{Name: "merchantId", Value: p.Merchant},
		{Name: "orderId", Value: p.OrderID},
		{Name: "paymentRefId", Value: p.ID},
		{Name: "amount", Value: fixed(p.Amount)},
		{Name: "clientMobileNo", Value: nil},
		{Name: "merchantMobileNo", Value: sandbox.OrNull(p.Mobile)},
		{Name: "orderDateTime", Value: shown(p.CreatedAt)},
		{Name: "issuerPaymentDateTime", Value: nil},
		{Name: "issuerPaymentRefNo", Value: nil},
		{Name: "additionalMerchantInfo", Value: sandbox.OrNull(p.Facts[factInfo])},
		{Name: "status", Value: word(c, p)},
		{Name: "statusCode", Value: nil},
		{Name: "cancelIssuerDateTime", Value: nil},
		{Name: "cancelIssuerRefNo", Value: nil},
		{Name: "serviceType", Value: "PG"},
	}
	if p.Charges > 0 {
		tellMoney(c, p, body)
	}
	spoilVerify(c, p, body)
	return sandbox.JSON(http.StatusOK, body)
}

// tellMoney adds what there is to say of a paid order.
func tellMoney(c *sandbox.Call, p *sandbox.Payment, body sandbox.Object) {
	for _, name := range []string{sandbox.FaultSlowTruth, FaultVerifyLags} {
		if _, ok := c.Fault(name); ok {
			body.Set("status", wordProgress)
			return
		}
	}
	body.Set("clientMobileNo", "017****0000")
	body.Set("issuerPaymentDateTime", shown(p.PaidAt))
	body.Set("issuerPaymentRefNo", issuerReference(c, p.Reference))
	body.Set("statusCode", "000")
	if count := len(p.Refunds); count > 0 {
		last := p.Refunds[count-1]
		body.Set("cancelIssuerDateTime", shown(last.At))
		body.Set("cancelIssuerRefNo", issuerReference(c, last.ID))
	}
}

// spoilVerify lays the faults of verify on its answer.
func spoilVerify(c *sandbox.Call, p *sandbox.Payment, body sandbox.Object) {
	if fault, ok := c.Fault(sandbox.FaultWrongAmount); ok {
		body.Set("amount", cmp.Or(fault.Value, fixed(p.Amount/10)))
	}
	if fault, ok := c.Fault(sandbox.FaultWrongOrder); ok {
		body.Set("orderId", cmp.Or(fault.Value, "another"))
	}
	if _, ok := c.Fault(FaultOtherMerchant); ok {
		body.Set("merchantId", "683000000000999")
	}
	for _, name := range []string{FaultUnknownStatus, sandbox.FaultUnknownWord} {
		if fault, ok := c.Fault(name); ok {
			body.Set("status", cmp.Or(fault.Value, "Queued"))
			body.Set("statusCode", "777")
		}
	}
	fault, ok := c.Fault(FaultStatusWithoutCode)
	switch {
	case ok && fault.Value == "reverse":
		body.Set("status", wordProgress)
		body.Set("statusCode", "000")
	case ok:
		body.Set("status", "Success")
		body.Set("statusCode", "001")
	}
}

// word is the provider's word for a payment. It has none for an order whose time ran out.
func word(c *sandbox.Call, p *sandbox.Payment) string {
	switch p.State {
	case sandbox.Open, sandbox.Expired:
		return p.Facts[factStage]
	case sandbox.Failed:
		return "Failed"
	case sandbox.Canceled:
		return c.Setting(switchLeaveWord)
	case sandbox.Paid, sandbox.Verified, sandbox.Returned, sandbox.Reversed, sandbox.Refunding, sandbox.Refunded:
	}
	return "Success"
}

// cancel gives money back, in whole or in part. That the payment's own word stays Success is an assumption.
func cancel(a *asked) (answer, *refusal) {
	p := a.canceled()
	back, err := money.Parse(a.message.Text("cancelAmount"), money.BDT)
	whole, wrong := money.Parse(a.message.Text("originalAmount"), money.BDT)
	switch {
	case p == nil:
		return answer{}, noPayment
	case a.message.Text("orderId") != p.OrderID:
		return answer{}, noOrder
	case a.message.Has("paymentRefId") && a.message.Text("paymentRefId") != p.ID:
		return answer{}, noPayment
	case err != nil || wrong != nil || a.message.Text("referenceNo") == "" || a.message.Text("referenceMessage") == "":
		return answer{}, badFields
	case !onDay(p, a.message.Text("originalRequestDate")) || whole.Steps() != p.Amount:
		return answer{}, badFields
	case back.Sign() <= 0 || back.Steps() > p.Refundable():
		return answer{}, noCancel
	case len(p.Refunds) > 0 && a.Setting(switchCancelAgain) == "refused":
		return answer{}, noCancel
	}
	given := sandbox.Refund{
		ID: a.Next(), Amount: back.Steps(), Description: a.message.Text("referenceNo"),
		Reason: a.message.Text("referenceMessage"), Status: sandbox.RefundSucceeded, At: a.Now, DueAt: a.Now,
	}
	p.Refunds = append(p.Refunds, given)
	if p.Refundable() == 0 {
		p.State = sandbox.Refunded
	}
	a.Save(p)
	return answer{sealed: a.canceledMessage(p, given)}, nil
}

// onDay tells whether a payment was ordered, or paid, on a day of Dhaka's.
func onDay(p *sandbox.Payment, day string) bool {
	const dayForm = "20060102"
	return day == p.CreatedAt.In(dhaka).Format(dayForm) || day == p.PaidAt.In(dhaka).Format(dayForm)
}

// canceledMessage is what cancel says, within one block.
func (a *asked) canceledMessage(p *sandbox.Payment, given sandbox.Refund) sandbox.Object {
	amount, status := given.Amount, "Success"
	if fault, ok := a.Fault(sandbox.FaultWrongAmount); ok {
		amount /= 10
		if other, err := money.Parse(fault.Value, money.BDT); err == nil {
			amount = other.Steps()
		}
	}
	if fault, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		status = cmp.Or(fault.Value, "Queued")
	}
	return sandbox.Object{
		{Name: "orderId", Value: p.OrderID},
		{Name: "cancelAmount", Value: fixed(amount)},
		{Name: "status", Value: status},
		{Name: "cancelIssuerRefNo", Value: issuerReference(a.Call, given.ID)},
	}
}

// canceled finds the payment by what the query must hold.
func (a *asked) canceled() *sandbox.Payment {
	query := a.Request.URL.Query()
	if a.Setting(switchCancelQuery) == "both" {
		p, ok := a.Find(query.Get("paymentRefId"))
		if !ok || p.Merchant != a.merchant.ID || p.OrderID != query.Get("orderId") {
			return nil
		}
		return p
	}
	for _, p := range a.Payments() {
		if p.Merchant == a.merchant.ID && p.OrderID == query.Get("orderId") {
			a.Subject = p.ID
			return p
		}
	}
	return nil
}

// returnMembers is what the browser brings back: no signature, and an order that some clients count on.
func returnMembers(c *sandbox.Call, p sandbox.Payment, success bool) sandbox.Object {
	status, code, message := word(c, &p), "50_0026_851", "Transaction failed"
	if p.State == sandbox.Open || p.State == sandbox.Expired {
		status = "Failed"
	}
	if success {
		status, code, message = "Success", c.Setting(switchSuccessCode), "Successful Transaction"
	}
	order := p.OrderID
	if fault, ok := c.Fault(sandbox.FaultWrongOrder); ok {
		order = cmp.Or(fault.Value, "another")
	}
	members := sandbox.Object{
		{Name: "merchant", Value: p.Merchant},
		{Name: "order_id", Value: order},
		{Name: "payment_ref_id", Value: p.ID},
		{Name: "status", Value: status},
		{Name: "status_code", Value: code},
		{Name: "message", Value: message},
	}
	if success {
		members = append(members,
			sandbox.Member{Name: "payment_dt", Value: c.Now.In(dhaka).Format(stampForm)},
			sandbox.Member{Name: "issuer_payment_ref", Value: issuerReference(c, p.Reference)})
	}
	if _, ok := c.Fault(FaultShuffledReturn); ok {
		first := members[0]
		members = append(members[1:], first)
	}
	return members
}

// issuerReference is the wallet's own number of a movement of money.
func issuerReference(c *sandbox.Call, number int64) string {
	return "7" + strings.ToUpper(c.Letters("issuer", number, 7)) + fmt.Sprint(number)
}

// fixed writes paisa as taka.
func fixed(steps int64) string { return money.New(steps, money.BDT).Fixed() }

// shown writes a time as Dhaka's clock shows it.
func shown(at time.Time) string { return at.In(dhaka).Format(shownForm) }
