// Package zibal is the connector to Zibal's payment interface, version 1:
// Iranian cards, a page to pay on, and verify, which takes no amount, as the
// capture. Refunds go through the provider's platform, another host.
package zibal

import (
	"context"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// What the provider's papers say, in Rial. The ceiling differs by account, so
// a setting changes it.
const (
	leastAmount = 1_000
	mostAmount  = 500_000_000
)

// testMerchant selects the provider's test mode on the same host and must not
// meet real money.
const testMerchant = "zibal"

// Gateway is one contract with Zibal.
type Gateway struct {
	gateway.Unprintable
	Returner
	client   *client.Client
	info     gateway.Info
	base     string // of the payment host
	platform string // of the host for refunds
	account  string // the platform's account that refunds are taken from
	merchant gateway.Secret
	token    gateway.Secret // of the platform; without it there are no refunds
}

// New opens a contract.
//
// Credentials: merchant; access_token, of the platform, for refunds.
// Settings: mode (live, test), base_url, platform_url, account_id (needed for
// refunds), min_amount, max_amount, page_minutes, timeout_ms.
// Error: setting_invalid.
func New(c gateway.Config, transport http.RoundTripper) (gateway.Gateway, error) {
	t := c.Terms()
	g := &Gateway{
		base:     t.Address("base_url", "https://gateway.zibal.ir"),
		platform: t.Address("platform_url", "https://api.zibal.ir"), account: t.Text("account_id", ""),
		merchant: t.Secret("merchant"), token: t.OptionalSecret("access_token"),
	}
	if t.Live() && g.merchant == testMerchant {
		t.Fail("merchant", "The provider's test merchant takes no real money.")
	}
	g.info = gateway.Info{
		Connector: "zibal", Title: "Zibal", Unit: money.IRR,
		Min:      money.New(t.Count("min_amount", leastAmount, 1, 1<<53), money.IRR),
		Max:      money.New(t.Count("max_amount", mostAmount, leastAmount, 1<<53), money.IRR),
		Methods:  []payment.Method{payment.IranianCard},
		Lifetime: time.Duration(t.Count("page_minutes", 15, 1, 45*24*60)) * time.Minute,

		VerifyCaptures: true, CanLook: true, LostStartIsHarmless: true,
	}
	limit := time.Duration(t.Count("timeout_ms", 20_000, 50, 60_000)) * time.Millisecond
	if err := t.Err(); err != nil {
		return nil, err
	}
	g.client = client.New(transport, limit, g.merchant, g.token)
	return g, nil
}

// Info is what the contract can do.
func (g *Gateway) Info() gateway.Info { return g.info }

// Healthy says that Zibal has not been failing lately.
func (g *Gateway) Healthy() bool { return g.client.Healthy() }

// Start asks for a trackId.
func (g *Gateway) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.IRR || a.Amount.Sign() <= 0 {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the amount is not in Rial"}
	}
	opened, err := g.request(ctx, a)
	switch {
	case err != nil:
		return gateway.Started{Outcome: gateway.NoAnswer, Word: err.Error()}
	case opened.Result != resultDone:
		return g.refusedStart(opened.saidWire)
	case !trackForm.MatchString(string(opened.TrackID)):
		return gateway.Started{Outcome: gateway.NoAnswer, Word: "a trackId of strange characters"}
	}
	session := string(opened.TrackID)
	return gateway.Started{Outcome: gateway.Opened, Session: session, Link: g.base + pathPage + session}
}

// Resolve asks inquiry to look and verify to take. Verify does not always tell
// everything that must be compared; inquiry does.
func (g *Gateway) Resolve(ctx context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.IRR || !trackForm.MatchString(a.Session) {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "no such attempt can have been opened here"}
	}
	if q == gateway.Take {
		if report, decided := g.take(ctx, a); decided {
			return report
		}
	}
	return g.look(ctx, a)
}

// CanRefund says that the platform's access token and account are there.
func (g *Gateway) CanRefund() bool { return g.token != "" && g.account != "" }

// Refund sends money back, and undoes a whole payment where the provider still
// can.
func (g *Gateway) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	wrong := r.Amount.Unit() != money.IRR || r.Amount.Sign() <= 0 || !trackForm.MatchString(r.Attempt.Session)
	if !g.CanRefund() || wrong {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: the contract cannot refund this"}
	}
	refund, err := g.refund(ctx, r)
	if err != nil {
		return client.LostReturn(err)
	}
	return g.refunded(refund)
}

// RefundState asks the platform for the refund, where its id is known, and
// inquiry for the payment.
func (g *Gateway) RefundState(ctx context.Context, r gateway.Return, receipt string) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if receipt != "" && g.CanRefund() {
		if list, err := g.refundInquiry(ctx, receipt); err == nil {
			if report, known := refundState(r, receipt, list); known {
				return report
			}
		}
	}
	said, err := g.inquiry(ctx, r.Attempt)
	if err != nil {
		return gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: receipt, Word: err.Error()}
	}
	return g.returnState(r, receipt, said)
}
