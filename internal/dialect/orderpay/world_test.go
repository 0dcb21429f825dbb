package orderpay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/orderpay"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/manual"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// The issuers of the worlds: the shop's is the one of the contract's example.
const (
	issuer      = "shop-test"
	secret      = "orderpay-test-secret-0001-orderpay-test-secret-0001-orderpay-001"
	otherIssuer = "other-test"
	otherSecret = "orderpay-test-secret-0002-orderpay-test-secret-0002-orderpay-002"
)

// The users of the shop, by the names of their tokens.
var users = map[string]struct{ id, role string }{
	"customer":  {"33333333-4444-4555-8666-777777777777", "CUSTOMER"},
	"neighbour": {"33333333-4444-4555-8666-777777777778", "Customer"},
	"seller":    {"11111111-4444-4555-8666-777777777777", "SELLER"},
	"rival":     {"11111111-4444-4555-8666-777777777778", "seller"},
	"manager":   {"22222222-4444-4555-8666-777777777777", "ADMIN"},
	"owner":     {"22222222-4444-4555-8666-777777777778", "SUPER_ADMIN"},
}

// far is when the tokens of the worlds end.
var far = time.Unix(4102444800, 0)

// token is one of an issuer's.
func token(t testing.TB, secret string, n orderpay.NewToken) string {
	t.Helper()
	if n.Expires.IsZero() {
		n.Expires = far
	}
	text, err := orderpay.Mint(secret, n)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// stage makes the shop and its neighbour believe their issuers.
func stage(t testing.TB, w *dialecttest.World) {
	t.Helper()
	for _, n := range []app.NewIssuer{
		{Merchant: w.Shop, Name: issuer, Secret: secret}, {Merchant: w.Other, Name: otherIssuer, Secret: otherSecret},
	} {
		if _, err := w.App.AddIssuer(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	for name, u := range users {
		w.Keys[name] = token(t, secret, orderpay.NewToken{
			Issuer: issuer, User: u.id, Role: u.role, Email: name + "@shop.example",
		})
	}
	w.Keys["stranger"] = token(t, otherSecret, orderpay.NewToken{
		Issuer: otherIssuer, User: users["manager"].id, Role: "SUPER_ADMIN",
	})
}

// desk is a provider in memory with a page on which taka are paid.
type desk struct {
	name    string
	methods []payment.Method
	takes   bool // who pays on its page has paid: it does not wait for our word

	mu    sync.Mutex
	mood  string // "refuses", "is silent"
	pages map[string]*sheet
	taken int
	backs int
}

type sheet struct {
	attempt gateway.Attempt
	state   string // open, paid, taken, left
	receipt string
}

func (d *desk) Info() gateway.Info {
	return gateway.Info{
		Connector: d.name, Title: d.name, Unit: money.BDT, Min: money.New(100, money.BDT), Methods: d.methods,
		Lifetime: 15 * time.Minute, VerifyCaptures: !d.takes, CanLook: true, LostStartIsHarmless: true,
	}
}

func (d *desk) Start(_ context.Context, a gateway.Attempt) gateway.Started {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch d.mood {
	case "refuses":
		return gateway.Started{Outcome: gateway.Refused, Word: "not today"}
	case "is silent":
		return gateway.Started{Outcome: gateway.NoAnswer}
	}
	session := fmt.Sprintf("%s-%d", d.name, len(d.pages)+1)
	d.pages[session] = &sheet{attempt: a, state: "open"}
	return gateway.Started{Outcome: gateway.Opened, Session: session, Link: "https://" + d.name + ".example/" + session}
}

func (d *desk) Resolve(_ context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.pages[a.Session]
	switch {
	case p == nil:
		return gateway.Report{Outcome: gateway.Unknown}
	case p.state == "paid" && (q == gateway.Take || d.takes):
		d.taken++
		p.state, p.receipt = "taken", fmt.Sprintf("%s-R%d", d.name, d.taken)
	}
	switch p.state {
	case "paid":
		return gateway.Report{Outcome: gateway.Authorized}
	case "taken":
		return gateway.Report{Outcome: gateway.Captured, Receipt: p.receipt, Amount: p.attempt.Amount}
	case "left":
		return gateway.Report{Outcome: gateway.Canceled, Word: "the payer turned back"}
	}
	return gateway.Report{Outcome: gateway.Pending}
}

func (d *desk) CanRefund() bool { return true }

func (d *desk) Refund(context.Context, gateway.Return) gateway.ReturnReport {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.backs++
	return gateway.ReturnReport{Outcome: gateway.Done, Receipt: fmt.Sprintf("%s-B%d", d.name, d.backs)}
}

func (d *desk) RefundState(context.Context, gateway.Return, string) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
}

// turn is what the payer does on a page; it gives the payment's id.
func (d *desk) turn(session, state string) (id string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.pages[session]
	if p == nil {
		return "", false
	}
	p.state = state
	return strings.TrimSuffix(p.attempt.Reference, "-1"), true
}

// gateways are those of every merchant: two wallets with names of their own, one
// that offers many things, and the till.
func gateways() map[string]gateway.Gateway {
	all := map[string]gateway.Gateway{}
	for name, offered := range map[string][]payment.Method{
		"bkash": {payment.MobileWallet}, "nagad": {payment.MobileWallet},
		"sslcommerz": {payment.Card, payment.MobileWallet, payment.Rocket},
	} {
		all[name] = &desk{name: name, methods: offered, pages: map[string]*sheet{}, takes: name == "nagad"}
	}
	till, err := manual.New(gateway.Config{
		Settings: map[string]string{"mode": "test", "unit": "BDT", "instructions_url": "https://till.example/how"},
		Now:      func() time.Time { return dialecttest.Start },
	}, nil)
	if err != nil {
		panic(err)
	}
	all["till"] = till
	return all
}

// What can happen in the stories besides.
var (
	moods   = regexp.MustCompile(`^(\w+) (refuses|is silent|is well)$`)
	pays    = regexp.MustCompile(`^the payer (pays|leaves) (\S+)$`)
	takes   = regexp.MustCompile(`^the operator has got (\S+): (\S+)$`)
	cancels = regexp.MustCompile(`^the operator cancels (\S+)$`)
	backs   = regexp.MustCompile(`^(\S+) of (\S+) goes back$`)
	due     = regexp.MustCompile(`^order (\S+) of (\S+) expires$`)
)

// happen does what a story says.
func happen(ctx context.Context, w *dialecttest.World, what string) (known bool, err error) {
	if m := moods.FindStringSubmatch(what); m != nil {
		d, ok := w.Gateways[m[1]].(*desk)
		if !ok {
			return true, errors.New("there is no such gateway")
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.mood = m[2]
		return true, nil
	}
	if m := pays.FindStringSubmatch(what); m != nil {
		return true, pay(ctx, w, m[2], map[string]string{"pays": "paid", "leaves": "left"}[m[1]])
	}
	if m := takes.FindStringSubmatch(what); m != nil {
		_, err := w.App.ConfirmPayment(ctx, w.Shop, app.Confirmation{
			Payment: m[1], Receipt: m[2], Paid: true, Operator: "ann", Note: "in the till",
		})
		return true, err
	}
	if m := cancels.FindStringSubmatch(what); m != nil {
		_, err := w.App.CancelPayment(ctx, w.Shop, m[1], "ann", "not wanted")
		return true, err
	}
	if m := backs.FindStringSubmatch(what); m != nil {
		amount, err := money.Parse(m[1], money.BDT)
		if err == nil {
			_, err = w.App.RefundPayment(ctx, w.Shop, app.NewRefund{Payment: m[2], Amount: amount})
		}
		return true, err
	}
	if m := due.FindStringSubmatch(what); m != nil {
		_, err := w.App.CreateInvoice(ctx, w.Shop, app.NewInvoice{
			ID: m[1], Amount: money.New(50_000, money.BDT), Due: w.Now(), Bag: map[string]string{"user": users[m[2]].id},
		})
		if err == nil {
			_, err = w.App.ExpireDue(ctx, 10)
		}
		return true, err
	}
	return false, nil
}

// pay is what a payer does on a page, which the gateway's server tells of.
func pay(ctx context.Context, w *dialecttest.World, session, state string) error {
	for _, g := range w.Gateways {
		d, ok := g.(*desk)
		if !ok {
			continue
		}
		if id, ok := d.turn(session, state); ok {
			_, err := w.App.ResolvePayment(ctx, w.Shop, id)
			return err
		}
	}
	return fmt.Errorf("no gateway has the page %q", session)
}

var extras = dialecttest.Extras{Stranger: "stranger", Stage: stage, Gateways: gateways, Happen: happen}

// config is the dialect in a world, with ids that are known in advance.
func config(w *dialecttest.World) orderpay.Config {
	return orderpay.Config{
		App: w.App, Now: w.Now, Log: slog.New(slog.DiscardHandler), NewID: w.UUID, NewRequestID: w.RequestID,
	}
}

func open(t *testing.T, w *dialecttest.World) *dialect.Dialect {
	t.Helper()
	return orderpay.New(config(w))
}

func newDialect(w *dialecttest.World) *dialect.Dialect { return orderpay.New(config(w)) }

// otherInvoices are invoices of the shop that are not made for its users.
func otherInvoices() map[string]app.NewInvoice {
	return map[string]app.NewInvoice{
		"of nobody":   {ID: idOf(0x200), Amount: money.New(500, money.BDT)},
		"of any size": {ID: idOf(0x201), Amount: money.Zero(money.BDT), Open: true},
	}
}
