package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// shop is one merchant with two banks and a till, on a real store, with a
// clock that the test moves.
type shop struct {
	*testing.T
	app      *app.App
	store    *sqlstore.DB
	merchant string
	banks    directory
	first    *bank
	second   *bank
	clock    atomic.Int64 // microseconds
	halted   atomic.Bool
	ids      atomic.Int64
}

func (s *shop) now() time.Time { return time.UnixMicro(s.clock.Load()).UTC() }

func (s *shop) wait(d time.Duration) { s.clock.Add(d.Microseconds()) }

func (s *shop) newID() string { return fmt.Sprintf("%024x", s.ids.Add(1)) }

func open(t *testing.T, splitLimit int64) *shop {
	t.Helper()
	return openOn(t, sqlitetest.Database(t), splitLimit)
}

// openOn is open with the database of a test that chose its engine.
func openOn(t *testing.T, url string, splitLimit int64) *shop {
	t.Helper()
	s := &shop{T: t, first: newBank("first"), second: newBank("second")}
	s.clock.Store(time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC).UnixMicro())
	db, err := sqlstore.Open(t.Context(), sqlstore.Options{
		URL: url, Now: s.now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s.store = db
	s.banks = directory{"first": s.first, "second": s.second, "cash": cash{}}
	s.app = app.New(app.Config{
		Store: db, Gateways: s.banks, Now: s.now,
		Log: slog.New(slog.DiscardHandler), ReturnURL: "https://pay.example/cb", NoticeURL: "https://pay.example/notify",
		Returners:   []app.Returner{{Connector: "first", Returner: s.first}},
		Sealer:      envelope{},
		Credentials: envelope{}.credentials,
		Forms:       map[string]app.Form{"paid": paidForm, "strict": strictForm},
		PayoutForms: map[string]app.PayoutForm{"any": anyForm},
		Halted:      s.halted.Load,
	})
	wish := app.NewMerchant{Name: "Shop"}
	if splitLimit > 0 {
		wish.SplitLimit = rial(splitLimit)
	}
	m, err := s.app.CreateMerchant(t.Context(), wish)
	if err != nil {
		t.Fatal(err)
	}
	s.merchant = m.ID
	for n, name := range []string{"first", "second", "cash"} {
		g := merchant.Gateway{Merchant: m.ID, Name: name, Connector: name, Order: n, Enabled: true}
		if err := s.app.PutGateway(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(s.audit)
	return s
}

func rial(steps int64) money.Amount { return money.New(steps, money.IRR) }

// envelope seals by writing whose it is in front.
type envelope struct{}

func (envelope) Seal(merchantID, name string, text []byte) ([]byte, error) {
	return append([]byte(merchantID+"/"+name+"/"), text...), nil
}

func (envelope) Open(merchantID, name string, sealed []byte) ([]byte, error) {
	text, ok := bytes.CutPrefix(sealed, []byte(merchantID+"/"+name+"/"))
	if !ok {
		return nil, errors.New("it was sealed as another's")
	}
	return text, nil
}

// credentials keeps how many there are.
func (e envelope) credentials(merchantID, name string, secrets map[string]gateway.Secret) ([]byte, error) {
	if len(secrets) == 0 {
		return nil, nil
	}
	return e.Seal(merchantID, name, []byte(strconv.Itoa(len(secrets))))
}

// audit proves the books after every test: no test may leave them wrong.
func (s *shop) audit() {
	findings, err := s.store.Audit(context.Background(), func(int) {})
	if err != nil {
		s.Error(err)
	}
	for _, f := range findings {
		if f.Wrong > 0 {
			s.Errorf("audit %s: %d wrong, first %s (%s)", f.ID, f.Wrong, f.Example, f.Checks)
		}
	}
}

func (s *shop) invoice(amount int64) invoice.Invoice {
	s.Helper()
	i, err := s.app.CreateInvoice(s.Context(), s.merchant, app.NewInvoice{
		ID: s.newID(), Amount: rial(amount), Title: "Hosting",
	})
	if err != nil {
		s.Fatal(err)
	}
	return i
}

func (s *shop) wish(i invoice.Invoice, amount int64) app.NewPayment {
	return app.NewPayment{
		Invoice: i.ID, Amount: rial(amount), Gateway: "first", NewID: s.newID, Split: true, Supersede: true,
	}
}

func (s *shop) request(i invoice.Invoice, amount int64) payment.Payment {
	s.Helper()
	r, err := s.app.RequestPayment(s.Context(), s.merchant, s.wish(i, amount))
	if err != nil {
		s.Fatal(err)
	}
	return r.Payment
}

// back is what the payer's browser brings to the return address.
func back(p payment.Payment, word string) map[string][]string {
	return map[string][]string{
		"t": {p.ID + "." + p.Attempt.Token}, "session": {p.Attempt.Session}, "word": {word},
	}
}

func (s *shop) returns(p payment.Payment, word string) payment.Payment {
	s.Helper()
	p, err := s.app.ReturnPayer(s.Context(), back(p, word))
	if err != nil {
		s.Fatal(err)
	}
	return p
}

func (s *shop) state(id string, want payment.State) payment.Payment {
	s.Helper()
	p, err := s.store.Payment(s.Context(), s.merchant, id)
	if err != nil {
		s.Fatal(err)
	}
	if p.State != want {
		s.Errorf("payment is %s, want %s (note %q, attention %q)", p.State, want, p.Note, p.Attention)
	}
	return p
}

func (s *shop) invoiceIs(id string, want invoice.State, captured int64) {
	s.Helper()
	v, err := s.app.Invoice(s.Context(), s.merchant, id)
	if err != nil {
		s.Fatal(err)
	}
	if v.Invoice.State != want || v.Invoice.Captured != rial(captured) || !v.Invoice.Reserved.IsZero() {
		s.Errorf("invoice is %s with %v captured and %v reserved, want %s with %d and none",
			v.Invoice.State, v.Invoice.Captured, v.Invoice.Reserved, want, captured)
	}
}

func (s *shop) balance(role ledger.Role, owner string) int64 {
	s.Helper()
	all, err := s.store.Balances(s.Context(), s.merchant)
	if err != nil {
		s.Fatal(err)
	}
	for _, b := range all {
		if b.Account.Role == role && b.Account.Owner == owner {
			return b.Amount.Steps()
		}
	}
	return 0
}

// paid makes an invoice that was paid at the first bank.
func (s *shop) paid(amount int64) (invoice.Invoice, payment.Payment) {
	s.Helper()
	i := s.invoice(amount)
	p := s.request(i, amount)
	s.first.pay(p.Attempt.Session, "paid")
	return i, s.returns(p, "ok")
}

// together runs n calls at once and waits for all of them.
func together(n int, call func(int)) {
	var wait sync.WaitGroup
	start := make(chan struct{})
	for k := range n {
		wait.Go(func() {
			<-start
			call(k)
		})
	}
	close(start)
	wait.Wait()
}

func attention(t *testing.T, s *shop) []store.Waiting {
	t.Helper()
	waiting, err := s.app.Attention(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return waiting
}

var _ gateway.Directory = directory{}
