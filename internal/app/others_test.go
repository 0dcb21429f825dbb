package app_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
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
