package app_test

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// lateMoney is a payment that failed and was paid after that, with the receipt "late".
func (s *shop) lateMoney() payment.Payment {
	s.Helper()
	p := s.request(s.invoice(5_000), 5_000)
	s.first.pay(p.Attempt.Session, "dead")
	s.returns(p, "no")
	s.first.pay(p.Attempt.Session, "taken")
	s.first.set(func(b *bank) { b.pages[p.Attempt.Session].receipt = "late"; b.takes++ })
	s.returns(p, "ok")
	if p = s.state(p.ID, payment.Captured); !strings.HasPrefix(p.Attention, "late money") {
		s.Fatalf("it calls for a person with %q", p.Attention)
	}
	return p
}

// TestLateMoneyThatWentBack calls for nobody once the payer has all of it.
func TestLateMoneyThatWentBack(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund = true })
	p := s.lateMoney()
	if back, err := s.refund(p, rial(2_000)); err != nil || back.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", back, err)
	}
	s.waits(1)
	if back, err := s.refund(p, money.Amount{}); err != nil || back.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", back, err)
	}
	s.state(p.ID, payment.Refunded)
	s.waits(0)
}

// TestOtherCallsStay: that a payment went back answers no call about other money.
func TestOtherCallsStay(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, p := s.paid(5_000)
	p = s.fresh(p)
	p.Attention = "the gateway took money for an earlier try of this payment"
	if err := s.store.Commit(t.Context(), store.Change{Payments: []payment.Payment{p}}); err != nil {
		t.Fatal(err)
	}
	if back, err := s.refund(p, money.Amount{}); err != nil || back.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", back, err)
	}
	s.waits(1)
}

// TestLateMoneyThatIsKept calls for nobody once somebody has said that it stays.
func TestLateMoneyThatIsKept(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	p := s.lateMoney()
	word := app.Confirmation{Payment: p.ID, Operator: "Sam", Note: "the goods are there"}
	if got, err := s.app.ConfirmPayment(t.Context(), s.merchant, word); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("that it did not come: got %s, %v, want wrong_state", got.State, err)
	}
	word.Paid, word.Receipt = true, "another"
	if _, err := s.app.ConfirmPayment(t.Context(), s.merchant, word); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("with another receipt: got %v, want wrong_state", err)
	}
	s.waits(1)
	word.Receipt = "late"
	if got, err := s.app.ConfirmPayment(t.Context(), s.merchant, word); err != nil || got.Attention != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	s.state(p.ID, payment.Captured)
	s.waits(0)
	if got := s.balance(ledger.MerchantAvailable, ""); got != 5_000 {
		t.Errorf("the merchant has %d, want 5000 once", got)
	}
	history, err := s.store.History(t.Context(), s.merchant, event.Payment, p.ID)
	if err != nil || len(history) == 0 {
		t.Fatalf("got %v, %v", history, err)
	}
	if last := history[len(history)-1]; last.Trigger != "confirm" || last.Note != "Sam: the goods are there" {
		t.Errorf("on record is %+v", last)
	}
	if _, err := s.app.ConfirmPayment(t.Context(), s.merchant, word); err == nil {
		t.Error("a second word was taken")
	}
}
