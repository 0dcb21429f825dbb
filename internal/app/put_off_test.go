package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

func (s *shop) round(limit int) {
	s.Helper()
	if _, err := s.app.ResolveDue(s.Context(), limit); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) freshRefund(b refund.Refund) refund.Refund {
	s.Helper()
	b, err := s.store.Refund(s.Context(), s.merchant, b.ID)
	if err != nil {
		s.Fatal(err)
	}
	return b
}

// lost is a refund that was sent, and whose answer did not come.
func (s *shop) lost() (refund.Refund, payment.Payment) {
	s.Helper()
	s.first.set(func(b *bank) { b.loseUndo = true })
	b := s.untold()
	p, err := s.store.Payment(s.Context(), s.merchant, b.Payment)
	if err != nil {
		s.Fatal(err)
	}
	return b, p
}

// late is the refund of money for which its invoice had no room, not yet sent.
func (s *shop) late() (refund.Refund, payment.Payment) {
	s.Helper()
	i := s.invoice(3_000)
	p, other := s.request(i, 3_000), s.request(i, 3_000)
	s.first.pay(other.Attempt.Session, "paid")
	s.returns(other, "ok")
	s.first.pay(p.Attempt.Session, "taken")
	s.first.set(func(b *bank) { b.pages[p.Attempt.Session].receipt = "auto"; b.takes++ })
	s.returns(p, "ok")
	refunds, err := s.store.RefundsOf(s.Context(), s.merchant, p.ID)
	if err != nil || len(refunds) != 1 || refunds[0].State != refund.Requested {
		s.Fatalf("got %+v, %v, want one that is only asked for", refunds, err)
	}
	return refunds[0], p
}

// TestRefundIsPutOff: a refund whose gateway cannot be opened is tried again after growing
// pauses, calls for a person in the end, and goes on when its gateway is there again.
func TestRefundIsPutOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begin func(*shop) (refund.Refund, payment.Payment)
		stays refund.State
		why   string
		ends  payment.State
	}{
		"whose answer was lost": {
			(*shop).lost, refund.Processing, "the gateway does not say whether the money went back", payment.Reversed,
		},
		"that was never sent": {
			(*shop).late, refund.Requested, "its gateway could not be told to give the money back", payment.Failed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			b, p := c.begin(s)
			delete(s.banks, "first")
			s.wait(time.Minute)
			pause := time.Duration(0)
			for n := 1; n <= 6; n++ {
				s.round(10)
				got := s.freshRefund(b)
				next := got.CheckAt.Sub(s.now())
				if got.State != c.stays || got.Checks != n || next <= pause {
					t.Errorf("%d: it is %s and was tried %d times, the next time after %v, before that %v",
						n, got.State, got.Checks, next, pause)
				}
				if want := map[bool]string{true: c.why}[n > 5]; got.Attention != want {
					t.Errorf("%d: attention %q, want %q", n, got.Attention, want)
				}
				s.round(10)
				if got := s.freshRefund(b); got.Checks != n {
					t.Errorf("%d: it was tried %d times at the same moment", n, got.Checks)
				}
				pause = next
				s.wait(pause)
			}
			s.banks["first"] = s.first
			s.round(10)
			if got := s.freshRefund(b); got.State != refund.Succeeded || got.Attention != "" {
				t.Errorf("in the end: got %+v", got)
			}
			s.state(p.ID, c.ends)
			s.waits(0)
		})
	}
}

// TestUnsentRefundIsNotSaid: of what no gateway has heard nobody can say that it is back.
func TestUnsentRefundIsNotSaid(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	b, _ := s.late()
	delete(s.banks, "first")
	for range 7 {
		s.wait(24 * time.Hour)
		s.round(10)
	}
	s.waits(2) // it, and the payment that came late
	for _, is := range []bool{true, false} {
		if _, err := s.say(b.ID, is, "r"); !fault.Is(err, fault.CodeWrongState) ||
			fault.From(err).Words == "It does not call for a person." {
			t.Errorf("back %v: got %v, want wrong_state with words of its own", is, err)
		}
	}
}

// TestSickRefundsStarveNoOther: what cannot be asked about makes room for what can.
func TestSickRefundsStarveNoOther(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.loseUndo = true })
	i := s.invoice(5_000)
	wish := s.wish(i, 5_000)
	wish.Gateway = "second"
	r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	s.second.pay(r.Payment.Attempt.Session, "paid")
	if _, err := s.app.ResolvePayment(t.Context(), s.merchant, r.Payment.ID); err != nil {
		t.Fatal(err)
	}
	s.second.set(func(b *bank) { b.loseUndo = true })
	for range 3 {
		s.lost()
	}
	s.wait(time.Second)
	well, err := s.refund(r.Payment, money.Amount{})
	if err != nil || well.State != refund.Processing {
		t.Fatalf("got %+v, %v", well, err)
	}
	delete(s.banks, "first")
	s.wait(10 * time.Minute)
	for range 4 {
		s.round(1)
	}
	if got := s.freshRefund(well); got.State != refund.Succeeded {
		t.Errorf("the refund of the gateway that is there is %s", got.State)
	}
}

// slowUndo is a bank that gives no answer to a reversal, and still shows the payment as made.
type slowUndo struct{ *bank }

func (slowUndo) Reverse(context.Context, gateway.Return) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
}

// TestReversalHasTimeToShow: a gateway has ten minutes to show that it undid a payment, from
// when it was told. Until then nobody has the money again.
func TestReversalHasTimeToShow(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*shop) refund.Refund{
		"sent at once": (*shop).untold,
		"sent later": func(s *shop) refund.Refund {
			b, _ := s.late()
			s.wait(15 * time.Minute)
			s.round(10)
			return b
		},
		"sent before that was kept": func(s *shop) refund.Refund {
			b := s.freshRefund(s.untold())
			b.SentAt = time.Time{}
			if err := s.store.Commit(s.Context(), store.Change{Refunds: []refund.Refund{b}}); err != nil {
				s.Fatal(err)
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			s.banks["first"] = slowUndo{s.first}
			b := begin(s)
			for _, at := range []struct {
				after time.Duration
				want  refund.State
			}{{0, refund.Processing}, {10 * time.Minute, refund.Processing}, {time.Second, refund.Failed}} {
				s.wait(at.after)
				if _, err := s.app.ResolveRefund(t.Context(), s.merchant, b.ID); err != nil {
					t.Fatal(err)
				}
				if got := s.freshRefund(b); got.State != at.want {
					t.Errorf("%v later: it is %s, want %s", at.after, got.State, at.want)
				}
			}
		})
	}
}

// untold is a refund of which its gateway does not say what became of it.
func (s *shop) untold() refund.Refund {
	s.Helper()
	_, p := s.paid(5_000)
	b, err := s.refund(p, money.Amount{})
	if err != nil || b.State != refund.Processing {
		s.Fatalf("got %+v, %v", b, err)
	}
	return b
}
