// Package nagad is the connector to Nagad's online payment, version v-0.2.0:
// Bangladesh's mobile wallet, a page to pay on, and verify, which only reads.
// Messages are sealed with the provider's key and signed with ours.
package nagad

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// What is assumed of amounts, in paisa, since nobody publishes it: there is no
// most, but settings may not name more than fits into a message.
const (
	leastAmount = 100
	mostAmount  = 1_000_000_000_00
)

// Where the provider is. The host of its real page is not published, so any of
// its domain will do until the contract names it.
const (
	liveBase  = "https://api.mynagad.com/api/dfs"
	liveHosts = ".mynagad.com"
	testHost  = "sandbox.mynagad.com"
	testBase  = "http://" + testHost + ":10080/remote-payment-gateway-1.0/api/dfs"
	testHosts = testHost + ":10060,sandbox-ssl.mynagad.com:10061"
)

// testAddress stands for the payer's address in the provider's test system.
const testAddress = "192.0.2.1"

// Gateway is one contract with Nagad.
type Gateway struct {
	gateway.Unprintable
	Returner
	client       *client.Client
	info         gateway.Info
	now          func() time.Time
	live         bool
	base         string
	hosts        []string // of the customer page; one that begins with a dot stands for all below it
	account      string   // the merchant's telephone number
	address      string   // IPv4, in place of the payer's
	clientType   string
	nameMerchant bool // send the merchant's id as a header, too
	merchant     gateway.Secret
	keys         keys
}

// New opens a contract.
//
// Credentials: merchant_id; merchant_private_key and pg_public_key, each as PEM
// or as its DER in base64.
// Settings: mode (live, test), base_url, page_hosts (with commas between),
// account_number, payer_address (an IPv4 address, needed in live mode),
// client_type (PC_WEB, MOBILE_WEB), merchant_header (off, on), min_amount and
// max_amount in paisa, page_minutes, timeout_ms.
// Error: setting_invalid.
func New(c gateway.Config, transport http.RoundTripper) (gateway.Gateway, error) {
	t := c.Terms()
	base, hosts, address := liveBase, liveHosts, ""
	if !t.Live() {
		base, hosts, address = testBase, testHosts, testAddress
	}
	g := &Gateway{
		now: c.Now, live: t.Live(), base: t.Address("base_url", base),
		account: t.Text("account_number", ""), address: t.Text("payer_address", address),
		clientType:   t.Word("client_type", "PC_WEB", "MOBILE_WEB"),
		nameMerchant: t.Word("merchant_header", "off", "on") == "on",
		merchant:     t.Secret("merchant_id"),
	}
	g.hosts = strings.FieldsFunc(t.Text("page_hosts", hosts), func(r rune) bool { return r == ',' || r == ' ' })
	g.checkBase(t)
	private, public := t.Secret("merchant_private_key"), t.Secret("pg_public_key")
	g.readKeys(t, private, public)
	if ip := net.ParseIP(g.address); ip == nil || ip.To4() == nil {
		t.Fail("payer_address", "It must be an IPv4 address, which is sent in place of the payer's.")
	}
	g.info = gateway.Info{
		Connector: "nagad", Title: "Nagad", Unit: money.BDT,
		Min:      money.New(t.Count("min_amount", leastAmount, 1, mostAmount), money.BDT),
		Methods:  []payment.Method{payment.MobileWallet},
		Lifetime: time.Duration(t.Count("page_minutes", 20, 1, 24*60)) * time.Minute,

		CanLook: true, LostStartIsHarmless: true,
	}
	if most := t.Count("max_amount", 0, leastAmount, mostAmount); most > 0 {
		g.info.Max = money.New(most, money.BDT)
	}
	limit := time.Duration(t.Count("timeout_ms", 20_000, 50, 60_000)) * time.Millisecond
	if err := t.Err(); err != nil {
		return nil, err
	}
	g.client = client.New(transport, limit, g.merchant, private, public)
	return g, nil
}

// checkBase lets the base's own host show the page, and plain http reach only
// this machine and the provider's test system.
func (g *Gateway) checkBase(t *gateway.Terms) {
	u, err := url.Parse(g.base)
	if err != nil {
		return // Address has said so
	}
	g.hosts = append(g.hosts, u.Host)
	ip := net.ParseIP(u.Hostname())
	near := u.Hostname() == "localhost" || u.Hostname() == testHost || ip != nil && ip.IsLoopback()
	if u.Scheme == "http" && !near {
		t.Fail("base_url", "Plain http is for this machine and the provider's test system only.")
	}
}

// readKeys reads both keys. The words never hold any of them.
func (g *Gateway) readKeys(t *gateway.Terms, private, public gateway.Secret) {
	const want = "It must be an RSA key of 2048 bits, as PEM or as one line of base64."
	var ok bool
	if g.keys.ours, ok = privateKey(private.Reveal()); !ok {
		t.Fail("merchant_private_key", want)
	}
	if g.keys.theirs, ok = publicKey(public.Reveal()); !ok {
		t.Fail("pg_public_key", want)
	}
}

// Info is what the contract can do.
func (g *Gateway) Info() gateway.Info { return g.info }

// Healthy says that Nagad has not been failing lately.
func (g *Gateway) Healthy() bool { return g.client.Healthy() }

// Start initializes and completes an order. Without the page's address, which
// is the last answer, nobody can pay it.
func (g *Gateway) Start(ctx context.Context, a gateway.Attempt) gateway.Started {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if a.Amount.Unit() != money.BDT || a.Amount.Sign() <= 0 {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the amount is not in taka"}
	}
	if !orderForm.MatchString(a.Short) {
		return gateway.Started{Outcome: gateway.Refused, Alarm: "the attempt has no short id"}
	}
	said, no, err := g.initialize(ctx, a)
	switch {
	case err != nil:
		return lostStart("", err)
	case no.given():
		// Nothing in this call is the payer's: only the contract can be wrong.
		words := g.words(no)
		return gateway.Started{Outcome: gateway.Refused, Word: words, Alarm: "initialize is refused: " + words}
	}
	page, err := g.complete(ctx, a, said)
	switch {
	case err != nil:
		return lostStart(said.Reference, err)
	case page.given():
		return gateway.Started{Outcome: gateway.Refused, Session: said.Reference, Word: g.words(page.refusalWire)}
	case page.Status != statusSuccess:
		return gateway.Started{
			Outcome: gateway.NoAnswer, Session: said.Reference, Word: g.client.Words(page.Status, string(page.Message)),
		}
	case !g.trusted(page.CallBackURL):
		return gateway.Started{
			Outcome: gateway.NoAnswer, Session: said.Reference, Alarm: "the page is on a host that page_hosts does not name",
		}
	}
	return gateway.Started{Outcome: gateway.Opened, Session: said.Reference, Link: page.CallBackURL}
}

// lostStart is the report of a start without a usable answer. One that does
// not open may mean that the keys are wrong.
func lostStart(session string, err error) gateway.Started {
	started := gateway.Started{Outcome: gateway.NoAnswer, Session: session, Word: err.Error()}
	if errors.Is(err, errSeal) {
		started.Alarm = err.Error()
	}
	return started
}

// Resolve asks verify, whichever the question: the money moves on the page.
func (g *Gateway) Resolve(ctx context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if !known(a) {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "no such attempt can have been opened here"}
	}
	facts, err := g.verify(ctx, a)
	if err != nil {
		return gateway.Report{Outcome: gateway.Unknown, Word: err.Error()} // a question moves nothing
	}
	return g.reported(facts, a)
}

// known says that an attempt can have been opened by Start.
func known(a gateway.Attempt) bool {
	return a.Amount.Unit() == money.BDT && orderForm.MatchString(a.Short) && referenceForm.MatchString(a.Session)
}

// CanRefund is true: the keys that open an order cancel it, too.
func (g *Gateway) CanRefund() bool { return true }

// Refund cancels the payment in whole or in part.
func (g *Gateway) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if !known(r.Attempt) || r.Amount.Unit() != money.BDT || r.Amount.Sign() <= 0 {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: the contract cannot refund this"}
	}
	text, err := g.backOf(r)
	var box sealed
	if err == nil {
		box, err = g.keys.seal(text)
	}
	if err != nil {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: " + err.Error()}
	}
	said, no, err := g.cancel(ctx, r, box)
	switch {
	case err != nil:
		report := client.LostReturn(err)
		if errors.Is(err, errSeal) {
			report.Alarm = err.Error()
		}
		return report
	case no.given():
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: g.words(no)}
	}
	return returned(r, said, g.client.Words)
}

// RefundState asks verify whether it shows a cancel.
func (g *Gateway) RefundState(ctx context.Context, r gateway.Return, receipt string) gateway.ReturnReport {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	unsure := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Receipt: receipt}
	if !known(r.Attempt) {
		unsure.Word = "no such payment can have been made here"
		return unsure
	}
	facts, err := g.verify(ctx, r.Attempt)
	if err != nil {
		unsure.Word = err.Error()
		return unsure
	}
	return g.returnState(r, receipt, facts)
}
