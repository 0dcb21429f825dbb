// Package zarinpal is the connector to ZarinPal's REST interface, version 4:
// Iranian cards, a page to pay on, and verify as the capture.
package zarinpal

import (
	"context"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// What the provider's papers say, in Rial.
const (
	leastAmount = 1_000
	mostAmount  = 1_000_000_000
)

// Gateway is one contract with ZarinPal.
type Gateway struct {
	gateway.Unprintable
	Returner
	client   *client.Client
	info     gateway.Info
	live     bool
	base     string // of the REST interface and the payment page
	graph    string // of the merchant panel's GraphQL
	terminal string // the panel's number of the contract; empty = the token's only one
	method   string // how refunds travel
	merchant gateway.Secret
	token    gateway.Secret // of the panel; without it there are no refunds
}

// New opens a contract.
//
// Credentials: merchant_id; access_token, of the panel, for refunds.
// Settings: mode (live, test), base_url, graphql_url, terminal_id,
// refund_method (PAYA, CARD), min_amount, max_amount, page_minutes, timeout_ms.
// Error: setting_invalid.
func New(c gateway.Config, transport http.RoundTripper) (gateway.Gateway, error) {
	t := c.Terms()
	host, panel := "https://payment.zarinpal.com", "https://next.zarinpal.com/api/v4/graphql"
	if !t.Live() {
		host, panel = "https://sandbox.zarinpal.com", "https://sandbox.zarinpal.com/api/v4/graphql"
	}
	g := &Gateway{
		live: t.Live(),
		base: t.Address("base_url", host), graph: t.Address("graphql_url", panel),
		terminal: t.Text("terminal_id", ""), method: t.Word("refund_method", "PAYA", "CARD"),
		merchant: t.Secret("merchant_id"), token: t.OptionalSecret("access_token"),
	}
	if g.merchant != "" && !merchantForm.MatchString(g.merchant.Reveal()) {
		t.Fail("merchant_id", "It must be a UUID in lower case.")
	}
	g.info = gateway.Info{
		Connector: "zarinpal", Title: "ZarinPal", Unit: money.IRR,
		Min:      money.New(t.Count("min_amount", leastAmount, 1, mostAmount), money.IRR),
		Max:      money.New(t.Count("max_amount", mostAmount, leastAmount, mostAmount), money.IRR),
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

// Healthy says that ZarinPal has not been failing lately.
func (g *Gateway) Healthy() bool { return g.client.Healthy() }

// Start asks for an authority. An answer with errors means that none exists.
func (g *Gateway) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.IRR || a.Amount.Sign() <= 0 {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the amount is not in Rial"}
	}
	opened, said, err := g.request(ctx, a)
	switch {
	case err != nil:
		return gateway.Started{Outcome: gateway.NoAnswer, Word: err.Error()}
	case said.code < 0 || said.code == badReferrer:
		return g.refusedStart(said)
	case said.code != codeDone || !authorityForm.MatchString(opened.Authority):
		return gateway.Started{Outcome: gateway.NoAnswer, Word: g.words(said)}
	case g.live && opened.Authority[0] == testAuthority:
		return gateway.Started{Outcome: gateway.NoAnswer, Alarm: "the provider opened a page of its test system"}
	}
	return gateway.Started{
		Outcome: gateway.Opened, Session: opened.Authority, Link: g.base + "/pg/StartPay/" + opened.Authority,
	}
}

// Resolve asks inquiry to look and verify to take. Verify is safe to repeat,
// so a verified payment is verified again for the reference that inquiry does
// not tell.
func (g *Gateway) Resolve(ctx context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.IRR || !authorityForm.MatchString(a.Session) {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "no such attempt can have been opened here"}
	}
	if q != gateway.Take {
		if report, verified := g.look(ctx, a); !verified {
			return report
		}
	}
	report, unpaid := g.take(ctx, a)
	if !unpaid {
		return report
	}
	report, verified := g.look(ctx, a)
	if !verified {
		return report
	}
	// Another verify may have come between the two questions.
	if report, unpaid = g.take(ctx, a); unpaid {
		report.Alarm = "inquiry says that it is verified, and verify that it is not paid"
	}
	return report
}

// Reverse undoes the whole payment within half an hour of it.
func (g *Gateway) Reverse(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if !authorityForm.MatchString(r.Attempt.Session) || r.Amount != r.Attempt.Amount {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "only a whole payment can be reversed"}
	}
	said, err := g.reverse(ctx, r.Attempt)
	if err != nil {
		return client.LostReturn(err)
	}
	report := g.reversed(said)
	if !maybeReversed[said.code] {
		return report
	}
	// The refusal may be about a reversal that was made before.
	if status, asked, err := g.inquiry(ctx, r.Attempt); err == nil && asked.code == codeDone && status == "REVERSED" {
		return gateway.ReturnReport{Outcome: gateway.Done, Undone: true}
	}
	return report
}

// CanRefund says that the panel's access token is there.
func (g *Gateway) CanRefund() bool { return g.token != "" }

// Refund looks up the payment's number in the panel and asks for the refund
// under it. The description carries our id, by which RefundState finds it.
func (g *Gateway) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if !g.CanRefund() || r.Amount.Unit() != money.IRR || r.Receipt == "" {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: the contract cannot refund this"}
	}
	session, report := g.session(ctx, r)
	if session == "" {
		return report
	}
	refund, said, err := g.addRefund(ctx, r, session)
	if err != nil {
		return client.LostReturn(err)
	}
	return g.refunded(r, refund, said)
}

// RefundState asks inquiry whether the payment was undone, and the panel for
// the refund.
func (g *Gateway) RefundState(ctx context.Context, r gateway.Return, receipt string) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	status, said, err := g.inquiry(ctx, r.Attempt)
	if err == nil && said.code == codeDone && status == "REVERSED" {
		return gateway.ReturnReport{Outcome: gateway.Done, Undone: true}
	}
	if !g.CanRefund() {
		return gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: "the panel's access token is missing"}
	}
	return g.refundState(ctx, r, receipt)
}

// Sweep lists the paid authorities that nobody has verified, the newest
// hundred. Entries that cannot be authorities are left out.
// Errors: gateway_unavailable, gateway_refused.
func (g *Gateway) Sweep(ctx context.Context) ([]gateway.Unclaimed, error) {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	listed, said, err := g.unverified(ctx)
	if err != nil {
		return nil, fault.New(fault.CodeGatewayUnavailable, "gateway", "").With(err)
	}
	if said.code != codeDone {
		return nil, fault.New(fault.CodeGatewayRefused, "gateway", g.words(said))
	}
	var unclaimed []gateway.Unclaimed
	for _, entry := range listed.Authorities {
		amount, err := money.Parse(string(entry.Amount), money.IRR)
		if err == nil && authorityForm.MatchString(entry.Authority) {
			unclaimed = append(unclaimed, gateway.Unclaimed{Session: entry.Authority, Amount: amount})
		}
	}
	return unclaimed, nil
}
