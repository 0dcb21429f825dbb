package orderpay

import (
	"encoding/json"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// The members of the bag of a payment. What the caller stated is kept for the
// record, whatever came of it.
const (
	bagMethod      = "method"
	bagClaim       = "claim"
	bagRole        = "role" // of who stated it
	bagBy          = "by"   // who it was
	bagTransaction = "transaction"
)

// words are what is kept of a payment that a user asks for: for this API, and as the
// merchant's own words for ours.
func (w wish) words(who user) map[string]string {
	bag := map[string]string{}
	for name, text := range map[string][2]string{
		bagMethod: {"paymentMethod", w.method.word}, bagClaim: {"claim", string(w.claim)},
		bagRole: {"claimedAs", who.role.String()}, bagBy: {"claimedBy", who.id},
		bagTransaction: {"transactionId", w.transaction},
	} {
		if text[1] != "" {
			bag[name], bag[app.MetadataWord+text[0]] = text[1], text[1]
		}
	}
	return bag
}

// paymentBody is a payment, its keys in the order of the copied API.
type paymentBody struct {
	ID          string      `json:"id"`
	Order       string      `json:"orderId"`
	Amount      json.Number `json:"amount"`
	Status      status      `json:"status"`
	Method      string      `json:"paymentMethod"`
	Transaction string      `json:"transactionId,omitempty"`
	URL         string      `json:"paymentUrl,omitempty"`
}

// orderBody is an order.
type orderBody struct {
	ID        string      `json:"orderId"`
	User      string      `json:"userId"`
	Total     json.Number `json:"total"`
	Currency  string      `json:"currency"`
	Status    status      `json:"paymentStatus"`
	Remaining json.Number `json:"remaining"`
}

// encodePayment shows a payment as it stands at a time. The page is shown while
// the payer can be sent there.
func encodePayment(p payment.Payment, now time.Time) paymentBody {
	body := paymentBody{
		ID: p.ID, Order: p.Invoice, Amount: json.Number(p.Amount.Text()), Status: statusOf(p), Method: methodWord(p),
		Transaction: p.Bag[bagTransaction],
	}
	if p.Live(now) && payment.Methods[p.Attempt.Method].Flow == payment.Redirect {
		body.URL = p.Attempt.Link
	}
	return body
}

// encodePayments shows a list; nothing is an empty one.
func encodePayments(all []payment.Payment, now time.Time) []paymentBody {
	bodies := make([]paymentBody, len(all))
	for n, p := range all {
		bodies[n] = encodePayment(p, now)
	}
	return bodies
}

func encodeOrder(i invoice.Invoice, left money.Amount) orderBody {
	return orderBody{
		ID: i.ID, User: i.Owner(), Total: json.Number(i.Amount.Text()), Currency: string(i.Amount.Unit()),
		Status: orderStatus(i), Remaining: json.Number(left.Text()),
	}
}
