package ifthenpay

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
)

// The query of the template that the merchant's callbacks are activated with,
// behind the address for notices; the second one for contracts that only know
// the older placeholders. The parameters are the same.
const (
	CallbackQuery = "key=[ANTI_PHISHING_KEY]&orderId=[ORDER_ID]&amount=[AMOUNT]&requestId=[REQUEST_ID]" +
		"&payment_datetime=[PAYMENT_DATETIME]&state=[ESTADO]"
	OlderCallbackQuery = "key=[CHAVE_ANTI_PHISHING]&orderId=[REFERENCIA]&amount=[VALOR]&requestId=[ID_TRANSACAO]" +
		"&payment_datetime=[DATA_HORA_PAGAMENTO]&state=[ESTADO]"
)

// The states of a callback; without one it is about a payment.
const (
	statePaid     = "PAGO"
	stateRefunded = "DEVOLVIDO"
)

// NoticeTemplate is CallbackQuery: the office takes the address by hand.
func (g *Gateway) NoticeTemplate() string { return CallbackQuery }

// Notifies says that the anti-phishing key is there.
func (g *Gateway) Notifies() bool { return g.phishing != "" }

// CheckMessage compares the key of a callback in constant time. The key is
// static and travels in an address, so it proves little: what a callback says
// is only a reason to ask.
func (g *Gateway) CheckMessage(m gateway.Message) error {
	given, once := single(m.Query, "key")
	// The sums are of one length, so that nothing tells how long the key is.
	want, got := sha256.Sum256([]byte(g.phishing.Reveal())), sha256.Sum256([]byte(given))
	same := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	if !same || !once || !g.Notifies() || m.Method != http.MethodGet {
		return fault.New(fault.CodeSignatureInvalid, "key", "")
	}
	return nil
}

// ReadNotification reads a callback. Its word keeps the amount, which Resolve
// compares when the status says that it is paid.
func (g *Gateway) ReadNotification(n gateway.Notification) (gateway.Notice, bool) {
	query := n.Message().Query
	order, _ := single(query, "orderId")
	request, _ := single(query, "requestId")
	text, _ := single(query, "amount")
	amount := client.Decimal(text).In(money.EUR)
	if amount.Sign() <= 0 || !orderForm.MatchString(order) || !requestForm.MatchString(request) {
		return gateway.Notice{}, false
	}
	notice := gateway.Notice{Session: request, Short: order, Word: wordPaid + amount.Fixed(), Good: true}
	switch state, _ := single(query, "state"); state {
	case "", statePaid:
	case stateRefunded:
		notice.Word, notice.Good = wordRefunded+amount.Fixed(), false
	default:
		notice.Word, notice.Good = "callback: a state that is not known", false
	}
	return notice, true
}

// Acknowledgement is status 200: everything else is sent again.
func (g *Gateway) Acknowledgement() gateway.Acknowledgement {
	return gateway.Acknowledgement{Status: http.StatusOK}
}

// single is the value of a parameter that is there exactly once.
func single(query map[string][]string, name string) (string, bool) {
	if values := query[name]; len(values) == 1 {
		return values[0], true
	}
	return "", false
}
