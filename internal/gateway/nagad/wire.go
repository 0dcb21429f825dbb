package nagad

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The times on the wire are Dhaka's and do not say so.
const (
	stampForm = "20060102150405"
	dateForm  = "20060102"
)

// currencyCode is the taka's number.
const currencyCode = "050"

var (
	dhaka = time.FixedZone("Asia/Dhaka", 6*3600)
	// orderForm is what we send as an order, which is part of a path.
	orderForm = regexp.MustCompile(`^[A-Za-z0-9]{1,40}$`)
	// referenceForm is a paymentReferenceId; most are base64.
	referenceForm = regexp.MustCompile(`^[A-Za-z0-9+=_-]{1,128}$`)
)

// hello is the message of initialize. Here, and here alone, datetime is one word.
type hello struct {
	MerchantID string `json:"merchantId"`
	DateTime   string `json:"datetime"`
	OrderID    string `json:"orderId"`
	Challenge  string `json:"challenge"`
}

// helloWire is the body of initialize.
type helloWire struct {
	AccountNumber string `json:"accountNumber,omitempty"`
	DateTime      string `json:"dateTime"`
	SensitiveData string `json:"sensitiveData"`
	Signature     string `json:"signature"`
}

// order is the message of complete.
type order struct {
	MerchantID   string `json:"merchantId"`
	OrderID      string `json:"orderId"`
	CurrencyCode string `json:"currencyCode"`
	Amount       string `json:"amount"`
	Challenge    string `json:"challenge"`
}

// orderWire is the body of complete.
type orderWire struct {
	SensitiveData string   `json:"sensitiveData"`
	Signature     string   `json:"signature"`
	CallbackURL   string   `json:"merchantCallbackURL"`
	Info          infoWire `json:"additionalMerchantInfo"`
}

type infoWire struct {
	Reference string `json:"reference"`
}

// back is the message of cancel. Its reference of the payment is left to the
// query when the whole does not fit into one block.
type back struct {
	MerchantID     string `json:"merchantId"`
	RequestDate    string `json:"originalRequestDate"`
	OriginalAmount string `json:"originalAmount"`
	CancelAmount   string `json:"cancelAmount"`
	ReferenceNo    string `json:"referenceNo"`
	Message        string `json:"referenceMessage"`
	OrderID        string `json:"orderId"`
	PaymentRefID   string `json:"paymentRefId,omitempty"`
}

// backWire is the body of cancel.
type backWire struct {
	SensitiveData string `json:"sensitiveDataCancelRequest"`
	Signature     string `json:"signature"`
}

// refusalWire are the members of a refusal, of today's and of the older form.
type refusalWire struct {
	Reason     wordWire `json:"reason"`
	Message    wordWire `json:"message"`
	DevMessage wordWire `json:"devMessage"`
}

// wordWire is what is only for people: text, or whatever else, as it is written.
type wordWire string

// UnmarshalJSON reads every value; null is no word.
func (w *wordWire) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	*w = wordWire(text)
	return nil
}

// given says that it is a refusal: a message alone may come with a success.
func (r refusalWire) given() bool { return r.Reason != "" || r.DevMessage != "" }

// sealedWire is a sealed answer, or a refusal.
type sealedWire struct {
	refusalWire
	SensitiveData string `json:"sensitiveData"`
	Signature     string `json:"signature"`
}

// welcome is the message of the answer to initialize.
type welcome struct {
	Reference string `json:"paymentReferenceId"`
	Challenge string `json:"challenge"`
}

// pageWire is the answer to complete, or a refusal.
type pageWire struct {
	refusalWire
	CallBackURL string `json:"callBackUrl"`
	Status      string `json:"status"`
}

// factsWire is the answer to verify. It is not signed.
type factsWire struct {
	refusalWire
	MerchantID       client.ID   `json:"merchantId"`
	OrderID          client.ID   `json:"orderId"`
	PaymentRefID     client.ID   `json:"paymentRefId"`
	Amount           json.Number `json:"amount"` // as text or as a number
	IssuerPaymentRef client.ID   `json:"issuerPaymentRefNo"`
	Status           string      `json:"status"`
	StatusCode       client.ID   `json:"statusCode"`
	CancelRef        client.ID   `json:"cancelIssuerRefNo"`
}

// backAnswer is the message of the answer to cancel.
type backAnswer struct {
	OrderID      client.ID   `json:"orderId"`
	CancelAmount json.Number `json:"cancelAmount"`
	Status       string      `json:"status"`
	CancelRef    client.ID   `json:"cancelIssuerRefNo"`
}

// backOf writes a return as cancel wants it, as short as it must be.
func (g *Gateway) backOf(r gateway.Return) ([]byte, error) {
	message := back{
		MerchantID: g.merchant.Reveal(), RequestDate: r.Attempt.StartedAt.In(dhaka).Format(dateForm),
		OriginalAmount: r.Attempt.Amount.Fixed(), CancelAmount: r.Amount.Fixed(),
		ReferenceNo: r.Refund, Message: "refund", OrderID: r.Attempt.Short, PaymentRefID: r.Attempt.Session,
	}
	text, err := client.Encode(message)
	if err == nil && len(text) > maxPlain {
		message.PaymentRefID = ""
		text, err = client.Encode(message)
	}
	return text, err
}

// open reads a sealed answer into a message. Error: errSeal, *client.Lost.
func (g *Gateway) open(answer client.Answer, s sealedWire, into any) error {
	if answer.Status != http.StatusOK || s.given() || s.SensitiveData == "" {
		return answer.Strange()
	}
	text, err := g.keys.open(sealed{data: s.SensitiveData, signature: s.Signature})
	if err != nil {
		return err
	}
	if json.Unmarshal(text, into) != nil {
		return answer.Strange()
	}
	return nil
}

// refused says that an answer is a refusal in words and nothing else.
func refused(r refusalWire, rest ...string) bool { return r.given() && strings.Join(rest, "") == "" }
