// Package sslcommerz is the connector to SSLCommerz, version 4: Bangladeshi
// cards, net banking and wallets, and the road to Rocket. The money moves on
// the provider's page; validation only confirms it.
package sslcommerz

import (
	"context"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// What the provider's papers say, in poisha.
const (
	leastAmount = 10_00
	mostAmount  = 500_000_00
)

// The provider's hosts.
const (
	baseLive, baseTest = "https://securepay.sslcommerz.com", "https://sandbox.sslcommerz.com"
)

// The filters of the page that methods stand for, each of at most thirty
// characters. Rocket's name there is that of its bank.
const (
	filterCards   = "visacard,mastercard,amexcard"
	filterWallets = "mobilebank"
	filterRocket  = "dbblmobilebanking"
)

// Gateway is one contract with SSLCommerz.
type Gateway struct {
	gateway.Unprintable
	Returner
	client   *client.Client
	info     gateway.Info
	now      func() time.Time
	base     string
	pages    client.Pages
	filters  map[payment.Method]string
	usual    usual
	store    string
	password gateway.Secret
	empty    *empty
}

// New opens a contract.
//
// Credentials: store_passwd.
// Settings: mode (live, test), store_id, base_url, page_hosts (host names with
// commas between, beside that of base_url), channels (the page's filter when a
// payment names no method; dbblmobilebanking alone makes it a contract for
// Rocket), card_channels (the filter for cards, such as othercard for local
// ones), category, profile (general, non-physical-goods), payer_name,
// payer_email, payer_phone, payer_address, payer_city, payer_postcode (what is
// sent when the payer's own is not known), min_amount, max_amount,
// page_minutes, timeout_ms.
// Error: setting_invalid.
func New(c gateway.Config, transport http.RoundTripper) (gateway.Gateway, error) {
	t := c.Terms()
	host := baseTest
	if t.Live() {
		host = baseLive
	}
	g := &Gateway{
		now: c.Now, base: t.Address("base_url", host), empty: newEmpty(),
		store: t.Text("store_id", ""), password: t.Secret("store_passwd"), usual: usualOf(t),
	}
	if g.store == "" || len(g.store) > longestName || len(g.password) > longestName {
		t.Fail("store_id", "The store's id and its password must be there, with at most 30 characters each.")
	}
	g.pages = client.PagesOf(t.Text("page_hosts", ""), g.base, t.Live())
	g.filters = filtersOf(t)
	g.info = gateway.Info{
		Connector: "sslcommerz", Title: "SSLCommerz", Unit: money.BDT,
		Min:      money.New(t.Count("min_amount", leastAmount, leastAmount, mostAmount), money.BDT),
		Max:      money.New(t.Count("max_amount", mostAmount, leastAmount, mostAmount), money.BDT),
		Methods:  []payment.Method{payment.Card, payment.MobileWallet, payment.Rocket},
		Lifetime: time.Duration(t.Count("page_minutes", 30, 1, 24*60)) * time.Minute,

		CanLook: true, LostStartIsHarmless: true,
	}
	if g.filters[""] == filterRocket {
		g.info.Methods = []payment.Method{payment.Rocket}
	}
	limit := time.Duration(t.Count("timeout_ms", 30_000, 50, 60_000)) * time.Millisecond
	if err := t.Err(); err != nil {
		return nil, err
	}
	g.client = client.New(transport, limit, g.password)
	return g, nil
}

// filtersOf are the page's filters by method; that of no method is the contract's.
func filtersOf(t *gateway.Terms) map[payment.Method]string {
	filters := make(map[payment.Method]string)
	filters[payment.MobileWallet], filters[payment.Rocket] = filterWallets, filterRocket
	filters[payment.Card], filters[""] = t.Text("card_channels", filterCards), t.Text("channels", "")
	if len(filters[payment.Card]) > longestName {
		t.Fail("card_channels", "It must have at most 30 characters.")
	}
	if len(filters[""]) > longestName {
		t.Fail("channels", "It must have at most 30 characters.")
	}
	return filters
}

// Info is what the contract can do.
func (g *Gateway) Info() gateway.Info { return g.info }

// Healthy says that SSLCommerz has not been failing lately.
func (g *Gateway) Healthy() bool { return g.client.Healthy() }

// Start opens a checkout. The attempt's short id is the order's number there,
// and also the session: it alone comes back with the payer and in notices.
func (g *Gateway) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.BDT || a.Amount.Sign() <= 0 {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the amount is not in taka"}
	}
	if !sessionForm.MatchString(a.Short) {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the attempt has no short id"}
	}
	data, err := g.open(ctx, a)
	switch {
	case err != nil:
		return gateway.Started{Outcome: gateway.NoAnswer, Word: err.Error()}
	case data.Status == wordFailed:
		return g.refusedStart(string(data.Reason))
	case data.Status != wordSuccess || data.Session == "":
		return gateway.Started{Outcome: gateway.NoAnswer, Word: g.client.Words(string(data.Status), string(data.Reason))}
	case !g.pages.Has(string(data.Page)):
		return gateway.Started{
			Outcome: gateway.NoAnswer, Word: "a page on another host", Alarm: "the provider's page is on a host that is not set",
		}
	}
	return gateway.Started{Outcome: gateway.Opened, Session: a.Short, Link: string(data.Page)}
}

// Resolve lists the tries under the attempt's id and validates the one that is
// money; both only read, so looking and taking are the same.
func (g *Gateway) Resolve(ctx context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.BDT || !sessionForm.MatchString(a.Session) {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "no such attempt can have been opened here"}
	}
	report, valid := g.look(ctx, a)
	if len(valid) > 0 {
		report = g.confirm(ctx, a, valid[0])
		if len(valid) > 1 {
			report.Alarm = "the payer was charged more than once; all but one must be refunded"
		}
		return report
	}
	// The list may lag behind. What a return or a notice names counts only when it turns out to be our money.
	if named := namedIn(a.Word); named != "" && report.Outcome == gateway.Pending {
		if told := g.confirm(ctx, a, named); told.Outcome == gateway.Captured || told.Outcome == gateway.Pending {
			return told
		}
	}
	return report
}

// CanRefund is true: the same credentials are enough.
func (g *Gateway) CanRefund() bool { return true }

// Refund asks for money back, once.
func (g *Gateway) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if r.Amount.Unit() != money.BDT || r.Amount.Sign() <= 0 || r.Refund == "" || !receiptForm.MatchString(r.Receipt) {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: the contract cannot refund this"}
	}
	data, err := g.refund(ctx, r)
	if err != nil {
		return client.LostReturn(err)
	}
	return g.refunded(r, data)
}

// RefundState asks for a refund by the provider's id of it. Without one there
// is nothing to ask with.
func (g *Gateway) RefundState(ctx context.Context, r gateway.Return, receipt string) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	unsure := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: receipt}
	if !receiptForm.MatchString(receipt) {
		unsure.Word = "the provider gave no id of the refund to ask with"
		return unsure
	}
	data, err := g.refundState(ctx, receipt)
	if err != nil {
		unsure.Word = err.Error()
		return unsure
	}
	return g.refundStands(r, receipt, data)
}
