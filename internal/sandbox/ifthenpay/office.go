package ifthenpay

import (
	"net/http"
	"regexp"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// officeForm is the form of back-office keys.
var officeForm = regexp.MustCompile(`^[0-9]{4}(-[0-9]{4}){3}$`)

// Codes of a refund.
const (
	refundDone   = 1
	refundOther  = 0
	refundNoFund = -1
)

// longAddress is the longest template of a callback.
const longAddress = 300

// refundWords are the provider's words, shortened.
var refundWords = map[int]string{refundDone: "ok", refundNoFund: "not enough available funds"}

// refund pays money back, at once.
func (e *Emulator) refund(c *sandbox.Call) sandbox.Reply {
	if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
		return refundAnswer(number(fault.Value, refundOther))
	}
	fields := fieldsOf(c)
	owner, ok := officeOwner(c, fields.Text("backofficekey"))
	p, known := c.Find(fields.Text("requestId"))
	amount, fine := cents(fields.Text("amount"))
	if !ok || !known || !fine || amount <= 0 || owner != "" && owner != p.Merchant || amount > p.Refundable() {
		return refundAnswer(refundOther)
	}
	if c.Setting(switchRefundRepeat) == "refused" && refundedBefore(p, amount) {
		return refundAnswer(refundOther)
	}
	if !available(c, amount) {
		return refundAnswer(refundNoFund)
	}
	p.Refunds = append(p.Refunds, sandbox.Refund{
		ID: c.Next(), Amount: amount, Status: sandbox.RefundSucceeded, At: c.Now, DueAt: c.Now,
	})
	if p.Refundable() == 0 {
		p.State = sandbox.Refunded
	}
	c.Save(p)
	if c.Setting(switchOnRefund) == "on" {
		e.announce(c, p, told{state: stateRefunded, amount: amount})
	}
	if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok {
		return refundAnswer(number(fault.Value, 77))
	}
	return refundAnswer(refundDone)
}

// officeOwner finds out whose back-office key it is; "" when it opens every account, for which its form must be right.
func officeOwner(c *sandbox.Call, key string) (merchant string, ok bool) {
	merchant, ok = c.PanelOwner(key)
	return merchant, ok && (merchant != "" || officeForm.MatchString(key))
}

// refundedBefore tells whether a refund of the same amount was made before.
func refundedBefore(p *sandbox.Payment, amount int64) bool {
	for _, refund := range p.Refunds {
		if refund.Amount == amount {
			return true
		}
	}
	return false
}

// available tells whether what can be paid back today suffices, less what was paid back since the day began at 20:00.
func available(c *sandbox.Call, amount int64) bool {
	if c.Setting(switchAvailable) == "unlimited" {
		return true
	}
	const begins = 20 // o'clock
	now := c.Now.In(lisbon)
	since := time.Date(now.Year(), now.Month(), now.Day(), begins, 0, 0, 0, lisbon)
	if since.After(now) {
		since = since.AddDate(0, 0, -1)
	}
	left := c.Number(switchAvailable)
	for _, p := range c.Payments() {
		for _, refund := range p.Refunds {
			if !refund.At.Before(since) {
				left -= refund.Amount
			}
		}
	}
	return amount <= left
}

func refundAnswer(code int) sandbox.Reply {
	message, ok := refundWords[code]
	if !ok {
		message = "error"
	}
	return sandbox.JSON(http.StatusOK, sandbox.Object{{Name: "Code", Value: code}, {Name: "Message", Value: message}})
}

// activate keeps where callbacks go and the key they carry.
func activate(c *sandbox.Call) sandbox.Reply {
	fields := fieldsOf(c)
	owner, ok := officeOwner(c, fields.Text("chave"))
	merchant, known := merchantOf(c, fields.Text("subentidade"))
	address, key := fields.Text("urlCb"), fields.Text("apKey")
	switch {
	case !ok || owner != "" && owner != merchant.ID:
		return sandbox.Text(http.StatusUnauthorized, "ERROR: chave")
	case fields.Text("entidade") != "MBWAY":
		return sandbox.Text(http.StatusBadRequest, "ERROR: entidade")
	case !known:
		return sandbox.Text(http.StatusBadRequest, "ERROR: subentidade")
	case key == "":
		return sandbox.Text(http.StatusBadRequest, "ERROR: apKey")
	case len(address) > longAddress || !sandbox.WebAddress(fill(address, told{}, "new", false)):
		return sandbox.Text(http.StatusBadRequest, "ERROR: urlCb")
	}
	merchant.NoticeURL, merchant.NoticeKey = address, key
	c.SaveMerchant(merchant)
	return sandbox.Text(http.StatusOK, "OK: callback activated")
}

// config tells the provider's own client which keys an account has. The token of an account is its mbWayKey here; any
// other opens the test account.
func config(c *sandbox.Call) sandbox.Reply {
	key := TestKey
	if merchant, ok := c.Merchant(c.Request.PathValue("token")); ok {
		key = merchant.ID
	}
	return sandbox.JSON(http.StatusOK, sandbox.Object{
		{Name: "accountKeys", Value: "MBWAY|" + key + ";"},
		{Name: "jsonData", Value: `[{"Entidade":"MBWAY","SubEntidade":"` + key + `"}]`},
		{Name: "gatewayKey", Value: "TEST-" + key},
		{Name: "gatewayDescription", Value: "sandbox"},
		{Name: "lang", Value: "pt"},
	})
}
