// Package stripe is the connector to Stripe: a hosted Checkout Session by default, a PaymentIntent where the payer gave
// us a card, money that is held first, refunds and signed events. One contract has one currency.
package stripe

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	stripego "github.com/stripe/stripe-go/v86"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// What the provider's papers say, in the smallest unit of the wire. Both differ by currency and account, so settings
// change them.
const (
	leastAmount = 50
	mostAmount  = 99_999_999
)

// How long a Checkout Session may be open. The shortest has a minute more, because the provider's clock decides.
const (
	shortestPage = 31 * time.Minute
	longestPage  = 24 * time.Hour
)

// The forms of the provider's ids that we send back in an address.
var (
	sessionForm = regexp.MustCompile(`^cs_[A-Za-z0-9_]{1,200}$`)
	intentForm  = regexp.MustCompile(`^pi_[A-Za-z0-9_]{1,200}$`)
	methodForm  = regexp.MustCompile(`^pm_[A-Za-z0-9_]{1,200}$`)
	refundForm  = regexp.MustCompile(`^re_[A-Za-z0-9_]{1,200}$`)
)

// Gateway is one contract with Stripe.
type Gateway struct {
	gateway.Unprintable
	Returner
	client  *client.Client
	api     *stripego.Client
	info    gateway.Info
	base    string
	coin    coin
	live    bool
	methods []string // as the provider calls them, for a payer who did not choose
	now     func() time.Time
	hooks   []gateway.Secret // what events are signed with; two while the secret is being changed
}

// New opens a contract.
//
// Credentials: secret_key (sk_… or rk_…); webhook_secret and webhook_secret_old (whsec_…), for events.
// Settings: mode (live, test), base_url, currency (needed), methods (card, mb_way, with commas between), min_amount and
// max_amount (in the currency's smallest unit as the provider counts it), page_minutes, timeout_ms.
// Error: setting_invalid.
func New(c gateway.Config, transport http.RoundTripper) (gateway.Gateway, error) {
	t := c.Terms()
	base := t.Address("base_url", "https://api.stripe.com")
	key := t.Secret("secret_key")
	g := &Gateway{base: base, live: t.Live(), now: c.Now, hooks: []gateway.Secret{
		t.OptionalSecret("webhook_secret"), t.OptionalSecret("webhook_secret_old"),
	}}
	mode := map[bool]string{true: "_live_", false: "_test_"}[g.live]
	if key != "" && !strings.Contains(key.Reveal(), mode) {
		t.Fail("secret_key", "The key is of the other mode.")
	}
	var known bool
	if g.coin, known = coinOf(money.Unit(t.Text("currency", ""))); !known {
		t.Fail("currency", "It must be a currency that the provider takes.")
		g.coin, _ = coinOf(money.EUR)
	}
	unit := g.coin.unit
	g.info = gateway.Info{
		Connector: "stripe", Title: "Stripe", Unit: unit,
		Min:      g.coin.amount(t.Count("min_amount", leastAmount, 1, mostAmount)),
		Max:      g.coin.amount(t.Count("max_amount", mostAmount, 1, mostAmount)),
		Methods:  g.readMethods(t),
		Lifetime: time.Duration(t.Count("page_minutes", 60, 31, 24*60)) * time.Minute,

		CanLook: true, LostStartIsHarmless: true,
	}
	limit := time.Duration(t.Count("timeout_ms", 20_000, 50, 60_000)) * time.Millisecond
	if err := t.Err(); err != nil {
		return nil, err
	}
	g.client = client.New(transport, limit, append([]gateway.Secret{key}, g.hooks...)...)
	g.api = newAPI(g.client, base, key)
	return g, nil
}

// methodNames are the methods as the provider calls them.
//
//exhaustive:ignore
var methodNames = map[payment.Method]string{payment.Card: "card", payment.MBWay: "mb_way"}

// readMethods reads what the contract offers.
func (g *Gateway) readMethods(t *gateway.Terms) []payment.Method {
	var list []payment.Method
	for word := range strings.SplitSeq(t.Text("methods", "card"), ",") {
		method := payment.Method(strings.TrimSpace(word))
		name, ok := methodNames[method]
		if !ok || slices.Contains(list, method) {
			t.Fail("methods", "It must be card or mb_way, or both with a comma between.")
			continue
		}
		list, g.methods = append(list, method), append(g.methods, name)
	}
	return list
}

// Info is what the contract can do.
func (g *Gateway) Info() gateway.Info { return g.info }

// Healthy says that Stripe has not been failing lately.
func (g *Gateway) Healthy() bool { return g.client.Healthy() }

// Start opens a Checkout Session.
func (g *Gateway) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	amount, fault := g.wire(a.Amount)
	if fault != "" {
		return gateway.Started{Outcome: gateway.Refused, Alarm: fault}
	}
	session, err := g.api.V1CheckoutSessions.Create(ctx, g.sessionOf(a, amount))
	if err != nil {
		return g.notStarted(err)
	}
	switch {
	case session.Object != "checkout.session" || !sessionForm.MatchString(session.ID) || !webAddress(session.URL):
		return gateway.Started{Outcome: gateway.NoAnswer, Word: "a session without id or address"}
	case session.Livemode != g.live || session.AmountTotal != amount || string(session.Currency) != g.coin.name:
		return gateway.Started{Outcome: gateway.NoAnswer, Alarm: "the session that was opened is not the one asked for"}
	}
	return gateway.Started{Outcome: gateway.Opened, Session: session.ID, Link: session.URL}
}

// wire is an amount as the provider counts it; a fault says why it cannot be sent.
func (g *Gateway) wire(a money.Amount) (amount int64, fault string) {
	if a.Unit() != g.coin.unit || a.Sign() <= 0 {
		return 0, "the amount is not in " + string(g.coin.unit)
	}
	amount, ok := g.coin.wire(a)
	if !ok {
		return 0, "the amount has more decimal places than the provider takes"
	}
	return amount, ""
}

// Resolve reads the session and then its intent, and changes nothing: the money moves when the payer pays, and what is
// held is only taken by Capture.
func (g *Gateway) Resolve(ctx context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	amount, fault := g.wire(a.Amount)
	if fault != "" {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: fault}
	}
	switch {
	case intentForm.MatchString(a.Session):
		return g.look(ctx, a, a.Session, amount)
	case !sessionForm.MatchString(a.Session):
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "no such attempt can have been opened here"}
	}
	session, err := g.readSession(ctx, a.Session)
	if err != nil {
		return g.unread(err)
	}
	report, intent := g.sessionReport(session, a, amount)
	if intent == "" {
		return report
	}
	return g.look(ctx, a, intent, amount)
}

// look reads an intent.
func (g *Gateway) look(ctx context.Context, a gateway.Attempt, id string, amount int64) gateway.Report {
	intent, err := g.readIntent(ctx, id)
	if err != nil {
		return g.unread(err)
	}
	return g.intentReport(intent, a, id, amount)
}

// CanRefund is true: the contract's key is all that refunds need.
func (g *Gateway) CanRefund() bool { return true }

// Refund sends money back.
func (g *Gateway) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	amount, fault := g.wire(r.Amount)
	if fault != "" || !intentForm.MatchString(r.Receipt) {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: the contract cannot refund this"}
	}
	refund, err := g.api.V1Refunds.Create(ctx, refundOf(r, amount))
	if err != nil {
		return g.notRefunded(err)
	}
	return g.refundReport(refund, r, amount)
}

// RefundState reads the refund, or finds it among those of the payment by our own id.
func (g *Gateway) RefundState(ctx context.Context, r gateway.Return, receipt string) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	unsure := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: receipt}
	amount, fault := g.wire(r.Amount)
	if fault != "" || !intentForm.MatchString(r.Receipt) {
		unsure.Alarm = "no such refund can have been asked for here"
		return unsure
	}
	refund, err := g.findRefund(ctx, r, receipt)
	if err != nil {
		unsure.Word, unsure.Alarm = g.said(err)
		return unsure
	}
	if refund == nil {
		unsure.Word = "the provider knows no such refund"
		return unsure
	}
	return g.refundReport(refund, r, amount)
}
