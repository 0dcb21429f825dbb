//go:build browser

package browser

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/checkout"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	core "github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// actor is a gateway whose every payment ends in the same way, so that each
// page can be looked at.
type actor struct {
	name, title string
	ends        gateway.Outcome
	unit        money.Unit    // empty = Rial
	methods     []core.Method // empty = Iranian cards
	noPage      bool
	guide       string // the merchant's page that says where to pay
	told        string // the merchant's own words about it
}

func (a actor) Info() gateway.Info {
	unit := cmp.Or(a.unit, money.IRR)
	methods := a.methods
	if len(methods) == 0 {
		methods = []core.Method{core.IranianCard}
	}
	return gateway.Info{
		Connector: a.name, Title: a.title, Unit: unit, Min: money.New(100, unit),
		Methods: methods, Lifetime: 15 * time.Minute, VerifyCaptures: true, CanLook: true, LostStartIsHarmless: true,
		Instructions: a.told,
	}
}

// noSuchPhone ends the numbers to which nothing can be sent.
const noSuchPhone = "000"

func (a actor) Start(_ context.Context, attempt gateway.Attempt) gateway.Started {
	if strings.HasSuffix(attempt.Payer.Mobile, noSuchPhone) {
		return gateway.Started{Outcome: gateway.Refused}
	}
	if a.noPage {
		return gateway.Started{Outcome: gateway.Opened, Session: attempt.Reference, Link: a.guide}
	}
	return gateway.Started{
		Outcome: gateway.Opened, Session: a.name + attempt.Reference, Link: "https://gateway.example/" + attempt.Reference,
	}
}

func (a actor) Resolve(_ context.Context, attempt gateway.Attempt, _ gateway.Question) gateway.Report {
	r := gateway.Report{Outcome: a.ends}
	if a.ends == gateway.Captured {
		r.Receipt, r.Amount, r.Card = newID(), attempt.Amount, "603799******1234"
	}
	return r
}

// Reverse always works.
func (actor) Reverse(context.Context, gateway.Return) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.Done, Undone: true}
}

// ReadReturn reads ?session=...
func (actor) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	if len(query["session"]) != 1 {
		return gateway.Notice{}, false
	}
	return gateway.Notice{Session: query["session"][0], Word: "ok", Good: true}, true
}

// cast are the gateways of the stage, in the order of routing.
var cast = []actor{
	{name: "zarinpal", title: "ZarinPal", ends: gateway.Captured},
	{name: "shepa", title: "Shepa", ends: gateway.Declined},
	{name: "zibal", title: "Zibal", ends: gateway.Unknown},
	{
		name: "manual", title: "Bank transfer or cash", ends: gateway.Pending, noPage: true,
		methods: []core.Method{core.BankTransfer, core.Cash},
	},
	{name: "bkash", title: "bKash", ends: gateway.Captured, unit: money.BDT, methods: []core.Method{core.MobileWallet}},
	{name: "nagad", title: "Nagad", ends: gateway.Captured, unit: money.BDT, methods: []core.Method{core.MobileWallet}},
	{
		name: "sslcommerz", title: "SSLCommerz", ends: gateway.Captured, unit: money.BDT,
		methods: []core.Method{core.Card, core.MobileWallet, core.Rocket},
	},
	{
		name: "phone", title: "MB WAY", ends: gateway.Pending, unit: money.EUR, noPage: true,
		methods: []core.Method{core.MBWay},
	},
	{name: "stripe", title: "Stripe", ends: gateway.Captured, unit: money.EUR, methods: []core.Method{core.Card}},
	{
		name: "till", title: "Bank transfer or cash", ends: gateway.Pending, unit: money.EUR, noPage: true,
		methods: []core.Method{core.BankTransfer, core.Cash}, guide: "https://shop.example/how-to-pay",
		told: "بانک نمونه، فروشگاه\nکارت: 6037 9911 1234 5678\nExample Bank (Berlin)\nIBAN: DE02 1203 0000 0000 2020 51",
	},
}

// directory opens the gateways of one stage: those in it, and else the cast.
type directory map[string]gateway.Gateway

func (d directory) Open(g merchant.Gateway) (gateway.Gateway, error) {
	if own, ok := d[g.Name]; ok {
		return own, nil
	}
	for _, a := range cast {
		if a.name == g.Name {
			return a, nil
		}
	}
	return nil, http.ErrNotSupported
}

// envelope seals nothing.
type envelope struct{}

func (envelope) Seal(_, _ string, text []byte) ([]byte, error)   { return text, nil }
func (envelope) Open(_, _ string, sealed []byte) ([]byte, error) { return sealed, nil }

// newID is 12 random bytes in hex, as the demo's ids are.
func newID() string {
	var random [12]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

// stage is the pages alone, with a merchant whose every kind of page can be
// brought about.
type stage struct {
	*testing.T
	app      *app.App
	address  string
	merchant string
	gateways directory // what plays the part of one of the cast, from before its first payment
	play     play
	words    map[string]string // of the language, by name: "result.paid.title"
	clock    atomic.Int64      // microseconds
}

func (s *stage) now() time.Time { return time.UnixMicro(s.clock.Load()).UTC() }

// later lets time pass.
func (s *stage) later(d time.Duration) { s.clock.Add(d.Microseconds()) }

// play is what the merchant of a stage is called and sells.
type play struct{ merchant, title, description string }

// plays are by language.
var plays = map[string]play{
	"fa": {"فروشگاه آفتاب", "اشتراک یک\u200cسالهٔ میزبانی", "سفارش ۱۴۰۵۰۸۲۹ – تحویل همان روز"},
	"bn": {"রোদেলা স্টোর", "ওয়েব হোস্টিং, এক বছর", "অর্ডার ২০২৬১১২০, একই দিনে ডেলিভারি"},
	"pt": {"Loja do Sol", "Alojamento web, um ano", "Encomenda 20261120, entregue no mesmo dia"},
	"ru": {"Магазин «Солнце»", "Хостинг сайта на год", "Заказ 20261120, доставка в тот же день"},
	"en": {"Sunrise Store", "Hosting, one year", "Order 20261120, delivered the same day"},
}

// wordsOf reads what the pages say in a language.
func wordsOf(t *testing.T, language string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "checkout", "languages", language+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	var walk func(name string, value any)
	walk = func(name string, value any) {
		switch value := value.(type) {
		case string:
			words[name] = value
		case map[string]any:
			for part, inner := range value {
				walk(strings.TrimPrefix(name+"."+part, "."), inner)
			}
		}
	}
	walk("", tree)
	return words
}

// openStage opens a stage whose merchant and pages speak a language. Payers
// may be led to plain http pages of this machine if it is a demo.
func openStage(t *testing.T, language string, demo bool) *stage {
	t.Helper()
	s := &stage{T: t, gateways: directory{}, play: plays[language], words: wordsOf(t, language)}
	s.clock.Store(time.Date(2026, 11, 20, 10, 35, 0, 0, time.UTC).UnixMicro())
	silent := slog.New(slog.DiscardHandler)
	db, err := sqlstore.Open(t.Context(), sqlstore.Options{
		URL: sqlitetest.Database(t), Now: s.now, Log: silent,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.address = server.URL
	s.app = app.New(app.Config{
		Store: db, Gateways: s.gateways, Now: s.now, Log: silent, ReturnURL: server.URL + "/cb", Sealer: envelope{},
	})
	m, err := s.app.CreateMerchant(t.Context(), app.NewMerchant{
		Name: s.play.merchant, SplitLimit: money.New(20_000_000, money.IRR),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.merchant = m.ID
	for n, a := range cast {
		g := merchant.Gateway{Merchant: m.ID, Name: a.name, Connector: a.name, Order: n, Enabled: true}
		if err := s.app.PutGateway(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	pages, err := checkout.New(checkout.Config{
		App: s.app, NewID: newID, NewUUID: func() string { return dialect.NewUUID(s.now()) }, Now: s.now, Log: silent,
		Insecure: demo, Unlimited: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pages.Close)
	mux.Handle("/pay/", pages)
	mux.HandleFunc("GET /cb", pages.Return)
	mux.HandleFunc("GET /invoice", pages.Deal)
	return s
}

// link makes an invoice with a link and gives the link's token. A sum of zero
// is one that the payer chooses.
func (s *stage) link(rial int64) string {
	s.Helper()
	return s.linkOf(money.New(rial, money.IRR))
}

func (s *stage) linkOf(amount money.Amount) string {
	s.Helper()
	token, kind := newID(), invoice.Fixed
	if amount.Sign() == 0 {
		kind = invoice.OpenAmount
	}
	_, err := s.app.CreateInvoice(s.Context(), s.merchant, app.NewInvoice{
		ID: newID(), Amount: amount, Open: amount.Sign() == 0, Title: s.play.title, Description: s.play.description,
		Link: invoice.Link{Token: token, Kind: kind, Amount: amount},
	})
	if err != nil {
		s.Fatal(err)
	}
	return token
}

// sentAway is a payment of a link whose payer is at the named gateway.
func (s *stage) sentAway(gatewayName string) core.Payment {
	s.Helper()
	done, err := s.app.OpenLink(s.Context(), app.OpenLink{Token: s.link(12_500_000), Gateway: gatewayName, NewID: newID})
	if err != nil {
		s.Fatal(err)
	}
	return done.Payment
}

// chosen is a payment of 24.50 euros in the way that a payer chose, on its way.
func (s *stage) chosen(gatewayName string, method core.Method) core.Payment {
	s.Helper()
	done, err := s.app.OpenLink(s.Context(), app.OpenLink{
		Token: s.linkOf(euros), Gateway: gatewayName, Method: method,
		Payer: core.Payer{Mobile: "+351912345678"}, NewID: newID,
	})
	if err != nil {
		s.Fatal(err)
	}
	return done.Payment
}

var euros = money.New(2450, money.EUR)

// back is the address that the gateway sends the payer to.
func (s *stage) back(p core.Payment) string {
	return s.address + "/cb?t=" + app.ReturnToken(p) + "&session=" + p.Attempt.Session
}

// givenBack is a payment that was made and reversed.
func (s *stage) givenBack() core.Payment {
	s.Helper()
	p := s.sentAway("zarinpal")
	s.comesBack(p)
	s.must(s.app.RefundPayment(s.Context(), s.merchant, app.NewRefund{Payment: p.ID}))
	return p
}
