package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// pays pays an amount through a link.
func (s *shop) pays(i invoice.Invoice, amount int64) payment.Payment {
	s.Helper()
	r, err := s.openLink(i.Link.Token, rial(amount))
	if err != nil {
		s.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	return s.returns(r.Payment, "ok")
}

// A closed link keeps what it took and takes no more, not even from a payer who is
// at the gateway; what goes back of it does not open it again.
func TestCloseInvoice(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.link(invoice.OpenAmount, 0)
	if _, err := s.app.CloseInvoice(t.Context(), s.merchant, i.ID); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("before anything is paid: got %v, want wrong_state", err)
	}
	one, two := s.pays(i, 7_000), s.pays(i, 3_000)
	late, err := s.openLink(i.Link.Token, rial(5_000))
	if err != nil {
		t.Fatal(err)
	}
	closed, err := s.app.CloseInvoice(t.Context(), s.merchant, i.ID)
	if err != nil || closed.State != invoice.Completed {
		t.Fatalf("got %s, %v", closed.State, err)
	}
	if again, err := s.app.CloseInvoice(t.Context(), s.merchant, i.ID); err != nil || again.Version != closed.Version+1 {
		t.Errorf("again: got version %d, %v", again.Version, err)
	}
	happened, err := s.store.Events(t.Context(), s.merchant, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(happened); happened[n-1].Type() != "invoice.completed" || happened[n-1].Trigger != "close" ||
		happened[n-1].Actor != "merchant" || happened[n-2].Subject == i.ID {
		t.Errorf("the last events are %+v, want one of the end", happened[n-2:])
	}
	if _, err := s.openLink(i.Link.Token, rial(1_000)); !fault.Is(err, fault.CodeInvoiceClosed) {
		t.Errorf("another payer: got %v, want invoice_closed", err)
	}
	s.first.pay(late.Payment.Attempt.Session, "paid")
	if p := s.returns(late.Payment, "ok"); p.State != payment.Failed {
		t.Errorf("the payer who was at the gateway: got %s, want failed", p.State)
	}
	s.invoiceIs(i.ID, invoice.Completed, 10_000)
	if _, err := s.refund(one, money.Amount{}); err != nil {
		t.Fatal(err)
	}
	s.invoiceIs(i.ID, invoice.Completed, 3_000)
	if _, err := s.refund(two, money.Amount{}); err != nil {
		t.Fatal(err)
	}
	s.invoiceIs(i.ID, invoice.Refunded, 0)
	s.audit()
}

// What takes one sum is not closed, nor what is another merchant's, nor what a
// gateway may have taken money for.
func TestCloseInvoiceRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	whole, _ := s.paid(5_000)
	fixed, canceled, busy := s.link(invoice.Fixed, 5_000), s.link(invoice.OpenAmount, 0), s.link(invoice.OpenAmount, 0)
	s.pays(busy, 1_000)
	r, err := s.openLink(busy.Link.Token, rial(5_000))
	if err != nil {
		t.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	s.first.loseTake = 1
	s.returns(r.Payment, "ok") // whether it took the money is not known
	for name, id := range map[string]string{
		"paid": whole.ID, "fixed": fixed.ID, "nothing paid": canceled.ID, "being verified": busy.ID,
	} {
		if _, err := s.app.CloseInvoice(t.Context(), s.merchant, id); !fault.Is(err, fault.CodeWrongState) {
			t.Errorf("%s: got %v, want wrong_state", name, err)
		}
	}
	if _, err := s.app.CloseInvoice(t.Context(), "another", busy.ID); !fault.Is(err, fault.CodeInvoiceNotFound) {
		t.Errorf("another merchant: got %v, want invoice_not_found", err)
	}
}
