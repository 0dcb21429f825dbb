package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

func (s *shop) link(kind invoice.LinkKind, amount int64) invoice.Invoice {
	s.Helper()
	i, err := s.app.CreateInvoice(s.Context(), s.merchant, app.NewInvoice{
		ID: s.newID(), Amount: rial(amount), Open: kind == invoice.OpenAmount, Title: "ReadyToPay",
		Link: invoice.Link{Token: "token-" + s.newID(), Kind: kind, Amount: rial(amount), Gateway: "first"},
	})
	if err != nil {
		s.Fatal(err)
	}
	return i
}

func (s *shop) openLink(token string, amount money.Amount) (app.Requested, error) {
	s.Helper()
	return s.app.OpenLink(s.Context(), app.OpenLink{Token: token, Amount: amount, Split: true, NewID: s.newID})
}

func TestLinkGivesTheSamePageAgain(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.link(invoice.Fixed, 5_000)
	one, err := s.openLink(i.Link.Token, money.Amount{})
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.openLink(i.Link.Token, money.Amount{})
	if err != nil || two.Payment.ID != one.Payment.ID || two.Payment.Attempt.Session != one.Payment.Attempt.Session {
		t.Errorf("got %+v, %v", two.Payment.Attempt, err)
	}
	s.wait(16 * time.Minute)
	three, err := s.openLink(i.Link.Token, money.Amount{})
	if err != nil || three.Payment.ID == one.Payment.ID {
		t.Errorf("a page whose time is over: %+v, %v", three.Payment.Attempt, err)
	}
}

func TestLinkIsUsedOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.link(invoice.Fixed, 5_000)
	r, err := s.openLink(i.Link.Token, money.Amount{})
	if err != nil {
		t.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	p := s.returns(r.Payment, "ok")
	if _, err := s.openLink(i.Link.Token, money.Amount{}); !fault.Is(err, fault.CodeLinkUsed) {
		t.Errorf("after it was paid: got %v", err)
	}
	if _, err := s.refund(p, money.Amount{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.openLink(i.Link.Token, money.Amount{}); !fault.Is(err, fault.CodeLinkUsed) {
		t.Errorf("after it was reversed: got %v", err)
	}
}

func TestSplitLinkOpensItsNextPart(t *testing.T) {
	t.Parallel()
	s := open(t, 4_000)
	i := s.link(invoice.Fixed, 10_000)
	var sums []int64
	for range 3 {
		r, err := s.openLink(i.Link.Token, money.Amount{})
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, r.Payment.Amount.Steps())
		s.first.pay(r.Payment.Attempt.Session, "paid")
		s.returns(r.Payment, "ok")
	}
	if sums[0] != 4_000 || sums[1] != 4_000 || sums[2] != 2_000 {
		t.Errorf("parts %v", sums)
	}
	s.invoiceIs(i.ID, invoice.Completed, 10_000)
	if _, err := s.openLink(i.Link.Token, money.Amount{}); !fault.Is(err, fault.CodeLinkUsed) {
		t.Errorf("after the last part: got %v", err)
	}
}

func TestOpenAmount(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.link(invoice.OpenAmount, 0)
	for range 2 {
		r, err := s.openLink(i.Link.Token, rial(7_000))
		if err != nil {
			t.Fatal(err)
		}
		s.first.pay(r.Payment.Attempt.Session, "paid")
		s.returns(r.Payment, "ok")
	}
	s.invoiceIs(i.ID, invoice.Open, 14_000)
	if _, err := s.openLink(i.Link.Token, money.Amount{}); !fault.Is(err, fault.CodeLinkUnusable) {
		t.Errorf("without an amount: got %v", err)
	}
	fixed := s.link(invoice.Fixed, 5_000)
	if _, err := s.openLink(fixed.Link.Token, rial(1_000)); !fault.Is(err, fault.CodeLinkUnusable) {
		t.Errorf("an amount of the payer's on a fixed link: got %v", err)
	}
}

func TestExtension(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, _ := s.paid(100_000)
	more, err := s.app.ExtendInvoice(t.Context(), s.merchant, app.Extension{
		Invoice: i.ID, Amount: rial(50_000), Token: "more", Gateway: "first",
	})
	if err != nil || more.State != invoice.Open || more.Amount != rial(150_000) || more.Previous != rial(100_000) {
		t.Fatalf("got %+v, %v", more, err)
	}
	r, err := s.openLink("more", money.Amount{})
	if err != nil || r.Payment.Amount != rial(50_000) {
		t.Fatalf("got %+v, %v", r.Payment, err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	if p := s.returns(r.Payment, "ok"); p.State != payment.Captured {
		t.Errorf("payment is %s", p.State)
	}
	s.invoiceIs(i.ID, invoice.Completed, 150_000)
}

func TestLinkThatIsNone(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.link(invoice.Fixed, 5_000)
	if _, err := s.app.ExtendInvoice(t.Context(), s.merchant, app.Extension{
		Invoice: i.ID, Amount: rial(1_000), Token: "newer",
	}); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "nonsense", i.Link.Token} {
		if _, err := s.openLink(token, money.Amount{}); !fault.Is(err, fault.CodeLinkNotFound) {
			t.Errorf("token %q: got %v", token, err)
		}
	}
}
