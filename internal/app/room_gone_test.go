package app_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// isOpen wants the invoice of a payment to be open.
func (s *shop) isOpen(p payment.Payment, when string) {
	s.Helper()
	view, err := s.app.Invoice(s.Context(), s.merchant, p.Invoice)
	if err != nil {
		s.Fatal(err)
	}
	if view.Invoice.State != invoice.Open {
		s.Errorf("%s the invoice is %s, want open", when, view.Invoice.State)
	}
}

// together asks for a payment that leaves the others of its invoice as they are.
func (s *shop) together(i invoice.Invoice, amount int64) payment.Payment {
	s.Helper()
	wish := s.wish(i, amount)
	wish.Supersede = false
	requested, err := s.app.RequestPayment(s.Context(), s.merchant, wish)
	if err != nil {
		s.Fatal(err)
	}
	return requested.Payment
}

// notYet is an invoice of 10_000 of which 4_000 went back while 6_000 were being verified, of
// which the gateway said "not yet" then.
func (s *shop) notYet() (invoice.Invoice, payment.Payment) {
	s.Helper()
	i := s.invoice(10_000)
	first := s.request(i, 4_000)
	second := s.together(i, 6_000)
	s.first.pay(first.Attempt.Session, "paid")
	first = s.returns(first, "ok")
	second = s.unheard(second)
	if err := last(s.app.RefundPayment(s.Context(), s.merchant, app.NewRefund{Payment: first.ID})); err != nil {
		s.Fatal(err)
	}
	s.isOpen(second, "while its part is verified")
	if second = s.asked(second, 2*time.Minute); second.Reserved || !second.Live(s.now()) {
		s.Fatalf("it is %s with room: %t; want it open without", second.State, second.Reserved)
	}
	s.isOpen(second, "while its page is open")
	return i, second
}

// unheard brings a payer back of whose payment the gateway's answer is lost.
func (s *shop) unheard(p payment.Payment) payment.Payment {
	s.Helper()
	s.first.set(func(b *bank) { b.canLook, b.loseTake, b.canRefund = false, 1, true })
	if p = s.returns(p, "ok"); !p.Reserved {
		s.Fatal("room is not set aside although the answer was lost")
	}
	s.first.set(func(b *bank) { b.canLook, b.loseTake = true, 0 })
	return p
}

// dies ends a payment whose gateway declines it.
func (s *shop) dies(p payment.Payment) {
	s.Helper()
	s.first.pay(p.Attempt.Session, "dead")
	if p = s.returns(p, "no"); p.State != payment.Failed {
		s.Fatalf("it is %s, want failed", p.State)
	}
}

// An invoice of which everything went back stays open for a payer whose page is: that the
// gateway says "not yet" ends nothing.
func TestNotYetEndsNoInvoice(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, second := s.notYet()
	s.first.pay(second.Attempt.Session, "paid")
	if second = s.returns(second, "ok"); second.State != payment.Captured {
		t.Errorf("it is %s (%s), want captured", second.State, second.Note)
	}
	s.audit()
}

// ending is a store that does something before the first commit with which a payment fails.
type ending struct {
	store.Store

	first func()
}

func (e *ending) Commit(ctx context.Context, c store.Change) error {
	failed := func(p payment.Payment) bool { return p.State == payment.Failed }
	if first := e.first; first != nil && slices.ContainsFunc(c.Payments, failed) {
		e.first = nil
		first()
	}
	return e.Store.Commit(ctx, c)
}

// It ends with the last of the payments that it is open for.
func TestLastPageEndsInvoice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ends     func(*shop, invoice.Invoice, payment.Payment)
		state    invoice.State
		captured int64
	}{
		"time": {func(s *shop, _ invoice.Invoice, p payment.Payment) {
			if p = s.asked(p, 48*time.Hour); p.State != payment.Expired {
				s.Fatalf("it is %s, want expired", p.State)
			}
		}, invoice.Refunded, 0},
		"the gateway": {func(s *shop, _ invoice.Invoice, p payment.Payment) { s.dies(p) }, invoice.Refunded, 0},
		"somebody else's page": {func(s *shop, i invoice.Invoice, p payment.Payment) {
			third := s.together(i, 4_000)
			s.dies(p)
			s.isOpen(p, "while another page is open")
			s.dies(third)
		}, invoice.Refunded, 0},
		"its own, after somebody else's with room": {func(s *shop, i invoice.Invoice, p payment.Payment) {
			s.dies(s.unheard(s.together(i, 4_000)))
			s.isOpen(p, "while the first page is open")
			s.dies(p)
		}, invoice.Refunded, 0},
		"both at once": {func(s *shop, i invoice.Invoice, p payment.Payment) {
			third := s.together(i, 4_000)
			s.first.pay(third.Attempt.Session, "dead")
			late := app.New(app.Config{
				Store: &ending{Store: s.store, first: func() { s.dies(p) }}, Gateways: s.banks, Now: s.now,
				Log: slog.New(slog.DiscardHandler), Sealer: envelope{}, Credentials: envelope{}.credentials,
			})
			if third, err := late.ReturnPayer(s.Context(), back(third, "no")); err != nil || third.State != payment.Failed {
				s.Fatalf("it is %s, %v", third.State, err)
			}
		}, invoice.Refunded, 0},
		"somebody else pays": {func(s *shop, i invoice.Invoice, p payment.Payment) {
			third := s.together(i, 4_000)
			s.dies(p)
			s.first.pay(third.Attempt.Session, "paid")
			s.returns(third, "ok")
		}, invoice.Open, 4_000},
		"it was extended": {func(s *shop, i invoice.Invoice, p payment.Payment) {
			x := s.extended(p)
			s.dies(p)
			s.isOpen(p, "while it asks for its extension")
			s.follows(x)
		}, invoice.Open, 7_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			i, second := s.notYet()
			test.ends(s, i, second)
			s.invoiceIs(i.ID, test.state, test.captured)
			s.audit()
		})
	}
}

// A payment that ends without room ends no invoice of which nothing was ever taken, and none
// that a deal is on its way to pay.
func TestPageEndsNoOtherInvoice(t *testing.T) {
	t.Parallel()
	t.Run("nothing was taken", func(t *testing.T) {
		t.Parallel()
		s := open(t, 0)
		i := s.invoice(10_000)
		s.dies(s.request(i, 10_000))
		s.invoiceIs(i.ID, invoice.Open, 0)
	})
	t.Run("a deal", func(t *testing.T) {
		t.Parallel()
		b := openBazaar(t, 0, "")
		b.takesRials()
		i, second := b.notYet()
		d, found, err := b.begin(i, "")
		if err != nil || !found {
			t.Fatalf("no deal: %t, %v", found, err)
		}
		b.dies(second)
		b.invoiceIs(i.ID, invoice.Open, 0)
		if _, err := b.app.CompleteDeal(t.Context(), word(d)); err != nil {
			t.Fatal(err)
		}
		b.invoiceIs(i.ID, invoice.Completed, 10_000)
	})
}

// One that was extended again asks for that, also when a hold lets go of the last room.
func TestVoidEndsNoExtendedInvoice(t *testing.T) {
	t.Parallel()
	s, _ := withCards(t)
	p := s.charge(goodCard, 60)
	extend := func() payment.Payment {
		i, err := s.app.ExtendInvoice(t.Context(), s.merchant, app.Extension{
			Invoice: p.Invoice, Amount: rial(1_000), Token: "token-" + s.newID(), Gateway: "first",
		})
		if err != nil {
			t.Fatal(err)
		}
		opened, err := s.openLink(i.Link.Token, money.Amount{})
		if err != nil {
			t.Fatal(err)
		}
		return opened.Payment
	}
	first := extend()
	s.first.pay(first.Attempt.Session, "paid")
	first = s.returns(first, "ok")
	if err := last(s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: first.ID})); err != nil {
		t.Fatal(err)
	}
	second := extend()
	if err := last(s.app.VoidPayment(t.Context(), s.merchant, p.ID)); err != nil {
		t.Fatal(err)
	}
	s.isOpen(second, "after the void")
	s.first.pay(second.Attempt.Session, "paid")
	if second = s.returns(second, "ok"); second.State != payment.Captured {
		t.Errorf("the second extension is %s (%s), want captured", second.State, second.Note)
	}
	s.audit()
}
