// Package ifthenpay is the connector to MB WAY through ifthenpay: a push to the
// payer's phone, a status that only reads, callbacks by GET with a shared key,
// and refunds on the provider's other host.
package ifthenpay

import (
	"context"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// What the provider's papers say, in cents. The least amount differs by
// source, so a setting changes it.
const (
	leastAmount = 1
	mostAmount  = 9_999_999
)

// poll is how often an open push is asked about.
const poll = 7 * time.Second

// Gateway is one contract with ifthenpay.
type Gateway struct {
	gateway.Unprintable
	client   *client.Client
	info     gateway.Info
	now      func() time.Time
	base     string         // of the host for payments
	office   string         // of the host for refunds
	key      gateway.Secret // the mbWayKey
	back     gateway.Secret // the back-office key; without it there are no refunds
	phishing gateway.Secret // the anti-phishing key; without it there are no callbacks
}

// New opens a contract.
//
// Credentials: mbway_key; backoffice_key, for refunds; anti_phishing_key, for
// callbacks: the one that was given when they were activated with the template
// that ends in CallbackQuery.
// Settings: mode (live, test), base_url, refund_url, min_amount, max_amount,
// page_minutes, timeout_ms. Error: setting_invalid.
func New(c gateway.Config, transport http.RoundTripper) (gateway.Gateway, error) {
	t := c.Terms()
	g := &Gateway{
		now: c.Now, base: t.Address("base_url", "https://api.ifthenpay.com"),
		office: t.Address("refund_url", "https://ifthenpay.com/api"), key: t.Secret("mbway_key"),
		back: t.OptionalSecret("backoffice_key"), phishing: t.OptionalSecret("anti_phishing_key"),
	}
	g.info = gateway.Info{
		Connector: "ifthenpay", Title: "MB WAY", Unit: money.EUR,
		Min:      money.New(t.Count("min_amount", leastAmount, 1, mostAmount), money.EUR),
		Max:      money.New(t.Count("max_amount", mostAmount, 1, mostAmount), money.EUR),
		Methods:  []payment.Method{payment.MBWay},
		Lifetime: time.Duration(t.Count("page_minutes", 4, 1, 60)) * time.Minute,

		CanLook: true, Poll: poll,
	}
	limit := time.Duration(t.Count("timeout_ms", 20_000, 50, 60_000)) * time.Millisecond
	if err := t.Err(); err != nil {
		return nil, err
	}
	g.client = client.New(transport, limit, g.key, g.back, g.phishing)
	return g, nil
}

// Info is what the contract can do.
func (g *Gateway) Info() gateway.Info { return g.info }

// Healthy says that ifthenpay has not been failing lately.
func (g *Gateway) Healthy() bool { return g.client.Healthy() }

// Start sends a push to the payer's phone. When its answer is lost the push may
// be there all the same, and a callback names the attempt by our short id.
func (g *Gateway) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	number, ok := phoneNumber(a.Payer.Mobile)
	switch {
	case a.Amount.Unit() != money.EUR || a.Amount.Sign() <= 0 || a.Amount.Steps() > mostAmount:
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the amount is not one in euro that can be pushed"}
	case !orderForm.MatchString(a.Short):
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the short id of the attempt is not one"}
	case !ok:
		return gateway.Started{Outcome: gateway.Refused, Word: "not sent: the phone is no Portuguese mobile number"}
	}
	pushed, err := g.push(ctx, a, number)
	if err != nil {
		return gateway.Started{Outcome: gateway.NoAnswer, Word: err.Error()}
	}
	return g.started(pushed, a)
}

// Resolve asks for the status, which moves nothing: Take and Look are the same
// question.
func (g *Gateway) Resolve(ctx context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.EUR || !requestForm.MatchString(a.Session) {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "no such attempt can have been opened here"}
	}
	status, err := g.status(ctx, a.Session)
	if err != nil {
		return gateway.Report{Outcome: gateway.Unknown, Word: err.Error()} // a question moves nothing
	}
	return g.reported(status, a)
}

// CanRefund says that the back-office key is there.
func (g *Gateway) CanRefund() bool { return g.back != "" }

// Refund pays money back.
func (g *Gateway) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	wrong := r.Amount.Unit() != money.EUR || r.Amount.Sign() <= 0 || !requestForm.MatchString(r.Attempt.Session)
	if !g.CanRefund() || wrong {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: the contract cannot refund this"}
	}
	refund, err := g.refund(ctx, r)
	if err != nil {
		return client.LostReturn(err)
	}
	return g.refunded(refund)
}

// RefundState is unsure: the provider has no question about refunds, and a
// repeat would pay back again. A person must look in the provider's back office.
func (g *Gateway) RefundState(context.Context, gateway.Return, string) gateway.ReturnReport {
	return gateway.ReturnReport{
		Outcome: gateway.ReturnUnsure, Word: "the provider has no question about refunds: look in its back office",
	}
}
