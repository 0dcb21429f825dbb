package stripe

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	stripego "github.com/stripe/stripe-go/v86"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// What our objects there carry of us.
const (
	metaPayment = "payment" // our id of the attempt
	metaShort   = "short"   // the short one, which events bring back
	metaRefund  = "refund"  // our id of a refund
)

// The members of the return address, and their words.
const (
	queryWord    = "checkout"
	querySession = "session_id"
	queryShort   = "attempt"
	wordPaid     = "paid"
	wordCanceled = "canceled"
)

// longDescription is how many characters of a description the provider gets.
const longDescription = 250

// longKey is how long an idempotency key may be.
const longKey = 255

// keyOf is the idempotency key of one step of an attempt, which stays the same however often the step is asked for.
// Ids of ours may be long: where both do not fit, a sum stands for them.
func keyOf(reference, step string) *string {
	key := "purser/" + reference + "/" + step
	if len(key) > longKey {
		sum := sha256.Sum256([]byte(key))
		key = "purser/" + hex.EncodeToString(sum[:])
	}
	return &key
}

// metadata is what says that an object is ours.
func metadata(a gateway.Attempt) map[string]string {
	m := map[string]string{metaPayment: a.Reference}
	if a.Short != "" {
		m[metaShort] = a.Short
	}
	return m
}

// sessionOf writes an attempt as a Checkout Session.
func (g *Gateway) sessionOf(a gateway.Attempt, amount int64) *stripego.CheckoutSessionCreateParams {
	methods := g.methods
	if name, ok := methodNames[a.Method]; ok {
		methods = []string{name}
	}
	p := &stripego.CheckoutSessionCreateParams{
		Mode:               stripego.String("payment"),
		ClientReferenceID:  stripego.String(a.Reference),
		Metadata:           metadata(a),
		PaymentIntentData:  &stripego.CheckoutSessionCreatePaymentIntentDataParams{Metadata: metadata(a)},
		PaymentMethodTypes: stripego.StringSlice(methods),
		ExpiresAt:          stripego.Int64(g.endOf(a).Unix()),
		SuccessURL: stripego.String(
			withQuery(a.ReturnURL, queryWord+"="+wordPaid+"&"+querySession+"={CHECKOUT_SESSION_ID}")),
		CancelURL: stripego.String(
			withQuery(a.ReturnURL, queryWord+"="+wordCanceled+"&"+queryShort+"="+url.QueryEscape(a.Short))),
		LineItems: []*stripego.CheckoutSessionCreateLineItemParams{{
			Quantity: stripego.Int64(1),
			PriceData: &stripego.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripego.String(g.coin.name), UnitAmount: stripego.Int64(amount),
				ProductData: &stripego.CheckoutSessionCreateLineItemPriceDataProductDataParams{
					Name: stripego.String(client.Cut(cmp.Or(strings.TrimSpace(a.Description), a.Reference), longDescription)),
				},
			},
		}},
	}
	if strings.Contains(a.Payer.Email, "@") {
		p.CustomerEmail = stripego.String(a.Payer.Email)
	}
	p.IdempotencyKey = keyOf(a.Reference, "session")
	return p
}

// endOf is when the page closes: our deadline, as far as the provider allows it.
func (g *Gateway) endOf(a gateway.Attempt) time.Time {
	now := g.now()
	end := a.Deadline
	if end.IsZero() {
		end = now.Add(g.info.Lifetime)
	}
	if soonest := now.Add(shortestPage); end.Before(soonest) {
		return soonest
	}
	if latest := now.Add(longestPage - time.Minute); end.After(latest) {
		return latest
	}
	return end
}

// withQuery adds members to an address and keeps those that it has, byte for byte: the provider fills in a word that
// must not be escaped.
func withQuery(address, members string) string {
	address, fragment, found := strings.Cut(address, "#")
	sign := "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	address += sign + members
	if found {
		address += "#" + fragment
	}
	return address
}

// webAddress tells whether a browser can go there.
func webAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// intentOf writes an attempt as an intent that nobody has tried to pay yet.
func (g *Gateway) intentOf(a gateway.Attempt, amount int64, held bool) *stripego.PaymentIntentCreateParams {
	p := &stripego.PaymentIntentCreateParams{
		Amount: stripego.Int64(amount), Currency: stripego.String(g.coin.name), Metadata: metadata(a),
		PaymentMethodTypes: stripego.StringSlice([]string{"card"}),
		CaptureMethod:      stripego.String("automatic"),
	}
	if text := strings.TrimSpace(a.Description); text != "" {
		p.Description = stripego.String(client.Cut(text, longDescription))
	}
	if held {
		p.CaptureMethod = stripego.String("manual")
		p.PaymentMethodOptions = &stripego.PaymentIntentCreatePaymentMethodOptionsParams{
			Card: &stripego.PaymentIntentCreatePaymentMethodOptionsCardParams{
				RequestIncrementalAuthorization: stripego.String("if_available"),
			},
		}
	}
	p.IdempotencyKey = keyOf(a.Reference, "intent")
	return p
}

// refundOf writes a return.
func refundOf(r gateway.Return, amount int64) *stripego.RefundCreateParams {
	p := &stripego.RefundCreateParams{
		PaymentIntent: stripego.String(r.Receipt), Amount: stripego.Int64(amount),
		Reason:   stripego.String("requested_by_customer"),
		Metadata: map[string]string{metaRefund: r.Refund, metaPayment: r.Attempt.Reference},
	}
	if r.Attempt.Short != "" {
		p.Metadata[metaShort] = r.Attempt.Short
	}
	p.IdempotencyKey = keyOf(r.Attempt.Reference, "refund/"+r.Refund)
	return p
}
