package app_test

import (
	"strings"
	"sync/atomic"
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

func (s *shop) refund(p payment.Payment, amount money.Amount) (refund.Refund, error) {
	s.Helper()
	return s.app.RefundPayment(s.Context(), s.merchant, app.NewRefund{Payment: p.ID, Amount: amount, Reason: "returned"})
}

func TestReverse(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.fee = 100
	i, p := s.paid(5_000)
	back, err := s.refund(p, money.Amount{})
	if err != nil || back.State != refund.Succeeded || back.Way != refund.ByReversal {
		t.Fatalf("got %+v, %s", back, fault.Detail(err))
	}
	s.state(p.ID, payment.Reversed)
	s.invoiceIs(i.ID, invoice.Refunded, 0)
	for _, a := range []struct {
		role  ledger.Role
		owner string
	}{
		{ledger.GatewayClearing, "first"},
		{ledger.MerchantAvailable, ""},
		{ledger.Fees, "first"},
		{ledger.RefundsInTransit, ""},
	} {
		if got := s.balance(a.role, a.owner); got != 0 {
			t.Errorf("%s %d after everything was undone", a.role, got)
		}
	}
	if _, err := s.refund(p, money.Amount{}); !fault.Is(err, fault.CodePaymentNotFound) {
		t.Errorf("a second time: got %v", err)
	}
}

func TestReverseOnePartReopensTheInvoice(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(10_000)
	var parts []payment.Payment
	for range 2 {
		p := s.request(i, 5_000)
		s.first.pay(p.Attempt.Session, "paid")
		parts = append(parts, s.returns(p, "ok"))
	}
	s.invoiceIs(i.ID, invoice.Completed, 10_000)
	if _, err := s.refund(parts[0], money.Amount{}); err != nil {
		t.Fatal(err)
	}
	s.invoiceIs(i.ID, invoice.Open, 5_000)
	if _, err := s.refund(parts[1], money.Amount{}); err != nil {
		t.Fatal(err)
	}
	s.invoiceIs(i.ID, invoice.Refunded, 0)
}

func TestRefusedReversal(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, p := s.paid(5_000)
	s.first.set(func(b *bank) { b.denyUndo = true })
	back, err := s.refund(p, money.Amount{})
	if err != nil || back.State != refund.Failed || back.Word != "outside the window" {
		t.Fatalf("got %+v, %s", back, fault.Detail(err))
	}
	s.state(p.ID, payment.Captured)
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
	if got := s.balance(ledger.MerchantAvailable, ""); got != 5_000 {
		t.Errorf("available %d", got)
	}
	// With the contract for it, the money is paid back instead.
	s.first.set(func(b *bank) { b.canRefund = true })
	back, err = s.refund(p, money.Amount{})
	if err != nil || back.State != refund.Succeeded || back.Way != refund.ByRefund {
		t.Fatalf("got %+v, %s", back, fault.Detail(err))
	}
	s.state(p.ID, payment.Refunded)
}

// TestOneReturnForTwoRefunds: what a gateway gave back once ends one refund.
func TestOneReturnForTwoRefunds(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo, b.sameReturn = true, true, true })
	_, p := s.paid(5_000)
	_, other := s.paid(5_000)
	for _, paid := range []payment.Payment{p, other} { // the receipts of two payments have nothing to do with each other
		if back, err := s.refund(paid, rial(2_000)); err != nil || back.State != refund.Succeeded {
			t.Fatalf("got %+v, %s", back, fault.Detail(err))
		}
	}
	back, err := s.refund(p, rial(2_000))
	if err != nil || back.State != refund.Processing || !strings.Contains(back.Attention, "belongs to another refund") {
		t.Fatalf("got %+v, %s", back, fault.Detail(err))
	}
	if got := s.fresh(p); got.Refunded != rial(2_000) || got.Returning != rial(2_000) {
		t.Errorf("%v went back and %v is on its way", got.Refunded, got.Returning)
	}
}

func TestLostReversalIsFoundAgain(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, p := s.paid(5_000)
	s.first.set(func(b *bank) { b.loseUndo = true })
	back, err := s.refund(p, money.Amount{})
	if err != nil || back.State != refund.Processing {
		t.Fatalf("got %+v, %s", back, fault.Detail(err))
	}
	s.state(p.ID, payment.Captured)
	if _, err := s.refund(p, money.Amount{}); !fault.Is(err, fault.CodeRefundInProgress) {
		t.Errorf("while nobody knows: got %v", err)
	}
	s.wait(time.Hour)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Reversed)
	s.invoiceIs(i.ID, invoice.Refunded, 0)
}

// A refund of which the gateway never says what became of it is for a person.
func TestLostRefundCallsAPerson(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo, b.loseBack = true, true, true })
	_, p := s.paid(5_000)
	back, err := s.refund(p, money.Amount{})
	if err != nil || back.State != refund.Processing {
		t.Fatalf("got %+v, %s", back, fault.Detail(err))
	}
	for range 10 {
		s.wait(24 * time.Hour)
		if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
	}
	waiting, err := s.app.Attention(t.Context())
	if err != nil || len(waiting) != 1 || waiting[0].Subject != back.ID {
		t.Errorf("got %+v, %v, want the refund to wait for a person", waiting, err)
	}
	s.state(p.ID, payment.Captured)
}

func TestGatewayWithoutAWayBack(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	wish := s.wish(i, 5_000)
	wish.Gateway = "cash"
	r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	word := app.Confirmation{Payment: r.Payment.ID, Receipt: "till-1", Paid: true, Operator: "ann"}
	if _, err := s.app.ConfirmPayment(t.Context(), s.merchant, word); err != nil {
		t.Fatal(err)
	}
	back, err := s.refund(r.Payment, money.Amount{})
	if err != nil || back.State != refund.Failed || back.Word == "" {
		t.Fatalf("got %+v, %s", back, fault.Detail(err))
	}
	s.state(r.Payment.ID, payment.Captured)
}

// TestRefundRace sends many refunds of 60 % of one payment at once.
func TestRefundRace(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund = true })
	_, p := s.paid(10_000)
	tries := 1_000
	if testing.Short() {
		tries = 100
	}
	var done atomic.Int64
	together(tries, func(int) {
		switch back, err := s.refund(p, rial(6_000)); {
		case err == nil && back.State == refund.Succeeded:
			done.Add(1)
		case fault.Is(err, fault.CodeRefundInProgress), fault.Is(err, fault.CodeRefundTooLarge):
		default:
			t.Errorf("got %+v, %v", back, err)
		}
	})
	if done.Load() != 1 {
		t.Errorf("%d refunds of 60 %% went through", done.Load())
	}
	if got := s.state(p.ID, payment.Captured); got.Refunded != rial(6_000) {
		t.Errorf("refunded %v", got.Refunded)
	}
}

// TestReverseRace asks for the reversal of one payment from everywhere at once.
func TestReverseRace(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, p := s.paid(10_000)
	tries := 1_000
	if testing.Short() {
		tries = 100
	}
	var done atomic.Int64
	together(tries, func(int) {
		switch back, err := s.refund(p, money.Amount{}); {
		case err == nil && back.State == refund.Succeeded:
			done.Add(1)
		case fault.Is(err, fault.CodeRefundInProgress), fault.Is(err, fault.CodePaymentNotFound):
		default:
			t.Errorf("got %+v, %v", back, err)
		}
	})
	if done.Load() != 1 {
		t.Errorf("reversed %d times", done.Load())
	}
	s.invoiceIs(i.ID, invoice.Refunded, 0)
}

// TestOwedMoneyIsTakenOnce: what a gateway refused to give back lies in suspense, and a refund
// that is made for it later takes it from there, and not from the merchant a second time.
func TestOwedMoneyIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.denyUndo = true })
	i, p := s.paid(5_000)
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	stands := func(what string, suspense int64, calls int) {
		t.Helper()
		if got := s.balance(ledger.MerchantAvailable, ""); got != 0 {
			t.Errorf("%s: the merchant has %d, want nothing", what, got)
		}
		if got := s.balance(ledger.Suspense, ""); got != suspense {
			t.Errorf("%s: %d are in suspense, want %d", what, got, suspense)
		}
		refunds, err := s.store.RefundsOf(t.Context(), s.merchant, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, b := range refunds {
			if b.Attention != "" {
				n++
			}
		}
		if n != calls {
			t.Errorf("%s: %d refunds call for a person, want %d", what, n, calls)
		}
		s.audit()
	}
	stands("refused", 5_000, 1)
	if back, err := s.refund(p, rial(2_000)); err != nil || back.State != refund.Failed {
		t.Fatalf("got %+v, %v, want another refusal", back, err)
	}
	stands("refused again", 5_000, 2)
	s.first.set(func(b *bank) { b.canRefund = true })
	if back, err := s.refund(p, rial(2_000)); err != nil || back.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", back, err)
	}
	stands("a part is back", 3_000, 2)
	if back, err := s.refund(p, money.Amount{}); err != nil || back.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", back, err)
	}
	stands("all is back", 0, 0)
	s.invoiceIs(i.ID, invoice.Refunded, 0)
	s.state(p.ID, payment.Refunded)
}

// TestGivenBackBesideAReservedPayment: an invoice ends the same whether its money goes back
// before or after the end of another payment that it has room for.
func TestGivenBackBesideAReservedPayment(t *testing.T) {
	t.Parallel()
	for _, refundFirst := range []bool{true, false} {
		s := open(t, 0)
		i := s.invoice(10_000)
		p := s.request(i, 6_000)
		s.first.pay(p.Attempt.Session, "paid")
		s.returns(p, "ok")
		q := s.request(i, 4_000)
		s.first.pay(q.Attempt.Session, "paid")
		s.first.set(func(b *bank) { b.loseTake = 1 })
		s.returns(q, "ok")
		if refundFirst {
			if _, err := s.refund(p, money.Amount{}); err != nil {
				t.Fatal(err)
			}
			if v, err := s.app.Invoice(t.Context(), s.merchant, i.ID); err != nil || v.Invoice.State != invoice.Open {
				t.Fatalf("got %s, %v, want it open for the money that may have come", v.Invoice.State, err)
			}
		}
		s.first.pay(q.Attempt.Session, "dead")
		s.asked(q, time.Hour)
		s.state(q.ID, payment.Failed)
		if !refundFirst {
			s.invoiceIs(i.ID, invoice.Open, 6_000)
			if _, err := s.refund(p, money.Amount{}); err != nil {
				t.Fatal(err)
			}
		}
		s.invoiceIs(i.ID, invoice.Refunded, 0)
	}
}

// TestGivenBackBesideAHeldCard: the same with an extension that goes back while a card is held.
func TestGivenBackBesideAHeldCard(t *testing.T) {
	t.Parallel()
	for _, refundFirst := range []bool{true, false} {
		s, _ := withCards(t)
		p := s.charge(goodCard, 60)
		i := s.extended(p)
		q := s.follows(i)
		for _, back := range []bool{refundFirst, !refundFirst} {
			var err error
			if back {
				_, err = s.refund(q, money.Amount{})
			} else {
				_, err = s.app.VoidPayment(t.Context(), s.merchant, p.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		s.invoiceIs(i.ID, invoice.Refunded, 0)
	}
}
