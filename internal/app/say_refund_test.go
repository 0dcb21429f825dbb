package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

// say tells what became of a refund.
func (s *shop) say(id string, back bool, receipt string) (refund.Refund, error) {
	return s.app.SayRefund(s.Context(), s.merchant, app.RefundWord{
		Refund: id, Back: back, Receipt: receipt, Operator: "Ann", Note: "looked",
	})
}

// silent is a refund whose gateway never says what became of it, after a person was called.
func (s *shop) silent(amount money.Amount) (refund.Refund, payment.Payment) {
	s.Helper()
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo, b.loseBack = true, true, true })
	_, p := s.paid(5_000)
	back, err := s.refund(p, amount)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.say(back.ID, true, "early"); !fault.Is(err, fault.CodeWrongState) {
		s.Errorf("while the gateway is asked: got %v, want wrong_state", err)
	}
	for range 10 {
		s.wait(24 * time.Hour)
		if _, err := s.app.ResolveDue(s.Context(), 10); err != nil {
			s.Fatal(err)
		}
	}
	return back, p
}

// waits wants so many things to wait for a person.
func (s *shop) waits(want int) {
	s.Helper()
	waiting, err := s.app.Attention(s.Context())
	if err != nil || len(waiting) != want {
		s.Errorf("got %+v, %v, want %d things that wait for a person", waiting, err, want)
	}
}

// TestSayRefund ends what its gateway says nothing of, either way, once.
func TestSayRefund(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	back, p := s.silent(rial(2_000))
	for name, w := range map[string]app.RefundWord{
		"operator": {Refund: back.ID, Back: true, Receipt: "r"}, "receipt": {Refund: back.ID, Back: true, Operator: "Ann"},
	} {
		if _, err := s.app.SayRefund(t.Context(), s.merchant, w); fault.From(err).Param != name {
			t.Errorf("without %s: got %v", name, err)
		}
	}
	if _, err := s.app.SayRefund(t.Context(), "another", app.RefundWord{
		Refund: back.ID, Operator: "Ann",
	}); !fault.Is(err, fault.CodeRefundNotFound) {
		t.Errorf("of another merchant: got %v, want refund_not_found", err)
	}
	done, err := s.say(back.ID, true, "bank-1")
	if err != nil || done.State != refund.Succeeded || done.Receipt != "bank-1" || done.Attention != "" {
		t.Fatalf("got %+v, %v", done, err)
	}
	if got := s.fresh(p); got.Refunded != rial(2_000) || !got.Returning.IsZero() {
		t.Errorf("%v went back and %v is on its way", got.Refunded, got.Returning)
	}
	if _, err := s.say(back.ID, false, ""); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("a second word: got %v, want wrong_state", err)
	}
	s.waits(0)
	other, p := s.silent(rial(2_000))
	if done, err = s.say(other.ID, false, ""); err != nil || done.State != refund.Failed || done.Word != "looked" {
		t.Fatalf("got %+v, %v", done, err)
	}
	if got := s.fresh(p); !got.Refunded.IsZero() || !got.Returning.IsZero() {
		t.Errorf("%v went back and %v is on its way", got.Refunded, got.Returning)
	}
	if got := s.balance(ledger.MerchantAvailable, ""); got != 8_000 {
		t.Errorf("the merchant has %d, want 8000", got)
	}
	s.waits(0)
	s.audit()
}

// TestReturnByHand books what somebody gave back of money that its gateway refused to, which
// was owed or came late.
func TestReturnByHand(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.denyUndo = true })
	i, p := s.paid(5_000)
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Fatal(err)
	}
	full := s.invoice(3_000)
	late, other := s.request(full, 3_000), s.request(full, 3_000)
	s.first.pay(other.Attempt.Session, "paid")
	s.returns(other, "ok")
	s.first.pay(late.Attempt.Session, "taken")
	s.first.set(func(b *bank) { b.pages[late.Attempt.Session].receipt = "auto-1"; b.takes++ })
	s.returns(late, "ok")
	s.wait(time.Minute)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if got := s.fresh(late).Attention; !strings.Contains(got, "still here") {
		t.Errorf("the late payment says %q, want that its money is still here", got)
	}
	if got := s.balance(ledger.Suspense, ""); got != 8_000 {
		t.Fatalf("%d are in suspense, want 8000", got)
	}
	for n, of := range []payment.Payment{p, late} {
		refunds, err := s.store.RefundsOf(t.Context(), s.merchant, of.ID)
		if err != nil || len(refunds) != 1 || refunds[0].State != refund.Failed {
			t.Fatalf("got %+v, %v, want one that failed", refunds, err)
		}
		if _, err := s.say(refunds[0].ID, false, ""); !fault.Is(err, fault.CodeWrongState) {
			t.Errorf("that it is not back is known: got %v, want wrong_state", err)
		}
		made, err := s.say(refunds[0].ID, true, "by hand")
		if err != nil || made.ID == refunds[0].ID || made.State != refund.Succeeded || made.Amount != of.Amount {
			t.Fatalf("%d: got %+v, %v", n, made, err)
		}
		if _, err := s.say(refunds[0].ID, true, "again"); !fault.Is(err, fault.CodeWrongState) {
			t.Errorf("a second time: got %v, want wrong_state", err)
		}
	}
	s.state(p.ID, payment.Refunded)
	s.invoiceIs(i.ID, invoice.Refunded, 0)
	if got := s.balance(ledger.Suspense, ""); got != 0 {
		t.Errorf("%d are in suspense, want none", got)
	}
	s.waits(0)
	s.audit()
}
