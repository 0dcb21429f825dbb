package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/app"
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

// One of which a part went back, or of which only a part came, can be ended: it keeps what
// it has and takes no more. What goes back of it then does not open it again; more can be
// asked for, beside what it kept.
func TestCloseInvoiceOfOneSum(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund = true })
	lessened, p := s.paid(5_000)
	if _, err := s.refund(p, rial(2_000)); err != nil {
		t.Fatal(err)
	}
	begun := s.invoice(5_000)
	part := s.request(begun, 3_000)
	s.first.pay(part.Attempt.Session, "paid")
	part = s.returns(part, "ok")
	for name, c := range map[string]struct {
		invoice string
		payment payment.Payment
	}{"a part went back": {lessened.ID, p}, "a part came": {begun.ID, part}} {
		s.invoiceIs(c.invoice, invoice.Open, 3_000)
		closed, err := s.app.CloseInvoice(t.Context(), s.merchant, c.invoice)
		if err != nil || closed.State != invoice.Completed || !closed.Closed() || closed.PaidAt.IsZero() {
			t.Fatalf("%s: got %+v, %v, want one that is closed", name, closed, err)
		}
		again, err := s.app.CloseInvoice(t.Context(), s.merchant, c.invoice)
		if err != nil || again.Version != closed.Version+1 {
			t.Errorf("%s: again: got version %d, %v", name, again.Version, err)
		}
		if _, err := s.app.RequestPayment(t.Context(), s.merchant, app.NewPayment{
			Invoice: c.invoice, Amount: rial(1_000), Gateway: "first", NewID: s.newID,
		}); !fault.Is(err, fault.CodeInvoiceClosed) {
			t.Errorf("%s: another payment: got %v, want invoice_closed", name, err)
		}
		if _, err := s.refund(c.payment, rial(1_000)); err != nil {
			t.Fatal(err)
		}
		s.invoiceIs(c.invoice, invoice.Completed, 2_000)
	}
	more, err := s.app.ExtendInvoice(t.Context(), s.merchant, app.Extension{
		Invoice: lessened.ID, Token: "more", Amount: rial(1_500), Gateway: "first",
	})
	if err != nil || more.State != invoice.Open || more.Amount != rial(3_500) || more.Previous != rial(2_000) {
		t.Fatalf("extended: got %+v, %v, want one that asks for what it kept and 1500", more, err)
	}
	rest := s.request(more, 1_500)
	s.first.pay(rest.Attempt.Session, "paid")
	s.returns(rest, "ok")
	s.invoiceIs(lessened.ID, invoice.Completed, 3_500)
	if _, err := s.refund(part, money.Amount{}); err != nil {
		t.Fatal(err)
	}
	s.invoiceIs(begun.ID, invoice.Refunded, 0)
	s.audit()
}

// What is paid is not closed, nor what took nothing, nor what is another merchant's, nor what
// a gateway may have taken money for.
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
