package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// payLink pays what a link opens.
func (s *shop) payLink(token string, amount int64) payment.Payment {
	s.Helper()
	r, err := s.openLink(token, money.Amount{})
	if err != nil {
		s.Fatal(fault.Detail(err))
	}
	if r.Payment.Amount != rial(amount) {
		s.Errorf("it opens %v, want %d", r.Payment.Amount, amount)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	return s.returns(r.Payment, "ok")
}

// TestLinkOfTwoParts: the first part is more than a half, and the second is not refused.
func TestLinkOfTwoParts(t *testing.T) {
	t.Parallel()
	s := open(t, 6_000)
	i := s.link(invoice.Fixed, 10_000)
	for _, amount := range []int64{6_000, 4_000} {
		s.payLink(i.Link.Token, amount)
	}
	s.invoiceIs(i.ID, invoice.Completed, 10_000)
	if _, err := s.openLink(i.Link.Token, money.Amount{}); !fault.Is(err, fault.CodeLinkUsed) {
		t.Errorf("after the last part: got %v", err)
	}
}

// TestLinkIsNotPaidAnew: a link asks for its amount once, whatever went back of it: who
// has paid its parts is not asked for one of them again.
func TestLinkIsNotPaidAnew(t *testing.T) {
	t.Parallel()
	for state, change := range map[payment.State]func(*bank){
		payment.Reversed: func(*bank) {},
		payment.Refunded: func(b *bank) { b.canRefund, b.denyUndo = true, true },
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			s := open(t, 4_000)
			s.first.set(change)
			i := s.link(invoice.Fixed, 10_000)
			p := s.payLink(i.Link.Token, 4_000)
			s.payLink(i.Link.Token, 4_000)
			if _, err := s.refund(p, money.Amount{}); err != nil {
				t.Fatal(err)
			}
			s.state(p.ID, state)
			s.payLink(i.Link.Token, 2_000)
			if r, err := s.openLink(i.Link.Token, money.Amount{}); !fault.Is(err, fault.CodeLinkUsed) {
				t.Errorf("after the last part: got one of %v, %v", r.Payment.Amount, err)
			}
			v, err := s.app.Invoice(t.Context(), s.merchant, i.ID)
			if err != nil || !v.Invoice.Link.Used {
				t.Errorf("used: %v, %v", v.Invoice.Link.Used, err)
			}
		})
	}
}
