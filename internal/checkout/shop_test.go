package checkout_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/checkout"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// bank is a scripted gateway that remembers what it was told.
type bank struct {
	mu      sync.Mutex
	info    gateway.Info
	start   gateway.StartOutcome
	link    string // %s becomes the session; empty = nobody is sent anywhere
	outcome gateway.Outcome
	card    string
	refunds bool // it gives parts back
	starts  []gateway.Attempt
	asked   int
}

func newBank(connector, title string) *bank {
	return &bank{
		start: gateway.Opened, outcome: gateway.Pending, link: "https://" + connector + ".example/pay/%s",
		info: gateway.Info{
			Connector: connector, Title: title, Unit: money.IRR, Min: money.New(1000, money.IRR),
			Max: money.New(1_000_000_000, money.IRR), Methods: []payment.Method{payment.IranianCard},
			Lifetime: 15 * time.Minute, VerifyCaptures: true, CanLook: true, LostStartIsHarmless: true,
		},
	}
}

func (b *bank) Info() gateway.Info { return b.info }

func (b *bank) Start(_ context.Context, a gateway.Attempt) gateway.Started {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.starts = append(b.starts, a)
	session := fmt.Sprintf("%s%d", b.info.Connector, len(b.starts))
	link := ""
	if b.link != "" {
		link = fmt.Sprintf(b.link, session)
	}
	return gateway.Started{Outcome: b.start, Session: session, Link: link}
}

func (b *bank) Resolve(_ context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	r := gateway.Report{Outcome: b.outcome}
	if b.outcome == gateway.Captured {
		r.Receipt, r.Amount, r.Card = "receipt-of-"+a.Session, a.Amount, b.card
	}
	return r
}

// Reverse always works.
func (*bank) Reverse(context.Context, gateway.Return) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.Done, Undone: true}
}

func (b *bank) CanRefund() bool { return b.refunds }

// Refund always works.
func (*bank) Refund(_ context.Context, r gateway.Return) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.Done, Receipt: "return-" + r.Refund}
}

// RefundState is never needed.
func (*bank) RefundState(context.Context, gateway.Return, string) gateway.ReturnReport {
	return gateway.ReturnReport{}
}

// ReadReturn reads ?session=..&word=ok|no.
func (b *bank) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	if len(query["session"]) != 1 || len(query["word"]) != 1 {
		return gateway.Notice{}, false
	}
	word := query["word"][0]
	return gateway.Notice{Session: query["session"][0], Word: word, Good: word == "ok"}, true
}

// script changes what the bank does from now on.
func (b *bank) script(change func(*bank)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// started are the attempts that it was told of.
func (b *bank) started() []gateway.Attempt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]gateway.Attempt(nil), b.starts...)
}

type directory map[string]*bank

func (d directory) Open(g merchant.Gateway) (gateway.Gateway, error) { return d[g.Name], nil }

// shop is one merchant with two banks, the pages, and a browser's view of them.
type shop struct {
	testing.TB
	app      *app.App
	pages    *checkout.Pages
	merchant string
	zarinpal *bank
	shepa    *bank
	clock    atomic.Int64 // microseconds
	ids      atomic.Int64
}

func (s *shop) now() time.Time { return time.UnixMicro(s.clock.Load()).UTC() }

func (s *shop) newID() string { return fmt.Sprintf("%024x", s.ids.Add(1)) }

func (s *shop) newUUID() string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.ids.Add(1)) }

// openShop makes a merchant called name; a split limit of zero never splits.
func openShop(t testing.TB, name string, splitLimit int64) *shop {
	t.Helper()
	s := &shop{TB: t, zarinpal: newBank("zarinpal", "ZarinPal"), shepa: newBank("shepa", "Shepa")}
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
	s.app = app.New(app.Config{
		Store: db, Gateways: directory{"zarinpal": s.zarinpal, "shepa": s.shepa}, Now: s.now, Log: silent,
		ReturnURL: "https://pay.example/cb",
		Returners: []app.Returner{{Connector: "zarinpal", Returner: s.zarinpal}},
		Sealer:    envelope{}, Forms: map[string]app.Form{"paid": paidForm},
	})
	wish := app.NewMerchant{Name: name}
	if splitLimit > 0 {
		wish.SplitLimit = rial(splitLimit)
	}
	m, err := s.app.CreateMerchant(t.Context(), wish)
	if err != nil {
		t.Fatal(err)
	}
	s.merchant = m.ID
	for n, connector := range []string{"zarinpal", "shepa"} {
		g := merchant.Gateway{Merchant: m.ID, Name: connector, Connector: connector, Order: n, Enabled: true}
		if err := s.app.PutGateway(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	s.pages, err = checkout.New(checkout.Config{
		App: s.app, NewID: s.newID, NewUUID: s.newUUID, Now: s.now, Log: silent,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// envelope seals nothing.
type envelope struct{}

func (envelope) Seal(_, _ string, text []byte) ([]byte, error)   { return text, nil }
func (envelope) Open(_, _ string, sealed []byte) ([]byte, error) { return sealed, nil }

// paidForm tells a merchant's address of the move to paid.
func paidForm(e event.Event, i invoice.Invoice, _ []deal.Deal) (app.Notice, bool) {
	return app.Notice{MediaType: "text/plain", Body: []byte(i.Reference)}, e.To == string(invoice.Paid)
}

func rial(steps int64) money.Amount { return money.New(steps, money.IRR) }

// link makes an invoice with a link that pays all of it.
func (s *shop) link(token string, amount int64) invoice.Invoice {
	s.Helper()
	return s.create(app.NewInvoice{
		Amount: rial(amount), Title: "Hosting",
		Link: invoice.Link{Token: token, Kind: invoice.Fixed, Amount: rial(amount)},
	})
}

// open makes an invoice on which any amount may be paid, with the link "any".
func (s *shop) open() invoice.Invoice {
	s.Helper()
	return s.create(app.NewInvoice{
		Amount: rial(0), Open: true, Title: "Donations",
		Link: invoice.Link{Token: "any", Kind: invoice.OpenAmount, Amount: rial(0)},
	})
}

func (s *shop) create(n app.NewInvoice) invoice.Invoice {
	s.Helper()
	n.ID = s.newID()
	i, err := s.app.CreateInvoice(s.Context(), s.merchant, n)
	if err != nil {
		s.Fatal(err)
	}
	return i
}

// payments are all that is seen of an invoice's payments.
func (s *shop) payments(i invoice.Invoice) []payment.Payment {
	s.Helper()
	view, err := s.app.Invoice(s.Context(), s.merchant, i.ID)
	if err != nil {
		s.Fatal(err)
	}
	return view.Payments
}

// answer is what a browser gets.
type answer struct {
	testing.TB
	status int
	header http.Header
	body   string
}

func (s *shop) do(h http.HandlerFunc, method, address, body string, headers ...string) answer {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), method, address, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for n := 0; n+1 < len(headers); n += 2 {
		if headers[n] == "from" { // no header, but the other end of the connection
			r.RemoteAddr = headers[n+1]
			continue
		}
		r.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	h(w, r)
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer{TB: s.TB, status: w.Code, header: w.Header(), body: string(text)}
}

// get reads one of the pages under /pay/.
func (s *shop) get(address string, headers ...string) answer {
	s.Helper()
	return s.do(s.pages.ServeHTTP, http.MethodGet, address, "", headers...)
}

// press sends a form as our own page does.
func (s *shop) press(address string, form url.Values, headers ...string) answer {
	s.Helper()
	return s.do(s.pages.ServeHTTP, http.MethodPost, address, form.Encode(), headers...)
}

// comeBack is the payer's return from the first bank's page.
func (s *shop) comeBack(a gateway.Attempt, session, word string, headers ...string) answer {
	s.Helper()
	back, err := url.Parse(a.ReturnURL)
	if err != nil {
		s.Fatal(err)
	}
	return s.do(s.pages.Return, http.MethodGet, "/cb?"+back.RawQuery+"&session="+session+"&word="+word, "", headers...)
}

// want checks the status and that the page says all of these.
func (a answer) want(status int, texts ...string) answer {
	a.Helper()
	if a.status != status {
		a.Errorf("status = %d, want %d", a.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.Errorf("the page does not say %q:\n%s", text, a.body)
		}
	}
	return a
}

// never checks that the page says none of these.
func (a answer) never(texts ...string) {
	a.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			a.Errorf("the page says %q:\n%s", text, a.body)
		}
	}
}
