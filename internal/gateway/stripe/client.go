package stripe

import (
	"bytes"
	"context"
	"io"
	"net/http"

	stripego "github.com/stripe/stripe-go/v86"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// wire lets the provider's library speak through our client, which has the time limit, the circuit breaker and the
// strict reading of answers. Every call may be repeated: reads change nothing, and the others carry a key of ours.
type wire struct {
	client *client.Client
	base   string // of our contract; the library knows none that has a path
}

// passed are the headers that go on; what the library tells of this machine stays here.
var passed = []string{"Authorization", "Idempotency-Key", "Stripe-Version", "User-Agent"}

// RoundTrip makes one call. Error: *client.Lost.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	call := client.Call{Method: r.Method, URL: w.base + r.URL.RequestURI(), Header: map[string]string{}}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close() // a buffer in memory
		if err != nil {
			return nil, &client.Lost{Why: "the request cannot be read"}
		}
		call.Form = string(body)
	}
	for _, name := range passed {
		if value := r.Header.Get(name); value != "" {
			call.Header[name] = value
		}
	}
	answer, err := w.client.Ask(r.Context(), call)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: answer.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)), Request: r,
	}, nil
}

// newAPI makes the library's client: it never repeats by itself, tells nothing about itself and logs nothing.
func newAPI(c *client.Client, base string, key gateway.Secret) *stripego.Client {
	backends := stripego.NewBackendsWithConfig(&stripego.BackendConfig{
		URL: stripego.String(stripego.APIURL), HTTPClient: &http.Client{Transport: wire{c, base}},
		MaxNetworkRetries: stripego.Int64(0), EnableTelemetry: stripego.Bool(false),
		LeveledLogger: &stripego.LeveledLogger{Level: stripego.LevelNull},
	})
	return stripego.NewClient(key.Reveal(), stripego.WithBackends(backends))
}

// readSession reads a Checkout Session.
func (g *Gateway) readSession(ctx context.Context, id string) (*stripego.CheckoutSession, error) {
	return g.api.V1CheckoutSessions.Retrieve(ctx, id, nil)
}

// readIntent reads an intent with its latest charge.
func (g *Gateway) readIntent(ctx context.Context, id string) (*stripego.PaymentIntent, error) {
	p := &stripego.PaymentIntentRetrieveParams{}
	p.AddExpand("latest_charge")
	return g.api.V1PaymentIntents.Retrieve(ctx, id, p)
}

// findRefund reads the refund by its id, or looks for ours among those of the payment; nil = there is none.
func (g *Gateway) findRefund(ctx context.Context, r gateway.Return, receipt string) (*stripego.Refund, error) {
	if refundForm.MatchString(receipt) {
		return g.api.V1Refunds.Retrieve(ctx, receipt, nil)
	}
	list := &stripego.RefundListParams{PaymentIntent: stripego.String(r.Receipt)}
	list.Limit = stripego.Int64(100)
	for refund, err := range g.api.V1Refunds.List(ctx, list).All(ctx) {
		if err != nil || refund.Metadata[metaRefund] == r.Refund {
			return refund, err
		}
	}
	return nil, nil //nolint:nilnil // nothing was found and nothing went wrong
}
