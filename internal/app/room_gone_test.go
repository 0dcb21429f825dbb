package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
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

// An invoice of which everything went back stays open for a payer whose page is: that the
// gateway says "not yet" ends nothing.
func TestNotYetEndsNoInvoice(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(10_000)
	first := s.request(i, 4_000)
	wish := s.wish(i, 6_000)
	wish.Supersede = false
	requested, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	second := requested.Payment
	s.first.pay(first.Attempt.Session, "paid")
	first = s.returns(first, "ok")
	s.first.set(func(b *bank) { b.canLook, b.loseTake, b.canRefund = false, 1, true })
	if second = s.returns(second, "ok"); !second.Reserved {
		t.Fatal("room is not set aside although the answer was lost")
	}
	if err := last(s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: first.ID})); err != nil {
		t.Fatal(err)
	}
	s.isOpen(second, "while its part is verified")
	s.first.set(func(b *bank) { b.canLook, b.loseTake = true, 0 })
	if second = s.asked(second, 2*time.Minute); second.Reserved || !second.Live(s.now()) {
		t.Fatalf("it is %s with room: %t; want it open without", second.State, second.Reserved)
	}
	s.isOpen(second, "while its page is open")
	s.first.pay(second.Attempt.Session, "paid")
	if second = s.returns(second, "ok"); second.State != payment.Captured {
		t.Errorf("it is %s (%s), want captured", second.State, second.Note)
	}
	s.audit()
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
