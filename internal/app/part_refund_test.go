package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

// TestPartIsNotUndone: a gateway undoes a payment as a whole, so that a part of it is paid
// back, also where it could undo.
func TestPartIsNotUndone(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, p := s.paid(5_000)
	back, err := s.refund(p, rial(2_000))
	if err != nil || back.State != refund.Failed || back.Word == "" {
		t.Errorf("where nothing is paid back: got %+v, %v", back, err)
	}
	s.first.set(func(b *bank) { b.canRefund = true })
	back, err = s.refund(p, rial(2_000))
	if err != nil || back.State != refund.Succeeded || back.Way != refund.ByRefund {
		t.Errorf("got %+v, %v", back, err)
	}
	if got := s.first.pages[p.Attempt.Session].state; got != "taken" {
		t.Errorf("at the bank the payment is %s, want taken", got)
	}
	if got := s.state(p.ID, payment.Captured); got.Refunded != rial(2_000) {
		t.Errorf("%v went back", got.Refunded)
	}
}

// TestInvoiceIsNotRefundedMeanwhile: while a part of its money is on its way back, nobody
// knows how much the whole of an invoice is.
func TestInvoiceIsNotRefundedMeanwhile(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.loseBack = true, true })
	i, p := s.paid(5_000)
	back, err := s.refund(p, rial(2_000))
	if err != nil || back.State != refund.Processing {
		t.Fatalf("got %+v, %v", back, err)
	}
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, i.ID); !fault.Is(err, fault.CodeRefundInProgress) {
		t.Errorf("got %v, want refund_in_progress", err)
	}
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
	if refunds, err := s.store.RefundsOf(t.Context(), s.merchant, p.ID); err != nil || len(refunds) != 1 {
		t.Errorf("got %+v, %v, want one refund", refunds, err)
	}
}

// TestReturnsOfTwoPayments may have the same number: a gateway counts those of each payment.
func TestReturnsOfTwoPayments(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for range 2 {
		back, p := s.silent(rial(2_000))
		if done, err := s.say(back.ID, true, "1"); err != nil || done.State != refund.Succeeded {
			t.Errorf("got %+v, %v", done, err)
		}
		if got := s.fresh(p); got.Refunded != rial(2_000) {
			t.Errorf("%v went back", got.Refunded)
		}
	}
}

// TestReturnByHandCountsOnce: what somebody gave back by hand ends one refund.
func TestReturnByHandCountsOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.denyUndo = true })
	i, p := s.paid(5_000)
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Fatal(err)
	}
	s.round(10)
	var failed []refund.Refund
	for range 2 {
		back, err := s.refund(p, rial(2_000))
		if err != nil || back.State != refund.Failed || back.Attention == "" {
			t.Fatalf("got %+v, %v, want one that calls for a person", back, err)
		}
		failed = append(failed, back)
	}
	if made, err := s.say(failed[0].ID, true, "by hand"); err != nil || made.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", made, err)
	}
	if _, err := s.say(failed[1].ID, true, "by hand"); !fault.Is(err, fault.CodeDuplicate) ||
		fault.From(err).Param != "receipt" {
		t.Errorf("a second time: got %v, want duplicate with the parameter receipt", err)
	}
	if got := s.fresh(p); got.Refunded != rial(2_000) {
		t.Errorf("%v went back, want 2000", got.Refunded)
	}
	if got := s.balance(ledger.Suspense, ""); got != 3_000 {
		t.Errorf("%d are in suspense, want 3000", got)
	}
}
