// Package shepa is the connector to Shepa, version 1: Iranian cards, a page to
// pay on, and verify as the capture. The provider publishes little and has no
// question that changes nothing, so doubt is kept where others would ask.
package shepa

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// leastAmount is the provider's minimum in Rial; a maximum is not published.
const leastAmount = 1_000

// testKey opens the provider's test system and must not meet real money.
const testKey = "sandbox"

// Gateway is one contract with Shepa.
type Gateway struct {
	gateway.Unprintable
	Returner
	client *client.Client
	now    func() time.Time
	info   gateway.Info
	base   *url.URL
	key    gateway.Secret
}

// New opens a contract.
//
// Credential: api_key.
// Settings: mode (live, test), base_url, min_amount, max_amount, page_minutes,
// timeout_ms. Error: setting_invalid.
func New(c gateway.Config, transport http.RoundTripper) (gateway.Gateway, error) {
	t := c.Terms()
	host := "https://merchant.shepa.com"
	if !t.Live() {
		host = "https://sandbox.shepa.com"
	}
	address := t.Address("base_url", host)
	g := &Gateway{now: c.Now, key: t.Secret("api_key")}
	if t.Live() && g.key == testKey {
		t.Fail("api_key", "The provider's test key takes no real money.")
	}
	g.info = gateway.Info{
		Connector: "shepa", Title: "Shepa", Unit: money.IRR,
		Min:      money.New(t.Count("min_amount", leastAmount, 1, 1<<53), money.IRR),
		Methods:  []payment.Method{payment.IranianCard},
		Lifetime: time.Duration(t.Count("page_minutes", 15, 1, 45*24*60)) * time.Minute,

		VerifyCaptures: true, LostStartIsHarmless: true,
	}
	if most := t.Count("max_amount", 0, leastAmount, 1<<53); most != 0 {
		g.info.Max = money.New(most, money.IRR)
	}
	limit := time.Duration(t.Count("timeout_ms", 20_000, 50, 60_000)) * time.Millisecond
	if err := t.Err(); err != nil {
		return nil, err
	}
	base, err := url.Parse(address)
	if err != nil {
		t.Fail("base_url", "It must be an absolute http or https address.")
		return nil, t.Err()
	}
	g.base = base
	g.client = client.New(transport, limit, g.key)
	return g, nil
}

// Info is what the contract can do.
func (g *Gateway) Info() gateway.Info { return g.info }

// Healthy says that Shepa has not been failing lately.
func (g *Gateway) Healthy() bool { return g.client.Healthy() }

// Start asks for a token.
func (g *Gateway) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.IRR || a.Amount.Sign() <= 0 {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the amount is not in Rial"}
	}
	opened, said, err := g.token(ctx, a)
	switch {
	case err != nil:
		return gateway.Started{Outcome: gateway.NoAnswer, Word: err.Error()}
	case !said.success:
		return gateway.Started{Outcome: gateway.Refused, Word: said.words}
	case !tokenForm.MatchString(opened.Token):
		return gateway.Started{Outcome: gateway.NoAnswer, Word: "a token of strange characters"}
	}
	return gateway.Started{Outcome: gateway.Opened, Session: opened.Token, Link: g.link(opened)}
}

// Resolve verifies when the money may be taken. There is nothing to look at:
// the only question that the provider has takes the money.
func (g *Gateway) Resolve(ctx context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.IRR || !tokenForm.MatchString(a.Session) {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "no such attempt can have been opened here"}
	}
	if q != gateway.Take {
		return gateway.Report{Outcome: gateway.Unknown, Word: "the provider has no question that changes nothing"}
	}
	paid, said, err := g.verify(ctx, a)
	if err != nil {
		return client.LostReport(err)
	}
	if !said.success {
		return g.unpaid(said, a)
	}
	return g.paid(paid, a)
}

// CanRefund is always so: the payment's own key is the credential.
func (g *Gateway) CanRefund() bool { return true }

// Refund sends money back, whole or part.
func (g *Gateway) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if r.Amount.Unit() != money.IRR || r.Amount.Sign() <= 0 || r.Receipt == "" {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: the contract cannot refund this"}
	}
	tracking, said, err := g.refund(ctx, r)
	if err != nil {
		return client.LostReturn(err)
	}
	return refunded(tracking, said)
}

// RefundState has nobody to ask: a refund whose answer was lost waits for a
// person with the provider's panel.
func (g *Gateway) RefundState(context.Context, gateway.Return, string) gateway.ReturnReport {
	return gateway.ReturnReport{
		Outcome: gateway.ReturnUnsure, Word: "the provider has no question about refunds",
		Alarm: "only the provider's panel shows whether the money went back",
	}
}
