package app_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// holed is a store that cannot read some of what it has.
type holed struct {
	store.Store
	invoice string // the id of one
	session string // a part of the key of a claim
}

var errHole = errors.New("a hole")

func (h holed) Invoice(ctx context.Context, merchantID, id string) (invoice.Invoice, error) {
	if id == h.invoice {
		return invoice.Invoice{}, errHole
	}
	return h.Store.Invoice(ctx, merchantID, id)
}

func (h holed) Claimed(ctx context.Context, merchantID string, kind store.ClaimKind, key string) (store.Claim, error) {
	if h.session != "" && strings.Contains(key, h.session) {
		return store.Claim{}, errHole
	}
	return h.Store.Claimed(ctx, merchantID, kind, key)
}

// on is an app on what is left of the shop's store.
func (s *shop) on(h holed) *app.App {
	h.Store = s.store
	return app.New(app.Config{
		Store: h, Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
	})
}

// TestOthersExpire: an invoice that cannot be closed keeps no other open.
func TestOthersExpire(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	var due []invoice.Invoice
	for n := range 3 {
		i, err := s.app.CreateInvoice(t.Context(), s.merchant, app.NewInvoice{
			ID: s.newID(), Amount: rial(5_000), Title: "Hosting", Due: s.now().Add(time.Duration(n+1) * time.Minute),
		})
		if err != nil {
			t.Fatal(err)
		}
		due = append(due, i)
	}
	s.wait(time.Hour)
	n, err := s.on(holed{invoice: due[0].ID}).ExpireDue(t.Context(), 10)
	if n != 2 || !errors.Is(err, errHole) || !strings.Contains(err.Error(), due[0].ID) {
		t.Errorf("closed %d, %v, want 2 and the name of the other", n, err)
	}
	s.invoiceIs(due[0].ID, invoice.Open, 0)
	for _, i := range due[1:] {
		s.invoiceIs(i.ID, invoice.Expired, 0)
	}
}

// TestOthersExpireBesidePaidOnes: invoices that people have to look at before they can expire
// keep no other open, of whichever merchant, however many they are.
func TestOthersExpireBesidePaidOnes(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 3, "1000")
	const limit = 3
	var confirmed []deal.Deal
	for range limit {
		d := b.begun("2000")
		if _, err := b.app.ReportTransfer(t.Context(), b.merchant, d.ID, true); err != nil {
			t.Fatal(err)
		}
		confirmed = append(confirmed, d)
	}
	other, err := b.app.CreateMerchant(t.Context(), app.NewMerchant{Name: "Another"})
	if err != nil {
		t.Fatal(err)
	}
	b.wait(time.Minute)
	i, err := b.app.CreateInvoice(t.Context(), other.ID, app.NewInvoice{
		ID: b.newID(), Amount: rial(5_000), Title: "Hosting", Due: b.now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.wait(2 * time.Hour)
	if n, err := b.app.ExpireDue(t.Context(), limit); n != 1 || err != nil {
		t.Errorf("closed %d, %v, want the other merchant's", n, err)
	}
	if i, err = b.shop.store.Invoice(t.Context(), other.ID, i.ID); err != nil || i.State != invoice.Expired {
		t.Errorf("got %s, %v", i.State, err)
	}
	if _, err := b.app.CancelDeal(t.Context(), word(confirmed[1])); err != nil {
		t.Fatal(err)
	}
	if n, err := b.app.ExpireDue(t.Context(), limit); n != 1 || err != nil {
		t.Errorf("closed %d, %v, want that of the deal which ended", n, err)
	}
	b.invoiceIsIn(confirmed[1].Invoice, invoice.Expired, rub("0"))
	b.invoiceIsIn(confirmed[2].Invoice, invoice.Open, rub("0"))
}

// listed is a store whose list of due invoices was read a moment ago.
type listed struct {
	store.Store
	due []invoice.Invoice
}

func (l listed) DueInvoices(context.Context, time.Time, int) ([]invoice.Invoice, error) {
	return l.due, nil
}

// TestExpiresBesideLateMoney: an invoice whose payer was late does not expire while nobody
// knows whether the money came, also where that began after the list was read.
func TestExpiresBesideLateMoney(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, err := s.app.CreateInvoice(t.Context(), s.merchant, app.NewInvoice{
		ID: s.newID(), Amount: rial(10_000), Title: "Hosting", Due: s.now().Add(3 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := s.request(i, 10_000)
	for range 5 {
		s.asked(p, 20*time.Minute)
	}
	s.state(p.ID, payment.Expired)
	s.first.pay(p.Attempt.Session, "paid")
	s.first.set(func(b *bank) { b.loseTake = 1 })
	if p = s.returns(p, "ok"); p.State != payment.Expired || !p.Reserved {
		t.Fatalf("got %s, reserved %v, want room for late money", p.State, p.Reserved)
	}
	s.wait(2 * time.Hour)
	stale := app.New(app.Config{
		Store: listed{s.store, []invoice.Invoice{i}}, Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler),
		Sealer: envelope{},
	})
	for _, on := range []*app.App{s.app, stale} {
		if n, err := on.ExpireDue(t.Context(), 10); n != 0 || err != nil {
			t.Errorf("closed %d, %v", n, err)
		}
	}
	s.asked(p, time.Hour)
	s.invoiceIs(i.ID, invoice.Completed, 10_000)
}

// unswept is a bank whose list of unverified payments cannot be had.
type unswept struct{ *bank }

func (unswept) Sweep(context.Context) ([]gateway.Unclaimed, error) { return nil, errHole }

// TestOthersAreSwept: neither a gateway whose list cannot be had nor an entry that cannot be
// resolved keeps the others from being found.
func TestOthersAreSwept(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]holed{"a gateway": {}, "an entry": {session: "somebody-elses"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			if h.session == "" {
				s.banks["first"] = unswept{s.first}
			}
			i := s.invoice(5_000)
			wish := s.wish(i, 5_000)
			wish.Gateway = "second"
			r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
			if err != nil {
				t.Fatal(err)
			}
			s.second.pay(r.Payment.Attempt.Session, "paid")
			n, err := s.on(h).SweepGateways(t.Context())
			if n != 1 || !errors.Is(err, errHole) || !strings.Contains(err.Error(), "sweep first of merchant "+s.merchant) {
				t.Errorf("found %d, %v, want one and the name of the gateway that failed", n, err)
			}
			s.state(r.Payment.ID, payment.Captured)
		})
	}
}
