package ifthenpay

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// What a callback says happened.
const (
	statePaid     = "PAGO"
	stateRefunded = "DEVOLVIDO"
)

// gaps are the pauses before a callback that was not taken is sent again; the provider does not publish its own.
var gaps = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute}

// told is what one callback tells.
type told struct {
	key, order, request, state string
	amount                     int64
	at                         time.Time
	hurry                      bool // send it before the call that caused it is answered
}

// decided tells the merchant that the payer paid; that a payer refused, or let the time run out, is never told.
func (e *Emulator) decided(c *sandbox.Call, p *sandbox.Payment) {
	p.Card = "" // nobody pays with one here
	c.Save(p)
	forged := false
	if p.Charges == 0 {
		_, forged = c.Fault(FaultForgedNotice)
	}
	if p.Charges == 0 && !forged {
		return
	}
	e.announce(c, p, told{state: statePaid, amount: p.Amount, hurry: true})
	if _, ok := c.Fault(FaultDoublePush); ok {
		e.acceptTwins(c, p)
	}
}

// acceptTwins lets the payer accept every other open push of the same order, too.
func (e *Emulator) acceptTwins(c *sandbox.Call, p *sandbox.Payment) {
	for _, twin := range c.Payments() {
		if twin.State != sandbox.Open || twin.Merchant != p.Merchant || twin.OrderID != p.OrderID {
			continue
		}
		twin.State, twin.PaidAt, twin.Reference = sandbox.Paid, c.Now, c.Next()
		twin.Charges++
		twin.Verify(c.Now)
		c.Save(twin)
		e.announce(c, twin, told{state: statePaid, amount: twin.Amount, hurry: true})
	}
}

// announce puts a callback about a payment on its way, if the merchant has activated callbacks.
func (e *Emulator) announce(c *sandbox.Call, p *sandbox.Payment, t told) {
	merchant, ok := c.Merchant(p.Merchant)
	if !ok || merchant.NoticeURL == "" {
		return
	}
	for _, name := range []string{FaultNoNotice, FaultNever} {
		if _, ok := c.Fault(name); ok {
			return
		}
	}
	t.key, t.order, t.request, t.at = merchant.NoticeKey, p.OrderID, p.ID, c.Now
	t.spoil(c)
	_, raw := c.Fault(FaultPlusAsBlank)
	callback := Callback{
		Payment: p.ID, Address: fill(merchant.NoticeURL, t, c.Setting(switchNames), raw), Due: c.Now, hurry: t.hurry,
	}
	if c.Setting(switchRetry) != "none" {
		callback.gaps = gaps
	}
	if fault, ok := c.Fault(FaultLateNotice); ok {
		callback.Due = c.Now.Add(cmp.Or(fault.Wait, time.Minute))
	}
	e.calls.add(callback, c.Now)
	if _, ok := c.Fault(FaultDoubleNotice); ok {
		e.calls.add(callback, c.Now)
	}
}

// spoil lays the faults on what is told.
func (t *told) spoil(c *sandbox.Call) {
	if fault, ok := c.Fault(FaultWrongKey); ok {
		t.key = cmp.Or(fault.Value, "a-key-of-somebody-else")
	}
	if fault, ok := c.Fault(FaultCallbackAmount); ok {
		t.amount = int64(number(fault.Value, int(t.amount/10)))
	}
	if fault, ok := c.Fault(FaultCallbackOrder); ok {
		t.order = cmp.Or(fault.Value, otherOrder(c, t.order))
	}
}

// otherOrder is the latest order that is another one.
func otherOrder(c *sandbox.Call, order string) string {
	for _, p := range c.Payments() {
		if p.OrderID != order {
			return p.OrderID
		}
	}
	return "another-order"
}

// fill replaces the placeholders of a template. The older names are known everywhere, the newer ones where names is
// new. raw leaves a plus as it is, which a reader takes for a blank.
func fill(template string, t told, names string, raw bool) string {
	value := func(text string) string {
		text = strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
		if raw {
			text = strings.ReplaceAll(text, "%2B", "+")
		}
		return text
	}
	key, order, request, at := value(t.key), value(t.order), value(t.request), value(written(t.at))
	amount := value(euros(t.amount))
	pairs := []string{
		"[CHAVE_ANTI_PHISHING]", key, "[REFERENCIA]", order, "[VALOR]", amount, "[ID_TRANSACAO]", request,
		"[DATA_HORA_PAGAMENTO]", at, "[ESTADO]", value(t.state),
	}
	if names == "new" {
		pairs = append(pairs, "[ANTI_PHISHING_KEY]", key, "[ORDER_ID]", order, "[ID]", order, "[AMOUNT]", amount,
			"[REQUEST_ID]", request, "[PAYMENT_DATETIME]", at, "[FEE]", value(euros(0)))
	}
	return strings.NewReplacer(pairs...).Replace(template)
}

// number reads a fault's number.
func number(text string, usual int) int {
	code, err := strconv.Atoi(text)
	if err != nil {
		return usual
	}
	return code
}
