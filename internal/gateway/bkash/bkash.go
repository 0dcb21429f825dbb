// Package bkash is the connector to bKash's Tokenized Checkout, version
// 1.2.0-beta: a Bangladeshi wallet, a page to consent on, and execute, which
// alone moves the money and is sent once. Refunds are those of version 2, or
// of version 1 where the contract has no other.
package bkash

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// What the provider's papers say. Ceilings are values of the contract.
const (
	leastAmount = 100 // one taka
	longestPage = 15  // minutes; a payment may live no longer at the provider
)

// The provider's hosts.
const (
	baseLive, baseTest = "https://tokenized.pay.bka.sh", "https://tokenized.sandbox.bka.sh"
	usualPages         = "payment.bkash.com,sandbox.payment.bkash.com"
)

// afterDeadline is how long an execute that was sent in time may still run.
const afterDeadline = time.Minute

// Gateway is one contract with bKash.
type Gateway struct {
	gateway.Unprintable
	Returner
	client  *client.Client
	info    gateway.Info
	now     func() time.Time
	base    string
	pages   client.Pages
	refunds refundCalls
	access  *access
	sent    *sent
	running singleflight.Group // executes, by session
}

// New opens a contract.
//
// Credentials: username, password, app_key, app_secret.
// Settings: mode (live, test), base_url, page_hosts (host names with commas
// between, beside that of base_url), refund_version (v2, v1), refund_v1_status
// (same, separate), execute_wait_seconds, min_amount, max_amount, page_minutes,
// timeout_ms.
// Error: setting_invalid.
func New(c gateway.Config, transport http.RoundTripper) (gateway.Gateway, error) {
	t := c.Terms()
	usualBase := baseTest
	if t.Live() {
		usualBase = baseLive
	}
	g := &Gateway{now: c.Now, base: t.Address("base_url", usualBase)}
	g.pages = client.PagesOf(t.Text("page_hosts", usualPages), g.base, t.Live())
	version, status := t.Word("refund_version", "v2", "v1"), t.Word("refund_v1_status", "same", "separate")
	wait := time.Duration(t.Count("execute_wait_seconds", 30, 0, 600)) * time.Second
	keys := credentials{
		username: t.Secret("username"), password: t.Secret("password"),
		appKey: t.Secret("app_key"), appSecret: t.Secret("app_secret"),
	}
	g.info = gateway.Info{
		Connector: "bkash", Title: "bKash", Unit: money.BDT,
		Min:      money.New(t.Count("min_amount", leastAmount, 1, 1<<53), money.BDT),
		Methods:  []payment.Method{payment.MobileWallet},
		Lifetime: time.Duration(t.Count("page_minutes", longestPage, 1, longestPage)) * time.Minute,

		VerifyCaptures: true, CanLook: true, LostStartIsHarmless: true,
	}
	if most := t.Count("max_amount", 0, 0, 1<<53); most > 0 {
		g.info.Max = money.New(most, money.BDT)
	}
	limit := time.Duration(t.Count("timeout_ms", 30_000, 50, 60_000)) * time.Millisecond
	if err := t.Err(); err != nil {
		return nil, err
	}
	g.client = client.New(transport, limit, keys.username, keys.password, keys.appKey, keys.appSecret)
	g.access = newAccess(keys, g.client, g.base, c.Now)
	g.sent = newSent(wait)
	g.refunds = refundsV2{g}
	if version == "v1" {
		g.refunds = refundsV1{Gateway: g, separate: status == "separate"}
	}
	return g, nil
}

// Info is what the contract can do.
func (g *Gateway) Info() gateway.Info { return g.info }

// Healthy says that bKash has not been failing lately.
func (g *Gateway) Healthy() bool { return g.client.Healthy() }

// Start asks for a payment id and a page.
func (g *Gateway) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.BDT || a.Amount.Sign() <= 0 {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the amount is not in taka"}
	}
	if !fits(a.Reference) {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the reference cannot be an invoice number"}
	}
	data, err := g.create(ctx, a)
	switch {
	case err != nil:
		return g.notStarted(err)
	case data.code() != codeDone:
		return g.refusedStart(data.said)
	case !sessionForm.MatchString(data.PaymentID) || !g.pages.Has(data.BkashURL):
		return gateway.Started{Outcome: gateway.NoAnswer, Word: "a payment id or a page that cannot be the provider's"}
	case a.Amount != data.Amount.In(money.BDT) || data.Currency != "BDT" || data.Invoice != a.Reference:
		return gateway.Started{
			Outcome: gateway.NoAnswer, Word: "another payment was opened", Alarm: "create speaks of another payment",
		}
	}
	return gateway.Started{Outcome: gateway.Opened, Session: data.PaymentID, Link: data.BkashURL}
}

// Resolve asks for the status to look, and executes to take.
func (g *Gateway) Resolve(ctx context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.BDT || !sessionForm.MatchString(a.Session) {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "no such attempt can have been opened here"}
	}
	if q == gateway.Look {
		return g.look(ctx, a)
	}
	report, err, _ := g.running.Do(a.Session, func() (any, error) { return g.take(ctx, a), nil })
	taken, ok := report.(gateway.Report)
	if err != nil || !ok {
		return gateway.Report{Outcome: gateway.Unknown, Doubt: true}
	}
	return taken
}

// take executes, unless the payment was given up or an earlier execute may
// have worked: then the status tells first.
func (g *Gateway) take(ctx context.Context, a gateway.Attempt) gateway.Report {
	closed := givenUp(a) != "" || g.late(a)
	if a.Doubtful && g.sent.lately(a.Session, g.now()) {
		return gateway.Report{Outcome: gateway.Unknown, Doubt: true, Word: "execute is given time to answer"}
	}
	if closed || a.Doubtful {
		report := g.look(ctx, a)
		if report.Outcome != gateway.Authorized || report.Receipt != "" || closed {
			return report
		}
	}
	return g.run(ctx, a)
}

// run executes once, and asks for the status only where the answer is that
// somebody had executed before.
func (g *Gateway) run(ctx context.Context, a gateway.Attempt) gateway.Report {
	g.sent.note(a.Session, g.now())
	data, err := g.execute(ctx, a)
	if err != nil {
		return lost(err)
	}
	code := data.code()
	if code == codeDone {
		return g.reported("execute", data, a)
	}
	if ranBefore[code] {
		report := g.look(ctx, a)
		if report.Outcome == gateway.Captured || report.Receipt != "" || report.Alarm != "" {
			return report
		}
		// The status does not know yet what the earlier execute did.
		return gateway.Report{Outcome: gateway.Unknown, Doubt: true, Word: g.words(data.said)}
	}
	return g.refusedExecute(data.said)
}

// look asks for the status, which changes nothing.
func (g *Gateway) look(ctx context.Context, a gateway.Attempt) gateway.Report {
	data, err := g.status(ctx, a)
	if err != nil {
		report := lost(err)
		report.Doubt = false // a question moves nothing
		return report
	}
	if data.code() != codeDone {
		report := gateway.Report{Outcome: gateway.Unknown, Word: g.words(data.said)}
		if codes[data.code()].class == setUp {
			report.Alarm = "status says " + report.Word
		}
		return report
	}
	return g.reported("status", data, a)
}

// late says that the attempt's time is over, so that we execute no more.
func (g *Gateway) late(a gateway.Attempt) bool {
	return !a.Deadline.IsZero() && !g.now().Before(a.Deadline)
}

// CanRefund is true: the same credentials are enough.
func (g *Gateway) CanRefund() bool { return true }

// Refund sends money back, after it has read which refunds there are.
func (g *Gateway) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if !refundable(r) {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: the contract cannot refund this"}
	}
	before, err := g.refunds.list(ctx, r)
	if err != nil {
		return notSent(err)
	}
	g.sent.remember(r, before)
	report := g.refunds.send(ctx, r, before)
	g.sent.answered(r.Refund, report)
	return report
}

// RefundState reads the refunds of the payment and finds this one among them.
func (g *Gateway) RefundState(ctx context.Context, r gateway.Return, receipt string) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	unsure := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: receipt}
	if !refundable(r) {
		unsure.Alarm = "no such refund can have been sent here"
		return unsure
	}
	list, err := g.refunds.list(ctx, r)
	if err != nil {
		unsure.Word = err.Error()
		return unsure
	}
	report := found(r, receipt, list, g.sent.recall(r))
	g.sent.answered(r.Refund, report)
	return report
}

// refundable says that a return is about something that can have been paid here.
func refundable(r gateway.Return) bool {
	return r.Amount.Unit() == money.BDT && r.Amount.Sign() > 0 && sessionForm.MatchString(r.Attempt.Session) &&
		trxForm.MatchString(r.Receipt)
}
